// The options of filter tenant, read and checked.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/template.hpp"
#include "match/regex.hpp"
#include "plugin/setup.hpp"
#include "plugins/filters/tenant_limits.hpp"

namespace sluice::plugins {

/// The places where a tenant's name is looked for.
struct TenantSource {
  FieldRef field;
  std::optional<Template> text;  // instead of the field
  bool subject = false;          // of a certificate
};

enum class OnRefused : uint8_t { use_default, drop, tag, dead_letter };
enum class OnLimit : uint8_t { wait, drop, tag, dead_letter };

struct TenantConfig {
  std::vector<TenantSource> sources;
  std::string attribute;
  std::optional<std::string> fallback;
  bool normalize = true;
  TextMap<std::string> map;
  TextMap<bool> allowed;
  std::optional<match::Regex> allow_pattern;
  std::string allow_pattern_text;  // as the config has it
  OnRefused on_refused = OnRefused::tag;
  std::vector<std::string> refused_tags;
  FieldRef target;
  TenantRate rate;  // of all tenants but those in `rates`
  TextMap<TenantRate> rates;
  OnLimit on_limit = OnLimit::wait;
  std::vector<std::string> limited_tags;

  [[nodiscard]] bool restricted() const { return !allowed.empty() || allow_pattern; }
  [[nodiscard]] bool limits() const { return rate.limited() || !rates.empty(); }
  [[nodiscard]] const TenantRate& rate_of(std::string_view tenant) const {
    const auto own = rates.find(tenant);
    return own == rates.end() ? rate : own->second;
  }
};

/// Problems are reported to `setup`.
TenantConfig read_tenant_config(plugin::Setup& setup);

}  // namespace sluice::plugins
