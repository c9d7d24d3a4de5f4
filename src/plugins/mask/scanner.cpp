#include "plugins/mask/scanner.hpp"

#include <array>

#include "plugins/mask/network_text.hpp"
#include "plugins/mask/payment.hpp"
#include "plugins/mask/shape.hpp"

namespace sluice::plugins::mask {
namespace {

enum Class : uint8_t { kLetter = 1, kDigit = 2, kSign = 4 };

constexpr auto kClasses = [] {
  std::array<uint8_t, 256> classes{};
  for (unsigned char c = 'a'; c <= 'z'; ++c) classes[c] = classes[c - 'a' + 'A'] = kLetter;
  for (unsigned char c = '0'; c <= '9'; ++c) classes[c] = kDigit;
  classes['@'] = classes['%'] = classes[':'] = kSign;
  return classes;
}();

uint8_t class_of(char c) { return kClasses[static_cast<unsigned char>(c)]; }

// ::1 begins with its colons; the colons of Rack::C2 belong to a name.
bool begins_with_gap(std::string_view text, size_t at, size_t low) {
  return text.substr(at, 2) == "::" && (at == low || !is_alnum(text[at - 1]));
}

}  // namespace

void Scanner::scan(std::string_view text, std::vector<Span>& found) const {
  size_t low = 0;  // behind the last find
  const auto take = [&](const Span& span) {
    found.push_back(span);
    return low = span.end;
  };
  for (size_t at = 0; at < text.size();) {
    const uint8_t kind = class_of(text[at]);
    if (kind & (kLetter | kDigit)) {
      const size_t begin = at;
      uint8_t seen = 0;
      for (uint8_t c = kind; c & (kLetter | kDigit); c = at < text.size() ? class_of(text[at]) : 0) {
        seen |= c;
        ++at;
      }
      // A word without a digit is of interest in front of a colon (IPv6) or when it is the letters that some
      // numbers begin with.
      const bool leads = at - begin <= 2 && at + 1 < text.size() && class_of(text[at + 1]) == kDigit;
      const bool colon = at < text.size() && text[at] == ':';
      if (!(seen & kDigit) && !leads && !colon) continue;
      if (const Span span = at_word(text, begin, low); span.end) at = take(span);
    } else if (kind == kSign) {
      const size_t sign = wants(email) ? at_sign(text, at) : 0;
      const EmailPlace place = sign ? email_around(text, at, sign, low) : EmailPlace{};
      if (place.end)
        at = take({place.begin, place.end, email});
      else if (const size_t end = wants(ip) && begins_with_gap(text, at, low) ? ip_at(text, at, low) : 0)
        at = take({at, end, ip});
      else
        ++at;
    } else {
      ++at;
    }
  }
}

Span Scanner::at_word(std::string_view text, size_t begin, size_t low) const {
  if (wants(ip))
    if (const size_t end = ip_at(text, begin, low)) return {begin, end, ip};
  if (wants(card) && is_digit(text[begin]))
    if (const size_t end = card_at(text, begin)) return {begin, end, card};
  if (wants(iban))
    if (const size_t end = iban_at(text, begin)) return {begin, end, iban};
  if (wants(national_id))
    if (const size_t end = national_id_at(text, begin, countries_)) return {begin, end, national_id};
  return {};
}

}  // namespace sluice::plugins::mask
