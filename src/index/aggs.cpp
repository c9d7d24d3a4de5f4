#include "index/aggs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "base/hash.hpp"

namespace sluice::index {

Error AggSpec::bind(QueryContext& ctx) {
  for (auto& sub : subs)
    if (auto error = sub->bind(ctx)) return error;
  return {};
}

AggStates make_states(const AggSpecs& specs) {
  AggStates out;
  out.reserve(specs.size());
  for (const auto& spec : specs) out.push_back(spec->state());
  return out;
}

void write_aggs(JsonWriter& w, const AggSpecs& specs, const AggStates& states, bool typed_keys,
                Error& error) {
  for (size_t i = 0; i < specs.size() && i < states.size(); ++i) {
    w.key(typed_keys ? specs[i]->typed_name() + "#" + specs[i]->name : specs[i]->name).begin_object();
    states[i]->write(w, typed_keys, error);
    w.end_object();
  }
}

namespace detail {

Error only_known(std::string_view kind, const Json& body, std::initializer_list<std::string_view> known) {
  if (!body.is_object()) return Error::parsing(fmt::format("[{}] aggregation: an object is expected", kind));
  for (const auto& [key, value] : body.members)
    if (std::find(known.begin(), known.end(), key) == known.end())
      return Error::unsupported(fmt::format("[{}] of aggregation [{}]", key, kind));
  return {};
}

Error field_of(std::string_view kind, const Json& body, FieldSpec& spec) {
  const Json* field = body.find("field");
  if (field == nullptr || !field->is_string())
    return Error::illegal(fmt::format(
        "Required one of fields [field, script], but none were specified. (aggregation [{}])", kind));
  spec.kind = kind;
  spec.field_name = field->text;
  if (const Json* missing = body.find("missing")) spec.missing = *missing;
  if (const Json* format = body.find("format")) {
    spec.format = format->scalar_text();
    if (!format_date(0, spec.format))
      return Error::unsupported(fmt::format("[format] [{}] of aggregation [{}]", spec.format, kind));
  }
  return {};
}

Error FieldSpec::bind(QueryContext& ctx) {
  field = ctx.mapping.find(field_name);
  if (field_name == "_id" || field_name == "_index")
    return Error::unsupported(fmt::format("aggregation [{}] on [{}]", kind, field_name));
  if (field != nullptr && field->type == Type::object) field = nullptr;
  if (field != nullptr) {
    if (field->type == Type::opaque)
      return Error::unsupported(
          fmt::format("aggregation [{}] on field [{}] ({})", kind, field_name, field->why_opaque));
    if (field->type == Type::text) {
      Error e =
          Error::illegal(fmt::format("Fielddata is disabled on [{}] in [{}]. Text fields are not optimised "
                                     "for operations that require per-document field data like "
                                     "aggregations and sorting, so these operations are disabled by default. "
                                     "Please use a keyword field instead. Alternatively, set "
                                     "fielddata=true on [{}] in order to load field data by uninverting the "
                                     "inverted index. Note that this can use significant memory.",
                                     field_name, ctx.index, field_name));
      e.shard = true;
      e.index = ctx.index;
      return e;
    }
    if (!accepts(field->type)) {
      Error e = Error::illegal(fmt::format("Field [{}] of type [{}] is not supported for aggregation [{}]",
                                           field_name, field->type_name, kind));
      e.shard = true;
      e.index = ctx.index;
      return e;
    }
    if (typed && type != field->type)
      return Error::illegal(fmt::format(
          "field [{}] has different types in the indices of this search, which aggregation [{}] cannot merge",
          field_name, kind));
    type = field->type;
    typed = true;
  }
  return AggSpec::bind(ctx);
}

void each_agg_value(const FieldSpec& spec, const Doc& doc, const std::function<void(const Scalar&)>& f) {
  bool any = false;
  if (spec.field != nullptr)
    each_value(doc.root, *spec.field, [&](const Scalar& value) {
      any = true;
      f(value);
    });
  if (any || spec.missing.is_null()) return;
  Scalar value;
  if (spec.missing.is(Json::Kind::integer)) {
    value.kind = Scalar::Kind::integer;
    value.integer = spec.missing.integer;
  } else if (spec.missing.is(Json::Kind::real)) {
    value.kind = Scalar::Kind::real;
    value.real = spec.missing.real;
  } else {
    value.text = spec.missing.text;
  }
  f(value);
}

namespace {

bool numeric(Type type) {
  return type == Type::integer || type == Type::real || type == Type::date || type == Type::boolean;
}

class MetricSpec final : public FieldSpec {
 public:
  std::unique_ptr<AggState> state() const override;
  std::string typed_name() const override { return kind; }

 protected:
  bool accepts(Type t) const override { return kind == "value_count" || kind == "cardinality" || numeric(t); }
};

class MetricState final : public AggState {
 public:
  explicit MetricState(const MetricSpec& spec) : spec_(spec) {}
  void collect(const Doc& doc) override {
    each_agg_value(spec_, doc, [&](const Scalar& value) {
      const double n = value.kind == Scalar::Kind::text ? 0 : value.as_double();
      ++count_;
      sum_ += n;
      min_ = std::min(min_, n);
      max_ = std::max(max_, n);
    });
  }
  void write(JsonWriter& w, bool, Error&) const override {
    const auto number = [&](const std::string& key, double value, bool date) {
      w.key(key);
      if (count_ == 0 && key != "sum" && spec_.kind != "sum") {
        w.null();
        return;
      }
      w.real(value);
      if (date && spec_.type == Type::date)
        w.field(key + "_as_string",
                *format_date(static_cast<int64_t>(value),
                             spec_.format.empty() ? "strict_date_optional_time" : spec_.format));
    };
    const double average = count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
    if (spec_.kind == "value_count") {
      w.field("value", count_);
    } else if (spec_.kind == "stats") {
      w.field("count", count_);
      number("min", min_, true);
      number("max", max_, true);
      number("avg", average, true);
      number("sum", sum_, true);
    } else {
      number("value",
             spec_.kind == "min"   ? min_
             : spec_.kind == "max" ? max_
             : spec_.kind == "avg" ? average
                                   : sum_,
             true);
    }
  }
  std::optional<double> metric(std::string_view property) const override {
    const std::string_view what = spec_.kind == "stats" ? property : std::string_view(spec_.kind);
    if (what == "value_count" || what == "count") return static_cast<double>(count_);
    if (what == "sum") return sum_;
    if (count_ == 0) return std::nullopt;
    if (what == "min") return min_;
    if (what == "max") return max_;
    if (what == "avg") return sum_ / static_cast<double>(count_);
    return std::nullopt;
  }

 private:
  const MetricSpec& spec_;
  int64_t count_ = 0;
  double sum_ = 0, min_ = INFINITY, max_ = -INFINITY;
};

class CardinalityState final : public AggState {
 public:
  explicit CardinalityState(const MetricSpec& spec) : spec_(spec) {}
  void collect(const Doc& doc) override {
    each_agg_value(spec_, doc, [&](const Scalar& value) {
      if (seen_.size() >= kMaxValues) {
        overflow_ = true;
        return;
      }
      if (value.kind == Scalar::Kind::text) {
        seen_.emplace(value.text);
      } else {
        const double n = value.as_double();
        const int64_t i = value.integer;
        seen_.emplace(value.kind == Scalar::Kind::integer
                          ? std::string(reinterpret_cast<const char*>(&i), sizeof i)
                          : std::string(reinterpret_cast<const char*>(&n), sizeof n));
      }
    });
  }
  void write(JsonWriter& w, bool, Error&) const override {
    w.field("value", static_cast<int64_t>(seen_.size()));
  }
  std::optional<double> metric(std::string_view) const override { return static_cast<double>(seen_.size()); }
  bool overflow() const override { return overflow_; }

 private:
  const MetricSpec& spec_;
  std::unordered_set<std::string, TextHash, std::equal_to<>> seen_;
  bool overflow_ = false;
};

std::unique_ptr<AggState> MetricSpec::state() const {
  if (kind == "cardinality") return std::make_unique<CardinalityState>(*this);
  return std::make_unique<MetricState>(*this);
}

/// filter and filters: one bucket a query.
class FiltersSpec final : public AggSpec {
 public:
  Error bind(QueryContext& ctx) override {
    queries.clear();
    const bool scoring = ctx.scoring;
    ctx.scoring = false;
    for (const auto& [key, json] : sources) queries.push_back(compile_query(ctx, json));
    ctx.scoring = scoring;
    if (ctx.error) return ctx.error;
    return AggSpec::bind(ctx);
  }
  std::unique_ptr<AggState> state() const override;
  std::string typed_name() const override { return single ? "filter" : "filters"; }
  bool single = false, keyed = true;
  std::vector<std::pair<std::string, Json>> sources;
  std::vector<QueryPtr> queries;
};

class FiltersState final : public AggState {
 public:
  explicit FiltersState(const FiltersSpec& spec) : spec_(spec), buckets_(spec.sources.size()) {
    for (auto& bucket : buckets_) bucket.subs = make_states(spec.subs);
  }
  void collect(const Doc& doc) override {
    double score = 0;
    for (size_t i = 0; i < buckets_.size(); ++i)
      if (spec_.queries[i]->matches(doc, score)) buckets_[i].add(spec_.subs, doc);
  }
  void write(JsonWriter& w, bool typed, Error& error) const override {
    if (spec_.single) {
      w.field("doc_count", buckets_[0].count);
      write_aggs(w, spec_.subs, buckets_[0].subs, typed, error);
      return;
    }
    w.key("buckets");
    spec_.keyed ? w.begin_object() : w.begin_array();
    for (size_t i = 0; i < buckets_.size(); ++i) {
      if (spec_.keyed) w.key(spec_.sources[i].first);
      w.begin_object().field("doc_count", buckets_[i].count);
      write_aggs(w, spec_.subs, buckets_[i].subs, typed, error);
      w.end_object();
    }
    spec_.keyed ? w.end_object() : w.end_array();
  }
  std::optional<double> metric(std::string_view) const override {
    return spec_.single ? std::optional(static_cast<double>(buckets_[0].count)) : std::nullopt;
  }
  bool overflow() const override {
    return std::any_of(buckets_.begin(), buckets_.end(), [](const Bucket& b) { return b.overflow(); });
  }

 private:
  const FiltersSpec& spec_;
  std::vector<Bucket> buckets_;
};

std::unique_ptr<AggState> FiltersSpec::state() const { return std::make_unique<FiltersState>(*this); }

}  // namespace

std::unique_ptr<AggSpec> parse_metric(const std::string& kind, const Json& body, Error& error) {
  auto spec = std::make_unique<MetricSpec>();
  error = kind == "cardinality"
              ? only_known(kind, body, {"field", "missing", "precision_threshold", "execution_hint"})
              : only_known(kind, body, {"field", "missing", "format"});
  if (!error) error = field_of(kind, body, *spec);
  return spec;
}

std::unique_ptr<AggSpec> parse_filter(const Json& body, Error&) {
  auto spec = std::make_unique<FiltersSpec>();
  spec->single = true;
  spec->sources.emplace_back("", body);
  return spec;
}

std::unique_ptr<AggSpec> parse_filters(const Json& body, Error& error) {
  auto spec = std::make_unique<FiltersSpec>();
  error = only_known("filters", body, {"filters"});
  if (error) return spec;
  const Json* filters = body.find("filters");
  if (filters == nullptr || (!filters->is_object() && !filters->is_array())) {
    error = Error::parsing("[filters] aggregation requires [filters]");
    return spec;
  }
  spec->keyed = filters->is_object();
  for (const auto& [key, query] : filters->members) spec->sources.emplace_back(key, query);
  for (const auto& query : filters->items) spec->sources.emplace_back("", query);
  return spec;
}

Error BucketOrder::parse(const Json& order, const AggSpecs& subs) {
  std::vector<const Json*> list;
  if (order.is_array())
    for (const auto& item : order.items) list.push_back(&item);
  else
    list.push_back(&order);
  by.clear();
  for (const auto* one : list) {
    if (!one->is_object() || one->members.size() != 1)
      return Error::parsing("Must specify at least one field for [order]");
    const auto& [key, direction] = one->members.front();
    const auto text = direction.scalar_text();
    if (text != "asc" && text != "desc" && text != "ASC" && text != "DESC")
      return Error::parsing("Unknown order direction [" + text + "]");
    if (key != "_count" && key != "_key") {
      const auto name = key.substr(0, key.find_first_of(".>"));
      if (key.find('>') != std::string::npos) return Error::unsupported("[order] by the path [" + key + "]");
      if (std::none_of(subs.begin(), subs.end(), [&](const auto& sub) { return sub->name == name; }))
        return Error::bad("aggregation_execution_exception",
                          "Invalid aggregator order path [" + key + "]. The provided aggregation [" + name +
                              "] either does not exist, or is a pipeline aggregation and cannot be used to "
                              "sort the buckets.");
    }
    by.push_back({key, text == "asc" || text == "ASC"});
  }
  return {};
}

std::optional<double> order_metric(const AggSpecs& specs, const Bucket& bucket, const std::string& path) {
  const auto dot = path.find('.');
  for (size_t i = 0; i < specs.size() && i < bucket.subs.size(); ++i)
    if (specs[i]->name == path.substr(0, dot))
      return bucket.subs[i]->metric(dot == std::string::npos ? std::string_view{}
                                                             : std::string_view(path).substr(dot + 1));
  return std::nullopt;
}

}  // namespace detail

AggSpecs parse_aggs(const Json& aggs, Error& error, int depth) {
  AggSpecs out;
  if (!aggs.is_object()) error = Error::parsing("[aggs] must be an object");
  if (depth > 20) error = Error::illegal("aggregations are nested too deeply");
  for (const auto& [name, body] : aggs.members) {
    if (error) return out;
    std::unique_ptr<AggSpec> spec;
    const Json* subs = nullptr;
    if (name.find_first_of("[]>") != std::string::npos || !body.is_object()) {
      error = Error::parsing("Invalid aggregation name [" + name +
                             "]. Aggregation names can contain any character except '[', ']', and '>'");
      return out;
    }
    for (const auto& [kind, inner] : body.members) {
      if (kind == "aggs" || kind == "aggregations") {
        subs = &inner;
        continue;
      }
      if (kind == "meta") {
        error = Error::unsupported("[meta] of aggregation [" + name + "]");
        return out;
      }
      if (spec) {
        error = Error::parsing("Found two aggregation type definitions in [" + name + "]");
        return out;
      }
      if (kind == "terms")
        spec = detail::parse_terms(inner, error);
      else if (kind == "date_histogram")
        spec = detail::parse_date_histogram(inner, error);
      else if (kind == "filter")
        spec = detail::parse_filter(inner, error);
      else if (kind == "filters")
        spec = detail::parse_filters(inner, error);
      else if (kind == "min" || kind == "max" || kind == "avg" || kind == "sum" || kind == "stats" ||
               kind == "value_count" || kind == "cardinality")
        spec = detail::parse_metric(kind, inner, error);
      else
        error = Error::unsupported("aggregation [" + kind + "]");
      if (error) return out;
    }
    if (!spec) {
      error = Error::parsing("Missing definition for aggregation [" + name + "]");
      return out;
    }
    spec->name = name;
    if (subs != nullptr) spec->subs = parse_aggs(*subs, error, depth + 1);
    if (!error && subs != nullptr && !subs->members.empty() &&
        dynamic_cast<detail::MetricSpec*>(spec.get()) != nullptr)
      error = Error::bad(
          "aggregation_initialization_exception",
          "Aggregator [" + name + "] of type [" + spec->typed_name() + "] cannot accept sub-aggregations");
    out.push_back(std::move(spec));
  }
  return out;
}

}  // namespace sluice::index
