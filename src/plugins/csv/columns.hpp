// The options that the csv filter and the csv codec have in common.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugin/setup.hpp"
#include "plugins/csv/convert.hpp"
#include "plugins/csv/reader.hpp"

namespace sluice::plugins::csv {

/// How the values of a row become fields. Immutable, shared.
struct Columns {
  /// Reads the options; reports what is wrong with them.
  explicit Columns(plugin::Setup& setup);

  /// The name of the value number `index`: of `names`, or made. False when the value is left out.
  bool name(const std::vector<std::string>& names, size_t index, std::string& out) const;
  /// What is done to the values of a column.
  [[nodiscard]] Conversion conversion(const std::string& name) const;
  /// True for an empty value that skip_empty_columns leaves out.
  [[nodiscard]] bool skipped(Field field) const { return skip_empty && field.empty(); }

  Dialect dialect;
  std::vector<std::string> names;
  bool autogenerate = true;
  bool skip_empty = false;
  bool autodetect = false;

 private:
  std::unordered_map<std::string, Conversion> conversions_;
};

/// The names that a row holds; a value that is missing has none (nothing has the length 0).
std::vector<std::string> header_of(const std::vector<Field>& fields);

}  // namespace sluice::plugins::csv
