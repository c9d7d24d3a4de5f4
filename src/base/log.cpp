#include "base/log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include "base/secrets.hpp"
#include "base/utf8.hpp"

namespace sluice::log {
namespace {

constexpr std::string_view kNames[] = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"};
constexpr size_t kFileBytes = 100u << 20;
constexpr size_t kFilesKept = 30;

struct State {
  std::atomic<Level> level{Level::info};
  std::atomic<bool> has_overrides{false};
  std::atomic<bool> json{false};
  std::atomic<bool> rename_message{true};
  std::shared_mutex mutex;
  std::map<std::string, Level, std::less<>> overrides;
  std::shared_ptr<spdlog::logger> console =
      std::make_shared<spdlog::logger>("console", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  std::shared_ptr<spdlog::logger> file;
  State() {
    console->set_pattern("%v");
    console->set_level(spdlog::level::trace);
  }
};

State& state() {
  static State instance;
  return instance;
}

thread_local std::string thread_pipeline;

std::string plain_line(Level level, std::string_view logger, std::string_view message, const Params& params) {
  const auto now = std::chrono::system_clock::now();
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const std::time_t seconds = millis / 1000;
  std::tm local{};
  localtime_r(&seconds, &local);
  std::string line =
      fmt::format("[{:04}-{:02}-{:02}T{:02}:{:02}:{:02},{:03}][{:<5}][{:<25}]", local.tm_year + 1900,
                  local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec, millis % 1000,
                  kNames[static_cast<int>(level)], logger);
  if (!thread_pipeline.empty()) line += fmt::format("[{}]", thread_pipeline);
  (line += ' ') += message;
  if (params.empty()) return line;
  line += " {";
  for (size_t i = 0; i < params.size(); ++i) {
    if (i) line += ", ";
    const auto& p = params[i];
    if (p.name.find('.') != std::string::npos)
      line += fmt::format("\"{}\"=>", p.name);
    else
      line += fmt::format(":{}=>", p.name);
    if (p.quoted)
      append_json_string(line, p.text);
    else
      line += p.text;
  }
  line += '}';
  return line;
}

std::string json_line(Level level, std::string_view logger, std::string_view message, const Params& params) {
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  std::string line = fmt::format("{{\"level\":\"{}\",\"loggerName\":", kNames[static_cast<int>(level)]);
  append_json_string(line, logger);
  line += fmt::format(",\"timeMillis\":{},\"thread\":", millis);
  append_json_string(line, thread_pipeline.empty() ? "main" : "[" + thread_pipeline + "]");
  if (!thread_pipeline.empty()) {
    line += ",\"pipeline.id\":";
    append_json_string(line, thread_pipeline);
  }
  line += ",\"logEvent\":{\"message\":";
  append_json_string(line, message);
  for (const auto& p : params) {
    line += ',';
    append_json_string(line, p.name == "message" && state().rename_message ? "message_1" : p.name);
    line += ':';
    if (p.quoted)
      append_json_string(line, p.text);
    else
      line += p.text;
  }
  line += "}}";
  return line;
}

}  // namespace

void configure(const Options& options) {
  auto& s = state();
  s.level = options.level;
  s.json = options.json;
  s.rename_message = options.rename_message;
  if (options.directory.empty()) return;
  const auto path = options.directory + (options.json ? "/logstash-json.log" : "/logstash-plain.log");
  try {
    auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(path, kFileBytes, kFilesKept);
    s.file = std::make_shared<spdlog::logger>("file", sink);
    s.file->set_pattern("%v");
    s.file->set_level(spdlog::level::trace);
    s.file->flush_on(spdlog::level::info);
  } catch (const spdlog::spdlog_ex& e) {
    write(Level::warn, "logstash.runner",
          "Log lines go to standard error only: the file in path.logs cannot be written",
          {{"path", path}, {"reason", e.what()}});
  }
}

void set_level(std::string_view logger, Level level) {
  auto& s = state();
  std::unique_lock lock(s.mutex);
  if (logger.empty()) {
    s.level = level;
  } else {
    s.overrides[std::string(logger)] = level;
    s.has_overrides = true;
  }
}

bool enabled(Level level, std::string_view logger) {
  auto& s = state();
  if (s.has_overrides) {
    std::shared_lock lock(s.mutex);
    if (auto it = s.overrides.find(logger); it != s.overrides.end()) return level >= it->second;
  }
  return level >= s.level.load(std::memory_order_relaxed);
}

bool parse_level(std::string_view text, Level& level) {
  static constexpr std::string_view kLower[] = {"trace", "debug", "info", "warn", "error", "fatal"};
  for (int i = 0; i < 6; ++i) {
    if (text == kLower[i] || text == kNames[i]) {
      level = static_cast<Level>(i);
      return true;
    }
  }
  return false;
}

void write(Level level, std::string_view logger, std::string_view message, const Params& params) {
  if (!enabled(level, logger)) return;
  auto& s = state();
  // Secrets are looked for before the texts are escaped: afterwards they might not be recognised.
  std::string hidden;
  Params hidden_params;
  if (secrets::any()) {
    hidden = secrets::masked(message);
    message = hidden;
    hidden_params = params;
    for (auto& param : hidden_params)
      if (param.quoted) param.text = secrets::masked(param.text);
  }
  const auto& shown = hidden_params.empty() ? params : hidden_params;
  const auto line =
      s.json ? json_line(level, logger, message, shown) : plain_line(level, logger, message, shown);
  s.console->log(spdlog::level::info, "{}", line);
  if (s.file) s.file->log(spdlog::level::info, "{}", line);
}

void set_thread_pipeline(std::string_view id) { thread_pipeline = id; }

}  // namespace sluice::log
