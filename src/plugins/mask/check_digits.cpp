#include "plugins/mask/check_digits.hpp"

#include <cstdint>

namespace sluice::plugins::mask {
namespace {

int digit(char c) { return c - '0'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// `value` carried on over the digits of `text`, a letter counting for two (A is 10).
uint32_t mod_97(std::string_view text, uint32_t value) {
  for (const char c : text)
    value = is_digit(c) ? (value * 10 + static_cast<uint32_t>(digit(c))) % 97
                        : (value * 100 + static_cast<uint32_t>(c - 'A' + 10)) % 97;
  return value;
}

}  // namespace

bool luhn_valid(std::string_view digits) {
  int sum = 0;
  bool doubled = false;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, doubled = !doubled) {
    const int value = digit(*at) * (doubled ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 == 0;
}

bool iban_valid(std::string_view iban) { return mod_97(iban.substr(0, 4), mod_97(iban.substr(4), 0)) == 1; }

bool mod_11_10_valid(std::string_view digits) {
  int product = 10;
  for (const char c : digits.substr(0, digits.size() - 1)) {
    const int sum = (digit(c) + product) % 10;
    product = (sum == 0 ? 10 : sum) * 2 % 11;
  }
  return (11 - product) % 10 == digit(digits.back());
}

bool verhoeff_valid(std::string_view digits) {
  constexpr const char* kProduct[] = {"0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
                                      "5987604321", "6598710432", "7659821043", "8765932104", "9876543210"};
  constexpr const char* kTurn[] = {"0123456789", "1576283094", "5803796142", "8916043527",
                                   "9453126870", "4286573901", "2793806415", "7046913258"};
  int state = 0;
  size_t place = 0;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, ++place)
    state = digit(kProduct[state][digit(kTurn[place % 8][digit(*at)])]);
  return state == 0;
}

bool cpf_valid(std::string_view digits) {
  if (digits.find_first_not_of(digits[0]) == std::string_view::npos) return false;
  for (size_t checked = 9; checked < 11; ++checked) {
    int sum = 0;
    for (size_t i = 0; i < checked; ++i) sum += digit(digits[i]) * static_cast<int>(checked + 1 - i);
    if (sum * 10 % 11 % 10 != digit(digits[checked])) return false;
  }
  return true;
}

bool insee_valid(std::string_view number) {
  uint64_t value = 0;
  for (size_t i = 0; i < 13; ++i) {
    const char c = number[i];
    value = value * 10 + (c == 'A' ? 9 : c == 'B' ? 8 : static_cast<uint64_t>(digit(c)));
  }
  // 2A counts as 19 and 2B as 18.
  if (number[6] == 'A' || number[6] == 'B') value -= 10'000'000;
  const auto key = static_cast<uint64_t>(digit(number[13]) * 10 + digit(number[14]));
  return key == 97 - value % 97;
}

bool dni_valid(std::string_view number) {
  uint32_t value = 0;
  for (const char c : number.substr(0, 8)) value = value * 10 + static_cast<uint32_t>(digit(c));
  return std::string_view("TRWAGMYFPDXBNJZSQVHLCKE")[value % 23] == number[8];
}

bool codice_fiscale_valid(std::string_view code) {
  constexpr int kOdd[] = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                          20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
  int sum = 0;
  for (size_t i = 0; i < 15; ++i) {
    const int value = is_digit(code[i]) ? digit(code[i]) : code[i] - 'A';
    sum += i % 2 == 0 ? kOdd[value] : value;
  }
  return sum % 26 == code[15] - 'A';
}

}  // namespace sluice::plugins::mask
