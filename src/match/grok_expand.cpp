#include "match/grok_expand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "match/regex_syntax.hpp"

namespace sluice::match {
namespace {

constexpr size_t npos = std::string_view::npos;
constexpr size_t kLargestExpansion = size_t{1} << 20;

// Letters, digits and what lies between Z and a in ASCII: grok has always taken `[ \ ] ^ _ `` for names as
// well.
bool name_char(char c) { return (c >= 'A' && c <= 'z') || (c >= '0' && c <= '9'); }
bool field_char(char c) { return name_char(c) || c == '@' || c == ':' || c == '.' || c == '-'; }

// One `%{NAME:field:type=definition …}`.
struct Reference {
  std::string_view name;        // NAME
  std::string_view full;        // NAME:field:type
  std::string_view definition;  // empty when there is none
  size_t end = 0;
};

// End of a definition that begins at `at`: the first `}` that closes no brace opened in it.
size_t definition_end(std::string_view text, size_t at) {
  size_t depth = 0;
  for (size_t i = at; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && depth-- == 0) {
      return i;
    }
  }
  return npos;
}

std::optional<Reference> reference_at(std::string_view text, size_t at) {
  if (text.substr(at, 2) != "%{") return std::nullopt;
  const size_t begin = at + 2;
  size_t i = begin;
  while (i < text.size() && name_char(text[i])) ++i;
  if (i == begin) return std::nullopt;
  Reference found;
  found.name = text.substr(begin, i - begin);
  if (i + 1 < text.size() && text[i] == ':' && field_char(text[i + 1])) {
    ++i;
    while (i < text.size() && field_char(text[i])) ++i;
  }
  found.full = text.substr(begin, i - begin);
  if (i < text.size() && text[i] == '=') {
    const size_t end = definition_end(text, i + 1);
    if (end == npos) return std::nullopt;
    found.definition = text.substr(i + 1, end - i - 1);
    found.end = end + 1;
    return found;
  }
  // Whatever else stands before the brace says nothing: `%{NAME a remark}`.
  const size_t close = text.find('}', i);
  if (close == npos) return std::nullopt;
  found.end = close + 1;
  return found;
}

class Expander {
 public:
  Expander(const PatternSet& patterns, bool named_captures_only, std::vector<NamedSpan>* spans)
      : patterns_(patterns), named_captures_only_(named_captures_only), spans_(spans) {}

  Status expand(std::string_view text) {
    size_t copied = 0;
    for (size_t at = text.find("%{"); at != npos; at = text.find("%{", at)) {
      const std::optional<Reference> reference = reference_at(text, at);
      if (!reference) {
        at += 2;
        continue;
      }
      out_.append(text.substr(copied, at - copied));
      if (Status status = replace(*reference); !status.ok()) return status;
      copied = at = reference->end;
    }
    out_.append(text.substr(copied));
    if (out_.size() <= kLargestExpansion) return {};
    return Status::config(fmt::format("the expression grows beyond {} bytes when its patterns are put in{}",
                                      kLargestExpansion, inside()));
  }

  std::string take() { return std::move(out_); }

 private:
  Status replace(const Reference& reference) {
    const std::string name(reference.name);
    if (!reference.definition.empty()) defined_[name] = reference.definition;
    std::string_view regex;
    if (const auto own = defined_.find(name); own != defined_.end()) {
      regex = own->second;
    } else if (const auto known = patterns_.find(name)) {
      regex = *known;
    } else {
      return unknown(name);
    }
    if (std::find(open_.begin(), open_.end(), name) != open_.end()) {
      return Status::config(fmt::format("the pattern %{{{}}} leads back to itself{}", name, inside()));
    }
    const bool captures = !named_captures_only_ || reference.full.find(':') != npos;
    out_ += captures ? fmt::format("(?<{}>", reference.full) : "(?:";
    open_.push_back(name);
    // The text may move while a definition inside it is taken in.
    const std::string body(regex);
    const size_t span = spans_ ? spans_->size() : 0;
    if (spans_) spans_->push_back({name, out_.size(), 0});
    if (Status status = expand(body); !status.ok()) return status;
    if (spans_) (*spans_)[span].end = out_.size();
    open_.pop_back();
    out_ += ')';
    return {};
  }

  Status unknown(const std::string& name) const {
    const auto near = patterns_.nearest_name(name);
    return Status::config(fmt::format("the pattern %{{{}}} is not defined{}{}", name, inside(),
                                      near ? fmt::format("; did you mean %{{{}}}?", *near) : ""));
  }

  // " (in %{OUTER}, in %{INNER})" for the patterns that are being put in.
  std::string inside() const {
    std::string text;
    for (const std::string& name : open_)
      text += fmt::format("{}%{{{}}}", text.empty() ? " (in " : ", in ", name);
    return text.empty() ? text : text + ")";
  }

  const PatternSet& patterns_;
  const bool named_captures_only_;
  std::vector<NamedSpan>* const spans_;
  std::map<std::string, std::string> defined_;
  std::vector<std::string> open_;
  std::string out_;
};

}  // namespace

Result<std::string> expand_grok(std::string_view expression, const PatternSet& patterns,
                                bool named_captures_only, std::vector<NamedSpan>* spans) {
  Expander expander(patterns, named_captures_only, spans);
  if (Status status = expander.expand(expression); !status.ok()) return status;
  return expander.take();
}

std::vector<GrokReference> grok_references(std::string_view expression) {
  std::vector<GrokReference> all;
  for (size_t at = expression.find("%{"); at != npos; at = expression.find("%{", at)) {
    const std::optional<Reference> reference = reference_at(expression, at);
    if (reference) all.push_back({reference->name, reference->definition, at, reference->end});
    at = reference ? reference->end : at + 2;
  }
  return all;
}

std::string grok_skeleton(std::string_view expression) {
  std::string text(expression);
  for (const auto& reference : grok_references(expression)) {
    std::fill(text.begin() + static_cast<ptrdiff_t>(reference.begin),
              text.begin() + static_cast<ptrdiff_t>(reference.end), 'x');
    text.replace(reference.begin, 3, "(?:");
    text[reference.end - 1] = ')';
  }
  const auto word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const std::string before = text;  // tokens are those of the text before it changes
  for (RegexToken token = next_regex_token(before, 0); token.kind != RegexToken::Kind::end;
       token = next_regex_token(before, token.end)) {
    const NameRange name = regex_token_name(before, token);
    for (size_t i = name.begin; i < name.end; ++i)
      if (!word(text[i]) && (i == name.begin || !digit(text[i]))) text[i] = i == name.begin ? 'g' : '_';
  }
  return text;
}

RenamedGroups rename_groups(std::string_view regex) {
  RenamedGroups result;
  std::map<std::string_view, size_t> numbers;
  const auto number_of = [&](std::string_view name) {
    const auto [entry, fresh] = numbers.emplace(name, result.names.size());
    if (fresh) result.names.emplace_back(name);
    return entry->second;
  };
  // References may stand before their group, and only groups may give a name.
  for (RegexToken token = next_regex_token(regex, 0); token.kind != RegexToken::Kind::end;
       token = next_regex_token(regex, token.end)) {
    if (token.kind != RegexToken::Kind::group_open || regex.substr(token.begin, 3) == "(?(") continue;
    const NameRange name = regex_token_name(regex, token);
    if (!name.empty()) number_of(regex.substr(name.begin, name.end - name.begin));
  }
  for (RegexToken token = next_regex_token(regex, 0); token.kind != RegexToken::Kind::end;
       token = next_regex_token(regex, token.end)) {
    const NameRange range = regex_token_name(regex, token);
    const auto known = numbers.find(regex.substr(range.begin, range.end - range.begin));
    if (range.empty() || known == numbers.end()) {
      result.regex.append(regex.substr(token.begin, token.end - token.begin));
      continue;
    }
    result.regex.append(regex.substr(token.begin, range.begin - token.begin));
    result.regex += fmt::format("g{}", known->second);
    result.regex.append(regex.substr(range.end, token.end - range.end));
  }
  return result;
}

}  // namespace sluice::match
