// What the values of a collectd type are called.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "base/symbol.hpp"

namespace sluice::plugins::collectd {

/// The names of the values of each type. Only types of several values matter: a single value is always
/// `value`.
class Types {
 public:
  /// The types that collectd 5 brings and that have several values.
  static Types builtin();

  /// Adds the types of a file in the form of types.db(5); a type that is there already is replaced.
  Status load(const std::string& path);

  /// Null for an unknown type.
  [[nodiscard]] const std::vector<Key>* find(std::string_view type) const;

 private:
  void add(std::string_view line);
  std::map<std::string, std::vector<Key>, std::less<>> types_;
};

}  // namespace sluice::plugins::collectd
