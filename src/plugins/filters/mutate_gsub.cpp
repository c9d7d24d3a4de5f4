// mutate: gsub, the replacement of what a regular expression matches.
#include <optional>

#include "base/log.hpp"
#include "match/search_budget.hpp"
#include "plugin/event_source.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/mutate_operation.hpp"

namespace sluice::plugins {
namespace {

constexpr size_t kMostRegexes = 64;  // kept for patterns that are made per event

class Gsub : public MutateOperation {
 public:
  explicit Gsub(plugin::Setup& setup) {
    const auto& items = setup.options.items("gsub");
    if (items.size() % 3 != 0) {
      setup.error("gsub", "E0306",
                  "Invalid gsub configuration: gsub requires 3 elements per entry, and " +
                      std::to_string(items.size()) + " were written",
                  "Write [\"field\", \"regular expression\", \"replacement\"], and so on in threes.");
      return;
    }
    for (size_t i = 0; i < items.size(); i += 3) add(setup, items[i], items[i + 1], items[i + 2]);
  }

  Status apply(Event& event, MutateScratch& scratch) const override {
    for (const auto& step : steps_) {
      FieldRef made;
      const FieldRef* ref = nullptr;
      if (Status status = step.field.resolve(event, made, ref); !status.ok()) return status;
      Value* value = event.get(*ref);
      if (!value) continue;
      if (value->is_string()) {
        if (Status status = replace(step, event, *value, scratch); !status.ok()) return status;
      } else if (value->is_array()) {
        if (Status status = replace_all(step, event, *value, scratch); !status.ok()) return status;
      }
    }
    return {};
  }

  void flow(plugin::Flow& flow) const override {
    for (const auto& step : steps_) {
      flow.reads(step.field.text(), "gsub");
      for (const auto& field : step.replacement_text.fields()) flow.reads(field.text(), "gsub");
    }
  }
  void searches(plugin::Searches& searches) const override {
    for (const auto& step : steps_)
      if (step.regex) searches.add({"gsub", step.regex->pattern(), step.regex->pattern(), *step.regex});
  }

 private:
  struct Step {
    FieldName field;
    std::optional<match::Regex> regex;
    Template pattern;                               // when the pattern has %{...} in it
    std::optional<match::Replacement> replacement;  // when both are constant
    Template replacement_text;
  };

  void add(plugin::Setup& setup, const lang::Value& field, const lang::Value& pattern,
           const lang::Value& text) {
    Step step{FieldName::literal(scalar_text(setup, "gsub", field)),
              {},
              {},
              {},
              Template(scalar_text(setup, "gsub", text))};
    step.field.check(setup, "gsub", field.span);
    const std::string expression = scalar_text(setup, "gsub", pattern);
    if (expression.find("%{") != std::string::npos) {
      step.pattern = Template(expression);
    } else {
      auto regex = match::Regex::compile(expression);
      if (!regex.ok()) {
        setup.error("gsub", "E0301", "The regular expression is not valid: " + regex.message()).span =
            pattern.span;
        return;
      }
      step.regex = std::move(regex).value();
      if (step.replacement_text.constant()) {
        auto replacement = match::Replacement::parse(step.replacement_text.text(), *step.regex);
        if (!replacement.ok()) {
          setup.error("gsub", "E0306", "The replacement is not valid: " + replacement.message()).span =
              text.span;
          return;
        }
        step.replacement = std::move(replacement).value();
      }
    }
    steps_.push_back(std::move(step));
  }

  static Status replace_all(const Step& step, Event& event, Value& list, MutateScratch& scratch) {
    auto* changed = Array::make(event.arena(), list.as_array()->size);
    for (const auto& item : list.as_array()->all()) {
      Value value = item;
      if (value.is_string()) {
        if (Status status = replace(step, event, value, scratch); !status.ok()) return status;
      } else {
        uint64_t suppressed = 0;
        if (scratch.warnings.allow(suppressed))
          log::warn("logstash.filters.mutate",
                    "gsub mutation is only applicable for strings and arrays of strings, skipping",
                    {{"field", step.field.text()}, {"suppressed", suppressed}});
      }
      changed->push(event.arena(), value);
    }
    list = Value::array(changed);
    return {};
  }

  static Status replace(const Step& step, Event& event, Value& value, MutateScratch& scratch) {
    const match::Regex* regex = step.regex ? &*step.regex : nullptr;
    if (!regex)
      if (Status status = made_regex(step, event, scratch, regex); !status.ok()) return status;
    std::optional<match::Replacement> made;
    if (!step.replacement) {
      scratch.other.clear();
      if (step.replacement_text.fill(event, scratch.other) == Template::Outcome::failed)
        return Status::error(Fault::filter, "gsub: the replacement cannot be filled in");
      auto replacement = match::Replacement::parse(scratch.other, *regex);
      if (!replacement.ok()) return replacement.status();
      made = std::move(replacement).value();
    }
    scratch.text.clear();
    switch (regex->gsub(value.as_text(), made ? *made : *step.replacement, scratch.text, scratch.captures,
                        match::standard_budget())) {
      case match::MatchResult::match:
        value = event.text(scratch.text);
        return {};
      case match::MatchResult::no_match:
        return {};
      case match::MatchResult::timeout:
        return Status::error(Fault::filter, "gsub: the search for " + regex->pattern() +
                                                " took too long, field " + step.field.text() +
                                                ", source: " + plugin::source_of(event));
      case match::MatchResult::error:
        break;
    }
    return Status::error(Fault::filter, "gsub: the text cannot be searched");
  }

  static Status made_regex(const Step& step, const Event& event, MutateScratch& scratch,
                           const match::Regex*& regex) {
    scratch.other.clear();
    if (step.pattern.fill(event, scratch.other) == Template::Outcome::failed)
      return Status::error(Fault::filter, "gsub: the pattern cannot be filled in");
    auto known = scratch.regexes.find(scratch.other);
    if (known == scratch.regexes.end()) {
      auto compiled = match::Regex::compile(scratch.other);
      if (!compiled.ok()) return compiled.status();
      if (scratch.regexes.size() >= kMostRegexes) scratch.regexes.clear();
      known = scratch.regexes.emplace(scratch.other, std::move(compiled).value()).first;
    }
    regex = &known->second;
    return {};
  }

  std::vector<Step> steps_;
};

}  // namespace

void add_gsub(plugin::Setup& setup, MutateOperations& operations) {
  if (setup.options.given("gsub")) operations.push_back(std::make_unique<Gsub>(setup));
}

}  // namespace sluice::plugins
