// Cuts a stream of bytes into whole MessagePack objects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/arena.hpp"

namespace sluice::plugins::msgpack {

/// The cutter of one stream. Every byte is looked at once, however the stream is cut; what is kept is at most
/// `limit` bytes and a chunk.
class ObjectCutter {
 public:
  explicit ObjectCutter(size_t limit) : limit_(limit) {}

  enum class Outcome : uint8_t { object, more, malformed, too_long };

  /// Takes the next object off `rest`: a view of `rest`, or of `arena` when it began in an earlier chunk.
  /// `more`: what remains of `rest` is kept. After `malformed` and `too_long` call drop().
  Outcome next(std::string_view& rest, Arena& arena, std::string_view& object);
  /// Gives what is kept, with `rest` behind it, and forgets it.
  std::string_view drop(std::string_view rest, Arena& arena);
  [[nodiscard]] bool pending() const { return !carry_.empty(); }

 private:
  Outcome scan(std::string_view bytes);
  void restart();

  size_t limit_;
  std::string carry_;
  size_t at_ = 0;  // behind the last header (and its bytes) that was looked at, from the object's begin
  uint64_t outstanding_ = 1;  // objects that are still to come, nested ones included
};

/// `a` and `b` as one text: a view when `b` follows `a` in memory.
std::string_view joined(std::string_view a, std::string_view b, Arena& arena);

}  // namespace sluice::plugins::msgpack
