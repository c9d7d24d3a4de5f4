// filter fingerprint: a hash of fields, for document ids and for pseudonyms.
#include <unicode/uchar.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/utf8.hpp"
#include "plugin/spec.hpp"
#include "plugins/digest/uuid.hpp"
#include "plugins/digest/value_hasher.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr std::string_view kLogger = "logstash.filters.fingerprint";
constexpr std::string_view kFailureTag = "_fingerprintfailure";

constexpr plugin::Option kOptions[] = {
    {"source", Type::array, "[\"message\"]",
     "The fields to hash; without concatenation the last one counts."},
    {"target", Type::string, {}, "Where the hash goes: `fingerprint` by default, [event][hash] with ECS."},
    {"key", Type::password, {}, "The key of the HMAC; with IPV4_NETWORK the length of the network's prefix."},
    {"base64encode", Type::boolean, "false", "Write digests in base64 instead of hex."},
    {"method", Type::string, "\"SHA1\"", "How to hash.", 0,
     "SHA1|SHA256|SHA384|SHA512|MD5|MURMUR3|MURMUR3_128|IPV4_NETWORK|UUID|PUNCTUATION"},
    {"concatenate_sources", Type::boolean, "false", "Hash the names and values of all sources as one text."},
    {"concatenate_all_fields", Type::boolean, "false",
     "Hash the names and values of all fields of the event as one text."},
};

enum class Way : uint8_t { each_source, all_sources, all_fields, uuid, punctuation };

struct Config {
  std::vector<FieldRef> sources;
  FieldRef target;
  std::optional<std::string> key;
  bool base64 = false;
  Way way = Way::each_source;
  digest::Method method = digest::Method::sha1;
};

bool is_punctuation(char32_t c) {
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & (U_GC_P_MASK | U_GC_S_MASK)) != 0;
}

class FingerprintWorker : public plugin::FilterWorker {
 public:
  explicit FingerprintWorker(const Config& config)
      : config_(config), hasher_(config.method, config.key ? &*config.key : nullptr, config.base64) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      Status status = fingerprint(*event);
      if (status.ok()) status = run.matched(*event);
      if (!status.ok()) fail(*event, status.message());
    }
  }

 private:
  Status fingerprint(Event& event) {
    switch (config_.way) {
      case Way::each_source:
        return hash_each(event);
      case Way::all_sources:
        join_sources(event);
        return store(event, hasher_.of_text(text_, event.arena()));
      case Way::all_fields:
        text_ = '|';
        digest::append_canonical(Value::object(&event.fields()), text_);
        text_ += '|';
        return store(event, hasher_.of_text(text_, event.arena()));
      case Way::uuid:
        return store(event, event.text(uuid_()));
      case Way::punctuation:
        return keep_punctuation(event);
    }
    return {};
  }

  Status hash_each(Event& event) {
    for (const auto& source : config_.sources) {
      const Value* value = event.get(source);
      if (!value) continue;
      const Status status = store(
          event, value->is_array() ? hash_list(event, *value->as_array()) : hasher_(*value, event.arena()));
      if (!status.ok()) return status;
    }
    return {};
  }

  std::optional<Value> hash_list(Event& event, const Array& values) {
    auto* hashes = Array::make(event.arena(), values.size);
    for (const auto& value : values.all()) {
      const auto hash = hasher_(value, event.arena());
      if (!hash) return {};
      hashes->push(event.arena(), *hash);
    }
    return Value::array(hashes);
  }

  void join_sources(const Event& event) {
    text_.clear();
    for (const auto& source : config_.sources) {
      text_ += '|';
      text_ += source.text();
      text_ += '|';
      if (const Value* value = event.get(source)) digest::append_canonical(*value, text_);
    }
    text_ += '|';
  }

  Status keep_punctuation(Event& event) {
    for (const auto& source : config_.sources) {
      const Value* value = event.get(source);
      if (!value) continue;
      if (!value->is_string())
        return Status::error(Fault::filter, "only a text has punctuation, and " + source.text() + " is none");
      text_.clear();
      std::string scrubbed;
      std::string_view text = value->as_text();
      if (!utf8_valid(text)) text = scrubbed = utf8_scrub(text);
      for (size_t at = 0; at < text.size();) {
        const size_t begin = at;
        if (is_punctuation(utf8_next(text, at))) text_ += text.substr(begin, at - begin);
      }
      if (Status status = store(event, event.text(text_)); !status.ok()) return status;
    }
    return {};
  }

  Status store(Event& event, const std::optional<Value>& hash) {
    if (!hash) return Status::error(Fault::filter, "the value is no IP address of the network's kind");
    return set_status(event.set(config_.target, *hash), config_.target);
  }

  void fail(Event& event, std::string_view why) {
    event.tag(kFailureTag);
    uint64_t suppressed = 0;
    if (!warnings_.allow(suppressed)) return;
    log::warn(kLogger, "No fingerprint could be made",
              {{"target", config_.target.text()}, {"reason", why}, {"suppressed", suppressed}});
  }

  const Config& config_;
  digest::ValueHasher hasher_;
  digest::RandomUuid uuid_;
  std::string text_;
  WarningLimiter warnings_;
};

class Fingerprint : public plugin::Filter {
 public:
  explicit Fingerprint(plugin::Setup& setup) {
    const auto& options = setup.options;
    config_.base64 = options.boolean("base64encode");
    if (options.given("key")) config_.key = options.string("key");
    read_method(setup);
    read_sources(setup);
    read_target(setup);
    warn_of_idle_options(setup);
  }
  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<FingerprintWorker>(config_);
  }
  void flow(plugin::Flow& flow) const override {
    if (config_.way == Way::each_source || config_.way == Way::punctuation)
      for (const auto& source : config_.sources) flow.reads(source.text(), "source");
    const bool may_fail = config_.way == Way::punctuation || config_.method == digest::Method::ipv4_network;
    const bool always = config_.way == Way::all_sources || config_.way == Way::all_fields;
    if (config_.way == Way::uuid || (always && !may_fail))
      flow.always_writes(config_.target.text());
    else
      flow.writes(config_.target.text());
    if (may_fail)
      flow.writes("tags");
    else
      flow.matches_all();
  }

 private:
  void read_method(plugin::Setup& setup) {
    const std::string name = setup.options.string("method");
    if (name == "UUID") {
      config_.way = Way::uuid;
    } else if (name == "PUNCTUATION") {
      config_.way = Way::punctuation;
    } else if (const auto method = digest::method_of(name)) {
      config_.method = *method;
      digest::check_method(setup, *method, "method");
      if (setup.options.boolean("concatenate_all_fields"))
        config_.way = Way::all_fields;
      else if (setup.options.boolean("concatenate_sources"))
        config_.way = Way::all_sources;
    }
  }

  void read_sources(plugin::Setup& setup) {
    for (const auto& name : setup.options.strings("source")) {
      auto ref = FieldRef::parse(name);
      if (ref.ok())
        config_.sources.push_back(std::move(ref).value());
      else
        setup.error("source", "E0304", ref.message(), "Write a field as `name` or as [outer][inner].");
    }
    if (config_.way == Way::all_sources || config_.way == Way::punctuation)
      std::stable_sort(config_.sources.begin(), config_.sources.end(),
                       [](const FieldRef& a, const FieldRef& b) { return a.text() < b.text(); });
  }

  void read_target(plugin::Setup& setup) {
    if (setup.options.given("target"))
      config_.target = setup.field("target");
    else
      config_.target = FieldRef::of(setup.ecs() ? "[event][hash]" : "fingerprint");
  }

  // What Logstash lets pass without a word, and what is probably not meant.
  void warn_of_idle_options(plugin::Setup& setup) const {
    const bool hashes = config_.way != Way::uuid && config_.way != Way::punctuation;
    const bool murmur = hashes && (config_.method == digest::Method::murmur3 ||
                                   config_.method == digest::Method::murmur3_128);
    const std::string method = setup.options.string("method");
    if (config_.key && (!hashes || murmur))
      setup.warning("key", "W0307", "key has no effect with the method " + method,
                    "Remove it, or choose a method with a key, such as SHA256.");
    for (const std::string_view option : {"concatenate_sources", "concatenate_all_fields"})
      if (!hashes && setup.options.boolean(option))
        setup.warning(option, "W0307", std::string(option) + " has no effect with the method " + method,
                      "Remove it, or choose a method that hashes, such as SHA256.");
  }

  Config config_;
};

}  // namespace

extern const plugin::Spec filter_fingerprint;
const plugin::Spec filter_fingerprint{
    .kind = plugin::Kind::filter,
    .name = "fingerprint",
    .summary = "Hashes fields, so that an event gets a stable id or a value a pseudonym.",
    .options = kOptions,
    .example =
        "filter { fingerprint { source => [\"host\", \"message\"] concatenate_sources => true method => "
        "\"SHA256\" target => \"[@metadata][id]\" } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Fingerprint>(setup);
    }};

}  // namespace sluice::plugins
