// What a config author reads: a place, what is wrong in words, and how to mend it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/span.hpp"
#include "lang/source.hpp"

namespace sluice::lang {

/// Replaces the bytes of `where` by `replacement`. Only a `certain` fix is written by `pipeline --test
/// --fix`.
struct Fix {
  Span where;
  std::string replacement;
  bool certain = false;
};

/// One finding. Codes are stable: E01xx syntax, E02xx plugins and options, E03xx values (regexes, grok,
/// dates, field references, files), E04xx structure and flow; W for warnings with the same hundreds.
struct Diagnostic {
  enum class Severity { error, warning };
  Severity severity = Severity::error;
  std::string code;     // "E0203"
  Span span;            // unknown span: about the config as a whole
  std::string message;  // one sentence: what is wrong
  std::string help;     // what to do; may be empty
  std::optional<Fix> fix;
};

/// The findings of one run, in the order found.
class Diagnostics {
 public:
  Diagnostic& error(std::string code, Span span, std::string message, std::string help = {});
  Diagnostic& warning(std::string code, Span span, std::string message, std::string help = {});
  [[nodiscard]] const std::vector<Diagnostic>& items() const { return items_; }
  [[nodiscard]] std::vector<Diagnostic>& items() { return items_; }
  [[nodiscard]] size_t error_count() const { return errors_; }
  [[nodiscard]] bool has_errors() const { return errors_ != 0; }
  /// Orders by file and position, and drops exact repetitions.
  void sort();

 private:
  std::vector<Diagnostic> items_;
  size_t errors_ = 0;
};

/// `file:line:col: error[E0203]: message`, the source line, a caret under the place, and the help. `colour`
/// adds ANSI colours.
std::string render(const Diagnostic& diagnostic, const SourceSet& sources, bool colour);

/// What `pipeline --test` prints: every finding with an empty line between, then `N errors, M warnings`, or
/// `Configuration OK`. Ends in a newline. Expects sorted diagnostics.
std::string render_report(const Diagnostics& diagnostics, const SourceSet& sources, bool colour);

/// One JSON object: severity, code, file, line, column, end_line, end_column, message, help,
/// fix{replacement,certain}.
std::string render_json(const Diagnostic& diagnostic, const SourceSet& sources);

/// The explanation of a code for `pipeline explain E0203`: what it means, an example, how to mend it. Empty
/// if unknown.
std::string_view explain_code(std::string_view code);

/// All codes that explain_code() knows, in order.
std::vector<std::string_view> known_codes();

/// The files that certain fixes change, with their new text (fixes that overlap an earlier one are left out).
struct FixedFile {
  uint32_t file;
  std::string text;
};
std::vector<FixedFile> apply_certain_fixes(const Diagnostics& diagnostics, const SourceSet& sources);

/// A unified diff (3 lines of context) from `before` to `after`, headed with `path`. Empty when equal.
std::string unified_diff(std::string_view path, std::string_view before, std::string_view after);

}  // namespace sluice::lang
