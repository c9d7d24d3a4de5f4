// filter throttle: succeeds for events that come too seldom or too often.
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>

#include "base/hash.hpp"
#include "base/log.hpp"
#include "match/numbers.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/flush_clock.hpp"

namespace sluice::plugins {
namespace {

constexpr std::string_view kLogger = "logstash.filters.throttle";
constexpr int64_t kDefaultPeriod = 60;
// Counts are forgotten by the events' own time, which need not pass: beyond so many all are, unless
// max_counters allows for more.
constexpr double kMostKeys = 1 << 20;
constexpr size_t kLongestKey = 256;  // bytes; of longer ones the digest is kept

constexpr plugin::Option kOptions[] = {
    {"key",
     plugin::Type::string,
     {},
     "Events whose key is the same are counted together.",
     plugin::kRequired},
    {"before_count", plugin::Type::number, "-1", "Events below this count are throttled; -1: none."},
    {"after_count", plugin::Type::number, "-1", "Events above this count are throttled; -1: none."},
    {"period", plugin::Type::string, "\"60\"",
     "Seconds, by the events' own time, after which a key is counted anew; %{field} is filled in."},
    {"max_age", plugin::Type::number, "3600",
     "Seconds, by the events' own time, that a count is kept: twice the period at least."},
    {"max_counters", plugin::Type::number, "100000",
     "How many counts may be kept; with more of them max_age goes down. -1: any number."},
    {"periodic_flush", plugin::Type::boolean, "true",
     "Look every five seconds for counts that are too old, and whether there are too many."},
};

struct Config {
  Template key, period;
  double before = -1, after = -1, max_age = 0, max_counters = 0;
  bool flush = true;
};

int64_t seconds_of(int64_t nanos) { return nanos / 1'000'000'000 - (nanos % 1'000'000'000 < 0 ? 1 : 0); }

// Ruby's %: the result has the sign of `b`.
int64_t modulo(int64_t a, int64_t b) {
  if (b == -1) return 0;
  const int64_t r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

/// The counts of all keys, shared by the workers. Thread-safe.
class Counters {
 public:
  explicit Counters(const Config& config)
      : max_age_(config.max_age), first_max_age_(config.max_age), max_counters_(config.max_counters) {}

  /// Counts an event; which one of its period it is.
  uint64_t count(const std::string& key, int64_t period, int64_t second) {
    std::scoped_lock lock(mutex_);
    auto found = keys_.find(key);
    if (found == keys_.end()) found = begin(key, second);
    auto& slots = found->second;
    slots.latest = std::max(slots.latest, second);
    // Periods follow one another from the key's first event on, into the past as well.
    const auto begin = static_cast<int64_t>(static_cast<uint64_t>(second) -
                                            static_cast<uint64_t>(modulo(second - slots.first, period)));
    auto at = std::lower_bound(slots.counts.begin(), slots.counts.end(), begin,
                               [](const Slot& slot, int64_t wanted) { return slot.begin < wanted; });
    if (at == slots.counts.end() || at->begin != begin) at = slots.counts.insert(at, Slot{begin, 0});
    const uint64_t counted = ++at->count;
    const double oldest = static_cast<double>(slots.counts.back().begin) - max_age_;
    const auto expired = [&](const Slot& slot) { return static_cast<double>(slot.begin) < oldest; };
    slots.counts.erase(slots.counts.begin(),
                       std::find_if_not(slots.counts.begin(), slots.counts.end(), expired));
    return counted;
  }

  /// Forgets keys without a recent event, and keeps counts for a shorter time while there are too many.
  void flush(bool final) {
    std::scoped_lock lock(mutex_);
    if (clock_.steps(final) == 0) return;
    int64_t latest = 0;
    for (const auto& [key, slots] : keys_) latest = std::max(latest, slots.latest);
    const double oldest = static_cast<double>(latest) - max_age_;
    std::erase_if(keys_,
                  [&](const auto& entry) { return static_cast<double>(entry.second.latest) < oldest; });
    double total = 0;
    for (const auto& [key, slots] : keys_) total += static_cast<double>(slots.counts.size());
    if (max_counters_ != -1) adapt(total);
  }

 private:
  struct Slot {
    int64_t begin;
    uint64_t count;
  };
  struct Slots {
    int64_t first, latest;     // seconds of events
    std::vector<Slot> counts;  // by their begin
  };

  TextMap<Slots>::iterator begin(const std::string& key, int64_t second) {
    if (max_counters_ != -1 && static_cast<double>(keys_.size()) >= std::max(kMostKeys, 2 * max_counters_)) {
      log::warn(kLogger, "There are far more keys than max_counters: all counts begin anew.",
                {{"keys", uint64_t{keys_.size()}}, {"max_counters", max_counters_}});
      keys_.clear();
    }
    return keys_.emplace(key, Slots{second, second, {}}).first;
  }

  // In steps of 5 % of the configured age, and never below one of them.
  void adapt(double total) {
    const double step = std::floor(first_max_age_ * 5 / 100);
    if (total > max_counters_) {
      if (max_age_ <= step) return;
      max_age_ -= step;
      log::warn(kLogger,
                "There are more counts than max_counters: they are kept for a shorter time. A key that "
                "groups more events would help.",
                {{"max_age", max_age_}, {"counters", total}, {"max_counters", max_counters_}});
    } else if (max_age_ < first_max_age_ && total < max_counters_ * 80 / 100) {
      max_age_ += step;
      log::warn(kLogger, "There are fewer counts than max_counters again: they are kept for longer.",
                {{"max_age", max_age_}});
    }
  }

  std::mutex mutex_;
  FlushClock clock_;
  TextMap<Slots> keys_;
  double max_age_;
  const double first_max_age_, max_counters_;
};

class ThrottleWorker : public plugin::FilterWorker {
 public:
  ThrottleWorker(const Config& config, Counters& counters) : config_(config), counters_(counters) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      const int64_t period = period_of(*event);
      text_.clear();
      config_.key.fill(*event, text_);
      if (text_.size() > kLongestKey) digest(text_);
      const auto count = static_cast<double>(counters_.count(text_, period, seconds_of(event->timestamp())));
      if ((config_.before != -1 && count < config_.before) || (config_.after != -1 && count > config_.after))
        (void)run.matched(*event);
    }
  }

  void flush(plugin::FilterRun&, bool final) override { counters_.flush(final); }

 private:
  static void digest(std::string& text) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> hash;
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
    text.assign(reinterpret_cast<const char*>(hash.data()), hash.size());
  }

  int64_t period_of(const Event& event) {
    text_.clear();
    config_.period.fill(event, text_);
    const auto seconds = match::ruby_to_i(text_);
    if (!seconds.fits()) return seconds.big.starts_with('-') ? INT64_MIN : INT64_MAX;
    return seconds.value == 0 ? kDefaultPeriod : seconds.value;
  }

  const Config& config_;
  Counters& counters_;
  std::string text_;
};

class Throttle : public plugin::Filter {
 public:
  explicit Throttle(plugin::Setup& setup) : config_(read(setup)), counters_(config_) {
    check(setup, "key", config_.key);
    check(setup, "period", config_.period);
    if (config_.before == -1 && config_.after == -1)
      setup.warning("", "W0308", "Without before_count or after_count no event is ever throttled",
                    "Set after_count to the number of events that may pass in a period.");
  }
  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<ThrottleWorker>(config_, counters_);
  }
  bool wants_flush() const override { return config_.flush; }
  void flow(plugin::Flow& flow) const override {
    for (const auto& field : config_.key.fields()) flow.reads(field.text(), "key");
    for (const auto& field : config_.period.fields()) flow.reads(field.text(), "period");
  }

 private:
  static Config read(plugin::Setup& setup) {
    const auto& options = setup.options;
    return {Template(options.string("key")),  Template(options.string("period")),
            options.number("before_count"),   options.number("after_count"),
            options.number("max_age"),        options.number("max_counters"),
            options.boolean("periodic_flush")};
  }
  static void check(plugin::Setup& setup, std::string_view option, const Template& text) {
    if (!text.problem().empty())
      setup.error(option, "E0306",
                  std::string(option) + " cannot be filled in: " + std::string(text.problem()));
  }

  const Config config_;
  Counters counters_;
};

}  // namespace

extern const plugin::Spec filter_throttle;
const plugin::Spec filter_throttle{.kind = plugin::Kind::filter,
                                   .name = "throttle",
                                   .summary = "Marks events of which too few or too many came in a period.",
                                   .options = kOptions,
                                   .example =
                                       "filter { throttle { key => \"%{host}\" after_count => 10 period => "
                                       "\"60\" add_tag => [\"throttled\"] } }",
                                   .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
                                     return std::make_unique<Throttle>(setup);
                                   }};

}  // namespace sluice::plugins
