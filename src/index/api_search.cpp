// _search, _msearch and _count.
#include <fmt/format.h>

#include <algorithm>

#include "base/time.hpp"
#include "index/api.hpp"
#include "index/search.hpp"

namespace sluice::index {

std::vector<std::shared_ptr<Store>> Api::stores_for(std::string_view expression,
                                                    const Catalogue::Resolve& how, Error& error) {
  std::vector<std::string> names;
  std::vector<std::shared_ptr<Store>> out;
  error = catalogue_.resolve(expression, how, names);
  if (error) return out;
  for (const auto& name : names) {
    Error one;
    auto store = catalogue_.acquire(name, one);
    if (store) {
      out.push_back(std::move(store));
    } else if (one.status != 404 ||
               name == expression) {  // deleted or set aside since: as if it were not there
      error = one;
      return {};
    }
  }
  return out;
}

void Api::search(Call& call, const std::string& expression) {
  if (call.params.find("scroll") != nullptr)
    return call.fail(Error::unsupported("[scroll] (use search_after)"));
  if (call.unknown_params(kSearchParams)) return;
  Json body;
  if (!call.body_json(body)) return;
  SearchRequest request;
  if (auto error = SearchRequest::parse(body, call.params, request)) return call.fail(error);
  Error error;
  const auto stores = stores_for(expression, resolve_options(call.params), error);
  if (error) return call.fail(error);
  auto answer = run_search(request, stores, error);
  if (error) return call.fail(error);
  call.json(200, std::move(answer));
}

void Api::count(Call& call, const std::string& expression) {
  if (call.unknown_params({"q", "df", "default_operator", "analyzer", "analyze_wildcard", "lenient",
                           "ignore_unavailable", "allow_no_indices", "expand_wildcards", "ignore_throttled",
                           "preference", "routing", "min_score"}))
    return;
  Json body;
  if (!call.body_json(body)) return;
  for (const auto& [key, value] : body.members)
    if (key != "query") return call.fail(Error::parsing("request does not support [" + key + "]"));
  SearchRequest request;
  if (auto error = SearchRequest::parse(body, call.params, request)) return call.fail(error);
  Error error;
  const auto stores = stores_for(expression, resolve_options(call.params), error);
  if (error) return call.fail(error);
  auto answer = run_count(request, stores, error);
  if (error) return call.fail(error);
  call.json(200, std::move(answer));
}

namespace {

/// A header line of _msearch as an expression and options.
Error read_header(const Json& header, std::string& expression, Catalogue::Resolve& how) {
  for (const auto& [key, value] : header.members) {
    if (key == "index" || key == "indices") {
      expression = value.scalar_text();
      for (const auto& item : value.items) expression += (expression.empty() ? "" : ",") + item.scalar_text();
    } else if (key == "ignore_unavailable") {
      how.ignore_unavailable = value.scalar_text() == "true";
    } else if (key == "allow_no_indices") {
      how.allow_no_indices = value.scalar_text() == "true";
    } else if (key == "expand_wildcards") {
      how.wildcards = value.scalar_text() != "none";
    } else if (key != "preference" && key != "search_type" && key != "request_cache" && key != "routing" &&
               key != "ignore_throttled" && key != "max_concurrent_shard_requests") {
      return Error::illegal("key [" + key + "] is not supported in the metadata section");
    }
  }
  return {};
}

}  // namespace

void Api::multi_search(Call& call, const std::string& default_expression) {
  if (!call.json_content(true)) return;
  if (call.unknown_params({"typed_keys", "rest_total_hits_as_int", "max_concurrent_searches",
                           "max_concurrent_shard_requests", "ccs_minimize_roundtrips", "search_type",
                           "ignore_unavailable", "allow_no_indices", "expand_wildcards",
                           "pre_filter_shard_size"}))
    return;
  const int64_t started = steady_nanos();
  std::string_view body = call.request.body;
  if (body.empty())
    return call.fail(Error::bad("parse_exception", "request body or source parameter is required"));
  if (body.back() != '\n')
    return call.fail(Error::illegal("The msearch request must be terminated by a newline [\\n]"));
  std::vector<std::string> answers;
  while (!body.empty()) {
    std::string_view lines[2];
    for (auto& line : lines) {
      const auto end = body.find('\n');
      if (end == std::string_view::npos)
        return call.fail(Error::illegal("a header line of [_msearch] has no body line"));
      line = body.substr(0, end);
      body.remove_prefix(end + 1);
    }
    auto header = parse_json(lines[0].empty() ? "{}" : lines[0]);
    auto query = parse_json(lines[1]);
    if (!header.ok() || !query.ok())
      return call.fail(
          Error::bad("x_content_parse_exception", header.ok() ? query.message() : header.message()));
    std::string expression = default_expression;
    Catalogue::Resolve how = resolve_options(call.params);
    if (auto error = read_header(*header, expression, how)) return call.fail(error);
    SearchRequest request;
    Error error = SearchRequest::parse(*query, call.params, request);
    std::string answer;
    if (!error) {
      const auto stores = stores_for(expression, how, error);
      if (!error) answer = run_search(request, stores, error);
    }
    if (error) {
      Call failed{call.request, {}, Params{}, {}, "GET"};
      failed.fail(error);
      answer = failed.response.body;
    } else {
      answer.pop_back();
      answer += ",\"status\":200}";
    }
    answers.push_back(std::move(answer));
  }
  std::string out;
  JsonWriter w(out);
  w.begin_object().field("took", (steady_nanos() - started) / 1000000).key("responses").begin_array();
  for (const auto& answer : answers) w.raw(answer);
  w.end_array().end_object();
  call.json(200, std::move(out));
}

}  // namespace sluice::index
