// The two query languages that people type: Lucene's (query_string, q=) and the forgiving one
// (simple_query_string).
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "index/query.hpp"
#include "index/text.hpp"

namespace sluice::index {

std::vector<std::pair<std::string, double>> expand_fields(const Mapping& mapping,
                                                          const std::vector<std::string>& fields) {
  std::vector<std::pair<std::string, double>> out;
  const auto add = [&](std::string_view pattern, double boost) {
    if (pattern.find('*') == std::string_view::npos) {
      out.emplace_back(pattern, boost);
      return;
    }
    mapping.each_leaf([&](const Field& field) {
      if (field.type != Type::opaque && field.type != Type::alias && field.type != Type::object &&
          wildcard_match(pattern, field.name))
        out.emplace_back(field.name, boost);
    });
  };
  for (const auto& field : fields) {
    const auto hat = field.find('^');
    add(std::string_view(field).substr(0, hat),
        hat == std::string::npos ? 1 : std::strtod(field.c_str() + hat + 1, nullptr));
  }
  if (fields.empty()) add("*", 1);
  return out;
}

namespace {

/// What both languages do with a word, phrase, prefix or pattern on the default fields or a named one.
class Leaves {
 public:
  Leaves(QueryContext& ctx, const QueryStringOptions& options) : ctx_(ctx), options_(options) {
    everywhere_ = options.fields.empty();
    for (const auto& field : options.fields) everywhere_ = everywhere_ || field == "*";
  }

  template <class Make>
  QueryPtr over(const std::string& field, Make&& make) {
    if (!field.empty() && field.find('*') == std::string::npos) return make(field, options_.lenient);
    const bool named = !field.empty();
    std::vector<QueryPtr> list;
    for (const auto& [name, boost] :
         expand_fields(ctx_.mapping, named ? std::vector{field} : options_.fields)) {
      auto one = make(name, options_.lenient || everywhere_ || named);
      if (ctx_.error) return nullptr;
      if (boost != 1) {
        BoolClauses clauses;
        clauses.boost = boost;
        clauses.must.push_back(std::move(one));
        one = bool_query(std::move(clauses));
      }
      list.push_back(std::move(one));
    }
    return list.size() == 1 ? std::move(list.front()) : best_query(std::move(list));
  }

  QueryPtr text(const std::string& field, const std::string& value, bool phrase, int64_t slop = 0) {
    const Json json = Json::string(value);
    return over(field, [&](const std::string& name, bool lenient) {
      MatchOptions o;
      o.lenient = lenient;
      o.phrase = phrase;
      o.slop = slop;
      o.all_words = options_.all_words;
      return match_query(ctx_, name, json, o);
    });
  }

  QueryPtr pattern(const std::string& field, const std::string& value, bool prefix) {
    return over(field, [&](const std::string& name, bool lenient) -> QueryPtr {
      const Field* f = ctx_.mapping.find(name);
      if (lenient && f != nullptr && f->type != Type::text && f->type != Type::keyword) return none_query();
      return prefix ? prefix_query(ctx_, name, value, false, true, 1)
                    : wildcard_query(ctx_, name, value, false, true, 1);
    });
  }

  QueryContext& ctx_;
  const QueryStringOptions& options_;
  bool everywhere_;
};

/// Lucene's classic query parser: clauses with + - ! AND OR NOT, groups, fields, phrases, ranges, wildcards.
class Parser {
 public:
  Parser(QueryContext& ctx, std::string_view text, const QueryStringOptions& options)
      : ctx_(ctx), text_(text), options_(options), leaves_(ctx, options) {}

  QueryPtr parse() {
    auto query = clauses("", 0);
    if (!ctx_.error && at_ < text_.size())
      return broken("unexpected [" + std::string(text_.substr(at_, 10)) + "]");
    return query;
  }

 private:
  enum class Joined : uint8_t { none, with_and, with_or };
  enum class Mark : uint8_t { none, must, must_not };
  struct Clause {
    QueryPtr query;
    Mark mark = Mark::none;
  };

  QueryPtr broken(const std::string& why) {
    return ctx_.fail_shard(fmt::format("Failed to parse query [{}]: {}", text_, why), "parse_exception");
  }
  void skip() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  bool take(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  /// AND, OR and NOT are words of their own.
  bool take_word(std::string_view token) {
    const size_t end = at_ + token.size();
    if (text_.substr(at_, token.size()) != token) return false;
    if (end < text_.size() && text_[end] != ' ' && text_[end] != '(' && text_[end] != '"' &&
        text_[end] != '\t' && text_[end] != '\n')
      return false;
    at_ = end;
    return true;
  }

  QueryPtr clauses(const std::string& field, int depth) {
    if (depth > 100) return broken("too deep");
    std::vector<Clause> list;
    for (skip(); at_ < text_.size() && text_[at_] != ')'; skip()) {
      Joined joined = Joined::none;
      if (take_word("AND") || take("&&"))
        joined = Joined::with_and;
      else if (take_word("OR") || take("||"))
        joined = Joined::with_or;
      if (joined != Joined::none && list.empty()) return broken("it begins with an operator");
      skip();
      Mark mark = Mark::none;
      if (take("+"))
        mark = Mark::must;
      else if (take("-") || take("!") || take_word("NOT"))
        mark = Mark::must_not;
      skip();
      if (at_ >= text_.size() || text_[at_] == ')') return broken("a clause is missing at the end");
      auto query = clause(field, depth);
      if (ctx_.error) return nullptr;
      add(list, std::move(query), joined, mark);
    }
    if (list.empty()) return none_query();
    if (list.size() == 1 && list.front().mark != Mark::must_not) return std::move(list.front().query);
    BoolClauses out;
    for (auto& c : list)
      (c.mark == Mark::must       ? out.must
       : c.mark == Mark::must_not ? out.must_not
                                  : out.should)
          .push_back(std::move(c.query));
    return bool_query(std::move(out));
  }

  /// The classic parser's reading of AND and OR: they mark their neighbours.
  void add(std::vector<Clause>& list, QueryPtr query, Joined joined, Mark mark) {
    if (!list.empty() && joined == Joined::with_and && list.back().mark == Mark::none)
      list.back().mark = Mark::must;
    if (!list.empty() && joined == Joined::with_or && options_.all_words && list.back().mark == Mark::must)
      list.back().mark = Mark::none;
    if (mark == Mark::none && (options_.all_words ? joined != Joined::with_or : joined == Joined::with_and))
      mark = Mark::must;
    list.push_back({std::move(query), mark});
  }

  /// A word with its escapes kept; stops at blanks and at what has a meaning.
  std::string raw_word() {
    std::string out;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size()) {
        out += c;
        out += text_[at_ + 1];
        at_ += 2;
        continue;
      }
      if (std::string_view(" \t\n\r():\"[]{}^~").find(c) != std::string_view::npos) break;
      out += c;
      ++at_;
    }
    return out;
  }
  static std::string unescape(std::string_view raw) {
    std::string out;
    for (size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] == '\\' && i + 1 < raw.size()) ++i;
      out += raw[i];
    }
    return out;
  }

  QueryPtr boosted(QueryPtr query) {
    if (ctx_.error || !take("^")) return query;
    char* end = nullptr;
    const std::string rest(text_.substr(at_, 32));
    const double boost = std::strtod(rest.c_str(), &end);
    if (end == rest.c_str()) return broken("a number is missing after ^");
    at_ += static_cast<size_t>(end - rest.c_str());
    BoolClauses out;
    out.boost = boost;
    out.must.push_back(std::move(query));
    return bool_query(std::move(out));
  }

  QueryPtr clause(std::string field, int depth) {
    // field: in front of anything
    const size_t start = at_;
    const std::string raw = raw_word();
    if (!raw.empty() && at_ < text_.size() && text_[at_] == ':') {
      ++at_;
      skip();
      field = unescape(raw);
      if (field == "*" && take("*")) return boosted(all_query());
    } else {
      at_ = start;
    }
    if (at_ >= text_.size()) return broken("a value is missing at the end");
    if (take("(")) {
      auto inner = clauses(field, depth + 1);
      if (ctx_.error) return nullptr;
      if (!take(")")) return broken("a closing parenthesis is missing");
      return boosted(std::move(inner));
    }
    const char c = text_[at_];
    if (c == '"') return boosted(phrase(field));
    if (c == '[' || c == '{') return boosted(bracket_range(field));
    if (c == '/') return ctx_.fail(Error::unsupported("a regular expression in [query_string]"));
    if (c == '<' || c == '>') return boosted(one_sided(field));
    return boosted(term(field));
  }

  QueryPtr phrase(const std::string& field) {
    ++at_;
    std::string value;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      value += text_[at_++];
    }
    if (!take("\"")) return broken("a closing quote is missing");
    int64_t slop = 0;
    if (take("~")) {
      while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])))
        slop = slop * 10 + (text_[at_++] - '0');
    }
    if (field == "_exists_") return exists_query(ctx_, value);
    return leaves_.text(field, value, true, slop);
  }

  std::string range_end() {
    skip();
    std::string out;
    if (take("\"")) {
      while (at_ < text_.size() && text_[at_] != '"') out += text_[at_++];
      take("\"");
      return out;
    }
    while (at_ < text_.size() && text_[at_] != ' ' && text_[at_] != ']' && text_[at_] != '}') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_++];
    }
    return out;
  }

  QueryPtr range(const std::string& field, const std::string& low, const std::string& high, bool in_low,
                 bool in_high) {
    const Json from = Json::string(low), to = Json::string(high);
    return leaves_.over(field, [&](const std::string& name, bool lenient) -> QueryPtr {
      const Field* f = ctx_.mapping.find(name);
      if (lenient && f != nullptr && f->type == Type::boolean) return none_query();
      RangeOptions o;
      o.from = low == "*" ? nullptr : &from;
      o.to = high == "*" ? nullptr : &to;
      o.include_from = in_low;
      o.include_to = in_high;
      o.lenient = lenient;
      o.zone = options_.zone;
      return range_query(ctx_, name, o);
    });
  }

  QueryPtr bracket_range(const std::string& field) {
    const bool in_low = text_[at_++] == '[';
    const auto low = range_end();
    skip();
    if (!take_word("TO")) return broken("[a TO b] is expected");
    const auto high = range_end();
    skip();
    if (at_ >= text_.size() || (text_[at_] != ']' && text_[at_] != '}'))
      return broken("a range is not closed");
    const bool in_high = text_[at_++] == ']';
    return range(field, low, high, in_low, in_high);
  }

  QueryPtr one_sided(const std::string& field) {
    const bool greater = text_[at_++] == '>';
    const bool inclusive = take("=");
    const std::string value = take("\"") ? quoted_rest() : unescape(raw_word());
    if (value.empty()) return broken("a value is missing after < or >");
    return greater ? range(field, value, "*", inclusive, true) : range(field, "*", value, true, inclusive);
  }
  std::string quoted_rest() {
    std::string out;
    while (at_ < text_.size() && text_[at_] != '"') out += text_[at_++];
    take("\"");
    return out;
  }

  QueryPtr term(const std::string& field) {
    const std::string raw = raw_word();
    if (raw.empty()) return broken("unexpected [" + std::string(text_.substr(at_, 1)) + "]");
    if (at_ < text_.size() && text_[at_] == '~')
      return ctx_.fail(Error::unsupported("a fuzzy term in [query_string]"));
    if (field == "_exists_") return exists_query(ctx_, unescape(raw));
    size_t stars = 0, wild = 0, first_wild = raw.size();
    for (size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] == '\\') {
        ++i;
        continue;
      }
      if (raw[i] != '*' && raw[i] != '?') continue;
      first_wild = std::min(first_wild, i);
      ++wild;
      if (raw[i] == '*') ++stars;
    }
    if (wild == 0) return leaves_.text(field, unescape(raw), false);
    if (raw == "*") {
      if (field.empty() || field == "*") return all_query();
      return exists_query(ctx_, field);
    }
    const auto plain = [](char c) {
      return c == '*' || c == '?' || c == '_' || std::isalnum(static_cast<unsigned char>(c));
    };
    if (options_.analyze_wildcard &&
        !std::all_of(raw.begin(), raw.end(), plain))  // with plain letters both ways agree
      return ctx_.fail(Error::unsupported("[analyze_wildcard: true] with a wildcard in the query"));
    if (first_wild == 0 && !options_.allow_leading_wildcard)
      return broken("'*' or '?' not allowed as first character in WildcardQuery");
    if (wild == 1 && stars == 1 && raw.back() == '*')
      return leaves_.pattern(field, unescape(raw.substr(0, raw.size() - 1)), true);
    return leaves_.pattern(field, raw, false);
  }

  QueryContext& ctx_;
  std::string_view text_;
  const QueryStringOptions& options_;
  Leaves leaves_;
  size_t at_ = 0;
};

/// simple_query_string: + and, | or, - not, "phrase", word*, (group). Never fails.
class SimpleParser {
 public:
  SimpleParser(QueryContext& ctx, std::string_view text, const QueryStringOptions& options)
      : ctx_(ctx), text_(text), options_(options), leaves_(ctx, options) {}

  QueryPtr parse() {
    QueryPtr out = group(0);
    return out ? std::move(out) : ctx_.error ? nullptr : none_query();
  }

 private:
  /// One level: clauses joined left to right; a change of the operator wraps what stands so far.
  QueryPtr group(int depth) {
    QueryPtr so_far;
    bool joined_and = options_.all_words;
    int negations = 0;
    while (at_ < text_.size() && !ctx_.error) {
      const char c = text_[at_];
      if (c == ')') {
        ++at_;
        if (depth > 0) return so_far;
        continue;
      }
      if (c == '+' || c == '|') {
        joined_and = c == '+';
        ++at_;
        continue;
      }
      if (c == '-') {
        ++negations;
        ++at_;
        continue;
      }
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        negations = 0;
        ++at_;
        continue;
      }
      QueryPtr one = c == '(' && depth < 50 ? (++at_, group(depth + 1)) : c == '"' ? phrase() : word();
      if (!one) continue;
      if (negations % 2 == 1) {
        BoolClauses inverse;
        inverse.must_not.push_back(std::move(one));
        one = bool_query(std::move(inverse));
      }
      negations = 0;
      if (!so_far) {
        so_far = std::move(one);
      } else {
        BoolClauses both;
        auto& list = joined_and ? both.must : both.should;
        list.push_back(std::move(so_far));
        list.push_back(std::move(one));
        so_far = bool_query(std::move(both));
      }
      joined_and = options_.all_words;
    }
    return so_far;
  }

  QueryPtr phrase() {
    const auto end = text_.find('"', at_ + 1);
    if (end == std::string_view::npos) {
      ++at_;
      return nullptr;
    }
    const std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    if (at_ < text_.size() && text_[at_] == '~')
      return ctx_.fail(Error::unsupported("[~] in [simple_query_string]"));
    return leaves_.text("", value, true);
  }

  QueryPtr word() {
    std::string value;
    bool prefix = false;
    while (at_ < text_.size() &&
           std::string_view(" \t\n\r+|\"()").find(text_[at_]) == std::string_view::npos) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        value += text_[at_ + 1];
        at_ += 2;
        continue;
      }
      if (text_[at_] == '~') return ctx_.fail(Error::unsupported("[~] in [simple_query_string]"));
      if (text_[at_] == '*' && !value.empty() &&
          (at_ + 1 == text_.size() ||
           std::string_view(" \t\n\r+|\"()").find(text_[at_ + 1]) != std::string_view::npos)) {
        prefix = true;
        ++at_;
        break;
      }
      value += text_[at_++];
    }
    return prefix ? leaves_.pattern("", value, true) : leaves_.text("", value, false);
  }

  QueryContext& ctx_;
  std::string_view text_;
  const QueryStringOptions& options_;
  Leaves leaves_;
  size_t at_ = 0;
};

QueryPtr with_boost(QueryPtr query, double boost) {
  if (!query || boost == 1) return query;
  BoolClauses out;
  out.boost = boost;
  out.must.push_back(std::move(query));
  return bool_query(std::move(out));
}

}  // namespace

QueryPtr compile_query_string(QueryContext& ctx, std::string_view text, const QueryStringOptions& options) {
  return with_boost(Parser(ctx, text, options).parse(), options.boost);
}

QueryPtr compile_simple_query_string(QueryContext& ctx, std::string_view text,
                                     const QueryStringOptions& options) {
  QueryPtr out = SimpleParser(ctx, text, options).parse();
  if (ctx.error) return nullptr;
  return with_boost(out ? std::move(out) : none_query(), options.boost);
}

}  // namespace sluice::index
