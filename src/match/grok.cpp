#include "match/grok.hpp"

#include <fmt/format.h>

#include <set>

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

// What stands where a text went wrong.
std::string near(std::string_view text, size_t at) {
  if (at >= text.size()) return "";
  const size_t from = at < 20 ? 0 : at - 20;
  return fmt::format(" near \"{}\"", utf8_scrub(text.substr(from, at - from + 40)));
}

constexpr RegexOptions kOptions{.dot_all = true, .no_numbered_groups = true};

// What is wrong with one text by itself, without the patterns in it; empty when nothing is.
std::string fault_of(std::string_view text, size_t& at) {
  const Result<Regex> alone = Regex::compile(grok_skeleton(text), kOptions, &at);
  return alone.ok() ? "" : alone.message() + near(text, at);
}

// Finds the pattern, among those that the text leads to, that is wrong by itself.
std::string fault_below(std::string_view text, const PatternSet& patterns, std::set<std::string>& seen) {
  for (const auto& reference : grok_references(text)) {
    const auto known = patterns.find(reference.name);
    const std::string body(reference.definition.empty() ? known.value_or("") : reference.definition);
    if (!seen.emplace(reference.name).second) continue;
    size_t at = 0;
    if (const std::string fault = fault_of(body, at); !fault.empty())
      return fmt::format("in %{{{}}}: {}", reference.name, fault);
    if (std::string fault = fault_below(body, patterns, seen); !fault.empty()) return fault;
  }
  return "";
}

Status regex_error(std::string_view expression, const PatternSet& patterns, const std::string& message,
                   GrokPlace& place) {
  size_t at = std::string_view::npos;
  std::string fault = fault_of(expression, at);
  if (!fault.empty() && at < expression.size()) place = {at, at + 1};
  for (const auto& reference : grok_references(expression)) {
    if (!fault.empty()) break;
    std::set<std::string> seen;
    fault = fault_below(expression.substr(reference.begin, reference.end - reference.begin), patterns, seen);
    if (!fault.empty()) place = {reference.begin, reference.end};
  }
  return Status::config(fmt::format("grok pattern \"{}\" is no valid regular expression: {}",
                                    shortened(expression), fault.empty() ? message : fault));
}

// The first reference that cannot be expanded by itself.
GrokPlace place_of_unknown(std::string_view expression, const PatternSet& patterns) {
  for (const auto& reference : grok_references(expression))
    if (!expand_grok(expression.substr(reference.begin, reference.end - reference.begin), patterns, true)
             .ok())
      return {reference.begin, reference.end};
  return {};
}

}  // namespace

struct Grok::Program {
  std::string expression;
  std::string expanded;
  std::vector<NamedSpan> spans;
  Regex regex;
  std::vector<GrokCapture> captures;
  std::vector<size_t> groups;  // group number of each capture
};

Result<Grok> Grok::compile(std::string_view expression, const PatternSet& patterns, GrokOptions options,
                           GrokPlace* place) {
  GrokPlace ignored;
  if (!place) place = &ignored;
  std::vector<NamedSpan> spans;
  Result<std::string> expanded = expand_grok(expression, patterns, options.named_captures_only, &spans);
  if (!expanded.ok()) {
    *place = place_of_unknown(expression, patterns);
    return Status::config(fmt::format("grok pattern \"{}\": {}", shortened(expression), expanded.message()));
  }
  const RenamedGroups renamed = rename_groups(*expanded);
  size_t error_at = 0;
  Result<Regex> regex = Regex::compile(renamed.regex, kOptions, &error_at);
  if (!regex.ok()) return regex_error(expression, patterns, regex.message(), *place);
  Program program{std::string(expression), std::move(*expanded), std::move(spans), std::move(*regex), {}, {}};
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

const Regex& Grok::regex() const { return program_->regex; }

const std::string& Grok::expression() const { return program_->expression; }

const std::string& Grok::expanded() const { return program_->expanded; }

const std::vector<NamedSpan>& Grok::spans() const { return program_->spans; }

MatchResult Grok::match(const Subject& subject, GrokMatch& match, Budget budget) const {
  const Program& program = *program_;
  const MatchResult result = program.regex.search(subject, match.captures_, 0, budget);
  if (result != MatchResult::match) return result;
  match.values_.resize(program.groups.size());
  for (size_t i = 0; i < program.groups.size(); ++i)
    match.values_[i] = match.captures_.group(program.groups[i]);
  return result;
}

}  // namespace sluice::match
