// UTF-8 checks and repairs used wherever text enters or leaves the engine.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

class Arena;

/// True when `text` is valid UTF-8 (no surrogates, no overlong forms, nothing above U+10FFFF).
bool utf8_valid(std::string_view text);

/// True when `text` can stand between JSON quotes as it is: valid UTF-8 without `"`, `\` and control
/// characters.
bool json_plain(std::string_view text);

/// Length of the valid prefix of `text`.
size_t utf8_valid_prefix(std::string_view text);

/// Each invalid byte replaced by `\xHH` (upper-case hex), as Logstash's text codecs do.
std::string utf8_escape_invalid(std::string_view text);

/// Each maximal invalid sequence replaced by U+FFFD.
std::string utf8_scrub(std::string_view text);

/// The same as a view: of `text` itself when it is valid, else of a copy in `arena`.
std::string_view utf8_scrub(std::string_view text, Arena& arena);

/// Appends `text` as a JSON string, between quotes; invalid sequences become U+FFFD. For log lines and
/// reports: events are written by event/json_write.hpp.
void append_json_string(std::string& out, std::string_view text);

/// Decodes the character at `text[at]` (valid UTF-8) and moves `at` behind it.
char32_t utf8_next(std::string_view text, size_t& at);

/// Bytes below 0x80 alone.
bool is_ascii(std::string_view text);

/// Writes `c` to `out`, which has room for four bytes; values that are no character become U+FFFD. One past
/// the last byte written.
char* utf8_put(char* out, char32_t c);
/// Appends `c` in the same way.
void utf8_append(std::string& out, char32_t c);

/// Number of characters (code points) in valid UTF-8.
size_t utf8_length(std::string_view text);

}  // namespace sluice
