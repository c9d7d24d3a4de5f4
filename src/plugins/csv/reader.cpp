#include "plugins/csv/reader.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace sluice::plugins::csv {
namespace {

// What ends the rows of a text, known by the first that is met. Reads no further than the first row.
std::string_view row_end_of(std::string_view text) {
  const auto first = std::find_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; });
  if (first == text.end() || *first == '\n') return "\n";
  return first + 1 != text.end() && first[1] == '\n' ? "\r\n" : "\r";
}

size_t character_size(std::string_view text) {
  size_t at = 0;
  if (!text.empty()) (void)utf8_next(text, at);
  return std::max<size_t>(at, text.empty() ? 0 : 1);
}

}  // namespace

std::string_view Dialect::problem() const {
  if (separator.empty()) return "the separator must be one character or more";
  if (quote.empty() || character_size(quote) != quote.size())
    return "the quote character must be exactly one character";
  return {};
}

Reader::Reader(const Dialect& dialect)
    : dialect_(dialect),
      first_(std::string_view(dialect_.separator).substr(0, character_size(dialect_.separator))) {}

Reader::Result Reader::read(std::string_view text, size_t& at, Arena& arena, std::vector<Field>& fields) {
  fields.clear();
  text.remove_prefix(at);
  if (text.empty()) return Result::end;
  row_end_ = row_end_of(text);
  const std::string_view line = text.substr(0, text.find(row_end_));
  if (line.empty() || split(line, fields)) {
    at += std::min(line.size() + row_end_.size(), text.size());
    return Result::row;
  }
  fields.clear();
  const Result result = robust(text, arena, fields);
  at += at_;
  return result;
}

// The quick way for lines without quotes but around whole fields; false for all others.
bool Reader::split(std::string_view line, std::vector<Field>& fields) const {
  const std::string_view quote = dialect_.quote, separator = dialect_.separator;
  const bool quotes = line.find(quote) != std::string_view::npos;
  while (true) {
    const size_t end = separator.size() == 1 ? line.find(separator.front()) : line.find(separator);
    Field field = line.substr(0, end);
    if (field.empty()) {
      field = {};
    } else if (quotes && field.find(quote) != std::string_view::npos) {
      if (field.size() < 2 * quote.size() || !field.starts_with(quote) || !field.ends_with(quote))
        return false;
      field = field.substr(quote.size(), field.size() - 2 * quote.size());
      if (field.find(quote) != std::string_view::npos) return false;
    }
    fields.push_back(field);
    if (end == std::string_view::npos) return true;
    line.remove_prefix(end + separator.size());
  }
}

Reader::Result Reader::robust(std::string_view text, Arena& arena, std::vector<Field>& fields) {
  text_ = text;
  at_ = 0;
  while (true) {
    Field field;
    if (!value(arena, field)) return Result::malformed;
    if (rest().starts_with(dialect_.separator)) {
      at_ += dialect_.separator.size();
      fields.push_back(field);
    } else if (rest().starts_with(row_end_)) {
      at_ += row_end_.size();
      if (!fields.empty() || field.data()) fields.push_back(field);
      return Result::row;
    } else if (at_ == text_.size()) {
      if (fields.empty() && !field.data()) return Result::end;
      fields.push_back(field);
      return Result::row;
    } else {
      error_ = why();
      return Result::malformed;
    }
  }
}

std::string_view Reader::why() const {
  if (after_quoted_) return "any value after a quoted field is not allowed";
  if (rest().starts_with(dialect_.quote)) return "illegal quoting";
  if (rest().starts_with('\n') || rest().starts_with('\r')) return "unquoted fields do not allow line ends";
  return "a value begins with a part of the separator";
}

// False when the row is malformed. A field that is missing stays null.
bool Reader::value(Arena& arena, Field& field) {
  after_quoted_ = rest().starts_with(dialect_.quote);
  if (after_quoted_) return quoted(arena, field);
  field = unquoted();
  return true;
}

size_t Reader::count_quotes() const {
  size_t count = 0;
  for (auto left = rest(); left.starts_with(dialect_.quote); left.remove_prefix(dialect_.quote.size()))
    ++count;
  return count;
}

bool Reader::quoted(Arena& arena, Field& field) {
  const std::string_view quote = dialect_.quote;
  const auto add = [&](size_t count) {
    for (size_t i = 0; i < count; ++i) scratch_ += quote;
  };
  size_t count = count_quotes();
  at_ += count * quote.size();
  scratch_.clear();
  const size_t begin = at_;
  if (count % 2 == 0) {
    add((count - 2) / 2);
    field = scratch_.empty() ? Field("", 0) : arena.copy(scratch_);
    return true;
  }
  add(count / 2);
  while (true) {
    const size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) {
      error_ = "unclosed quoted field";
      return false;
    }
    const auto part = text_.substr(at_, end - at_);
    at_ = end;
    const size_t closing = count_quotes();
    at_ += closing * quote.size();
    if (closing == 1 && count == 1 && scratch_.empty() && part.data() == text_.data() + begin) {
      field = part;  // no quote within the quotes: a view does
      return true;
    }
    scratch_ += part;
    add(closing / 2);
    if (closing % 2 == 1) break;
  }
  field = scratch_.empty() ? Field("", 0) : arena.copy(scratch_);
  return true;
}

// Moves behind what no separator, quote or line end begins in.
void Reader::skip_unquoted() {
  while (at_ < text_.size()) {
    const auto left = rest();
    if (left.front() == '\n' || left.front() == '\r' || left.starts_with(first_) ||
        left.starts_with(dialect_.quote))
      return;
    ++at_;
  }
}

Field Reader::unquoted() {
  const size_t begin = at_;
  skip_unquoted();
  if (at_ == begin) return {};
  // Of a separator of several characters, the first may stand in a value that has begun.
  while (dialect_.separator.size() > first_.size() && rest().starts_with(first_) &&
         !rest().starts_with(dialect_.separator)) {
    while (rest().starts_with(first_)) at_ += first_.size();
    const size_t behind = at_;
    skip_unquoted();
    if (at_ == behind) break;
  }
  return text_.substr(begin, at_ - begin);
}

}  // namespace sluice::plugins::csv
