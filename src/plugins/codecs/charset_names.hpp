// The names that the option `charset` takes: those of Ruby's Encoding.name_list.
#pragma once

#include <span>
#include <string_view>

namespace sluice::plugins {

struct CharsetName {
  std::string_view ruby;
  /// What converts it: "utf8", "ascii", a name of single_byte.hpp, or ICU's name; empty: the same as Ruby's.
  /// "-": known to Ruby, without a converter here.
  std::string_view converter = {};
};

extern const std::span<const CharsetName> kCharsetNames;

}  // namespace sluice::plugins
