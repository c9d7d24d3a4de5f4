#include "plugins/mask/masked_form.hpp"

#include <algorithm>

#include "match/text_case.hpp"
#include "plugins/mask/network_text.hpp"
#include "plugins/mask/shape.hpp"

namespace sluice::plugins::mask {
namespace {

size_t at_sign_of(std::string_view address, size_t& size) {
  for (size_t at = 0; at < address.size(); ++at)
    if ((size = at_sign(address, at))) return at;
  size = 0;
  return address.size();
}

// Stars for all letters and digits but the first `head` and the last `tail`.
void append_stars(std::string_view found, size_t head, size_t tail, std::string& out) {
  const auto count = static_cast<size_t>(std::count_if(found.begin(), found.end(), is_alnum));
  size_t seen = 0;
  for (const char c : found) {
    const bool hidden = is_alnum(c) && seen >= head && seen + tail < count;
    if (is_alnum(c)) ++seen;
    out += hidden ? '*' : c;
  }
}

void append_network(std::string_view found, std::string& out) {
  const auto ip = read_ip(found);
  if (!ip) return;
  // ::ffff:192.0.2.7 is an IPv4 address in the clothes of an IPv6 one.
  const bool mapped = ip->v6 && ip->high == 0 && ip->low >> 32 == 0xffff;
  address::append(*address::masked(*ip, mapped ? 120 : ip->v6 ? 48 : 24), out);
}

}  // namespace

void append_normal(uint16_t kind, std::string_view found, std::string& out) {
  if (kind == email) {
    size_t size = 0;
    const size_t at = at_sign_of(found, size);
    match::append_lower(found.substr(0, at), out);
    if (size) out += '@';
    match::append_lower(found.substr(at + size), out);
  } else if (kind == ip) {
    if (const auto ip = read_ip(found)) address::append(*ip, out);
  } else if (kind < first_own) {
    for (const char c : found)
      if (is_alnum(c)) out += upper(c);
  } else {
    out += found;
  }
}

void append_partial(uint16_t kind, std::string_view found, std::string& out) {
  switch (kind) {
    case email: {
      size_t size = 0;
      const size_t at = at_sign_of(found, size);
      size_t first = 1;
      while (first < at && (found[first] & 0xC0) == 0x80) ++first;
      out += found.substr(0, first);
      out += "***";
      out += found.substr(at);
      return;
    }
    case card:
      return append_stars(found, 0, 4, out);
    case ip:
      return append_network(found, out);
    case iban:
      return append_stars(found, 2, 4, out);
    case national_id:
      return append_stars(found, 0, 2, out);
    default:
      return append_stars(found, 0, 0, out);
  }
}

}  // namespace sluice::plugins::mask
