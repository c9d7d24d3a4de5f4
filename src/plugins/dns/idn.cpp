#include "plugins/dns/idn.hpp"

#include <unicode/uidna.h>

#include <algorithm>
#include <memory>

#include "base/utf8.hpp"

namespace sluice::plugins::dns {
namespace {

constexpr size_t kLongestName = 253, kLongestLabel = 63;  // RFC 1035

struct Close {
  void operator()(UIDNA* idna) const { uidna_close(idna); }
};

// Null when ICU has no data for it.
const UIDNA* idna() {
  static const std::unique_ptr<UIDNA, Close> instance = [] {
    UErrorCode error = U_ZERO_ERROR;
    std::unique_ptr<UIDNA, Close> opened(uidna_openUTS46(UIDNA_DEFAULT, &error));
    if (U_FAILURE(error)) opened.reset();
    return opened;
  }();
  return instance.get();
}

using Convert = int32_t (*)(const UIDNA*, const char*, int32_t, char*, int32_t, UIDNAInfo*, UErrorCode*);

bool converted(Convert convert, std::string_view name, std::string& out) {
  if (!idna() || name.size() > 4 * kLongestName) return false;
  out.resize(4 * kLongestName);
  UIDNAInfo info = UIDNA_INFO_INITIALIZER;
  UErrorCode error = U_ZERO_ERROR;
  const int32_t size = convert(idna(), name.data(), static_cast<int32_t>(name.size()), out.data(),
                               static_cast<int32_t>(out.size()), &info, &error);
  if (U_FAILURE(error) || info.errors || size < 0 || static_cast<size_t>(size) > out.size()) return false;
  out.resize(static_cast<size_t>(size));
  return true;
}

bool labels_fit(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > kLongestName) return false;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    if (end == begin || end - begin > kLongestLabel) return false;
    begin = end + 1;
  }
  return true;
}

}  // namespace

std::optional<std::string> to_ascii(std::string_view name) {
  std::string out;
  if (is_ascii(name))
    out = name;
  else if (!converted(uidna_nameToASCII_UTF8, name, out))
    return {};
  // Blanks and control characters are in no name, and a backslash is an escape to the resolver.
  const bool legal = std::none_of(out.begin(), out.end(),
                                  [](char c) { return (c >= 0 && c <= ' ') || c == 0x7f || c == '\\'; });
  if (!legal || !labels_fit(out)) return {};
  return out;
}

std::string to_unicode(std::string_view name) {
  std::string out;
  if (name.find("xn--") == std::string_view::npos || !converted(uidna_nameToUnicodeUTF8, name, out))
    return std::string(name);
  return out;
}

}  // namespace sluice::plugins::dns
