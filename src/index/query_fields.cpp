// Queries on the values of one field.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "index/query.hpp"
#include "index/text.hpp"

namespace sluice::index {
namespace {

using Test = std::function<bool(const Scalar&)>;

/// True for documents with a value that passes the test; of text fields, the values are the words.
class AnyValue final : public Query {
 public:
  AnyValue(const Field& field, Test test, Narrow narrow, double score, bool exact = false)
      : field_(field), test_(std::move(test)), narrow_(std::move(narrow)), score_(score), exact_(exact) {}
  bool matches(const Doc& doc, double& score) const override {
    bool hit = false;
    each_value(doc.root, field_, [&](const Scalar& value) {
      if (hit) return;
      if (field_.type != Type::text) {
        hit = test_(value);
        return;
      }
      thread_local std::string words;
      words.clear();
      append_words(words, value.text);
      Scalar one;
      each_word(words, [&](std::string_view word) {
        one.text = word;
        hit = hit || test_(one);
      });
    });
    if (hit) score += score_;
    return hit;
  }
  Narrow narrow() const override { return narrow_; }
  bool narrow_is_all() const override { return exact_; }
  double covered_score() const override { return score_; }

 private:
  const Field& field_;
  Test test_;
  Narrow narrow_;
  double score_;
  bool exact_;
};

constexpr double kK1 = 1.2, kB = 0.75;

/// Words of a text field, any number or in sequence, scored by BM25.
class Words final : public Query {
 public:
  Words(const Field& field, std::vector<std::string> words, int64_t minimum, const MatchOptions& options)
      : field_(field), words_(std::move(words)), minimum_(minimum), options_(options) {}

  void relevance(QueryContext& ctx) {
    if (!ctx.scoring || ctx.store == nullptr) return;
    const auto length = ctx.store->field_length(field_.name);
    const double n = static_cast<double>(std::max<int64_t>(1, length.documents));
    average_ = std::max(1.0, static_cast<double>(length.words) / n);
    for (const auto& word : words_) {
      const double df =
          std::min(n, static_cast<double>(std::max<int64_t>(1, ctx.store->word_frequency(word))));
      idf_.push_back(std::log(1 + (n - df + 0.5) / (df + 0.5)));
    }
  }

  bool matches(const Doc& doc, double& score) const override {
    thread_local std::vector<uint32_t> counts;
    thread_local std::vector<std::vector<int64_t>> places;
    thread_local std::string text;
    counts.assign(words_.size(), 0);
    if (options_.phrase) {
      places.resize(words_.size());
      for (auto& p : places) p.clear();
    }
    int64_t position = 0, length = 0;
    each_value(doc.root, field_, [&](const Scalar& value) {
      text.clear();
      append_words(text, value.text);
      each_word(text, [&](std::string_view word) {
        for (size_t i = 0; i < words_.size(); ++i) {
          const bool open = options_.prefix_last && i + 1 == words_.size();
          if (open ? word.substr(0, words_[i].size()) != words_[i] : word != words_[i]) continue;
          ++counts[i];
          if (options_.phrase) places[i].push_back(position - static_cast<int64_t>(i));
        }
        ++position;
        ++length;
      });
      position += 100;  // values of one field do not continue each other
    });
    if (options_.phrase) {
      const auto times = phrases(places);
      if (times == 0) return false;
      double idf = 0;
      for (double one : idf_) idf += one;
      score += idf_.empty() ? options_.boost : options_.boost * idf * weight(times, length);
      return true;
    }
    int64_t hits = 0;
    double sum = 0;
    for (size_t i = 0; i < words_.size(); ++i) {
      if (counts[i] == 0) continue;
      ++hits;
      sum += idf_.empty() ? 1 : idf_[i] * weight(counts[i], length);
    }
    if (hits < minimum_) return false;
    score += sum * options_.boost;
    return true;
  }

  Narrow narrow() const override {
    Narrow out;
    const bool every = options_.phrase || minimum_ >= static_cast<int64_t>(words_.size());
    if (!every && minimum_ < 1) return out;
    if (!every && words_.size() > 64) return out;
    for (size_t i = 0; i < words_.size(); ++i) {
      if (!out.words.empty()) out.words += every ? " AND " : " OR ";
      out.words += fts_term(words_[i], options_.prefix_last && i + 1 == words_.size());
    }
    return out;
  }

 private:
  double weight(double times, int64_t length) const {
    return (kK1 + 1) * times / (times + kK1 * (1 - kB + kB * static_cast<double>(length) / average_));
  }
  /// How often the words stand in sequence, allowing for the slop. `places` hold each word's position less
  /// its place in the phrase: in an exact phrase they are all equal.
  uint32_t phrases(const std::vector<std::vector<int64_t>>& places) const {
    uint32_t found = 0;
    std::vector<size_t> at(places.size(), 0);
    while (true) {
      int64_t low = INT64_MAX, high = INT64_MIN;
      size_t lowest = 0;
      for (size_t i = 0; i < places.size(); ++i) {
        if (at[i] == places[i].size()) return found;
        const int64_t place = places[i][at[i]];
        if (place < low) {
          low = place;
          lowest = i;
        }
        high = std::max(high, place);
      }
      if (high - low <= options_.slop) ++found;
      ++at[lowest];
    }
  }

  const Field& field_;
  std::vector<std::string> words_;
  int64_t minimum_;
  MatchOptions options_;
  std::vector<double> idf_;
  double average_ = 1;
};

/// Any of several fields has a value (exists on an object).
class HasValue final : public Query {
 public:
  HasValue(const Field& field, double boost) : field_(field), boost_(boost) {}
  bool matches(const Doc& doc, double& score) const override {
    if (!has(doc, field_)) return false;
    score += boost_;
    return true;
  }

 private:
  static bool has(const Doc& doc, const Field& field) {
    bool hit = false;
    if (field.type == Type::object) {
      for (const auto& [name, child] : field.properties) hit = hit || has(doc, child);
      return hit;
    }
    each_value(doc.root, field, [&](const Scalar&) { hit = true; });
    return hit;
  }
  const Field& field_;
  double boost_;
};

/// Field of that name; null (with or without an error) when it cannot be searched.
const Field* searchable(QueryContext& ctx, std::string_view name) {
  const Field* field = ctx.mapping.find(name);
  if (field == nullptr) return nullptr;
  if (field->type == Type::opaque) {
    ctx.fail(Error::unsupported("searching field [" + std::string(name) + "] (" + field->why_opaque + ")"));
    return nullptr;
  }
  if (field->type == Type::text && !field->indexed) {
    ctx.fail_shard("Cannot search on field [" + std::string(name) + "] since it is not indexed.",
                   "illegal_argument_exception");
    return nullptr;
  }
  return field->type == Type::object ? nullptr : field;
}

QueryPtr unknown_field(QueryContext& ctx) { return ctx.error ? nullptr : none_query(); }

bool own_words(const Field& field) { return field.name == field.path; }

/// Documents whose words include all of `text`'s.
void require_words(Narrow& narrow, std::string_view text) {
  for (const auto& word : words_of(text)) {
    if (!narrow.words.empty()) narrow.words += " AND ";
    narrow.words += fts_term(word);
  }
}

bool number_of(const Json& value, long double& out) {
  if (value.is(Json::Kind::integer)) {
    out = value.integer;
    return true;
  }
  if (value.is(Json::Kind::real)) {
    out = value.real;
    return true;
  }
  if (!value.is_string() || value.text.empty()) return false;
  const std::string_view text = value.text;
  int64_t whole = 0;
  if (auto [end, e] = std::from_chars(text.data(), text.data() + text.size(), whole);
      e == std::errc{} && end == text.data() + text.size()) {
    out = whole;
    return true;
  }
  double real = 0;
  if (auto [end, e] = std::from_chars(text.data(), text.data() + text.size(), real);
      e == std::errc{} && end == text.data() + text.size()) {
    out = real;
    return std::isfinite(real);
  }
  return false;
}

/// A number as the field would hold it (float precision, scaling).
long double as_field(const Field& field, long double n) {
  if (field.single) return static_cast<long double>(static_cast<float>(n));
  if (field.scaling > 0) return std::round(static_cast<double>(n) * field.scaling) / field.scaling;
  return n;
}

/// 10.0.0.0/8 as its first and last address.
bool parse_cidr(std::string_view text, std::array<char, 16>& low, std::array<char, 16>& high) {
  const auto slash = text.find('/');
  if (!parse_ip(text.substr(0, slash), low)) return false;
  high = low;
  if (slash == std::string_view::npos) return true;
  unsigned bits = 0;
  const auto digits = text.substr(slash + 1);
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc{} || end != digits.data() + digits.size()) return false;
  if (text.find(':') == std::string_view::npos) bits += 96;
  if (bits > 128) return false;
  for (unsigned bit = bits; bit < 128; ++bit) {
    const auto mask = static_cast<unsigned char>(0x80u >> (bit % 8));
    low[bit / 8] =
        static_cast<char>(static_cast<unsigned char>(low[bit / 8]) & static_cast<unsigned char>(~mask));
    high[bit / 8] = static_cast<char>(static_cast<unsigned char>(high[bit / 8]) | mask);
  }
  return true;
}

bool fold_equal(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

double keyword_score(QueryContext& ctx, const Field& field, std::string_view text, double boost) {
  if (!ctx.scoring || ctx.store == nullptr) return boost;
  const double n = static_cast<double>(std::max<int64_t>(1, ctx.store->documents()));
  double df = n;
  const auto words = field.type == Type::text ? std::vector<std::string>{std::string(text)} : words_of(text);
  for (const auto& word : words)
    df = std::min(df, static_cast<double>(std::max<int64_t>(1, ctx.store->word_frequency(word))));
  return boost * std::log(1 + (n - df + 0.5) / (df + 0.5));
}

struct Term {
  Test test;
  Narrow narrow;
};

/// The test for one exact value. False after an error, or when the field cannot hold it (`never` then).
bool term_test(QueryContext& ctx, const Field& field, const Json& value, bool fold, bool lenient, Term& out,
               bool& never) {
  never = false;
  if (value.is_null() || value.is_object() || value.is_array()) {
    ctx.fail(Error::illegal("value cannot be null"));
    return false;
  }
  const auto refuse = [&](const std::string& reason, const char* type) {
    if (lenient)
      never = true;
    else
      ctx.fail_shard(reason, type);
    return false;
  };
  const std::string text = value.scalar_text();
  switch (field.type) {
    case Type::text:
    case Type::keyword:
      if (field.type == Type::text) {
        if (!fold && text.find_first_of(std::string_view(" \0", 2)) != std::string::npos)
          return !(never = true);
        if (!fold && !text.empty()) out.narrow.words = fts_term(text);
      } else {
        require_words(out.narrow, text);
      }
      out.test = [text, fold](const Scalar& s) { return fold ? fold_equal(s.text, text) : s.text == text; };
      return true;
    case Type::integer:
    case Type::real: {
      long double n = 0;
      if (!number_of(value, n))
        return refuse("For input string: \"" + text + "\"", "number_format_exception");
      n = as_field(field, n);
      if (own_words(field)) {
        std::string word;
        if (field.type == Type::real)
          append_double(word, static_cast<double>(n));
        else if (n == std::floor(n) && std::abs(n) < 9.2e18L)
          word = std::to_string(static_cast<int64_t>(n));
        if (!word.empty()) out.narrow.words = fts_term(word);
      }
      out.test = [n](const Scalar& s) { return s.number() == n; };
      return true;
    }
    case Type::boolean: {
      if (text != "true" && text != "false" && !text.empty())
        return refuse("Can't parse boolean value [" + text + "], expected [true] or [false]",
                      "illegal_argument_exception");
      const int64_t wanted = text == "true" ? 1 : 0;
      out.test = [wanted](const Scalar& s) { return s.integer == wanted; };
      return true;
    }
    case Type::date: {
      const auto low = parse_date_math(text, field.formats, ctx.now_ms, false);
      const auto high = parse_date_math(text, field.formats, ctx.now_ms, true);
      if (!low || !high)
        return refuse("failed to parse date field [" + text + "] with format [" +
                          (field.format.empty() ? "strict_date_optional_time||epoch_millis" : field.format) +
                          "]",
                      "parse_exception");
      if (field.name == "@timestamp") {
        out.narrow.timed = true;
        out.narrow.from = *low;
        out.narrow.to = *high;
      }
      out.test = [low = *low, high = *high](const Scalar& s) {
        return s.integer >= low && s.integer <= high;
      };
      return true;
    }
    case Type::ip: {
      std::array<char, 16> low{}, high{};
      if (!parse_cidr(text, low, high))
        return refuse("'" + text + "' is not an IP string literal.", "illegal_argument_exception");
      if (low == high && own_words(field)) out.narrow.words = fts_term(format_ip({low.data(), 16}));
      out.test = [low, high](const Scalar& s) {
        return s.text >= std::string_view(low.data(), 16) && s.text <= std::string_view(high.data(), 16);
      };
      return true;
    }
    default:
      return !(never = true);
  }
}

/// `_index` and `_id` are not in the mapping.
QueryPtr meta_terms(std::string_view field, QueryContext& ctx, const std::vector<const Json*>& values,
                    double boost) {
  if (field == "_id") {
    std::vector<std::string> ids;
    for (const auto* value : values) ids.push_back(value->scalar_text());
    return ids_query(std::move(ids), boost);
  }
  for (const auto* value : values)
    if (wildcard_match(value->scalar_text(), ctx.index)) return all_query(boost);
  return none_query();
}

}  // namespace

QueryPtr terms_query(QueryContext& ctx, std::string_view name, const std::vector<const Json*>& values,
                     bool fold, bool lenient, double boost, bool scored) {
  if (name == "_id" || name == "_index") return meta_terms(name, ctx, values, boost);
  const Field* field = searchable(ctx, name);
  if (field == nullptr) return unknown_field(ctx);
  Narrow narrow;
  narrow.none = true;
  std::vector<Test> tests;
  // Many exact values are looked up, not tried one by one.
  std::vector<std::string> texts;
  for (const auto* value : values) {
    Term term;
    bool never = false;
    if (!term_test(ctx, *field, *value, fold, lenient, term, never) || never) {
      if (ctx.error) return nullptr;
      continue;
    }
    narrow.either(term.narrow);
    if (!fold && (field->type == Type::text || field->type == Type::keyword))
      texts.push_back(value->scalar_text());
    else
      tests.push_back(std::move(term.test));
  }
  if (values.size() > 64) narrow.words.clear();
  if (tests.empty() && texts.empty()) return none_query();
  const bool is_text = field->type == Type::text || field->type == Type::keyword;
  double score = boost;
  if (scored && is_text && values.size() == 1) {
    if (field->type == Type::text) {
      MatchOptions options;
      options.boost = boost;
      if (!fold) {
        auto words = std::make_unique<Words>(*field, texts, 1, options);
        words->relevance(ctx);
        return words;
      }
    }
    score = keyword_score(ctx, *field, values.front()->scalar_text(), boost);
  }
  std::sort(texts.begin(), texts.end());
  Test test;
  if (tests.size() == 1 && texts.empty())
    test = std::move(tests.front());
  else
    test = [tests = std::move(tests), texts = std::move(texts)](const Scalar& s) {
      if (!texts.empty() && std::binary_search(texts.begin(), texts.end(), s.text)) return true;
      return std::any_of(tests.begin(), tests.end(), [&](const Test& t) { return t(s); });
    };
  return std::make_unique<AnyValue>(*field, std::move(test), std::move(narrow), score);
}

QueryPtr match_query(QueryContext& ctx, std::string_view name, const Json& value,
                     const MatchOptions& options) {
  const bool meta = name == "_id" || name == "_index";
  const Field* field = meta ? nullptr : searchable(ctx, name);
  if (field == nullptr && !meta) return unknown_field(ctx);
  if (meta || field->type != Type::text) {
    if (options.prefix_last && (meta || field->type != Type::keyword))
      return ctx.fail_shard("Can only use phrase prefix queries on text fields - not on [" +
                                std::string(name) + "] which is of type [" +
                                (meta ? std::string(name) : field->type_name) + "]",
                            "illegal_argument_exception");
    if (options.prefix_last) return prefix_query(ctx, name, value.scalar_text(), false, false, options.boost);
    return terms_query(ctx, name, {&value}, false, options.lenient, options.boost, true);
  }
  auto words = words_of(value.scalar_text());
  if (words.empty()) return options.zero_all ? all_query(options.boost) : none_query();
  int64_t minimum = options.all_words ? static_cast<int64_t>(words.size()) : 1;
  if (!options.phrase) {
    // A word that occurs twice in the query counts once.
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    minimum = options.all_words ? static_cast<int64_t>(words.size()) : 1;
    if (options.minimum != nullptr && !options.all_words) {
      minimum = minimum_should_match(*options.minimum, static_cast<int64_t>(words.size()));
      if (minimum < 0)
        return ctx.fail(Error::unsupported("minimum_should_match [" + options.minimum->scalar_text() + "]"));
      minimum = std::max<int64_t>(1, minimum);
    }
  } else if (options.slop > 0) {
    auto sorted = words;
    std::sort(sorted.begin(), sorted.end());
    if (std::unique(sorted.begin(), sorted.end()) != sorted.end())
      return ctx.fail(Error::unsupported("[slop] with a word that occurs twice in the phrase"));
  }
  auto query = std::make_unique<Words>(*field, std::move(words), minimum, options);
  query->relevance(ctx);
  return query;
}

namespace {

/// Limits of a range on dates, both inclusive.
bool date_limits(QueryContext& ctx, const Field& field, const RangeOptions& o, int64_t& low, int64_t& high,
                 bool& never) {
  DateFormats formats = field.formats;
  if (!o.format.empty()) {
    std::string unknown;
    auto parsed = DateFormats::parse(o.format, unknown);
    if (!parsed) {
      ctx.fail(Error::unsupported("date format [" + unknown + "]"));
      return false;
    }
    formats = *parsed;
  }
  const auto read = [&](const Json& value, bool round_up, int64_t& out) {
    const auto text = value.scalar_text();
    if (auto ms = parse_date_math(text, formats, ctx.now_ms, round_up, o.zone)) {
      out = *ms;
      return true;
    }
    if (o.lenient)
      never = true;
    else
      ctx.fail_shard("failed to parse date field [" + text + "] with format [" +
                         (!o.format.empty()      ? o.format
                          : field.format.empty() ? "strict_date_optional_time||epoch_millis"
                                                 : field.format) +
                         "]",
                     "parse_exception");
    return false;
  };
  if (o.from != nullptr) {
    if (!read(*o.from, !o.include_from, low)) return false;
    if (!o.include_from) ++low;
  }
  if (o.to != nullptr) {
    if (!read(*o.to, o.include_to, high)) return false;
    if (!o.include_to) --high;
  }
  return true;
}

QueryPtr number_range(QueryContext& ctx, const Field& field, const RangeOptions& o) {
  long double low = 0, high = 0;
  const bool has_low = o.from != nullptr, has_high = o.to != nullptr;
  for (auto [value, out] : {std::pair{o.from, &low}, std::pair{o.to, &high}}) {
    if (value == nullptr || number_of(*value, *out)) continue;
    if (o.lenient) return none_query();
    return ctx.fail_shard("For input string: \"" + value->scalar_text() + "\"", "number_format_exception");
  }
  if (field.single) {
    low = static_cast<long double>(static_cast<float>(low));
    high = static_cast<long double>(static_cast<float>(high));
  }
  return std::make_unique<AnyValue>(
      field,
      [=, in_low = o.include_from, in_high = o.include_to](const Scalar& s) {
        const long double n = s.number();
        return (!has_low || n > low || (in_low && n == low)) &&
               (!has_high || n < high || (in_high && n == high));
      },
      Narrow{}, o.boost);
}

}  // namespace

QueryPtr range_query(QueryContext& ctx, std::string_view name, const RangeOptions& o) {
  const Field* field = searchable(ctx, name);
  if (field == nullptr) return unknown_field(ctx);
  if (!o.format.empty() && field->type != Type::date)
    return ctx.fail_shard(
        "Field [" + std::string(name) + "] of type [" + field->type_name + "] does not support DATE_FORMAT",
        "illegal_argument_exception");
  switch (field->type) {
    case Type::date: {
      Narrow narrow;
      bool never = false;
      int64_t low = std::numeric_limits<int64_t>::min(), high = std::numeric_limits<int64_t>::max();
      if (!date_limits(ctx, *field, o, low, high, never)) return never ? none_query() : nullptr;
      if (low > high) return none_query();
      const bool own = field->name == "@timestamp";
      if (own) {
        narrow.timed = true;
        narrow.from = low;
        narrow.to = high;
      }
      return std::make_unique<AnyValue>(
          *field, [low, high](const Scalar& s) { return s.integer >= low && s.integer <= high; }, narrow,
          o.boost, own);
    }
    case Type::integer:
    case Type::real:
      return number_range(ctx, *field, o);
    case Type::boolean:
      return ctx.fail(Error::unsupported("[range] on boolean field [" + std::string(name) + "]"));
    default:
      break;
  }
  std::string low = o.from != nullptr ? o.from->scalar_text() : "",
              high = o.to != nullptr ? o.to->scalar_text() : "";
  if (field->type == Type::ip) {
    for (auto* text : {&low, &high}) {
      if ((text == &low ? o.from : o.to) == nullptr) continue;
      std::array<char, 16> bytes{};
      if (!parse_ip(*text, bytes)) {
        if (o.lenient) return none_query();
        return ctx.fail_shard("'" + *text + "' is not an IP string literal.", "illegal_argument_exception");
      }
      text->assign(bytes.data(), bytes.size());
    }
  }
  const bool has_low = o.from != nullptr, has_high = o.to != nullptr;
  return std::make_unique<AnyValue>(
      *field,
      [=, in_low = o.include_from, in_high = o.include_to](const Scalar& s) {
        return (!has_low || s.text > low || (in_low && s.text == low)) &&
               (!has_high || s.text < high || (in_high && s.text == high));
      },
      Narrow{}, o.boost);
}

QueryPtr exists_query(QueryContext& ctx, std::string_view name, double boost) {
  if (name == "_id" || name == "_index" || name == "_source") return all_query(boost);
  const Field* field = ctx.mapping.find(name);
  if (field == nullptr) return none_query();
  if (field->type == Type::opaque)
    return ctx.fail(
        Error::unsupported("[exists] on field [" + std::string(name) + "] (" + field->why_opaque + ")"));
  return std::make_unique<HasValue>(*field, boost);
}

QueryPtr prefix_query(QueryContext& ctx, std::string_view name, std::string_view prefix, bool fold,
                      bool normalise, double boost) {
  if (name == "_index") return ctx.index.substr(0, prefix.size()) == prefix ? all_query(boost) : none_query();
  const Field* field = searchable(ctx, name);
  if (field == nullptr) return unknown_field(ctx);
  if (field->type != Type::text && field->type != Type::keyword)
    return ctx.fail_shard("Can only use prefix queries on keyword, text and wildcard fields - not on [" +
                              std::string(name) + "] which is of type [" + field->type_name + "]",
                          "illegal_argument_exception");
  std::string text = normalise && field->type == Type::text ? lower_case(prefix) : std::string(prefix);
  Narrow narrow;
  // The words of the prefix are words of the value, but for its last, which may go on.
  const bool ascii =
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) > 0; });
  auto words = ascii && text.size() < 200 ? words_of(text) : std::vector<std::string>{};
  if (!words.empty() && (field->type == Type::keyword || words.size() == 1)) {
    for (size_t i = 0; i < words.size(); ++i) {
      if (!narrow.words.empty()) narrow.words += " AND ";
      narrow.words += fts_term(words[i], i + 1 == words.size());
    }
  }
  return std::make_unique<AnyValue>(
      *field,
      [text, fold](const Scalar& s) {
        const auto head = s.text.substr(0, text.size());
        return fold ? fold_equal(head, text) : head == text;
      },
      narrow, boost);
}

QueryPtr wildcard_query(QueryContext& ctx, std::string_view name, std::string_view pattern, bool fold,
                        bool normalise, double boost) {
  if (name == "_index") return wildcard_match(pattern, ctx.index) ? all_query(boost) : none_query();
  const Field* field = searchable(ctx, name);
  if (field == nullptr) return unknown_field(ctx);
  if (field->type != Type::text && field->type != Type::keyword)
    return ctx.fail_shard("Can only use wildcard queries on keyword, text and wildcard fields - not on [" +
                              std::string(name) + "] which is of type [" + field->type_name + "]",
                          "illegal_argument_exception");
  std::string text = normalise && field->type == Type::text ? lower_case(pattern) : std::string(pattern);
  return std::make_unique<AnyValue>(
      *field, [text, fold](const Scalar& s) { return wildcard_match(text, s.text, fold); }, Narrow{}, boost);
}

}  // namespace sluice::index
