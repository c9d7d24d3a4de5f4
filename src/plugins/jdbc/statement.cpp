#include "plugins/jdbc/statement.hpp"

#include <algorithm>
#include <cctype>

namespace sluice::jdbc {
namespace {

bool word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// Where what begins at `at` and holds no placeholders ends: a text, a quoted name, a comment. `at` when it is
// none.
size_t skip(std::string_view sql, size_t at) {
  const auto rest = sql.substr(at);
  const auto behind = [&](std::string_view end, size_t from) {
    const size_t found = sql.find(end, at + from);
    return found == std::string_view::npos ? sql.size() : found + end.size();
  };
  if (rest.starts_with('\'')) return behind("'", 1);
  if (rest.starts_with('"')) return behind("\"", 1);
  if (rest.starts_with("--")) return behind("\n", 2);
  if (rest.starts_with("/*")) return behind("*/", 2);
  if (rest.starts_with("::")) return at + 2;  // PostgreSQL's cast
  return at;
}

}  // namespace

Statement Statement::named(std::string_view sql, std::span<const std::string> names) {
  Statement made;
  made.text_ = sql;
  for (size_t at = 0; at < sql.size();) {
    if (const size_t end = skip(sql, at); end != at) {
      at = end;
      continue;
    }
    size_t end = at + 1;
    while (sql[at] == ':' && end < sql.size() && word(sql[end])) ++end;
    const auto name = std::find(names.begin(), names.end(), sql.substr(at + 1, end - at - 1));
    if (sql[at] == ':' && name != names.end())
      made.places_.push_back({at, end, static_cast<size_t>(name - names.begin())});
    at = end;
  }
  return made;
}

Statement Statement::positional(std::string_view sql) {
  Statement made;
  made.text_ = sql;
  for (size_t at = 0; at < sql.size();) {
    const size_t end = skip(sql, at);
    if (end == at && sql[at] == '?') made.places_.push_back({at, at + 1, made.places_.size()});
    at = std::max(end, at + 1);
  }
  return made;
}

void Statement::render(std::span<const Value> parameters, char marker, std::string& sql,
                       std::vector<Value>& bound) const {
  sql.clear();
  bound.clear();
  const auto one = [&](const Value& value) {
    bound.push_back(value);
    sql += marker + std::to_string(bound.size());
  };
  size_t from = 0;
  for (const auto& place : places_) {
    sql.append(text_, from, place.begin - from);
    from = place.end;
    const Value value = place.parameter < parameters.size() ? parameters[place.parameter] : Value();
    if (!value.is_array()) {
      one(value);
      continue;
    }
    sql += '(';
    const auto items = value.as_array()->all();
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) sql += ", ";
      one(items[i]);
    }
    sql += items.empty() ? "NULL)" : ")";
  }
  sql.append(text_, from, std::string::npos);
}

}  // namespace sluice::jdbc
