// Finds personal data in a text, in one pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "plugins/mask/national_id.hpp"

namespace sluice::plugins::mask {

/// What is looked for. Values from `first_own` on stand for the patterns of a config, in their order.
enum Kind : uint16_t { email, card, ip, iban, national_id, first_own };
inline constexpr std::string_view kKindNames[] = {"email", "card", "ip", "iban", "national_id"};

/// Bytes [begin, end) of a text are of a kind.
struct Span {
  size_t begin = 0, end = 0;
  uint16_t kind = 0;
  bool joined = false;  // holds parts of other kinds, too
};

/// Looks for the built-in kinds. Immutable, safe for all threads. The time is linear in the text: what a
/// place is compared with has a bounded length.
class Scanner {
 public:
  /// `kinds`: bit 1 << kind of each kind to look for.
  Scanner(uint32_t kinds, Countries countries) : kinds_(kinds), countries_(countries) {}

  /// Appends what `text` holds, in order and without overlaps. Any bytes may stand in the text.
  void scan(std::string_view text, std::vector<Span>& found) const;

 private:
  [[nodiscard]] bool wants(Kind kind) const { return (kinds_ >> kind & 1) != 0; }
  [[nodiscard]] Span at_word(std::string_view text, size_t begin, size_t low) const;

  uint32_t kinds_;
  Countries countries_;
};

}  // namespace sluice::plugins::mask
