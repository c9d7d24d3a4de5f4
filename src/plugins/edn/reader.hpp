// EDN text to values. https://github.com/edn-format/edn
#pragma once

#include <string>
#include <string_view>

#include "event/value.hpp"

namespace sluice::plugins::edn {

/// Reads the first element of `text` (valid UTF-8, living as long as `arena`'s contents: strings are views of
/// it). Lists and sets become lists; keywords, symbols and characters text; `#inst` a timestamp; of an
/// unknown tag the element behind it counts. Keys of maps become text. What follows the element is not looked
/// at, as in Logstash. False with the reason in `error`.
bool read(std::string_view text, Arena& arena, Value& out, std::string& error);

}  // namespace sluice::plugins::edn
