// Places inside the text of an option, for messages about a part of it.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/span.hpp"
#include "lang/ast.hpp"

namespace sluice::plugins {

/// The place of bytes [begin, end) of the value's text. Of a text that is not written as it reads (escapes,
/// variables, several lines), the whole value.
inline Span place_in(const lang::Value& value, size_t begin, size_t end) {
  Span span = value.span;
  if (value.substituted || value.written != value.text || end > value.text.size()) return span;
  const auto before = std::string_view(value.text).substr(0, begin);
  if (before.find('\n') != std::string_view::npos) return span;
  const uint32_t quote = value.quote ? 1 : 0;
  const auto characters =
      std::count_if(before.begin(), before.end(), [](char c) { return (c & 0xc0) != 0x80; });
  span.column += quote + static_cast<uint32_t>(characters);
  span.end = span.begin + quote + static_cast<uint32_t>(end);
  span.begin += quote + static_cast<uint32_t>(begin);
  return span;
}

}  // namespace sluice::plugins
