// Queries made of queries, and those that need no field.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "index/query.hpp"

namespace sluice::index {
namespace {

class All final : public Query {
 public:
  explicit All(double boost) : boost_(boost) {}
  bool matches(const Doc&, double& score) const override {
    score += boost_;
    return true;
  }
  bool narrow_is_all() const override { return true; }
  double covered_score() const override { return boost_; }

 private:
  double boost_;
};

class None final : public Query {
 public:
  bool matches(const Doc&, double&) const override { return false; }
  Narrow narrow() const override {
    Narrow n;
    n.none = true;
    return n;
  }
  bool narrow_is_all() const override { return true; }
};

class Ids final : public Query {
 public:
  Ids(std::vector<std::string> ids, double boost) : ids_(std::move(ids)), boost_(boost) {
    std::sort(ids_.begin(), ids_.end());
  }
  bool matches(const Doc& doc, double& score) const override {
    if (!std::binary_search(ids_.begin(), ids_.end(), doc.row.id)) return false;
    score += boost_;
    return true;
  }
  Narrow narrow() const override {
    Narrow n;
    n.ids = ids_;
    n.none = ids_.empty();
    return n;
  }

 private:
  std::vector<std::string> ids_;
  double boost_;
};

class Bool final : public Query {
 public:
  explicit Bool(BoolClauses clauses) : c_(std::move(clauses)) {
    if (c_.minimum < 0) c_.minimum = c_.must.empty() && c_.filter.empty() && !c_.should.empty() ? 1 : 0;
  }
  bool matches(const Doc& doc, double& score) const override {
    double unused = 0, sum = 0;
    for (const auto& q : c_.filter)
      if (!q->matches(doc, unused)) return false;
    for (const auto& q : c_.must)
      if (!q->matches(doc, sum)) return false;
    for (const auto& q : c_.must_not)
      if (q->matches(doc, unused)) return false;
    int64_t hits = 0;
    for (const auto& q : c_.should)
      if (q->matches(doc, sum)) ++hits;
    if (hits < c_.minimum) return false;
    if (only_exclusions()) sum = c_.must_not.empty() ? 1 : 0;
    score += sum * c_.boost;
    return true;
  }
  Narrow narrow() const override {
    Narrow out;
    for (const auto* list : {&c_.filter, &c_.must})
      for (const auto& q : *list) out.both(q->narrow());
    if (c_.minimum >= 1 && !c_.should.empty()) {
      Narrow any;
      any.none = true;
      for (const auto& q : c_.should) any.either(q->narrow());
      out.both(any);
    }
    if (c_.minimum > static_cast<int64_t>(c_.should.size())) out.none = true;
    return out;
  }
  bool narrow_is_all() const override {
    if (!c_.must_not.empty() || !c_.should.empty()) return false;
    const auto whole = [](const QueryPtr& q) {
      const Narrow n = q->narrow();
      return q->narrow_is_all() && n.words.empty() && !n.ids;
    };
    return std::all_of(c_.filter.begin(), c_.filter.end(), whole) &&
           std::all_of(c_.must.begin(), c_.must.end(), whole);
  }
  double covered_score() const override {
    double sum = only_exclusions() ? 1 : 0;
    for (const auto& q : c_.must) sum += q->covered_score();
    return sum * c_.boost;
  }

 private:
  bool only_exclusions() const { return c_.must.empty() && c_.filter.empty() && c_.should.empty(); }
  BoolClauses c_;
};

class Best final : public Query {
 public:
  Best(std::vector<QueryPtr> queries, double boost) : queries_(std::move(queries)), boost_(boost) {}
  bool matches(const Doc& doc, double& score) const override {
    bool any = false;
    double best = 0;
    for (const auto& q : queries_) {
      double one = 0;
      if (!q->matches(doc, one)) continue;
      any = true;
      best = std::max(best, one);
    }
    score += any ? best * boost_ : 0;
    return any;
  }
  Narrow narrow() const override {
    Narrow out;
    out.none = true;
    for (const auto& q : queries_) out.either(q->narrow());
    return out;
  }

 private:
  std::vector<QueryPtr> queries_;
  double boost_;
};

class Constant final : public Query {
 public:
  Constant(QueryPtr inner, double boost) : inner_(std::move(inner)), boost_(boost) {}
  bool matches(const Doc& doc, double& score) const override {
    double unused = 0;
    if (!inner_->matches(doc, unused)) return false;
    score += boost_;
    return true;
  }
  Narrow narrow() const override { return inner_->narrow(); }
  bool narrow_is_all() const override { return inner_->narrow_is_all(); }
  double covered_score() const override { return boost_; }

 private:
  QueryPtr inner_;
  double boost_;
};

}  // namespace

QueryPtr QueryContext::fail(Error e) {
  if (!error) error = std::move(e);
  return nullptr;
}

QueryPtr QueryContext::fail_shard(const std::string& reason, std::string cause_type) {
  Error e = Error::bad("query_shard_exception", "failed to create query: " + reason);
  e.shard = true;
  e.index = index;
  if (!cause_type.empty()) {
    e.cause_type = std::move(cause_type);
    e.cause_reason = reason;
  }
  return fail(std::move(e));
}

QueryPtr all_query(double boost) { return std::make_unique<All>(boost); }
QueryPtr none_query() { return std::make_unique<None>(); }
QueryPtr ids_query(std::vector<std::string> ids, double boost) {
  return std::make_unique<Ids>(std::move(ids), boost);
}
QueryPtr bool_query(BoolClauses clauses) { return std::make_unique<Bool>(std::move(clauses)); }
QueryPtr best_query(std::vector<QueryPtr> queries, double boost) {
  return std::make_unique<Best>(std::move(queries), boost);
}
QueryPtr constant_query(QueryPtr inner, double boost) {
  return std::make_unique<Constant>(std::move(inner), boost);
}

int64_t minimum_should_match(const Json& value, int64_t count) {
  std::string text = value.scalar_text();
  const bool percent = !text.empty() && text.back() == '%';
  if (percent) text.pop_back();
  char* end = nullptr;
  const long n = std::strtol(text.c_str(), &end, 10);
  if (text.empty() || *end != 0) return -1;
  int64_t wanted = n;
  if (percent) wanted = static_cast<int64_t>(static_cast<double>(count) * static_cast<double>(n) / 100.0);
  if (n < 0) wanted = count + wanted;
  return std::max<int64_t>(0, wanted);
}

}  // namespace sluice::index
