// Identity, tax and insurance numbers of persons.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::plugins::mask {

/// Countries whose numbers are known, as bits.
using Countries = uint32_t;
inline constexpr Countries kAllCountries = 0xff;
inline constexpr std::string_view kCountryNames[] = {"br", "de", "es", "fr", "gb", "in", "it", "us"};

/// The bit of a country's code; nothing for one whose numbers are not known.
std::optional<Countries> country_of(std::string_view code);

/// Where the number of one of `countries` ends that begins at `begin`; 0: none does.
size_t national_id_at(std::string_view text, size_t begin, Countries countries);

}  // namespace sluice::plugins::mask
