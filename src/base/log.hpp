// Log lines as Logstash prints them, plain or JSON, on standard error or in files under path.logs.
//
//   log::info("logstash.agent", "Pipelines running", {{"count", 1}, {"running_pipelines", "main"}});
//   [2026-11-21T02:53:47,687][INFO ][logstash.agent           ] Pipelines running {:count=>1, ...}
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::log {

enum class Level { trace, debug, info, warn, error, fatal };

/// One named value of a line; numbers and booleans stay unquoted.
struct Param {
  std::string name;
  std::string text;
  bool quoted;
  Param(std::string_view n, std::string_view v) : name(n), text(v), quoted(true) {}
  Param(std::string_view n, const char* v) : name(n), text(v), quoted(true) {}
  Param(std::string_view n, const std::string& v) : name(n), text(v), quoted(true) {}
  Param(std::string_view n, bool v) : name(n), text(v ? "true" : "false"), quoted(false) {}
  template <class T>
  requires std::is_arithmetic_v<T> Param(std::string_view n, T v)
      : name(n), text(std::to_string(v)), quoted(false) {}
};
using Params = std::vector<Param>;

struct Options {
  Level level = Level::info;
  bool json = false;
  std::string directory;       // path.logs; empty: standard error only
  bool rename_message = true;  // JSON: a parameter named message becomes message_1
};

/// Sets where lines go. Call before threads start; write() works (plain, standard error) without it.
void configure(const Options& options);
/// Changes the level of one logger ("" for all) while running. Thread-safe.
void set_level(std::string_view logger, Level level);
[[nodiscard]] bool enabled(Level level, std::string_view logger = {});
[[nodiscard]] bool parse_level(std::string_view text, Level& level);

/// Writes one line. Thread-safe. `logger` is Logstash's dotted name, such as "logstash.inputs.tcp".
void write(Level level, std::string_view logger, std::string_view message, const Params& params = {});

/// The id of the pipeline whose work this thread does; shown in its lines ("[main]").
void set_thread_pipeline(std::string_view id);

inline void debug(std::string_view logger, std::string_view m, const Params& p = {}) {
  write(Level::debug, logger, m, p);
}
inline void info(std::string_view logger, std::string_view m, const Params& p = {}) {
  write(Level::info, logger, m, p);
}
inline void warn(std::string_view logger, std::string_view m, const Params& p = {}) {
  write(Level::warn, logger, m, p);
}
inline void error(std::string_view logger, std::string_view m, const Params& p = {}) {
  write(Level::error, logger, m, p);
}
inline void fatal(std::string_view logger, std::string_view m, const Params& p = {}) {
  write(Level::fatal, logger, m, p);
}

}  // namespace sluice::log
