// Interned field names. Two interned keys are equal when their pointers are; a key past the table's cap is an
// arena string and is compared by text, so hostile input cannot grow the table without bound.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/arena.hpp"

namespace sluice {

/// A field name: eight bytes, either an entry of the process-wide table or a text in a batch's arena (then
/// the lowest bit is set, so that comparing two interned names reads no memory). Interned entries live for
/// ever. Equality is by text.
class Key {
 public:
  struct Entry {
    uint32_t length;
    uint32_t id;      // dense number of interned keys; ~0u for arena keys
    bool json_plain;  // holds nothing that JSON would have to escape, and is valid UTF-8
    // The text between quotes with a colon behind them, as it stands in JSON if it is plain. kQuotedStep
    // bytes can be read from each multiple of kQuotedStep below the end.
    char quoted[1];
  };
  static constexpr size_t kQuotedStep = 16;

  Key() = default;
  /// `entry` is of the table, or of an arena when its id says so.
  explicit Key(const Entry* entry) : bits_(reinterpret_cast<uintptr_t>(entry) | (entry->id == ~0u ? 1 : 0)) {}

  /// The key for `text`: interned while the table has room, else a copy in `arena`. Thread-safe, and
  /// lock-free for names that this thread has met before.
  static Key of(std::string_view text, Arena& arena);
  /// The key for a name of the config or of the program: always interned.
  static Key intern(std::string_view text);

  [[nodiscard]] std::string_view text() const { return {entry()->quoted + 1, entry()->length}; }
  /// `"text":`; see Entry::quoted.
  [[nodiscard]] std::string_view quoted() const { return {entry()->quoted, entry()->length + size_t{3}}; }
  [[nodiscard]] bool json_plain() const { return entry()->json_plain; }
  [[nodiscard]] bool interned() const { return (bits_ & 1) == 0; }
  [[nodiscard]] uint32_t id() const { return entry()->id; }
  [[nodiscard]] bool null() const { return bits_ == 0; }

  /// The same entry. Different entries have different texts when both are interned.
  [[nodiscard]] bool identical(Key other) const { return bits_ == other.bits_; }
  friend bool operator==(Key a, Key b) {
    if (a.bits_ == b.bits_) return true;
    if (((a.bits_ | b.bits_) & 1) == 0) return false;
    return a.text() == b.text();
  }

  /// How many distinct names input may add to the table (names past it stay in their batch).
  static constexpr uint32_t kCap = 1u << 16;

 private:
  [[nodiscard]] const Entry* entry() const { return reinterpret_cast<const Entry*>(bits_ & ~uintptr_t{1}); }
  uintptr_t bits_ = 0;
};

/// Number of interned names, for metrics and tests.
uint32_t interned_key_count();

}  // namespace sluice
