// filter tenant: whose event is it? docs/tenants.md says how to use it.
#include <algorithm>

#include "base/log.hpp"
#include "base/utf8.hpp"
#include "match/regex.hpp"
#include "match/text_case.hpp"
#include "plugin/searches.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/tenant_counters.hpp"
#include "plugins/filters/tenant_name.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr size_t kRemembered = 4096;  // decisions that a worker keeps
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
};

struct Source {
  FieldRef field;
  std::optional<Template> text;  // instead of the field
  bool subject = false;
};

enum class OnRefused : uint8_t { use_default, drop, tag, dead_letter };

struct Config {
  std::vector<Source> sources;
  std::string attribute;
  std::optional<std::string> fallback;
  bool normalize = true;
  TextMap<std::string> map;
  TextMap<bool> allowed;
  std::optional<match::Regex> allow_pattern;
  OnRefused on_refused = OnRefused::tag;
  std::vector<std::string> refused_tags;
  FieldRef target;

  [[nodiscard]] bool restricted() const { return !allowed.empty() || allow_pattern; }
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
  Tally events;
  Value value;  // the tenant in the arena of the batch, while events.pending is not 0
};

class TenantWorker : public plugin::FilterWorker {
 public:
  TenantWorker(const Config& config, TenantCounters& counters) : config_(config), counters_(counters) {}

  void filter(plugin::FilterRun& run) override {
    metrics_ = &run.metrics();
    if (!refused_.counter) {
      refused_.counter = &metrics_->counter("refused");
      missing_.counter = &metrics_->counter("missing");
      defaulted_.counter = &metrics_->counter("defaulted");
      dropped_.counter = &metrics_->counter("dropped");
    }
    for (auto* event : run.events()) {
      const std::string_view found = find(*event);
      const bool passed = found.data() ? decide(*event, found) : take_default(*event, missing_);
      if (!passed) refuse(*event, run);
      if (passed)
        if (const Status status = run.matched(*event); !status.ok())
          warn("A common option failed", status.message());
    }
    settle();
    for (auto* tally : {&refused_, &missing_, &defaulted_, &dropped_}) tally->settle();
  }

 private:
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

  bool decide(Event& event, std::string_view found) {
    auto known = decisions_.find(found);
    if (known == decisions_.end()) {
      if (decisions_.size() >= kRemembered) {
        settle();
        decisions_.clear();
      }
      known = decisions_.emplace(std::string(found), judge(found)).first;
    }
    Decision& decision = known->second;
    if (!decision.tenant.empty()) return store(event, decision);
    ++refused_.pending;
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::warn("logstash.filters.tenant", "A tenant was refused",
                {{"name", found}, {"suppressed", suppressed}});
    if (config_.on_refused != OnRefused::use_default) return false;
    for (const auto& tag : config_.refused_tags) event.tag(tag);
    return take_default(event, defaulted_);
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
    return {name, json_plain(name), {&counters_.of(name, *metrics_)}, {}};
  }

  bool take_default(Event& event, Tally& tally) {
    ++tally.pending;
    if (!config_.fallback) return false;
    if (fallback_.tenant.empty()) fallback_ = decision_for(*config_.fallback);
    return store(event, fallback_);
  }

  bool store(Event& event, Decision& decision) {
    const bool first = decision.events.pending == 0;  // of the call
    if (first) decision.value = Value::string(event.arena().copy(decision.tenant), decision.plain);
    const SetError error = event.set(config_.target, decision.value);
    if (error != SetError::none) {
      warn("The tenant could not be stored", set_status(error, config_.target).message());
      return false;
    }
    ++decision.events.pending;
    if (first) used_.push_back(&decision);
    return true;
  }

  void settle() {
    for (auto* decision : used_) decision->events.settle();
    used_.clear();
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

  const Config& config_;
  TenantCounters& counters_;
  plugin::PluginMetrics* metrics_ = nullptr;
  Tally refused_, missing_, defaulted_, dropped_;
  TextMap<Decision> decisions_;
  Decision fallback_;
  std::vector<Decision*> used_;  // in this call
  std::string found_, attribute_;
  match::Captures captures_;
  WarningLimiter warnings_;
};

class Tenant : public plugin::Filter {
 public:
  explicit Tenant(plugin::Setup& setup) {
    config_.normalize = setup.options.boolean("normalize");
    config_.refused_tags = setup.options.strings("tag_on_refused");
    config_.target = setup.field("target");
    add_sources(setup);
    add_names(setup);
    add_refusal(setup);
  }

  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<TenantWorker>(config_, counters_);
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
    searches.add({"allow_pattern", allow_pattern_, regex.pattern(), regex});
  }

 private:
  void add_sources(plugin::Setup& setup) {
    config_.attribute = setup.options.string("certificate_attribute");
    for (const auto& item : setup.options.items("source")) {
      Source source;
      if (item.text.find("%{") != std::string::npos) {
        source.text = Template(item.text);
        if (const auto problem = source.text->problem(); !problem.empty())
          setup.error("source", "E0304", "The source cannot be filled in: " + std::string(problem)).span =
              item.span;
      } else if (auto ref = FieldRef::parse(item.text); ref.ok()) {
        source.field = std::move(ref).value();
      } else {
        setup.error("source", "E0304", ref.message(), "Write a field as `name` or as [outer][inner].").span =
            item.span;
      }
      const auto& steps = source.field.steps();
      const auto last = steps.empty() ? std::string_view{} : steps.back().key.text();
      source.subject = last == "subject" || last == "sslsubject";
      config_.sources.push_back(std::move(source));
    }
    if (config_.sources.empty())
      setup.error("source", "E0306", "The list of sources is empty",
                  "Name at least one field, such as [tenant_id].");
  }

  // A tenant's name as the config writes it.
  std::string legal_name(plugin::Setup& setup, std::string_view option, const std::string& written,
                         Span span) {
    std::string name = written;
    if (config_.normalize ? normalize_tenant(written, name) : tenant_name_legal(written)) return name;
    setup
        .error(option, "E0306", "\"" + written + "\" cannot be a tenant: it becomes part of an index name",
               "Use small letters, digits, `-`, `_` and `.`, begin with a letter or digit, and at most 100 "
               "bytes.")
        .span = span;
    return {};
  }

  void add_names(plugin::Setup& setup) {
    const auto& options = setup.options;
    if (const auto fallback = options.maybe_string("default"))
      config_.fallback = legal_name(setup, "default", *fallback, options.span("default"));
    for (const auto& [found, tenant] : options.hash("map"))
      config_.map.emplace(found, legal_name(setup, "map", tenant.text, tenant.span));
    for (const auto& item : options.items("allow"))
      config_.allowed.emplace(legal_name(setup, "allow", item.text, item.span), true);
    if (const auto pattern = options.maybe_string("allow_pattern")) {
      auto regex = match::Regex::compile("\\A(?:" + *pattern + ")\\z");
      if (regex.ok()) {
        config_.allow_pattern = std::move(regex).value();
        allow_pattern_ = *pattern;
      } else {
        setup.error("allow_pattern", "E0301", "The regular expression is not valid: " + regex.message());
      }
    }
  }

  void add_refusal(plugin::Setup& setup) {
    const std::string choice = setup.options.string("on_refused");
    config_.on_refused = choice == "drop"                          ? OnRefused::drop
                         : choice == "tag"                         ? OnRefused::tag
                         : choice == "dead_letter"                 ? OnRefused::dead_letter
                         : choice == "default" || config_.fallback ? OnRefused::use_default
                                                                   : OnRefused::tag;
    if (choice == "default" && !config_.fallback)
      setup.error("on_refused", "E0308", "on_refused => \"default\" needs the option default",
                  "Add default => \"NAME\", or choose drop or tag.");
    if (config_.fallback && config_.restricted() && choice.empty())
      setup.warning("allow", "W0306",
                    "Events of tenants that are refused go to the tenant \"" + *config_.fallback + "\"",
                    "Say so with on_refused => \"default\", or keep them apart with on_refused => \"tag\" or "
                    "\"drop\".");
  }

  Config config_;
  std::string allow_pattern_;  // as the config has it
  TenantCounters counters_;
};

}  // namespace

extern const plugin::Spec filter_tenant;
const plugin::Spec filter_tenant{
    .kind = plugin::Kind::filter,
    .name = "tenant",
    .summary = "Finds out whose event it is, and refuses tenants that there are not.",
    .options = kOptions,
    .example =
        "filter { tenant { source => [\"[tenant_id]\", \"[fields][tenant]\"] default => \"unknown\" } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Tenant>(setup);
    }};

}  // namespace sluice::plugins
