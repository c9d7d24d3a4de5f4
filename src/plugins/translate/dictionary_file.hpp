// Dictionaries in files: YAML, JSON and CSV, told apart by the name's end.
#pragma once

#include <string>
#include <string_view>

#include "plugins/translate/dictionary.hpp"

namespace sluice::plugins::translate {

enum class Format : uint8_t { none, yaml, json, csv };
Format format_of(std::string_view path);

struct FileOptions {
  std::string path;
  int64_t yaml_code_points = 134'217'728;  // the longest YAML text, in characters
  bool yaml_streaming = false;  // read scalars by the simpler rules of yaml_load_strategy => streaming
};

/// What is known of a file without reading it: two of the same stamp are the same contents.
struct Stamp {
  bool exists = false;
  int64_t modified = 0;  // nanoseconds
  friend bool operator==(const Stamp&, const Stamp&) = default;
};
Stamp stamp_of(const std::string& path);

/// Puts the entries of the file into `into`.
Status read_dictionary(const FileOptions& options, Matching matching, Dictionary& into);

}  // namespace sluice::plugins::translate
