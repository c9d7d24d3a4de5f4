// filter truncate: texts longer than so many bytes are cut.
#include <cmath>

#include "base/utf8.hpp"
#include "plugin/spec.hpp"

namespace sluice::plugins {
namespace {

constexpr plugin::Option kOptions[] = {
    {"fields", plugin::Type::array, {}, "The fields to cut; every field of the event without it."},
    {"length_bytes",
     plugin::Type::number,
     {},
     "The longest text in bytes, whole characters only; below 0 texts become null.",
     plugin::kRequired},
};

struct Config {
  std::vector<FieldRef> fields;
  bool all = true;
  double limit = 0;
};

/// The longest begin of `text`, `limit` bytes at most, whose last character is whole.
std::string_view cut(std::string_view text, size_t limit) {
  text = text.substr(0, limit);
  while (!text.empty()) {
    for (size_t n = 1; n <= std::min<size_t>(4, text.size()); ++n)
      if (utf8_valid(text.substr(text.size() - n))) return text;
    text.remove_suffix(1);
  }
  return text;
}

class TruncateWorker : public plugin::FilterWorker {
 public:
  explicit TruncateWorker(const Config& config) : config_(config) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      bool changed = false;
      if (config_.all) {
        for (auto& member : event->fields().all())
          changed = shorten(member.value, member.key == Names::get().tags) || changed;
      } else {
        for (const auto& field : config_.fields)
          if (Value* value = event->get(field)) changed = shorten(*value, field.is_tags()) || changed;
      }
      if (changed) (void)run.matched(*event);
    }
  }

 private:
  // Texts, the texts of a list, and what stands in objects; lists inside of lists stay as they are.
  bool shorten(Value& value, bool tags) {
    if (value.is_string()) return shorten_text(value, tags);
    bool changed = false;
    if (value.is_array()) {
      for (auto& item : value.as_array()->all())
        if (item.is_string()) changed = shorten_text(item, tags) || changed;
    } else if (value.is_object()) {
      for (auto& member : value.as_object()->all()) changed = shorten(member.value, false) || changed;
    }
    return changed;
  }

  bool shorten_text(Value& value, bool tags) {
    const auto text = value.as_text();
    if (static_cast<double>(text.size()) <= config_.limit) return false;
    if (config_.limit < 0) {
      if (tags) return false;  // tags cannot hold a null
      value = Value{};
    } else {
      value = Value::string(cut(text, static_cast<size_t>(config_.limit)), value.plain());
    }
    return true;
  }

  const Config& config_;
};

class Truncate : public plugin::Filter {
 public:
  explicit Truncate(plugin::Setup& setup) {
    config_.limit = setup.options.number("length_bytes");
    config_.all = !setup.options.given("fields");
    for (const auto& name : setup.options.strings("fields")) {
      auto ref = FieldRef::parse(name);
      if (ref.ok())
        config_.fields.push_back(std::move(ref).value());
      else
        setup.error("fields", "E0304", ref.message(),
                    "Write a field as `name` or as [outer][inner], every bracket closed.");
    }
  }
  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<TruncateWorker>(config_);
  }
  void flow(plugin::Flow& flow) const override {
    for (const auto& field : config_.fields) flow.reads(field.text(), "fields");
  }

 private:
  Config config_;
};

}  // namespace

extern const plugin::Spec filter_truncate;
const plugin::Spec filter_truncate{
    .kind = plugin::Kind::filter,
    .name = "truncate",
    .summary = "Cuts texts that are longer than so many bytes.",
    .options = kOptions,
    .example = "filter { truncate { fields => [\"message\"] length_bytes => 1024 } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Truncate>(setup);
    }};

}  // namespace sluice::plugins
