// filter mask: personal data in texts is hidden.
#include <algorithm>
#include <array>

#include "base/log.hpp"
#include "base/nearest.hpp"
#include "plugin/searches.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/mutate_operation.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "plugins/mask/text_masker.hpp"

namespace sluice::plugins {
namespace {

using mask::Mode;
using mask::TextMasker;
using plugin::Type;

constexpr std::string_view kLogger = "sluice.filters.mask";

constexpr plugin::Option kOptions[] = {
    {"fields", Type::array, "[\"message\"]",
     "The fields to search; of objects and lists every text in them."},
    {"all_fields", Type::boolean, "false", "Search every text of the event but @metadata and the tags."},
    {"kinds", Type::array, "[\"email\", \"card\", \"iban\"]", "What to look for.", 0,
     "email|card|ip|iban|national_id"},
    {"countries", Type::array, "[\"br\", \"de\", \"es\", \"fr\", \"gb\", \"in\", \"it\", \"us\"]",
     "Whose identity numbers the kind national_id knows.", 0, "br|de|es|fr|gb|in|it|us"},
    {"patterns", Type::hash, "{}", "Kinds of your own: a name and a regular expression each."},
    {"mode", Type::string, "\"redact\"",
     "What to write in place of what was found: a label, a label with a keyed hash, or a harmless part.", 0,
     "redact|hash|partial"},
    {"modes", Type::hash, "{}", "The mode of single kinds, such as { \"card\" => \"partial\" }."},
    {"replacements", Type::hash, "{}", "The label of single kinds; the kind in brackets by default."},
    {"key", Type::password, {}, "The secret of the hashes (HMAC-SHA256)."},
    {"hash_length", Type::number, "16", "How many hex digits of a hash are written, 8 to 64."},
    {"timeout_millis", Type::number, "1000",
     "How long one of `patterns` may search a text; 0 for as long as it needs."},
    {"tag_on_failure", Type::array, "[\"_maskfailure\"]",
     "Tags for events with a text that could not be searched, of which nothing is shown then."},
};

struct Config {
  std::vector<FieldRef> fields;
  bool all_fields = false;
  std::vector<std::string> failure_tags;
  mask::Settings settings;
};

class MaskWorker : public plugin::FilterWorker {
 public:
  explicit MaskWorker(const Config& config)
      : config_(config), masker_(config.settings), counts_(config.settings.treatments.size()) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      masked_ = failed_ = false;
      if (config_.all_fields)
        mask_all(*event);
      else
        for (const auto& field : config_.fields)
          if (Value* value = event->get(field)) mask(*value, *event);
      if (failed_) fail(*event);
      if (!masked_) continue;
      if (const Status status = run.matched(*event); !status.ok())
        warn("A common option failed", status.message());
    }
    count(run.metrics());
  }

 private:
  void mask_all(Event& event) {
    const auto& names = Names::get();
    for (auto& member : event.fields().all())
      if (!(member.key == names.tags) && !(member.key == names.version)) mask(member.value, event);
  }

  void mask(Value& value, Event& event) {
    if (value.is_array()) {
      for (auto& item : value.as_array()->all()) mask(item, event);
    } else if (value.is_object()) {
      for (auto& member : value.as_object()->all()) mask(member.value, event);
    } else if (value.is_string()) {
      const auto outcome = masker_.mask(value.as_text());
      if (outcome == TextMasker::Outcome::clean) return;
      value = event.text(masker_.result());
      for (const auto& span : masker_.found()) ++counts_[span.kind];
      masked_ = masked_ || outcome == TextMasker::Outcome::masked;
      failed_ = failed_ || outcome == TextMasker::Outcome::failed;
    }
  }

  void count(plugin::PluginMetrics& metrics) {
    for (size_t kind = 0; kind < counts_.size(); ++kind)
      if (const uint64_t n = std::exchange(counts_[kind], 0))
        metrics.counter("masked." + config_.settings.treatments[kind].name).add(n);
  }

  void fail(Event& event) {
    for (const auto& tag : config_.failure_tags) event.tag(tag);
    warn("A text was taken out because it could not be searched",
         "a regular expression of patterns took too long or cannot be used on its bytes");
  }

  void warn(std::string_view what, std::string_view why) {
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed)) log::warn(kLogger, what, {{"reason", why}, {"suppressed", suppressed}});
  }

  const Config& config_;
  TextMasker masker_;
  std::vector<uint64_t> counts_;
  bool masked_ = false, failed_ = false;
  WarningLimiter warnings_;
};

class Mask : public plugin::Filter {
 public:
  explicit Mask(plugin::Setup& setup) {
    const auto& options = setup.options;
    config_.failure_tags = options.strings("tag_on_failure");
    config_.settings.timeout_millis = std::max<int64_t>(0, options.integer("timeout_millis"));
    read_fields(setup);
    read_kinds(setup);
    read_patterns(setup);
    read_modes(setup);
    read_labels(setup);
    read_key(setup);
  }
  std::unique_ptr<plugin::FilterWorker> worker() override { return std::make_unique<MaskWorker>(config_); }
  void flow(plugin::Flow& flow) const override {
    for (const auto& field : config_.fields) flow.reads(field.text(), "fields");
    flow.writes("tags");
  }
  void searches(plugin::Searches& searches) const override {
    for (const auto& regex : config_.settings.patterns)
      searches.add({"patterns", regex.pattern(), regex.pattern(), regex});
  }

 private:
  void read_fields(plugin::Setup& setup) {
    config_.all_fields = setup.options.boolean("all_fields");
    if (config_.all_fields) {
      if (setup.options.given("fields"))
        setup.error("fields", "E0307", "`fields` and `all_fields` exclude one another",
                    "Remove one of the two.");
      return;
    }
    for (const auto& name : setup.options.strings("fields")) {
      auto ref = FieldRef::parse(name);
      if (ref.ok())
        config_.fields.push_back(std::move(ref).value());
      else
        setup.error("fields", "E0304", ref.message(), "Write a field as `name` or as [outer][inner].");
    }
  }

  void read_kinds(plugin::Setup& setup) {
    for (const auto name : mask::kKindNames)
      config_.settings.treatments.push_back({std::string(name), Mode::redact, {}});
    for (const auto& name : setup.options.strings("kinds"))
      if (const auto kind = kind_of(name)) config_.settings.kinds |= 1u << *kind;
    config_.settings.countries = 0;
    for (const auto& code : setup.options.strings("countries"))
      if (const auto country = mask::country_of(code)) config_.settings.countries |= *country;
    if (setup.options.given("countries") && !(config_.settings.kinds >> mask::national_id & 1))
      setup.warning("countries", "W0308", "countries has no effect without the kind national_id",
                    "Add \"national_id\" to kinds.");
  }

  void read_patterns(plugin::Setup& setup) {
    for (const auto& [name, value] : setup.options.hash("patterns")) {
      if (kind_of(name))
        setup.error("patterns", "E0306", "`" + name + "` is a kind already",
                    "Give the pattern another name.");
      auto regex = match::Regex::compile(scalar_text(setup, "patterns", value));
      if (!regex.ok()) {
        setup.error("patterns", "E0301", regex.message()).span = value.span;
        continue;
      }
      config_.settings.treatments.push_back({name, Mode::redact, {}});
      config_.settings.patterns.push_back(std::move(regex).value());
    }
    if (config_.settings.kinds == 0 && config_.settings.patterns.empty())
      setup.error("kinds", "E0306", "There is nothing to look for", "Name a kind, or add one to `patterns`.");
  }

  void read_modes(plugin::Setup& setup) {
    for (auto& treatment : config_.settings.treatments)
      treatment.mode = mode_of(setup.options.string("mode")).value_or(Mode::redact);
    for (const auto& [name, value] : setup.options.hash("modes")) {
      const auto kind = kind_in(setup, "modes", name, value);
      const auto mode = mode_of(scalar_text(setup, "modes", value));
      if (!mode)
        setup.error("modes", "E0306", "The mode of `" + name + "` is none", "Write redact, hash or partial.")
            .span = value.span;
      else if (kind)
        config_.settings.treatments[*kind].mode = *mode;
    }
    const auto& treatments = config_.settings.treatments;
    for (size_t kind = mask::first_own; kind < treatments.size(); ++kind)
      if (treatments[kind].mode == Mode::partial)
        setup.error(
            setup.options.given("modes") ? "modes" : "mode", "E0306",
            "Which part of `" + treatments[kind].name + "` may be shown is not known",
            "Set its mode in `modes`: { \"" + treatments[kind].name + "\" => \"redact\" } or \"hash\".");
  }

  void read_labels(plugin::Setup& setup) {
    for (auto& treatment : config_.settings.treatments) treatment.label = "[" + treatment.name + "]";
    for (const auto& [name, value] : setup.options.hash("replacements"))
      if (const auto kind = kind_in(setup, "replacements", name, value))
        config_.settings.treatments[*kind].label = scalar_text(setup, "replacements", value);
  }

  void read_key(plugin::Setup& setup) {
    const auto& options = setup.options;
    const int64_t length = options.integer("hash_length");
    if (length < 8 || length > 64)
      setup.error("hash_length", "E0306", "hash_length is not between 8 and 64", "Write 16, say.");
    config_.settings.hash_length = static_cast<size_t>(length);
    config_.settings.key = options.string("key");
    const auto& treatments = config_.settings.treatments;
    const bool hashes = std::any_of(treatments.begin(), treatments.end(),
                                    [](const auto& treatment) { return treatment.mode == Mode::hash; });
    if (hashes && config_.settings.key.empty())
      setup.error("key", "E0308", "The mode hash needs `key`: without a secret, short values can be guessed",
                  "Add key => \"${MASK_KEY}\" with a long random text.");
    if (!hashes && options.given("key"))
      setup.warning("key", "W0308", "key has no effect without the mode hash",
                    "Set mode => \"hash\", or remove the key.");
  }

  static std::optional<Mode> mode_of(std::string_view name) {
    if (name == "redact") return Mode::redact;
    if (name == "hash") return Mode::hash;
    if (name == "partial") return Mode::partial;
    return {};
  }

  static std::optional<size_t> kind_of(std::string_view name) {
    const auto* found = std::find(std::begin(mask::kKindNames), std::end(mask::kKindNames), name);
    if (found == std::end(mask::kKindNames)) return {};
    return static_cast<size_t>(found - std::begin(mask::kKindNames));
  }

  // The kind that an entry of a hash is about: a built-in one or one of `patterns`.
  std::optional<size_t> kind_in(plugin::Setup& setup, std::string_view option, const std::string& name,
                                const lang::Value& value) const {
    std::vector<std::string_view> names;
    for (size_t kind = 0; kind < config_.settings.treatments.size(); ++kind) {
      names.push_back(config_.settings.treatments[kind].name);
      if (names.back() == name) return kind;
    }
    const auto near = nearest(name, names);
    setup
        .error(option, "E0306", "`" + name + "` is neither a kind nor one of `patterns`",
               near ? "Did you mean `" + *near + "`?" : std::string())
        .span = value.span;
    return {};
  }

  Config config_;
};

}  // namespace

extern const plugin::Spec filter_mask;
const plugin::Spec filter_mask{
    .kind = plugin::Kind::filter,
    .name = "mask",
    .summary = "Hides personal data in texts: addresses, card and account numbers, identity numbers.",
    .options = kOptions,
    .example =
        "filter { mask { kinds => [\"email\", \"card\", \"ip\"] modes => { \"card\" => \"partial\" } } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Mask>(setup);
    }};

}  // namespace sluice::plugins
