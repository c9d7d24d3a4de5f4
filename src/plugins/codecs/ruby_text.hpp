// Text as Ruby's String#inspect writes it: what Logstash shows of bytes that are not UTF-8, and what
// rubydebug prints.
#pragma once

#include <string>
#include <string_view>

#include "base/buffer.hpp"

namespace sluice::plugins {

/// Appends `text` with quotes, backslashes, `#{`, control and unprintable characters escaped, and each byte
/// that is no UTF-8 as `\xHH`. Without the quotes around it.
void append_ruby_escaped(std::string_view text, std::string& out);

/// The same between quotes.
void write_ruby_string(std::string_view text, Buffer& out);

}  // namespace sluice::plugins
