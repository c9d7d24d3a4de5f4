// sprintf templates, compiled once: `logs-%{[@metadata][tenant]}-%{+YYYY.MM}`.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.hpp"
#include "event/field_ref.hpp"

namespace sluice {

namespace match {
class JodaPattern;
class JavaTimePattern;
}  // namespace match

/// A text with `%{field}`, `%{+Joda}`, `%{{java.time}}` and `%{+%s}` in it. Immutable, shared by workers.
class Template {
 public:
  /// What came of filling a template in.
  enum class Outcome : uint8_t {
    ok,
    unresolved,  // a field was missing: its %{...} stands in the text
    failed,      // a date pattern is illegal, or a field reference is
  };

  Template() = default;
  explicit Template(std::string_view text);

  /// Appends the text for `event` to `out`.
  Outcome fill(const Event& event, std::string& out) const;
  /// The filled text as a value in the event's batch; failure gives an empty text.
  Value value(const Event& event, Outcome* outcome = nullptr) const;

  /// True when the text has no placeholder; text() is then the result for every event.
  [[nodiscard]] bool constant() const { return constant_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  /// The fields that it reads.
  [[nodiscard]] std::vector<FieldRef> fields() const;
  /// The reason that it can never be filled in (an illegal date pattern), or empty.
  [[nodiscard]] std::string_view problem() const { return problem_; }

 private:
  struct Part {
    enum class Kind : uint8_t { literal, field, joda, java, epoch, now, broken };
    Kind kind = Kind::literal;
    std::string text;  // literal, or the placeholder as written
    FieldRef field;
    std::shared_ptr<const match::JodaPattern> joda;
    std::shared_ptr<const match::JavaTimePattern> java;
  };
  void add_placeholder(std::string_view inside, std::string_view whole);
  Outcome fill_part(const Part& part, const Event& event, std::string& out) const;

  std::string text_;
  std::string problem_;
  std::vector<Part> parts_;
  bool constant_ = true;
  bool plain_ = false;  // the constant text needs no JSON escaping
};

}  // namespace sluice
