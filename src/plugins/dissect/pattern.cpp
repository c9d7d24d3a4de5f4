#include "plugins/dissect/pattern.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace sluice::plugins::dissect {
namespace {

constexpr auto kNone = std::string_view::npos;

bool digit(char c) { return c >= '0' && c <= '9'; }

size_t find_delimiter(std::string_view text, std::string_view delimiter, size_t from) {
  if (delimiter.empty() || from >= text.size()) return kNone;
  const char* at = text.data() + from;
  const size_t left = text.size() - from;
  const void* found = delimiter.size() == 1 ? std::memchr(at, delimiter[0], left)
                                            : ::memmem(at, left, delimiter.data(), delimiter.size());
  return found ? static_cast<size_t>(static_cast<const char*>(found) - text.data()) : kNone;
}

// Length of `/12` at the end of `text`, or 0.
size_t order_suffix(std::string_view text) {
  for (const size_t digits : {size_t{1}, size_t{2}}) {
    if (text.size() <= digits || text[text.size() - digits - 1] != '/') continue;
    if (std::all_of(text.end() - static_cast<ptrdiff_t>(digits), text.end(), digit)) return digits + 1;
  }
  return 0;
}

// Takes `->`, `/n`, `/n->` or `->/n` off the end of a field's text.
void take_suffixes(std::string_view& name, Field& field) {
  const auto take_order = [&] {
    const size_t size = order_suffix(name);
    for (const char c : name.substr(name.size() - size))
      if (c != '/') field.order = field.order * 10 + (c - '0');
    name.remove_suffix(size);
    return size != 0;
  };
  const auto take_padding = [&] {
    if (!name.ends_with("->")) return false;
    name.remove_suffix(2);
    return field.padded = true;
  };
  if (take_padding())
    take_order();
  else if (take_order())
    take_padding();
}

std::string_view kind_prefix(FieldKind kind) { return kind == FieldKind::append ? "+" : "&"; }

}  // namespace

bool Pattern::compile(std::string_view text, Pattern& pattern, Remark& error, std::vector<Remark>& doubts) {
  pattern.read_fields(text);
  if (pattern.fields_.empty() && !text.ends_with('}')) {
    error = {"A dissect pattern needs a field",
             "Write the fields as %{name}, with the text between them.",
             {0, text.size()}};
    return false;
  }
  for (auto& field : pattern.fields_)
    if (!pattern.read_name(text, field, error)) return false;
  // Text behind the last brace is a delimiter, with nothing but a tail behind it.
  const size_t brace = text.rfind('}');
  if (brace != kNone && brace + 1 < text.size()) {
    pattern.before_.emplace_back(text.substr(brace + 1));
    pattern.fields_.push_back({FieldKind::skip, "auto_added_skip", 0, false, {text.size(), text.size()}});
    pattern.tail_ = true;
  }
  pattern.order_saved();
  pattern.collect_doubts(text, doubts);
  return true;
}

void Pattern::read_fields(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t open = text.find("%{", at);
    const size_t close = open == kNone ? kNone : text.find('}', open);
    if (close == kNone) return;
    before_.emplace_back(text.substr(at, open - at));
    Field& field = fields_.emplace_back();
    field.place = {open + 2, close};
    at = close + 1;
  }
}

bool Pattern::read_name(std::string_view text, Field& field, Remark& error) const {
  std::string_view name = text.substr(field.place.begin, field.place.end - field.place.begin);
  const Place whole{field.place.begin - 2, field.place.end + 1};
  if (name.starts_with("+&") || name.starts_with("&+")) {
    error = {"Field cannot prefix with both Append and Indirect Prefix (" + std::string(name.substr(0, 2)) +
                 "): " + std::string(name),
             "Keep one of the two signs.", whole};
    return false;
  }
  if (name.empty() || name[0] == '?')
    field.kind = FieldKind::skip;
  else if (name[0] == '+')
    field.kind = FieldKind::append;
  else if (name[0] == '&')
    field.kind = FieldKind::indirect;
  if (field.kind != FieldKind::normal && !name.empty()) name.remove_prefix(1);
  const bool bare = name.empty();
  take_suffixes(name, field);
  field.name = name;
  if (!name.empty() || field.kind == FieldKind::skip || field.kind == FieldKind::normal) return true;
  error = {bare ? "Field cannot be a prefix on its own without further text"
                : "Field cannot be a prefix and a suffix without a name section",
           "Write a name behind the " + std::string(kind_prefix(field.kind)) + ".", whole};
  return false;
}

void Pattern::order_saved() {
  const auto rank = [&](size_t i) {
    switch (fields_[i].kind) {
      case FieldKind::append:
        return 100 + fields_[i].order;
      case FieldKind::indirect:
        return 1000;
      default:
        return 1;
    }
  };
  for (size_t i = 0; i < fields_.size(); ++i)
    if (fields_[i].kind != FieldKind::skip) saved_.push_back(i);
  std::stable_sort(saved_.begin(), saved_.end(), [&](size_t a, size_t b) { return rank(a) < rank(b); });
}

void Pattern::collect_doubts(std::string_view text, std::vector<Remark>& doubts) const {
  if (fields_.empty()) {
    doubts.push_back(
        {"The pattern has no field and never matches", "Write the fields as %{name}.", {0, text.size()}});
    return;
  }
  for (size_t i = 1; i < fields_.size(); ++i)
    if (before_[i].empty())
      doubts.push_back({"Nothing stands between two fields, so that the pattern never matches",
                        "Write the text that separates them.",
                        {fields_[i - 1].place.begin - 2, fields_[i].place.end + 1}});
  const size_t last = fields_.size() - (tail_ ? 2 : 1);
  const size_t behind = fields_[last].place.end + 1;
  if (const size_t open = text.find("%{", behind); open != kNone)
    doubts.push_back({"A field has no closing brace and is looked for as text",
                      "Close it: %{name}.",
                      {open, text.size()}});
  else if (const size_t brace = text.rfind('}'); brace >= behind)
    doubts.push_back({"Text up to the last brace, behind the last field, is not looked for",
                      "Put a %{?rest} behind the brace.",
                      {behind, brace + 1}});
}

std::string_view Pattern::joint(size_t field) const {
  return before_[field].empty() ? std::string_view(" ") : std::string_view(before_[field]);
}

// Moves `at` to where the text of `field` begins.
bool Pattern::skip_delimiter(size_t field, std::string_view text, size_t& at) const {
  const std::string& delimiter = before_[field];
  if (field > 0 && fields_[field - 1].padded) {
    while (!delimiter.empty() && text.substr(at).starts_with(delimiter)) at += delimiter.size();
  } else if (at == 0 && !before_[0].empty()) {
    if (!text.starts_with(delimiter)) return false;
    at = delimiter.size();
  }
  return true;
}

bool Pattern::split(std::string_view text, std::string_view* parts) const {
  if (fields_.empty() || text.empty()) return false;
  const size_t last = fields_.size() - 1;
  size_t at = 0;
  for (size_t i = 0; i < last; ++i) {
    if (!skip_delimiter(i, text, at)) return false;
    const size_t end = find_delimiter(text, before_[i + 1], at);
    if (end == kNone) return false;
    parts[i] = text.substr(at, end - at);
    // A delimiter at the very beginning is not passed by: Logstash finds it again for the next field.
    if (end > 0) at = end + before_[i + 1].size();
  }
  if (!skip_delimiter(last, text, at)) return false;
  parts[last] = text.substr(at);
  return true;
}

}  // namespace sluice::plugins::dissect
