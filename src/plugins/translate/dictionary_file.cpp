#include "plugins/translate/dictionary_file.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "base/file.hpp"
#include "base/utf8.hpp"
#include "event/json_read.hpp"
#include "plugins/csv/reader.hpp"
#include "plugins/translate/yaml.hpp"

namespace sluice::plugins::translate {
namespace {

bool line_ends_with(std::string_view path, std::string_view end) {
  for (size_t at = path.find(end); at != std::string_view::npos; at = path.find(end, at + 1))
    if (at + end.size() == path.size() || path[at + end.size()] == '\n') return true;
  return false;
}

Status read_json(std::string_view text, Dictionary& into) {
  if (text.empty()) return {};
  Arena arena;
  Value root;
  auto& reader = JsonReader::local();
  if (!reader.read(text, arena, root)) return Status::config(std::string(reader.error()));
  if (!root.is_object()) return Status::config("the document is no object");
  for (const auto& member : root.as_object()->all()) into.put(member.key.text(), member.value);
  return {};
}

Status read_csv(std::string_view text, Dictionary& into) {
  csv::Reader reader{csv::Dialect{}};
  std::vector<csv::Field> fields;
  Arena arena;
  size_t row = 0;
  for (size_t at = 0; at < text.size();) {
    ++row;
    const auto result = reader.read(text, at, arena, fields);
    if (result == csv::Reader::Result::malformed)
      return Status::config("row " + std::to_string(row) + ": " + std::string(reader.error()));
    if (result == csv::Reader::Result::end) break;
    if (fields.empty() || !fields[0].data()) continue;
    into.put(fields[0], fields.size() > 1 && fields[1].data() ? Value::string(fields[1]) : Value{});
  }
  return {};
}

Status read_yaml(std::string_view text, const FileOptions& options, Matching matching, Dictionary& into) {
  const auto length = static_cast<int64_t>(utf8_length(text));
  if (length > options.yaml_code_points)
    return Status::config("the YAML document has " + std::to_string(length) +
                          " characters, more than yaml_dictionary_code_point_limit => " +
                          std::to_string(options.yaml_code_points));
  return read_yaml_dictionary(text, options.yaml_streaming, matching != Matching::exact, into);
}

}  // namespace

Format format_of(std::string_view path) {
  if (line_ends_with(path, ".yml") || line_ends_with(path, ".yaml")) return Format::yaml;
  if (path.ends_with(".json")) return Format::json;
  if (path.ends_with(".csv")) return Format::csv;
  return Format::none;
}

Stamp stamp_of(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return {};
  return {true, int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec};
}

Status read_dictionary(const FileOptions& options, Matching matching, Dictionary& into) {
  const auto whole = read_file(options.path);
  if (!whole.ok()) return Status::config("the file cannot be read: " + whole.message());
  std::string_view text = *whole;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (!utf8_valid(text)) return Status::config("the file is not UTF-8");
  switch (format_of(options.path)) {
    case Format::yaml:
      return read_yaml(text, options, matching, into);
    case Format::json:
      return read_json(text, into);
    case Format::csv:
      return read_csv(text, into);
    case Format::none:
      break;
  }
  return Status::config("the name of the file ends in neither .yml, .yaml, .json nor .csv");
}

}  // namespace sluice::plugins::translate
