#include "match/grok.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "match/grok_expand.hpp"

namespace sluice::match {
namespace {

// NAME:field:type, or the name of a group written out by hand.
GrokCapture capture_of(std::string_view group_name) {
  std::string_view parts[3];
  size_t count = 0;
  while (count < 3) {
    const size_t colon = group_name.find(':');
    parts[count++] = group_name.substr(0, colon);
    if (colon == std::string_view::npos) break;
    group_name.remove_prefix(colon + 1);
  }
  GrokCapture capture;
  capture.field = count > 1 ? parts[1] : parts[0];
  if (count > 2 && parts[2] == "int") capture.type = CaptureType::integer;
  if (count > 2 && parts[2] == "float") capture.type = CaptureType::real;
  return capture;
}

// Expressions of the shipped sets run to kilobytes; an error message needs the gist.
std::string shortened(std::string_view text) {
  constexpr size_t kMost = 200;
  return text.size() <= kMost ? std::string(text) : std::string(text.substr(0, kMost)) + "…";
}

// What stands where the regular expression went wrong: its author may not know the text that patterns put
// there.
std::string near(std::string_view regex, size_t at) {
  if (at >= regex.size()) return "";
  const size_t from = at < 20 ? 0 : at - 20;
  return fmt::format(" near \"{}\"", utf8_scrub(regex.substr(from, at - from + 40)));
}

}  // namespace

struct Grok::Program {
  std::string expression;
  std::string expanded;
  Regex regex;
  std::vector<GrokCapture> captures;
  std::vector<size_t> groups;  // group number of each capture
};

Result<Grok> Grok::compile(std::string_view expression, const PatternSet& patterns, GrokOptions options) {
  Result<std::string> expanded = expand_grok(expression, patterns, options.named_captures_only);
  if (!expanded.ok()) {
    return Status::config(fmt::format("grok pattern \"{}\": {}", shortened(expression), expanded.message()));
  }
  const RenamedGroups renamed = rename_groups(*expanded);
  size_t error_at = std::string_view::npos;
  Result<Regex> regex =
      Regex::compile(renamed.regex, {.dot_all = true, .no_numbered_groups = true}, &error_at);
  if (!regex.ok()) {
    return Status::config(fmt::format("grok pattern \"{}\" is no valid regular expression: {}{}",
                                      shortened(expression), regex.message(), near(renamed.regex, error_at)));
  }
  Program program{std::string(expression), std::move(*expanded), std::move(*regex), {}, {}};
  for (size_t i = 0; i < renamed.names.size(); ++i) {
    bool first = true;
    for (const int group : program.regex.groups_named(fmt::format("g{}", i))) {
      GrokCapture capture = capture_of(renamed.names[i]);
      // Logstash converts the first group of a name only; the others keep their text.
      if (!first) capture.type = CaptureType::string;
      first = false;
      program.captures.push_back(std::move(capture));
      program.groups.push_back(static_cast<size_t>(group));
    }
  }
  return Grok(std::make_shared<const Program>(std::move(program)));
}

std::span<const GrokCapture> Grok::captures() const { return program_->captures; }

const std::string& Grok::expression() const { return program_->expression; }

const std::string& Grok::expanded() const { return program_->expanded; }

MatchResult Grok::match(std::string_view text, GrokMatch& match, Budget budget) const {
  const Program& program = *program_;
  const MatchResult result = program.regex.search(text, match.captures_, 0, budget);
  if (result != MatchResult::match) return result;
  match.values_.resize(program.groups.size());
  for (size_t i = 0; i < program.groups.size(); ++i)
    match.values_[i] = match.captures_.group(program.groups[i]);
  return result;
}

}  // namespace sluice::match
