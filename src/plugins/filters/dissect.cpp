// filter dissect: takes a text apart at fixed delimiters, without regular expressions.
#include <algorithm>
#include <charconv>

#include "base/log.hpp"
#include "match/numbers.hpp"
#include "plugin/spec.hpp"
#include "plugins/dissect/pattern.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/mutate_operation.hpp"
#include "plugins/filters/value_place.hpp"

namespace sluice::plugins {
namespace {

using dissect::FieldKind;
using plugin::Type;

constexpr std::string_view kLogger = "logstash.filters.dissect";
constexpr size_t kShown = 200;

constexpr plugin::Option kOptions[] = {
    {"mapping", Type::hash, "{}", "Fields, and the pattern that takes the text of each apart."},
    {"convert_datatype", Type::hash, "{}", "Fields whose text becomes a number: `int` or `float`."},
    {"tag_on_failure", Type::array, "[\"_dissectfailure\"]",
     "Tags for events whose text does not fit its pattern."},
};

struct Mapping {
  FieldName source;
  std::string text;  // of the pattern
  dissect::Pattern pattern;
  std::vector<FieldName> targets;  // of each field of the pattern
};

struct Conversion {
  FieldName field;
  bool real = false;
  std::string null_tag, failure_tag;
};

struct Config {
  std::vector<Mapping> mappings;
  std::vector<Conversion> conversions;
  std::vector<std::string> failure_tags;
};

class DissectWorker : public plugin::FilterWorker {
 public:
  explicit DissectWorker(const Config& config) : config_(config) {
    size_t most = 0;
    for (const auto& mapping : config.mappings) most = std::max(most, mapping.pattern.fields().size());
    parts_.resize(most);
  }

  void filter(plugin::FilterRun& run) override {
    if (!matches_) {
      matches_ = &run.metrics().counter("matches");
      failures_ = &run.metrics().counter("failures");
    }
    matched_ = failed_ = 0;
    for (auto* event : run.events()) {
      Status status = apply_mappings(*event, run);
      if (status.ok()) status = convert(*event);
      if (status.ok()) continue;
      // What Logstash meets as an exception: the rest is left undone.
      fail(*event);
      warn("Dissect threw an exception", "exception", status.message());
    }
    if (matched_) matches_->add(matched_);
    if (failed_) failures_->add(failed_);
  }

 private:
  Status apply_mappings(Event& event, plugin::FilterRun& run) {
    for (const auto& mapping : config_.mappings) {
      FieldRef made;
      const FieldRef* source = nullptr;
      if (Status status = mapping.source.resolve(event, made, source); !status.ok()) return status;
      const Value* found = event.get(*source);
      if (!found) {
        ++failed_;
        warn("Dissector mapping, field not found in event", "field", mapping.source.text());
        continue;
      }
      const Value text = text_of(*found, event);
      if (!mapping.pattern.split(text.as_text(), parts_.data())) {
        fail(event);
        warn(text.as_text().empty() ? "Dissector mapping, field found in event but it was empty"
                                    : "Dissector mapping, pattern not found",
             "field", mapping.source.text(), text.as_text());
        continue;
      }
      if (Status status = store(mapping, event, text.plain()); !status.ok()) return status;
      if (Status status = run.matched(event); !status.ok()) return status;
      ++matched_;
    }
    return {};
  }

  Value text_of(const Value& value, const Event& event) {
    if (value.is_string()) return value;
    if (value.is_null()) return Value::string("");
    scratch_.clear();
    append_ruby_text(value, scratch_);
    return event.text(scratch_);
  }

  Status store(const Mapping& mapping, Event& event, bool plain) {
    for (const size_t i : mapping.pattern.saved()) {
      FieldRef made;
      const FieldRef* target = nullptr;
      if (Status status = mapping.targets[i].resolve(event, made, target); !status.ok()) return status;
      const Value value = Value::string(parts_[i], plain);
      Status status;
      switch (mapping.pattern.fields()[i].kind) {
        case FieldKind::append:
          status = append(mapping, i, *target, value, event);
          break;
        case FieldKind::indirect:
          status = set_indirect(mapping, i, *target, value, event);
          break;
        default:
          status = set_status(event.set(*target, value), *target);
      }
      if (!status.ok()) return status;
    }
    return {};
  }

  Status append(const Mapping& mapping, size_t i, const FieldRef& target, const Value& value, Event& event) {
    const Value* old = event.get(target);
    if (!old) return set_status(event.set(target, value), target);
    if (old->is_null()) return Status::error(Fault::filter, target.text() + ": nothing can be added to null");
    std::string_view before;
    if (old->is_string()) {
      before = old->as_text();
    } else {
      scratch_.clear();
      append_java_object_text(*old, scratch_);
      before = scratch_;
    }
    const std::string_view joint = mapping.pattern.joint(i);
    const size_t size = before.size() + joint.size() + value.as_text().size();
    if (size > UINT32_MAX) return Status::error(Fault::filter, target.text() + ": the text grows too long");
    char* const joined = event.arena().array<char>(size);
    char* at = std::copy(before.begin(), before.end(), joined);
    at = std::copy(joint.begin(), joint.end(), at);
    std::copy(value.as_text().begin(), value.as_text().end(), at);
    return set_status(event.set(target, Value::string({joined, size})), target);
  }

  // The name is the value of a field of the event, else the text of another field of the pattern.
  Status set_indirect(const Mapping& mapping, size_t i, const FieldRef& named, const Value& value,
                      Event& event) {
    std::string_view name;
    if (const Value* holder = event.get(named)) {
      scratch_.clear();
      append_java_object_text(*holder, scratch_);
      name = scratch_;
    } else {
      const auto& fields = mapping.pattern.fields();
      for (size_t other = 0; other < fields.size(); ++other) {
        if (other == i || fields[other].name != fields[i].name) continue;
        name = parts_[other];
        break;
      }
    }
    if (name.empty()) return {};
    auto ref = FieldRef::parse(name, event.arena());
    if (!ref.ok()) return ref.status();
    return set_status(event.set(*ref, value), *ref);
  }

  Status convert(Event& event) {
    for (const auto& conversion : config_.conversions) {
      FieldRef made;
      const FieldRef* field = nullptr;
      if (Status status = conversion.field.resolve(event, made, field); !status.ok()) return status;
      const Value* old = event.get(*field);
      Value number;
      if (!old || old->is_null()) {
        event.tag(conversion.null_tag);
        warn("Dissector datatype conversion, field does not exist or value is nil", "field", field->text());
      } else if (conversion.real ? real_of(*old, event.arena(), number)
                                 : integer_of(*old, event.arena(), number)) {
        if (Status status = set_status(event.set(*field, number), *field); !status.ok()) return status;
      } else {
        event.tag(conversion.failure_tag);
        warn("Dissector datatype conversion, value cannot be coerced", "field", field->text(),
             old->is_string() ? old->as_text() : std::string_view{});
      }
    }
    return {};
  }

  static Value value_of(const match::Integer& number, Arena& arena) {
    return number.fits() ? Value::integer(number.value) : Value::decimal(arena.copy(number.big));
  }

  static bool integer_of(const Value& value, Arena& arena, Value& out) {
    std::optional<match::Integer> number;
    if (value.kind() == Value::Kind::integer) {
      out = value;
      return true;
    }
    if (value.kind() == Value::Kind::real)
      number = match::convert_to_integer(value.as_real());
    else if (value.is_string() || value.kind() == Value::Kind::decimal)
      number = match::big_decimal_to_integer(value.as_text());
    if (number) out = value_of(*number, arena);
    return number.has_value();
  }

  static bool real_of(const Value& value, Arena& arena, Value& out) {
    out = value;
    if (value.is_number()) return true;
    if (!value.is_string()) return false;
    const auto number = match::parse_big_decimal(value.as_text());
    if (!number) return false;
    switch (number->kind) {
      case match::BigDecimal::Kind::integer:
        out = value_of(number->integer, arena);
        break;
      case match::BigDecimal::Kind::real:
        out = Value::real(number->real);
        break;
      case match::BigDecimal::Kind::text:
        out = Value::decimal(arena.copy(number->text));
        break;
    }
    return true;
  }

  void fail(Event& event) {
    ++failed_;
    for (const auto& tag : config_.failure_tags) event.tag(tag);
  }

  void warn(std::string_view what, std::string_view key, std::string_view value, std::string_view text = {}) {
    uint64_t suppressed = 0;
    if (!warnings_.allow(suppressed)) return;
    log::warn(kLogger, what, {{key, value}, {"value", text.substr(0, kShown)}, {"suppressed", suppressed}});
  }

  const Config& config_;
  std::vector<std::string_view> parts_;
  std::string scratch_;
  WarningLimiter warnings_;
  uint64_t matched_ = 0, failed_ = 0;
  plugin::Counter* matches_ = nullptr;
  plugin::Counter* failures_ = nullptr;
};

class Dissect : public plugin::Filter {
 public:
  explicit Dissect(plugin::Setup& setup) {
    config_.failure_tags = setup.options.strings("tag_on_failure");
    for (const auto& [field, value] : setup.options.hash("mapping")) add_mapping(setup, field, value);
    for (const auto& [field, value] : setup.options.hash("convert_datatype"))
      add_conversion(setup, field, value);
  }

  std::unique_ptr<plugin::FilterWorker> worker() override { return std::make_unique<DissectWorker>(config_); }
  void flow(plugin::Flow& flow) const override;

 private:
  void add_mapping(plugin::Setup& setup, const std::string& field, const lang::Value& value);
  void add_conversion(plugin::Setup& setup, const std::string& field, const lang::Value& value);

  Config config_;
};

void Dissect::add_mapping(plugin::Setup& setup, const std::string& field, const lang::Value& value) {
  Mapping mapping{FieldName::literal(field), scalar_text(setup, "mapping", value), {}, {}};
  if (mapping.text.empty()) return;  // Logstash passes such a mapping by
  mapping.source.check(setup, "mapping", value.span);
  dissect::Remark error;
  std::vector<dissect::Remark> doubts;
  if (!dissect::Pattern::compile(mapping.text, mapping.pattern, error, doubts)) {
    setup.error("mapping", "E0306", error.message, error.help).span =
        place_in(value, error.place.begin, error.place.end);
    return;
  }
  for (const auto& doubt : doubts)
    setup.warning("mapping", "W0306", doubt.message, doubt.help).span =
        place_in(value, doubt.place.begin, doubt.place.end);
  for (const auto& part : mapping.pattern.fields()) {
    mapping.targets.push_back(FieldName::literal(part.name));
    if (part.kind != FieldKind::skip)
      mapping.targets.back().check(setup, "mapping", place_in(value, part.place.begin, part.place.end));
  }
  config_.mappings.push_back(std::move(mapping));
}

void Dissect::add_conversion(plugin::Setup& setup, const std::string& field, const lang::Value& value) {
  const std::string type = scalar_text(setup, "convert_datatype", value);
  std::string lower = type;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  if (lower != "int" && lower != "float") {
    setup
        .error("convert_datatype", "E0306", "Dissector datatype conversion, datatype not supported: " + type,
               "Use `int` or `float`.")
        .span = value.span;
    return;
  }
  Conversion conversion{FieldName::literal(field), lower == "float", "_dataconversionnullvalue_", {}};
  conversion.field.check(setup, "convert_datatype", value.span);
  conversion.failure_tag = "_dataconversionuncoercible_" + field + "_" + type;
  conversion.null_tag += field + "_" + type;
  config_.conversions.push_back(std::move(conversion));
}

void Dissect::flow(plugin::Flow& flow) const {
  std::vector<std::string> written;
  for (const auto& mapping : config_.mappings) {
    flow.reads(mapping.source.text(), "mapping");
    for (const size_t i : mapping.pattern.saved()) {
      if (mapping.pattern.fields()[i].kind == FieldKind::indirect) {
        flow.writes_anything();
      } else {
        flow.writes(mapping.targets[i].text());
        written.push_back(mapping.targets[i].text());
      }
    }
  }
  for (const auto& conversion : config_.conversions) {
    const auto& name = conversion.field.text();
    if (std::find(written.begin(), written.end(), name) == written.end())
      flow.reads(name, "convert_datatype");
  }
  flow.writes("tags");
}

}  // namespace

extern const plugin::Spec filter_dissect;
const plugin::Spec filter_dissect{
    .kind = plugin::Kind::filter,
    .name = "dissect",
    .summary = "Takes a text apart at fixed delimiters, without regular expressions.",
    .options = kOptions,
    .example = "filter { dissect { mapping => { \"message\" => \"%{ts} %{+ts} %{level->} %{msg}\" } } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Dissect>(setup);
    }};

}  // namespace sluice::plugins
