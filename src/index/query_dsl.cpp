// The query DSL: one function a query, each refusing parameters that it does not know.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "index/query.hpp"

namespace sluice::index {
namespace {

using Compile = QueryPtr (*)(QueryContext&, const Json&);

/// Fails on the first member of `body` that is not in `known`.
bool only(QueryContext& ctx, std::string_view query, const Json& body,
          std::initializer_list<std::string_view> known,
          std::initializer_list<std::string_view> unsupported = {}) {
  for (const auto& [key, value] : body.members) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    if (std::find(unsupported.begin(), unsupported.end(), key) != unsupported.end() || key == "_name")
      ctx.fail(Error::unsupported(fmt::format("[{}] of query [{}]", key, query)));
    else
      ctx.fail(Error::parsing(fmt::format("[{}] query does not support [{}]", query, key)));
    return false;
  }
  return true;
}

double boost_of(const Json& body) {
  const Json* boost = body.find("boost");
  return boost != nullptr && boost->is_number() ? boost->as_double() : 1;
}

bool flag(const Json& body, std::string_view key) {
  const Json* value = body.find(key);
  return value != nullptr && value->scalar_text() == "true";
}

std::string word(const Json& body, std::string_view key) {
  const Json* value = body.find(key);
  return value != nullptr ? value->scalar_text() : std::string{};
}

/// {"field": value} or {"field": {"<inner>": value, ...}}; null after an error.
const std::pair<std::string, Json>* single_field(QueryContext& ctx, std::string_view query,
                                                 const Json& body) {
  if (!body.is_object() || body.members.empty()) {
    ctx.fail(Error::parsing(fmt::format("[{}] query malformed, no field name", query)));
    return nullptr;
  }
  const std::pair<std::string, Json>* found = nullptr;
  for (const auto& member : body.members) {
    if (member.first == "boost" || member.first == "_name") {
      ctx.fail(Error::unsupported(fmt::format("[{}] beside the field of query [{}]", member.first, query)));
      return nullptr;
    }
    if (found != nullptr) {
      ctx.fail(Error::parsing(fmt::format("[{}] query doesn't support multiple fields, found [{}] and [{}]",
                                          query, found->first, member.first)));
      return nullptr;
    }
    found = &member;
  }
  return found;
}

const Json* required(QueryContext& ctx, std::string_view query, const Json& body, std::string_view key) {
  const Json* value = body.find(key);
  if (value == nullptr || value->is_object() || value->is_array() || value->is_null()) {
    ctx.fail(Error::illegal(fmt::format("[{}] query requires a value for [{}]", query, key)));
    return nullptr;
  }
  return value;
}

bool operator_of(QueryContext& ctx, const Json& body, std::string_view key, bool& all) {
  const Json* op = body.find(key);
  if (op == nullptr) return true;
  const auto text = op->scalar_text();
  if (text == "and" || text == "AND" || text == "or" || text == "OR") {
    all = text == "and" || text == "AND";
    return true;
  }
  ctx.fail(Error::illegal("operator needs to be either OR or AND, but not [" + text + "]"));
  return false;
}

bool standard_analyzer(QueryContext& ctx, const Json& body) {
  const Json* analyzer = body.find("analyzer");
  if (analyzer == nullptr || analyzer->text == "standard") return true;
  ctx.fail(Error::unsupported("analyzer [" + analyzer->scalar_text() + "]"));
  return false;
}

bool match_options(QueryContext& ctx, std::string_view query, const Json& body, MatchOptions& options) {
  if (!only(ctx, query, body,
            {"query", "operator", "minimum_should_match", "lenient", "zero_terms_query", "boost", "analyzer",
             "auto_generate_synonyms_phrase_query", "slop", "fields", "type", "tie_breaker"},
            {"fuzziness", "prefix_length", "max_expansions", "fuzzy_transpositions", "fuzzy_rewrite",
             "cutoff_frequency"}))
    return false;
  if (!operator_of(ctx, body, "operator", options.all_words) || !standard_analyzer(ctx, body)) return false;
  options.minimum = body.find("minimum_should_match");
  options.lenient = flag(body, "lenient");
  options.zero_all = word(body, "zero_terms_query") == "all";
  options.boost = boost_of(body);
  if (const Json* slop = body.find("slop")) options.slop = slop->integer;
  return true;
}

QueryPtr match_as(QueryContext& ctx, std::string_view name, const Json& body, bool phrase, bool prefix_last) {
  const auto* field = single_field(ctx, name, body);
  if (field == nullptr) return nullptr;
  MatchOptions options;
  options.phrase = phrase;
  options.prefix_last = prefix_last;
  if (!field->second.is_object()) return match_query(ctx, field->first, field->second, options);
  if (!match_options(ctx, name, field->second, options)) return nullptr;
  const Json* value = required(ctx, name, field->second, "query");
  return value == nullptr ? nullptr : match_query(ctx, field->first, *value, options);
}

QueryPtr compile_match(QueryContext& ctx, const Json& body) {
  return match_as(ctx, "match", body, false, false);
}
QueryPtr compile_match_phrase(QueryContext& ctx, const Json& body) {
  return match_as(ctx, "match_phrase", body, true, false);
}
QueryPtr compile_match_phrase_prefix(QueryContext& ctx, const Json& body) {
  return match_as(ctx, "match_phrase_prefix", body, true, true);
}

QueryPtr compile_match_all(QueryContext& ctx, const Json& body) {
  return only(ctx, "match_all", body, {"boost"}) ? all_query(boost_of(body)) : nullptr;
}
QueryPtr compile_match_none(QueryContext& ctx, const Json& body) {
  return only(ctx, "match_none", body, {"boost"}) ? none_query() : nullptr;
}

QueryPtr compile_term(QueryContext& ctx, const Json& body) {
  const auto* field = single_field(ctx, "term", body);
  if (field == nullptr) return nullptr;
  const Json& value = field->second;
  if (value.is_array()) return ctx.fail(Error::parsing("[term] query does not support array of values"));
  if (!value.is_object()) return terms_query(ctx, field->first, {&value}, false, false, 1, true);
  if (!only(ctx, "term", value, {"value", "boost", "case_insensitive"})) return nullptr;
  const Json* inner = required(ctx, "term", value, "value");
  if (inner == nullptr) return nullptr;
  return terms_query(ctx, field->first, {inner}, flag(value, "case_insensitive"), false, boost_of(value),
                     true);
}

QueryPtr compile_terms(QueryContext& ctx, const Json& body) {
  const std::pair<std::string, Json>* field = nullptr;
  for (const auto& member : body.members) {
    if (member.first == "boost") continue;
    if (member.first == "_name") return ctx.fail(Error::unsupported("[_name] of query [terms]"));
    if (field != nullptr) return ctx.fail(Error::parsing("[terms] query does not support multiple fields"));
    field = &member;
  }
  if (field == nullptr)
    return ctx.fail(
        Error::parsing("[terms] query requires a field name, followed by array of terms or a document lookup "
                       "specification"));
  if (field->second.is_object())
    return ctx.fail(Error::unsupported("[terms] with a lookup in another document"));
  if (!field->second.is_array())
    return ctx.fail(Error::parsing("[terms] query does not support [" + field->first + "]"));
  std::vector<const Json*> values;
  for (const auto& item : field->second.items) values.push_back(&item);
  if (values.empty()) return none_query();
  return terms_query(ctx, field->first, values, false, false, boost_of(body), false);
}

QueryPtr compile_range(QueryContext& ctx, const Json& body) {
  const auto* field = single_field(ctx, "range", body);
  if (field == nullptr) return nullptr;
  const Json& limits = field->second;
  if (!limits.is_object()) return ctx.fail(Error::parsing("[range] query malformed, no field name"));
  if (!only(ctx, "range", limits,
            {"gt", "gte", "lt", "lte", "from", "to", "include_lower", "include_upper", "format", "time_zone",
             "boost"},
            {"relation"}))
    return nullptr;
  RangeOptions options;
  const auto limit = [&](std::string_view key, const Json*& out) {
    const Json* value = limits.find(key);
    if (value != nullptr && !value->is_null()) out = value;
    return value != nullptr;
  };
  limit("from", options.from);
  limit("to", options.to);
  if (const Json* lower = limits.find("include_lower")) options.include_from = lower->boolean;
  if (const Json* upper = limits.find("include_upper")) options.include_to = upper->boolean;
  if (limit("gt", options.from)) options.include_from = false;
  if (limit("gte", options.from)) options.include_from = true;
  if (limit("lt", options.to)) options.include_to = false;
  if (limit("lte", options.to)) options.include_to = true;
  options.format = word(limits, "format");
  options.boost = boost_of(limits);
  if (const Json* zone = limits.find("time_zone")) {
    auto parsed = Zone::parse(zone->scalar_text());
    if (!parsed) return ctx.fail(Error::illegal("unknown time zone [" + zone->scalar_text() + "]"));
    options.zone = *parsed;
  }
  return range_query(ctx, field->first, options);
}

QueryPtr compile_exists(QueryContext& ctx, const Json& body) {
  if (!only(ctx, "exists", body, {"field", "boost"})) return nullptr;
  const Json* field = required(ctx, "exists", body, "field");
  return field == nullptr ? nullptr : exists_query(ctx, field->text, boost_of(body));
}

QueryPtr compile_prefix(QueryContext& ctx, const Json& body) {
  const auto* field = single_field(ctx, "prefix", body);
  if (field == nullptr) return nullptr;
  if (!field->second.is_object())
    return prefix_query(ctx, field->first, field->second.scalar_text(), false, false, 1);
  if (!only(ctx, "prefix", field->second, {"value", "boost", "case_insensitive", "rewrite"})) return nullptr;
  const Json* value = required(ctx, "prefix", field->second, "value");
  if (value == nullptr) return nullptr;
  return prefix_query(ctx, field->first, value->scalar_text(), flag(field->second, "case_insensitive"), false,
                      boost_of(field->second));
}

QueryPtr compile_wildcard(QueryContext& ctx, const Json& body) {
  const auto* field = single_field(ctx, "wildcard", body);
  if (field == nullptr) return nullptr;
  if (!field->second.is_object())
    return wildcard_query(ctx, field->first, field->second.scalar_text(), false, false, 1);
  const Json& inner = field->second;
  if (!only(ctx, "wildcard", inner, {"value", "wildcard", "boost", "case_insensitive", "rewrite"}))
    return nullptr;
  const Json* value =
      required(ctx, "wildcard", inner, inner.find("wildcard") != nullptr ? "wildcard" : "value");
  if (value == nullptr) return nullptr;
  return wildcard_query(ctx, field->first, value->scalar_text(), flag(inner, "case_insensitive"), false,
                        boost_of(inner));
}

QueryPtr compile_ids(QueryContext& ctx, const Json& body) {
  if (!only(ctx, "ids", body, {"values", "boost"})) return nullptr;
  const Json* values = body.find("values");
  if (values == nullptr || !values->is_array())
    return ctx.fail(Error::parsing("[ids] query requires [values], an array"));
  std::vector<std::string> ids;
  for (const auto& value : values->items) ids.push_back(value.scalar_text());
  return ids_query(std::move(ids), boost_of(body));
}

bool compile_list(QueryContext& ctx, const Json& value, std::vector<QueryPtr>& out) {
  if (value.is_object()) {
    out.push_back(compile_query(ctx, value));
  } else if (value.is_array()) {
    for (const auto& item : value.items) out.push_back(compile_query(ctx, item));
  } else {
    ctx.fail(Error::parsing("[bool] malformed query, expected an object or an array of objects"));
  }
  return !ctx.error;
}

QueryPtr compile_bool(QueryContext& ctx, const Json& body) {
  if (!only(ctx, "bool", body, {"must", "filter", "should", "must_not", "minimum_should_match", "boost"}))
    return nullptr;
  BoolClauses clauses;
  const bool scoring = ctx.scoring;
  for (const auto& [key, value] : body.members) {
    auto* list = key == "must"       ? &clauses.must
                 : key == "should"   ? &clauses.should
                 : key == "filter"   ? &clauses.filter
                 : key == "must_not" ? &clauses.must_not
                                     : nullptr;
    if (list == nullptr) continue;
    ctx.scoring = scoring && (key == "must" || key == "should");
    const bool ok = compile_list(ctx, value, *list);
    ctx.scoring = scoring;
    if (!ok) return nullptr;
  }
  if (const Json* minimum = body.find("minimum_should_match")) {
    clauses.minimum = minimum_should_match(*minimum, static_cast<int64_t>(clauses.should.size()));
    if (clauses.minimum < 0)
      return ctx.fail(Error::unsupported("minimum_should_match [" + minimum->scalar_text() + "]"));
  }
  clauses.boost = boost_of(body);
  return bool_query(std::move(clauses));
}

QueryPtr compile_constant_score(QueryContext& ctx, const Json& body) {
  if (!only(ctx, "constant_score", body, {"filter", "boost"})) return nullptr;
  const Json* filter = body.find("filter");
  if (filter == nullptr) return ctx.fail(Error::parsing("[constant_score] requires a 'filter' element"));
  auto inner = compile_query(ctx, *filter);
  return ctx.error ? nullptr : constant_query(std::move(inner), boost_of(body));
}

QueryPtr compile_dis_max(QueryContext& ctx, const Json& body) {
  if (!only(ctx, "dis_max", body, {"queries", "boost"}, {"tie_breaker"})) return nullptr;
  const Json* queries = body.find("queries");
  std::vector<QueryPtr> list;
  if (queries == nullptr || !compile_list(ctx, *queries, list))
    return ctx.fail(Error::parsing("[dis_max] requires 'queries' field with at least one clause"));
  return best_query(std::move(list), boost_of(body));
}

QueryPtr compile_multi_match(QueryContext& ctx, const Json& body) {
  MatchOptions options;
  if (!match_options(ctx, "multi_match", body, options)) return nullptr;
  if (body.find("tie_breaker") != nullptr)
    return ctx.fail(Error::unsupported("[tie_breaker] of query [multi_match]"));
  const auto type = word(body, "type");
  if (!type.empty() && type != "best_fields" && type != "phrase" && type != "phrase_prefix")
    return ctx.fail(Error::unsupported("[multi_match] of type [" + type + "]"));
  options.phrase = type == "phrase" || type == "phrase_prefix";
  options.prefix_last = type == "phrase_prefix";
  const Json* value = required(ctx, "multi_match", body, "query");
  if (value == nullptr) return nullptr;
  std::vector<std::string> names;
  if (const Json* fields = body.find("fields")) {
    if (fields->is_string()) names.push_back(fields->text);
    for (const auto& item : fields->items) names.push_back(item.scalar_text());
  }
  if (names.empty() || std::find(names.begin(), names.end(), "*") != names.end()) options.lenient = true;
  const double boost = options.boost;
  std::vector<QueryPtr> list;
  for (const auto& [field, weight] : expand_fields(ctx.mapping, names)) {
    options.boost = weight;
    list.push_back(match_query(ctx, field, *value, options));
    if (ctx.error) return nullptr;
  }
  return best_query(std::move(list), boost);
}

bool string_options(QueryContext& ctx, std::string_view query, const Json& body,
                    QueryStringOptions& options) {
  if (!operator_of(ctx, body, "default_operator", options.all_words) || !standard_analyzer(ctx, body))
    return false;
  options.lenient = flag(body, "lenient");
  options.analyze_wildcard = flag(body, "analyze_wildcard");
  options.boost = boost_of(body);
  options.minimum = body.find("minimum_should_match");
  if (const Json* leading = body.find("allow_leading_wildcard"))
    options.allow_leading_wildcard = leading->scalar_text() != "false";
  if (const Json* zone = body.find("time_zone")) {
    auto parsed = Zone::parse(zone->scalar_text());
    if (!parsed)
      return ctx.fail(Error::illegal("unknown time zone [" + zone->scalar_text() + "]")) != nullptr;
    options.zone = *parsed;
  }
  if (const auto type = word(body, "type"); !type.empty() && type != "best_fields")
    return ctx.fail(Error::unsupported(fmt::format("[{}] of type [{}]", query, type))) != nullptr;
  if (const Json* fields = body.find("fields"))
    for (const auto& item : fields->items) options.fields.push_back(item.scalar_text());
  if (const Json* field = body.find("default_field")) options.fields.push_back(field->scalar_text());
  return true;
}

QueryPtr compile_query_string_dsl(QueryContext& ctx, const Json& body) {
  if (!only(
          ctx, "query_string", body,
          {"query", "default_field", "fields", "default_operator", "lenient", "analyze_wildcard", "analyzer",
           "boost", "time_zone", "allow_leading_wildcard", "type", "auto_generate_synonyms_phrase_query",
           "rewrite", "max_determinized_states", "enable_position_increments"},
          {"fuzziness", "fuzzy_max_expansions", "fuzzy_prefix_length", "fuzzy_transpositions", "phrase_slop",
           "minimum_should_match", "quote_analyzer", "quote_field_suffix", "tie_breaker", "escape"}))
    return nullptr;
  QueryStringOptions options;
  if (!string_options(ctx, "query_string", body, options)) return nullptr;
  const Json* text = required(ctx, "query_string", body, "query");
  return text == nullptr ? nullptr : compile_query_string(ctx, text->scalar_text(), options);
}

QueryPtr compile_simple_dsl(QueryContext& ctx, const Json& body) {
  if (!only(ctx, "simple_query_string", body,
            {"query", "fields", "default_operator", "lenient", "analyze_wildcard", "analyzer", "boost",
             "auto_generate_synonyms_phrase_query"},
            {"flags", "fuzzy_max_expansions", "fuzzy_prefix_length", "fuzzy_transpositions",
             "minimum_should_match", "quote_field_suffix"}))
    return nullptr;
  QueryStringOptions options;
  if (!string_options(ctx, "simple_query_string", body, options)) return nullptr;
  const Json* text = required(ctx, "simple_query_string", body, "query");
  return text == nullptr ? nullptr : compile_simple_query_string(ctx, text->scalar_text(), options);
}

constexpr std::pair<std::string_view, Compile> kQueries[] = {
    {"match", compile_match},
    {"match_phrase", compile_match_phrase},
    {"match_phrase_prefix", compile_match_phrase_prefix},
    {"multi_match", compile_multi_match},
    {"match_all", compile_match_all},
    {"match_none", compile_match_none},
    {"term", compile_term},
    {"terms", compile_terms},
    {"range", compile_range},
    {"exists", compile_exists},
    {"prefix", compile_prefix},
    {"wildcard", compile_wildcard},
    {"ids", compile_ids},
    {"bool", compile_bool},
    {"constant_score", compile_constant_score},
    {"dis_max", compile_dis_max},
    {"query_string", compile_query_string_dsl},
    {"simple_query_string", compile_simple_dsl},
};

constexpr std::string_view kElsewhere[] = {"regexp",
                                           "fuzzy",
                                           "nested",
                                           "has_child",
                                           "has_parent",
                                           "parent_id",
                                           "geo_distance",
                                           "geo_bounding_box",
                                           "geo_polygon",
                                           "geo_shape",
                                           "geo_grid",
                                           "shape",
                                           "more_like_this",
                                           "percolate",
                                           "rank_feature",
                                           "script",
                                           "script_score",
                                           "function_score",
                                           "boosting",
                                           "wrapper",
                                           "pinned",
                                           "intervals",
                                           "match_bool_prefix",
                                           "combined_fields",
                                           "terms_set",
                                           "span_term",
                                           "span_near",
                                           "span_or",
                                           "span_not",
                                           "span_first",
                                           "span_multi",
                                           "span_containing",
                                           "span_within",
                                           "field_masking_span",
                                           "distance_feature",
                                           "knn",
                                           "type"};

}  // namespace

QueryPtr compile_query(QueryContext& ctx, const Json& query) {
  if (ctx.error) return nullptr;
  if (!query.is_object())
    return ctx.fail(Error::parsing("[_na] query malformed, must start with start_object"));
  if (query.members.empty()) return ctx.fail(Error::illegal("query malformed, empty clause found"));
  if (query.members.size() > 1)
    return ctx.fail(Error::parsing(fmt::format(
        "[{}] malformed query, expected [END_OBJECT] but found [FIELD_NAME]", query.members.front().first)));
  const auto& [name, body] = query.members.front();
  for (const auto& [known, compile] : kQueries) {
    if (known != name) continue;
    if (!body.is_object())
      return ctx.fail(
          Error::parsing(fmt::format("[{}] query malformed, no start_object after query name", name)));
    return compile(ctx, body);
  }
  for (auto other : kElsewhere)
    if (other == name) return ctx.fail(Error::unsupported("query [" + name + "]"));
  return ctx.fail(Error::parsing("unknown query [" + name + "]"));
}

}  // namespace sluice::index
