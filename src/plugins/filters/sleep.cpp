// filter sleep: holds events up, for so many seconds or in the pace of their timestamps.
#include <cmath>
#include <mutex>
#include <optional>
#include <thread>

#include "base/log.hpp"
#include "match/numbers.hpp"
#include "plugin/spec.hpp"

namespace sluice::plugins {
namespace {

constexpr double kLongest = 86400;  // seconds: an event must not be able to hold a worker up for ever

constexpr plugin::Option kOptions[] = {
    {"time",
     plugin::Type::string,
     {},
     "Seconds to sleep, such as 0.5 or %{field}, a day at most; with replay: how many times faster than in "
     "the timestamps."},
    {"every", plugin::Type::string, "\"1\"", "Sleep at every so-manieth event; of no effect with replay."},
    {"replay", plugin::Type::boolean, "false",
     "Sleep as long as lies between the timestamps of an event and the one in front of it."},
};

/// What the workers share: which event is the next to sleep at.
class Pace {
 public:
  explicit Pace(double every) : every_(every) {}

  /// True for every so-manieth event.
  bool due() {
    std::scoped_lock lock(mutex_);
    if (static_cast<double>(++count_) < every_) return false;
    count_ = 0;
    return true;
  }
  /// Seconds since the event in front, by the timestamps; nothing for the first.
  std::optional<double> since_last(int64_t nanos) {
    std::scoped_lock lock(mutex_);
    const auto last = std::exchange(last_, nanos);
    if (!last) return std::nullopt;
    return static_cast<double>(nanos) / 1e9 - static_cast<double>(*last) / 1e9;
  }

 private:
  std::mutex mutex_;
  const double every_;
  uint64_t count_ = 0;
  std::optional<int64_t> last_;
};

struct Config {
  Template time;
  bool replay = false;
};

class SleepWorker : public plugin::FilterWorker {
 public:
  SleepWorker(const Config& config, Pace& pace) : config_(config), pace_(pace) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      double seconds = 0;
      if (config_.replay) {
        if (const auto apart = pace_.since_last(event->timestamp())) seconds = *apart / time(*event);
      } else if (pace_.due()) {
        seconds = time(*event);
      }
      if (seconds > 0 && std::isfinite(seconds))
        std::this_thread::sleep_for(std::chrono::duration<double>(std::min(seconds, kLongest)));
      (void)run.matched(*event);
    }
  }

 private:
  double time(const Event& event) {
    text_.clear();
    config_.time.fill(event, text_);
    return match::ruby_to_f(text_);
  }

  const Config& config_;
  Pace& pace_;
  std::string text_;
};

class Sleep : public plugin::Filter {
 public:
  explicit Sleep(plugin::Setup& setup)
      : config_{Template(setup.options.maybe_string("time").value_or("1")), setup.options.boolean("replay")},
        pace_(match::ruby_to_f(setup.options.string("every"))) {
    if (!config_.replay && !setup.options.given("time"))
      setup.error("", "E0308", "time is needed unless replay is set",
                  "Write the seconds to sleep, such as time => \"0.5\".");
    if (!config_.time.problem().empty())
      setup.error("time", "E0306", "time cannot be filled in: " + std::string(config_.time.problem()));
    if (config_.time.constant() && setup.options.given("time") && match::ruby_to_f(config_.time.text()) <= 0)
      setup.warning("time", "W0306", "time is no number above 0, so there is no sleep",
                    "Write seconds, such as \"0.5\", or the field that holds them, such as \"%{delay}\".");
  }
  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<SleepWorker>(config_, pace_);
  }
  void flow(plugin::Flow& flow) const override {
    flow.matches_all();
    for (const auto& field : config_.time.fields()) flow.reads(field.text(), "time");
  }

 private:
  Config config_;
  Pace pace_;
};

}  // namespace

extern const plugin::Spec filter_sleep;
const plugin::Spec filter_sleep{
    .kind = plugin::Kind::filter,
    .name = "sleep",
    .summary = "Holds events up: to limit a rate, or to replay events in their pace.",
    .options = kOptions,
    .example = "filter { sleep { time => \"0.1\" every => 10 } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Sleep>(setup);
    }};

}  // namespace sluice::plugins
