#include "match/search_budget.hpp"

#include <atomic>

namespace sluice::match {
namespace {
std::atomic<int64_t> standard_millis{10'000};
std::atomic<uint64_t> timeouts{0};
}  // namespace

Budget standard_budget() { return {standard_millis.load(std::memory_order_relaxed)}; }
void set_standard_budget(int64_t millis) { standard_millis = millis; }
uint64_t search_timeouts() { return timeouts.load(std::memory_order_relaxed); }
void count_search_timeout() { timeouts.fetch_add(1, std::memory_order_relaxed); }

}  // namespace sluice::match
