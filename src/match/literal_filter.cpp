#include "match/literal_filter.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "match/required.hpp"

namespace sluice::match {
namespace {

constexpr size_t kMostLiterals = 4096;

uint32_t three_bytes(const char* at) {
  unsigned char bytes[3];
  std::memcpy(bytes, at, 3);
  return bytes[0] | static_cast<uint32_t>(bytes[1]) << 8 | static_cast<uint32_t>(bytes[2]) << 16;
}

// The same where a fourth can be read.
uint32_t three_of_four_bytes(const char* at) {
  static_assert(std::endian::native == std::endian::little);
  uint32_t four;
  std::memcpy(&four, at, sizeof four);
  return four & 0xFFFFFF;
}

// Where the three bytes stand that meet the fewest places of other texts.
size_t rarest_window(std::string_view text) {
  const auto frequency = [&](size_t at) {
    int sum = 0;
    for (size_t i = at; i < at + 3; ++i) sum += byte_frequency(static_cast<unsigned char>(text[i]));
    return sum;
  };
  size_t best = 0;
  for (size_t i = 1; i + 3 <= text.size(); ++i) {
    if (frequency(i) < frequency(best)) best = i;
  }
  return best;
}

}  // namespace

LiteralFilter::LiteralFilter(std::span<const Required> expressions) {
  // Numbers of literals: a row that each expression has, and the rows of its choices.
  using Row = std::vector<uint16_t>;
  std::vector<std::vector<Row>> rows;
  const auto fits = [](const std::string& text) { return text.size() >= kWindow; };
  for (const auto& required : expressions) {
    auto& mine = rows.emplace_back(1);
    for (const auto& text : required.literals) {
      if (fits(text) && literals_.size() < kMostLiterals) mine[0].push_back(add(text));
    }
    for (const auto& choice : required.choices) {
      if (literals_.size() + choice.size() > kMostLiterals) break;
      if (!std::all_of(choice.begin(), choice.end(), fits)) continue;
      Row& row = mine.emplace_back();
      for (const auto& text : choice) row.push_back(add(text));
    }
  }
  words_ = (literals_.size() + 63) / 64;
  for (const auto& mine : rows) {
    const size_t begin = bits_.size();
    for (const Row& row : mine) {
      bits_.resize(bits_.size() + words_);
      for (const uint16_t literal : row)
        bits_[bits_.size() - words_ + literal / 64] |= uint64_t{1} << literal % 64;
    }
    clauses_.push_back({begin, bits_.size()});
  }
}

bool LiteralFilter::has_choices(const Clauses& clauses, const Found& found) const {
  for (size_t row = clauses.begin + words_; row < clauses.end; row += words_) {
    uint64_t any = 0;
    for (size_t i = 0; i < words_; ++i) any |= bits_[row + i] & found[i];
    if (!any) return false;
  }
  return true;
}

uint16_t LiteralFilter::add(const std::string& text) {
  const auto known = std::find_if(literals_.begin(), literals_.end(),
                                  [&](const auto& literal) { return literal.text == text; });
  if (known != literals_.end()) return static_cast<uint16_t>(known - literals_.begin());
  if (slots_.empty()) slots_.resize(size_t{1} << kSlotBits);
  const size_t window = rarest_window(text);
  uint16_t& slot = slots_[slot_of(three_bytes(text.data() + window))];
  literals_.push_back({text, window, slot});
  slot = static_cast<uint16_t>(literals_.size());
  return static_cast<uint16_t>(literals_.size() - 1);
}

void LiteralFilter::scan(std::string_view text, Found& found) const {
  found.assign(words_, 0);
  if (literals_.empty() || text.size() < kWindow) return;
  const char* const data = text.data();
  const size_t last = text.size() - kWindow;
  for (size_t at = 0; at < last; ++at) {
    const uint16_t literal = slots_[slot_of(three_of_four_bytes(data + at))];
    if (literal != 0) check(text, at, literal, found);
  }
  check(text, last, slots_[slot_of(three_bytes(data + last))], found);
}

void LiteralFilter::check(std::string_view text, size_t at, uint16_t literal, Found& found) const {
  for (; literal != 0; literal = literals_[literal - 1u].next) {
    const Literal& one = literals_[literal - 1u];
    uint64_t& word = found[(literal - 1u) / 64];
    const uint64_t bit = uint64_t{1} << (literal - 1u) % 64;
    if ((word & bit) || at < one.window || text.size() - (at - one.window) < one.text.size()) continue;
    if (std::memcmp(text.data() + at - one.window, one.text.data(), one.text.size()) == 0) word |= bit;
  }
}

}  // namespace sluice::match
