// The api.* settings, read and checked: where the monitoring API listens, and whom it answers.
#pragma once

#include "monitor/api.hpp"
#include "settings/settings.hpp"

namespace sluice::cli {

/// Errors name the setting and the remedy. Loads certificates; weak passwords are logged or refused as
/// api.auth.basic.password_policy.mode says. An address of other machines without authentication is refused
/// unless api.allow_unauthenticated is set.
Result<monitor::ApiOptions> api_options(const settings::Settings& settings);

/// Whether only this machine can reach what listens on `host`.
bool stays_here(const std::string& host);

}  // namespace sluice::cli
