#include "lang/source.hpp"

#include <algorithm>

namespace sluice::lang {

namespace {

constexpr uint32_t kMark = 512;

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

}  // namespace

uint32_t SourceSet::add(std::string path, std::string text) {
  if (!files_.empty()) append("\n");
  const auto offset = static_cast<uint32_t>(joined_.size());
  append(text);
  lines_.push_back(offset);
  for (size_t at = offset; (at = joined_.find('\n', at)) != std::string::npos;)
    lines_.push_back(static_cast<uint32_t>(++at));
  files_.push_back({std::move(path), std::move(text), offset});
  return static_cast<uint32_t>(files_.size() - 1);
}

void SourceSet::append(std::string_view text) {
  for (const char c : text) {
    if (joined_.size() % kMark == 0) marks_.push_back(characters_);
    characters_ += begins_character(c);
    joined_ += c;
  }
}

uint32_t SourceSet::characters_before(uint32_t place) const {
  if (place >= joined_.size()) return characters_;
  uint32_t count = marks_[place / kMark];
  for (uint32_t i = place / kMark * kMark; i < place; ++i) count += begins_character(joined_[i]);
  return count;
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
  span.column = characters_before(span.begin) - characters_before(*line) + 1;
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
