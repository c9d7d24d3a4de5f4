// filter range: acts on events whose numbers, or the lengths of whose texts, lie in ranges.
#include <algorithm>
#include <optional>

#include "base/log.hpp"
#include "base/utf8.hpp"
#include "match/numbers.hpp"
#include "plugin/decoration.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {
namespace {

constexpr std::string_view kLogger = "logstash.filters.range";

constexpr plugin::Option kOptions[] = {
    {"ranges", plugin::Type::array, "[]",
     "Groups of four: a field, the least and the greatest number (or length of a text), and an action: "
     "\"drop\", \"tag:NAME\" or \"field:NAME:VALUE\"."},
    {"negate", plugin::Type::boolean, "false", "Act when the value lies outside of the range."},
};

/// What happens to an event in a range.
struct Action {
  enum class Kind : uint8_t { drop, tag, field };
  Kind kind = Kind::drop;
  Template text;                // the tag, or the field's value
  std::optional<Value> number;  // the field's value when its text is a number
  FieldName field = FieldName::literal("x");
};

/// One group of four.
struct Range {
  double least = 0, greatest = 0;
  Action action;
};

/// The ranges of one field, in the order written.
struct FieldRanges {
  FieldRef field;
  std::vector<Range> ranges;
};

struct Config {
  std::vector<FieldRanges> fields;
  bool negate = false;
};

/// Ruby's split(":"): empty parts at the end do not count.
std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(':', at), text.size());
    parts.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  while (!parts.empty() && parts.back().empty()) parts.pop_back();
  return parts;
}

// A text that reads as just the number it looks like is one.
std::optional<Value> number_in(const std::string& text) {
  const auto whole = match::ruby_to_i(text);
  if (whole.fits() && std::to_string(whole.value) == text) return Value::integer(whole.value);
  const double real = match::ruby_to_f(text);
  if (match::ruby_double_text(real) == text) return Value::real(real);
  return std::nullopt;
}

/// The action that `text` writes; nothing when it is none, and then `problem` says why.
std::optional<Action> action_of(std::string_view text, std::string_view& problem) {
  const auto parts = parts_of(text);
  Action action;
  if (!parts.empty() && parts[0] == "drop") {
    if (parts.size() == 1) return action;
    problem = "The action drop takes nothing behind it";
  } else if (!parts.empty() && parts[0] == "tag") {
    action.kind = Action::Kind::tag;
    if (parts.size() == 2) {
      action.text = Template(parts[1]);
      return action;
    }
    problem = "The action tag takes one name, which cannot hold a colon: \"tag:slow\"";
  } else if (!parts.empty() && parts[0] == "field") {
    action.kind = Action::Kind::field;
    if (parts.size() == 3) {
      action.field = FieldName::expanded(parts[1]);
      action.text = Template(parts[2]);
      action.number = number_in(parts[2]);
      return action;
    }
    problem = "The action field takes a name and a value, which cannot hold a colon: \"field:speed:slow\"";
  } else {
    problem = "An action is \"drop\", \"tag:NAME\" or \"field:NAME:VALUE\"";
  }
  return std::nullopt;
}

class RangeWorker : public plugin::FilterWorker {
 public:
  explicit RangeWorker(const Config& config) : config_(config) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      for (const auto& field : config_.fields)
        if (!event->cancelled() && event->has(field.field)) check(*event, field);
      if (!event->cancelled()) (void)run.matched(*event);
    }
  }

 private:
  // An action may change the field that the next range looks at.
  void check(Event& event, const FieldRanges& field) {
    for (const auto& range : field.ranges) {
      const Value* value = event.get(field.field);
      if ((value && inside(*value, range)) == config_.negate) continue;
      if (range.action.kind == Action::Kind::drop) return event.cancel();
      act(event, range.action);
    }
  }

  bool inside(const Value& value, const Range& range) {
    double number = 0;
    switch (value.kind()) {
      case Value::Kind::integer:
        number = static_cast<double>(value.as_integer());
        break;
      case Value::Kind::real:
        number = value.as_real();
        break;
      case Value::Kind::decimal:
        number = match::ruby_to_f(value.as_text());
        break;
      case Value::Kind::string:
        number = static_cast<double>(length_of(value.as_text()));
        break;
      default:
        warn("The field is neither a number nor a text: no range holds it.");
        return false;
    }
    return range.least <= number && number <= range.greatest;
  }

  static size_t length_of(std::string_view text) {
    return utf8_valid(text) ? utf8_length(text) : utf8_length(utf8_scrub(text));
  }

  void act(Event& event, const Action& action) {
    if (action.kind == Action::Kind::tag) {
      event.tag(filled(action.text, event));
      return;
    }
    FieldRef made;
    const FieldRef* ref = nullptr;
    Status status = action.field.resolve(event, made, ref);
    if (status.ok()) status = put(event, *ref, action);
    if (!status.ok()) warn(status.message());
  }

  // A field that is there becomes a list of texts; an empty or false one is replaced.
  Status put(Event& event, const FieldRef& ref, const Action& action) {
    const Value* old = event.get(ref);
    const bool fresh = !old || old->is_null() || (old->kind() == Value::Kind::boolean && !old->as_bool());
    if (fresh && action.number) return set_status(event.set(ref, *action.number), ref);
    const Value text = event.text(filled(action.text, event));
    if (fresh) return set_status(event.set(ref, text), ref);
    if (!old->is_object()) return plugin::append_to_field(event, ref, text);
    auto* list = Array::make(event.arena(), 2);
    list->push(event.arena(), *old);
    list->push(event.arena(), text);
    return set_status(event.set(ref, Value::array(list)), ref);
  }

  const std::string& filled(const Template& text, const Event& event) {
    text_.clear();
    text.fill(event, text_);
    return text_;
  }

  void warn(std::string_view what) {
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed)) log::warn(kLogger, what, {{"suppressed", suppressed}});
  }

  const Config& config_;
  std::string text_;
  WarningLimiter warnings_;
};

class RangeFilter : public plugin::Filter {
 public:
  explicit RangeFilter(plugin::Setup& setup) {
    config_.negate = setup.options.boolean("negate");
    const auto& items = setup.options.items("ranges");
    if (items.size() % 4 != 0)
      setup.error("ranges", "E0306", "ranges is no list of groups of four",
                  "Write a field, the least value, the greatest value and an action for each range: "
                  "[\"status\", 500, 599, \"tag:error\"].");
    for (size_t i = 0; i + 4 <= items.size(); i += 4) take(setup, &items[i]);
  }
  std::unique_ptr<plugin::FilterWorker> worker() override { return std::make_unique<RangeWorker>(config_); }
  void flow(plugin::Flow& flow) const override {
    for (const auto& field : config_.fields) {
      flow.reads(field.field.text(), "ranges");
      for (const auto& range : field.ranges) {
        if (range.action.kind == Action::Kind::tag) flow.writes("tags");
        if (range.action.kind != Action::Kind::field) continue;
        if (range.action.field.constant())
          flow.writes(range.action.field.text());
        else
          flow.writes_anything();
      }
    }
  }

 private:
  using Item = lang::Value;

  static void error(plugin::Setup& setup, const Item& at, std::string code, std::string message,
                    std::string help) {
    setup.error("ranges", std::move(code), std::move(message), std::move(help)).span = at.span;
  }

  void take(plugin::Setup& setup, const Item* group) {
    auto ref = FieldRef::parse(group[0].text);
    if (group[0].kind == Item::Kind::number || !group[0].scalar())
      return error(setup, group[0], "E0306", "A range begins with the name of a field",
                   "Write a field, the least value, the greatest value and an action.");
    if (!ref.ok())
      return error(setup, group[0], "E0304", ref.message(),
                   "Write a field as `name` or as [outer][inner], every bracket closed.");
    for (const auto* bound : {&group[1], &group[2]})
      if (bound->kind != Item::Kind::number)
        return error(setup, *bound, "E0306", "The bounds of a range are numbers",
                     "Write them without quotes: [\"status\", 500, 599, \"tag:error\"].");
    std::string_view problem;
    auto action = group[3].scalar() && group[3].kind != Item::Kind::number ? action_of(group[3].text, problem)
                                                                           : std::nullopt;
    if (!action)
      return error(setup, group[3], "E0306", "This is no action of a range",
                   problem.empty() ? "An action is a text in quotes." : std::string(problem) + ".");
    add(std::move(ref).value(),
        Range{match::ruby_to_f(group[1].text), match::ruby_to_f(group[2].text), std::move(*action)});
  }

  void add(FieldRef ref, Range range) {
    auto& fields = config_.fields;
    auto known = std::find_if(fields.begin(), fields.end(),
                              [&](const FieldRanges& f) { return f.field.text() == ref.text(); });
    if (known == fields.end()) known = fields.insert(fields.end(), FieldRanges{std::move(ref), {}});
    known->ranges.push_back(std::move(range));
  }

  Config config_;
};

}  // namespace

extern const plugin::Spec filter_range;
const plugin::Spec filter_range{
    .kind = plugin::Kind::filter,
    .name = "range",
    .summary = "Drops or marks events whose numbers or lengths of text lie in ranges.",
    .options = kOptions,
    .example =
        "filter { range { ranges => [\"took\", 0, 99, \"tag:fast\", \"took\", 100, 9999, "
        "\"field:speed:slow\"] } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<RangeFilter>(setup);
    }};

}  // namespace sluice::plugins
