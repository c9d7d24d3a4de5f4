// filter tenant: whose event is it, and may it send so much? docs/tenants.md says how to use it.
#include <deque>
#include <utility>
#include <vector>

#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "base/utf8.hpp"
#include "match/regex.hpp"
#include "match/text_case.hpp"
#include "plugin/lane.hpp"
#include "plugin/searches.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/tenant_config.hpp"
#include "plugins/filters/tenant_name.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr size_t kRemembered = 4096;         // decisions that a worker keeps
constexpr size_t kLongestRemembered = 1024;  // bytes of a name as it was found
constexpr match::Budget kBudget{1000};

constexpr plugin::Option kOptions[] = {
    {"source",
     Type::array,
     {},
     "Fields or texts with %{field}; the first that has a value names the tenant.",
     plugin::kRequired},
    {"certificate_attribute", Type::string, "\"CN\"",
     "The part of a certificate's subject that names the tenant, for sources that end in `subject`."},
    {"default", Type::string, {}, "The tenant of events that name none."},
    {"normalize", Type::boolean, "true",
     "Make names legal in index names; without it names that are not legal are refused."},
    {"map", Type::hash, "{}", "Names that are found, and the tenants they stand for."},
    {"allow", Type::array, "[]", "The tenants that there are; all others are refused."},
    {"allow_pattern", Type::string, {}, "A regular expression that a tenant's whole name has to match."},
    {"on_refused",
     Type::string,
     {},
     "What becomes of events of tenants that are refused; `default` when there is a default, else `tag`.",
     0,
     "default|drop|tag|dead_letter"},
    {"tag_on_refused", Type::array, "[\"_tenant_refused\"]", "Tags for events of tenants that are refused."},
    {"target", Type::string, "\"[@metadata][tenant]\"", "The field that the tenant goes into."},
    {"events_per_second", Type::number, "0",
     "How many events of a tenant may pass in a second; 0: any number."},
    {"bytes_per_second", Type::bytes, "0",
     "How many bytes of a tenant's events, as JSON, may pass in a second, such as \"5mb\"; 0: any number."},
    {"burst_seconds", Type::number, "1",
     "How much a tenant that was quiet may send at once, in seconds of its limits."},
    {"limits", Type::hash, "{}",
     "Limits of single tenants: a name, and a hash of the three above; what it leaves out is as for all."},
    {"on_limit", Type::string, "\"wait\"",
     "What becomes of a tenant over its limit: its sender has to wait, or its events are dropped, tagged or "
     "dead "
     "letters.",
     0, "wait|drop|tag|dead_letter"},
    {"tag_on_limit", Type::array, "[\"_tenant_limited\"]", "Tags for events over the limit."},
};

// What one worker counts during a call. Adding to the shared counter for each event would make workers take
// its cache line from one another.
struct Tally {
  plugin::Counter* counter = nullptr;
  uint64_t pending = 0;
  void settle() {
    if (pending != 0) counter->add(pending);
    pending = 0;
  }
};

// What a found name leads to.
struct Decision {
  std::string tenant;  // empty: refused
  bool plain = false;
  uint64_t number = 0;  // stands for the tenant
  TenantFigures figures;
  TenantRate rate;
  TenantMeter meter;  // of a tenant with limits
  // Of the call, from the tenant's first event in it on:
  bool used = false;
  uint64_t events = 0;
  uint32_t source = 0;     // of the last event
  int64_t debt_until = 0;  // steady nanoseconds
  Value value;             // the tenant in the arena of the batch
};

// What workers share.
struct Shared {
  explicit Shared(bool limited) : counters(limited) {}
  TenantCounters counters;
  TenantBuckets buckets;
};

class TenantWorker : public plugin::FilterWorker {
 public:
  TenantWorker(const TenantConfig& config, Shared& shared) : config_(config), shared_(shared) {}

  void filter(plugin::FilterRun& run) override {
    metrics_ = &run.metrics();
    if (!refused_.counter) {
      refused_.counter = &metrics_->counter("refused");
      missing_.counter = &metrics_->counter("missing");
      defaulted_.counter = &metrics_->counter("defaulted");
      dropped_.counter = &metrics_->counter("dropped");
    }
    if (config_.limits()) {
      now_ = steady_nanos();
      if (!limited_.counter) limited_.counter = &metrics_->counter("limited");
    }
    for (auto* event : run.events()) {
      const std::string_view found = find(*event);
      const Outcome outcome = found.data() ? decide(*event, found, run) : take_default(*event, missing_, run);
      if (outcome == Outcome::refused) refuse(*event, run);
      if (outcome != Outcome::passed) continue;
      if (const Status status = run.matched(*event); !status.ok())
        warn("A common option failed", status.message());
    }
    settle();
    for (auto* tally : {&refused_, &missing_, &defaulted_, &dropped_, &limited_}) tally->settle();
  }

 private:
  enum class Outcome : uint8_t { passed, refused, limited };

  // The first source that says something; data() is null when none does.
  std::string_view find(const Event& event) {
    for (const auto& source : config_.sources) {
      std::string_view name = source.text ? filled(*source.text, event) : text_of(event.get(source.field));
      if (source.subject) {
        if (!subject_attribute(name, config_.attribute, attribute_)) continue;
        name = attribute_;
      }
      name = match::strip(name);
      if (!name.empty() && name.find("%{") == std::string_view::npos) return name;
    }
    return {};
  }

  std::string_view filled(const Template& text, const Event& event) {
    found_.clear();
    return text.fill(event, found_) == Template::Outcome::ok ? std::string_view(found_) : std::string_view{};
  }

  std::string_view text_of(const Value* value) {
    if (!value) return {};
    if (value->is_array()) {
      for (const auto& item : value->as_array()->all())
        if (const auto text = item.is_array() ? std::string_view{} : text_of(&item); !text.empty())
          return text;
      return {};
    }
    if (value->is_string()) return value->as_text();
    if (!value->is_number() && value->kind() != Value::Kind::boolean) return {};
    found_.clear();
    append_text(*value, found_);
    return found_;
  }

  Outcome decide(Event& event, std::string_view found, plugin::FilterRun& run) {
    Decision& decision = decision_of(found);
    if (!decision.tenant.empty()) return store(event, decision, run);
    ++refused_.pending;
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::warn("logstash.filters.tenant", "A tenant was refused",
                {{"name", found}, {"suppressed", suppressed}});
    if (config_.on_refused != OnRefused::use_default) return Outcome::refused;
    for (const auto& tag : config_.refused_tags) event.tag(tag);
    return take_default(event, defaulted_, run);
  }

  Decision& decision_of(std::string_view found) {
    if (found.size() > kLongestRemembered) return unremembered_.emplace_back(judge(found));
    if (const auto known = decisions_.find(found); known != decisions_.end()) return known->second;
    if (decisions_.size() >= kRemembered) {
      settle();
      decisions_.clear();
    }
    return decisions_.emplace(std::string(found), judge(found)).first->second;
  }

  Decision judge(std::string_view found) {
    std::string name;
    const bool legal =
        config_.normalize ? normalize_tenant(found, name) : (name.assign(found), tenant_name_legal(found));
    auto mapped = config_.map.find(found);
    if (mapped == config_.map.end() && legal) mapped = config_.map.find(name);
    if (mapped != config_.map.end())
      name = mapped->second;
    else if (!legal)
      return {};
    return allowed(name) ? decision_for(name) : Decision{};
  }

  bool allowed(const std::string& name) {
    if (!config_.restricted() || config_.allowed.count(name)) return true;
    return config_.allow_pattern &&
           config_.allow_pattern->search(name, captures_, 0, kBudget) == match::MatchResult::match;
  }

  Decision decision_for(const std::string& name) {
    Decision decision;
    decision.tenant = name;
    decision.plain = json_plain(name);
    decision.number = hash_bytes(name) | 1;
    decision.figures = shared_.counters.of(name, *metrics_);
    decision.rate = config_.rate_of(name);
    return decision;
  }

  Outcome take_default(Event& event, Tally& tally, plugin::FilterRun& run) {
    ++tally.pending;
    if (!config_.fallback) return Outcome::refused;
    if (fallback_.tenant.empty()) fallback_ = decision_for(*config_.fallback);
    return store(event, fallback_, run);
  }

  Outcome store(Event& event, Decision& decision, plugin::FilterRun& run) {
    const bool first = !decision.used;
    if (first) begin(event, decision);
    if (first || event.source != decision.source) {
      decision.source = event.source;
      if (auto* lane = plugin::sender_of(event))
        lane->tenant.store(decision.number, std::memory_order_relaxed);
      if (decision.rate.limited() && config_.on_limit == OnLimit::wait)
        senders_.emplace_back(&decision, &event);
    }
    const SetError error = event.set(config_.target, decision.value);
    if (error != SetError::none) {
      warn("The tenant could not be stored", set_status(error, config_.target).message());
      return Outcome::refused;
    }
    ++decision.events;
    return decision.rate.limited() ? limit(event, decision, run) : Outcome::passed;
  }

  // The tenant's first event in this call.
  void begin(const Event& event, Decision& decision) {
    decision.value = Value::string(event.arena().copy(decision.tenant), decision.plain);
    decision.used = true;
    used_.push_back(&decision);
    if (!decision.rate.limited()) return;
    auto bucket = decision.meter.bucket();
    if (!bucket || !TenantBuckets::known(*bucket))
      bucket = shared_.buckets.of(decision.tenant, decision.rate, now_);
    decision.meter.begin(std::move(bucket), now_);
  }

  Outcome limit(Event& event, Decision& decision, plugin::FilterRun& run) {
    if (!decision.meter.over()) {
      decision.meter.pass(event);
      return Outcome::passed;
    }
    decision.meter.limit();
    ++limited_.pending;
    switch (config_.on_limit) {
      case OnLimit::wait:  // what is here goes on; settle() sees to the sender
        decision.meter.pass(event);
        return Outcome::passed;
      case OnLimit::tag:
        for (const auto& tag : config_.limited_tags) event.tag(tag);
        return Outcome::passed;
      case OnLimit::dead_letter:
        (void)run.refuse(event, "The event's tenant is over its limit");
        return Outcome::limited;
      case OnLimit::drop:
        event.cancel();
        return Outcome::limited;
    }
    return Outcome::passed;
  }

  void settle() {
    for (auto* decision : used_) {
      decision->figures.events->add(std::exchange(decision->events, 0));
      decision->used = false;
      if (!decision->rate.limited()) continue;
      decision->debt_until = decision->meter.settle(decision->figures, now_);
      if (config_.on_limit == OnLimit::wait && decision->debt_until > now_)
        decision->figures.waited->add(decision->meter.bucket()->make_wait(decision->debt_until, now_));
    }
    for (const auto& [decision, event] : senders_)
      if (auto* lane = plugin::sender_of(*event); lane && decision->debt_until > now_)
        lane->hold_until(decision->debt_until);
    used_.clear();
    senders_.clear();
    unremembered_.clear();
  }

  // Whatever the sender put into the target must not pass for a tenant.
  void refuse(Event& event, plugin::FilterRun& run) {
    if (config_.on_refused == OnRefused::dead_letter) {
      (void)run.refuse(event, "The event's tenant is refused, or it names none");
      ++dropped_.pending;
      return;
    }
    event.remove(config_.target);
    if (config_.on_refused == OnRefused::drop) {
      event.cancel();
      ++dropped_.pending;
      return;
    }
    for (const auto& tag : config_.refused_tags) event.tag(tag);
  }

  void warn(std::string_view what, std::string_view why) {
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::warn("logstash.filters.tenant", what, {{"exception", why}, {"suppressed", suppressed}});
  }

  const TenantConfig& config_;
  Shared& shared_;
  plugin::PluginMetrics* metrics_ = nullptr;
  Tally refused_, missing_, defaulted_, dropped_, limited_;
  TextMap<Decision> decisions_;
  Decision fallback_;
  // Of the call:
  int64_t now_ = 0;  // steady nanoseconds, when there are limits
  std::vector<Decision*> used_;
  std::vector<std::pair<Decision*, const Event*>> senders_;  // each event is of another sender than the last
  std::deque<Decision> unremembered_;
  std::string found_, attribute_;
  match::Captures captures_;
  WarningLimiter warnings_;
};

class Tenant : public plugin::Filter {
 public:
  explicit Tenant(plugin::Setup& setup) : config_(read_tenant_config(setup)), shared_(config_.limits()) {}

  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<TenantWorker>(config_, shared_);
  }

  void flow(plugin::Flow& flow) const override {
    const bool always = config_.on_refused == OnRefused::drop ||
                        config_.on_refused == OnRefused::dead_letter ||
                        (config_.fallback && (config_.on_refused == OnRefused::use_default));
    if (always)
      flow.always_writes(config_.target.text());
    else
      flow.writes(config_.target.text());
    flow.writes("tags");
  }
  void searches(plugin::Searches& searches) const override {
    if (!config_.allow_pattern) return;
    const auto& regex = *config_.allow_pattern;
    searches.add({"allow_pattern", config_.allow_pattern_text, regex.pattern(), regex});
  }

 private:
  const TenantConfig config_;
  Shared shared_;
};

}  // namespace

extern const plugin::Spec filter_tenant;
const plugin::Spec filter_tenant{
    .kind = plugin::Kind::filter,
    .name = "tenant",
    .summary =
        "Finds out whose event it is, refuses tenants that there are not, and limits what each may send.",
    .options = kOptions,
    .example =
        "filter { tenant { source => [\"[tenant_id]\", \"[fields][tenant]\"] default => \"unknown\" } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Tenant>(setup);
    }};

}  // namespace sluice::plugins
