#include <fmt/format.h>

#include "cli/commands.hpp"

namespace sluice::cli {
namespace {

queue::Compression compression_of(const std::string& word) {
  if (word == "speed") return queue::Compression::speed;
  if (word == "balanced") return queue::Compression::balanced;
  return word == "size" ? queue::Compression::size : queue::Compression::none;
}

// 0 means never.
uint64_t limit_of(int64_t number) { return number > 0 ? static_cast<uint64_t>(number) : UINT64_MAX; }

}  // namespace

std::string queue_folder(const settings::Settings& settings) {
  std::string folder = settings.text("path.queue");
  if (folder.empty()) folder = environment_of(settings).path_data + "/queue";
  return folder + "/" + settings.text("pipeline.id");
}

Result<std::optional<queue::PersistentQueueSettings>> persistent_queue_of(
    const settings::Settings& settings) {
  if (settings.text("queue.type") != "persisted") return std::optional<queue::PersistentQueueSettings>();
  queue::PersistentQueueSettings s;
  for (const auto* name : {"queue.max_events", "queue.checkpoint.acks", "queue.checkpoint.writes",
                           "queue.checkpoint.interval", "queue.commit.interval"})
    if (settings.number(name) < 0)
      return Status::config(
          fmt::format("the setting \"{}\" must be 0 or more, not {}", name, settings.number(name)));
  s.folder = queue_folder(settings);
  s.pipeline_id = settings.text("pipeline.id");
  s.page_capacity = static_cast<uint64_t>(settings.bytes("queue.page_capacity"));
  s.max_bytes = static_cast<uint64_t>(settings.bytes("queue.max_bytes"));
  s.max_events = static_cast<uint64_t>(settings.number("queue.max_events"));
  s.checkpoint_writes = limit_of(settings.number("queue.checkpoint.writes"));
  s.checkpoint_acks = limit_of(settings.number("queue.checkpoint.acks"));
  s.checkpoint_millis = std::max<int64_t>(1, settings.number("queue.checkpoint.interval"));
  s.commit_millis = settings.number("queue.commit.interval");
  s.commit_bytes = static_cast<uint64_t>(settings.bytes("queue.commit.bytes"));
  s.compression = compression_of(settings.text("queue.compression"));
  if (s.max_bytes && s.page_capacity > s.max_bytes)
    return Status::config(
        fmt::format("queue.page_capacity ({}) must not be larger than queue.max_bytes ({}): lower the one or "
                    "raise the other",
                    settings.text("queue.page_capacity"), settings.text("queue.max_bytes")));
  return std::optional(std::move(s));
}

}  // namespace sluice::cli
