#include "match/literal_filter.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#ifdef __x86_64__
#include <immintrin.h>
#endif

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
  expression_words_ = (clauses_.size() + 63) / 64;
  opened_.resize((literals_.size() + 1) * expression_words_);
  for (size_t i = 0; i < clauses_.size(); ++i) add_opening(i);
  add_wide();
}

bool LiteralFilter::holds(const Clauses& clauses, const Bits& literals) const {
  const uint64_t* needed = bits_.data() + clauses.begin;
  for (size_t i = 0; i < words_; ++i)
    if (needed[i] & ~literals[i]) return false;
  for (size_t row = clauses.begin + words_; row < clauses.end; row += words_) {
    uint64_t any = 0;
    for (size_t i = 0; i < words_; ++i) any |= bits_[row + i] & literals[i];
    if (!any) return false;
  }
  return true;
}

// Finds the literals of which one has to be there before the others are asked for.
void LiteralFilter::add_opening(size_t expression) {
  const auto open = [&](size_t row) {
    opened_[row * expression_words_ + expression / 64] |= uint64_t{1} << expression % 64;
  };
  const Clauses& clauses = clauses_[expression];
  for (size_t row = clauses.begin; row < clauses.end; row += words_) {
    bool some = false;
    for (size_t i = 0; i < literals_.size(); ++i) {
      if ((bits_[row + i / 64] >> i % 64 & 1) == 0) continue;
      open(i + 1);
      some = true;
      if (row == clauses.begin) return;  // all of these are needed: one says enough
    }
    if (some) return;
  }
  open(0);
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
  Bits &literals = found.literals_, &expressions = found.expressions_;
  find_literals(text, literals);
  expressions.assign(opened_.begin(), opened_.begin() + static_cast<ptrdiff_t>(expression_words_));
  for (size_t word = 0; word < words_; ++word) {
    for (uint64_t rest = literals[word]; rest != 0; rest &= rest - 1) {
      const size_t literal = word * 64 + static_cast<size_t>(std::countr_zero(rest));
      for (size_t i = 0; i < expression_words_; ++i)
        expressions[i] |= opened_[(literal + 1) * expression_words_ + i];
    }
  }
  for (size_t word = 0; word < expression_words_; ++word) {
    for (uint64_t rest = expressions[word]; rest != 0; rest &= rest - 1) {
      const auto bit = static_cast<size_t>(std::countr_zero(rest));
      if (!holds(clauses_[word * 64 + bit], literals)) expressions[word] &= ~(uint64_t{1} << bit);
    }
  }
}

size_t LiteralFilter::next(size_t from, const Found& found) const {
  for (; from < size(); from = (from / 64 + 1) * 64) {
    const uint64_t rest = found.expressions_[from / 64] >> from % 64;
    if (rest != 0) return from + static_cast<size_t>(std::countr_zero(rest));
  }
  return size();
}

void LiteralFilter::find_literals(std::string_view text, Bits& literals) const {
  literals.assign(words_, 0);
  if (literals_.empty() || text.size() < kWindow) return;
  const char* const data = text.data();
  const size_t last = text.size() - kWindow;
  for (size_t at = is_wide_ ? find_wide(text, literals) : 0; at < last; ++at) {
    const uint16_t literal = slots_[slot_of(three_of_four_bytes(data + at))];
    if (literal != 0) check(text, at, literal, literals);
  }
  check(text, last, slots_[slot_of(three_bytes(data + last))], literals);
}

#ifdef __x86_64__
void LiteralFilter::add_wide() {
  is_wide_ = __builtin_cpu_supports("avx2") && !literals_.empty() && literals_.size() <= kMostWide;
  if (!is_wide_) return;
  std::vector<std::string_view> windows;
  for (const auto& literal : literals_)
    windows.push_back(std::string_view(literal.text).substr(literal.window, kWindow));
  std::sort(windows.begin(), windows.end());  // so that those in one group have bytes in common
  for (size_t i = 0; i < windows.size(); ++i) {
    const auto group = static_cast<uint8_t>(1u << (i * 8 / windows.size()));
    for (size_t j = 0; j < kWindow; ++j) {
      const auto byte = static_cast<unsigned char>(windows[i][j]);
      wide_[j].low[byte & 15] |= group;
      wide_[j].high[byte >> 4] |= group;
    }
  }
}

namespace {

// For each of 32 bytes the groups that have it at one place of their windows.
__attribute__((target("avx2"))) inline __m256i groups_of(const char* from, const uint8_t* low_table,
                                                         const uint8_t* high_table) {
  const __m256i half = _mm256_set1_epi8(15),
                bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(from)),
                lows = _mm256_broadcastsi128_si256(*reinterpret_cast<const __m128i*>(low_table)),
                highs = _mm256_broadcastsi128_si256(*reinterpret_cast<const __m128i*>(high_table));
  return _mm256_and_si256(_mm256_shuffle_epi8(lows, _mm256_and_si256(bytes, half)),
                          _mm256_shuffle_epi8(highs, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half)));
}

}  // namespace

__attribute__((target("avx2"))) size_t LiteralFilter::find_wide(std::string_view text, Bits& literals) const {
  constexpr size_t kStep = sizeof(__m256i), kRead = kStep + kWindow;  // a byte behind the last window, too
  if (text.size() < kRead) return 0;
  const char* const data = text.data();
  // The last step ends with the text: what it looks at once more is found once.
  const size_t last = text.size() - kRead;
  for (size_t at = 0;; at = std::min(at + kStep, last)) {
    const __m256i first = groups_of(data + at, wide_[0].low, wide_[0].high),
                  second = groups_of(data + at + 1, wide_[1].low, wide_[1].high),
                  third = groups_of(data + at + 2, wide_[2].low, wide_[2].high);
    const __m256i groups = _mm256_and_si256(first, _mm256_and_si256(second, third));
    const __m256i none = _mm256_cmpeq_epi8(groups, _mm256_setzero_si256());
    for (auto some = ~static_cast<uint32_t>(_mm256_movemask_epi8(none)); some != 0; some &= some - 1) {
      const size_t place = at + static_cast<size_t>(std::countr_zero(some));
      check(text, place, slots_[slot_of(three_of_four_bytes(data + place))], literals);
    }
    if (at == last) return at + kStep;
  }
}
#else
void LiteralFilter::add_wide() {}
size_t LiteralFilter::find_wide(std::string_view, Bits&) const { return 0; }
#endif

void LiteralFilter::check(std::string_view text, size_t at, uint16_t literal, Bits& literals) const {
  for (; literal != 0; literal = literals_[literal - 1u].next) {
    const Literal& one = literals_[literal - 1u];
    uint64_t& word = literals[(literal - 1u) / 64];
    const uint64_t bit = uint64_t{1} << (literal - 1u) % 64;
    if ((word & bit) || at < one.window || text.size() - (at - one.window) < one.text.size()) continue;
    if (std::memcmp(text.data() + at - one.window, one.text.data(), one.text.size()) == 0) word |= bit;
  }
}

}  // namespace sluice::match
