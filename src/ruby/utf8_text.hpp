// Characters of Ruby strings: UTF-8 where it is valid, single bytes where it is not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::ruby {

/// True when every character is one byte (no byte has its high bit set).
bool single_bytes(std::string_view text);

/// Length of the character at `text[at]` in bytes; an invalid byte is a character of its own.
size_t char_size(std::string_view text, size_t at);

/// The code point at `text[at]` (an invalid byte: 0xDC00 + byte, which no text holds), moving `at` behind it.
char32_t next_char(std::string_view text, size_t& at);
/// Appends what next_char() gave.
void append_char(std::string& out, char32_t c);

size_t char_count(std::string_view text);
/// Byte offset of character `index` (text.size() behind the end).
size_t byte_of_char(std::string_view text, size_t index);

}  // namespace sluice::ruby
