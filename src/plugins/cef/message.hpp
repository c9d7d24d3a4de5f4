// The text of one CEF message: a header of seven fields, each ended by a pipe, and an extension of key=value
// pairs.
#pragma once

#include <string_view>

#include "base/arena.hpp"

namespace sluice::plugins::cef {

/// Takes the next header field off `rest`, its pipe included; `field` is as written. False when no pipe is
/// left. A pipe behind a backslash ends a field only when there is no other.
bool next_header(std::string_view& rest, std::string_view& field);
/// `field` with `\|` and `\\` made `|` and `\`; a view of it when it has neither.
std::string_view unescape_header(std::string_view field, Arena& arena);

/// One pair of the extension, as written.
struct Extension {
  std::string_view key;
  std::string_view value;
  bool escaped = false;  // the value has a backslash
};

/// Cuts an extension into pairs in one pass. A value reaches to the last white space before something that
/// looks like `key=`, so it may hold blanks and equals signs.
class ExtensionScanner {
 public:
  explicit ExtensionScanner(std::string_view text) : rest_(text), key_(key_length(text)) {}
  /// False when no key stands where one has to; rest() is then what could not be read, or empty.
  bool next(Extension& out);
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  static size_t key_length(std::string_view text);
  std::string_view rest_;
  size_t key_;  // length of the key that rest_ begins with, 0: none
};

/// `value` with `\\`, `\=`, `\n` and `\r` made what they stand for.
std::string_view unescape_value(std::string_view value, Arena& arena);

/// White space at both ends removed, as Ruby's String#strip does (NUL counts).
std::string_view strip(std::string_view text);

}  // namespace sluice::plugins::cef
