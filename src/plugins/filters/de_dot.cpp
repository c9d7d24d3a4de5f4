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

bool has_bracket(std::string_view text) { return text.find_first_of("[]") != std::string_view::npos; }

/// Changes the names of one event.
class Renamer {
 public:
  Renamer(const Config& config, Event& event) : config_(config), event_(event), arena_(event.arena()) {}

  /// Every name of the top level, and with recursive of all below it.
  Status rename_all() {
    // A name with brackets is read as a reference, which may be illegal or be that of another field.
    const auto all = event_.fields().all();
    if (std::any_of(all.begin(), all.end(), [](const Member& m) { return has_bracket(m.key.text()); })) {
      std::vector<Key> keys;
      for (const auto& member : all)
        if (has_bracket(member.key.text())) keys.push_back(member.key);
      for (const auto key : keys)
        if (auto status = rename(key.text()); !status.ok()) return status;
    }
    return rename_members(event_.fields(), true, 0);
  }

  /// One field, by its reference.
  Status rename(std::string_view name) {
    auto ref = FieldRef::parse(name, arena_);
    if (!ref.ok()) return ref.status();
    if (!event_.has(*ref)) return {};
    if (has_dot(name))
      if (auto status = move(name, *ref); !status.ok()) return status;
    if (!config_.recursive) return {};
    ref = FieldRef::parse(renamed(name), arena_);
    Value* value = ref.ok() ? event_.get(*ref) : nullptr;
    return value && value->is_object() ? rename_members(*value->as_object(), false, 1) : Status{};
  }

 private:
  static constexpr size_t kDeepest = 2048;  // deeper than any decoder goes
  static constexpr uint32_t kNarrow = 64;   // up to here names are looked for one by one

  Status rename_members(Object& object, bool root, size_t depth) {
    if (depth > kDeepest) return Status::error(Fault::filter, "objects are nested too deep");
    if (auto status = rename_level(object, root); !status.ok() || !config_.recursive) return status;
    for (auto& member : object.all()) {
      if (!root && has_bracket(member.key.text())) return illegal(member.key.text());
      if (!member.value.is_object()) continue;
      if (auto status = rename_members(*member.value.as_object(), false, depth + 1); !status.ok())
        return status;
    }
    return {};
  }

  // Members with a dot are taken out and put back behind the others under their new name, so that theirs is
  // the value that counts when the name is there already. Behind a name that cannot be changed all stay.
  Status rename_level(Object& object, bool root) {
    const auto dotted = [](const Member& m) { return has_dot(m.key.text()) && !has_bracket(m.key.text()); };
    const auto all = object.all();
    const auto count = static_cast<size_t>(std::count_if(all.begin(), all.end(), dotted));
    if (count == 0) return {};
    auto* taken = arena_.array<Member>(count);
    std::copy_if(all.begin(), all.end(), taken, dotted);
    object.size = static_cast<uint32_t>(std::remove_if(all.begin(), all.end(), dotted) - all.begin());
    Status status;
    for (size_t i = 0; i < count; ++i) {
      if (status.ok()) status = put(object, root, taken[i]);
      if (!status.ok()) object.append(arena_, taken[i].key, taken[i].value);
    }
    if (object.size > kNarrow) object.merge_duplicates();
    return status;
  }

  Status put(Object& object, bool root, const Member& member) {
    if (config_.nested) return put_nested(object, member);
    const std::string name = without_dots(member.key.text());
    if (has_bracket(name)) return illegal(name);
    const Key key = Key::of(name, arena_);
    const auto& names = Names::get();
    if (root && (key == names.tags || key == names.timestamp || key == names.metadata)) {
      const auto ref = FieldRef::of(name);
      return set_status(event_.set(ref, member.value), ref);
    }
    if (object.size > kNarrow)
      object.append(arena_, key, member.value);
    else
      object.set(arena_, key, member.value);
    return {};
  }

  Status put_nested(Object& object, const Member& member) {
    Object* at = &object;
    std::string_view rest = member.key.text();
    if (rest.starts_with('.') || rest.ends_with('.') || rest.find("..") != std::string_view::npos)
      return illegal(rest);
    for (size_t dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
      const Key key = Key::of(rest.substr(0, dot), arena_);
      rest.remove_prefix(dot + 1);
      Value* next = at->find(key);
      if (!next || next->is_null()) {
        at->set(arena_, key, Value::object(Object::make(arena_, 4)));
        next = at->find(key);
      }
      if (!next->is_object())
        return Status::error(Fault::filter, std::string(member.key.text()) + ": " +
                                                std::string(describe(SetError::not_a_container)));
      at = next->as_object();
    }
    at->set(arena_, Key::of(rest, arena_), member.value);
    return {};
  }

  // A listed reference, in which a dot may become a step.
  Status move(std::string_view from, const FieldRef& source) {
    auto target = FieldRef::parse(renamed(from), arena_);
    auto gone = FieldRef::parse(first_dotted(from), arena_);
    for (const auto* ref : {&target, &gone})
      if (!ref->ok()) return ref->status();
    const Value* value = event_.get(source);
    if (auto status = set_status(event_.set(*target, value ? *value : Value{}), *target); !status.ok())
      return status;
    event_.remove(*gone);
    return {};
  }

  [[nodiscard]] std::string renamed(std::string_view reference) const {
    if (!config_.nested || reference.starts_with('[')) return without_dots(reference);
    return "[" + without_dots(reference) + "]";
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

  static Status illegal(std::string_view name) {
    return Status::error(Fault::filter, "Invalid FieldReference: `" + std::string(name) + "`");
  }

  const Config& config_;
  Event& event_;
  Arena& arena_;
};

class DeDotWorker : public plugin::FilterWorker {
 public:
  explicit DeDotWorker(const Config& config) : config_(config) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      Renamer renamer(config_, *event);
      Status status = config_.all ? renamer.rename_all() : rename_listed(renamer);
      if (status.ok()) status = run.matched(*event);
      if (!status.ok()) fail(*event, status.message());
    }
  }

 private:
  Status rename_listed(Renamer& renamer) {
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
  WarningLimiter warnings_;
};

class DeDot : public plugin::Filter {
 public:
  explicit DeDot(plugin::Setup& setup) {
    const auto& options = setup.options;
    config_.separator = options.string("separator");
    config_.nested = options.boolean("nested") || config_.separator == "][";
    config_.recursive = options.boolean("recursive");
    config_.all = !options.given("fields");
    config_.fields = options.strings("fields");
    config_.failure_tag = options.string("tag_on_failure");
    if (has_dot(config_.separator))
      setup.error("separator", "E0306", "The separator cannot hold a dot",
                  "Dots are what the filter takes out of names: use \"_\", say.");
    for (const auto& name : config_.fields)
      FieldName::literal(name).check(setup, "fields", setup.options.span("fields"));
    if (options.boolean("nested") && options.given("separator"))
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
