// Events as bytes that only Sluice reads: what the persistent queue keeps. Half the size of JSON's work:
// names are written once for many events, numbers and text as they are in memory.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/buffer.hpp"
#include "event/batch.hpp"

namespace sluice {

/// Writes events of one batch. Keeps its tables for the next call; not thread-safe.
class BinaryWriter {
 public:
  /// Appends `events` of `batch` to `out`: fields, @metadata, and where each came from.
  void write(const Batch& batch, std::span<Event* const> events, Buffer& out);

 private:
  class Pen;
  uint32_t number_of(Key key);

  std::vector<uint32_t> numbers_;  // by the id of an interned key: its place in names_, plus one
  std::vector<Key> names_;
};

/// Appends the `count` events of `bytes`, as written, to `batch`, whose strings then point into `bytes`.
/// False when they are not what a BinaryWriter wrote: the batch may then hold some of them. Safe for any
/// bytes.
bool read_binary(std::string_view bytes, uint32_t count, Batch& batch);

}  // namespace sluice
