// filter metrics: counts and times events, and reports the figures in an event of its own.
#include <cmath>
#include <map>
#include <mutex>

#include "base/log.hpp"
#include "match/numbers.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/flush_clock.hpp"
#include "plugins/inputs/host_field.hpp"
#include "plugins/metering/timer.hpp"

namespace sluice::plugins {
namespace {

constexpr std::string_view kLogger = "logstash.filters.metrics";
constexpr size_t kShown = 200;
constexpr size_t kMostNames = 100'000;
constexpr size_t kMostBytes = 64 << 20;  // of all names together

constexpr plugin::Option kOptions[] = {
    {"meter", plugin::Type::array, "[]", "Names of counts, such as \"http.%{status}\"."},
    {"timer", plugin::Type::hash, "{}", "Names of durations, and the text that holds each: \"%{took}\"."},
    {"ignore_older_than", plugin::Type::number, "0",
     "Leave events out whose timestamp is more than so many seconds old; 0: none."},
    {"flush_interval", plugin::Type::number, "5", "Seconds between reports, a multiple of 5."},
    {"clear_interval", plugin::Type::number, "-1",
     "Seconds after which all figures start anew, a multiple of 5; -1: never."},
    {"rates", plugin::Type::array, "[1, 5, 15]", "The windows of the rates in minutes: 1, 5, 15."},
    {"percentiles", plugin::Type::array, "[1, 5, 10, 90, 95, 99, 100]",
     "The percentiles of durations to report."},
};

struct Rate {
  RateWindow window;
  Key name;
};

struct Config {
  std::vector<Template> meters;
  std::vector<std::pair<Template, Template>> timers;
  std::vector<Rate> rates;
  std::vector<std::pair<double, Key>> percentiles;  // 0 to 1
  double ignore_older = 0, flush_interval = 5, clear_interval = -1;
  std::string host;
};

double now_seconds() { return static_cast<double>(steady_nanos()) / 1e9; }

/// The figures of all names, shared by the workers. Thread-safe.
class Figures {
 public:
  void mark(const std::string& name) {
    const double now = now_seconds();
    std::scoped_lock lock(mutex_);
    if (auto* meter = entry(meters_, name, now)) meter->mark(now);
  }
  void update(const std::string& name, double duration) {
    const double now = now_seconds();
    std::scoped_lock lock(mutex_);
    if (auto* timer = entry(timers_, name, now)) timer->update(duration, even_(random_), now);
  }

  /// Time passes. When a report is due: fills `event` (made by `make`) and returns it, else null.
  template <class Make>
  Event* report(const Config& config, bool final, Make make) {
    std::scoped_lock lock(mutex_);
    const auto passed = static_cast<double>(clock_.steps(final) * FlushClock::kStepSeconds);
    if (passed == 0) return nullptr;
    since_report_ += passed;
    since_clear_ += passed;
    if (since_report_ < config.flush_interval || (meters_.empty() && timers_.empty())) return nullptr;
    Event& event = make();
    const double now = now_seconds();
    for (auto& [name, meter] : meters_) put(event, name, rates(config, meter, event, now));
    for (auto& [name, timer] : timers_) put(event, name, figures(config, timer, event, now));
    since_report_ = 0;
    if (config.clear_interval > 0 && since_clear_ >= config.clear_interval) {
      since_clear_ = 0;
      meters_.clear();
      timers_.clear();
      bytes_ = 0;
    }
    return &event;
  }

 private:
  template <class T>
  T* entry(std::map<std::string, T>& all, const std::string& name, double now) {
    const auto found = all.find(name);
    if (found != all.end()) return &found->second;
    if (all.size() < kMostNames && name.size() <= kMostBytes - bytes_) {
      bytes_ += name.size();
      return &all.emplace(name, T(now)).first->second;
    }
    if (!std::exchange(full_, true))
      log::warn(kLogger, "There are too many names of metrics: further ones are not counted.",
                {{"limit", uint64_t{kMostNames}}, {"name", std::string_view(name).substr(0, kShown)}});
    return nullptr;
  }

  static Object* rates(const Config& config, Meter& meter, Event& event, double now) {
    static const Key kCount = Key::intern("count");
    auto* object = Object::make(event.arena(), 16);
    object->set(event.arena(), kCount, Value::integer(static_cast<int64_t>(meter.count())));
    for (const auto& rate : config.rates)
      object->set(event.arena(), rate.name, Value::real(meter.rate(rate.window, now)));
    return object;
  }

  static Object* figures(const Config& config, Timer& timer, Event& event, double now) {
    static const Key kMin = Key::intern("min"), kMax = Key::intern("max");
    static const Key kDeviation = Key::intern("stddev"), kMean = Key::intern("mean");
    auto* object = rates(config, timer.meter(), event, now);
    const auto set = [&](Key key, double value) { object->set(event.arena(), key, Value::real(value)); };
    set(kMin, timer.min());
    set(kMax, timer.max());
    // The plugin takes the root of what the library has taken the root of already.
    set(kDeviation, std::sqrt(timer.stddev()));
    set(kMean, timer.mean());
    const auto sorted = timer.sorted();
    for (const auto& [quantile, key] : config.percentiles) set(key, quantile_of(sorted, quantile));
    return object;
  }

  // A timer may have the name of a meter: their figures then share the object.
  static void put(Event& event, const std::string& name, Object* figures) {
    const auto ref = FieldRef::parse("[" + name + "]", event.arena());
    Value* there = ref.ok() ? event.get(*ref) : nullptr;
    if (there && there->is_object()) {
      for (const auto& member : figures->all())
        there->as_object()->set(event.arena(), member.key, member.value);
      return;
    }
    if (ref.ok() && !there && event.set(*ref, Value::object(figures)) == SetError::none) return;
    log::warn(kLogger, "A metric has a name that cannot be that of a field: it is left out.",
              {{"name", name}});
  }

  std::mutex mutex_;
  FlushClock clock_;
  std::map<std::string, Meter> meters_;
  std::map<std::string, Timer> timers_;
  std::mt19937_64 random_{std::random_device{}()};
  std::uniform_real_distribution<double> even_{std::numeric_limits<double>::min(), 1.0};
  double since_report_ = 0, since_clear_ = 0;
  size_t bytes_ = 0;
  bool full_ = false;
};

class MetricsWorker : public plugin::FilterWorker {
 public:
  MetricsWorker(const Config& config, Figures& figures) : config_(config), figures_(figures) {}

  void filter(plugin::FilterRun& run) override {
    const int64_t now = config_.ignore_older > 0 ? wall_nanos() : 0;
    for (const auto* event : run.events()) {
      if (config_.ignore_older > 0 &&
          static_cast<double>(now - event->timestamp()) / 1e9 > config_.ignore_older)
        continue;
      for (const auto& name : config_.meters) figures_.mark(filled(name, *event));
      for (const auto& [name, duration] : config_.timers) {
        const double seconds = match::ruby_to_f(filled(duration, *event));
        figures_.update(filled(name, *event), seconds);
      }
    }
  }

  void flush(plugin::FilterRun& run, bool final) override {
    auto* event = figures_.report(config_, final, [&]() -> Event& {
      Event& made = run.batch().make();
      normalize(made);
      made.set(Names::get().message, made.text(config_.host));
      return made;
    });
    if (!event) return;
    (void)run.matched(*event);
    run.emit(*event);
  }

 private:
  const std::string& filled(const Template& text, const Event& event) {
    if (text.constant()) return text.text();
    text_.clear();
    text.fill(event, text_);
    return text_;
  }

  const Config& config_;
  Figures& figures_;
  std::string text_;
};

class Metrics : public plugin::Filter {
 public:
  explicit Metrics(plugin::Setup& setup) {
    const auto& options = setup.options;
    for (const auto& name : options.strings("meter")) config_.meters.push_back(made(setup, "meter", name));
    for (const auto& [name, value] : options.hash("timer"))
      config_.timers.emplace_back(made(setup, "timer", name), made(setup, "timer", value.text));
    config_.ignore_older = options.number("ignore_older_than");
    config_.flush_interval = options.number("flush_interval");
    config_.clear_interval = options.number("clear_interval");
    config_.host = host_name(setup.environment);
    take_rates(setup);
    take_percentiles(setup);
    if (config_.meters.empty() && config_.timers.empty())
      setup.warning("", "W0308", "Without meter or timer nothing is counted and no report is ever made",
                    "Name what to count: meter => [\"events\"].");
  }
  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<MetricsWorker>(config_, figures_);
  }
  bool wants_flush() const override { return true; }
  void flow(plugin::Flow& flow) const override {
    const auto reads = [&](const Template& text, std::string_view option) {
      for (const auto& field : text.fields()) flow.reads(field.text(), option);
    };
    for (const auto& name : config_.meters) reads(name, "meter");
    for (const auto& [name, duration] : config_.timers) {
      reads(name, "timer");
      reads(duration, "timer");
    }
    flow.writes_anything();
  }

 private:
  static Template made(plugin::Setup& setup, std::string_view option, std::string_view text) {
    Template filled(text);
    if (!filled.problem().empty())
      setup.error(option, "E0306",
                  std::string(option) + " cannot be filled in: " + std::string(filled.problem()));
    return filled;
  }

  void take_rates(plugin::Setup& setup) {
    for (const auto& item : setup.options.items("rates")) {
      const bool number = item.kind == lang::Value::Kind::number;
      if (number && item.text == "1") {
        config_.rates.push_back({RateWindow::one_minute, Key::intern("rate_1m")});
      } else if (number && item.text == "5") {
        config_.rates.push_back({RateWindow::five_minutes, Key::intern("rate_5m")});
      } else if (number && item.text == "15") {
        config_.rates.push_back({RateWindow::fifteen_minutes, Key::intern("rate_15m")});
      } else {
        setup.error("rates", "E0306", "There is no rate over " + item.written + " minutes",
                    "The rates are over 1, 5 and 15 minutes, written as numbers.");
        return;
      }
    }
  }

  void take_percentiles(plugin::Setup& setup) {
    for (const auto& item : setup.options.items("percentiles")) {
      const auto percent = match::convert_to_float(item.text);
      if (item.kind != lang::Value::Kind::number || !percent || *percent < 0 || *percent > 100) {
        setup.error("percentiles", "E0306", item.written + " is no percentile",
                    "Percentiles are numbers from 0 to 100, such as [50, 99.9].");
        return;
      }
      const bool whole = item.text.find('.') == std::string::npos;
      config_.percentiles.emplace_back(
          *percent / 100, Key::intern("p" + (whole ? item.text : match::ruby_double_text(*percent))));
    }
  }

  Config config_;
  Figures figures_;
};

}  // namespace

extern const plugin::Spec filter_metrics;
const plugin::Spec filter_metrics{
    .kind = plugin::Kind::filter,
    .name = "metrics",
    .summary = "Counts and times events, and reports rates and percentiles in events of their own.",
    .options = kOptions,
    .example =
        "filter { metrics { meter => [\"events\"] timer => { \"took\" => \"%{duration}\" } add_tag => "
        "[\"metric\"] } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Metrics>(setup);
    }};

}  // namespace sluice::plugins
