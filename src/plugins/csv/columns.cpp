#include "plugins/csv/columns.hpp"

namespace sluice::plugins::csv {

Columns::Columns(plugin::Setup& setup) {
  const auto& options = setup.options;
  dialect.separator = options.string("separator");
  dialect.quote = options.string("quote_char");
  if (dialect.quote == "\\x00") dialect.quote = std::string(1, '\0');
  if (const auto problem = dialect.problem(); !problem.empty())
    setup.warning(dialect.separator.empty() ? "separator" : "quote_char", "W0306",
                  "Nothing can be read like this: " + std::string(problem),
                  "Every event will get the tag _csvparsefailure.");
  names = options.strings("columns");
  autogenerate = options.boolean("autogenerate_column_names");
  skip_empty = options.boolean("skip_empty_columns");
  autodetect = options.boolean("autodetect_column_names");
  for (const auto& [column, type] : options.hash("convert")) {
    const auto conversion = conversion_named(type.text);
    if (conversion)
      conversions_.emplace(column, *conversion);
    else
      setup
          .error("convert", "E0306", "Invalid conversion types: " + type.text,
                 "The types are integer, float, date, date_time and boolean.")
          .span = type.span;
  }
}

bool Columns::name(const std::vector<std::string>& names, size_t index, std::string& out) const {
  if (index < names.size() && !names[index].empty()) {
    out = names[index];
    return true;
  }
  if (!autogenerate) return false;
  out = "column" + std::to_string(index + 1);
  return true;
}

Conversion Columns::conversion(const std::string& name) const {
  if (conversions_.empty()) return Conversion::none;
  const auto found = conversions_.find(name);
  return found == conversions_.end() ? Conversion::none : found->second;
}

std::vector<std::string> header_of(const std::vector<Field>& fields) {
  return {fields.begin(), fields.end()};
}

}  // namespace sluice::plugins::csv
