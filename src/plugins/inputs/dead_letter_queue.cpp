// Reads the events that the engine's dead letter queue keeps. docs/dead-letters.md says how to use it.
#include <filesystem>
#include <thread>

#include "base/log.hpp"
#include "base/time.hpp"
#include "match/iso8601.hpp"
#include "plugin/spec.hpp"
#include "plugins/digest/digest.hpp"
#include "plugins/inputs/dead_letter_queue/progress.hpp"
#include "plugins/inputs/dead_letter_queue/stream.hpp"
#include "plugins/inputs/stop_signal.hpp"

namespace sluice::plugins {
namespace {

using dead_letters::LetterAck;
using dead_letters::LetterStream;
using dead_letters::Progress;
using dead_letters::Sincedb;
using queue::LetterId;

constexpr std::string_view kLogger = "logstash.inputs.deadletterqueue";
constexpr int kPollMillis = 100;
constexpr int64_t kSaveEvery = 1'000'000'000;  // nanoseconds between saves of the position
constexpr size_t kCreditPerEvent = 512;        // what an event costs beside its bytes

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

struct Config {
  std::string folder;
  bool commit = true, clean = false;
  std::optional<int64_t> start_nanos;
  plugin::Decoration decoration;
};

class DeadLetterQueueInput : public plugin::Input {
 public:
  explicit DeadLetterQueueInput(plugin::Setup& setup) : sincedb_(sincedb_path(setup)) {
    const auto& options = setup.options;
    config_.folder = options.string("path") + "/" + options.string("pipeline_id");
    config_.commit = options.boolean("commit_offsets");
    config_.clean = options.boolean("clean_consumed");
    config_.decoration = plugin::Decoration::input(setup);
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
    stream_ = std::make_shared<LetterStream>(config_.decoration, start.metrics);
    LetterId next;
    // As in Logstash, a start_timestamp wins over the saved position, which is read even if none is saved.
    if (!config_.start_nanos) {
      auto saved = sincedb_.load();
      if (!saved.ok())
        return Status::config("the position in " + sincedb_.path() + " cannot be read: " + saved.message() +
                              "; remove the file to begin with the oldest letter");
      next = saved->value_or(LetterId{});
    }
    next_ = next;
    progress_ = std::make_shared<Progress>(next);
    thread_ = std::thread([this, pipeline = start.engine.environment().pipeline_id, &sink] {
      log::set_thread_pipeline(pipeline);
      run(sink);
    });
    return {};
  }

  void stop() override {
    stop_.set();
    if (thread_.joinable()) thread_.join();
  }
  // Letters that were on their way at stop() are delivered by now.
  void close() override { maintain(); }

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

  void run(plugin::InputSink& sink) {
    while (!stop_.is_set()) {
      auto segments = queue::letter_segments(Env::system(), config_.folder);
      say_readable(segments.status());
      if (segments.ok()) {
        begin_anew_if_replaced(*segments);
        for (const auto& segment : *segments) {
          // The newest may be being written; an older one was left behind and is read as it is.
          if (segment.open && &segment == &segments->back()) break;
          if (segment.number < next_.segment) continue;
          if (!read_segment(segment, sink)) return;
        }
      }
      maintain();
      stop_.wait(-1, kPollMillis);
    }
  }

  void say_readable(const Status& status) {
    if (!status.ok() && readable_)
      log::warn(kLogger, "The dead letter queue cannot be read; it is looked for again",
                {{"path", config_.folder}, {"reason", status.message()}});
    readable_ = status.ok();
  }

  // Numbers only grow: a saved position behind all segments is that of a queue that was removed.
  void begin_anew_if_replaced(const std::vector<queue::LetterSegment>& segments) {
    if (segments.empty() || segments.back().number + 1 >= next_.segment) return;
    log::warn(kLogger, "The saved position is of a queue that is gone; beginning with the oldest letter",
              {{"sincedb", sincedb_.path()}});
    next_ = {};
    progress_ = std::make_shared<Progress>(next_);
  }

  // False: the input was stopped.
  bool read_segment(const queue::LetterSegment& segment, plugin::InputSink& sink) {
    auto reader = queue::LetterReader::open(Env::system(), config_.folder, segment);
    if (!reader.ok()) return true;  // removed since it was listed
    const uint64_t from = segment.number == next_.segment ? next_.index : 0;
    for (;;) {
      queue::Record record;
      const auto more = (*reader)->next(record);
      if (!more.ok()) {
        say_readable(more.status());
        return true;
      }
      if (!*more) break;
      if (record.header.first < from || too_old(record)) continue;
      if (!sink.wait_ready(stop_.flag())) return false;
      next_ = {segment.number, record.header.first + 1};
      push(record, {segment.number, record.header.first}, sink);
      if (steady_nanos() - maintained_ > kSaveEvery) maintain();
    }
    if (const uint64_t damaged = (*reader)->damaged_bytes())
      log::warn(kLogger, "Bytes of a segment are damaged and passed over",
                {{"segment", config_.folder + "/" + segment.name()}, {"bytes", damaged}});
    next_ = {segment.number + 1, 0};
    progress_->read_to_end(segment.number);
    return true;
  }

  bool too_old(const queue::Record& record) {
    if (!config_.start_nanos || started_) return false;
    const BatchRef batch = pool_.take();
    const auto letter = queue::decode_letter(record.payload.view(), *batch);
    started_ = letter && letter->entry_time() >= *config_.start_nanos;
    return !started_;
  }

  void push(queue::Record& record, LetterId id, plugin::InputSink& sink) {
    plugin::Chunk chunk;
    chunk.bytes = record.payload.view();
    chunk.slab = std::move(record.payload);
    chunk.ack = AckRef(new LetterAck(progress_, progress_->read(id)));
    chunk.count = 1;
    chunk.credit = chunk.bytes.size() + kCreditPerEvent;
    sink.push(stream_, std::move(chunk));
  }

  void maintain() {
    maintained_ = steady_nanos();
    if (!progress_) return;
    const LetterId next = progress_->next();
    if (config_.commit && next != LetterId{})
      if (auto status = sincedb_.save(next); !status.ok()) {
        log::error(kLogger, "The position cannot be saved",
                   {{"sincedb", sincedb_.path()}, {"reason", status.message()}});
        return;
      }
    const auto consumed = progress_->take_consumed();
    if (!config_.clean) return;
    for (const uint64_t segment : consumed)
      (void)Env::system().remove(config_.folder + "/" + queue::LetterSegment{segment, false}.name());
  }

  Config config_;
  Sincedb sincedb_;
  std::shared_ptr<LetterStream> stream_;
  std::shared_ptr<Progress> progress_;
  StopSignal stop_;
  std::thread thread_;

  // The thread's.
  LetterId next_;  // to be read
  BatchPool pool_;
  bool readable_ = true;
  bool started_ = false;  // a letter of start_timestamp or later was met
  int64_t maintained_ = 0;
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
