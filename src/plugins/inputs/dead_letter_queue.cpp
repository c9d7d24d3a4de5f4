// Reads the events that the engine's dead letter queue keeps. docs/dead-letters.md says how to use it.
#include <filesystem>
#include <thread>

#include "base/log.hpp"
#include "match/iso8601.hpp"
#include "plugin/spec.hpp"
#include "plugins/digest/digest.hpp"
#include "plugins/inputs/dead_letter_queue/reader.hpp"
#include "plugins/inputs/dead_letter_queue/stream.hpp"
#include "plugins/inputs/stop_signal.hpp"

namespace sluice::plugins {
namespace {

constexpr int kPollMillis = 100;

constexpr plugin::Option kOptions[] = {
    {.name = "path",
     .type = plugin::Type::path,
     .doc = "The folder of all dead letter queues: `path.dead_letter_queue` of the engine that wrote them.",
     .flags = plugin::kRequired},
    {.name = "pipeline_id",
     .type = plugin::Type::string,
     .fallback = "\"main\"",
     .doc = "The pipeline whose dead letters are read."},
    {.name = "commit_offsets",
     .type = plugin::Type::boolean,
     .fallback = "true",
     .doc = "Whether the position is saved, so that a restart goes on behind what was delivered."},
    {.name = "start_timestamp",
     .type = plugin::Type::string,
     .doc = "Begin with the first letter of this time or later (ISO 8601), whatever position was saved."},
    {.name = "clean_consumed",
     .type = plugin::Type::boolean,
     .fallback = "false",
     .doc = "Whether segments are removed when all their letters are delivered; needs `commit_offsets`."},
    {.name = "sincedb_path",
     .type = plugin::Type::string,
     .doc = "The file that keeps the position; by default in path.data/plugins/inputs/dead_letter_queue."},
};

std::string default_sincedb(const std::string& path_data, const std::string& pipeline,
                            const std::string& path) {
  std::string name = path_data + "/plugins/inputs/dead_letter_queue/" + pipeline + "/.sincedb_";
  digest::append_hex(digest::Hasher(digest::Hash::md5)(path), name);
  return name;
}

class DeadLetterQueueInput : public plugin::Input {
 public:
  explicit DeadLetterQueueInput(plugin::Setup& setup) : decoration_(plugin::Decoration::input(setup)) {
    const auto& options = setup.options;
    config_.sincedb_path = sincedb_path(setup);
    config_.folder = options.string("path") + "/" + options.string("pipeline_id");
    config_.commit = options.boolean("commit_offsets");
    config_.clean = options.boolean("clean_consumed");
    if (config_.clean && !config_.commit)
      setup.error("clean_consumed", "E0308",
                  "clean_consumed requires that also commit_offsets is enabled to work properly",
                  "Remove `commit_offsets => false`, or `clean_consumed`.");
    if (const auto text = options.maybe_string("start_timestamp")) {
      config_.start_nanos = match::parse_event_timestamp(*text);
      if (!config_.start_nanos)
        setup.error("start_timestamp", "E0306", "`" + *text + "` is no ISO 8601 time",
                    "Write it as 2017-04-04T23:40:37, with an offset such as Z when it is not local.");
    }
    if (options.given("codec"))
      setup.warning("codec", "W0307", "codec has no effect: letters are events already", "Remove it.");
  }

  Status start(plugin::Start& start, plugin::InputSink& sink) override {
    auto stream = std::make_shared<dead_letters::LetterStream>(decoration_, start.metrics);
    reader_ = std::make_unique<dead_letters::Reader>(Env::system(), config_, std::move(stream), sink, stop_);
    if (auto status = reader_->load(); !status.ok()) return status;
    thread_ = std::thread([this, pipeline = start.engine.environment().pipeline_id] {
      log::set_thread_pipeline(pipeline);
      while (reader_->read_available()) {
        reader_->maintain();
        stop_.wait(-1, kPollMillis);
      }
    });
    return {};
  }

  void stop() override {
    stop_.set();
    if (thread_.joinable()) thread_.join();
  }
  // Letters that were on their way at stop() are delivered by now.
  void close() override {
    if (reader_) reader_->maintain();
  }

 private:
  static std::string sincedb_path(plugin::Setup& setup) {
    const auto& options = setup.options;
    const auto given = options.maybe_string("sincedb_path");
    if (!given)
      return default_sincedb(setup.environment.path_data, options.string("pipeline_id"),
                             options.string("path"));
    std::error_code error;
    if (std::filesystem::is_directory(*given, error))
      setup.error(
          "sincedb_path", "E0306",
          "The \"sincedb_path\" argument must point to a file, received a directory: \"" + *given + "\"");
    return *given;
  }

  dead_letters::ReaderConfig config_;
  plugin::Decoration decoration_;
  StopSignal stop_;
  std::unique_ptr<dead_letters::Reader> reader_;  // the thread's while it runs
  std::thread thread_;
};

}  // namespace

extern const plugin::Spec input_dead_letter_queue;
const plugin::Spec input_dead_letter_queue{
    .kind = plugin::Kind::input,
    .name = "dead_letter_queue",
    .summary = "Reads the events that a pipeline's outputs, filters and conditions have refused.",
    .options = kOptions,
    .example = "input { dead_letter_queue { path => \".\" pipeline_id => \"main\" } }",
    .input = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Input> {
      return std::make_unique<DeadLetterQueueInput>(setup);
    }};

}  // namespace sluice::plugins
