// libFuzzer: an expression as grok compiles it, or is refused, and what it finds in a text: the same as
// Oniguruma alone. The first byte is the options, the expression goes to the first line end, the text is what
// follows.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "differential/judge.hpp"
#include "match/grok.hpp"

namespace {

using namespace sluice;
using match::MatchResult;

constexpr size_t kLongestExpression = 200, kLongestText = 2000;
constexpr match::Budget kBudget{200};

// What the search found, in the judge's words.
test::Verdict search(const match::Regex& regex, const match::Subject& text, test::Offsets& offsets) {
  match::Captures captures;
  const auto result = regex.search(text, captures, 0, kBudget);
  if (result == MatchResult::no_match) return test::Verdict::no_match;
  if (result != MatchResult::match) return test::Verdict::undecided;
  for (size_t i = 0; i < captures.size(); ++i) {
    offsets.push_back(static_cast<int>(captures.begin(i)));
    offsets.push_back(static_cast<int>(captures.end(i)));
  }
  return test::Verdict::match;
}

void compare(std::string_view expression, const match::RegexOptions& options, std::string_view bytes) {
  const auto regex = match::Regex::compile(expression, options);
  if (!regex.ok()) return;
  test::Judge judge(expression, options);
  if (!judge.valid()) return;
  const match::Subject text(bytes);
  test::Offsets wanted, got;
  const auto verdict = judge.search(bytes, text.utf8(), 0, wanted);
  const auto ours = search(*regex, text, got);
  if (verdict == test::Verdict::undecided || ours == test::Verdict::undecided) return;
  if (verdict != ours || wanted != got) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto expression = rest.substr(0, rest.find('\n'));
  const auto text = rest.substr(std::min(expression.size() + 1, rest.size()));
  if (expression.size() > kLongestExpression || text.size() > kLongestText) return 0;
  match::RegexOptions options;
  options.ignore_case = data[0] & 1;
  options.dot_all = data[0] & 2;
  options.no_numbered_groups = data[0] & 4;
  static const match::PatternSet patterns(match::BuiltinPatterns::ecs_v1);
  const auto grok = match::Grok::compile(expression, patterns, {.named_captures_only = (data[0] & 8) != 0});
  if (grok.ok()) {
    match::GrokMatch match;
    (void)grok->match(text, match, kBudget);
  }
  compare(expression, options, text);
  return 0;
}
