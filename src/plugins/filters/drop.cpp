// filter drop: events end here.
#include <chrono>
#include <random>

#include "plugin/spec.hpp"

namespace sluice::plugins {
namespace {

constexpr plugin::Option kOptions[] = {
    {"percentage", plugin::Type::number, "100", "How many of a hundred events are dropped, at random."},
};

class DropWorker : public plugin::FilterWorker {
 public:
  explicit DropWorker(double percentage) : share_(percentage / 100), random_(std::random_device{}()) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      if (share_ >= 1 || uniform_(random_) < share_) event->cancel();
      (void)run.matched(*event);
    }
  }

 private:
  double share_;
  std::minstd_rand random_;
  std::uniform_real_distribution<double> uniform_{0, 1};
};

class Drop : public plugin::Filter {
 public:
  explicit Drop(plugin::Setup& setup) : percentage_(setup.options.number("percentage", 100)) {
    if (percentage_ < 0 || percentage_ > 100)
      setup.warning("percentage", "W0306", "percentage is not between 0 and 100",
                    "Below 0 no event is dropped, above 100 every one.");
  }
  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<DropWorker>(percentage_);
  }
  void flow(plugin::Flow&) const override {}

 private:
  double percentage_;
};

}  // namespace

extern const plugin::Spec filter_drop;
const plugin::Spec filter_drop{
    .kind = plugin::Kind::filter,
    .name = "drop",
    .summary = "Drops events, all or a share of them.",
    .options = kOptions,
    .example = "filter { if [loglevel] == \"debug\" { drop { percentage => 90 } } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Drop>(setup);
    }};

}  // namespace sluice::plugins
