// Queries, compiled against the mapping of one index. A compiled query looks at documents itself; what it
// tells by narrow() only saves looking at the others.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "index/document.hpp"
#include "index/error.hpp"
#include "index/json.hpp"
#include "index/mapping.hpp"
#include "index/store.hpp"

namespace sluice::index {

/// A document under examination.
struct Doc {
  std::string_view index;
  Row row;
  simdjson::dom::element root;
};

/// A compiled query. Immutable; one search thread at a time.
class Query {
 public:
  virtual ~Query() = default;
  /// Whether the document matches; adds to `score` when it does.
  [[nodiscard]] virtual bool matches(const Doc& doc, double& score) const = 0;
  /// What documents can match at most.
  [[nodiscard]] virtual Narrow narrow() const { return {}; }
  /// True when narrow() says everything, so that matches() need not be asked.
  [[nodiscard]] virtual bool narrow_is_all() const { return false; }
  /// The score of every match, where narrow_is_all().
  [[nodiscard]] virtual double covered_score() const { return 1; }
};
using QueryPtr = std::unique_ptr<Query>;

/// What compiling needs, and the first error that it met.
struct QueryContext {
  const Mapping& mapping;
  std::string_view index;
  Store* store = nullptr;  // for relevance; null: constant scores
  bool scoring = false;
  int64_t now_ms = 0;
  Error error;

  QueryPtr fail(Error e);
  /// An error that Elasticsearch reports per shard ("failed to create query: ...").
  QueryPtr fail_shard(const std::string& reason, std::string cause_type = {});
};

// --- Building blocks, used by the query DSL and by both query languages. All return null after ctx.fail().
// ---

struct MatchOptions {
  bool all_words = false;         // operator: and
  const Json* minimum = nullptr;  // minimum_should_match
  bool lenient = false;           // values that the field cannot hold match nothing
  bool zero_all = false;          // zero_terms_query: all
  bool phrase = false;
  bool prefix_last = false;  // match_phrase_prefix
  int64_t slop = 0;
  double boost = 1;
};

struct RangeOptions {
  const Json* from = nullptr;
  const Json* to = nullptr;
  bool include_from = true;
  bool include_to = true;
  std::string format;
  Zone zone;
  bool lenient = false;
  double boost = 1;
};

QueryPtr all_query(double boost = 1);
QueryPtr none_query();
QueryPtr terms_query(QueryContext& ctx, std::string_view field, const std::vector<const Json*>& values,
                     bool fold_case, bool lenient, double boost, bool scored);
QueryPtr match_query(QueryContext& ctx, std::string_view field, const Json& value,
                     const MatchOptions& options);
QueryPtr range_query(QueryContext& ctx, std::string_view field, const RangeOptions& options);
QueryPtr exists_query(QueryContext& ctx, std::string_view field, double boost = 1);
/// `normalise`: lower-case the pattern for text fields, as the query languages do.
QueryPtr prefix_query(QueryContext& ctx, std::string_view field, std::string_view prefix, bool fold_case,
                      bool normalise, double boost);
QueryPtr wildcard_query(QueryContext& ctx, std::string_view field, std::string_view pattern, bool fold_case,
                        bool normalise, double boost);
QueryPtr ids_query(std::vector<std::string> ids, double boost);

/// Clauses combined; also Lucene's rule that a query of exclusions alone starts from everything.
struct BoolClauses {
  std::vector<QueryPtr> must, filter, should, must_not;
  int64_t minimum = -1;  // of should; -1: 1 when there is nothing else to match, else 0
  double boost = 1;
};
QueryPtr bool_query(BoolClauses clauses);
/// The best of several (multi_match, a word over many fields).
QueryPtr best_query(std::vector<QueryPtr> queries, double boost = 1);
QueryPtr constant_query(QueryPtr inner, double boost);

/// How many of `count` optional clauses `minimum_should_match` asks for; -1 when it is not understood.
int64_t minimum_should_match(const Json& value, int64_t count);

/// Compiles a query of the DSL ({"match": {...}}).
QueryPtr compile_query(QueryContext& ctx, const Json& query);

struct QueryStringOptions {
  std::vector<std::string> fields;  // with ^boost; empty: every field
  bool all_words = false;           // default_operator AND
  bool lenient = false;
  bool analyze_wildcard = false;
  bool allow_leading_wildcard = true;
  Zone zone;
  double boost = 1;
  const Json* minimum = nullptr;
};
QueryPtr compile_query_string(QueryContext& ctx, std::string_view text, const QueryStringOptions& options);
QueryPtr compile_simple_query_string(QueryContext& ctx, std::string_view text,
                                     const QueryStringOptions& options);
/// Names of the fields that a list with wildcards and boosts means, each with its boost.
std::vector<std::pair<std::string, double>> expand_fields(const Mapping& mapping,
                                                          const std::vector<std::string>& fields);

}  // namespace sluice::index
