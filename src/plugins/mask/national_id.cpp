#include "plugins/mask/national_id.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <iterator>

#include "plugins/mask/check_digits.hpp"
#include "plugins/mask/shape.hpp"

namespace sluice::plugins::mask {
namespace {

bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), is_digit); }
int two(std::string_view text, size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); }

// CPF: two check digits.
bool brazilian(std::string_view, size_t, const Taken& taken) { return cpf_valid(taken.view()); }

// Steuer-Identifikationsnummer: of the first ten digits one stands there twice or three times and the others
// once at most; the eleventh is a check digit.
bool german(std::string_view, size_t, const Taken& taken) {
  const auto digits = taken.view();
  if (digits[0] == '0') return false;
  std::array<int, 10> counts{};
  for (const char c : digits.substr(0, 10)) ++counts[static_cast<size_t>(c - '0')];
  const auto repeated = std::count_if(counts.begin(), counts.end(), [](int n) { return n > 1; });
  const int most = *std::max_element(counts.begin(), counts.end());
  return repeated == 1 && most <= 3 && mod_11_10_valid(digits);
}

bool dni(std::string_view, size_t, const Taken& taken) { return dni_valid(taken.view()); }

// NIE: X, Y or Z stand for 0, 1 and 2 of a DNI.
bool nie(std::string_view, size_t, const Taken& taken) {
  const size_t first = std::string_view("XYZ").find(taken.text[0]);
  if (first == std::string_view::npos) return false;
  Taken as_dni = taken;
  as_dni.text[0] = static_cast<char>('0' + first);
  return dni_valid(as_dni.view());
}

// Numéro d'inscription au répertoire: sex, year, month, department (2A and 2B: Corsica), place, order, key.
bool french(std::string_view, size_t, const Taken& taken) {
  const auto number = taken.view();
  if (std::string_view("123478").find(number[0]) == std::string_view::npos) return false;
  if (!is_digit(number[6]) && (number[5] != '2' || (number[6] != 'A' && number[6] != 'B'))) return false;
  const int month = two(number, 3);
  if (month == 0 || (month > 12 && month < 20)) return false;
  return insee_valid(number);
}

// National Insurance number: no check digit, but letters that are never given out.
bool british(std::string_view, size_t, const Taken& taken) {
  constexpr std::string_view kNever = "DFIQUV";
  constexpr std::string_view kPrefixes = "BG GB KN NK NT TN ZZ";
  const auto number = taken.view();
  return kNever.find(number[0]) == std::string_view::npos &&
         kNever.find(number[1]) == std::string_view::npos && number[1] != 'O' &&
         kPrefixes.find(number.substr(0, 2)) == std::string_view::npos && number[8] <= 'D';
}

// Aadhaar: Verhoeff's check digit.
bool indian(std::string_view, size_t, const Taken& taken) {
  return taken.text[0] >= '2' && verhoeff_valid(taken.view());
}

// Codice fiscale: a digit may be replaced by one of ten letters when two persons would have the same code.
bool italian(std::string_view, size_t, const Taken& taken) {
  constexpr std::string_view kDigits = "0123456789LMNPQRSTUV";
  const auto code = taken.view();
  for (const size_t place : {6, 7, 9, 10, 12, 13, 14})
    if (kDigits.find(code[place]) == std::string_view::npos) return false;
  return std::string_view("ABCDEHLMPRST").find(code[8]) != std::string_view::npos &&
         codice_fiscale_valid(code);
}

// Social Security number: no check digit, but numbers that are never given out. Nine digits in one piece are
// too many other things.
bool american(std::string_view text, size_t begin, const Taken& taken) {
  const auto number = taken.view();
  return taken.separated && number[0] != '9' && !number.starts_with("000") && !number.starts_with("666") &&
         two(number, 3) != 0 && number.substr(5) != "0000" && !hyphenated(text, begin, taken.end);
}

constexpr uint32_t bits(std::initializer_list<unsigned> numbers) {
  uint32_t all = 0;
  for (const unsigned n : numbers) all |= 1u << n;
  return all;
}

struct Form {
  Countries country;
  bool digits;     // it begins with digits rather than letters,
  uint32_t leads;  // so many of them in a row (bits), which rules most words out at once
  std::string_view shape;
  bool (*is_one)(std::string_view text, size_t begin, const Taken& taken);
};

constexpr Form kForms[] = {
    {1 << 3, true, bits({1, 6, 15}), "9 99 99 9X 999 999 99", french},
    {1 << 0, true, bits({3, 11}), "999.999.999-99", brazilian},
    {1 << 1, true, bits({2, 11}), "99 999 999 999", german},
    {1 << 5, true, bits({4, 12}), "9999 9999 9999", indian},
    {1 << 7, true, bits({3}), "999 99 9999", american},
    {1 << 2, true, bits({8}), "99999999-A", dni},
    {1 << 2, false, bits({1}), "A-9999999-A", nie},
    {1 << 4, false, bits({2}), "AA 99 99 99 A", british},
    {1 << 6, false, bits({6}), "AAAAAAXXAXXAXXXA", italian},
};

constexpr size_t kLongestLead = 16;

}  // namespace

std::optional<Countries> country_of(std::string_view code) {
  const auto* found = std::find(std::begin(kCountryNames), std::end(kCountryNames), code);
  if (found == std::end(kCountryNames)) return {};
  return Countries{1} << (found - std::begin(kCountryNames));
}

size_t national_id_at(std::string_view text, size_t begin, Countries countries) {
  const bool digits = is_digit(text[begin]);
  size_t lead = 1;
  while (lead < kLongestLead && begin + lead < text.size() &&
         (digits ? is_digit(text[begin + lead]) : is_letter(text[begin + lead])))
    ++lead;
  Taken taken;
  for (const auto& form : kForms) {
    if (form.digits != digits || !(form.leads >> lead & 1) || !(form.country & countries) ||
        !take(text, begin, form.shape, taken))
      continue;
    if (all_digits(taken.view()) && in_decimal(text, begin, taken.end)) continue;
    if (form.is_one(text, begin, taken)) return taken.end;
  }
  return 0;
}

}  // namespace sluice::plugins::mask
