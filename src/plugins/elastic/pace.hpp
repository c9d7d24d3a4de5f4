// How much one host is given at a time: requests under way, and bytes in one of them. Both grow by a step
// with answers that come quickly, and shrink by what the host refuses: by half when that is all, or when it
// takes long.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::elastic {

/// Not thread-safe: belongs to the loop's thread.
class Pace {
 public:
  struct Bounds {
    size_t most_requests = 16;
    size_t most_bytes = size_t{1} << 20;
    uint32_t timeout_millis = 60000;
  };
  explicit Pace(Bounds bounds) : bounds_(bounds), bytes_(bounds.most_bytes) {}

  /// Whether one more request may go out.
  [[nodiscard]] bool has_room() const { return under_way_ + 1 <= limit_; }
  [[nodiscard]] unsigned under_way() const { return under_way_; }
  /// How many requests may be under way.
  [[nodiscard]] unsigned requests() const { return static_cast<unsigned>(limit_); }
  /// How big the next bodies should be.
  [[nodiscard]] size_t bytes() const { return bytes_; }
  /// What an answer usually takes; 0: none has come yet.
  [[nodiscard]] double usual_millis() const { return usual_millis_; }

  /// A request goes out. The result names its round: it is given back with what the answer says, so that all
  /// requests of one moment shrink but once.
  uint32_t begin() {
    ++under_way_;
    return round_;
  }
  /// The request took `millis`, and `refused` of its items (0 to 1) were too much for the host. Before end().
  void answered(uint32_t round, uint64_t millis, double refused = 0);
  /// The host has too much to do, or did not answer in time.
  void too_much(uint32_t round);
  /// The request is over, whatever became of it.
  void end() { --under_way_; }

 private:
  void smaller(double share, size_t least);
  void shrink(double refused);

  Bounds bounds_;
  unsigned under_way_ = 0;
  double limit_ = 2;
  size_t bytes_;
  double usual_millis_ = 0;
  uint32_t round_ = 0;
};

}  // namespace sluice::elastic
