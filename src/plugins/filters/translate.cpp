// filter translate: values are looked up in a dictionary.
#include <optional>

#include "base/log.hpp"
#include "plugin/searches.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/config_value.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/mutate_operation.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "plugins/translate/source.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;
using translate::Dictionary;
using translate::Matching;
using translate::Source;

constexpr std::string_view kLogger = "logstash.filters.translate";
constexpr size_t kMostPlaces = 1024;  // items of a list whose fields are kept ready

constexpr plugin::Option kOptions[] = {
    {"source", Type::field_reference, {}, "The field whose value is looked up; needed."},
    {"field",
     Type::string,
     {},
     "The old name of source.",
     plugin::kDeprecated,
     {},
     "Use `source` option instead."},
    {"target",
     Type::field_reference,
     {},
     "The field for what was found: `translation`, or in ECS mode the source itself, when it is not given."},
    {"destination",
     Type::string,
     {},
     "The old name of target.",
     plugin::kDeprecated,
     {},
     "Use `target` option instead."},
    {"dictionary", Type::hash, "{}", "What is looked up and what it is translated to."},
    {"dictionary_path",
     Type::path,
     {},
     "A YAML, JSON or CSV file with the dictionary, in place of `dictionary`."},
    {"refresh_interval", Type::number, "300",
     "Seconds between two looks at the file; over 300 it is read each time, else when it has changed; 0 for "
     "never."},
    {"refresh_behaviour", Type::string, "\"merge\"",
     "Whether a file that is read again is added to what is there (merge) or takes its place (replace).", 0,
     "merge|replace"},
    {"yaml_dictionary_code_point_limit",
     Type::number,
     {},
     "The longest YAML dictionary in characters; 134217728 when it is not given."},
    {"yaml_load_strategy", Type::string, "\"one_shot\"",
     "Whether words of a YAML file have all forms that Ruby knows (one_shot) or the simple ones (streaming).",
     0, "streaming|one_shot"},
    {"exact", Type::boolean, "true",
     "Look the whole value up; otherwise replace every key that stands in it by its translation."},
    {"regex", Type::boolean, "false",
     "Keys are regular expressions (with exact); the first that matches counts."},
    {"override",
     Type::boolean,
     {},
     "Translate although the target is there; the default is true in place, else false."},
    {"fallback", Type::string, {}, "What the target gets when nothing is found; %{field} is filled in."},
    {"iterate_on",
     Type::string,
     {},
     "A list: of values when it is the source too, else of objects in which source and target are."},
};

struct Config {
  std::string source, target;
  FieldRef source_ref, target_ref;
  std::optional<std::string> iterate_on;
  FieldRef iterate_ref;
  bool override_target = false;
  std::optional<Template> fallback;
  Matching matching = Matching::exact;
};

class TranslateWorker : public plugin::FilterWorker {
 public:
  TranslateWorker(const Config& config, std::shared_ptr<Source> source, plugin::Engine* engine)
      : config_(config), source_(std::move(source)), engine_(engine) {}

  void filter(plugin::FilterRun& run) override {
    check();
    dictionary_ = source_->get();
    for (auto* event : run.events()) {
      if (!wanted(*event)) continue;
      problem_ = {};
      const bool translated =
          config_.iterate_on
              ? (*config_.iterate_on == config_.source ? translate_values(*event) : translate_objects(*event))
              : translate_one(*event);
      if (problem_.ok() && (translated || config_.source == config_.target)) problem_ = run.matched(*event);
      if (!problem_.ok()) warn(problem_.message());
    }
  }

  // Without events, too, a file that has changed is read.
  void flush(plugin::FilterRun& run, bool final) override {
    (void)run;
    if (!final) check();
  }

 private:
  void check() {
    if (engine_ && source_->due()) engine_->background([source = source_] { source->refresh(); });
  }

  [[nodiscard]] bool wanted(const Event& event) const {
    const bool objects = config_.iterate_on && *config_.iterate_on != config_.source;
    if (!objects && !config_.override_target && event.has(config_.target_ref)) return false;
    return event.has(config_.iterate_on ? config_.iterate_ref : config_.source_ref);
  }

  bool find(std::string_view text, Arena& arena, Value& out) {
    return dictionary_ && dictionary_->look_up(text, scratch_, arena, out);
  }

  std::string_view text_of(const Value& value) {
    if (value.is_string()) return value.as_text();
    text_.clear();
    append_ruby_text(value, text_);
    return text_;
  }

  void set(Event& event, const FieldRef& field, const Value& value) {
    const SetError error = event.set(field, value);
    if (error != SetError::none) problem_ = set_status(error, field);
  }

  bool translate_one(Event& event) {
    Value value = *event.get(config_.source_ref);
    if (value.is_array()) value = value.as_array()->size == 0 ? Value{} : value.as_array()->items[0];
    Value found;
    if (!find(text_of(value), event.arena(), found)) {
      if (!config_.fallback) return false;
      found = config_.fallback->value(event);
    }
    set(event, config_.target_ref, found);
    return true;
  }

  bool translate_values(Event& event) {
    auto& arena = event.arena();
    const Value values = *event.get(config_.iterate_ref);
    const Value nothing = config_.fallback ? config_.fallback->value(event) : Value{};
    auto* results = Array::make(arena, values.is_array() ? values.as_array()->size : 1);
    bool any = false;
    const auto add = [&](const Value& value) {
      Value found = nothing;
      (void)find(text_of(value), arena, found);
      any = any || !(found.is_null() || (found.kind() == Value::Kind::boolean && !found.as_bool()));
      results->push(arena, found);
    };
    if (values.is_array())
      for (const auto& value : values.as_array()->all()) add(value);
    else if (!values.is_null())
      add(values);
    set(event, config_.target_ref, Value::array(results));
    return any;
  }

  // Where source and target of the item number `index` are.
  struct Place {
    FieldRef source, target;
  };

  const Place& place(size_t index, Arena& arena, Place& made) {
    if (index >= kMostPlaces) {
      made = make_place(index, &arena);
      return made;
    }
    while (places_.size() <= index) places_.push_back(make_place(places_.size(), nullptr));
    return places_[index];
  }

  [[nodiscard]] Place make_place(size_t index, Arena* arena) const {
    const auto parse = [&](const std::string& name) {
      const std::string whole =
          bracketed(*config_.iterate_on) + "[" + std::to_string(index) + "]" + bracketed(name);
      auto ref = arena ? FieldRef::parse(whole, *arena) : FieldRef::parse(whole);
      return ref.ok() ? std::move(ref).value() : FieldRef{};
    };
    return {parse(config_.source), parse(config_.target)};
  }

  static std::string bracketed(const std::string& name) {
    return name.starts_with('[') && name.ends_with(']') ? name : "[" + name + "]";
  }

  bool translate_objects(Event& event) {
    const Value list = *event.get(config_.iterate_ref);
    const size_t size = list.is_array() ? list.as_array()->size : 0;
    bool any = false;
    for (size_t i = 0; i < size && problem_.ok(); ++i) {
      Place made;
      const Place& at = place(i, event.arena(), made);
      const Value* value = event.get(at.source);
      if (!value || value->is_null()) continue;
      Value found;
      if (!find(text_of(*value), event.arena(), found)) {
        if (!config_.fallback) continue;
        found = config_.fallback->value(event);
      }
      set(event, at.target, found);
      any = true;
    }
    return any;
  }

  void warn(std::string_view why) {
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::error(kLogger, "Something went wrong when attempting to translate from dictionary",
                 {{"exception", why}, {"source", config_.source}, {"suppressed", suppressed}});
  }

  const Config& config_;
  const std::shared_ptr<Source> source_;
  plugin::Engine* const engine_;
  std::shared_ptr<const Dictionary> dictionary_;
  translate::Scratch scratch_;
  std::string text_;
  std::vector<Place> places_;
  Status problem_;
  WarningLimiter warnings_;
};

class Translate : public plugin::Filter {
 public:
  explicit Translate(plugin::Setup& setup) {
    const auto& options = setup.options;
    const bool exact = options.boolean("exact");
    config_.matching = !exact                     ? Matching::replace
                       : options.boolean("regex") ? Matching::patterns
                                                  : Matching::exact;
    config_.iterate_on = options.maybe_string("iterate_on");
    config_.iterate_ref = setup.field("iterate_on");
    if (const auto fallback = options.maybe_string("fallback")) config_.fallback = Template(*fallback);
    take_fields(setup);
    take_dictionary(setup);
  }

  Status start(plugin::Start& start) override {
    engine_ = &start.engine;
    return {};
  }
  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<TranslateWorker>(config_, source_, engine_);
  }
  bool wants_flush() const override { return source_->interval > 0; }
  void flow(plugin::Flow& flow) const override {
    if (config_.iterate_on) flow.reads(config_.iterate_ref.text(), "iterate_on");
    if (config_.iterate_on && *config_.iterate_on != config_.source) {
      flow.writes(config_.iterate_ref.text());
      return;
    }
    flow.reads(config_.source, source_option_);
    flow.writes(config_.target);
  }
  void searches(plugin::Searches& searches) const override {
    const auto dictionary = source_->get();
    if (!dictionary) return;
    const std::string option = source_->file.path.empty() ? "dictionary" : "dictionary_path";
    for (const auto& key : dictionary->patterns()) searches.add({option, key.pattern(), key.pattern(), key});
  }

 private:
  void take_fields(plugin::Setup& setup);
  std::string renamed(plugin::Setup& setup, std::string_view option, std::string_view old_option,
                      FieldRef& ref);
  void take_dictionary(plugin::Setup& setup);
  bool check_limit(plugin::Setup& setup);

  Config config_;
  std::string source_option_ = "source";
  std::shared_ptr<Source> source_ = std::make_shared<Source>();
  plugin::Engine* engine_ = nullptr;
};

// An option with an old name.
std::string Translate::renamed(plugin::Setup& setup, std::string_view option, std::string_view old_option,
                               FieldRef& ref) {
  const bool old = setup.options.given(old_option);
  if (old && setup.options.given(option))
    setup.error(old_option, "E0307",
                "Please remove `" + std::string(old_option) + "` and only set the `" + std::string(option) +
                    " => ...` option instead");
  const auto used = old ? old_option : option;
  ref = setup.field(used);
  return setup.options.string(used);
}

void Translate::take_fields(plugin::Setup& setup) {
  config_.source = renamed(setup, "source", "field", config_.source_ref);
  if (setup.options.given("field")) source_option_ = "field";
  if (config_.source.empty())
    setup.error("source", "E0204", "No source field specified, please provide the `source => ...` option",
                "Name the field whose value is looked up.");
  config_.target = renamed(setup, "target", "destination", config_.target_ref);
  if (config_.target.empty()) {
    config_.target = setup.ecs() ? config_.source : "translation";
    config_.target_ref = setup.ecs() ? config_.source_ref : FieldRef::of("translation");
  }
  const bool in_place = config_.source == config_.target;
  const bool given = setup.options.given("override");
  config_.override_target = given ? setup.options.boolean("override") : in_place;
  if (in_place && given && !config_.override_target)
    setup.error(
        "override", "E0307",
        "Configuring `override => false` with in-place translation has no effect, please remove the option");
}

bool Translate::check_limit(plugin::Setup& setup) {
  constexpr std::string_view kLimit = "yaml_dictionary_code_point_limit";
  if (!setup.options.given(kLimit)) return true;
  source_->file.yaml_code_points = setup.options.integer(kLimit);
  if (translate::format_of(source_->file.path) != translate::Format::yaml) {
    setup.error(kLimit, "E0307",
                "Please remove `yaml_dictionary_code_point_limit` for dictionary file in JSON or CSV format");
    return false;
  }
  if (source_->file.yaml_code_points > 0) return true;
  setup.error(kLimit, "E0306", "Please set a positive number in `yaml_dictionary_code_point_limit`");
  return false;
}

void Translate::take_dictionary(plugin::Setup& setup) {
  const auto& options = setup.options;
  const auto inline_entries = options.hash("dictionary");
  source_->matching = config_.matching;
  source_->file.path = options.string("dictionary_path");
  if (source_->file.path.empty()) {
    auto dictionary = std::make_shared<Dictionary>(config_.matching);
    Arena memory;
    for (const auto& [key, value] : inline_entries) dictionary->put(key, config_value(value, memory));
    if (const Status status = dictionary->finish(); !status.ok())
      setup.error("dictionary", "E0301", "In the dictionary " + status.message());
    source_->set(std::move(dictionary));
    return;
  }
  if (!inline_entries.empty()) {
    setup.error("dictionary_path", "E0307",
                "The configuration options 'dictionary' and 'dictionary_path' are mutually exclusive");
    return;
  }
  if (!check_limit(setup)) return;
  source_->replace = options.string("refresh_behaviour") == "replace";
  source_->file.yaml_streaming = options.string("yaml_load_strategy") == "streaming";
  source_->interval = options.number("refresh_interval");
  if (const Status status = source_->load(); !status.ok())
    setup.error("dictionary_path", "E0305",
                "Translate: " + status.message() + " when loading dictionary file at " + source_->file.path,
                "The file's name ends in .yml, .yaml, .json or .csv, and says how it is read.");
}

}  // namespace

extern const plugin::Spec filter_translate;
const plugin::Spec filter_translate{
    .kind = plugin::Kind::filter,
    .name = "translate",
    .summary = "Looks a value up in a dictionary and stores what it stands for.",
    .options = kOptions,
    .example =
        "filter { translate { source => \"status\" target => \"meaning\" "
        "dictionary => { \"200\" => \"OK\" \"404\" => \"Not Found\" } fallback => \"unknown\" } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Translate>(setup);
    }};

}  // namespace sluice::plugins
