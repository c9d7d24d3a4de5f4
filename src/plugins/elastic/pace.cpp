#include "plugins/elastic/pace.hpp"

#include <algorithm>

namespace sluice::elastic {
namespace {

constexpr uint64_t kShort = 500;  // milliseconds of an answer: bodies may grow
constexpr uint64_t kLong = 2000;  // likewise: they shrink, and no request more
constexpr double kSlow = 3.0;     // times the usual answer: no request more
constexpr size_t kSteps = 16;     // from nothing to the biggest body
// A host that is slow is helped by smaller bodies up to a point; one that refuses may have room for few
// items.
constexpr size_t kLeastWhenSlow = size_t{256} << 10;
constexpr size_t kLeast = size_t{16} << 10;

}  // namespace

void Pace::smaller(double share, size_t least) {
  bytes_ =
      std::max(static_cast<size_t>(static_cast<double>(bytes_) * share), std::min(bounds_.most_bytes, least));
  ++round_;
}

void Pace::shrink(double refused) {
  const double share = 1 - refused / 2;
  limit_ = std::max(1.0, limit_ * share);
  smaller(share, kLeast);
}

void Pace::answered(uint32_t round, uint64_t millis, double refused) {
  const auto now = static_cast<double>(millis);
  const bool quick = millis < kLong && (usual_millis_ == 0 || now < kSlow * usual_millis_ + 5);
  usual_millis_ = usual_millis_ == 0 ? now : 0.95 * usual_millis_ + 0.05 * now;
  if (round != round_) return;  // it was sent before the last cut and says nothing about what is sent now
  if (millis > bounds_.timeout_millis / 3) return shrink(1);
  if (millis > kLong && refused == 0) return smaller(0.5, kLeastWhenSlow);
  // Growing by what passed and shrinking by what did not settles where most of it passes; a few refusals,
  // which may have nothing to do with how much is sent, do not bring all to a halt.
  const double passed = 1 - refused;
  const bool saturated = under_way_ + 1 >= limit_;
  if (quick && saturated)
    limit_ = std::min(limit_ + passed / limit_, static_cast<double>(bounds_.most_requests));
  const auto step = static_cast<double>(bounds_.most_bytes / kSteps);
  if (millis < kShort) bytes_ = std::min(bytes_ + static_cast<size_t>(passed * step), bounds_.most_bytes);
  if (refused > 0) shrink(refused);
}

void Pace::too_much(uint32_t round) {
  if (round == round_) shrink(1);
}

}  // namespace sluice::elastic
