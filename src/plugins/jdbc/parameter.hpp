// What an event gives to a statement.
#pragma once

#include <string>
#include <string_view>

#include "event/event.hpp"
#include "event/template.hpp"
#include "lang/ast.hpp"

namespace sluice::jdbc {

/// One parameter: the value of a field, a text with `%{...}`, or a constant. Immutable, shared by workers.
class Parameter {
 public:
  /// A text with `%{...}` is filled in, everything else names a field. The error is that of the reference.
  static Result<Parameter> field_or_text(const std::string& written);
  /// The same, but only `[field]` names a field, and the rest is a constant.
  static Result<Parameter> bound(const lang::Value& written, Arena& arena);

  /// Null when the event has no such field.
  [[nodiscard]] Value value(const Event& event) const;
  [[nodiscard]] bool constant() const { return kind_ == Kind::constant; }
  /// True when it is a text with `%{...}` of which nothing could be filled in for `event`.
  [[nodiscard]] bool unresolved(const Value& value) const {
    return kind_ == Kind::text && value.as_text() == text_.text();
  }
  [[nodiscard]] std::vector<FieldRef> fields() const;

 private:
  enum class Kind : uint8_t { field, text, constant };
  Kind kind_ = Kind::constant;
  FieldRef field_;
  Template text_;
  Value constant_;
};

}  // namespace sluice::jdbc
