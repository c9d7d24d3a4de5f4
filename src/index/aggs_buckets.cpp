// Aggregations that sort documents into buckets by a field's values: terms and date_histogram.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <unordered_map>

#include "base/hash.hpp"
#include "index/aggs.hpp"

namespace sluice::index::detail {
namespace {

/// A value as a map's key: its bytes, or the eight of a number.
std::string_view key_bytes(const Scalar& value, std::array<char, 8>& buffer) {
  if (value.kind == Scalar::Kind::text) return value.text;
  if (value.kind == Scalar::Kind::integer)
    std::memcpy(buffer.data(), &value.integer, 8);
  else
    std::memcpy(buffer.data(), &value.real, 8);
  return {buffer.data(), 8};
}
int64_t key_integer(std::string_view key) {
  int64_t n = 0;
  std::memcpy(&n, key.data(), 8);
  return n;
}
double key_real(std::string_view key) {
  double n = 0;
  std::memcpy(&n, key.data(), 8);
  return n;
}

class TermsSpec final : public FieldSpec {
 public:
  Error bind(QueryContext& ctx) override {
    if (!order_json.is_null() && order.by.empty())
      if (auto error = order.parse(order_json, subs)) return error;
    if (auto error = FieldSpec::bind(ctx)) return error;
    // `missing` takes the form of the field's values.
    if (field != nullptr && !missing.is_null()) {
      if (type == Type::real && missing.is(Json::Kind::integer)) {
        missing.real = static_cast<double>(missing.integer);
        missing.kind = Json::Kind::real;
      }
      const bool text = type == Type::keyword;
      if (text && !missing.is_string()) missing = Json::string(missing.scalar_text());
      if (!text && !(type == Type::integer && missing.is(Json::Kind::integer)) &&
          !(type == Type::real && missing.is_number()))
        return Error::unsupported("[missing] of aggregation [terms] on a field of type [" + field->type_name +
                                  "]");
    }
    return {};
  }
  std::unique_ptr<AggState> state() const override;
  std::string typed_name() const override {
    return type == Type::real                                                     ? "dterms"
           : type == Type::integer || type == Type::date || type == Type::boolean ? "lterms"
           : typed                                                                ? "sterms"
                                                                                  : "umterms";
  }
  int64_t size = 10, min_doc_count = 1;
  BucketOrder order;
  Json order_json;
  std::vector<std::string> include, exclude;
  bool has_include = false;
  bool show_error = false;

 protected:
  bool accepts(Type) const override { return true; }
};

class TermsState final : public AggState {
 public:
  explicit TermsState(const TermsSpec& spec) : spec_(spec) {}

  void collect(const Doc& doc) override {
    std::array<char, 8> buffer;
    seen_.clear();
    each_agg_value(spec_, doc, [&](const Scalar& value) {
      const auto key = key_bytes(value, buffer);
      if (std::find(seen_.begin(), seen_.end(), key) != seen_.end())
        return;  // a document counts once per value
      if (!wanted(key)) return;
      auto it = buckets_.find(key);
      if (it == buckets_.end()) {
        if (buckets_.size() >= kMaxValues) {
          overflow_ = true;
          return;
        }
        it = buckets_.try_emplace(std::string(key)).first;
      }
      seen_.push_back(it->first);
      it->second.add(spec_.subs, doc);
    });
  }

  void write(JsonWriter& w, bool typed, Error& error) const override {
    std::vector<const std::pair<const std::string, Bucket>*> list;
    int64_t others = 0;
    for (const auto& entry : buckets_)
      if (entry.second.count >= spec_.min_doc_count) list.push_back(&entry);
    const auto before = [&](const auto* a, const auto* b) { return less(*a, *b); };
    const size_t shown = std::min(list.size(), static_cast<size_t>(spec_.size));
    if (shown > kMaxBuckets)
      error =
          Error::bad("too_many_buckets_exception",
                     fmt::format("Trying to create too many buckets. Must be less than or equal to: [{}].",
                                 kMaxBuckets));
    std::partial_sort(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(shown), list.end(), before);
    for (size_t i = shown; i < list.size(); ++i) others += list[i]->second.count;
    w.field("doc_count_error_upper_bound", 0)
        .field("sum_other_doc_count", others)
        .key("buckets")
        .begin_array();
    for (size_t i = 0; i < shown; ++i) {
      w.begin_object();
      write_key(w, list[i]->first);
      w.field("doc_count", list[i]->second.count);
      if (spec_.show_error) w.field("doc_count_error_upper_bound", 0);
      write_aggs(w, spec_.subs, list[i]->second.subs, typed, error);
      w.end_object();
    }
    w.end_array();
  }
  bool overflow() const override { return overflow_; }

 private:
  using Entry = std::pair<const std::string, Bucket>;

  std::string shown_key(std::string_view key) const {
    switch (spec_.type) {
      case Type::ip:
        return format_ip(key);
      case Type::integer:
      case Type::boolean:
      case Type::date:
        return std::to_string(key_integer(key));
      case Type::real: {
        std::string out;
        append_double(out, key_real(key));
        return out;
      }
      default:
        return std::string(key);
    }
  }
  bool wanted(std::string_view key) const {
    if (!spec_.has_include && spec_.exclude.empty()) return true;
    const auto text = shown_key(key);
    const auto in = [&](const std::vector<std::string>& list) {
      return std::find(list.begin(), list.end(), text) != list.end();
    };
    return (!spec_.has_include || in(spec_.include)) && !in(spec_.exclude);
  }
  int compare_keys(std::string_view a, std::string_view b) const {
    if (spec_.type == Type::integer || spec_.type == Type::boolean || spec_.type == Type::date) {
      const auto x = key_integer(a), y = key_integer(b);
      return x < y ? -1 : x > y ? 1 : 0;
    }
    if (spec_.type == Type::real) {
      const auto x = key_real(a), y = key_real(b);
      return x < y ? -1 : x > y ? 1 : 0;
    }
    return a.compare(b);
  }
  bool less(const Entry& a, const Entry& b) const {
    if (spec_.order.by.empty() && a.second.count != b.second.count) return a.second.count > b.second.count;
    for (const auto& by : spec_.order.by) {
      int order = 0;
      if (by.key == "_count") {
        order = a.second.count < b.second.count ? -1 : a.second.count > b.second.count ? 1 : 0;
      } else if (by.key == "_key") {
        order = compare_keys(a.first, b.first);
      } else {
        const auto x = order_metric(spec_.subs, a.second, by.key),
                   y = order_metric(spec_.subs, b.second, by.key);
        if (x.has_value() != y.has_value()) return x.has_value();  // buckets without the metric come last
        if (x) order = *x < *y ? -1 : *x > *y ? 1 : 0;
      }
      if (order != 0) return by.ascending ? order < 0 : order > 0;
    }
    return compare_keys(a.first, b.first) < 0;
  }
  void write_key(JsonWriter& w, const std::string& key) const {
    switch (spec_.type) {
      case Type::integer:
        w.field("key", key_integer(key));
        break;
      case Type::real:
        w.key("key").real(key_real(key));
        break;
      case Type::boolean:
        w.field("key", key_integer(key)).field("key_as_string", key_integer(key) != 0 ? "true" : "false");
        break;
      case Type::date:
        w.field("key", key_integer(key));
        w.field("key_as_string",
                *format_date(key_integer(key),
                             spec_.format.empty() ? "strict_date_optional_time" : spec_.format));
        break;
      case Type::ip:
        w.field("key", format_ip(key));
        break;
      default:
        w.field("key", key);
    }
  }

  const TermsSpec& spec_;
  TextMap<Bucket> buckets_;
  std::vector<std::string_view> seen_;
  bool overflow_ = false;
};

std::unique_ptr<AggState> TermsSpec::state() const { return std::make_unique<TermsState>(*this); }

class DateHistogramSpec final : public FieldSpec {
 public:
  Error bind(QueryContext& ctx) override {
    if (!order_json.is_null() && order.by.empty())
      if (auto error = order.parse(order_json, subs)) return error;
    now_ms = ctx.now_ms;
    return FieldSpec::bind(ctx);
  }
  std::unique_ptr<AggState> state() const override;
  std::string typed_name() const override { return "date_histogram"; }

  /// The start of the bucket of the moment `utc`, and of the bucket after the one that starts at `start`.
  int64_t floor(int64_t utc) const {
    const int64_t shifted = utc - offset;
    const int64_t local = shifted + zone.offset_at(shifted);
    if (calendar) return zone.to_utc(floor_local(local, unit)) + offset;
    int64_t rest = local % interval;
    if (rest < 0) rest += interval;
    return zone.to_utc(local - rest) + offset;
  }
  int64_t next(int64_t start) const {
    const int64_t utc = start - offset;
    const int64_t local = utc + zone.offset_at(utc);
    const int64_t after = zone.to_utc(calendar ? add_local(local, unit, 1) : local + interval) + offset;
    return after > start ? after : start + interval;
  }
  bool calendar = false, keyed = false;
  CalendarUnit unit = CalendarUnit::day;
  int64_t interval = 3600000, offset = 0, min_doc_count = 0, now_ms = 0;
  Zone zone;
  BucketOrder order;
  Json order_json;
  Json bounds_min, bounds_max;

 protected:
  bool accepts(Type t) const override { return t == Type::date; }
};

class DateHistogramState final : public AggState {
 public:
  explicit DateHistogramState(const DateHistogramSpec& spec) : spec_(spec) {}

  void collect(const Doc& doc) override {
    seen_.clear();
    each_agg_value(spec_, doc, [&](const Scalar& value) {
      // Logs come in order of time: most fall into the bucket of the one before.
      int64_t start = last_start_;
      if (value.integer < last_start_ || value.integer >= last_end_) {
        start = last_start_ = spec_.floor(value.integer);
        last_end_ = spec_.next(start);
      }
      if (std::find(seen_.begin(), seen_.end(), start) != seen_.end()) return;
      seen_.push_back(start);
      if (buckets_.size() >= kMaxValues && buckets_.find(start) == buckets_.end()) {
        overflow_ = true;
        return;
      }
      buckets_[start].add(spec_.subs, doc);
    });
  }

  void write(JsonWriter& w, bool typed, Error& error) const override {
    const Bucket empty{0, make_states(spec_.subs)};
    std::vector<std::pair<int64_t, const Bucket*>> list;
    int64_t low = 0, high = -1;
    if (!buckets_.empty()) {
      low = buckets_.begin()->first;
      high = buckets_.rbegin()->first;
    }
    if (!bounds(low, high, error)) return;
    if (spec_.min_doc_count == 0) {
      for (int64_t at = low; at <= high; at = spec_.next(at)) {
        const auto it = buckets_.find(at);
        list.emplace_back(at, it == buckets_.end() ? &empty : &it->second);
        if (list.size() > kMaxBuckets) break;
      }
    } else {
      for (const auto& [start, bucket] : buckets_)
        if (bucket.count >= spec_.min_doc_count) list.emplace_back(start, &bucket);
    }
    if (list.size() > kMaxBuckets) {
      error =
          Error::bad("too_many_buckets_exception",
                     fmt::format("Trying to create too many buckets. Must be less than or equal to: [{}].",
                                 kMaxBuckets));
      return;
    }
    sort(list);
    w.key("buckets");
    spec_.keyed ? w.begin_object() : w.begin_array();
    for (const auto& [start, bucket] : list) {
      const auto text =
          format_date(start, spec_.format.empty() ? "strict_date_optional_time" : spec_.format, spec_.zone)
              .value_or("");
      if (spec_.keyed) w.key(text);
      w.begin_object().field("key_as_string", text).field("key", start).field("doc_count", bucket->count);
      write_aggs(w, spec_.subs, bucket->subs, typed, error);
      w.end_object();
    }
    spec_.keyed ? w.end_object() : w.end_array();
  }
  bool overflow() const override { return overflow_; }

 private:
  bool bounds(int64_t& low, int64_t& high, Error& error) const {
    for (auto [json, is_min] : {std::pair{&spec_.bounds_min, true}, std::pair{&spec_.bounds_max, false}}) {
      if (json->is_null()) continue;
      const auto ms = parse_date_math(json->scalar_text(), {}, spec_.now_ms, false, spec_.zone);
      if (!ms) {
        error = Error::bad("parse_exception",
                           "failed to parse [extended_bounds] value [" + json->scalar_text() + "]");
        return false;
      }
      const int64_t start = spec_.floor(*ms);
      if (high < low) {
        low = high = start;
      } else {
        low = is_min ? std::min(low, start) : low;
        high = is_min ? high : std::max(high, start);
      }
    }
    return true;
  }
  void sort(std::vector<std::pair<int64_t, const Bucket*>>& list) const {
    if (spec_.order.by.empty()) return;
    std::stable_sort(list.begin(), list.end(), [&](const auto& a, const auto& b) {
      for (const auto& by : spec_.order.by) {
        std::optional<double> x, y;
        if (by.key == "_count") {
          x = static_cast<double>(a.second->count);
          y = static_cast<double>(b.second->count);
        } else if (by.key == "_key") {
          x = static_cast<double>(a.first);
          y = static_cast<double>(b.first);
        } else {
          x = order_metric(spec_.subs, *a.second, by.key);
          y = order_metric(spec_.subs, *b.second, by.key);
        }
        if (x.has_value() != y.has_value()) return x.has_value();
        if (x && *x != *y) return by.ascending ? *x < *y : *x > *y;
      }
      return a.first < b.first;
    });
  }

  const DateHistogramSpec& spec_;
  std::map<int64_t, Bucket> buckets_;
  std::vector<int64_t> seen_;
  int64_t last_start_ = 0, last_end_ = 0;
  bool overflow_ = false;
};

std::unique_ptr<AggState> DateHistogramSpec::state() const {
  return std::make_unique<DateHistogramState>(*this);
}

std::optional<CalendarUnit> calendar_unit(const std::string& text) {
  static constexpr std::pair<std::string_view, CalendarUnit> kUnits[] = {
      {"second", CalendarUnit::second},   {"1s", CalendarUnit::second},   {"minute", CalendarUnit::minute},
      {"1m", CalendarUnit::minute},       {"hour", CalendarUnit::hour},   {"1h", CalendarUnit::hour},
      {"day", CalendarUnit::day},         {"1d", CalendarUnit::day},      {"week", CalendarUnit::week},
      {"1w", CalendarUnit::week},         {"month", CalendarUnit::month}, {"1M", CalendarUnit::month},
      {"quarter", CalendarUnit::quarter}, {"1q", CalendarUnit::quarter},  {"year", CalendarUnit::year},
      {"1y", CalendarUnit::year}};
  for (const auto& [name, unit] : kUnits)
    if (name == text) return unit;
  return std::nullopt;
}

Error parse_interval(const Json& body, DateHistogramSpec& spec) {
  if (body.find("interval") != nullptr)
    return Error::parsing(
        "[date_histogram] unknown field [interval]; use [fixed_interval] or [calendar_interval]");
  const Json* fixed = body.find("fixed_interval");
  const Json* calendar = body.find("calendar_interval");
  if ((fixed == nullptr) == (calendar == nullptr))
    return Error::illegal(
        "Invalid interval specified, must be exactly one of [fixed_interval] and [calendar_interval]");
  if (calendar != nullptr) {
    const auto unit = calendar_unit(calendar->scalar_text());
    if (!unit)
      return Error::illegal("The supplied interval [" + calendar->scalar_text() +
                            "] could not be parsed as a calendar interval.");
    spec.calendar = true;
    spec.unit = *unit;
    return {};
  }
  const auto ms = parse_time_value(fixed->scalar_text());
  if (!ms || *ms <= 0)
    return Error::illegal("failed to parse setting [date_histogram.fixedInterval] with value [" +
                          fixed->scalar_text() + "] as a time value: unit is missing or unrecognized");
  spec.interval = *ms;
  return {};
}

}  // namespace

std::unique_ptr<AggSpec> parse_terms(const Json& body, Error& error) {
  auto spec = std::make_unique<TermsSpec>();
  error = only_known(
      "terms", body,
      {"field", "size", "shard_size", "order", "min_doc_count", "missing", "include", "exclude", "format",
       "execution_hint", "collect_mode", "show_term_doc_count_error", "shard_min_doc_count"});
  if (!error) error = field_of("terms", body, *spec);
  if (error) return spec;
  if (const Json* size = body.find("size")) spec->size = size->integer;
  if (spec->size <= 0)
    error = Error::illegal(fmt::format("[size] must be greater than 0. Found [{}] in [terms]", spec->size));
  if (const Json* minimum = body.find("min_doc_count")) spec->min_doc_count = minimum->integer;
  if (spec->min_doc_count < 1) error = Error::unsupported("[min_doc_count: 0] of aggregation [terms]");
  if (const Json* show = body.find("show_term_doc_count_error")) spec->show_error = show->boolean;
  if (const Json* order = body.find("order")) spec->order_json = *order;
  for (auto [key, list] : {std::pair{"include", &spec->include}, std::pair{"exclude", &spec->exclude}}) {
    const Json* values = body.find(key);
    if (values == nullptr) continue;
    if (!values->is_array()) {
      error = Error::unsupported(
          fmt::format("[{}] of aggregation [terms] as a pattern or partition (an array of values is)", key));
      return spec;
    }
    if (list == &spec->include) spec->has_include = true;
    for (const auto& value : values->items) list->push_back(value.scalar_text());
  }
  return spec;
}

std::unique_ptr<AggSpec> parse_date_histogram(const Json& body, Error& error) {
  auto spec = std::make_unique<DateHistogramSpec>();
  error = only_known("date_histogram", body,
                     {"field", "fixed_interval", "calendar_interval", "interval", "time_zone", "offset",
                      "min_doc_count", "format", "keyed", "order", "extended_bounds"});
  if (!error) error = field_of("date_histogram", body, *spec);
  if (!error) error = parse_interval(body, *spec);
  if (error) return spec;
  if (const Json* minimum = body.find("min_doc_count")) spec->min_doc_count = minimum->integer;
  if (const Json* keyed = body.find("keyed")) spec->keyed = keyed->boolean;
  if (const Json* order = body.find("order")) spec->order_json = *order;
  if (const Json* zone = body.find("time_zone")) {
    auto parsed = Zone::parse(zone->scalar_text());
    if (!parsed)
      error = Error::illegal("Unknown time-zone ID: " + zone->scalar_text());
    else
      spec->zone = *parsed;
  }
  if (const Json* offset = body.find("offset")) {
    auto text = offset->scalar_text();
    const bool negative = !text.empty() && text.front() == '-';
    if (!text.empty() && (negative || text.front() == '+')) text.erase(0, 1);
    const auto ms = parse_time_value(text);
    if (!ms)
      error = Error::illegal("failed to parse [offset] [" + offset->scalar_text() + "]");
    else
      spec->offset = negative ? -*ms : *ms;
  }
  if (const Json* bounds = body.find("extended_bounds")) {
    if (const Json* low = bounds->find("min")) spec->bounds_min = *low;
    if (const Json* high = bounds->find("max")) spec->bounds_max = *high;
  }
  return spec;
}

}  // namespace sluice::index::detail
