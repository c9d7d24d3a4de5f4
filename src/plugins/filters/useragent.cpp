// filter useragent: browser, system and device from an agent's text.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/log.hpp"
#include "base/lru_map.hpp"
#include "base/utf8.hpp"
#include "event/batch.hpp"
#include "event/field_layout.hpp"
#include "event/frozen_object.hpp"
#include "plugin/searches.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "plugins/useragent/parser.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;
using useragent::Parser;
using useragent::Product;

constexpr std::string_view kLogger = "logstash.filters.useragent";

constexpr plugin::Option kOptions[] = {
    {"source", Type::string, {}, "The field that holds the text of the user agent.", plugin::kRequired},
    {"target",
     Type::string,
     {},
     "The field below which the parts are stored; with ECS `user_agent` by default, else the root."},
    {"regexes",
     Type::string,
     {},
     "A file of rules in the form of uap-core; else that of the package uap-core, or the one that "
     "SLUICE_USERAGENT_REGEXES names."},
    {"prefix", Type::string, "''", "What the names of the fields begin with; not used with ECS."},
    {"lru_cache_size", Type::number, "100000", "How many texts are remembered, over all workers."},
};

// What is stored of an agent, in the order in which it is.
enum Part : uint8_t {
  kName,
  kDevice,
  kMajor,
  kMinor,
  kPatch,
  kVersion,
  kOsMajor,
  kOsMinor,
  kOsPatch,
  kOsVersion,
  kOsName,
  kOs,
  kOsFull,
  kParts
};

struct Place {
  std::string_view legacy;  // below the target, behind the prefix
  std::string_view ecs;     // below the target, or below @metadata; empty: not with ECS
};
constexpr std::string_view kMetadata = "[@metadata]";
constexpr Place kPlaces[kParts] = {
    {"name", "[name]"},
    {"device", "[device][name]"},
    {"major", "[@metadata][filter][user_agent][version][major]"},
    {"minor", "[@metadata][filter][user_agent][version][minor]"},
    {"patch", "[@metadata][filter][user_agent][version][patch]"},
    {"version", "[version]"},
    {"os_major", "[@metadata][filter][user_agent][os][version][major]"},
    {"os_minor", "[@metadata][filter][user_agent][os][version][minor]"},
    {"os_patch", "[@metadata][filter][user_agent][os][version][patch]"},
    {"os_version", "[os][version]"},
    {"os_name", "[os][name]"},
    {"os", ""},
    {"os_full", "[os][full]"},
};

struct Config {
  FieldRef source;
  bool replaces_source = false;
  std::array<FieldRef, kParts> places;
  FieldLayout layout;  // of the places
  FieldRef target;
  bool below_target = false;  // all places are below the target
  std::shared_ptr<const Parser> parser;
  size_t cache_size = 1;  // of one worker
};

// All parts of an agent as one text, to be copied into a batch at one go.
struct Answer {
  struct Slice {
    uint32_t begin = 0;
    uint32_t size = 0;
    bool set = false;
    bool plain = false;
  };
  std::string text;
  std::array<Slice, kParts> parts;
  FrozenObject target;  // what the parts make of a target that is not there yet

  void add(Part part, std::string_view value) {
    parts[part] = {static_cast<uint32_t>(text.size()), static_cast<uint32_t>(value.size()), true,
                   json_plain(value)};
    text += value;
  }
  void add_known(Part part, const std::optional<std::string>& value) {
    if (value) add(part, *value);
  }
};

// True for a whole number as it would be printed.
bool canonical_integer(std::string_view text) {
  if (text.starts_with('-')) {
    text.remove_prefix(1);
    if (text == "0") return false;
  }
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The rules know three parts of most versions. A fourth is taken from the text when it follows there as a
// number, with a blank behind it.
std::string agent_version(const Product& agent, std::string_view text) {
  const auto& [major, minor, patch, fourth] = agent.version;
  std::string version = *major;
  if (!minor) return version;
  version += "." + *minor;
  if (!patch) return version;
  version += "." + *patch;
  if (fourth) return version + "." + *fourth;
  const size_t at = text.find(version);
  if (at == std::string_view::npos) return version;
  const auto rest = text.substr(at + version.size());
  const size_t blank = rest.find(' ');
  if (!rest.starts_with('.') || blank == std::string_view::npos) return version;
  const auto more = rest.substr(1, blank - 1);
  return canonical_integer(more) ? version.append(1, '.').append(more) : version;
}

std::string system_version(const Product& system) {
  const auto& [major, minor, patch, fourth] = system.version;
  std::string version = *major;
  if (!minor) return version;
  version.append(1, canonical_integer(*major) ? '.' : ' ').append(*minor);
  if (patch) version += "." + *patch;
  if (patch && fourth) version += "." + *fourth;
  return version;
}

Answer answer_of(const useragent::Client& client, std::string_view text) {
  Answer answer;
  const auto& [agent, system, device] = client;
  answer.add(kName, agent.family);
  answer.add(kDevice, device.family);
  for (const size_t i : {0, 1, 2}) {
    answer.add_known(static_cast<Part>(kMajor + i), agent.version[i]);
    answer.add_known(static_cast<Part>(kOsMajor + i), system.version[i]);
  }
  if (agent.version[0]) answer.add(kVersion, agent_version(agent, text));
  answer.add(kOs, system.family);
  answer.parts[kOsName] = answer.parts[kOs];
  std::string full = system.family;
  if (system.version[0]) {
    const std::string version = system_version(system);
    answer.add(kOsVersion, version);
    full += " " + version;
  }
  answer.add(kOsFull, full);
  return answer;
}

class UserAgentWorker : public plugin::FilterWorker {
 public:
  explicit UserAgentWorker(const Config& config) : config_(config), cache_(config.cache_size) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      const Value* source = event->get(config_.source);
      if (source && source->is_array())
        source = source->as_array()->size ? &source->as_array()->items[0] : nullptr;
      if (!source || !source->is_string() || source->as_text().empty()) continue;
      const std::string_view text = source->as_text();
      if (config_.replaces_source) event->remove(config_.source);
      Status status = store(*event, answer(text));
      if (status.ok()) status = run.matched(*event);
      if (!status.ok()) warn(status);
    }
  }

 private:
  // A longer text is no agent that comes again.
  static constexpr size_t kLongestRemembered = 2048;

  const Answer& answer(std::string_view text) {
    if (text.size() > kLongestRemembered) {
      unremembered_ = answer_of(config_.parser->parse(text, scratch_), text);
      return unremembered_;
    }
    if (const Answer* known = cache_.find(text)) return *known;
    Answer answer = answer_of(config_.parser->parse(text, scratch_), text);
    if (config_.below_target) answer.target = target_of(answer);
    return cache_.put(text, std::move(answer));
  }

  // What becomes of the target in an event without any field.
  FrozenObject target_of(const Answer& answer) {
    FrozenObject target;
    Event& event = batch_.make();
    (void)store(event, answer);
    if (const Value* made = event.get(config_.target); made && made->is_object())
      target = FrozenObject(*made->as_object());
    batch_.arena().reset();
    return target;
  }

  Status store(Event& event, const Answer& answer) const {
    if (answer.target && answer.target.thaw_into(event, config_.target)) return {};
    const char* text = event.arena().copy(answer.text).data();
    std::array<Value, kParts> values;
    for (size_t i = 0; i < kParts; ++i) {
      const auto& part = answer.parts[i];
      if (part.set) values[i] = Value::string({text + part.begin, part.size}, part.plain);
    }
    if (config_.layout.set(event, values)) return {};
    for (size_t i = 0; i < kParts; ++i) {
      if (!answer.parts[i].set || config_.places[i].empty()) continue;
      const SetError error = event.set(config_.places[i], values[i]);
      if (error != SetError::none) return set_status(error, config_.places[i]);
    }
    return {};
  }

  void warn(const Status& status) {
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::warn(kLogger, "The event could not be changed",
                {{"exception", status.message()}, {"suppressed", suppressed}});
  }

  const Config& config_;
  LruMap<Answer> cache_;
  Parser::Scratch scratch_;
  Answer unremembered_;
  Batch batch_;  // holds an event while an answer is made
  WarningLimiter warnings_;
};

class UserAgent : public plugin::Filter {
 public:
  explicit UserAgent(plugin::Setup& setup);

  Status start(plugin::Start&) override {
    if (config_.parser) return {};
    auto parser = Parser::open(path_, true);
    if (!parser.ok()) return parser.status();
    config_.parser = std::move(parser).value();
    return {};
  }
  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<UserAgentWorker>(config_);
  }
  void flow(plugin::Flow& flow) const override {
    flow.reads(config_.source.text(), "source");
    for (const auto& place : config_.places)
      if (!place.empty()) flow.writes(place.text());
  }
  void searches(plugin::Searches& searches) const override {
    if (!path_.empty()) return;  // the shipped rules: over a thousand, and no author could mend them
    for (const auto& regex : config_.parser->expressions())
      searches.add({"regexes", regex.pattern(), regex.pattern(), regex});
  }

 private:
  void set_places(plugin::Setup& setup);
  void find_rules(plugin::Setup& setup);

  Config config_;
  std::string path_;  // of the shipped rules
};

UserAgent::UserAgent(plugin::Setup& setup) {
  config_.source = setup.field("source");
  config_.replaces_source =
      setup.options.has("target") && setup.options.string("target") == setup.options.string("source");
  const int64_t size = setup.options.integer("lru_cache_size");
  if (size < 1)
    setup.error("lru_cache_size", "E0306", "lru_cache_size must be greater than 0",
                "Leave it out for 100000, or write the number of agents to remember.");
  const size_t workers = std::max<size_t>(1, setup.environment.workers);
  config_.cache_size = std::max<size_t>(1, static_cast<size_t>(std::max<int64_t>(size, 1)) / workers);
  set_places(setup);
  find_rules(setup);
}

void UserAgent::set_places(plugin::Setup& setup) {
  const bool ecs = setup.ecs();
  std::string target = ecs ? "[user_agent]" : "";
  if (setup.options.has("target")) target = setup.options.string("target");
  const bool bracketed = target.size() > 2 && target.front() == '[' && target.back() == ']' &&
                         target.find_first_of("[]", 1) == target.size() - 1;
  if (!target.empty() && !bracketed) target = "[" + target + "]";
  const std::string prefix = setup.options.string("prefix");
  if (ecs && !prefix.empty())
    setup.warning("prefix", "W0307", "Field prefix isn't supported in ECS compatibility mode",
                  "Leave prefix => \"" + prefix + "\" out.");
  for (size_t i = 0; i < kParts; ++i) {
    const auto& [legacy, ecs_name] = kPlaces[i];
    if (ecs && ecs_name.empty()) continue;
    std::string name(ecs_name);
    if (!ecs) name = target + "[" + prefix + std::string(legacy) + "]";
    if (ecs && !ecs_name.starts_with(kMetadata)) name = target + name;
    auto ref = FieldRef::parse(name);
    if (ref.ok()) {
      config_.places[i] = std::move(ref).value();
      continue;
    }
    setup.error(setup.options.given("target") ? "target" : "prefix", "E0304", ref.message(),
                "Write a field as `name` or as [outer][inner], every bracket closed.");
    return;
  }
  config_.layout = FieldLayout(config_.places);
  config_.target = FieldRef::of(target);
  config_.below_target =
      std::all_of(config_.places.begin(), config_.places.end(),
                  [this](const FieldRef& place) { return place.empty() || is_below(place, config_.target); });
}

// Rules of one's own are checked to the last; the shipped ones are known to be right and read at the start.
void UserAgent::find_rules(plugin::Setup& setup) {
  if (!setup.options.has("regexes")) {
    auto path = useragent::default_rules_path();
    if (path.ok())
      path_ = std::move(path).value();
    else
      setup.error("", "E0305", path.message());
    return;
  }
  const std::string path = setup.options.string("regexes");
  constexpr std::string_view kHelp = "Give the path of a file in the form of uap-core's regexes.yaml.";
  auto parser = Parser::open(path, false);
  if (!parser.ok()) {
    setup.error("regexes", "E0305", parser.message(), std::string(kHelp));
    return;
  }
  if (const auto fault = (*parser)->find_fault(); fault)
    setup.error("regexes", "E0301", path + ": " + *fault, "Mend the regular expression in the file.");
  config_.parser = std::move(parser).value();
}

}  // namespace

extern const plugin::Spec filter_useragent;
const plugin::Spec filter_useragent{
    .kind = plugin::Kind::filter,
    .name = "useragent",
    .summary = "Finds browser, operating system and device in the text of a user agent.",
    .options = kOptions,
    .example = "filter { useragent { source => \"[user_agent][original]\" } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<UserAgent>(setup);
    }};

}  // namespace sluice::plugins
