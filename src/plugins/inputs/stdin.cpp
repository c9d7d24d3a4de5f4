// Reads standard input: chunks to the workers, which cut and decode them with the codec.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "base/log.hpp"
#include "base/slab.hpp"
#include "plugin/decoration.hpp"
#include "plugin/lane.hpp"
#include "plugin/spec.hpp"
#include "plugins/inputs/host_field.hpp"
#include "plugins/inputs/stop_signal.hpp"

namespace sluice::plugins {
namespace {

constexpr std::string_view kLogger = "logstash.inputs.stdin";
constexpr size_t kReadSize = 64 << 10;
// Logstash puts the whole read into [event][original] of each event when the codec leaves it out, and reads
// this much.
constexpr size_t kReadSizeWithOriginal = 16 << 10;

struct Fields {
  bool active = true;
  DefaultField host;
  std::string name;
  DefaultField original{"[event][original]"};
  bool set_original = false;
};

/// CodecStream that knows the bytes it is decoding, for [event][original].
class StdinStream : public plugin::CodecStream {
 public:
  StdinStream(std::unique_ptr<plugin::Decoder> decoder, const plugin::Decoration& decoration,
              std::string_view id, std::shared_ptr<const Fields> fields, plugin::PluginMetrics* metrics)
      : CodecStream(
            std::move(decoder), decoration, id, [this](Event& event) { enrich(event); }, {}, metrics),
        fields_(std::move(fields)) {}

  void decode(plugin::Chunk& chunk, Batch& batch) override {
    now_ = chunk.bytes;
    CodecStream::decode(chunk, batch);
    now_ = {};
  }

 private:
  void enrich(Event& event) {
    if (!fields_->active) return;
    fields_->host.fill(event, Value::string(fields_->name));
    if (fields_->set_original && !now_.empty()) fields_->original.fill(event, Value::string(now_));
  }

  std::shared_ptr<const Fields> fields_;
  std::string_view now_;
};

class StdinInput : public plugin::Input {
 public:
  explicit StdinInput(plugin::Setup& setup)
      : id_(setup.id), decoration_(plugin::Decoration::input(setup)), codec_(setup.codec("line", true)) {
    auto fields = std::make_shared<Fields>();
    fields->host = DefaultField(setup, "host", "[host][hostname]");
    fields->name = host_name(setup.environment);
    // An event that arrives as a JSON object says itself where it comes from: host and original are for text.
    fields->active = !codec_ || !codec_->name().starts_with("json");
    const bool set_by_codec = codec_ && codec_->line_based() && setup.codec_ecs();
    fields->set_original = fields->active && setup.ecs() && codec_ && !set_by_codec;
    fields_ = std::move(fields);
    if (codec_ && !codec_->decoder())
      setup.error("codec", "E0306",
                  "The codec " + std::string(codec_->name()) + " cannot decode, only encode",
                  "Use a codec that reads, such as line or json_lines.");
  }

  Status start(plugin::Start& start, plugin::InputSink& sink) override {
    auto stream = std::make_shared<StdinStream>(codec_->decoder(), decoration_, id_, fields_, &start.metrics);
    start.engine.listening("stdin", "standard input");
    thread_ = std::thread([this, pipeline = start.engine.environment().pipeline_id, stream, &sink] {
      log::set_thread_pipeline(pipeline);
      read(stream, sink);
    });
    return {};
  }

  void stop() override {
    stop_.set();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void read(const std::shared_ptr<StdinStream>& stream, plugin::InputSink& sink) {
    const size_t size = fields_->set_original ? kReadSizeWithOriginal : kReadSize;
    uint64_t position = 0;
    while (plugin::wait_room(sink, *stream, stop_.flag())) {
      if (!stop_.wait(STDIN_FILENO, -1)) {
        if (stop_.is_set()) break;
        continue;
      }
      auto slab = SlabRef::allocate(size);
      const ssize_t n = ::read(STDIN_FILENO, slab.data(), size);
      if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (n < 0) log::error(kLogger, "Standard input cannot be read", {{"error", std::strerror(errno)}});
      if (n <= 0) {
        sink.finish(stream, [&sink] { sink.ended(); });
        return;
      }
      plugin::Chunk chunk;
      chunk.bytes = {slab.data(), static_cast<size_t>(n)};
      chunk.slab = std::move(slab);
      chunk.position = position;
      position += static_cast<uint64_t>(n);
      sink.push(stream, std::move(chunk));
    }
    sink.finish(stream);
  }

  std::string id_;
  plugin::Decoration decoration_;
  std::unique_ptr<plugin::Codec> codec_;
  std::shared_ptr<const Fields> fields_;
  StopSignal stop_;
  std::thread thread_;
};

}  // namespace

extern const plugin::Spec input_stdin;
const plugin::Spec input_stdin{
    .kind = plugin::Kind::input,
    .name = "stdin",
    .summary = "Reads events from standard input and ends the pipeline at its end.",
    .options = {},
    .example = "input { stdin { codec => json_lines } }",
    .input = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Input> {
      return std::make_unique<StdinInput>(setup);
    }};

}  // namespace sluice::plugins
