// Options are declared once, as a table; validation, help, documentation and the flow check read the same
// table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::plugin {

/// What a value has to be. Coercions are Logstash's: a scalar is a list of one, an even list is a hash, "5"
/// is a number.
enum class Type : uint8_t {
  string,
  number,
  boolean,
  array,
  hash,
  path,
  password,
  uri,
  bytes,
  duration,
  codec,
  field_reference,
  any
};

enum OptionFlags : uint32_t {
  kRequired = 1,
  kList = 2,          // a scalar or a list of the type
  kDeprecated = 4,    // works, with a warning that names the successor (`note`)
  kObsolete = 8,      // refused with `note`
  kUnsupported = 16,  // known, refused by name with the reason in `note`
};

struct Option {
  std::string_view name;
  Type type = Type::string;
  std::string_view fallback = {};  // the default in config syntax (`[]`, `"x"`, `5`, `true`); empty: unset
  std::string_view doc = {};       // one sentence
  uint32_t flags = 0;
  std::string_view choices = {};  // "a|b|c": the value, or each of a list, must be one of them
  std::string_view note = {};     // for deprecated, obsolete and unsupported options
};

/// Tables one behind another, for options that several plugins share.
template <size_t... N>
consteval auto join(const Option (&... tables)[N]) {
  std::array<Option, (N + ...)> all{};
  size_t at = 0;
  const auto take = [&](const auto& table) {
    for (const auto& option : table) all[at++] = option;
  };
  (take(tables), ...);
  return all;
}

}  // namespace sluice::plugin
