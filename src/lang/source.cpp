#include "lang/source.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace sluice::lang {

uint32_t SourceSet::add(std::string path, std::string text) {
  if (!files_.empty()) joined_ += '\n';
  const auto offset = static_cast<uint32_t>(joined_.size());
  joined_ += text;
  lines_.push_back(offset);
  for (size_t at = offset; (at = joined_.find('\n', at)) != std::string::npos;)
    lines_.push_back(static_cast<uint32_t>(++at));
  files_.push_back({std::move(path), std::move(text), offset});
  return static_cast<uint32_t>(files_.size() - 1);
}

Span SourceSet::span(uint32_t begin, uint32_t end) const {
  if (files_.empty()) return {};
  Span span;
  const auto size = static_cast<uint32_t>(joined_.size());
  span.begin = std::min(begin, size);
  span.end = std::clamp(end, span.begin, size);
  const auto file = std::upper_bound(files_.begin(), files_.end(), span.begin,
                                     [](uint32_t at, const File& f) { return at < f.offset; });
  span.file = static_cast<uint32_t>(file - files_.begin() - 1);
  const auto line = std::upper_bound(lines_.begin(), lines_.end(), span.begin) - 1;
  const auto first_line = std::lower_bound(lines_.begin(), lines_.end(), files_[span.file].offset);
  span.line = static_cast<uint32_t>(line - first_line) + 1;
  span.column =
      static_cast<uint32_t>(utf8_length(std::string_view(joined_).substr(*line, span.begin - *line))) + 1;
  return span;
}

std::string_view SourceSet::line(const Span& span) const {
  if (!span.known()) return {};
  const auto start = *(std::upper_bound(lines_.begin(), lines_.end(), span.begin) - 1);
  const auto& file = files_[span.file];
  const auto stop = std::min(joined_.find('\n', start), file.offset + file.text.size());
  auto line = std::string_view(joined_).substr(start, stop - start);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view SourceSet::text(const Span& span) const {
  return span.known() ? std::string_view(joined_).substr(span.begin, span.end - span.begin)
                      : std::string_view{};
}

std::string_view SourceSet::path(const Span& span) const {
  return span.known() ? std::string_view(files_[span.file].path) : std::string_view{};
}

}  // namespace sluice::lang
