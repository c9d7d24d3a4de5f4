#include "plugins/filters/tenant_config.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/time.hpp"
#include "plugins/filters/tenant_name.hpp"

namespace sluice::plugins {
namespace {

constexpr double kMostPerSecond = 1e12;
constexpr double kMostBurst = 86'400;  // seconds

class Reader {
 public:
  explicit Reader(plugin::Setup& setup) {
    config_.normalize = setup.options.boolean("normalize");
    config_.refused_tags = setup.options.strings("tag_on_refused");
    config_.target = setup.field("target");
    add_sources(setup);
    add_names(setup);
    add_refusal(setup);
    add_limits(setup);
    add_limit_action(setup);
  }
  TenantConfig take() { return std::move(config_); }

 private:
  void add_sources(plugin::Setup& setup) {
    config_.attribute = setup.options.string("certificate_attribute");
    for (const auto& item : setup.options.items("source")) {
      TenantSource source;
      if (item.text.find("%{") != std::string::npos) {
        source.text = Template(item.text);
        if (const auto problem = source.text->problem(); !problem.empty())
          setup.error("source", "E0304", "The source cannot be filled in: " + std::string(problem)).span =
              item.span;
      } else if (auto ref = FieldRef::parse(item.text); ref.ok()) {
        source.field = std::move(ref).value();
      } else {
        setup.error("source", "E0304", ref.message(), "Write a field as `name` or as [outer][inner].").span =
            item.span;
      }
      const auto& steps = source.field.steps();
      const auto last = steps.empty() ? std::string_view{} : steps.back().key.text();
      source.subject = last == "subject" || last == "sslsubject";
      config_.sources.push_back(std::move(source));
    }
    if (config_.sources.empty())
      setup.error("source", "E0306", "The list of sources is empty",
                  "Name at least one field, such as [tenant_id].");
  }

  // A tenant's name as the config writes it.
  std::string legal_name(plugin::Setup& setup, std::string_view option, const std::string& written,
                         Span span) {
    std::string name = written;
    if (config_.normalize ? normalize_tenant(written, name) : tenant_name_legal(written)) return name;
    setup
        .error(option, "E0306", "\"" + written + "\" cannot be a tenant: it becomes part of an index name",
               "Use small letters, digits, `-`, `_` and `.`, begin with a letter or digit, and at most 100 "
               "bytes.")
        .span = span;
    return {};
  }

  void add_names(plugin::Setup& setup) {
    const auto& options = setup.options;
    if (const auto fallback = options.maybe_string("default"))
      config_.fallback = legal_name(setup, "default", *fallback, options.span("default"));
    for (const auto& [found, tenant] : options.hash("map"))
      config_.map.emplace(found, legal_name(setup, "map", tenant.text, tenant.span));
    for (const auto& item : options.items("allow"))
      config_.allowed.emplace(legal_name(setup, "allow", item.text, item.span), true);
    if (const auto pattern = options.maybe_string("allow_pattern")) {
      auto regex = match::Regex::compile("\\A(?:" + *pattern + ")\\z");
      if (regex.ok()) {
        config_.allow_pattern = std::move(regex).value();
        config_.allow_pattern_text = *pattern;
      } else {
        setup.error("allow_pattern", "E0301", "The regular expression is not valid: " + regex.message());
      }
    }
  }

  void add_refusal(plugin::Setup& setup) {
    const std::string choice = setup.options.string("on_refused");
    config_.on_refused = choice == "drop"                          ? OnRefused::drop
                         : choice == "tag"                         ? OnRefused::tag
                         : choice == "dead_letter"                 ? OnRefused::dead_letter
                         : choice == "default" || config_.fallback ? OnRefused::use_default
                                                                   : OnRefused::tag;
    if (choice == "default" && !config_.fallback)
      setup.error("on_refused", "E0308", "on_refused => \"default\" needs the option default",
                  "Add default => \"NAME\", or choose drop or tag.");
    if (config_.fallback && config_.restricted() && choice.empty())
      setup.warning("allow", "W0306",
                    "Events of tenants that are refused go to the tenant \"" + *config_.fallback + "\"",
                    "Say so with on_refused => \"default\", or keep them apart with on_refused => \"tag\" or "
                    "\"drop\".");
  }

  // Reads a number of a limit into `to`, which stays as it is after an error. `name` is what the config calls
  // it.
  static void read_amount(plugin::Setup& setup, std::string_view option, std::string_view name,
                          const lang::Value& value, double& to) {
    const double most = name == "burst_seconds" ? kMostBurst : kMostPerSecond;
    double number = -1;
    if (name == "bytes_per_second") {
      const auto bytes = value.scalar() ? parse_bytes(value.text) : std::nullopt;
      number = bytes ? static_cast<double>(*bytes) : -1;
    } else if (value.scalar()) {
      const char* end = value.text.data() + value.text.size();
      const auto read = std::from_chars(value.text.data(), end, number);
      if (read.ec != std::errc() || read.ptr != end) number = -1;
    }
    if (number >= 0 && number <= most) {
      to = number;
      return;
    }
    setup
        .error(option, "E0306", fmt::format("{} has to be a number from 0 to {:.0f}", name, most),
               name == "bytes_per_second" ? "Write it as 500000 or \"5mb\"."
                                          : "Write it as 1000 or 0.5, without a unit.")
        .span = value.span;
  }

  void add_limits(plugin::Setup& setup) {
    for (const auto& [name, place] : places(config_.rate))
      read_amount(setup, name, name, setup.options.entry(name).value, *place);
    for (const auto& [tenant, limits] : setup.options.hash("limits")) {
      TenantRate rate = config_.rate;
      if (limits.kind == lang::Value::Kind::hash)
        for (const auto& entry : limits.entries) add_limit(setup, entry, rate);
      else
        setup
            .error("limits", "E0306", "The limits of \"" + tenant + "\" are not a list of names and numbers",
                   "Write limits => { \"" + tenant + "\" => { \"events_per_second\" => 1000 } }.")
            .span = limits.span;
      config_.rates.insert_or_assign(legal_name(setup, "limits", tenant, limits.span), rate);
    }
  }

  static std::array<std::pair<std::string_view, double*>, 3> places(TenantRate& rate) {
    return {{{"events_per_second", &rate.events},
             {"bytes_per_second", &rate.bytes},
             {"burst_seconds", &rate.burst}}};
  }

  static void add_limit(plugin::Setup& setup, const lang::HashEntry& entry, TenantRate& rate) {
    for (const auto& [name, place] : places(rate))
      if (entry.key.text == name) return read_amount(setup, "limits", name, entry.value, *place);
    setup
        .error("limits", "E0306", "A tenant has no limit named \"" + entry.key.text + "\"",
               "There are events_per_second, bytes_per_second and burst_seconds.")
        .span = entry.key.span;
  }

  void add_limit_action(plugin::Setup& setup) {
    const std::string choice = setup.options.string("on_limit");
    config_.on_limit = choice == "drop"          ? OnLimit::drop
                       : choice == "tag"         ? OnLimit::tag
                       : choice == "dead_letter" ? OnLimit::dead_letter
                                                 : OnLimit::wait;
    config_.limited_tags = setup.options.strings("tag_on_limit");
    for (const auto* option : {"on_limit", "burst_seconds"})
      if (setup.options.given(option) && !config_.limits())
        setup.error(option, "E0308", std::string(option) + " needs a limit",
                    "Add events_per_second or bytes_per_second, or remove it.");
    if (setup.options.given("tag_on_limit") && config_.on_limit != OnLimit::tag)
      setup.error("tag_on_limit", "E0308", "tag_on_limit needs on_limit => \"tag\"",
                  "Add that, or remove it.");
    const auto no_burst = [](const TenantRate& rate) { return rate.limited() && rate.burst <= 0; };
    bool none = no_burst(config_.rate);
    for (const auto& [tenant, rate] : config_.rates) none = none || no_burst(rate);
    if (none)
      setup.error("burst_seconds", "E0306", "With burst_seconds => 0 nothing would ever pass",
                  "Write how many seconds of its limit a tenant may send at once, such as 1.");
  }

  TenantConfig config_;
};

}  // namespace

TenantConfig read_tenant_config(plugin::Setup& setup) { return Reader(setup).take(); }

}  // namespace sluice::plugins
