// Running a search: candidates in, the best hits and the aggregations out.
#include "index/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/time.hpp"

namespace sluice::index {
namespace {

/// One sort value of one hit.
struct Key {
  enum class Kind : uint8_t { missing, integer, real, text };
  Kind kind = Kind::missing;
  int64_t integer = 0;
  double real = 0;
  std::string text;

  [[nodiscard]] long double number() const {
    return kind == Kind::integer ? static_cast<long double>(integer) : real;
  }
};

struct Hit {
  size_t store = 0;
  int64_t seq = 0, version = 0;
  float score = 0;
  std::string id, source;
  std::vector<Key> keys;
};

struct Failure {
  std::string index;
  Error error;
};

/// A sort key against the index at hand.
struct BoundKey {
  const Field* field = nullptr;
  bool by_score = false, by_doc = false, by_time = false;
};

class Search {
 public:
  Search(const SearchRequest& request, const std::vector<std::shared_ptr<Store>>& stores, bool counting)
      : r_(request), stores_(stores), counting_(counting) {
    wanted_ = counting ? 0 : static_cast<size_t>(r_.from + r_.size);
    scored_ = wanted_ > 0 && (r_.sort.empty() || r_.track_scores || r_.min_score.has_value() ||
                              std::any_of(r_.sort.begin(), r_.sort.end(),
                                          [](const SortKey& k) { return k.field == "_score"; }));
  }

  Error run() {
    started_ = steady_nanos();
    now_ms_ = wall_nanos() / 1000000;
    Error error;
    if (!r_.aggs_json.is_null() && !counting_) specs_ = parse_aggs(r_.aggs_json, error);
    if (error) return error;
    states_ = make_states(specs_);
    for (size_t i = 0; i < stores_.size(); ++i) {
      error = one(i);
      if (!error) continue;
      if (!error.shard) return error;
      failures_.push_back({stores_[i]->name(), error});
    }
    if (!failures_.empty() && failures_.size() == stores_.size()) return all_failed();
    return {};
  }

  std::string answer(Error& error) {
    std::string out;
    JsonWriter w(out);
    w.begin_object();
    if (!counting_) w.field("took", (steady_nanos() - started_) / 1000000).field("timed_out", false);
    if (counting_) w.field("count", total_);
    write_shards(w);
    if (!counting_) {
      write_hits(w);
      if (!specs_.empty()) {
        w.key("aggregations").begin_object();
        write_aggs(w, specs_, states_, r_.typed_keys, error);
        w.end_object();
      }
    }
    w.end_object();
    return out;
  }

 private:
  Error all_failed() const {
    Error e = failures_.front().error;
    e.shard = true;
    return e;
  }

  Error one(size_t number) {
    Store& store = *stores_[number];
    mapping_ = store.mapping();
    QueryContext ctx{*mapping_, store.name(), &store, scored_, now_ms_, {}};
    QueryPtr query = r_.query.is_null() ? all_query() : compile_query(ctx, r_.query);
    if (ctx.error) return ctx.error;
    ctx.scoring = false;
    QueryPtr after = r_.post_filter.is_null() ? nullptr : compile_query(ctx, r_.post_filter);
    if (ctx.error) return ctx.error;
    if (!counting_) {
      if (auto error = bind_sort(store)) return error;
      for (auto& spec : specs_)
        if (auto error = spec->bind(ctx)) return error;
    }
    const Narrow narrow = query->narrow();
    const bool covered = query->narrow_is_all() && narrow.words.empty() && !narrow.ids &&
                         !(narrow.timed && store.irregular_times());
    bool total_known = false;
    if (covered && !after && !r_.min_score) {  // the number of hits is a matter of counting rows
      int64_t n = narrow.none ? 0 : store.documents();
      if (narrow.timed && !narrow.none)
        if (auto status = store.count(narrow, n); !status.ok()) return storage_error(status);
      total_ += n;
      total_known = true;
      if (wanted_ == 0 && specs_.empty()) return {};
    }
    return scan(number, *query, after.get(), narrow, covered, total_known);
  }

  static Error storage_error(const Status& status) {
    return {500, "exception", status.message(), {}, {}, {}, false};
  }

  Error scan(size_t number, const Query& query, const Query* after, const Narrow& narrow, bool covered,
             bool total_known) {
    Store& store = *stores_[number];
    const bool time_first =
        !bound_.empty() && bound_[0].by_time && !r_.sort[0].missing_first && r_.sort[0].missing.is_null();
    const Store::Order order = !time_first             ? Store::Order::written
                               : r_.sort[0].descending ? Store::Order::time_descending
                                                       : Store::Order::time_ascending;
    const bool ordered_by_time = time_first && narrow.words.empty() && !narrow.ids;
    const bool ordered_by_doc = (bound_.empty() ? covered : bound_[0].by_doc && !r_.sort[0].descending) &&
                                narrow.words.empty() && !narrow.ids && !narrow.timed;
    const bool needs_root = !covered || after != nullptr || !specs_.empty() ||
                            std::any_of(bound_.begin(), bound_.end(),
                                        [](const BoundKey& k) { return k.field != nullptr && !k.by_time; });
    bool broken = false;
    auto status = store.scan(narrow, order, [&](const Row& row) {
      Doc doc{store.name(), row, {}};
      if (needs_root && parser_.parse(row.source.data(), row.source.size()).get(doc.root)) {
        broken = true;
        return false;
      }
      double score = 0;
      if (covered)
        score = query.covered_score();
      else if (!query.matches(doc, score))
        return true;
      if (r_.min_score && score < *r_.min_score) return true;
      for (auto& state : states_) state->collect(doc);
      if (after != nullptr) {
        double unused = 0;
        if (!after->matches(doc, unused)) return true;
      }
      if (!total_known) ++total_;
      offer(number, doc, score);
      if (!specs_.empty()) {
        if (std::any_of(states_.begin(), states_.end(), [](const auto& s) { return s->overflow(); }))
          return !(overflow_ = true);
        return true;
      }
      const bool counted =
          total_known || r_.track_total == 0 || (r_.track_total > 0 && total_ > r_.track_total);
      if (counting_ || !counted) return true;
      if (wanted_ == 0) return false;
      if (hits_.size() < wanted_) return true;
      return !((ordered_by_doc && last_was_worse_) || (ordered_by_time && beyond(row)));
    });
    if (!status.ok()) return storage_error(status);
    if (broken)
      return {500, "exception", "a stored document of index [" + store.name() + "] is not JSON", {}, {},
              {},  false};
    if (overflow_)
      return Error::bad("too_many_buckets_exception",
                        fmt::format("an aggregation has more than [{}] different values", kMaxValues));
    return {};
  }

  /// True when no later row in time order can be among the hits.
  bool beyond(const Row& row) const {
    const Key& worst = hits_.front().keys[0];
    if (worst.kind == Key::Kind::missing) return false;
    if (!row.timestamp) return true;
    return r_.sort[0].descending ? *row.timestamp < worst.integer : *row.timestamp > worst.integer;
  }

  Error bind_sort(const Store& store) {
    bound_.clear();
    for (const auto& key : r_.sort) {
      BoundKey bound;
      bound.by_score = key.field == "_score";
      bound.by_doc = key.field == "_doc";
      if (!bound.by_score && !bound.by_doc) {
        bound.field = mapping_->find(key.field);
        Error e;
        if (key.field == "_id" || key.field == "_index")
          return Error::unsupported("sort by [" + key.field + "]");
        if (bound.field == nullptr || bound.field->type == Type::object) {
          bound.field = nullptr;
          if (key.unmapped_type.empty()) {
            e = Error::bad("query_shard_exception",
                           "No mapping found for [" + key.field + "] in order to sort on");
          }
        } else if (bound.field->type == Type::opaque) {
          return Error::unsupported("sort by field [" + key.field + "] (" + bound.field->why_opaque + ")");
        } else if (bound.field->type == Type::text) {
          e =
              Error::illegal(fmt::format("Fielddata is disabled on [{}] in [{}]. Text fields are not "
                                         "optimised for operations that require per-document field "
                                         "data like aggregations and sorting, so these operations are "
                                         "disabled by default. Please use a keyword field instead.",
                                         key.field, store.name()));
        }
        if (e) {
          e.shard = true;
          e.index = store.name();
          return e;
        }
        bound.by_time = bound.field != nullptr && bound.field->type == Type::date &&
                        bound.field->name == "@timestamp" && !store.irregular_times();
      }
      bound_.push_back(bound);
    }
    return {};
  }

  Key key_of(size_t i, const Doc& doc, double score) const {
    const BoundKey& bound = bound_[i];
    Key key;
    if (bound.by_score) {
      key.kind = Key::Kind::real;
      key.real = static_cast<double>(static_cast<float>(score));
    } else if (bound.by_doc) {
      key.kind = Key::Kind::integer;
      key.integer = doc.row.seq;
    } else if (bound.by_time) {
      if (doc.row.timestamp) {
        key.kind = Key::Kind::integer;
        key.integer = *doc.row.timestamp;
      }
    } else if (bound.field != nullptr) {
      const bool largest = r_.sort[i].mode.empty() ? r_.sort[i].descending : r_.sort[i].mode == "max";
      each_value(doc.root, *bound.field, [&](const Scalar& value) {
        Key one;
        one.kind = value.kind == Scalar::Kind::integer ? Key::Kind::integer
                   : value.kind == Scalar::Kind::real  ? Key::Kind::real
                                                       : Key::Kind::text;
        one.integer = value.integer;
        one.real = value.real;
        one.text = value.text;
        if (key.kind == Key::Kind::missing || (compare_values(one, key) > 0) == largest) key = std::move(one);
      });
    }
    if (key.kind == Key::Kind::missing && !r_.sort[i].missing.is_null())
      key = from_json(r_.sort[i].missing, i);
    return key;
  }

  Key from_json(const Json& json, size_t i) const {
    Key key;
    if (json.is_null()) return key;
    const Field* field = bound_[i].field;
    if (json.is(Json::Kind::integer)) {
      key.kind = Key::Kind::integer;
      key.integer = json.integer;
    } else if (json.is(Json::Kind::real)) {
      key.kind = Key::Kind::real;
      key.real = json.real;
    } else if (field != nullptr && field->type == Type::date) {
      const auto ms = parse_date_math(json.scalar_text(), field->formats, now_ms_);
      key.kind = Key::Kind::integer;
      key.integer = ms.value_or(0);
    } else if (field != nullptr && field->type == Type::ip) {
      std::array<char, 16> bytes{};
      parse_ip(json.scalar_text(), bytes);
      key.kind = Key::Kind::text;
      key.text.assign(bytes.data(), bytes.size());
    } else if (json.is(Json::Kind::boolean)) {
      key.kind = Key::Kind::integer;
      key.integer = json.boolean ? 1 : 0;
    } else {
      key.kind = Key::Kind::text;
      key.text = json.text;
    }
    if (field != nullptr && field->type == Type::keyword && key.kind != Key::Kind::text) {
      key.kind = Key::Kind::text;
      key.text = json.scalar_text();
    }
    return key;
  }

  static int compare_values(const Key& a, const Key& b) {
    if (a.kind == Key::Kind::text || b.kind == Key::Kind::text) return a.text.compare(b.text);
    return a.number() < b.number() ? -1 : a.number() > b.number() ? 1 : 0;
  }
  int compare_keys(const std::vector<Key>& a, const std::vector<Key>& b) const {
    for (size_t i = 0; i < r_.sort.size(); ++i) {
      const bool no_a = a[i].kind == Key::Kind::missing, no_b = b[i].kind == Key::Kind::missing;
      if (no_a != no_b) return no_a == r_.sort[i].missing_first ? -1 : 1;
      if (no_a) continue;
      const int order = compare_values(a[i], b[i]);
      if (order != 0) return r_.sort[i].descending ? -order : order;
    }
    return 0;
  }
  bool better(const Hit& a, const Hit& b) const {
    if (r_.sort.empty()) {
      if (a.score != b.score) return a.score > b.score;
    } else if (const int order = compare_keys(a.keys, b.keys); order != 0) {
      return order < 0;
    }
    return a.store != b.store ? a.store < b.store : a.seq < b.seq;
  }

  void offer(size_t number, const Doc& doc, double score) {
    best_score_ = std::max(best_score_, static_cast<float>(score));
    last_was_worse_ = false;
    if (wanted_ == 0) return;
    candidate_.store = number;
    candidate_.seq = doc.row.seq;
    candidate_.version = doc.row.version;
    candidate_.score = static_cast<float>(score);
    candidate_.keys.clear();
    for (size_t i = 0; i < bound_.size(); ++i) candidate_.keys.push_back(key_of(i, doc, score));
    if (!r_.search_after.empty()) {
      std::vector<Key> after;
      for (size_t i = 0; i < bound_.size(); ++i) after.push_back(from_json(r_.search_after[i], i));
      if (compare_keys(candidate_.keys, after) <= 0) return;
    }
    const auto order = [this](const Hit& a, const Hit& b) {
      return better(a, b);
    };  // the heap's front is the worst
    if (hits_.size() >= wanted_) {
      last_was_worse_ = !better(candidate_, hits_.front());
      if (last_was_worse_) return;
      std::pop_heap(hits_.begin(), hits_.end(), order);
      hits_.pop_back();
    }
    candidate_.id = doc.row.id;
    candidate_.source = doc.row.source;
    hits_.push_back(candidate_);
    std::push_heap(hits_.begin(), hits_.end(), order);
  }

  void write_shards(JsonWriter& w) const {
    const auto all = static_cast<int64_t>(stores_.size()), bad = static_cast<int64_t>(failures_.size());
    w.key("_shards")
        .begin_object()
        .field("total", all)
        .field("successful", all - bad)
        .field("skipped", 0)
        .field("failed", bad);
    if (bad > 0) {
      w.key("failures").begin_array();
      for (const auto& failure : failures_) {
        w.begin_object()
            .field("shard", 0)
            .field("index", failure.index)
            .field("node", "sluice")
            .key("reason")
            .begin_object();
        failure.error.write_members(w);
        w.end_object().end_object();
      }
      w.end_array();
    }
    w.end_object();
  }

  void write_key(JsonWriter& w, size_t i, const Key& key, const Field* field) const {
    const SortKey& sort = r_.sort[i];
    switch (key.kind) {
      case Key::Kind::integer:
        if (!sort.format.empty())
          w.string(*format_date(key.integer, sort.format));
        else
          w.integer(key.integer);
        break;
      case Key::Kind::real:
        w.real(key.real);
        break;
      case Key::Kind::text:
        w.string(field != nullptr && field->type == Type::ip ? format_ip(key.text) : key.text);
        break;
      case Key::Kind::missing: {
        const bool numeric =
            field != nullptr
                ? field->type == Type::integer || field->type == Type::date || field->type == Type::boolean
                : sort.unmapped_type == "long" || sort.unmapped_type == "date" ||
                      sort.unmapped_type == "boolean" || sort.unmapped_type == "integer";
        const bool largest = sort.descending == sort.missing_first;
        if (numeric)
          w.integer(largest ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min());
        else if (field != nullptr && field->type == Type::real)
          w.real(largest ? INFINITY : -INFINITY);
        else
          w.null();
      }
    }
  }

  void write_hits(JsonWriter& w) {
    const auto order = [this](const Hit& a, const Hit& b) { return better(a, b); };
    std::sort(hits_.begin(), hits_.end(), order);
    w.key("hits").begin_object();
    if (r_.total_as_int) {
      w.field("total", total_);
    } else if (r_.track_total != 0) {
      const bool capped = r_.track_total > 0 && total_ > r_.track_total;
      w.key("total")
          .begin_object()
          .field("value", capped ? r_.track_total : total_)
          .field("relation", capped ? "gte" : "eq")
          .end_object();
    }
    w.key("max_score");
    if (!scored_ || (!r_.sort.empty() && r_.sort[0].field != "_score" && !r_.track_scores) || hits_.empty())
      w.null();
    else
      write_score(w, best_score_);
    w.key("hits").begin_array();
    for (size_t i = static_cast<size_t>(r_.from); i < hits_.size(); ++i) write_hit(w, hits_[i]);
    w.end_array().end_object();
  }

  static void write_score(JsonWriter& w, float score) {
    std::string text = fmt::format("{}", score);
    if (text.find_first_of(".en") == std::string::npos) text += ".0";
    w.raw(text);
  }

  void write_hit(JsonWriter& w, const Hit& hit) {
    const Store& store = *stores_[hit.store];
    w.begin_object().field("_index", store.name()).field("_id", hit.id);
    if (r_.version) w.field("_version", hit.version);
    if (r_.seq_no) w.field("_seq_no", hit.seq).field("_primary_term", 1);
    w.key("_score");
    if (scored_)
      write_score(w, hit.score);
    else
      w.null();
    if (r_.source.enabled) {
      std::string source;
      r_.source.write(source, hit.source);
      w.key("_source").raw(source);
    }
    if (!r_.sort.empty()) {
      const auto mapping = store.mapping();
      w.key("sort").begin_array();
      for (size_t i = 0; i < hit.keys.size(); ++i)
        write_key(w, i, hit.keys[i], mapping->find(r_.sort[i].field));
      w.end_array();
    }
    w.end_object();
  }

  const SearchRequest& r_;
  const std::vector<std::shared_ptr<Store>>& stores_;
  bool counting_, scored_ = false, overflow_ = false, last_was_worse_ = false;
  size_t wanted_ = 0;
  int64_t started_ = 0, now_ms_ = 0, total_ = 0;
  float best_score_ = 0;
  std::shared_ptr<const Mapping> mapping_;
  std::vector<BoundKey> bound_;
  AggSpecs specs_;
  AggStates states_;
  std::vector<Hit> hits_;
  Hit candidate_;
  std::vector<Failure> failures_;
  simdjson::dom::parser parser_;
};

}  // namespace

std::string run_search(const SearchRequest& request, const std::vector<std::shared_ptr<Store>>& stores,
                       Error& error) {
  Search search(request, stores, false);
  error = search.run();
  return error ? std::string{} : search.answer(error);
}

std::string run_count(const SearchRequest& request, const std::vector<std::shared_ptr<Store>>& stores,
                      Error& error) {
  Search search(request, stores, true);
  error = search.run();
  return error ? std::string{} : search.answer(error);
}

}  // namespace sluice::index
