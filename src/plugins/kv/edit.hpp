// What the kv filter does to a key or a value before it is stored.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "plugin/setup.hpp"
#include "plugins/kv/char_class.hpp"

namespace sluice::plugins::kv {

/// Cuts characters off, removes others, and changes the case, in this order. Immutable, shared by workers.
class Edit {
 public:
  /// Reads the three options; reports sets of characters that are none.
  static Edit from(plugin::Setup& setup, std::string_view trim, std::string_view remove,
                   std::string_view letters);

  using Scratch = std::array<std::string, 3>;
  /// The changed text: a part of `text`, or in `scratch`.
  std::string_view apply(std::string_view text, Scratch& scratch, match::Captures& captures) const;
  [[nodiscard]] bool nothing() const { return !trim_ && !remove_ && case_ == Case::as_is; }

 private:
  enum class Case : uint8_t { as_is, lower, upper, capitalized };
  std::optional<Stripping> trim_, remove_;
  Case case_ = Case::as_is;
};

}  // namespace sluice::plugins::kv
