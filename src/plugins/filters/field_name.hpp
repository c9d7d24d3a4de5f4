// Names of fields in options: mostly constant and compiled once, sometimes made per event (`%{name}`).
#pragma once

#include <string>
#include <string_view>

#include "event/field_ref.hpp"
#include "event/template.hpp"
#include "plugin/setup.hpp"

namespace sluice::plugins {

/// One field name of an option. Immutable, shared by workers.
class FieldName {
 public:
  /// A name in which `%{...}` is filled in for each event.
  static FieldName expanded(std::string_view text);
  /// A name that is taken as it is written.
  static FieldName literal(std::string_view text);

  /// The field for `event`. An error when the text is no legal reference: of the event, or of the config
  /// (Logstash notices that with the first event, too).
  Status resolve(const Event& event, FieldRef& made, const FieldRef*& ref) const;

  [[nodiscard]] bool constant() const { return constant_; }
  /// True for a constant name that is no legal reference.
  [[nodiscard]] bool illegal() const { return !problem_.empty(); }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// Warns (W0304) when the name can never be one of a field.
  void check(plugin::Setup& setup, std::string_view option, Span span) const;

 private:
  std::string text_;
  std::string problem_;
  bool constant_ = true;
  FieldRef ref_;
  Template template_;
};

/// True when `ref` is of a field somewhere inside the field `parent`.
bool is_below(const FieldRef& ref, const FieldRef& parent);

/// The status of a failed set.
inline Status set_status(SetError error, const FieldRef& ref) {
  if (error == SetError::none) return {};
  return Status::error(Fault::filter, ref.text() + ": " + std::string(describe(error)));
}

}  // namespace sluice::plugins
