// Deleting old indices, by age and by size.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "index/api.hpp"
#include "index/text.hpp"

namespace sluice::index {
namespace {

struct Candidate {
  std::string name;
  int64_t newest_ms;
  int64_t bytes;
};

}  // namespace

std::vector<Swept> Api::sweep(int64_t now_ms) {
  std::vector<Swept> out;
  for (const auto& rule : options_.retention) {
    std::vector<Candidate> candidates;
    int64_t total = 0;
    for (const auto& name : catalogue_.names()) {
      if (!wildcard_match(rule.pattern, name)) continue;
      Error error;
      auto store = catalogue_.acquire(name, error);
      if (!store) continue;
      std::optional<int64_t> oldest, newest;
      if (auto status = store->time_range(oldest, newest); !status.ok()) {
        log::warn("sluice.index", "Retention cannot look at an index",
                  {{"index", name}, {"reason", status.message()}});
        continue;
      }
      candidates.push_back({name, newest.value_or(store->created_ms()), store->bytes_on_disk()});
      total += candidates.back().bytes;
    }
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
      return a.newest_ms != b.newest_ms ? a.newest_ms < b.newest_ms : a.name < b.name;
    });
    for (const auto& c : candidates) {
      std::string reason;
      if (rule.max_age_ms > 0 && now_ms - c.newest_ms > rule.max_age_ms)
        reason = fmt::format("its newest document is of {}, older than the limit of {} ms",
                             format_date(c.newest_ms), rule.max_age_ms);
      else if (rule.max_bytes > 0 && total > rule.max_bytes)
        reason = fmt::format("the indices {} take {} bytes, more than the limit of {}", rule.pattern, total,
                             rule.max_bytes);
      else
        continue;
      if (auto error = catalogue_.remove(c.name)) {
        log::warn("sluice.index", "Retention cannot delete an index",
                  {{"index", c.name}, {"reason", error.reason}});
        continue;
      }
      total -= c.bytes;
      log::info("sluice.index", "Retention deleted an index", {{"index", c.name}, {"reason", reason}});
      out.push_back({c.name, reason});
    }
  }
  return out;
}

}  // namespace sluice::index
