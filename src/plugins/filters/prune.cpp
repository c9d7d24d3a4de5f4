// filter prune: fields are kept or removed by their names and values.
#include <algorithm>
#include <optional>
#include <unordered_map>

#include "base/log.hpp"
#include "match/regex.hpp"
#include "match/search_budget.hpp"
#include "plugin/event_source.hpp"
#include "plugin/searches.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/mutate_operation.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr std::string_view kLogger = "logstash.filters.prune";
constexpr size_t kMostRegexes = 256;       // kept of those that are made per event
constexpr size_t kMostVerdicts = 1 << 17;  // names whose verdict is kept

constexpr plugin::Option kOptions[] = {
    {"whitelist_names", Type::array, "[]",
     "Regular expressions; a top-level field whose name none of them matches is removed."},
    {"blacklist_names", Type::array, "[\"%\\{[^}]+\\}\"]",
     "Regular expressions; a top-level field whose name one of them matches is removed."},
    {"whitelist_values", Type::hash, "{}",
     "Top-level fields and the regular expression that their values must match to be kept."},
    {"blacklist_values", Type::hash, "{}",
     "Top-level fields and the regular expression of the values that are removed."},
    {"interpolate", Type::boolean, "false", "Fill %{field} in the expressions and names in, for each event."},
};

// An expression of the config: compiled once, or for each event out of a template.
struct Expression {
  Template text;
  std::optional<match::Regex> regex;
};

struct ValueRule {
  Template field;
  Key key;  // when the name is constant
  Expression expression;
};

struct Config {
  bool interpolate = false;
  std::vector<Expression> keep_names, drop_names;
  std::vector<ValueRule> keep_values, drop_values;
};

// What becomes of one field.
struct Fate {
  bool removed = false;
  Array* left = nullptr;  // of a list: the items that stay
};

class PruneWorker : public plugin::FilterWorker {
 public:
  explicit PruneWorker(const Config& config) : config_(config) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      problem_.clear();
      out_of_time_ = false;
      fates_.assign(event->fields().size, {});
      judge_names(*event);
      for (const auto& rule : config_.keep_values) judge_value(*event, rule, true);
      for (const auto& rule : config_.drop_values) judge_value(*event, rule, false);
      if (!problem_.empty()) {
        warn(problem_);
        continue;
      }
      carry_out(event->fields());
      if (const Status status = run.matched(*event); !status.ok()) warn(status.message());
    }
  }

 private:
  void judge_names(const Event& event) {
    const auto members = event.fields().all();
    for (size_t i = 0; i < members.size(); ++i) fates_[i].removed = unwanted(event, members[i].key);
  }

  // The verdict on a name stays the same unless the expressions are made per event.
  bool unwanted(const Event& event, Key key) {
    if (config_.interpolate || !key.interned() || key.id() >= kMostVerdicts)
      return unwanted(event, key.text());
    if (key.id() >= verdicts_.size()) verdicts_.resize(std::max<size_t>(key.id() + 1, verdicts_.size() * 2));
    auto& verdict = verdicts_[key.id()];
    if (verdict != kUnknown) return verdict == kRemove;
    const bool remove = unwanted(event, key.text());
    if (!out_of_time_) verdict = remove ? kRemove : kKeep;
    return remove;
  }

  bool unwanted(const Event& event, std::string_view name) {
    const auto matches = [&](const Expression& expression) { return found(event, expression, name); };
    const auto& keep = config_.keep_names;
    const auto& drop = config_.drop_names;
    return (!keep.empty() && std::none_of(keep.begin(), keep.end(), matches)) ||
           std::any_of(drop.begin(), drop.end(), matches);
  }

  // Items that match are kept (`keep`) or removed.
  void judge_value(Event& event, const ValueRule& rule, bool keep) {
    Key key = rule.key;
    if (key.null()) {
      name_.clear();
      (void)rule.field.fill(event, name_);
      key = Key::of(name_, event.arena());
    }
    const auto members = event.fields().all();
    const auto found_at =
        std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.key == key; });
    if (found_at == members.end()) return;
    const Value* value = &found_at->value;
    if (value->is_null() || (value->kind() == Value::Kind::boolean && !value->as_bool())) return;
    auto& fate = fates_[static_cast<size_t>(found_at - members.begin())];
    if (!value->is_array()) {
      if (found(event, rule.expression, *value) != keep) fate.removed = true;
      return;
    }
    auto* left = Array::make(event.arena(), value->as_array()->size);
    for (const auto& item : value->as_array()->all())
      if (found(event, rule.expression, item) == keep) left->push(event.arena(), item);
    if (left->size == value->as_array()->size) return;
    // A second rule starts from the whole list again, as in Logstash.
    if (left->size == 0)
      fate.removed = true;
    else
      fate.left = left;
  }

  bool found(const Event& event, const Expression& expression, const Value& value) {
    if (value.is_string()) return found(event, expression, value.as_text());
    text_.clear();
    append_ruby_text(value, text_);
    return found(event, expression, std::string_view(text_));
  }

  bool found(const Event& event, const Expression& expression, std::string_view text) {
    const auto* regex = expression.regex ? &*expression.regex : made(event, expression.text);
    if (!regex || out_of_time_) return false;  // the time is for all searches of an event
    const auto result = regex->search(text, captures_, 0, match::standard_budget());
    if (result == match::MatchResult::timeout) {
      out_of_time_ = true;
      problem_ = "The search for " + regex->pattern() + " took too long, source: " + plugin::source_of(event);
    }
    return result == match::MatchResult::match;
  }

  const match::Regex* made(const Event& event, const Template& text) {
    pattern_.clear();
    (void)text.fill(event, pattern_);
    if (const auto known = regexes_.find(pattern_); known != regexes_.end()) return &known->second;
    auto regex = match::Regex::compile(pattern_);
    if (!regex.ok()) {
      problem_ = "The regular expression " + pattern_ + " is not valid: " + regex.message();
      return nullptr;
    }
    if (regexes_.size() >= kMostRegexes) regexes_.clear();
    return &regexes_.emplace(pattern_, std::move(regex).value()).first->second;
  }

  void carry_out(Object& fields) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < fields.size; ++i) {
      if (fates_[i].removed) continue;
      auto member = fields.members[i];
      if (fates_[i].left) member.value = Value::array(fates_[i].left);
      fields.members[kept++] = member;
    }
    fields.size = kept;
  }

  void warn(std::string_view why) {
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::warn(kLogger, "An event could not be pruned", {{"reason", why}, {"suppressed", suppressed}});
  }

  enum : uint8_t { kUnknown, kKeep, kRemove };
  const Config& config_;
  std::vector<Fate> fates_;
  std::vector<uint8_t> verdicts_;
  std::unordered_map<std::string, match::Regex> regexes_;
  match::Captures captures_;
  std::string text_, name_, pattern_, problem_;
  bool out_of_time_ = false;  // a search of this event took too long
  WarningLimiter warnings_;
};

class Prune : public plugin::Filter {
 public:
  explicit Prune(plugin::Setup& setup) {
    config_.interpolate = setup.options.boolean("interpolate");
    take_names(setup, "whitelist_names", config_.keep_names);
    take_names(setup, "blacklist_names", config_.drop_names);
    take_values(setup, "whitelist_values", config_.keep_values);
    take_values(setup, "blacklist_values", config_.drop_values);
  }
  std::unique_ptr<plugin::FilterWorker> worker() override { return std::make_unique<PruneWorker>(config_); }
  void flow(plugin::Flow& flow) const override {
    for (const auto* rules : {&config_.keep_values, &config_.drop_values})
      for (const auto& rule : *rules)
        if (!rule.key.null())
          flow.reads(rule.key.text(),
                     rules == &config_.keep_values ? "whitelist_values" : "blacklist_values");
    flow.matches_all();
  }
  void searches(plugin::Searches& searches) const override {
    const auto add = [&searches](const char* option, const Expression& expression) {
      if (expression.regex)
        searches.add({option, expression.text.text(), expression.text.text(), *expression.regex});
    };
    for (const auto& name : config_.keep_names) add("whitelist_names", name);
    for (const auto& name : config_.drop_names) add("blacklist_names", name);
    for (const auto& rule : config_.keep_values) add("whitelist_values", rule.expression);
    for (const auto& rule : config_.drop_values) add("blacklist_values", rule.expression);
  }

 private:
  Expression expression(plugin::Setup& setup, std::string_view option, const lang::Value& value) const {
    Expression made{Template(value.text), {}};
    if (value.kind != lang::Value::Kind::string && value.kind != lang::Value::Kind::bareword) {
      setup
          .error(option, "E0306", std::string(option) + " takes regular expressions as texts",
                 "Write each expression between quotes.")
          .span = value.span;
      return made;
    }
    if (config_.interpolate && !made.text.constant()) return made;
    auto regex = match::Regex::compile(value.text);
    if (regex.ok())
      made.regex = std::move(regex).value();
    else
      setup.error(option, "E0301", "The regular expression is not valid: " + regex.message()).span =
          value.span;
    return made;
  }

  void take_names(plugin::Setup& setup, std::string_view option, std::vector<Expression>& into) const {
    for (const auto& item : setup.options.items(option)) into.push_back(expression(setup, option, item));
  }

  void take_values(plugin::Setup& setup, std::string_view option, std::vector<ValueRule>& into) const {
    for (const auto& [name, value] : setup.options.hash(option)) {
      ValueRule rule{Template(name), {}, expression(setup, option, value)};
      if (!config_.interpolate || rule.field.constant()) rule.key = Key::intern(name);
      into.push_back(std::move(rule));
    }
  }

  Config config_;
};

}  // namespace

extern const plugin::Spec filter_prune;
const plugin::Spec filter_prune{
    .kind = plugin::Kind::filter,
    .name = "prune",
    .summary = "Keeps or removes top-level fields by their names and values.",
    .options = kOptions,
    .example = "filter { prune { whitelist_names => [\"^@\", \"^message$\", \"^client_\"] } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Prune>(setup);
    }};

}  // namespace sluice::plugins
