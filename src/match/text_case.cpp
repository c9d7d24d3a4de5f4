#include "match/text_case.hpp"

#include <unicode/ucasemap.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <memory>

#include "base/utf8.hpp"

namespace sluice::match {
namespace {

size_t ascii_prefix(std::string_view text) {
  const auto* it =
      std::find_if(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) < 0; });
  return static_cast<size_t>(it - text.begin());
}

char upper_ascii(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; }
char lower_ascii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

struct CloseMap {
  void operator()(UCaseMap* map) const { ucasemap_close(map); }
};

// ICU's map for the root locale: no language's exceptions.
const UCaseMap* root_map() {
  static const std::unique_ptr<UCaseMap, CloseMap> map = [] {
    UErrorCode status = U_ZERO_ERROR;
    return std::unique_ptr<UCaseMap, CloseMap>(
        ucasemap_open("", U_TITLECASE_WHOLE_STRING | U_TITLECASE_NO_BREAK_ADJUSTMENT, &status));
  }();
  return map.get();
}

using Mapper = int32_t (*)(const UCaseMap*, char*, int32_t, const char*, int32_t, UErrorCode*);

// Appends `text` (valid UTF-8) mapped; as it is when ICU cannot.
void append_mapped(Mapper mapper, std::string_view text, std::string& out) {
  const size_t old = out.size();
  const auto source = static_cast<int32_t>(text.size());
  for (size_t room = text.size() + 16;;) {
    out.resize(old + room);
    UErrorCode status = U_ZERO_ERROR;
    const int32_t size =
        mapper(root_map(), out.data() + old, static_cast<int32_t>(room), text.data(), source, &status);
    if (status == U_BUFFER_OVERFLOW_ERROR) {
      room = static_cast<size_t>(size);
      continue;
    }
    out.resize(old + (U_FAILURE(status) ? 0 : static_cast<size_t>(size)));
    if (U_FAILURE(status)) out += text;
    return;
  }
}

int32_t to_title(const UCaseMap* map, char* out, int32_t room, const char* text, int32_t size,
                 UErrorCode* status) {
  return ucasemap_utf8ToTitle(const_cast<UCaseMap*>(map), out, room, text, size, status);
}

// Calls `mapped` for runs of valid UTF-8 and copies the bytes between them.
template <class Function>
void for_valid(std::string_view text, std::string& out, Function&& mapped) {
  while (!text.empty()) {
    const size_t valid = utf8_valid_prefix(text);
    if (valid != 0) mapped(text.substr(0, valid));
    if (valid < text.size()) out += text[valid];
    text.remove_prefix(std::min(valid + 1, text.size()));
  }
}

// Ruby maps each character for itself: a final sigma is not special, unlike in ICU's string mapping.
void append_lower_valid(std::string_view text, std::string& out) {
  for (size_t at = 0; at < text.size();) {
    const char32_t c = utf8_next(text, at);
    if (c == 0x130)
      out += "i\xCC\x87";  // the one character with a longer lower case
    else
      utf8_append(out, static_cast<char32_t>(u_tolower(static_cast<UChar32>(c))));
  }
}

}  // namespace

void append_upper(std::string_view text, std::string& out) {
  const size_t ascii = ascii_prefix(text);
  const size_t old = out.size();
  out.resize(old + ascii);
  std::transform(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(ascii),
                 out.begin() + static_cast<std::ptrdiff_t>(old), upper_ascii);
  if (ascii == text.size()) return;
  for_valid(text.substr(ascii), out,
            [&](std::string_view run) { append_mapped(ucasemap_utf8ToUpper, run, out); });
}

void append_lower(std::string_view text, std::string& out) {
  const size_t ascii = ascii_prefix(text);
  const size_t old = out.size();
  out.resize(old + ascii);
  std::transform(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(ascii),
                 out.begin() + static_cast<std::ptrdiff_t>(old), lower_ascii);
  if (ascii == text.size()) return;
  for_valid(text.substr(ascii), out, [&](std::string_view run) { append_lower_valid(run, out); });
}

void append_capitalized(std::string_view text, std::string& out) {
  if (text.empty()) return;
  size_t first = 1;
  if (static_cast<signed char>(text[0]) >= 0) {
    out += upper_ascii(text[0]);
  } else if (utf8_valid_prefix(text.substr(0, 4)) == 0) {
    out += text[0];
  } else {
    first = 0;
    utf8_next(text, first);
    append_mapped(to_title, text.substr(0, first), out);
  }
  append_lower(text.substr(first), out);
}

std::string_view strip(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && (blank(text.back()) || text.back() == '\0')) text.remove_suffix(1);
  return text;
}

}  // namespace sluice::match
