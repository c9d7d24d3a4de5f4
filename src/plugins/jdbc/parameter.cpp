#include "plugins/jdbc/parameter.hpp"

#include "plugins/jdbc/options.hpp"

namespace sluice::jdbc {
namespace {

bool holds_placeholder(std::string_view text) {
  const size_t open = text.find("%{");
  return open != std::string_view::npos && text.find('}', open) != std::string_view::npos;
}

}  // namespace

Result<Parameter> Parameter::field_or_text(const std::string& written) {
  Parameter made;
  if (holds_placeholder(written)) {
    made.kind_ = Kind::text;
    made.text_ = Template(written);
    return made;
  }
  auto field = FieldRef::parse(written);
  if (!field.ok()) return field.status();
  made.kind_ = Kind::field;
  made.field_ = std::move(field).value();
  return made;
}

Result<Parameter> Parameter::bound(const lang::Value& written, Arena& arena) {
  const auto& text = written.text;
  const bool reference = text.starts_with('[') && text.ends_with(']');
  if (written.kind != lang::Value::Kind::number && (holds_placeholder(text) || reference))
    return field_or_text(text);
  Parameter made;
  made.constant_ = jdbc::constant(written, arena);
  return made;
}

Value Parameter::value(const Event& event) const {
  if (kind_ == Kind::constant) return constant_;
  if (kind_ == Kind::text) return text_.value(event);
  const Value* value = event.get(field_);
  return value ? *value : Value();
}

std::vector<FieldRef> Parameter::fields() const {
  if (kind_ == Kind::text) return text_.fields();
  if (kind_ == Kind::field) return {field_};
  return {};
}

}  // namespace sluice::jdbc
