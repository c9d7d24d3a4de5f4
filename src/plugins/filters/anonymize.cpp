// filter anonymize: fields are replaced by their hashes. Deprecated in favour of fingerprint.
#include "base/log.hpp"
#include "plugin/spec.hpp"
#include "plugins/digest/value_hasher.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr std::string_view kLogger = "logstash.filters.anonymize";
constexpr std::string_view kFailureTag = "_anonymizefailure";

constexpr plugin::Option kOptions[] = {
    {"fields", Type::array, {}, "The fields whose values are replaced by their hashes.", plugin::kRequired},
    {"key",
     Type::string,
     {},
     "The key of the HMAC; with IPV4_NETWORK the length of the network's prefix; MURMUR3 ignores it.",
     plugin::kRequired},
    {"algorithm", Type::string, "\"SHA1\"", "How to hash.", 0,
     "SHA1|SHA256|SHA384|SHA512|MD5|MURMUR3|IPV4_NETWORK"},
};

struct Config {
  std::vector<FieldRef> fields;
  std::string key;
  digest::Method method = digest::Method::sha1;
};

// It never counts as matched: Logstash's plugin does not say so either.
class AnonymizeWorker : public plugin::FilterWorker {
 public:
  explicit AnonymizeWorker(const Config& config)
      : config_(config), hasher_(config.method, &config.key, false) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events())
      for (const auto& field : config_.fields)
        if (Status status = anonymize(*event, field); !status.ok()) {
          fail(*event, status.message());
          break;
        }
  }

 private:
  Status anonymize(Event& event, const FieldRef& field) {
    const Value* value = event.get(field);
    if (!value) return {};
    if (!value->is_array()) return store(event, field, hash(*value, event.arena()));
    auto* hashes = Array::make(event.arena(), value->as_array()->size);
    for (const auto& item : value->as_array()->all()) {
      const auto hashed = hash(item, event.arena());
      if (!hashed) return store(event, field, hashed);
      hashes->push(event.arena(), *hashed);
    }
    return store(event, field, Value::array(hashes));
  }

  // MURMUR3 knows texts and integers; of anything else nothing is left, as in Logstash.
  std::optional<Value> hash(const Value& value, Arena& arena) {
    if (config_.method == digest::Method::murmur3 && !value.is_string() &&
        value.kind() != Value::Kind::integer)
      return Value{};
    return hasher_(value, arena);
  }

  static Status store(Event& event, const FieldRef& field, const std::optional<Value>& hash) {
    if (!hash)
      return Status::error(Fault::filter, field.text() + " holds no IP address of the network's kind");
    return set_status(event.set(field, *hash), field);
  }

  void fail(Event& event, std::string_view why) {
    event.tag(kFailureTag);
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::warn(kLogger, "A field could not be anonymized", {{"reason", why}, {"suppressed", suppressed}});
  }

  const Config& config_;
  digest::ValueHasher hasher_;
  WarningLimiter warnings_;
};

class Anonymize : public plugin::Filter {
 public:
  explicit Anonymize(plugin::Setup& setup) {
    const auto& options = setup.options;
    config_.key = options.string("key");
    if (const auto method = digest::method_of(options.string("algorithm"))) {
      config_.method = *method;
      digest::check_method(setup, *method, "algorithm");
    }
    for (const auto& name : options.strings("fields")) {
      auto ref = FieldRef::parse(name);
      if (ref.ok())
        config_.fields.push_back(std::move(ref).value());
      else
        setup.error("fields", "E0304", ref.message(), "Write a field as `name` or as [outer][inner].");
    }
    setup.warning({}, "W0206", "The filter anonymize is deprecated",
                  "Use the filter fingerprint: it makes the same hashes with `source`, `key` and `method`.");
    for (const std::string_view option : {"add_field", "remove_field", "add_tag", "remove_tag"})
      if (options.given(option))
        setup.warning(option, "W0307",
                      std::string(option) + " has no effect: anonymize never reports a match",
                      "Use the filter fingerprint, or a mutate behind this filter.");
  }
  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<AnonymizeWorker>(config_);
  }
  void flow(plugin::Flow& flow) const override {
    for (const auto& field : config_.fields) flow.reads(field.text(), "fields");
    flow.writes("tags");
  }

 private:
  Config config_;
};

}  // namespace

extern const plugin::Spec filter_anonymize;
const plugin::Spec filter_anonymize{
    .kind = plugin::Kind::filter,
    .name = "anonymize",
    .summary = "Replaces fields by their hashes (deprecated: use fingerprint).",
    .options = kOptions,
    .example =
        "filter { anonymize { fields => [\"clientip\"] key => \"a secret\" algorithm => \"SHA256\" } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Anonymize>(setup);
    }};

}  // namespace sluice::plugins
