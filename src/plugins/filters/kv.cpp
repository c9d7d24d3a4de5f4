// filter kv: pairs of a text such as `a=1 b=2` become fields.
#include <algorithm>

#include "base/log.hpp"
#include "event/field_index.hpp"
#include "plugin/event_source.hpp"
#include "plugin/searches.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/config_value.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "plugins/kv/edit.hpp"
#include "plugins/kv/pairs.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr std::string_view kLogger = "logstash.filters.kv";
constexpr size_t kShown = 255;
constexpr size_t kPairsPerLook = 1024;  // after so many pairs the clock is looked at
constexpr int kDeepest = 128;           // pairs within values; what lies deeper stays text

constexpr plugin::Option kOptions[] = {
    {"source", Type::field_reference, "\"message\"",
     "The field that holds the pairs, a text or a list of texts."},
    {"target", Type::field_reference, {}, "The field that the pairs go into; the root without it."},
    {"field_split", Type::string, "\" \"", "Characters, each of which ends a pair."},
    {"value_split", Type::string, "\"=\"", "Characters, each of which stands between key and value."},
    {"field_split_pattern",
     Type::string,
     {},
     "A regular expression for what ends a pair, instead of field_split."},
    {"value_split_pattern",
     Type::string,
     {},
     "A regular expression for what stands between key and value, instead of value_split."},
    {"whitespace", Type::string, "\"lenient\"",
     "Whether blanks around the value split are skipped (lenient) or belong to key and value (strict).", 0,
     "strict|lenient"},
    {"include_brackets", Type::boolean, "true",
     "Take brackets (…), […] and <…> around a value off, as quotes."},
    {"recursive", Type::boolean, "false", "Look for pairs in values too, down to 128 levels."},
    {"trim_key", Type::string, {}, "Characters that are cut off both ends of a key."},
    {"trim_value", Type::string, {}, "Characters that are cut off both ends of a value."},
    {"remove_char_key", Type::string, {}, "Characters that are removed from a key wherever they stand."},
    {"remove_char_value", Type::string, {}, "Characters that are removed from a value wherever they stand."},
    {"transform_key",
     Type::string,
     {},
     "The case that keys are brought to.",
     0,
     "lowercase|uppercase|capitalize"},
    {"transform_value",
     Type::string,
     {},
     "The case that values are brought to.",
     0,
     "lowercase|uppercase|capitalize"},
    {"prefix", Type::string, "\"\"", "Text in front of every key; %{field} is filled in."},
    {"include_keys", Type::array, "[]", "The keys that are kept; all of them when the list is empty."},
    {"exclude_keys", Type::array, "[]", "Keys that are left out."},
    {"default_keys", Type::hash, "{}", "Keys and the values they get when the text has none for them."},
    {"allow_duplicate_values", Type::boolean, "true", "Keep a pair that was there before in the same text."},
    {"allow_empty_values", Type::boolean, "false", "Make fields of keys without a value too."},
    {"timeout_millis", Type::number, "30000", "How long one text may take; 0 for as long as it needs."},
    {"tag_on_timeout", Type::string, "\"_kv_filter_timeout\"", "A tag for events whose text took too long."},
    {"tag_on_failure", Type::array, "[\"_kv_filter_error\"]",
     "Tags for events whose pairs could not be stored."},
};

struct Config {
  FieldRef source, target;
  std::optional<kv::PairPattern> pattern;
  kv::Edit key, value;
  Template prefix;
  std::vector<Template> include, exclude;
  std::vector<std::pair<Key, Value>> defaults;
  Arena memory;  // of the defaults
  bool recursive = false, duplicates = true, empty_values = false;
  int64_t timeout_millis = 0;
  std::string timeout_tag;
  std::vector<std::string> failure_tags;
};

// A list of keys, filled in for one event.
class KeyList {
 public:
  explicit KeyList(const std::vector<Template>& templates) : templates_(templates) {
    constant_ = std::all_of(templates.begin(), templates.end(), [](const auto& t) { return t.constant(); });
    for (const auto& t : templates) keys_.push_back(t.text());
    std::sort(keys_.begin(), keys_.end());
  }
  void fill(const Event& event) {
    if (constant_) return;
    for (size_t i = 0; i < keys_.size(); ++i) {
      keys_[i].clear();
      (void)templates_[i].fill(event, keys_[i]);
    }
    std::sort(keys_.begin(), keys_.end());
  }
  [[nodiscard]] bool empty() const { return keys_.empty(); }
  [[nodiscard]] bool has(std::string_view key) const {
    return std::binary_search(keys_.begin(), keys_.end(), key);
  }

 private:
  const std::vector<Template>& templates_;
  std::vector<std::string> keys_;
  bool constant_;
};

enum class Outcome : uint8_t { ok, timeout, failed };

class KvWorker : public plugin::FilterWorker {
 public:
  explicit KvWorker(const Config& config)
      : config_(config), include_(config.include), exclude_(config.exclude) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      Object pairs;
      switch (parse(*event, pairs)) {
        case Outcome::timeout:
          event->tag(config_.timeout_tag);
          warn("Timeout reached in KV filter",
               config_.source.text() + ", source: " + plugin::source_of(*event));
          continue;
        case Outcome::failed:
          fail(*event, "the text cannot be searched");
          continue;
        case Outcome::ok:
          break;
      }
      if (!config_.defaults.empty()) add_defaults(*event, pairs);
      if (pairs.size == 0) continue;
      Status status = config_.target.empty() ? store_at_root(*event, pairs) : store(*event, pairs);
      if (status.ok()) status = run.matched(*event);
      if (!status.ok()) fail(*event, status.message());
    }
  }

 private:
  struct Level {
    Object& pairs;
    FieldIndex index;
    int depth;
  };

  Outcome parse(Event& event, Object& pairs) {
    const Value* source = event.get(config_.source);
    if (!source || source->is_null()) return Outcome::ok;
    kv::Deadline deadline(config_.timeout_millis);
    prepared_ = false;
    Level level{pairs, {}, 0};
    if (source->is_string()) return parse(event, *source, level, deadline);
    if (!source->is_array()) {
      warn("kv filter has no support for this type of data", config_.source.text());
      return Outcome::ok;
    }
    for (const auto& item : source->as_array()->all()) {
      if (!item.is_string()) continue;
      if (const auto outcome = parse(event, item, level, deadline); outcome != Outcome::ok) return outcome;
    }
    return Outcome::ok;
  }

  Outcome parse(Event& event, const Value& text, Level& level, kv::Deadline& deadline) {
    // The regular expression's memory is shared by the levels: a pair is done with it before the next search.
    kv::PairScanner scanner(*config_.pattern, text.as_text(), captures_, deadline);
    kv::Pair pair;
    for (size_t count = 1;; ++count) {
      match::Budget unused;
      if (count % kPairsPerLook == 0 && !deadline.left(unused)) return Outcome::timeout;
      switch (scanner.next(pair)) {
        case kv::PairScanner::Found::end:
          return Outcome::ok;
        case kv::PairScanner::Found::timeout:
          return Outcome::timeout;
        case kv::PairScanner::Found::failed:
          return Outcome::failed;
        case kv::PairScanner::Found::pair:
          break;
      }
      if (pair.value.empty() && !config_.empty_values) continue;
      const auto outcome = take(event, pair, text.plain(), level, deadline);
      if (outcome != Outcome::ok) return outcome;
    }
  }

  Outcome take(Event& event, const kv::Pair& pair, bool plain, Level& level, kv::Deadline& deadline) {
    auto& arena = event.arena();
    prepare(event);
    const std::string_view name = config_.key.apply(pair.key, name_, captures_);
    if (!include_.empty() && !include_.has(name)) return Outcome::ok;
    if (exclude_.has(name)) return Outcome::ok;
    const Key key = Key::of(prefixed(name), arena);
    Value value = Value::string(pair.value, plain);
    if (!config_.value.nothing()) {
      const auto text = config_.value.apply(pair.value, text_, captures_);
      const bool part =
          text.data() >= pair.value.data() && text.data() <= pair.value.data() + pair.value.size();
      value = part ? Value::string(text, plain) : event.text(text);
    }
    if (!config_.duplicates)
      if (const Value* old = level.index.find(level.pairs, key); old && includes(*old, value.as_text()))
        return Outcome::ok;
    if (config_.recursive && level.depth < kDeepest) {
      Object inner;
      Level below{inner, {}, level.depth + 1};
      if (const auto outcome = parse(event, value, below, deadline); outcome != Outcome::ok) return outcome;
      if (inner.size != 0) value = Value::object(new (arena.allocate(sizeof(Object))) Object(inner));
    }
    add(level, key, value, arena);
    return Outcome::ok;
  }

  // What depends on the event and not on the pair: done for the first pair.
  void prepare(const Event& event) {
    if (prepared_) return;
    prepared_ = true;
    include_.fill(event);
    exclude_.fill(event);
    if (config_.prefix.constant()) return;
    prefix_.clear();
    (void)config_.prefix.fill(event, prefix_);
  }

  std::string_view prefixed(std::string_view name) {
    const std::string& prefix = config_.prefix.constant() ? config_.prefix.text() : prefix_;
    if (prefix.empty()) return name;
    key_ = prefix;
    key_ += name;
    return key_;
  }

  // Ruby's include? of what the key holds so far: a part of a text, an item of a list, a key of an object.
  static bool includes(const Value& held, std::string_view text) {
    if (held.is_string()) return held.as_text().find(text) != std::string_view::npos;
    if (held.is_object()) {
      const auto members = held.as_object()->all();
      return std::any_of(members.begin(), members.end(),
                         [&](const Member& m) { return m.key.text() == text; });
    }
    const auto items = held.as_array()->all();
    return std::any_of(items.begin(), items.end(),
                       [&](const Value& v) { return v.is_string() && v.as_text() == text; });
  }

  static void add(Level& level, Key key, Value value, Arena& arena) {
    Value* old = level.index.find(level.pairs, key);
    if (!old) {
      level.index.set(arena, level.pairs, key, value);
      return;
    }
    if (!old->is_array()) {
      auto* list = Array::make(arena, 4);
      list->push(arena, *old);
      *old = Value::array(list);
    }
    old->as_array()->push(arena, value);
  }

  // The defaults come first, with the values of the text where it has some.
  void add_defaults(const Event& event, Object& pairs) const {
    auto& arena = event.arena();
    Object whole;
    FieldIndex index;
    for (const auto& [key, value] : config_.defaults)
      index.set(arena, whole, key, deep_copy(value, arena, true));
    for (const auto& pair : pairs.all()) index.set(arena, whole, pair.key, pair.value);
    pairs = whole;
  }

  Status store(Event& event, const Object& pairs) const {
    auto* object = new (event.arena().allocate(sizeof(Object))) Object(pairs);
    return set_status(event.set(config_.target, Value::object(object)), config_.target);
  }

  static Status store_at_root(Event& event, const Object& pairs) {
    FieldIndex index;
    for (const auto& pair : pairs.all()) {
      const SetError error = event.set_named(pair.key, pair.value, index);
      if (error != SetError::none)
        return Status::error(Fault::filter,
                             std::string(pair.key.text()) + ": " + std::string(describe(error)));
    }
    return {};
  }

  void fail(Event& event, std::string_view why) {
    for (const auto& tag : config_.failure_tags) event.tag(tag);
    warn("Exception while parsing KV", why);
  }

  void warn(std::string_view what, std::string_view detail) {
    uint64_t suppressed = 0;
    if (!warnings_.allow(suppressed)) return;
    log::warn(kLogger, what, {{"detail", detail.substr(0, kShown)}, {"suppressed", suppressed}});
  }

  const Config& config_;
  KeyList include_, exclude_;
  bool prepared_ = false;
  match::Captures captures_;
  std::string prefix_, key_;
  kv::Edit::Scratch name_, text_;
  WarningLimiter warnings_;
};

class Kv : public plugin::Filter {
 public:
  explicit Kv(plugin::Setup& setup) {
    const auto& options = setup.options;
    config_.source = setup.field("source");
    config_.target = setup.field("target");
    config_.prefix = Template(options.string("prefix"));
    for (const auto& key : options.strings("include_keys")) config_.include.emplace_back(key);
    for (const auto& key : options.strings("exclude_keys")) config_.exclude.emplace_back(key);
    for (const auto& [key, value] : options.hash("default_keys"))
      config_.defaults.emplace_back(Key::intern(key), config_value(value, config_.memory));
    config_.key = kv::Edit::from(setup, "trim_key", "remove_char_key", "transform_key");
    config_.value = kv::Edit::from(setup, "trim_value", "remove_char_value", "transform_value");
    config_.recursive = options.boolean("recursive");
    config_.duplicates = options.boolean("allow_duplicate_values");
    config_.empty_values = options.boolean("allow_empty_values");
    config_.timeout_millis = std::max<int64_t>(0, options.integer("timeout_millis"));
    config_.timeout_tag = options.string("tag_on_timeout");
    config_.failure_tags = options.strings("tag_on_failure");
    take_pattern(setup);
  }
  std::unique_ptr<plugin::FilterWorker> worker() override { return std::make_unique<KvWorker>(config_); }
  void flow(plugin::Flow& flow) const override {
    flow.reads(config_.source.text(), "source");
    if (config_.target.empty())
      flow.writes_anything();
    else
      flow.writes(config_.target.text());
    flow.writes("tags");
  }

  void searches(plugin::Searches& searches) const override {
    // Splits that are plain sets of characters need no expression.
    if (!by_patterns_ || !config_.pattern) return;
    const auto& regex = config_.pattern->expression();
    searches.add({"field_split_pattern, value_split_pattern", regex.pattern(), regex.pattern(), regex});
  }

 private:
  void take_pattern(plugin::Setup& setup);

  Config config_;
  bool by_patterns_ = false;
};

void Kv::take_pattern(plugin::Setup& setup) {
  const auto& options = setup.options;
  bool refused = false;
  for (const std::string_view option : {"value_split", "field_split_pattern", "value_split_pattern"}) {
    if (!options.has(option) || !options.string(option).empty()) continue;
    refused = true;
    setup.error(option, "E0306",
                "Configuration option '" + std::string(option) + "' must be a non-empty string",
                "Leave the option away for its default, or name what splits the text.");
  }
  if (refused) return;
  by_patterns_ = options.has("field_split_pattern") || options.has("value_split_pattern");
  kv::SyntaxError error;
  config_.pattern =
      kv::PairPattern::compile({.field_split = options.string("field_split"),
                                .value_split = options.string("value_split"),
                                .field_split_pattern = options.maybe_string("field_split_pattern"),
                                .value_split_pattern = options.maybe_string("value_split_pattern"),
                                .brackets = options.boolean("include_brackets"),
                                .lenient = options.string("whitespace") == "lenient"},
                               error);
  if (config_.pattern) return;
  setup.error(error.option, "E0301", "The regular expression is not valid: " + error.message,
              error.option.ends_with("_pattern")
                  ? ""
                  : "The characters are put between [ and ]: write \\] \\[ \\^ and \\\\ for these four.");
}

}  // namespace

extern const plugin::Spec filter_kv;
const plugin::Spec filter_kv{.kind = plugin::Kind::filter,
                             .name = "kv",
                             .summary = "Turns the pairs of a text, such as `a=1 b=2`, into fields.",
                             .options = kOptions,
                             .example = "filter { kv { source => \"message\" field_split => \"&?\" } }",
                             .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
                               return std::make_unique<Kv>(setup);
                             }};

}  // namespace sluice::plugins
