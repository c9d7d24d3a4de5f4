// The text of a config: one or more files, read as one text in name order, with every place known by its
// file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/span.hpp"
#include "base/status.hpp"

namespace sluice::lang {

/// The files of one config. Logstash joins the files of a pipeline with newlines and parses the result; so do
/// we, and spans still name the true file and line. Span::file is an index into files(); Span::begin and
/// Span::end count bytes in the joined text.
class SourceSet {
 public:
  struct File {
    std::string path;  // as the user gave it; "config string" for -e
    std::string text;  // as read, a byte-order mark included
    uint32_t offset;   // of its first byte in the joined text
  };

  /// Appends a file; returns its number.
  uint32_t add(std::string path, std::string text);
  [[nodiscard]] const std::vector<File>& files() const { return files_; }
  [[nodiscard]] const std::string& joined() const { return joined_; }
  [[nodiscard]] bool empty() const { return files_.empty(); }

  /// The span of joined bytes [begin, end): file, line and column are found by binary search.
  [[nodiscard]] Span span(uint32_t begin, uint32_t end) const;
  /// The source line that a span begins on, without its newline.
  [[nodiscard]] std::string_view line(const Span& span) const;
  [[nodiscard]] std::string_view text(const Span& span) const;
  [[nodiscard]] std::string_view path(const Span& span) const;

 private:
  std::vector<File> files_;
  std::string joined_;
  [[nodiscard]] uint32_t characters_before(uint32_t place) const;
  void append(std::string_view text);

  std::vector<uint32_t> lines_;  // joined offset of each line start
  std::vector<uint32_t>
      marks_;  // characters in front of each 512th byte, so that columns of very long lines cost little
  uint32_t characters_ = 0;  // in all
};

/// Adds what `pattern` names: a file, a directory (all its files, not recursive), or a glob; in name order,
/// files ending in `~` left out. An error names the path and says what is wrong with it (missing, unreadable,
/// no match).
Status load_config_path(const std::string& pattern, SourceSet& sources);

}  // namespace sluice::lang
