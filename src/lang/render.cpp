// Diagnostics for people (the line and a caret) and for programs (JSON).
#include <algorithm>

#include <fmt/format.h>

#include "base/secrets.hpp"
#include "base/utf8.hpp"
#include "lang/diagnostic.hpp"

namespace sluice::lang {
namespace {

constexpr size_t kShown = 140;  // characters of a long line that are shown
constexpr size_t kBefore = 60;  // of them in front of the place

struct Paint {
  bool on;
  [[nodiscard]] const char* error() const { return on ? "\033[1;31m" : ""; }
  [[nodiscard]] const char* warning() const { return on ? "\033[1;33m" : ""; }
  [[nodiscard]] const char* bold() const { return on ? "\033[1m" : ""; }
  [[nodiscard]] const char* dim() const { return on ? "\033[34m" : ""; }
  [[nodiscard]] const char* help() const { return on ? "\033[1;36m" : ""; }
  [[nodiscard]] const char* off() const { return on ? "\033[0m" : ""; }
};

/// The characters of a line as they can be shown: one string per character, without control characters, with
/// a sign in place of what cannot be seen.
std::vector<std::string> visible(std::string_view line) {
  const std::string text = utf8_scrub(line);
  std::vector<std::string> out;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const char32_t c = utf8_next(text, at);
    if (c == '\t')
      out.emplace_back("\t");
    else if (c < 0x20 || c == 0x7F || c == 0x200B || c == 0x200C || c == 0x200D || c == 0x2060 || c == 0xFEFF)
      out.emplace_back("\xEF\xBF\xBD");
    else
      out.push_back(text.substr(begin, at - begin));
  }
  return out;
}

/// Characters in a stretch of the source, counted as visible() shows them.
size_t count(std::string_view text) { return utf8_length(utf8_scrub(text)); }

void append_source(std::string& out, const Diagnostic& d, const SourceSet& sources, const Paint& paint) {
  const auto line = sources.line(d.span);
  const uint32_t line_begin = static_cast<uint32_t>(line.data() - sources.joined().data());
  const auto chars = visible(line);
  const size_t at =
      std::min(count(line.substr(0, std::min<size_t>(d.span.begin - line_begin, line.size()))), chars.size());
  const size_t span_end = std::min<size_t>(d.span.end - line_begin, line.size());
  size_t width = 1;
  if (span_end + line_begin > d.span.begin)
    width = std::max<size_t>(
        1, count(line.substr(d.span.begin - line_begin, span_end + line_begin - d.span.begin)));
  size_t first = 0;
  size_t last = chars.size();
  if (last > kShown) {
    first = at > kBefore ? at - kBefore : 0;
    last = std::min(last, first + kShown);
  }
  width = std::min(width, std::max<size_t>(1, last - std::min(at, last)));
  std::string shown = first ? "…" : "";
  std::string under = first ? " " : "";
  for (size_t i = first; i < last; ++i) shown += chars[i];
  if (last < chars.size()) shown += "…";
  for (size_t i = first; i < at; ++i) under += chars[i] == "\t" ? "\t" : " ";
  const auto number = std::to_string(d.span.line);
  const char* mark = d.severity == Diagnostic::Severity::error ? paint.error() : paint.warning();
  out += fmt::format("{} {} |{} {}\n", paint.dim(), number, paint.off(), shown);
  out += fmt::format("{} {:{}} |{} {}{}{}{}\n", paint.dim(), "", number.size(), paint.off(), under, mark,
                     std::string(width, '^'), paint.off());
}

std::string_view word(const Diagnostic& d) {
  return d.severity == Diagnostic::Severity::error ? "error" : "warning";
}

}  // namespace

std::string render(const Diagnostic& d, const SourceSet& sources, bool colour) {
  const Paint paint{colour};
  std::string out;
  if (d.span.known()) {
    out += fmt::format("{}{}:{}:{}: {}", paint.bold(), sources.path(d.span), d.span.line, d.span.column,
                       paint.off());
  }
  const char* mark = d.severity == Diagnostic::Severity::error ? paint.error() : paint.warning();
  out += fmt::format("{}{}[{}]{}: {}{}{}\n", mark, word(d), d.code, paint.off(), paint.bold(),
                     secrets::masked(d.message), paint.off());
  if (d.span.known()) append_source(out, d, sources, paint);
  const std::string help = secrets::masked(d.help);
  for (size_t at = 0; at < help.size();) {
    const size_t end = std::min(help.find('\n', at), help.size());
    const auto text = std::string_view(help).substr(at, end - at);
    if (at == 0)
      out += fmt::format("   {}help{}: {}\n", paint.help(), paint.off(), text);
    else
      out += fmt::format("         {}\n", text);
    at = end + 1;
  }
  return out;
}

std::string render_report(const Diagnostics& diagnostics, const SourceSet& sources, bool colour) {
  std::string out;
  for (const auto& d : diagnostics.items()) out += render(d, sources, colour) + "\n";
  const size_t errors = diagnostics.error_count();
  const size_t warnings = diagnostics.items().size() - errors;
  if (errors + warnings == 0) return "Configuration OK\n";
  const auto plural = [](size_t n, const char* what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  out += fmt::format("{}, {}\n", plural(errors, "error"), plural(warnings, "warning"));
  if (errors == 0) out += "Configuration OK\n";
  return out;
}

std::string render_json(const Diagnostic& d, const SourceSet& sources) {
  std::string out = fmt::format("{{\"severity\":\"{}\",\"code\":", word(d));
  append_json_string(out, d.code);
  if (d.span.known()) {
    const Span end = sources.span(d.span.end, d.span.end);
    out += ",\"file\":";
    append_json_string(out, sources.path(d.span));
    out += fmt::format(",\"line\":{},\"column\":{},\"end_line\":{},\"end_column\":{}", d.span.line,
                       d.span.column, end.line, end.column);
  }
  out += ",\"message\":";
  append_json_string(out, secrets::masked(d.message));
  out += ",\"help\":";
  append_json_string(out, secrets::masked(d.help));
  if (d.fix) {
    const Span end = sources.span(d.fix->where.end, d.fix->where.end);
    out +=
        fmt::format(",\"fix\":{{\"line\":{},\"column\":{},\"end_line\":{},\"end_column\":{},\"replacement\":",
                    d.fix->where.line, d.fix->where.column, end.line, end.column);
    append_json_string(out, secrets::masked(d.fix->replacement));
    out += fmt::format(",\"certain\":{}}}", d.fix->certain);
  }
  out += '}';
  return out;
}

}  // namespace sluice::lang
