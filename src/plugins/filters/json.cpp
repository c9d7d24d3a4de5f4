// filter json: the JSON text of a field becomes fields.
#include <algorithm>

#include "base/log.hpp"
#include "event/field_index.hpp"
#include "event/json_read.hpp"
#include "match/iso8601.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {
namespace {

constexpr std::string_view kLogger = "logstash.filters.json";
constexpr size_t kShown = 200;

constexpr plugin::Option kOptions[] = {
    {"source", plugin::Type::string, {}, "The field that holds the JSON text.", plugin::kRequired},
    {"target",
     plugin::Type::field_reference,
     {},
     "The field that the document goes into; the root without it."},
    {"tag_on_failure", plugin::Type::array, "[\"_jsonparsefailure\"]",
     "Tags for events whose text is no JSON."},
    {"skip_on_invalid_json", plugin::Type::boolean, "false", "Let text that is no JSON pass without a tag."},
};

struct Config {
  FieldRef source, target;
  std::vector<std::string> failure_tags;
  bool skip_invalid = false;
};

class JsonWorker : public plugin::FilterWorker {
 public:
  explicit JsonWorker(const Config& config) : config_(config) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      const Value* source = event->get(config_.source);
      if (!source || source->is_null() || (source->kind() == Value::Kind::boolean && !source->as_bool()))
        continue;
      const Value raw = *source;
      Value parsed;
      if (!parse(raw, event->arena(), parsed)) {
        if (!config_.skip_invalid) fail(*event, raw, "Error parsing json", JsonReader::local().error());
        continue;
      }
      Status status = config_.target.empty() ? store_at_root(*event, parsed)
                                             : set_status(event->set(config_.target, parsed), config_.target);
      if (status.ok()) status = run.matched(*event);
      if (!status.ok()) fail(*event, raw, "Exception caught in json filter", status.message());
    }
  }

 private:
  static bool parse(const Value& raw, Arena& arena, Value& out) {
    if (!raw.is_string()) return false;
    const std::string_view text = raw.as_text();
    const size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return false;
    auto& reader = JsonReader::local();
    if (text[first] == '{' || text[first] == '[') return reader.read(text, arena, out);
    // A document that is a single value, read as the only element of a list.
    auto* list = static_cast<char*>(arena.allocate(text.size() + 2 + JsonReader::kPadding, 1));
    list[0] = '[';
    std::memcpy(list + 1, text.data(), text.size());
    list[text.size() + 1] = ']';
    std::memset(list + text.size() + 2, 0, JsonReader::kPadding);
    Value items;
    if (!reader.read_padded({list, text.size() + 2}, arena, items)) return false;
    if (items.as_array()->size != 1) return false;
    out = items.as_array()->items[0];
    return true;
  }

  Status store_at_root(Event& event, const Value& parsed) {
    if (!parsed.is_object())
      return Status::error(Fault::filter, "a document that is no object requires the option target");
    const Value* time = nullptr;
    FieldIndex index;
    for (const auto& member : parsed.as_object()->all()) {
      if (member.key == Names::get().timestamp) {
        time = &member.value;
        continue;
      }
      const SetError error = event.set_named(member.key, member.value, index);
      if (error != SetError::none)
        return Status::error(Fault::filter,
                             std::string(member.key.text()) + ": " + std::string(describe(error)));
    }
    const bool set = time && !time->is_null() && !(time->kind() == Value::Kind::boolean && !time->as_bool());
    if (set) store_time(event, *time);
    return {};
  }

  static void store_time(Event& event, const Value& time) {
    const auto parsed = time.is_string() ? match::parse_event_timestamp(time.as_text()) : std::nullopt;
    event.set_timestamp(parsed ? *parsed : wall_nanos());
    if (parsed) return;
    event.tag("_timestampparsefailure");
    thread_local std::string text;
    text.clear();
    append_text(time, text);
    event.set(Names::get().bad_timestamp, event.text(text));
  }

  void fail(Event& event, const Value& raw, std::string_view what, std::string_view why) {
    for (const auto& tag : config_.failure_tags) event.tag(tag);
    uint64_t suppressed = 0;
    if (!warnings_.allow(suppressed)) return;
    log::warn(kLogger, what,
              {{"source", config_.source.text()},
               {"raw", raw.is_string() ? raw.as_text().substr(0, kShown) : std::string_view("(not a text)")},
               {"exception", why},
               {"suppressed", suppressed}});
  }

  const Config& config_;
  WarningLimiter warnings_;
};

class Json : public plugin::Filter {
 public:
  explicit Json(plugin::Setup& setup) {
    config_.source = setup.field("source");
    config_.target = setup.field("target");
    config_.failure_tags = setup.options.strings("tag_on_failure");
    config_.skip_invalid = setup.options.boolean("skip_on_invalid_json");
  }
  std::unique_ptr<plugin::FilterWorker> worker() override { return std::make_unique<JsonWorker>(config_); }
  void flow(plugin::Flow& flow) const override {
    flow.reads(config_.source.text(), "source");
    if (config_.target.empty())
      flow.writes_anything();
    else
      flow.writes(config_.target.text());
    if (!config_.failure_tags.empty()) flow.writes("tags");
  }

 private:
  Config config_;
};

}  // namespace

extern const plugin::Spec filter_json;
const plugin::Spec filter_json{.kind = plugin::Kind::filter,
                               .name = "json",
                               .summary = "Turns the JSON text of a field into fields.",
                               .options = kOptions,
                               .example = "filter { json { source => \"message\" target => \"doc\" } }",
                               .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
                                 return std::make_unique<Json>(setup);
                               }};

}  // namespace sluice::plugins
