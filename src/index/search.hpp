// A search over one or more indices: what is asked, and the answer as Elasticsearch shapes it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "index/aggs.hpp"
#include "index/params.hpp"
#include "index/store.hpp"

namespace sluice::index {

/// Which parts of a document's source an answer shows.
struct SourceFilter {
  bool enabled = true;
  std::vector<std::string> includes, excludes;
  /// Appends what the filter leaves of `source`.
  void write(std::string& out, std::string_view source) const;
};

struct SortKey {
  std::string field;  // or _score, _doc
  bool descending = false;
  bool missing_first = false;
  Json missing;  // a value that stands for a missing one
  std::string unmapped_type, format, mode;
};

/// A parsed request of _search or _count.
struct SearchRequest {
  Json query;        // null: everything
  Json post_filter;  // null: none
  int64_t from = 0;
  int64_t size = 10;
  std::vector<SortKey> sort;
  std::vector<Json> search_after;
  SourceFilter source;
  int64_t track_total = 10000;  // count up to here; -1 exactly, 0 not at all
  Json aggs_json;
  bool version = false, seq_no = false, typed_keys = false, total_as_int = false, track_scores = false;
  std::optional<double> min_score;

  /// Reads a request body and the parameters of the address, which win.
  static Error parse(const Json& body, const Params& params, SearchRequest& out);
};

/// Runs a search; the answer's JSON, or `error`.
std::string run_search(const SearchRequest& request, const std::vector<std::shared_ptr<Store>>& stores,
                       Error& error);
/// How many documents match; shard errors as in run_search.
std::string run_count(const SearchRequest& request, const std::vector<std::shared_ptr<Store>>& stores,
                      Error& error);
/// Names of query parameters that searches understand.
extern const std::vector<std::string_view> kSearchParams;

}  // namespace sluice::index
