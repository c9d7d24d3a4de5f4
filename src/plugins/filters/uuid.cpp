// filters uuid and java_uuid: a random UUID in a field.
#include <openssl/rand.h>

#include <array>

#include "plugin/spec.hpp"

namespace sluice::plugins {
namespace {

constexpr plugin::Option kOptions[] = {
    {"target", plugin::Type::field_reference, {}, "The field that the UUID goes into.", plugin::kRequired},
    {"overwrite", plugin::Type::boolean, "false", "Replace a value that the field has already."},
};

struct Config {
  FieldRef target;
  bool overwrite = false;
};

/// Random UUIDs of version 4. Fetches random bytes for many of them at once.
class UuidMaker {
 public:
  /// 36 characters in the arena.
  std::string_view make(Arena& arena) {
    if (next_ == random_.size()) {
      RAND_bytes(random_.data(), static_cast<int>(random_.size()));
      next_ = 0;
    }
    unsigned char* bytes = random_.data() + next_;
    next_ += 16;
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
    auto* out = static_cast<char*>(arena.allocate(36, 1));
    char* p = out;
    for (int i = 0; i < 16; ++i) {
      if (i == 4 || i == 6 || i == 8 || i == 10) *p++ = '-';
      *p++ = kHex[bytes[i] >> 4];
      *p++ = kHex[bytes[i] & 15];
    }
    return {out, 36};
  }

 private:
  static constexpr char kHex[] = "0123456789abcdef";
  std::array<unsigned char, 2048> random_;
  size_t next_ = random_.size();
};

class UuidWorker : public plugin::FilterWorker {
 public:
  explicit UuidWorker(const Config& config) : config_(config) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      const Value* old = event->get(config_.target);
      if (config_.overwrite || !old || old->is_null())
        (void)event->set(config_.target, Value::string(uuids_.make(event->arena()), true));
      (void)run.matched(*event);
    }
  }

 private:
  const Config& config_;
  UuidMaker uuids_;
};

class Uuid : public plugin::Filter {
 public:
  explicit Uuid(plugin::Setup& setup) : config_{setup.field("target"), setup.options.boolean("overwrite")} {
    if (config_.target.is_timestamp() || config_.target.is_below_tags())
      setup.error("target", "E0306", "target cannot be " + config_.target.text(),
                  "A UUID is a text: name a field that can hold it.");
  }
  std::unique_ptr<plugin::FilterWorker> worker() override { return std::make_unique<UuidWorker>(config_); }
  void flow(plugin::Flow& flow) const override {
    flow.matches_all();
    flow.always_writes(config_.target.text());
  }

 private:
  Config config_;
};

std::unique_ptr<plugin::Filter> make(plugin::Setup& setup) { return std::make_unique<Uuid>(setup); }

}  // namespace

extern const plugin::Spec filter_uuid;
const plugin::Spec filter_uuid{.kind = plugin::Kind::filter,
                               .name = "uuid",
                               .summary = "Puts a random UUID into a field.",
                               .options = kOptions,
                               .example = "filter { uuid { target => \"[event][id]\" } }",
                               .filter = make};

extern const plugin::Spec filter_java_uuid;
const plugin::Spec filter_java_uuid{.kind = plugin::Kind::filter,
                                    .name = "java_uuid",
                                    .summary = "Puts a random UUID into a field, just as uuid does.",
                                    .options = kOptions,
                                    .example = "filter { java_uuid { target => \"[event][id]\" } }",
                                    .filter = make};

}  // namespace sluice::plugins
