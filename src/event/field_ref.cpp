#include "event/field_ref.hpp"

#include <atomic>
#include <charconv>

namespace sluice {
namespace {

std::atomic<FieldEscapes> process_escapes{FieldEscapes::none};

std::string unescape(std::string_view name, FieldEscapes style) {
  if (style == FieldEscapes::none) return std::string(name);
  const bool percent = style == FieldEscapes::percent;
  const std::string_view open = percent ? "%5B" : "&#91;", close = percent ? "%5D" : "&#93;";
  std::string out;
  for (size_t i = 0; i < name.size();) {
    if (name.substr(i, open.size()) == open) {
      out += '[';
      i += open.size();
    } else if (name.substr(i, close.size()) == close) {
      out += ']';
      i += close.size();
    } else {
      out += name[i++];
    }
  }
  return out;
}

// Splits "[a][[b][c]]" into its names; embedded references flatten. False when the text is illegal.
bool tokenize(std::string_view text, std::vector<std::string_view>& names) {
  int depth = 0;
  size_t start = 0;
  bool in_name = false;
  char last = 0;  // the last bracket, or 'x' for a character of a name
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '[') {
      if (in_name) return false;
      ++depth;
      last = '[';
    } else if (c == ']') {
      if (depth == 0) return false;
      if (in_name) {
        names.push_back(text.substr(start, i - start));
        in_name = false;
      } else if (last == '[') {
        return false;
      }
      --depth;
      last = ']';
    } else {
      if (last == ']' || depth == 0) return false;
      if (!in_name) {
        in_name = true;
        start = i;
      }
      last = 'x';
    }
  }
  return depth == 0 && !names.empty();
}

FieldRef::Step step_of(std::string_view name, Arena* arena) {
  FieldRef::Step step;
  step.key = arena ? Key::of(name, *arena) : Key::intern(name);
  const char* first = name.data();
  const char* end = first + name.size();
  if (first != end && *first == '+') ++first;
  const auto [at, error] = std::from_chars(first, end, step.index);
  step.is_index = error == std::errc{} && at == end && first != end;
  return step;
}

}  // namespace

FieldEscapes FieldRef::default_escapes() { return process_escapes.load(std::memory_order_relaxed); }
void FieldRef::set_default_escapes(FieldEscapes escapes) { process_escapes = escapes; }

Result<FieldRef> FieldRef::parse(std::string_view text, FieldEscapes escapes) {
  return parse(text, nullptr, escapes);
}

Result<FieldRef> FieldRef::parse(std::string_view text, Arena& arena, FieldEscapes escapes) {
  return parse(text, &arena, escapes);
}

Result<FieldRef> FieldRef::parse(std::string_view text, Arena* arena, FieldEscapes escapes) {
  FieldRef ref;
  ref.text_ = text;
  std::vector<std::string_view> names;
  if (text.find_first_of("[]") == std::string_view::npos) {
    names.push_back(text);
  } else if (!tokenize(text, names)) {
    return Status::config("Invalid FieldReference: `" + std::string(text) + "`");
  }
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string name = unescape(names[i], escapes);
    if (i == 0 && name == "@metadata") {
      ref.metadata_ = true;
      continue;
    }
    ref.steps_.push_back(step_of(name, arena));
  }
  if (!ref.metadata_ && !ref.steps_.empty()) {
    const auto first = ref.steps_[0].key.text();
    if (first == "@timestamp" && ref.steps_.size() == 1) ref.special_ = Special::timestamp;
    if (first == "tags") ref.special_ = ref.steps_.size() == 1 ? Special::tags : Special::below_tags;
  }
  return ref;
}

FieldRef FieldRef::of(std::string_view text) {
  auto ref = parse(text);
  return ref.ok() ? std::move(ref).value() : FieldRef{};
}

}  // namespace sluice
