#include "plugins/filters/ruby_code.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/utf8.hpp"

namespace sluice::plugins {
namespace {

// The place of a finding in the text of an option.
Span place(const plugin::Options& options, std::string_view option, const ruby::Finding& finding) {
  const auto& entry = options.entry(option);
  Span span = entry.span;
  const auto& value = entry.value;
  if (!span.known() || value.kind != lang::Value::Kind::string || value.written != value.text) return span;
  const std::string_view text = value.written;
  const uint32_t quote = value.quote ? 1 : 0;
  size_t begin = 0;
  for (int line = 1; line < finding.line; ++line) {
    const size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) break;
    begin = end + 1;
  }
  const size_t line_end = std::min(text.find('\n', begin), text.size());
  size_t at = begin + static_cast<size_t>(std::max(finding.column - 1, 0));
  if (finding.column == 0) at = std::min(text.find_first_not_of(" \t", begin), line_end);
  at = std::min(at, line_end);
  const size_t length =
      finding.column == 0 ? line_end - at : static_cast<size_t>(std::max(finding.length, 1));
  const auto before = static_cast<uint32_t>(utf8_length(text.substr(begin, at - begin)));
  span.line = entry.span.line + static_cast<uint32_t>(std::count(
                                    text.begin(), text.begin() + static_cast<ptrdiff_t>(begin), '\n'));
  span.column = (begin == 0 ? entry.span.column + quote : 1) + before;
  span.begin = entry.span.begin + quote + static_cast<uint32_t>(at);
  span.end = std::min(span.begin + static_cast<uint32_t>(std::max<size_t>(length, 1)), entry.span.end);
  return span;
}

}  // namespace

ruby::Inspection check_ruby(plugin::Setup& setup, std::initializer_list<RubyOption> options) {
  std::vector<std::string> texts;
  std::vector<RubyOption> given;
  for (const auto& option : options) {
    if (!setup.options.given(option.option)) continue;
    given.push_back(option);
    texts.push_back(setup.options.string(option.option));
  }
  std::vector<ruby::Piece> pieces;
  for (size_t i = 0; i < given.size(); ++i)
    pieces.push_back({{texts[i], given[i].option, 1}, given[i].parameters, false});
  auto inspection = ruby::inspect(pieces);
  for (const auto& finding : inspection.findings) {
    const auto option = given[finding.piece].option;
    setup.error(option, "E0309", "This Ruby code cannot run: " + finding.message, finding.help).span =
        place(setup.options, option, finding);
  }
  return inspection;
}

ruby::Inspection check_ruby_file(plugin::Setup& setup, const std::string& path, std::string_view text) {
  auto inspection = ruby::inspect({{{text, path, 1}, {}, true}});
  for (const auto& finding : inspection.findings)
    setup.error("path", "E0309", path + ":" + std::to_string(finding.line) + ": " + finding.message,
                finding.help);
  return inspection;
}

std::string describe(const ruby::Raised& raised) {
  std::string text = raised.class_name + ": " + raised.message;
  if (!raised.backtrace.empty()) text += " (" + raised.backtrace.front() + ")";
  return text;
}

void log_ruby_exception(WarningLimiter& limiter, std::string_view logger, std::string_view message,
                        const ruby::Raised& raised) {
  uint64_t suppressed = 0;
  if (!limiter.allow(suppressed)) return;
  std::string backtrace;
  for (const auto& line : raised.backtrace) backtrace += (backtrace.empty() ? "" : ", ") + line;
  log::Params params{{"class", raised.class_name}, {"backtrace", backtrace}};
  if (suppressed) params.emplace_back("not_shown", suppressed);
  log::error(logger, message, params);
}

}  // namespace sluice::plugins
