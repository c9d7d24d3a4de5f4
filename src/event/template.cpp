#include "event/template.hpp"

#include "base/time.hpp"
#include "base/utf8.hpp"
#include "match/iso8601.hpp"
#include "match/java_time.hpp"
#include "match/joda.hpp"

namespace sluice {

Template::Template(std::string_view text) : text_(text) {
  const auto literal = [this](std::string_view piece) {
    if (piece.empty()) return;
    if (parts_.empty() || parts_.back().kind != Part::Kind::literal) parts_.push_back({});
    parts_.back().text += piece;
  };
  size_t at = 0;
  while (at < text.size()) {
    const size_t open = text.find("%{", at);
    if (open == std::string_view::npos) break;
    const bool java = open + 2 < text.size() && text[open + 2] == '{';
    const size_t close = java ? text.find("}}", open) : text.find('}', open);
    if (close == std::string_view::npos) break;
    literal(text.substr(at, open - at));
    at = close + (java ? 2 : 1);
    add_placeholder(text.substr(open + 2, close - open - 2), text.substr(open, at - open));
  }
  literal(text.substr(at));
  constant_ = parts_.empty() || (parts_.size() == 1 && parts_[0].kind == Part::Kind::literal);
  plain_ = constant_ && json_plain(text_);
}

// `inside` is what stands between `%{` and `}`; of a java.time placeholder it still has the first `{`.
void Template::add_placeholder(std::string_view inside, std::string_view whole) {
  Part part;
  part.text = whole;
  part.kind = Part::Kind::field;
  if (!inside.empty() && inside.front() == '{') {
    const auto pattern = inside.substr(1);
    if (pattern == "TIME_NOW") {
      part.kind = Part::Kind::now;
    } else if (auto compiled = match::JavaTimePattern::compile(pattern); compiled.ok()) {
      part.kind = Part::Kind::java;
      part.java = std::make_shared<const match::JavaTimePattern>(std::move(compiled).value());
    } else {
      part.kind = Part::Kind::broken;
      problem_ = compiled.message();
    }
  } else if (std::string_view("+%s").starts_with(inside)) {
    part.kind = Part::Kind::epoch;
  } else if (inside.front() == '+') {
    if (auto compiled = match::JodaPattern::compile(inside.substr(1)); compiled.ok()) {
      part.kind = Part::Kind::joda;
      part.joda = std::make_shared<const match::JodaPattern>(std::move(compiled).value());
    } else {
      part.kind = Part::Kind::broken;
      problem_ = compiled.message();
    }
  } else if (auto ref = FieldRef::parse(inside); ref.ok()) {
    part.field = std::move(ref).value();
  } else {
    part.kind = Part::Kind::broken;
    problem_ = ref.message();
  }
  parts_.push_back(std::move(part));
}

Template::Outcome Template::fill_part(const Part& part, const Event& event, std::string& out) const {
  switch (part.kind) {
    case Part::Kind::literal:
      out += part.text;
      return Outcome::ok;
    case Part::Kind::field: {
      const Value* value = event.get(part.field);
      if (!value || value->is_null()) {
        out += part.text;
        return Outcome::unresolved;
      }
      if (value->is_string())
        out += value->as_text();
      else
        append_text(*value, out);
      return Outcome::ok;
    }
    case Part::Kind::broken:
      return Outcome::failed;
    case Part::Kind::now: {
      append_text(Value::timestamp(wall_nanos()), out);
      return Outcome::ok;
    }
    default:
      break;
  }
  if (!event.has_timestamp()) return Outcome::ok;
  const int64_t nanos = event.timestamp();
  if (part.kind == Part::Kind::joda) {
    part.joda->format(nanos, match::utc_zone(), match::english_names(), out);
  } else if (part.kind == Part::Kind::java) {
    part.java->format(nanos, out);
  } else {
    out += std::to_string(nanos / 1000000000 - (nanos % 1000000000 < 0 ? 1 : 0));
  }
  return Outcome::ok;
}

Template::Outcome Template::fill(const Event& event, std::string& out) const {
  Outcome outcome = Outcome::ok;
  for (const auto& part : parts_) {
    const Outcome one = fill_part(part, event, out);
    if (one == Outcome::failed) return one;
    if (one == Outcome::unresolved) outcome = one;
  }
  return outcome;
}

Value Template::value(const Event& event, Outcome* outcome) const {
  if (constant_) {
    if (outcome) *outcome = Outcome::ok;
    return Value::string(text_, plain_);
  }
  if (parts_.size() == 1 && parts_[0].kind == Part::Kind::field) {
    // Texts of a batch are never changed in place, so that two fields can share one.
    const Value* whole = event.get(parts_[0].field);
    if (whole && whole->is_string()) {
      if (outcome) *outcome = Outcome::ok;
      return *whole;
    }
  }
  if (parts_.size() == 1 && parts_[0].kind == Part::Kind::now) {
    if (outcome) *outcome = Outcome::ok;
    char text[match::kIso8601Size];
    return Value::string(event.arena().copy({text, match::format_iso8601(wall_nanos(), text)}), true);
  }
  thread_local std::string scratch;
  scratch.clear();
  const Outcome result = fill(event, scratch);
  if (outcome) *outcome = result;
  if (result == Outcome::failed) return Value::string("", true);
  return event.text(scratch);
}

std::vector<FieldRef> Template::fields() const {
  std::vector<FieldRef> all;
  for (const auto& part : parts_)
    if (part.kind == Part::Kind::field) all.push_back(part.field);
  return all;
}

}  // namespace sluice
