// filter date: the text of a field becomes a time.
#include <algorithm>

#include "base/log.hpp"
#include "base/nearest.hpp"
#include "base/time.hpp"
#include "match/date_format.hpp"
#include "match/last_time.hpp"
#include "match/locale_names.hpp"
#include "match/timezone.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr plugin::Option kOptions[] = {
    {"match", Type::array, "[]",
     "The field, and the formats to try: Joda patterns, ISO8601, UNIX, UNIX_MS, TAI64N."},
    {"target", Type::string, "\"@timestamp\"", "The field that the time goes into."},
    {"timezone",
     Type::string,
     {},
     "The zone of texts that name none; may be \"%{field}\". The machine's by default."},
    {"locale", Type::string, {}, "The language of month and day names, such as \"en\" or \"pt-BR\"."},
    {"tag_on_failure", Type::array, "[\"_dateparsefailure\"]", "Tags for events whose text fits no format."},
};

struct Config {
  FieldRef source;
  std::vector<match::DateFormat> formats;
  FieldRef target;
  std::optional<Template> zone;  // when it is made per event
  std::vector<std::string> failure_tags;
};

// The run lengths of a Joda pattern's letters outside quotes.
struct Letters {
  std::string runs;  // the letter of each run, in order
  explicit Letters(std::string_view pattern) {
    bool quoted = false;
    char last = 0;
    for (const char c : pattern) {
      if (c == '\'') quoted = !quoted;
      const bool letter = !quoted && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
      if (letter && c != last) runs += c;
      last = letter ? c : '\0';
    }
  }
  [[nodiscard]] bool has(std::string_view any) const { return runs.find_first_of(any) != std::string::npos; }
  [[nodiscard]] size_t count(char letter) const {
    return static_cast<size_t>(std::count(runs.begin(), runs.end(), letter));
  }
};

// What the author of a pattern most likely did not mean; empty when all looks well.
std::string suspicion(std::string_view pattern) {
  const Letters l(pattern);
  const bool month = l.has("M"), day = l.has("d");
  if (l.count('m') > 0 && !month && !l.has("Dw") && l.has("yY") && day)
    return "`mm` is the minute; the month is `MM`";
  if (l.count('M') > 1 && !l.has("m")) return "`MM` is the month; the minute is `mm`";
  if (l.has("D") && month && !day) return "`DD` is the day of the year; the day of the month is `dd`";
  if (l.has("S") && !l.has("s") && l.has("HhKk") && l.has("m"))
    return "`SS` is a fraction of a second; the second is `ss`";
  if (l.has("hK") && !l.has("a"))
    return "`hh` counts to 12 and there is no `a` for AM or PM; 24 hours are `HH`";
  return {};
}

class DateWorker : public plugin::FilterWorker {
 public:
  explicit DateWorker(const Config& config)
      : config_(config),
        same_time_(!config.zone && std::none_of(config.formats.begin(), config.formats.end(),
                                                [](const auto& format) { return format.uses_now(); })) {}

  void filter(plugin::FilterRun& run) override {
    if (!matches_) {
      matches_ = &run.metrics().counter("matches");
      failures_ = &run.metrics().counter("failures");
    }
    const int64_t now = wall_nanos();
    uint64_t matches = 0, failures = 0;
    for (auto* event : run.events()) {
      const Value* source = event->get(config_.source);
      if (!source || source->is_null()) continue;
      const auto nanos = parse(*source, *event, now);
      if (nanos && store(*event, *nanos)) {
        ++matches;
        if (const Status status = run.matched(*event); !status.ok()) warn(status);
      } else {
        ++failures;
        for (const auto& tag : config_.failure_tags) event->tag(tag);
      }
    }
    matches_->add(matches);
    failures_->add(failures);
  }

 private:
  std::optional<int64_t> parse(const Value& source, const Event& event, int64_t now) {
    const match::TimeZone* zone = nullptr;
    if (config_.zone && source.is_string()) {
      scratch_.clear();
      if (config_.zone->fill(event, scratch_) != Template::Outcome::failed)
        zone = match::lookup_timezone(scratch_);
    }
    int64_t known = 0;
    if (same_time_ && source.is_string() && last_.read(source.as_text(), known)) return known;
    for (const auto& format : config_.formats) {
      std::optional<int64_t> nanos;
      match::ClockDigits clock;
      switch (source.kind()) {
        case Value::Kind::string:
          if (config_.zone && !zone && format.uses_zone()) break;  // the event names no zone that there is
          // Another format might read the same day at another time: only the first one comes first.
          nanos =
              format.parse(source.as_text(), zone, now, &format == config_.formats.data() ? &clock : nullptr);
          break;
        case Value::Kind::integer:
          nanos = format.parse(source.as_integer());
          break;
        case Value::Kind::real:
          nanos = format.parse(source.as_real());
          break;
        default:
          return std::nullopt;
      }
      if (!nanos) continue;
      if (same_time_ && source.is_string()) last_.set(source.as_text(), *nanos, clock);
      return nanos;
    }
    return std::nullopt;
  }

  bool store(Event& event, int64_t nanos) {
    if (config_.target.is_timestamp()) {
      event.set_timestamp(nanos);
      return true;
    }
    const SetError error = event.set(config_.target, Value::timestamp(nanos));
    if (error != SetError::none) warn(set_status(error, config_.target));
    return error == SetError::none;
  }

  void warn(const Status& status) {
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::warn("logstash.filters.date", "The event could not be changed",
                {{"exception", status.message()}, {"suppressed", suppressed}});
  }

  const Config& config_;
  const bool same_time_;  // a text always stands for the same time
  match::LastTime last_;
  std::string scratch_;
  WarningLimiter warnings_;
  plugin::Counter* matches_ = nullptr;
  plugin::Counter* failures_ = nullptr;
};

class Date : public plugin::Filter {
 public:
  explicit Date(plugin::Setup& setup) {
    config_.target = setup.field("target");
    config_.failure_tags = setup.options.strings("tag_on_failure");
    match::DateFormatOptions options = zone_and_locale(setup);
    const auto& items = setup.options.items("match");
    if (items.size() < 2) {
      setup.error("match", "E0306",
                  "The match setting should contain first a field name and at least one date format",
                  "Write match => [\"field\", \"ISO8601\"].");
      return;
    }
    if (auto ref = FieldRef::parse(items[0].text); ref.ok())
      config_.source = std::move(ref).value();
    else
      setup.error("match", "E0304", ref.message(), "Write a field as `name` or as [outer][inner].").span =
          items[0].span;
    for (size_t i = 1; i < items.size(); ++i) add_format(setup, items[i], options);
  }

  std::unique_ptr<plugin::FilterWorker> worker() override { return std::make_unique<DateWorker>(config_); }
  void flow(plugin::Flow& flow) const override {
    flow.reads(config_.source.text(), "match");
    flow.writes(config_.target.text());
    flow.writes("tags");
    if (config_.zone)
      for (const auto& field : config_.zone->fields()) flow.reads(field.text(), "timezone");
  }

 private:
  match::DateFormatOptions zone_and_locale(plugin::Setup& setup) {
    match::DateFormatOptions options{setup.options.string("timezone"), setup.options.string("locale")};
    if (options.timezone.find("%{") != std::string::npos) {
      config_.zone = Template(options.timezone);
      options.timezone.clear();
    } else if (!options.timezone.empty()) {
      if (const auto zone = match::find_timezone(options.timezone); !zone.ok()) {
        setup.error("timezone", "E0306", zone.message(),
                    "Use a name such as \"Europe/Berlin\", or \"+02:00\".");
        options.timezone = "UTC";
      }
    }
    std::replace(options.locale.begin(), options.locale.end(), '_', '-');
    if (!options.locale.empty()) {
      if (const auto locale = match::find_locale(options.locale); !locale.ok()) {
        setup.error("locale", "E0306", locale.message(), "Use a language tag such as \"en\" or \"pt-BR\".");
        options.locale = "en";
      }
    }
    return options;
  }

  void add_format(plugin::Setup& setup, const lang::Value& value, const match::DateFormatOptions& options) {
    auto format = match::DateFormat::compile(value.text, options);
    if (format.ok()) {
      config_.formats.push_back(std::move(format).value());
      static constexpr std::string_view kWords[] = {"ISO8601", "UNIX", "UNIX_MS", "TAI64N"};
      if (std::find(std::begin(kWords), std::end(kWords), value.text) != std::end(kWords)) return;
      if (const auto doubt = suspicion(value.text); !doubt.empty())
        setup.warning("match", "W0303", "The date format \"" + value.text + "\" reads oddly: " + doubt).span =
            value.span;
      return;
    }
    static constexpr std::string_view kWords[] = {"ISO8601", "UNIX", "UNIX_MS", "TAI64N"};
    const auto near =
        value.text.find_first_of("-/: ") == std::string::npos ? nearest(value.text, kWords) : std::nullopt;
    setup.error("match", "E0303", format.message(), near ? "Did you mean \"" + *near + "\"?" : "").span =
        value.span;
  }

  Config config_;
};

}  // namespace

extern const plugin::Spec filter_date;
const plugin::Spec filter_date{
    .kind = plugin::Kind::filter,
    .name = "date",
    .summary = "Reads the time of an event from a field.",
    .options = kOptions,
    .example =
        "filter { date { match => [\"time\", \"dd/MMM/yyyy:HH:mm:ss Z\", \"ISO8601\"] locale => \"en\" } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Date>(setup);
    }};

}  // namespace sluice::plugins
