// What the filters with Ruby code share: checking it, and saying what went wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugin/setup.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "ruby/code_check.hpp"

namespace sluice::plugins {

/// An option that holds Ruby code, and the parameters of the block that it becomes.
struct RubyOption {
  std::string_view option;
  std::string_view parameters;
};

/// Checks the code of all given options together; what is wrong is reported at its place in the config.
ruby::Inspection check_ruby(plugin::Setup& setup, std::initializer_list<RubyOption> options);

/// Checks a script file; what is wrong is reported at the option `path`.
ruby::Inspection check_ruby_file(plugin::Setup& setup, const std::string& path, std::string_view text);

/// "NoMethodError: undefined method ... (code:3:in filter_method)"
std::string describe(const ruby::Raised& raised);

/// Writes the log line for an exception that an event caused, ten seconds apart at least.
void log_ruby_exception(WarningLimiter& limiter, std::string_view logger, std::string_view message,
                        const ruby::Raised& raised);

}  // namespace sluice::plugins
