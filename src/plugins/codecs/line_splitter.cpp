#include "plugins/codecs/line_splitter.hpp"

#include <algorithm>
#include <cstring>

#include "event/json_read.hpp"

namespace sluice::plugins {
namespace {
constexpr size_t npos = std::string_view::npos;
constexpr size_t kKeepCarry = 64 << 10;  // a buffer that one long line has grown is not kept for ever
}  // namespace

LineSplitter::LineSplitter(std::string delimiter, size_t limit, size_t unit, bool keep_delimiter)
    : delimiter_(std::move(delimiter)), limit_(limit), unit_(unit), keep_delimiter_(keep_delimiter) {}

// First delimiter in `text` at or behind `from`; text[0] is byte number `line_offset` of the line.
size_t LineSplitter::search(std::string_view text, size_t from, size_t line_offset) const {
  if (delimiter_.size() == 1) {
    if (from >= text.size()) return npos;
    const void* at = std::memchr(text.data() + from, delimiter_[0], text.size() - from);
    return at ? static_cast<size_t>(static_cast<const char*>(at) - text.data()) : npos;
  }
  for (;;) {
    const size_t at = text.find(delimiter_, from);
    if (at == npos || (at + line_offset) % unit_ == 0) return at;
    from = at + 1;
  }
}

LineSplitter::Found LineSplitter::find(std::string_view rest) const {
  const size_t offset = skipped_ + carry_.size();
  // A delimiter of several bytes may have begun in what is carried.
  if (const size_t overlap = std::min(delimiter_.size() - 1, carry_.size())) {
    std::string seam = carry_.substr(carry_.size() - overlap);
    seam.append(rest.substr(0, delimiter_.size() - 1));
    const size_t at = search(seam, 0, offset - overlap);
    if (at < overlap) return {true, carry_.size() - overlap + at, at + delimiter_.size() - overlap};
  }
  const size_t at = search(rest, 0, offset);
  if (at == npos) return {};
  return {true, carry_.size() + at, at + delimiter_.size()};
}

std::string_view LineSplitter::assemble(std::string_view rest, size_t length, Arena& arena) {
  if (carry_.empty()) return rest.substr(0, length);
  char* const line = static_cast<char*>(arena.allocate(length + JsonReader::kPadding, 1));
  const size_t kept = std::min(length, carry_.size());
  std::memcpy(line, carry_.data(), kept);
  if (length > kept) std::memcpy(line + kept, rest.data(), length - kept);
  std::memset(line + length, 0, JsonReader::kPadding);
  return {line, length};
}

void LineSplitter::drop_carry() {
  if (carry_.capacity() > kKeepCarry) carry_ = std::string();
  carry_.clear();
}

// While a line is skipped only what may be the begin of a delimiter is kept.
void LineSplitter::keep_tail(std::string_view rest) {
  carry_.append(rest.substr(rest.size() - std::min(rest.size(), delimiter_.size() - 1)));
  skipped_ += rest.size() - std::min(rest.size(), delimiter_.size() - 1);
  if (carry_.size() > delimiter_.size() - 1) {
    const size_t surplus = carry_.size() - (delimiter_.size() - 1);
    carry_.erase(0, surplus);
    skipped_ += surplus;
  }
}

bool LineSplitter::next(std::string_view& rest, Arena& arena, Line& line) {
  while (!rest.empty()) {
    const Found found = find(rest);
    if (skipping_) {
      if (!found.found) {
        keep_tail(rest);
        break;
      }
      rest.remove_prefix(found.next);
      drop_carry();
      skipped_ = 0;
      skipping_ = false;
      continue;
    }
    const size_t length = found.found ? found.length : carry_.size() + rest.size();
    if (!found.found && length <= limit_) {
      carry_.append(rest);
      break;
    }
    line.cut = length > limit_;
    const size_t end = length + (found.found && keep_delimiter_ ? delimiter_.size() : 0);
    line.bytes = assemble(rest, line.cut ? limit_ - limit_ % unit_ : end, arena);
    if (found.found) {
      rest.remove_prefix(found.next);
      drop_carry();
      return true;
    }
    skipping_ = true;
    skipped_ = 0;
    keep_tail(rest);
    if (carry_.capacity() > kKeepCarry) carry_ = std::string(carry_);
    rest = {};
    return true;
  }
  rest = {};
  return false;
}

bool LineSplitter::flush(Arena& arena, Line& line) {
  const bool had = pending();
  if (had) line = {assemble({}, carry_.size(), arena), false};
  drop_carry();
  skipped_ = 0;
  skipping_ = false;
  return had;
}

}  // namespace sluice::plugins
