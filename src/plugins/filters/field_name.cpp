#include "plugins/filters/field_name.hpp"

#include <algorithm>

namespace sluice::plugins {

FieldName FieldName::literal(std::string_view text) {
  FieldName name;
  name.text_ = text;
  if (auto ref = FieldRef::parse(text); ref.ok())
    name.ref_ = std::move(ref).value();
  else
    name.problem_ = ref.message();
  return name;
}

FieldName FieldName::expanded(std::string_view text) {
  Template filled(text);
  if (filled.constant()) return literal(text);
  FieldName name;
  name.text_ = text;
  name.constant_ = false;
  name.template_ = std::move(filled);
  return name;
}

Status FieldName::resolve(const Event& event, FieldRef& made, const FieldRef*& ref) const {
  if (constant_) {
    ref = &ref_;
    return problem_.empty() ? Status{} : Status::error(Fault::filter, problem_);
  }
  thread_local std::string text;
  text.clear();
  if (template_.fill(event, text) == Template::Outcome::failed)
    return Status::error(Fault::filter,
                         "cannot be filled in: " + text_ + " " + std::string(template_.problem()));
  auto parsed = FieldRef::parse(text, event.arena());
  if (!parsed.ok()) return parsed.status();
  made = std::move(parsed).value();
  ref = &made;
  return {};
}

void FieldName::check(plugin::Setup& setup, std::string_view option, Span span) const {
  if (problem_.empty()) return;
  setup
      .warning(option, "W0304", problem_,
               "Write a field as `name` or as [outer][inner], every bracket closed.")
      .span = span;
}

bool is_below(const FieldRef& ref, const FieldRef& parent) {
  const auto same = [](const FieldRef::Step& a, const FieldRef::Step& b) { return a.key == b.key; };
  const auto &steps = ref.steps(), &above = parent.steps();
  return ref.metadata() == parent.metadata() && steps.size() > above.size() &&
         std::equal(above.begin(), above.end(), steps.begin(), same);
}

}  // namespace sluice::plugins
