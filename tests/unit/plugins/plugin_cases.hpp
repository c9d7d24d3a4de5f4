// The conformance cases of filters and codecs as material: configs with every option, and input that fits.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "event/json_read.hpp"
#include "event/json_write.hpp"

namespace sluice::test {

struct PluginCase {
  std::string plugin, name, ecs;
  std::string config;               // of the filter, or of the codec that reads
  std::vector<std::string> events;  // JSON
  std::string bytes;                // for the codec
};

inline std::string read_whole(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

inline std::string from_base64(std::string_view text) {
  static constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const size_t digit = kLetters.find(c);
    if (digit == std::string_view::npos) break;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    if ((count += 6) < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count);
  }
  return out;
}

/// The text at `key`, or nothing.
inline std::string text_at(const Value& object, std::string_view key) {
  const auto* value = object.is_object() ? object.as_object()->find(Key::intern(key)) : nullptr;
  return value && value->is_string() ? std::string(value->as_text()) : std::string();
}

inline PluginCase plugin_case(std::string_view plugin, const Value& written) {
  PluginCase made;
  made.plugin = plugin;
  made.name = text_at(written, "name");
  made.config = text_at(written, "filter");
  if (made.config.empty()) made.config = text_at(written, "codec_in");
  made.bytes = text_at(written, "bytes");
  if (made.bytes.empty()) made.bytes = from_base64(text_at(written, "bytes_b64"));
  made.ecs = "disabled";
  if (const auto* settings = written.as_object()->find(Key::intern("settings")))
    if (auto ecs = text_at(*settings, "pipeline.ecs_compatibility"); !ecs.empty()) made.ecs = ecs;
  const auto* events = written.as_object()->find(Key::intern("events"));
  if (!events || !events->is_array()) return made;
  for (const auto& event : events->as_array()->all()) {
    Buffer json;
    write_json(event, json);
    made.events.emplace_back(json.view());
  }
  return made;
}

/// The cases of `kind` ("filter", "codec") in tests/conformance, or in the folder that the environment's
/// PLUGIN_CASES names.
inline std::vector<PluginCase> plugin_cases(const std::string& kind) {
  namespace fs = std::filesystem;
  const char* folder = std::getenv("PLUGIN_CASES");
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder ? folder : CONFORMANCE_CASES))
    if (entry.path().filename().string().starts_with(kind + "-")) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<PluginCase> all;
  for (const auto& file : files) {
    Arena arena;
    Value root;
    if (!JsonReader::local().read(read_whole(file), arena, root) || !root.is_object()) continue;
    const auto* cases = root.as_object()->find(Key::intern("cases"));
    if (!cases || !cases->is_array()) continue;
    const std::string plugin = file.stem().string().substr(kind.size() + 1);
    for (const auto& written : cases->as_array()->all())
      if (written.is_object())
        if (auto made = plugin_case(plugin, written); !made.config.empty()) all.push_back(std::move(made));
  }
  return all;
}

}  // namespace sluice::test
