// filter split: one event for each part of a text or each element of a list.
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {
namespace {

constexpr std::string_view kLogger = "logstash.filters.split";
constexpr std::string_view kFailureTag = "_split_type_failure";
constexpr std::string_view kBlanks = " \t\n\v\f\r";
// What the events of one may hold in all, counted in values: about 2 GiB.
constexpr size_t kMostValues = size_t{1} << 26;

constexpr plugin::Option kOptions[] = {
    {"terminator", plugin::Type::string, "\"\n\"",
     "What stands between the parts of a text; a single space stands for any run of white space."},
    {"field", plugin::Type::field_reference, "\"message\"", "The field with the text or list to split."},
    {"target",
     plugin::Type::field_reference,
     {},
     "The field that a part goes into, while the split field stays whole; the split field without it."},
};

struct Config {
  std::string terminator;
  FieldRef field, target;  // target is empty when not given
};

/// Takes the parts off a text one by one, as Ruby's split does when it keeps empty ones at the end.
class Parts {
 public:
  Parts(std::string_view text, std::string_view terminator) : rest_(text), terminator_(terminator) {
    if (terminator_ == " ") skip_blanks();
    done_ = text.empty();
  }

  bool next(std::string_view& part) {
    if (done_) return false;
    size_t length = 0, behind = 0;
    if (terminator_.empty()) {
      done_ = rest_.empty();
      length = behind = character();
    } else if (terminator_ == " ") {
      length = rest_.find_first_of(kBlanks);
      behind = length;
    } else {
      length = rest_.find(terminator_);
      behind = length + terminator_.size();
    }
    if (length == std::string_view::npos) {
      part = rest_;
      done_ = true;
      return true;
    }
    part = rest_.substr(0, length);
    rest_.remove_prefix(behind);
    if (terminator_ == " ") skip_blanks();
    return true;
  }

 private:
  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size())); }
  // Bytes of the first character; a byte that is none counts as one.
  [[nodiscard]] size_t character() const {
    for (size_t n = 1; n <= std::min<size_t>(4, rest_.size()); ++n)
      if (utf8_valid(rest_.substr(0, n))) return n;
    return std::min<size_t>(1, rest_.size());
  }

  std::string_view rest_, terminator_;
  bool done_;
};

/// How many values there are in `value`, itself included.
size_t values_in(const Value& value) {
  size_t count = 1;
  if (value.is_array())
    for (const auto& item : value.as_array()->all()) count += values_in(item);
  if (value.is_object())
    for (const auto& member : value.as_object()->all()) count += values_in(member.value);
  return count;
}

class SplitWorker : public plugin::FilterWorker {
 public:
  explicit SplitWorker(const Config& config) : config_(config) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      const Value* value = event->get(config_.field);
      if (value && value->is_array())
        split_list(*event, *value->as_array(), run);
      else if (value && value->is_string())
        split_text(*event, *value, run);
      else
        refuse(*event, "Only a text or a list can be split: the event was tagged _split_type_failure.");
    }
  }

 private:
  void split_list(Event& event, const Array& list, plugin::FilterRun& run) {
    const auto items = list.all();
    const Value whole = *event.get(config_.field);
    if (config_.target.empty()) event.remove(config_.field);
    if (!fits(event, items.size())) {
      if (config_.target.empty()) (void)event.set(config_.field, whole);
      return refuse_size(event);
    }
    for (const auto& item : items) add(event, item, run);
    event.cancel();
  }

  void split_text(Event& event, const Value& text, plugin::FilterRun& run) {
    const size_t most_parts = text.as_text().size() / std::max<size_t>(config_.terminator.size(), 1) + 1;
    if (!fits(event, most_parts) && !fits(event, count_parts(text.as_text()))) return refuse_size(event);
    Parts parts(text.as_text(), config_.terminator);
    std::string_view part, second;
    const bool any = parts.next(part);
    if (any && !parts.next(second)) return;  // nothing to split: the event goes on as it is
    if (any) {
      add(event, Value::string(part, text.plain()), run);
      do add(event, Value::string(second, text.plain()), run);
      while (parts.next(second));
    }
    event.cancel();
  }

  void add(Event& event, const Value& part, plugin::FilterRun& run) {
    if (part.is_null() || (part.is_string() && part.as_text().empty())) return;
    auto& made = run.batch().clone(event);
    if (made.set(config_.target.empty() ? config_.field : config_.target, part) != SetError::none)
      made.tag(kFailureTag);
    else
      (void)run.matched(made);
    run.emit(made, event);
  }

  // Every part is a copy of the event: a long list that stays whole in each would take its length squared.
  static bool fits(const Event& event, size_t parts) {
    constexpr size_t kOfAnEvent = 8;  // what an event takes by itself, in values
    if (parts < 256) return true;
    const size_t each =
        kOfAnEvent + values_in(Value::object(&event.fields())) + values_in(event.metadata_value());
    return parts <= kMostValues / each;
  }
  [[nodiscard]] size_t count_parts(std::string_view text) const {
    Parts parts(text, config_.terminator);
    std::string_view part;
    size_t count = 0;
    while (parts.next(part)) count += !part.empty();
    return count;
  }

  void refuse_size(Event& event) {
    refuse(event, "An event would become too many, or too large ones: it was tagged _split_type_failure.");
  }
  void refuse(Event& event, std::string_view why) {
    event.tag(kFailureTag);
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::warn(kLogger, why, {{"field", config_.field.text()}, {"suppressed", suppressed}});
  }

  const Config& config_;
  WarningLimiter warnings_;
};

class Split : public plugin::Filter {
 public:
  explicit Split(plugin::Setup& setup) {
    config_.terminator = setup.options.string("terminator");
    config_.field = setup.field("field");
    config_.target = setup.field("target");
    if (config_.target.is_timestamp() || config_.target.is_below_tags())
      setup.error("target", "E0306", "target cannot be " + config_.target.text(),
                  "A part is a text or a value of a list: name a field that can hold it.");
  }
  std::unique_ptr<plugin::FilterWorker> worker() override { return std::make_unique<SplitWorker>(config_); }
  void flow(plugin::Flow& flow) const override {
    flow.reads(config_.field.text(), "field");
    flow.writes(config_.target.empty() ? config_.field.text() : config_.target.text());
    flow.writes("tags");
  }

 private:
  Config config_;
};

}  // namespace

extern const plugin::Spec filter_split;
const plugin::Spec filter_split{
    .kind = plugin::Kind::filter,
    .name = "split",
    .summary = "Makes an event of each line of a text or each element of a list.",
    .options = kOptions,
    .example = "filter { split { field => \"[page][items]\" target => \"item\" } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Split>(setup);
    }};

}  // namespace sluice::plugins
