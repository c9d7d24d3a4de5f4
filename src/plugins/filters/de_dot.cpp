// filter de_dot: field names with dots become names without, or objects inside of objects.
#include <algorithm>

#include "base/log.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {
namespace {

constexpr std::string_view kLogger = "logstash.filters.de_dot";

constexpr plugin::Option kOptions[] = {
    {"separator", plugin::Type::string, "\"_\"", "What stands in the place of a dot; it cannot hold a dot."},
    {"nested", plugin::Type::boolean, "false",
     "Make objects instead: a.b becomes [a][b], and separator has no effect."},
    {"recursive", plugin::Type::boolean, "false", "Go through the names inside of objects as well."},
    {"fields",
     plugin::Type::array,
     {},
     "The fields to rename, such as [\"a.b\", \"[outer][c.d]\"]; every top-level field without it."},
    {"tag_on_failure", plugin::Type::string, "\"_de_dot_error\"",
     "The tag for events with a name that cannot be changed."},
};

struct Config {
  std::string separator;
  bool nested = false;
  bool recursive = false;
  bool all = true;
  std::vector<std::string> fields;
  std::string failure_tag;
};

bool has_dot(std::string_view text) { return text.find('.') != std::string_view::npos; }

/// Changes the names of one event. References are handled as text, since a dot may become a step of them.
class Renamer {
 public:
  Renamer(const Config& config, Event& event) : config_(config), event_(event) {}

  Status rename(std::string_view name) {
    auto ref = parse(name);
    if (!ref.ok()) return ref.status();
    if (!event_.has(*ref)) return {};
    if (!config_.recursive && !has_dot(name)) return {};
    return rename(std::string(name), 0);
  }

 private:
  // Deeper objects than any decoder makes end the walk.
  static constexpr size_t kDeepest = 2048;

  Status rename(std::string name, size_t depth) {
    if (depth > kDeepest) return Status::error(Fault::filter, "objects are nested too deep");
    if (config_.nested || config_.recursive) {
      if (!name.starts_with('[')) name.insert(name.begin(), '[');
      if (!name.ends_with(']')) name += ']';
    }
    if (has_dot(name)) {
      std::string renamed = without_dots(name);
      if (auto status = move(name, renamed); !status.ok()) return status;
      name = std::move(renamed);
    }
    return config_.recursive ? rename_inside(name, depth) : Status{};
  }

  Status rename_inside(const std::string& name, size_t depth) {
    auto ref = parse(name);
    if (!ref.ok()) return ref.status();
    const Value* value = event_.get(*ref);
    if (!value || !value->is_object()) return {};
    std::vector<Key> keys;
    for (const auto& member : value->as_object()->all()) keys.push_back(member.key);
    for (const auto key : keys) {
      std::string inner = name;
      ((inner += '[') += key.text()) += ']';
      if (auto status = rename(std::move(inner), depth + 1); !status.ok()) return status;
    }
    return {};
  }

  Status move(const std::string& from, const std::string& to) {
    auto source = parse(from), target = parse(to), gone = parse(first_dotted(from));
    for (const auto* ref : {&source, &target, &gone})
      if (!ref->ok()) return ref->status();
    const Value* value = event_.get(*source);
    if (auto status = set_status(event_.set(*target, value ? *value : Value{}), *target); !status.ok())
      return status;
    event_.remove(*gone);
    return {};
  }

  [[nodiscard]] std::string without_dots(std::string_view name) const {
    const std::string_view separator = config_.nested ? "][" : std::string_view(config_.separator);
    std::string out;
    for (const char c : name)
      if (c == '.')
        out += separator;
      else
        out += c;
    return out;
  }

  // The reference up to its first name with a dot: what has to go, with all that stands below it.
  static std::string first_dotted(std::string_view name) {
    std::string out;
    while (!name.empty()) {
      const size_t end = std::min(name.find(']'), name.size());
      std::string step(name.substr(0, end));
      std::erase(step, '[');
      ((out += '[') += step) += ']';
      if (has_dot(step)) break;
      name.remove_prefix(std::min(end + 1, name.size()));
    }
    return out;
  }

  Result<FieldRef> parse(std::string_view text) { return FieldRef::parse(text, event_.arena()); }

  const Config& config_;
  Event& event_;
};

class DeDotWorker : public plugin::FilterWorker {
 public:
  explicit DeDotWorker(const Config& config) : config_(config) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      Status status = config_.all ? rename_all(*event) : rename_listed(*event);
      if (status.ok()) status = run.matched(*event);
      if (!status.ok()) fail(*event, status.message());
    }
  }

 private:
  Status rename_all(Event& event) {
    keys_.clear();
    for (const auto& member : event.fields().all())
      if (config_.recursive || has_dot(member.key.text())) keys_.push_back(member.key);
    Renamer renamer(config_, event);
    for (const auto key : keys_)
      if (auto status = renamer.rename(key.text()); !status.ok()) return status;
    return {};
  }

  Status rename_listed(Event& event) {
    Renamer renamer(config_, event);
    for (const auto& name : config_.fields)
      if (auto status = renamer.rename(name); !status.ok()) return status;
    return {};
  }

  void fail(Event& event, std::string_view why) {
    event.tag(config_.failure_tag);
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::warn(kLogger, "A field could not be renamed", {{"exception", why}, {"suppressed", suppressed}});
  }

  const Config& config_;
  std::vector<Key> keys_;
  WarningLimiter warnings_;
};

class DeDot : public plugin::Filter {
 public:
  explicit DeDot(plugin::Setup& setup) {
    const auto& options = setup.options;
    config_.separator = options.string("separator");
    config_.nested = options.boolean("nested");
    config_.recursive = options.boolean("recursive");
    config_.all = !options.given("fields");
    config_.fields = options.strings("fields");
    config_.failure_tag = options.string("tag_on_failure");
    if (has_dot(config_.separator))
      setup.error("separator", "E0306", "The separator cannot hold a dot",
                  "Dots are what the filter takes out of names: use \"_\", say.");
    for (const auto& name : config_.fields)
      FieldName::literal(name).check(setup, "fields", setup.options.span("fields"));
    if (config_.nested && options.given("separator"))
      setup.warning("separator", "W0307", "separator has no effect with nested", "Leave one of the two out.");
  }
  std::unique_ptr<plugin::FilterWorker> worker() override { return std::make_unique<DeDotWorker>(config_); }
  void flow(plugin::Flow& flow) const override {
    for (const auto& name : config_.fields) flow.reads(name, "fields");
    flow.writes_anything();
  }

 private:
  Config config_;
};

}  // namespace

extern const plugin::Spec filter_de_dot;
const plugin::Spec filter_de_dot{.kind = plugin::Kind::filter,
                                 .name = "de_dot",
                                 .summary = "Takes the dots out of field names.",
                                 .options = kOptions,
                                 .example = "filter { de_dot { nested => true } }",
                                 .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
                                   return std::make_unique<DeDot>(setup);
                                 }};

}  // namespace sluice::plugins
