// What the options of the file input come to.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plugin/decoration.hpp"
#include "plugin/input.hpp"
#include "plugins/inputs/host_field.hpp"

namespace sluice::plugins::file {

enum class Mode : uint8_t { tail, read };

/// Immutable once the input has started, apart from `metrics`.
struct Settings {
  std::string id;
  std::vector<std::string> paths;
  std::vector<std::string> exclude;
  Mode mode = Mode::tail;
  bool from_beginning = false;  // start_position
  std::string delimiter = "\n";
  std::string sincedb_path;
  std::string completed_log_path;
  bool delete_completed = true;
  bool log_completed = false;
  bool exit_after_read = false;
  bool check_archives = false;
  bool sort_by_path = false;
  bool descending = false;
  int64_t stat_millis = 1000;
  int64_t discover_millis = 15'000;
  int64_t sincedb_write_millis = 15'000;
  int64_t sincedb_clean_millis = 0;
  int64_t ignore_older_millis = -1;  // -1: never
  int64_t close_older_millis = 3'600'000;
  size_t max_open_files = 4095;
  size_t chunk_size = 32768;
  uint64_t chunk_count = UINT64_MAX;
  size_t max_line_bytes = size_t{20} << 20;

  plugin::Decoration decoration;
  std::unique_ptr<plugin::Codec> codec;
  DefaultField path, host, metadata_path{"[@metadata][path]"}, metadata_host{"[@metadata][host]"};
  std::string host_name;
  plugin::PluginMetrics* metrics = nullptr;
  bool name_events = false;  // plugin::Start::name_events
};

}  // namespace sluice::plugins::file
