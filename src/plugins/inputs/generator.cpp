// Makes events from fixed lines, as fast as the workers take them. The input only hands out numbers; the
// workers make the events.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "base/slab.hpp"
#include "plugin/decoration.hpp"
#include "plugin/lane.hpp"
#include "plugin/spec.hpp"
#include "plugins/inputs/host_field.hpp"
#include "plugins/inputs/stop_signal.hpp"

namespace sluice::plugins {
namespace {

constexpr std::string_view kLogger = "logstash.inputs.generator";
constexpr uint64_t kEventsPerChunk = 500;
constexpr size_t kCreditPerEvent = 512;  // what an event costs beside its text

constexpr plugin::Option kOptions[] = {
    {.name = "message",
     .type = plugin::Type::string,
     .fallback = "\"Hello world!\"",
     .doc = "The text of every event; `stdin` reads one line of standard input and uses that."},
    {.name = "lines",
     .type = plugin::Type::array,
     .doc = "The texts to emit in order, again and again; replaces `message`."},
    {.name = "count",
     .type = plugin::Type::number,
     .fallback = "0",
     .doc = "How many times the message, or the list of lines, is emitted; 0 is without end."},
    {.name = "threads",
     .type = plugin::Type::number,
     .fallback = "1",
     .doc = "How many generators run beside each other; each emits `count` times."},
};

struct Shared {
  std::string id;
  plugin::Decoration decoration;
  DefaultField host, sequence;
  std::string host_name;
  SlabRef text;                         // all lines, one behind the other
  std::vector<std::string_view> lines;  // in `text`
  plugin::PluginMetrics* metrics = nullptr;
};

/// Chunk.position is the number of the first line to make, Chunk.count how many lines.
class GeneratorStream : public plugin::Stream, private plugin::EventSink {
 public:
  GeneratorStream(std::shared_ptr<const Shared> shared, std::unique_ptr<plugin::Decoder> decoder)
      : shared_(std::move(shared)), decoder_(std::move(decoder)) {}

  void decode(plugin::Chunk& chunk, Batch& batch) override {
    begin(batch);
    batch.hold(chunk.ack);
    const auto& lines = shared_->lines;
    size_t line = chunk.position % lines.size();
    sequence_ = static_cast<int64_t>(chunk.position / lines.size());
    position_ = chunk.position;
    for (uint64_t i = 0; i < chunk.count; ++i, ++position_) {
      decoder_->decode(lines[line], *this);
      if (++line == lines.size()) {
        line = 0;
        ++sequence_;
      }
    }
    end();
  }

  void flush(Batch& batch) override {
    begin(batch);
    sequence_ = -1;
    decoder_->flush(*this);
    end();
  }

 private:
  void begin(Batch& batch) {
    batch_ = &batch;
    before_ = batch.events().size();
    batch.hold(shared_->text);
    source_ = batch.add_source({shared_->id, {}});
  }
  void end() {
    shared_->metrics->out.add(batch_->events().size() - before_);
    batch_ = nullptr;
  }

  Event& make() override { return batch_->make(source_); }
  void add(Event& event) override {
    event.position = position_;
    normalize(event);
    if (!shared_->decoration.empty()) (void)shared_->decoration.apply(event);
    shared_->host.fill(event, Value::string(shared_->host_name));
    if (sequence_ >= 0) shared_->sequence.put(event, Value::integer(sequence_));
    batch_->add(event);
  }
  Batch& batch() override { return *batch_; }

  std::shared_ptr<const Shared> shared_;
  std::unique_ptr<plugin::Decoder> decoder_;
  Batch* batch_ = nullptr;
  uint32_t source_ = 0;
  size_t before_ = 0;
  int64_t sequence_ = 0;
  uint64_t position_ = 0;
};

class GeneratorInput : public plugin::Input {
 public:
  explicit GeneratorInput(plugin::Setup& setup)
      : shared_(std::make_shared<Shared>()),
        codec_(setup.codec("plain")),
        count_(setup.options.integer("count")),
        threads_(setup.options.integer("threads", 1)) {
    shared_->id = setup.id;
    shared_->decoration = plugin::Decoration::input(setup);
    shared_->host = DefaultField(setup, "host", "[host][name]");
    shared_->sequence = DefaultField(setup, "sequence", "[event][sequence]");
    shared_->host_name = host_name(setup.environment);
    if (setup.options.has("lines")) texts_ = setup.options.strings("lines");
    if (texts_.empty()) texts_ = {setup.options.string("message")};
    from_stdin_ = setup.options.string("message") == "stdin";
    if (threads_ < 1 || threads_ > 1024)
      setup.error("threads", "E0306", "threads must be between 1 and 1024");
    if (setup.options.given("lines") && setup.options.given("message"))
      setup.warning("message", "W0307", "message has no effect beside lines", "Remove one of the two.");
    if (codec_ && !codec_->decoder())
      setup.error("codec", "E0306",
                  "The codec " + std::string(codec_->name()) + " cannot decode, only encode",
                  "Use a codec that reads, such as plain or json.");
  }

  Status start(plugin::Start& start, plugin::InputSink& sink) override {
    shared_->metrics = &start.metrics;
    thread_ = std::thread([this, pipeline = start.engine.environment().pipeline_id, &sink] {
      log::set_thread_pipeline(pipeline);
      if (!from_stdin_ || read_message())
        generate(sink);
      else if (!stop_.is_set())
        sink.ended();
    });
    return {};
  }

  void stop() override {
    stop_.set();
    if (thread_.joinable()) thread_.join();
  }

 private:
  /// One line, byte by byte so that nothing behind it is taken. Its newline stays, as in Logstash.
  bool read_message() {
    log::info(kLogger, "Generator plugin reading a line from stdin");
    std::string line;
    char c = 0;
    while (c != '\n') {
      if (!stop_.wait(STDIN_FILENO, -1)) return false;
      const ssize_t n = ::read(STDIN_FILENO, &c, 1);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      line += c;
    }
    if (line.empty()) {
      log::error(kLogger, "message => \"stdin\": standard input ended before it gave a line");
      return false;
    }
    if (texts_.size() == 1 && texts_[0] == "stdin") texts_[0] = line;
    return true;
  }

  void lay_out_text() {
    if (codec_->wants_line_ends())
      for (auto& text : texts_)
        if (!text.ends_with('\n')) text += '\n';
    size_t size = 0;
    for (const auto& text : texts_) size += text.size() + kGap;
    auto slab = SlabRef::allocate(size);
    char* at = slab.data();
    for (const auto& text : texts_) {
      std::memcpy(at, text.data(), text.size());
      shared_->lines.emplace_back(at, text.size());
      at += text.size();
      std::memset(at, 0, kGap);
      at += kGap;
    }
    credit_per_event_ = size / texts_.size() + kCreditPerEvent;
    shared_->text = std::move(slab);
  }

  void generate(plugin::InputSink& sink) {
    lay_out_text();
    std::vector<std::shared_ptr<GeneratorStream>> streams;
    for (int64_t i = 0; i < threads_; ++i) {
      streams.push_back(std::make_shared<GeneratorStream>(shared_, codec_->decoder()));
      plugin::share_lane(*streams.back(), *streams.front());
    }
    const uint64_t total = count_ > 0 ? static_cast<uint64_t>(count_) * texts_.size() : UINT64_MAX;
    for (uint64_t next = 0; next < total; next += kEventsPerChunk) {
      for (const auto& stream : streams) {
        if (!plugin::wait_room(sink, *stream, stop_.flag())) break;
        plugin::Chunk chunk;
        chunk.position = next;
        chunk.count = std::min(kEventsPerChunk, total - next);
        chunk.credit = chunk.count * credit_per_event_;
        sink.push(stream, std::move(chunk));
      }
      if (stop_.is_set()) break;
    }
    auto left = std::make_shared<std::atomic<size_t>>(streams.size());
    for (const auto& stream : streams)
      sink.finish(stream, [left, stopped = stop_.is_set(), &sink] {
        if (left->fetch_sub(1) == 1 && !stopped) sink.ended();
      });
  }

  // JSON readers look this far behind a text.
  static constexpr size_t kGap = 64;

  std::shared_ptr<Shared> shared_;
  std::unique_ptr<plugin::Codec> codec_;
  std::vector<std::string> texts_;
  int64_t count_;
  int64_t threads_;
  bool from_stdin_ = false;
  size_t credit_per_event_ = 0;
  StopSignal stop_;
  std::thread thread_;
};

}  // namespace

extern const plugin::Spec input_generator;
const plugin::Spec input_generator{.kind = plugin::Kind::input,
                                   .name = "generator",
                                   .summary = "Makes events from fixed lines, for tests and measurements.",
                                   .options = kOptions,
                                   .example = "input { generator { lines => [\"a\", \"b\"] count => 3 } }",
                                   .input = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Input> {
                                     return std::make_unique<GeneratorInput>(setup);
                                   }};

}  // namespace sluice::plugins
