// How much may be under way to the outputs while several senders want to get there.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::runtime {

/// What waits behind an output waits in order of arrival, so a sender that fills it up delays all others. The
/// window keeps it as small as the outputs stay busy with: it grows while batches take as long as they do
/// when little is under way, and shrinks when they take much longer, since then they only stand in a line.
/// Times are steady nanoseconds. Not thread-safe.
class Window {
 public:
  /// The window is `least` to `most` bytes.
  Window(size_t least, size_t most) : least_(least < most ? least : most), most_(most), size_(least_) {}

  /// Several senders meet (again): begins with the least.
  void begin();
  /// Whether more may go to the outputs when `under_way` bytes are there.
  bool open(size_t under_way, int64_t now);
  /// `bytes` of input go to the outputs, where `under_way` bytes are already.
  void taken(size_t under_way, size_t bytes, int64_t now);
  /// The outputs have let go a batch that was taken at `taken_at`.
  void settled(int64_t taken_at, int64_t now);

  [[nodiscard]] size_t size() const { return probing_ ? least_ : size_; }
  /// What a batch takes when little is under way; 0: not known.
  [[nodiscard]] int64_t usual_nanos() const { return usual_; }

 private:
  void end_round();
  void new_round();

  const size_t least_, most_;
  size_t size_;
  int64_t usual_ = 0;
  int64_t measured_at_ = 0;
  bool probing_ = false;
  // The last stretch of time in which little was under way.
  bool little_ = false;
  int64_t little_since_ = 0, little_until_ = 0;
  // A round: some batches that were taken when most of the window was under way.
  int64_t round_began_ = 0;  // 0: not yet
  int64_t round_nanos_ = 0;
  int round_batches_ = 0;
  bool was_full_ = false;
};

}  // namespace sluice::runtime
