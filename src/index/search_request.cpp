// Reading what a search asks for.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "index/search.hpp"
#include "index/text.hpp"

namespace sluice::index {

const std::vector<std::string_view> kSearchParams = {"q",
                                                     "df",
                                                     "default_operator",
                                                     "analyzer",
                                                     "analyze_wildcard",
                                                     "lenient",
                                                     "from",
                                                     "size",
                                                     "sort",
                                                     "_source",
                                                     "_source_includes",
                                                     "_source_excludes",
                                                     "track_total_hits",
                                                     "track_scores",
                                                     "version",
                                                     "seq_no_primary_term",
                                                     "typed_keys",
                                                     "rest_total_hits_as_int",
                                                     "ignore_unavailable",
                                                     "allow_no_indices",
                                                     "expand_wildcards",
                                                     "ignore_throttled",
                                                     "timeout",
                                                     "request_cache",
                                                     "preference",
                                                     "routing",
                                                     "batched_reduce_size",
                                                     "max_concurrent_shard_requests",
                                                     "pre_filter_shard_size",
                                                     "search_type",
                                                     "ccs_minimize_roundtrips",
                                                     "allow_partial_search_results",
                                                     "min_score"};

namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  for (size_t at = 0; at <= text.size();) {
    auto comma = text.find(',', at);
    if (comma == std::string::npos) comma = text.size();
    if (comma > at) out.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return out;
}

bool excluded(const std::vector<std::string>& patterns, std::string_view path) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& p) { return wildcard_match(p, path); });
}

/// Appends what is left of `element`; false when nothing is.
bool write_part(std::string& out, simdjson::dom::element element, const SourceFilter& filter,
                const std::string& path, bool included) {
  using simdjson::dom::element_type;
  if (element.type() == element_type::ARRAY) {
    const size_t start = out.size();
    bool any = false, had = false;
    out += '[';
    for (auto item : simdjson::dom::array(element.get_array().value_unsafe())) {
      had = true;
      const size_t mark = out.size();
      if (any) out += ',';
      if (write_part(out, item, filter, path, included))
        any = true;
      else
        out.resize(mark);
    }
    out += ']';
    if (any || (included && !had)) return true;
    out.resize(start);
    return false;
  }
  if (element.type() != element_type::OBJECT) {
    if (included) append_element(out, element);
    return included;
  }
  const size_t start = out.size();
  bool any = false;
  out += '{';
  for (auto [key, value] : simdjson::dom::object(element.get_object().value_unsafe())) {
    const std::string next = path.empty() ? std::string(key) : path + "." + std::string(key);
    if (excluded(filter.excludes, next)) continue;
    const bool in = included || excluded(filter.includes, next);
    const size_t mark = out.size();
    if (any) out += ',';
    append_quoted(out, key);
    out += ':';
    if (write_part(out, value, filter, next, in))
      any = true;
    else
      out.resize(mark);
  }
  out += '}';
  if (any || included || path.empty()) return true;
  out.resize(start);
  return false;
}

Error parse_source(const Json& value, SourceFilter& out) {
  const auto list = [](const Json& v, std::vector<std::string>& to) {
    if (v.is_string()) to.push_back(v.text);
    for (const auto& item : v.items) to.push_back(item.scalar_text());
  };
  if (value.is(Json::Kind::boolean)) {
    out.enabled = value.boolean;
  } else if (value.is_string() || value.is_array()) {
    list(value, out.includes);
  } else if (value.is_object()) {
    for (const auto& [key, v] : value.members) {
      if (key == "includes" || key == "include")
        list(v, out.includes);
      else if (key == "excludes" || key == "exclude")
        list(v, out.excludes);
      else
        return Error::parsing("Unknown key for [_source]: [" + key + "]");
    }
  } else {
    return Error::parsing(
        "Expected one of [VALUE_BOOLEAN, VALUE_STRING, START_ARRAY, START_OBJECT] for [_source]");
  }
  return {};
}

Error sort_order(SortKey& key, const std::string& text) {
  if (text != "asc" && text != "desc")
    return Error::illegal("No enum constant org.elasticsearch.search.sort.SortOrder." + text);
  key.descending = text == "desc";
  return {};
}

Error parse_sort_one(const Json& value, std::vector<SortKey>& out) {
  if (value.is_string()) {
    SortKey key;
    key.field = value.text;
    key.descending = key.field == "_score";
    out.push_back(key);
    return {};
  }
  if (!value.is_object())
    return Error::illegal(
        "malformed sort format, within the sort array, an object, or an actual string are allowed");
  for (const auto& [field, how] : value.members) {
    SortKey key;
    key.field = field;
    key.descending = field == "_score";
    if (field == "_geo_distance" || field == "_script" || field == "_shard_doc")
      return Error::unsupported("sort by [" + field + "]");
    if (how.is_string()) {
      if (auto error = sort_order(key, how.text)) return error;
    }
    for (const auto& [option, v] : how.members) {
      const auto text = v.scalar_text();
      if (option == "order") {
        if (auto error = sort_order(key, text)) return error;
      } else if (option == "missing") {
        if (text == "_first")
          key.missing_first = true;
        else if (text != "_last")
          key.missing = v;
      } else if (option == "unmapped_type") {
        key.unmapped_type = text;
      } else if (option == "format") {
        key.format = text;
        if (!format_date(0, text)) return Error::unsupported("sort with [format] [" + text + "]");
      } else if (option == "mode" && (text == "min" || text == "max")) {
        key.mode = text;
      } else if (option != "numeric_type" || text != "date") {
        return Error::unsupported(fmt::format("[{}: {}] of sort [{}]", option, v.dump(), field));
      }
    }
    out.push_back(key);
  }
  return {};
}

Error parse_sort(const Json& value, std::vector<SortKey>& out) {
  if (!value.is_array()) return parse_sort_one(value, out);
  for (const auto& item : value.items)
    if (auto error = parse_sort_one(item, out)) return error;
  return {};
}

void parse_track_total(const Json& value, int64_t& out) {
  if (value.is(Json::Kind::integer))
    out = value.integer;
  else
    out = value.scalar_text() == "false" ? 0 : -1;
}

bool harmless(const std::string& key, const Json& value) {
  static constexpr std::string_view kNoEffect[] = {"timeout",       "stats",
                                                   "profile",       "explain",
                                                   "highlight",     "docvalue_fields",
                                                   "fields",        "stored_fields",
                                                   "script_fields", "runtime_mappings",
                                                   "rescore",       "suggest",
                                                   "indices_boost", "ext"};
  if (key == "timeout" || key == "stats") return true;
  if (std::find(std::begin(kNoEffect), std::end(kNoEffect), key) == std::end(kNoEffect)) return false;
  // Asked for in name only: nothing in it.
  return value.is_null() || (value.is(Json::Kind::boolean) && !value.boolean) ||
         (value.is_array() && value.items.empty()) || (value.is_object() && value.members.empty()) ||
         (key == "stored_fields" && value.dump().find("_source") != std::string::npos);
}

Error parse_body(const Json& body, SearchRequest& out) {
  for (const auto& [key, value] : body.members) {
    Error error;
    if (key == "query")
      out.query = value;
    else if (key == "post_filter")
      out.post_filter = value;
    else if (key == "from" || key == "size") {
      if (!value.is(Json::Kind::integer) || value.integer < 0)
        return Error::parsing(
            fmt::format("[{}] parameter cannot be negative, found [{}]", key, value.dump()));
      (key == "from" ? out.from : out.size) = value.integer;
    } else if (key == "sort")
      error = parse_sort(value, out.sort);
    else if (key == "search_after") {
      if (!value.is_array()) return Error::parsing("[search_after] must be an array");
      out.search_after = value.items;
    } else if (key == "_source")
      error = parse_source(value, out.source);
    else if (key == "track_total_hits")
      parse_track_total(value, out.track_total);
    else if (key == "aggs" || key == "aggregations")
      out.aggs_json = value;
    else if (key == "version")
      out.version = value.boolean;
    else if (key == "seq_no_primary_term")
      out.seq_no = value.boolean;
    else if (key == "track_scores")
      out.track_scores = value.boolean;
    else if (key == "min_score")
      out.min_score = value.as_double();
    else if (!harmless(key, value)) {
      static constexpr std::string_view kElsewhere[] = {"highlight",
                                                        "docvalue_fields",
                                                        "fields",
                                                        "stored_fields",
                                                        "script_fields",
                                                        "runtime_mappings",
                                                        "collapse",
                                                        "rescore",
                                                        "suggest",
                                                        "pit",
                                                        "slice",
                                                        "knn",
                                                        "profile",
                                                        "explain",
                                                        "terminate_after",
                                                        "indices_boost",
                                                        "rank",
                                                        "ext"};
      if (std::find(std::begin(kElsewhere), std::end(kElsewhere), key) != std::end(kElsewhere))
        return Error::unsupported("[" + key + "] of a search");
      return Error::parsing("unknown key [" + key + "] for a value in the search body");
    }
    if (error) return error;
  }
  return {};
}

Json uri_query(const Params& params) {
  Json body = Json::object();
  body.set("query", Json::string(params.get("q")));
  for (auto [param, option] :
       {std::pair{"df", "default_field"}, std::pair{"default_operator", "default_operator"},
        std::pair{"analyzer", "analyzer"}})
    if (const auto* value = params.find(param)) body.set(option, Json::string(*value));
  for (const char* param : {"lenient", "analyze_wildcard"})
    if (params.find(param) != nullptr) body.set(param, Json::flag(params.flag(param)));
  Json out = Json::object();
  out.set("query_string", std::move(body));
  return out;
}

Error parse_params(const Params& params, SearchRequest& out) {
  for (auto [name, to] : {std::pair{"from", &out.from}, std::pair{"size", &out.size}}) {
    const auto* text = params.find(name);
    if (text == nullptr) continue;
    auto [end, e] = std::from_chars(text->data(), text->data() + text->size(), *to);
    if (e != std::errc{} || end != text->data() + text->size() || *to < 0)
      return Error::illegal(fmt::format("Failed to parse int parameter [{}] with value [{}]", name, *text));
  }
  if (params.find("q") != nullptr) out.query = uri_query(params);
  if (const auto* sort = params.find("sort")) {
    out.sort.clear();
    for (const auto& one : split(*sort)) {
      SortKey key;
      const auto colon = one.rfind(':');
      key.field = one.substr(0, colon);
      key.descending = key.field == "_score";
      if (colon != std::string::npos)
        if (auto error = sort_order(key, one.substr(colon + 1))) return error;
      out.sort.push_back(key);
    }
  }
  if (const auto* source = params.find("_source")) {
    if (*source == "true" || *source == "false")
      out.source.enabled = *source == "true";
    else
      out.source.includes = split(*source);
  }
  if (params.find("_source_includes") != nullptr) out.source.includes = split(params.get("_source_includes"));
  if (params.find("_source_excludes") != nullptr) out.source.excludes = split(params.get("_source_excludes"));
  if (const auto* total = params.find("track_total_hits")) {
    auto json = parse_json(*total);
    if (!json.ok()) return Error::illegal("Failed to parse value [" + *total + "] of [track_total_hits]");
    parse_track_total(*json, out.track_total);
  }
  out.version = params.flag("version", out.version);
  out.seq_no = params.flag("seq_no_primary_term", out.seq_no);
  out.track_scores = params.flag("track_scores", out.track_scores);
  out.typed_keys = params.flag("typed_keys");
  out.total_as_int = params.flag("rest_total_hits_as_int");
  if (out.total_as_int) out.track_total = -1;
  return {};
}

}  // namespace

void SourceFilter::write(std::string& out, std::string_view source) const {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element root;
  if ((includes.empty() && excludes.empty()) || parser.parse(source.data(), source.size()).get(root)) {
    out += source;
    return;
  }
  if (!write_part(out, root, *this, "", includes.empty())) out += "{}";
}

Error SearchRequest::parse(const Json& body, const Params& params, SearchRequest& out) {
  if (auto error = parse_body(body, out)) return error;
  if (auto error = parse_params(params, out)) return error;
  if (out.from + out.size > 10000)
    return Error::illegal(
        fmt::format("Result window is too large, from + size must be less than or equal to: [10000] but was "
                    "[{}]. See the scroll api for a "
                    "more efficient way to request large data sets. (Use search_after instead.)",
                    out.from + out.size));
  if (!out.search_after.empty()) {
    if (out.sort.empty()) return Error::illegal("Sort must contain at least one field.");
    if (out.search_after.size() != out.sort.size())
      return Error::illegal(fmt::format("search_after has {} value(s) but sort has {}.",
                                        out.search_after.size(), out.sort.size()));
    if (out.from > 0) return Error::illegal("`from` parameter must be set to 0 when `search_after` is used.");
  }
  // Wrong or unsupported aggregations and queries are found even where no index matches.
  Error error;
  if (!out.aggs_json.is_null()) parse_aggs(out.aggs_json, error);
  if (error) return error;
  const Mapping empty;
  QueryContext ctx{empty, "", nullptr, false, 0, {}};
  for (const Json* query : {&out.query, &out.post_filter})
    if (!query->is_null()) compile_query(ctx, *query);
  return ctx.error.shard ? Error{} : ctx.error;
}

}  // namespace sluice::index
