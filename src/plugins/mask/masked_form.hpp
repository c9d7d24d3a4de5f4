// What is left of personal data: a normal form to hash, and the parts that may be shown.
#pragma once

#include <string>
#include <string_view>

#include "plugins/mask/scanner.hpp"

namespace sluice::plugins::mask {

/// Appends the form in which all spellings of a value are the same: numbers without separators and in
/// capitals, e-mail addresses in lower case, IP addresses in their short form. Others as they are.
void append_normal(uint16_t kind, std::string_view found, std::string& out);

/// Appends what may be shown: the first letter and the domain of an e-mail address, the last four digits of a
/// card, the network of an IP address (/24 or /48), country and last four of an IBAN, the last two characters
/// of an identity number. Separators stay, each hidden character is a star.
void append_partial(uint16_t kind, std::string_view found, std::string& out);

}  // namespace sluice::plugins::mask
