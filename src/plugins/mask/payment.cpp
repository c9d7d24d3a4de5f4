#include "plugins/mask/payment.hpp"

#include <algorithm>
#include <cstdint>

#include "plugins/mask/check_digits.hpp"
#include "plugins/mask/shape.hpp"

namespace sluice::plugins::mask {
namespace {

// The numbers of digits `first` to `last` as bits.
constexpr uint32_t lengths(unsigned first, unsigned last) {
  return ((2u << last) - 1) & ~((1u << first) - 1);
}

struct Brand {
  uint16_t first, last;  // of the first four digits
  uint32_t lengths;
};

// Ranges of issuer numbers, ISO/IEC 7812. What no brand uses (numbers that begin with 0, 1, 7, 8 or 9: times
// in milliseconds, article numbers) is no card.
constexpr Brand kBrands[] = {
    {2200, 2204, lengths(16, 19)},                                      // Mir
    {2221, 2720, lengths(16, 16)},                                      // Mastercard
    {3000, 3059, lengths(14, 19)},                                      // Diners Club
    {3095, 3095, lengths(14, 19)},                                      // Diners Club
    {3400, 3499, lengths(15, 15)},                                      // American Express
    {3528, 3589, lengths(16, 19)},                                      // JCB
    {3600, 3699, lengths(14, 19)},                                      // Diners Club
    {3700, 3799, lengths(15, 15)},                                      // American Express
    {3800, 3999, lengths(14, 19)},                                      // Diners Club
    {4000, 4999, lengths(13, 13) | lengths(16, 16) | lengths(19, 19)},  // Visa
    {5000, 5099, lengths(13, 19)},                                      // Maestro
    {5100, 5599, lengths(16, 16)},                                      // Mastercard
    {5600, 5899, lengths(13, 19)},                                      // Maestro
    {6000, 6999, lengths(13, 19)},                                      // Discover, UnionPay, RuPay, Maestro
};

constexpr size_t kShortest = 13, kLongest = 19;
constexpr std::string_view kGroups[] = {"9999 9999 9999 9999 999", "9999 9999 9999 9999", "9999 999999 99999",
                                        "9999 999999 9999"};

bool is_card(std::string_view digits) {
  int first = 0;
  for (size_t i = 0; i < 4; ++i) first = first * 10 + (digits[i] - '0');
  const auto* brand = std::find_if(std::begin(kBrands), std::end(kBrands),
                                   [&](const Brand& b) { return first >= b.first && first <= b.last; });
  return brand != std::end(kBrands) && (brand->lengths >> digits.size() & 1) != 0 && luhn_valid(digits);
}

// Lengths of IBANs (SWIFT's registry), by country.
constexpr std::string_view kLengths =
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18"
    "FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27"
    "MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27"
    "SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";

size_t iban_length(char first, char second) {
  for (size_t i = 0; i < kLengths.size(); i += 4)
    if (kLengths[i] == first && kLengths[i + 1] == second)
      return static_cast<size_t>((kLengths[i + 2] - '0') * 10 + (kLengths[i + 3] - '0'));
  return 0;
}

}  // namespace

size_t card_at(std::string_view text, size_t begin) {
  size_t end = begin;
  while (end < text.size() && end - begin <= kLongest && is_digit(text[end])) ++end;
  const size_t run = end - begin;
  if (run >= kShortest && run <= kLongest) {
    const bool apart = end == text.size() || !is_alnum(text[end]);
    return apart && !in_decimal(text, begin, end) && is_card(text.substr(begin, run)) ? end : 0;
  }
  if (run != 4 || end + 1 >= text.size() || !is_digit(text[end + 1])) return 0;
  Taken taken;
  for (const auto groups : kGroups)
    if (take(text, begin, groups, taken) && !hyphenated(text, begin, taken.end) && is_card(taken.view()))
      return taken.end;
  return 0;
}

size_t iban_at(std::string_view text, size_t begin) {
  if (begin + 15 > text.size() || !is_letter(text[begin]) || !is_letter(text[begin + 1]) ||
      !is_digit(text[begin + 2]) || !is_digit(text[begin + 3]))
    return 0;
  const size_t length = iban_length(upper(text[begin]), upper(text[begin + 1]));
  if (length == 0) return 0;
  const bool grouped = text[begin + 4] == ' ';
  Taken taken;
  size_t at = begin;
  while (taken.size < length && at < text.size()) {
    if (grouped && taken.size > 0 && taken.size % 4 == 0 && text[at++] != ' ') return 0;
    if (at >= text.size() || !is_alnum(text[at])) return 0;
    taken.push(text[at++]);
  }
  const bool apart = at >= text.size() || !is_alnum(text[at]);
  return taken.size == length && apart && iban_valid(taken.view()) ? at : 0;
}

}  // namespace sluice::plugins::mask
