// Settings: logstash.yml, pipelines.yml, and the command line above them, as Logstash names them.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "settings/keystore.hpp"

namespace sluice::settings {

enum class Type : uint8_t { string, boolean, number, bytes, duration, port_range, list };

/// One known setting.
struct Known {
  std::string_view name;  // "pipeline.batch.size"
  Type type;
  std::string_view fallback;      // as text; empty: unset
  std::string_view doc;           // one sentence
  bool per_pipeline = false;      // also legal in pipelines.yml
  std::string_view refused = {};  // not empty: known to Logstash, and why it cannot be set here (yet)
};

/// All known settings, for help and documentation.
std::span<const Known> known_settings();
const Known* find_setting(std::string_view name);

/// A set of values by name. Getters fall back to the default.
class Settings {
 public:
  /// Checks the name ("did you mean") and the type. `where` is what the error names: a file, or the flag.
  Status set(std::string_view name, std::string value, std::string_view where);
  [[nodiscard]] bool given(std::string_view name) const { return values_.count(std::string(name)) != 0; }
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] bool boolean(std::string_view name) const { return text(name) == "true"; }
  [[nodiscard]] int64_t number(std::string_view name) const;
  [[nodiscard]] int64_t bytes(std::string_view name) const;
  [[nodiscard]] int64_t millis(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, std::string>& values() const { return values_; }
  /// The values of `above` over these.
  void overlay(const Settings& above);

 private:
  std::map<std::string, std::string> values_;
};

/// Reads DIR/logstash.yml (nested or dotted keys, ${VAR} and ${VAR:default}). A missing file is no error.
Status load_file(const std::string& path, Settings& settings,
                 const Variables& variables = environment_variable);

/// One entry of pipelines.yml over the process's settings; ${VAR} there is of the environment alone, as in
/// Logstash.
Result<std::vector<Settings>> load_pipelines(const std::string& path, const Settings& process);

/// Milliseconds of an age such as "3d", "12h", "5m" or "90s".
std::optional<int64_t> parse_age_millis(std::string_view text);

/// Replaces ${VAR} and ${VAR:default} by what `variables` knows; an undefined variable without default is an
/// error that names it.
Result<std::string> substitute(std::string_view text, const Variables& variables = environment_variable);

}  // namespace sluice::settings
