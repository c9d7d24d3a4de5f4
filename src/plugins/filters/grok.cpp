// filter grok: expressions of named patterns take a text apart into fields.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/log.hpp"
#include "base/time.hpp"
#include "event/field_layout.hpp"
#include "match/grok.hpp"
#include "match/literal_filter.hpp"
#include "match/numbers.hpp"
#include "plugin/event_source.hpp"
#include "plugin/searches.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/grok_patterns.hpp"
#include "plugins/filters/mutate_operation.hpp"
#include "plugins/filters/value_place.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr std::string_view kLogger = "logstash.filters.grok";
constexpr size_t kShown = 255;

constexpr plugin::Option kOptions[] = {
    {"match", Type::hash, "{}", "Fields, and the expression or list of expressions for each."},
    {"patterns_dir", Type::array, "[]", "Folders, files or globs with patterns of your own."},
    {"pattern_definitions", Type::hash, "{}", "Names of patterns and their regular expressions."},
    {"patterns_files_glob", Type::string, "\"*\"", "Which files of the folders in patterns_dir are read."},
    {"break_on_match", Type::boolean, "true", "Stop at the first expression that matches."},
    {"named_captures_only", Type::boolean, "true", "Keep only captures that were given a field."},
    {"keep_empty_captures", Type::boolean, "false", "Make fields of empty captures too."},
    {"target", Type::string, {}, "The field below which captures are stored."},
    {"tag_on_failure", Type::array, "[\"_grokparsefailure\"]", "Tags for events that nothing matched."},
    {"timeout_millis", Type::number, "30000", "How long a match may take; 0 for as long as it needs."},
    {"timeout_scope", Type::string, "\"pattern\"",
     "Whether the time counts for each expression or for all expressions of a field.", 0, "pattern|event"},
    {"tag_on_timeout", Type::string, "\"_groktimeout\"", "A tag for events whose match took too long."},
    {"overwrite", Type::array, "[]", "Fields that a capture replaces instead of adding to."},
};

struct Capture {
  FieldRef field;
  match::CaptureType type;
  bool overwrite;
  std::string problem;  // why the name is none of a field: storing fails, as in Logstash
};

struct Expression {
  match::Grok grok;
  std::vector<Capture> captures;
  std::optional<FieldLayout> layout;  // of the captures, when all of them can be stored
  bool texts_only = true;             // no capture is converted
};

struct Source {
  FieldRef field;
  std::vector<Expression> expressions;
  match::LiteralFilter filter{{}};  // which of the expressions can match
};

struct Config {
  std::vector<Source> sources;
  std::vector<std::string> failure_tags;
  std::string timeout_tag;
  int64_t timeout_millis = 0;
  bool per_event = false;
  bool break_on_match = true;
  bool keep_empty = false;
};

enum class Outcome : uint8_t { matched, missed, timeout };

std::optional<FieldLayout> layout_of(const std::vector<Capture>& captures) {
  std::vector<FieldRef> places;
  for (const auto& capture : captures) {
    if (!capture.problem.empty()) return std::nullopt;
    places.push_back(capture.field);
  }
  FieldLayout layout(places);
  for (size_t i = 0; i < captures.size(); ++i)
    if (!captures[i].overwrite) layout.keep(i);
  return layout;
}

class GrokWorker : public plugin::FilterWorker {
 public:
  explicit GrokWorker(const Config& config) : config_(config) {}

  void filter(plugin::FilterRun& run) override {
    if (!matches_) {
      matches_ = &run.metrics().counter("matches");
      failures_ = &run.metrics().counter("failures");
      timeouts_ = &run.metrics().counter("timeouts");
    }
    uint64_t matches = 0, failures = 0;
    for (auto* event : run.events()) {
      switch (match(*event)) {
        case Outcome::matched:
          ++matches;
          if (const Status status = run.matched(*event); !status.ok())
            warn("A common option failed", status.message());
          break;
        case Outcome::missed:
          ++failures;
          for (const auto& tag : config_.failure_tags) event->tag(tag);
          break;
        case Outcome::timeout:
          timeouts_->add();
          event->tag(config_.timeout_tag);
          break;
      }
    }
    matches_->add(matches);
    failures_->add(failures);
  }

 private:
  Outcome match(Event& event) {
    bool matched = false;
    for (const auto& source : config_.sources) {
      const Outcome outcome = match_source(source, event);
      if (outcome == Outcome::timeout) return outcome;
      if (outcome == Outcome::matched) {
        matched = true;
        if (config_.break_on_match) break;
      }
    }
    return matched ? Outcome::matched : Outcome::missed;
  }

  Outcome match_source(const Source& source, Event& event) {
    const Value* found = event.get(source.field);
    if (!found || !found->is_array()) return match_value(source, found ? *found : Value{}, event);
    const Array list = *found->as_array();  // captures may change the field itself
    Outcome outcome = Outcome::missed;
    for (const auto& item : list.all()) {
      const Outcome one = match_value(source, item, event);
      if (one == Outcome::timeout) return one;
      if (one == Outcome::matched) outcome = one;
    }
    return outcome;
  }

  // What is no text is matched by its text; a field that is missing, as an empty one.
  Value text_of(const Value& value, const Event& event) {
    if (value.is_string()) return value;
    if (value.is_null()) return Value::string("", true);
    scratch_.clear();
    append_ruby_text(value, scratch_);
    return event.text(scratch_);
  }

  Outcome match_value(const Source& source, const Value& value, Event& event) {
    const Value text = text_of(value, event);
    const bool timed = config_.per_event && config_.timeout_millis > 0;
    const int64_t deadline = timed ? steady_nanos() + config_.timeout_millis * 1'000'000 : 0;
    const match::Subject subject(text.as_text());
    // Of several expressions that are all tried, the last one decides, as in Logstash.
    bool matched = false;
    // The first one is often the one: what can match is asked when it was not. Where it seldom is, that is
    // asked at once; of what is not ASCII the first one has to say whether it can be searched at all.
    bool scanned = false, scan = !first_matches_ && source.expressions.size() > 1 && subject.ascii();
    for (size_t i = 0; i < source.expressions.size(); ++i, scan = true) {
      if (scan) {
        if (!scanned) source.filter.scan(subject.text(), found_);
        scanned = true;
        const size_t possible = source.filter.next(i, found_);
        if (possible != i) matched = false;
        i = possible;
        if (i == source.expressions.size()) break;
      }
      const auto& expression = source.expressions[i];
      match::Budget budget{config_.timeout_millis};
      if (timed) budget.millis = (deadline - steady_nanos()) / 1'000'000;
      if (timed && budget.millis <= 0) return timed_out(source, expression, text, event);
      switch (expression.grok.match(subject, match_, budget)) {
        case match::MatchResult::match:
          if (!store(expression, text, event)) return Outcome::missed;
          matched = true;
          if (i == 0) first_matches_ = true;
          break;
        case match::MatchResult::no_match:
          matched = false;
          if (i == 0) first_matches_ = false;
          break;
        case match::MatchResult::timeout:
          return timed_out(source, expression, text, event);
        case match::MatchResult::error:
          warn("Grok regexp threw exception",
               "the text cannot be searched with " + expression.grok.expression());
          return Outcome::missed;
      }
      if (matched && config_.break_on_match) break;
    }
    return matched ? Outcome::matched : Outcome::missed;
  }

  // False when a capture cannot be stored; the field's match then counts as failed, as in Logstash.
  bool store(const Expression& expression, const Value& text, Event& event) {
    if (!config_.keep_empty && expression.layout && store_at_once(expression, text, event)) return true;
    const auto values = match_.values();
    for (size_t i = 0; i < values.size(); ++i) {
      const auto& capture = expression.captures[i];
      const bool took_part = values[i].data() != nullptr;
      const bool empty = !took_part || (values[i].empty() && capture.type == match::CaptureType::string);
      if (empty && !config_.keep_empty) continue;
      if (!capture.problem.empty()) {
        warn("Grok regexp threw exception", capture.problem);
        return false;
      }
      const Value value = took_part ? typed(capture.type, values[i], text.plain(), event) : Value{};
      const SetError error = add(capture, value, event);
      if (error == SetError::none) continue;
      warn("Grok regexp threw exception", capture.field.text() + ": " + std::string(describe(error)));
      return false;
    }
    return true;
  }

  // Stores captures that meet nothing in the event. False, and nothing is changed: others have to be stored
  // one by one.
  bool store_at_once(const Expression& expression, const Value& text, Event& event) {
    const auto values = match_.values();
    const bool plain = text.plain();
    typed_.resize(values.size());
    Value* out = typed_.data();
    for (size_t i = 0; i < values.size(); ++i) {
      const auto type = expression.texts_only ? match::CaptureType::string : expression.captures[i].type;
      if (type == match::CaptureType::string)
        out[i] = values[i].empty() ? Value{} : Value::string(values[i], plain);
      else
        out[i] = values[i].data() == nullptr ? Value{} : typed(type, values[i], plain, event);
    }
    return expression.layout->set(event, typed_);
  }

  static Value typed(match::CaptureType type, std::string_view text, bool plain, const Event& event) {
    switch (type) {
      case match::CaptureType::integer: {
        const auto number = match::ruby_to_i(text);
        return number.fits() ? Value::integer(number.value) : Value::decimal(event.arena().copy(number.big));
      }
      case match::CaptureType::real:
        return Value::real(match::ruby_to_f(text));
      case match::CaptureType::string:
        break;
    }
    return Value::string(text, plain);
  }

  static SetError add(const Capture& capture, const Value& value, Event& event) {
    const Value* old = capture.overwrite ? nullptr : event.get(capture.field);
    if (!old || old->is_null()) return event.set(capture.field, value);
    if (!old->is_array() && !old->is_string())
      return SetError::none;  // Logstash adds to texts and lists only
    auto* list = Array::make(event.arena(), 4);
    if (old->is_array()) {
      for (const auto& item : old->as_array()->all()) list->push(event.arena(), item);
    } else {
      list->push(event.arena(), *old);
    }
    list->push(event.arena(), value);
    return event.set(capture.field, Value::array(list));
  }

  Outcome timed_out(const Source& source, const Expression& expression, const Value& text,
                    const Event& event) {
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::warn(kLogger,
                fmt::format("Timeout executing grok '{}' against field '{}'", expression.grok.expression(),
                            source.field.text()),
                {{"value", text.as_text().substr(0, kShown)},
                 {"source", plugin::source_of(event)},
                 {"suppressed", suppressed}});
    return Outcome::timeout;
  }

  void warn(std::string_view what, std::string_view why) {
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed)) log::warn(kLogger, what, {{"message", why}, {"suppressed", suppressed}});
  }

  const Config& config_;
  match::GrokMatch match_;
  std::vector<Value> typed_;  // of the captures
  match::LiteralFilter::Found found_;
  bool first_matches_ = true;  // the first expression did when it was tried last
  std::string scratch_;
  WarningLimiter warnings_;
  plugin::Counter* matches_ = nullptr;
  plugin::Counter* failures_ = nullptr;
  plugin::Counter* timeouts_ = nullptr;
};

class Grok : public plugin::Filter {
 public:
  explicit Grok(plugin::Setup& setup);

  Status start(plugin::Start& start) override {
    for (const auto& source : config_.sources)
      start.metrics.counter("patterns_per_field." + source.field.text()).set(source.expressions.size());
    return {};
  }
  std::unique_ptr<plugin::FilterWorker> worker() override { return std::make_unique<GrokWorker>(config_); }
  void flow(plugin::Flow& flow) const override {
    for (const auto& source : config_.sources) {
      flow.reads(source.field.text(), "match");
      for (const auto& expression : source.expressions)
        for (const auto& capture : expression.captures) flow.writes(capture.field.text());
    }
    flow.writes("tags");
  }
  void searches(plugin::Searches& searches) const override {
    for (const auto& source : config_.sources)
      for (const auto& expression : source.expressions) {
        const match::Grok& grok = expression.grok;
        searches.add({"match", grok.expression(), grok.expanded(), grok.regex(), grok.spans()});
      }
  }

 private:
  match::PatternSet load_patterns(plugin::Setup& setup) const;
  void add_expression(plugin::Setup& setup, const match::PatternSet& patterns, const lang::Value& value,
                      Source& source) const;

  Config config_;
  std::string target_;
  std::vector<std::string> overwrite_;
};

Grok::Grok(plugin::Setup& setup) {
  const auto& options = setup.options;
  config_.failure_tags = options.strings("tag_on_failure");
  config_.timeout_tag = options.string("tag_on_timeout");
  config_.timeout_millis = std::max<int64_t>(0, options.integer("timeout_millis"));
  config_.per_event = options.string("timeout_scope") == "event";
  config_.break_on_match = options.boolean("break_on_match");
  config_.keep_empty = options.boolean("keep_empty_captures");
  overwrite_ = options.strings("overwrite");
  target_ = options.string("target");
  if (!target_.empty() && target_.find('[') == std::string::npos) {
    const size_t begin = target_.find_first_not_of(" \t");
    target_ = begin == std::string::npos
                  ? std::string()
                  : "[" + target_.substr(begin, target_.find_last_not_of(" \t") - begin + 1) + "]";
  }
  const match::PatternSet patterns = load_patterns(setup);
  for (const auto& [name, value] : options.hash("match")) {
    Source source;
    if (auto ref = FieldRef::parse(name); ref.ok()) {
      source.field = std::move(ref).value();
    } else {
      setup.error("match", "E0304", ref.message(), "Write a field as `name` or as [outer][inner].");
    }
    if (value.kind == lang::Value::Kind::array) {
      for (const auto& item : value.items) add_expression(setup, patterns, item, source);
    } else {
      add_expression(setup, patterns, value, source);
    }
    std::vector<match::Required> required;
    for (const auto& expression : source.expressions) required.push_back(expression.grok.regex().required());
    source.filter = match::LiteralFilter(required);
    config_.sources.push_back(std::move(source));
  }
}

match::PatternSet Grok::load_patterns(plugin::Setup& setup) const {
  match::PatternSet patterns(setup.ecs() ? match::BuiltinPatterns::ecs_v1 : match::BuiltinPatterns::legacy);
  add_patterns_dir(setup, patterns, setup.options.string("patterns_files_glob"));
  for (const auto& [name, value] : setup.options.hash("pattern_definitions")) {
    std::string text = scalar_text(setup, "pattern_definitions", value);
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    patterns.define(name, text);
  }
  return patterns;
}

void Grok::add_expression(plugin::Setup& setup, const match::PatternSet& patterns, const lang::Value& value,
                          Source& source) const {
  const std::string text = scalar_text(setup, "match", value);
  match::GrokPlace place;
  auto grok = match::Grok::compile(text, patterns, {setup.options.boolean("named_captures_only")}, &place);
  if (!grok.ok()) {
    const bool narrow = place.end > place.begin;
    report_grok_error(setup, "match", grok.message(),
                      narrow ? place_in(value, place.begin, place.end) : value.span);
    return;
  }
  Expression expression{std::move(grok).value(), {}, {}, true};
  for (const auto& capture : expression.grok.captures()) {
    const std::string field = target_.empty() ? capture.field : target_ + "[" + capture.field + "]";
    auto ref = FieldRef::parse(field);
    if (!ref.ok())
      setup.warning("match", "W0304", ref.message(), "Name the capture as a field: `name` or [outer][inner].")
          .span = value.span;
    const bool overwrite = std::find(overwrite_.begin(), overwrite_.end(), capture.field) != overwrite_.end();
    const std::string problem = ref.message();
    expression.captures.push_back(
        {ref.ok() ? std::move(ref).value() : FieldRef{}, capture.type, overwrite, problem});
  }
  expression.layout = layout_of(expression.captures);
  expression.texts_only =
      std::all_of(expression.captures.begin(), expression.captures.end(),
                  [](const Capture& capture) { return capture.type == match::CaptureType::string; });
  source.expressions.push_back(std::move(expression));
}

}  // namespace

extern const plugin::Spec filter_grok;
const plugin::Spec filter_grok{
    .kind = plugin::Kind::filter,
    .name = "grok",
    .summary = "Takes a text apart into fields with expressions of named patterns.",
    .options = kOptions,
    .example =
        "filter { grok { match => { \"message\" => \"%{IP:client} %{WORD:method} %{NUMBER:bytes:int}\" } } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Grok>(setup);
    }};

}  // namespace sluice::plugins
