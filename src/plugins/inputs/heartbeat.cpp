// One event every so many seconds, the first at once.
#include <cmath>
#include <limits>
#include <thread>

#include "base/log.hpp"
#include "base/time.hpp"
#include "plugin/decoration.hpp"
#include "plugin/lane.hpp"
#include "plugin/spec.hpp"
#include "plugins/inputs/host_field.hpp"
#include "plugins/inputs/stop_signal.hpp"

namespace sluice::plugins {
namespace {

constexpr plugin::Option kOptions[] = {
    {.name = "message",
     .type = plugin::Type::string,
     .fallback = "\"ok\"",
     .doc = "The text of the event. Without ECS, `epoch` and `sequence` select what `sequence` selects."},
    {.name = "interval",
     .type = plugin::Type::number,
     .fallback = "60",
     .doc = "Seconds between two events."},
    {.name = "count",
     .type = plugin::Type::number,
     .fallback = "-1",
     .doc = "How many events; -1 is without end."},
    {.name = "sequence",
     .type = plugin::Type::string,
     .doc = "Puts the Unix time in seconds (`epoch`) or a counter from 1 (`sequence`) into `clock`, with ECS "
            "into "
            "[event][sequence].",
     .choices = "none|epoch|sequence"},
    {.name = "threads",
     .type = plugin::Type::number,
     .fallback = "1",
     .doc = "How many heartbeats run beside each other; each emits `count` times."},
};

enum class Clock : uint8_t { none, epoch, sequence };

Clock clock_of(std::string_view text) {
  return text == "epoch" ? Clock::epoch : text == "sequence" ? Clock::sequence : Clock::none;
}

struct Shared {
  std::string id;
  plugin::Decoration decoration;
  DefaultField host, sequence;
  std::string host_name;
  std::string message;
  bool with_message = true;
  Clock clock = Clock::none;
  plugin::PluginMetrics* metrics = nullptr;
};

class HeartbeatStream : public plugin::Stream {
 public:
  explicit HeartbeatStream(std::shared_ptr<const Shared> shared) : shared_(std::move(shared)) {}

  void decode(plugin::Chunk& chunk, Batch& batch) override {
    const Shared& s = *shared_;
    auto& event = batch.make(batch.add_source({s.id, {}}));
    event.position = chunk.position;
    if (s.with_message) event.set(Names::get().message, Value::string(s.message));
    s.host.put(event, Value::string(s.host_name));
    if (s.clock == Clock::epoch) s.sequence.put(event, Value::integer(wall_nanos() / 1'000'000'000));
    if (s.clock == Clock::sequence)
      s.sequence.put(event, Value::integer(static_cast<int64_t>(chunk.position)));
    normalize(event);
    if (!s.decoration.empty()) (void)s.decoration.apply(event);
    batch.hold(chunk.ack);
    batch.add(event);
    s.metrics->out.add(1);
  }

 private:
  std::shared_ptr<const Shared> shared_;
};

class HeartbeatInput : public plugin::Input {
 public:
  explicit HeartbeatInput(plugin::Setup& setup)
      : shared_(std::make_shared<Shared>()),
        interval_(setup.options.number("interval")),
        count_(setup.options.integer("count")),
        threads_(setup.options.integer("threads", 1)) {
    auto& s = *shared_;
    s.id = setup.id;
    s.decoration = plugin::Decoration::input(setup);
    s.host = DefaultField(setup, "host", "[host][name]");
    s.sequence = DefaultField(setup, "clock", "[event][sequence]");
    s.host_name = host_name(setup.environment);
    s.message = setup.options.string("message");
    const bool selects = clock_of(s.message) != Clock::none;
    const auto sequence = setup.options.maybe_string("sequence");
    if (sequence)
      s.clock = clock_of(*sequence);
    else if (!setup.ecs())
      s.clock = clock_of(s.message);
    s.with_message = s.clock == Clock::none || !selects;
    if (selects && !sequence)
      setup.warning("message", "W0306",
                    setup.ecs() ? "with ECS, `message` no longer selects the kind of sequence"
                                : "`message` selects the kind of sequence, which is deprecated",
                    "Write sequence => \"" + s.message + "\".");
    if (!(interval_ >= 0)) setup.error("interval", "E0306", "interval must not be negative");
    if (threads_ < 1 || threads_ > 1024)
      setup.error("threads", "E0306", "threads must be between 1 and 1024");
  }

  Status start(plugin::Start& start, plugin::InputSink& sink) override {
    shared_->metrics = &start.metrics;
    thread_ = std::thread([this, pipeline = start.engine.environment().pipeline_id, &sink] {
      log::set_thread_pipeline(pipeline);
      beat(sink);
    });
    return {};
  }

  void stop() override {
    stop_.set();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void beat(plugin::InputSink& sink) {
    auto stream = std::make_shared<HeartbeatStream>(shared_);
    const auto step = static_cast<int64_t>(std::llround(std::min(interval_, 1e9) * 1e9));
    int64_t due = steady_nanos();
    for (int64_t number = 1;; ++number) {
      if (!plugin::wait_room(sink, *stream, stop_.flag())) break;
      for (int64_t i = 0; i < threads_; ++i) {
        plugin::Chunk chunk;
        chunk.position = static_cast<uint64_t>(number);
        chunk.count = 1;
        chunk.credit = 1;
        sink.push(stream, std::move(chunk));
      }
      if (number == count_) {
        sink.finish(stream, [&sink] { sink.ended(); });
        return;
      }
      // A beat that came late (the pipeline was full) does not make the ones after it come in a burst.
      due = std::max(due + step, steady_nanos());
      for (int64_t left = due - steady_nanos(); left > 0 && !stop_.is_set(); left = due - steady_nanos())
        stop_.wait(
            -1, static_cast<int>(std::min<int64_t>(left / 1'000'000 + 1, std::numeric_limits<int>::max())));
      if (stop_.is_set()) break;
    }
    sink.finish(stream);
  }

  std::shared_ptr<Shared> shared_;
  double interval_;
  int64_t count_;
  int64_t threads_;
  StopSignal stop_;
  std::thread thread_;
};

}  // namespace

extern const plugin::Spec input_heartbeat;
const plugin::Spec input_heartbeat{.kind = plugin::Kind::input,
                                   .name = "heartbeat",
                                   .summary = "Emits an event at a fixed interval.",
                                   .options = kOptions,
                                   .example = "input { heartbeat { interval => 10 message => \"alive\" } }",
                                   .input = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Input> {
                                     return std::make_unique<HeartbeatInput>(setup);
                                   }};

}  // namespace sluice::plugins
