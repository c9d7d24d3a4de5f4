#include "judge.hpp"

#include "match/regex_syntax.hpp"

namespace sluice::test {
namespace {

constexpr unsigned long kMostBacktracking = 50'000;

const OnigUChar* bytes(std::string_view text) { return reinterpret_cast<const OnigUChar*>(text.data()); }

regex_t* compiled(std::string_view pattern, OnigOptionType options, OnigEncoding encoding) {
  regex_t* regex = nullptr;
  OnigErrorInfo info{};
  const int code = onig_new(&regex, bytes(pattern), bytes(pattern) + pattern.size(), options, encoding,
                            ONIG_SYNTAX_RUBY, &info);
  return code == ONIG_NORMAL ? regex : nullptr;
}

// `no_numbered_groups` does not hold where something refers to a group.
bool refers_to_groups(std::string_view pattern) {
  using match::RegexToken;
  for (auto token = match::next_regex_token(pattern, 0); token.kind != RegexToken::Kind::end;
       token = match::next_regex_token(pattern, token.end)) {
    const std::string_view part = pattern.substr(token.begin, token.end - token.begin);
    if (token.kind == RegexToken::Kind::escape && part.size() > 1 &&
        (part[1] == 'k' || part[1] == 'g' || (part[1] >= '1' && part[1] <= '9')))
      return true;
    if (part.substr(0, 3) == "(?(") return true;
  }
  return false;
}

}  // namespace

Judge::Judge(std::string_view pattern, const match::RegexOptions& options)
    : region_(onig_region_new()), param_(onig_new_match_param()) {
  OnigOptionType bits = ONIG_OPTION_NONE;
  if (options.ignore_case) bits |= ONIG_OPTION_IGNORECASE;
  if (options.dot_all) bits |= ONIG_OPTION_MULTILINE;
  if (options.no_numbered_groups && !refers_to_groups(pattern)) bits |= ONIG_OPTION_DONT_CAPTURE_GROUP;
  // Ruby's \d, \s and \w are ASCII.
  const std::string spelled = match::spell_out_ascii_classes(pattern);
  utf8_.reset(compiled(spelled, bits, ONIG_ENCODING_UTF8));
  bytes_.reset(compiled(spelled, bits, ONIG_ENCODING_ASCII));
  const auto holds = [&](std::string_view part) { return pattern.find(part) != std::string_view::npos; };
  blind_at_end_ = (holds("(?<=") || holds("(?<!")) && (holds("\\z") || holds("\\Z"));
  plain_groups_ = utf8_ && onig_number_of_names(utf8_.get()) == 0 && !(bits & ONIG_OPTION_DONT_CAPTURE_GROUP);
}

Verdict Judge::search(std::string_view text, bool utf8, size_t from, Offsets& offsets) {
  onig_initialize_match_param(param_.get());
  onig_set_retry_limit_in_match_of_match_param(param_.get(), kMostBacktracking);
  onig_set_retry_limit_in_search_of_match_param(param_.get(), kMostBacktracking);
  const OnigUChar* begin = bytes(text);
  const OnigUChar* end = begin + text.size();
  const int at = onig_search_with_param(utf8 ? utf8_.get() : bytes_.get(), begin, end, begin + from, end,
                                        region_.get(), ONIG_OPTION_NONE, param_.get());
  if (blind_at_end_ && (at == ONIG_MISMATCH || static_cast<size_t>(at) == text.size()))
    return Verdict::undecided;
  if (at == ONIG_MISMATCH) return Verdict::no_match;
  if (at < 0) return Verdict::undecided;
  offsets.clear();
  for (int i = 0; i < region_->num_regs; ++i) {
    offsets.push_back(region_->beg[i]);
    offsets.push_back(region_->end[i]);
  }
  return Verdict::match;
}

}  // namespace sluice::test
