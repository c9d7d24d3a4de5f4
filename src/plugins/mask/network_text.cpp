#include "plugins/mask/network_text.hpp"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>

#include "plugins/mask/shape.hpp"

namespace sluice::plugins::mask {
namespace {

constexpr size_t kLongestLocal = 64, kLongestDomain = 253;  // RFC 5321
constexpr size_t kLongestIp = 45;                           // ::ffff:255.255.255.255 written out

// Bytes of the letter of any alphabet that ends before `at`; 0 for anything else.
size_t letter_before(std::string_view text, size_t at) {
  if (!(text[at - 1] & 0x80)) return is_letter(text[at - 1]) ? 1 : 0;
  const auto size = static_cast<int32_t>(std::min<size_t>(at, 4));
  const char* bytes = text.data() + at - size;
  int32_t begin = size;
  UChar32 c = 0;
  U8_PREV(bytes, 0, begin, c);
  return c >= 0 && u_isalpha(c) ? static_cast<size_t>(size - begin) : 0;
}

// The same of the letter that begins at `at`.
size_t letter_behind(std::string_view text, size_t at) {
  if (!(text[at] & 0x80)) return is_letter(text[at]) ? 1 : 0;
  const auto size = static_cast<int32_t>(std::min<size_t>(text.size() - at, 4));
  const char* bytes = text.data() + at;
  int32_t end = 0;
  UChar32 c = 0;
  U8_NEXT(bytes, end, size, c);
  return c >= 0 && u_isalpha(c) ? static_cast<size_t>(end) : 0;
}

bool is_local(char c) { return is_alnum(c) || c == '.' || c == '_' || c == '+' || c == '-' || c == '%'; }

// Endings that no address has, but names of files that hold an @: logo@2x.png, lodash@4.17.21.tgz.
bool is_file_ending(std::string_view label) {
  constexpr std::string_view kEndings[] = {"css",  "gif", "ico", "jpeg", "jpg", "js",
                                           "json", "map", "png", "svg",  "tgz", "webp"};
  return std::find(std::begin(kEndings), std::end(kEndings), label) != std::end(kEndings);
}

// The end of the domain that begins at `begin`, labels joined by points; 0: none. It ends with the last label
// that can be a top-level domain, so that what is joined to an address does not hide it.
size_t domain_end(std::string_view text, size_t begin) {
  const size_t limit = std::min(text.size(), begin + kLongestDomain);
  size_t found = 0;
  for (size_t at = begin; at < limit; ++at) {
    const size_t label = at;
    while (const size_t size = at < limit ? letter_behind(text, at) : 0) at += size;
    size_t top = at;  // behind the letters that the label begins with
    while (at < limit && (is_alnum(text[at]) || text[at] == '-')) ++at;
    if (at == label || text[label] == '-') break;
    if (text.substr(label, 4) == "xn--") top = at;
    if (label > begin && top >= label + 2 && !is_file_ending(text.substr(label, top - label))) found = top;
    if (at >= limit || text[at] != '.' || text[at - 1] == '-') break;
  }
  return found;
}

// Four numbers up to 255 joined by points; the end of them, or 0.
size_t v4_end(std::string_view text, size_t begin) {
  size_t at = begin;
  for (int i = 0; i < 4; ++i) {
    if (i > 0 && (at >= text.size() || text[at++] != '.')) return 0;
    int value = 0;
    const size_t first = at;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      if (at - first == 3) return 0;
      value = value * 10 + (text[at] - '0');
    }
    if (at == first || value > 255) return 0;
  }
  return at;
}

bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// A group of an address and a colon or two stand between `low` and `begin`: what begins there is the tail of
// something longer, such as the fingerprint of a certificate.
bool behind_group(std::string_view text, size_t begin, size_t low) {
  size_t end = begin;
  while (end > low && begin - end < 2 && text[end - 1] == ':') --end;
  if (end == begin) return false;
  size_t group = end;
  while (group > low && end - group < 5 && is_hex(text[group - 1])) --group;
  const size_t size = end - group;
  return size >= 1 && size <= 4 && (group == low || !is_alnum(text[group - 1]));
}

// A group of up to four hex digits and a colon, or two colons, begin at `begin`, as every IPv6 address does.
bool begins_v6(std::string_view text, size_t begin) {
  size_t at = begin;
  while (at < text.size() && at - begin < 4 && is_hex(text[at])) ++at;
  return at < text.size() && text[at] == ':';
}

size_t v6_end(std::string_view text, size_t begin) {
  size_t end = begin, colons = 0, digits = 0;
  for (; end < text.size() && end - begin <= kLongestIp; ++end) {
    const char c = text[end];
    if (c == ':')
      ++colons;
    else if (is_digit(c))
      ++digits;
    else if (!is_hex(c) && c != '.')
      break;
  }
  if (end - begin > kLongestIp || colons < 2) return 0;
  if (end < text.size() && is_alnum(text[end])) return 0;
  // Points and a colon behind it are the sentence's.
  while (end > begin && text[end - 1] == '.') --end;
  if (end >= begin + 2 && text[end - 1] == ':' && text[end - 2] != ':') --end;
  const std::string_view found = text.substr(begin, end - begin);
  // dead::beef is a name in a program rather than an address; two colons alone are nothing.
  if (digits == 0 && colons < 4) return 0;
  return address::parse(found) ? end : 0;
}

}  // namespace

EmailPlace email_around(std::string_view text, size_t at, size_t sign, size_t low) {
  const size_t floor = std::max(low, at - std::min(at, kLongestLocal + 1));
  size_t begin = at;
  while (begin > floor) {
    const size_t size = is_local(text[begin - 1]) ? 1 : letter_before(text, begin);
    if (size == 0 || begin - size < floor) break;
    begin -= size;
  }
  while (begin < at && (text[begin] == '.' || text[begin] == '-')) ++begin;
  if (begin == at || at - begin > kLongestLocal) return {};
  const size_t end = domain_end(text, at + sign);
  if (end == 0) return {};
  return {begin, end};
}

size_t ip_at(std::string_view text, size_t begin, size_t low) {
  if (begins_v6(text, begin) && !behind_group(text, begin, low))
    if (const size_t end = v6_end(text, begin)) return end;
  if (!is_digit(text[begin])) return 0;
  const size_t end = v4_end(text, begin);
  if (end == 0 || in_decimal(text, begin, end)) return 0;
  return end < text.size() && (is_alnum(text[end]) || text[end] == '_') ? 0 : end;
}

std::optional<address::IpAddress> read_ip(std::string_view text) {
  if (text.find(':') != std::string_view::npos) {
    const auto range = address::parse(text);
    if (!range) return {};
    return range->first;
  }
  uint64_t value = 0, octet = 0;
  for (const char c : text) {
    if (is_digit(c)) {
      octet = octet * 10 + static_cast<uint64_t>(c - '0');
    } else {
      value = value << 8 | octet;
      octet = 0;
    }
  }
  return address::IpAddress{false, 0, (value << 8 | octet) & 0xffffffff};
}

}  // namespace sluice::plugins::mask
