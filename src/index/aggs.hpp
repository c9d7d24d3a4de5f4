// Aggregations: a tree of specifications, and for each bucket its own states.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "index/query.hpp"

namespace sluice::index {

class AggState;

/// What a request asks for at one place of its aggregation tree. bind() points it at one index after the
/// other.
class AggSpec {
 public:
  virtual ~AggSpec() = default;
  /// Resolves fields and queries against an index. Its mapping must live until the next bind().
  virtual Error bind(QueryContext& ctx);
  [[nodiscard]] virtual std::unique_ptr<AggState> state() const = 0;
  /// The prefix of typed_keys ("sterms").
  [[nodiscard]] virtual std::string typed_name() const = 0;

  std::string name;
  std::vector<std::unique_ptr<AggSpec>> subs;
};
using AggSpecs = std::vector<std::unique_ptr<AggSpec>>;

/// What is counted so far in one bucket for one specification.
class AggState {
 public:
  virtual ~AggState() = default;
  virtual void collect(const Doc& doc) = 0;
  /// Writes the members of this aggregation's object. `error` is set when there is too much to show.
  virtual void write(JsonWriter& w, bool typed_keys, Error& error) const = 0;
  /// The number that buckets above are ordered by.
  [[nodiscard]] virtual std::optional<double> metric(std::string_view) const { return std::nullopt; }
  /// True when memory bounds are reached; the search then fails.
  [[nodiscard]] virtual bool overflow() const { return false; }
};
using AggStates = std::vector<std::unique_ptr<AggState>>;

/// Reads an `aggs` object. `error` says what is wrong or unsupported.
AggSpecs parse_aggs(const Json& aggs, Error& error, int depth = 0);
AggStates make_states(const AggSpecs& specs);
/// "name": {...} for each.
void write_aggs(JsonWriter& w, const AggSpecs& specs, const AggStates& states, bool typed_keys, Error& error);

/// How many buckets an answer may have (Elasticsearch's search.max_buckets).
constexpr size_t kMaxBuckets = 65536;
/// How many different values a terms or cardinality aggregation remembers.
constexpr size_t kMaxValues = 1000000;

namespace detail {
/// A specification on one field.
class FieldSpec : public AggSpec {
 public:
  Error bind(QueryContext& ctx) override;
  std::string kind;  // "terms", "avg" ...
  std::string field_name;
  const Field* field = nullptr;  // in the index at hand; null: not mapped there
  Type type = Type::opaque;      // of the first index that has the field
  bool typed = false;
  Json missing;
  std::string format;

 protected:
  [[nodiscard]] virtual bool accepts(Type type) const = 0;
};
/// Calls `f(const Scalar&)` for each value of the specification's field, or for `missing` when there is none.
void each_agg_value(const FieldSpec& spec, const Doc& doc, const std::function<void(const Scalar&)>& f);
std::unique_ptr<AggSpec> parse_terms(const Json& body, Error& error);
std::unique_ptr<AggSpec> parse_date_histogram(const Json& body, Error& error);
std::unique_ptr<AggSpec> parse_metric(const std::string& kind, const Json& body, Error& error);
std::unique_ptr<AggSpec> parse_filter(const Json& body, Error& error);
std::unique_ptr<AggSpec> parse_filters(const Json& body, Error& error);
/// Refuses members of `body` that are not in `known`.
Error only_known(std::string_view kind, const Json& body, std::initializer_list<std::string_view> known);
Error field_of(std::string_view kind, const Json& body, FieldSpec& spec);

/// A bucket's count and what is below it.
struct Bucket {
  int64_t count = 0;
  AggStates subs;
  void add(const AggSpecs& specs, const Doc& doc) {
    if (subs.size() != specs.size()) subs = make_states(specs);
    ++count;
    for (auto& sub : subs) sub->collect(doc);
  }
  [[nodiscard]] bool overflow() const {
    for (const auto& sub : subs)
      if (sub->overflow()) return true;
    return false;
  }
};

/// The order of buckets: "_count", "_key" or a metric below, each up or down.
struct BucketOrder {
  struct By {
    std::string key;
    bool ascending;
  };
  std::vector<By> by;
  Error parse(const Json& order, const AggSpecs& subs);
};
/// The metric that an order's path names in a bucket.
std::optional<double> order_metric(const AggSpecs& specs, const Bucket& bucket, const std::string& path);
}  // namespace detail
}  // namespace sluice::index
