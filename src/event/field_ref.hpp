// Field references, compiled once: `message`, `[a][b][0]`, `[@metadata][tenant]`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "base/symbol.hpp"

namespace sluice {

/// How brackets are written inside a name (config.field_reference.escape_style).
enum class FieldEscapes : uint8_t { none, percent, ampersand };

/// A path of names from the root of an event or of its @metadata.
class FieldRef {
 public:
  struct Step {
    Key key;
    int64_t index = 0;      // when is_index: the list index that the name denotes, negative from the end
    bool is_index = false;  // the name is the text of an integer
  };

  FieldRef() = default;
  /// Parses Logstash's syntax. The error text is Logstash's: Invalid FieldReference: `...`.
  static Result<FieldRef> parse(std::string_view text, FieldEscapes escapes = default_escapes());
  /// The same for a name that an event made (`%{name}`, a key of its JSON): such names are interned only
  /// while the table has room for names of the input, else their text lives in `arena`, which the reference
  /// must not outlive.
  static Result<FieldRef> parse(std::string_view text, Arena& arena,
                                FieldEscapes escapes = default_escapes());
  /// For names known to be right.
  static FieldRef of(std::string_view text);

  /// The process-wide escape style; set before pipelines are built.
  static FieldEscapes default_escapes();
  static void set_default_escapes(FieldEscapes escapes);

  [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }
  /// True for [@metadata] and everything below it; steps() then starts below @metadata.
  [[nodiscard]] bool metadata() const { return metadata_; }
  /// As written.
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool is_timestamp() const { return special_ == Special::timestamp; }
  [[nodiscard]] bool is_tags() const { return special_ == Special::tags; }
  /// [tags][x]: never legal to set.
  [[nodiscard]] bool is_below_tags() const { return special_ == Special::below_tags; }
  [[nodiscard]] bool empty() const { return steps_.empty() && !metadata_; }

 private:
  enum class Special : uint8_t { none, timestamp, tags, below_tags };
  static Result<FieldRef> parse(std::string_view text, Arena* arena, FieldEscapes escapes);
  std::vector<Step> steps_;
  bool metadata_ = false;
  Special special_ = Special::none;
  std::string text_;
};

}  // namespace sluice
