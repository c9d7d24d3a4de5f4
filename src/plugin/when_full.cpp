#include "plugin/when_full.hpp"

#include <string>

#include "plugin/setup.hpp"

namespace sluice::plugin {
namespace {

constexpr size_t kLeastBacklog = size_t{64} << 10;

FullPolicy policy_of(std::string_view name) {
  if (name == "drop_newest") return FullPolicy::drop_newest;
  if (name == "drop_oldest") return FullPolicy::drop_oldest;
  if (name == "sample") return FullPolicy::sample;
  if (name == "dead_letter") return FullPolicy::dead_letter;
  return FullPolicy::block;
}

void warn_unused(Setup& setup, std::string_view option, std::string_view needs) {
  if (setup.options.given(option))
    setup.warning(option, "W0308",
                  "`" + std::string(option) + "` has no effect without " + std::string(needs),
                  "Add it, or remove the option.");
}

}  // namespace

WhenFull read_when_full(Setup& setup) {
  const auto& options = setup.options;
  WhenFull read;
  read.policy = policy_of(options.string("when_full"));
  if (read.policy != FullPolicy::sample) warn_unused(setup, "when_full_sample", "when_full => sample");
  if (read.policy == FullPolicy::block) {
    warn_unused(setup, "when_full_backlog", "a `when_full` other than block");
    warn_unused(setup, "when_full_wait", "a `when_full` other than block");
    return read;
  }
  read.backlog = static_cast<size_t>(options.bytes("when_full_backlog"));
  read.wait_millis = options.millis("when_full_wait");
  read.sample = options.number("when_full_sample");
  if (read.backlog < kLeastBacklog)
    setup.error("when_full_backlog", "E0306", "`when_full_backlog` is too small",
                "At least 64kb are needed for the events of one batch.");
  if (!(read.sample > 0 && read.sample <= 1))
    setup.error("when_full_sample", "E0306", "`when_full_sample` is not a share",
                "Write a number above 0 and up to 1, such as 0.01 for one event in a hundred.");
  return read;
}

}  // namespace sluice::plugin
