// Payment cards and bank accounts in a text.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::plugins::mask {

/// Where the card number ends that begins at `begin`; 0: none does. 13 to 19 digits of a known brand with a
/// right check digit, in one piece or in groups that cards are printed in, with blanks or hyphens between.
size_t card_at(std::string_view text, size_t begin);

/// The same of an IBAN: the length that its country gives it, a right check number, in one piece or in groups
/// of four.
size_t iban_at(std::string_view text, size_t begin);

}  // namespace sluice::plugins::mask
