// Datagrams: each is one event, or what the codec makes of it. The loop only gathers them; workers decode
// them many at a time.
#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "net/loop.hpp"
#include "net/udp.hpp"
#include "plugin/decoration.hpp"
#include "plugin/lane.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "plugins/inputs/access.hpp"
#include "plugins/inputs/host_field.hpp"

namespace sluice::plugins {
namespace {

constexpr std::string_view kLogger = "logstash.inputs.udp";
constexpr size_t kCreditPerDatagram = 32;  // what one costs beside its bytes and its sender
constexpr uint64_t kLossMillis = 1000;     // how often the kernel is asked what it dropped
constexpr uint64_t kLossTicks = 60;        // and how many times until the next warning

using plugin::kRequired;
using plugin::Type;

constexpr plugin::Option kOwnOptions[] = {
    {"host", Type::string, "\"0.0.0.0\"", "The address to listen on."},
    {"port", Type::number, {}, "The port to listen on.", kRequired},
    {"buffer_size", Type::number, "65536", "The largest datagram that is taken whole; longer ones are cut."},
    {"receive_buffer_bytes",
     Type::number,
     {},
     "What the kernel may keep of datagrams that were not read yet (SO_RCVBUF); 8 MiB, or what the kernel "
     "grants of it, when unset."},
    {"workers", Type::number, "2",
     "How many workers of the pipeline may decode datagrams of this input at once; one with a codec whose "
     "datagrams "
     "need those before them (netflow)."},
    {"queue_size", Type::number, "2000",
     "How many datagrams may wait to be decoded; then the socket is not read until there is room, and the "
     "system drops "
     "what its buffer cannot hold."},
    {"source_ip_fieldname",
     Type::string,
     {},
     "The field for the sender's address instead of `host` or [host][ip]."},
};
constexpr auto kOptions = plugin::join(kOwnOptions, kAccessOptions);

struct Shared {
  std::string id;
  plugin::Decoration decoration;
  std::unique_ptr<plugin::Codec> codec;
  DefaultField source_ip;
  size_t queue_size = 2000;
  plugin::PluginMetrics* metrics = nullptr;
  std::atomic<size_t> waiting{0};  // datagrams pushed and not decoded
  std::function<void()> on_room;   // called by workers, posts to the loop
  std::atomic<bool> wants_room{false};
};

/// Decodes runs of datagrams, on one worker at a time.
class UdpStream : public plugin::Stream, private plugin::EventSink {
 public:
  explicit UdpStream(std::shared_ptr<Shared> shared)
      : shared_(std::move(shared)), decoder_(shared_->codec->decoder()) {}

  void decode(plugin::Chunk& chunk, Batch& batch) override {
    begin(batch);
    batch.hold(chunk.ack);
    batch.hold(std::move(chunk.slab));
    position_ = chunk.position;
    net::DatagramRun run(chunk.bytes);
    std::string_view bytes;
    net::Endpoint from;
    while (run.next(bytes, from)) {
      if (!(from == last_) || source_.is_null()) set_source(from);
      decoder_->decode(bytes, *this);
      decoder_->flush(*this);
      ++position_;
    }
    end();
    const size_t left = shared_->waiting.fetch_sub(chunk.count) - chunk.count;
    if (left < shared_->queue_size && shared_->wants_room.exchange(false)) shared_->on_room();
  }

 private:
  void begin(Batch& batch) {
    batch_ = &batch;
    before_ = batch.events().size();
    source_number_ = batch.add_source({shared_->id, {}});
    source_ = {};
  }
  void end() {
    shared_->metrics->out.add(batch_->events().size() - before_);
    batch_ = nullptr;
  }
  // Senders repeat: the text is made once for a run of datagrams of the same one.
  void set_source(const net::Endpoint& from) {
    last_ = from;
    char text[net::Endpoint::kTextSize];
    source_ = Value::string(batch_->arena().copy(from.address(text)));
    decoder_->sender(source_.as_text());
  }

  Event& make() override { return batch_->make(source_number_); }
  void add(Event& event) override {
    event.position = position_;
    normalize(event);
    if (!shared_->decoration.empty()) (void)shared_->decoration.apply(event);
    shared_->source_ip.fill(event, source_);
    batch_->add(event);
  }
  Batch& batch() override { return *batch_; }

  std::shared_ptr<Shared> shared_;
  std::unique_ptr<plugin::Decoder> decoder_;
  // Of the call in progress:
  Batch* batch_ = nullptr;
  size_t before_ = 0;
  uint32_t source_number_ = 0;
  uint64_t position_ = 0;
  net::Endpoint last_;
  Value source_;
};

/// The loop's side: hands runs of datagrams over and stops the socket when too much waits. Loop thread; held
/// by shared_ptr because posted work may outlive the input.
class Receiver : public std::enable_shared_from_this<Receiver> {
 public:
  Receiver(std::shared_ptr<Shared> shared, std::shared_ptr<net::Loop> loop, plugin::InputSink& sink,
           size_t streams)
      : shared_(std::move(shared)), loop_(std::move(loop)), sink_(sink) {
    for (size_t i = 0; i < streams; ++i) {
      streams_.push_back(std::make_shared<UdpStream>(shared_));
      plugin::share_lane(*streams_.back(), *streams_.front());
    }
  }

  Status bind(const net::UdpOptions& options) {
    shared_->on_room = [weak = weak_from_this(), loop = loop_] {
      loop->post([weak] {
        if (const auto self = weak.lock()) self->check_room();
      });
    };
    auto socket = net::UdpSocket::bind(
        *loop_, options,
        [this](const SlabRef& slab, std::string_view records, size_t count) { push(slab, records, count); });
    if (!socket.ok()) return socket.status();
    socket_ = std::move(socket).value();
    look_.emplace(*loop_);
    look_->start(
        kLossMillis, [this] { count_losses(); }, kLossMillis);
    return {};
  }

  [[nodiscard]] const net::UdpSocket& socket() const { return *socket_; }

  void stop() {
    count_losses();
    look_.reset();
    socket_.reset();
    for (const auto& stream : streams_) sink_.finish(stream);
  }

 private:
  void push(const SlabRef& slab, std::string_view records, size_t count) {
    plugin::Chunk chunk;
    chunk.slab = slab;
    chunk.bytes = records;
    chunk.position = position_;
    chunk.count = count;
    chunk.credit = records.size() + count * kCreditPerDatagram;
    position_ += count;
    auto& stream = streams_[next_];
    next_ = (next_ + 1) % streams_.size();
    shared_->waiting.fetch_add(count);
    if (!sink_.push(stream, std::move(chunk))) wait_for_pipeline();
    if (shared_->waiting.load() >= shared_->queue_size) {
      pause();
      check_room();
    }
  }

  void wait_for_pipeline() {
    if (pipeline_full_) return;
    pipeline_full_ = true;
    pause();
    plugin::when_room(sink_, *streams_.front(), [weak = weak_from_this(), loop = loop_] {
      loop->post([weak] {
        const auto self = weak.lock();
        if (!self) return;
        self->pipeline_full_ = false;
        self->resume();
      });
    });
  }

  void check_room() {
    if (shared_->waiting.load() >= shared_->queue_size) {
      shared_->wants_room.store(true);
      // A worker may have looked before the flag was set: look once more.
      if (shared_->waiting.load() >= shared_->queue_size) return;
    }
    resume();
  }
  void pause() {
    if (socket_) socket_->pause();
  }
  void resume() {
    if (socket_ && !pipeline_full_ && shared_->waiting.load() < shared_->queue_size) socket_->resume();
  }

  /// The kernel counts what it drops and tells nobody.
  void count_losses() {
    const uint32_t dropped = socket_->dropped();
    const uint32_t lost = dropped - dropped_;
    dropped_ = dropped;
    shared_->metrics->counter("kernel_drops").add(lost);
    shared_->metrics->counter("refused").set(socket_->refused());
    shared_->metrics->counter("over_rate").set(socket_->over_rate());
    tell_refused();
    untold_ += lost;
    if (quiet_ticks_ > 0) --quiet_ticks_;
    if (untold_ == 0 || quiet_ticks_ > 0) return;
    quiet_ticks_ = kLossTicks;
    log::warn(
        kLogger,
        "The kernel dropped " + std::to_string(std::exchange(untold_, 0)) +
            " datagrams: they came faster than the pipeline took them, for longer than the socket's "
            "receive buffer lasts. Raise receive_buffer_bytes, and net.core.rmem_max with it (sysctl -w "
            "net.core.rmem_max=...), or make the pipeline faster.",
        {{"port", socket_->port()}, {"receive_buffer_bytes", socket_->receive_buffer_bytes()}});
  }

  void tell_refused() {
    uint64_t suppressed = 0;
    const uint64_t all = socket_->refused() + socket_->over_rate();
    if (all == told_refused_ || !refusals_.allow(suppressed)) return;
    told_refused_ = all;
    log::warn(kLogger,
              "Datagrams were not taken: of peers in none of the allowed networks, or over their rate",
              {{"port", socket_->port()},
               {"refused_so_far", socket_->refused()},
               {"over_rate_so_far", socket_->over_rate()}});
  }

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<net::Loop> loop_;
  plugin::InputSink& sink_;
  std::vector<std::shared_ptr<UdpStream>> streams_;
  std::unique_ptr<net::UdpSocket> socket_;
  std::optional<net::Timer> look_;
  uint64_t position_ = 0;
  size_t next_ = 0;
  bool pipeline_full_ = false;
  uint32_t dropped_ = 0;  // the kernel's count, which wraps around
  uint64_t untold_ = 0;   // of them not in the log yet
  uint64_t quiet_ticks_ = 0;
  WarningLimiter refusals_;
  uint64_t told_refused_ = 0;
};

class UdpInput : public plugin::Input {
 public:
  explicit UdpInput(plugin::Setup& setup) : shared_(std::make_shared<Shared>()) {
    const auto& options = setup.options;
    auto& s = *shared_;
    s.id = setup.id;
    s.decoration = plugin::Decoration::input(setup);
    s.codec = setup.codec("plain");
    if (options.given("source_ip_fieldname")) {
      if (const auto ref = setup.field("source_ip_fieldname"); !ref.empty())
        s.source_ip = DefaultField(ref.text());
    } else {
      s.source_ip = DefaultField(setup, "host", "[host][ip]");
    }
    udp_.host = options.string("host");
    udp_.port = static_cast<uint16_t>(number(setup, "port", 0, 65535));
    udp_.buffer_size = static_cast<size_t>(number(setup, "buffer_size", 1, 1 << 20));
    if (options.given("receive_buffer_bytes"))
      udp_.receive_buffer_bytes = static_cast<int>(number(setup, "receive_buffer_bytes", 1, INT32_MAX));
    udp_.access = read_access(setup);
    streams_ = static_cast<size_t>(number(setup, "workers", 1, 1024));
    if (s.codec && s.codec->ordered()) streams_ = 1;
    s.queue_size = static_cast<size_t>(number(setup, "queue_size", 1, INT32_MAX));
    if (s.codec && !s.codec->decoder())
      setup.error("codec", "E0306",
                  "The codec " + std::string(s.codec->name()) + " cannot decode, only encode",
                  "Use a codec that reads, such as plain or json.");
  }

  Status start(plugin::Start& start, plugin::InputSink& sink) override {
    auto& s = *shared_;
    s.metrics = &start.metrics;
    for (const auto* name : {"kernel_drops", "refused", "over_rate"})
      s.metrics->counter(name);  // shown at once
    // More streams than workers would only mix the order.
    const size_t streams = std::min(streams_, std::max<size_t>(start.engine.environment().workers, 1));
    if (auto status = loop_->start("udp"); !status.ok()) return status;
    receiver_ = std::make_shared<Receiver>(shared_, loop_, sink, streams);
    if (auto status = loop_->call([&] { return receiver_->bind(udp_); }); !status.ok()) {
      receiver_.reset();
      return Status::config("cannot listen, `host` => \"" + udp_.host + "\" and `port` => " +
                            std::to_string(udp_.port) + ": " + status.message() +
                            ". Choose another port, or end what uses it.");
    }
    const int granted = receiver_->socket().receive_buffer_bytes();
    if (udp_.receive_buffer_bytes && granted < udp_.receive_buffer_bytes)
      log::warn(kLogger, "Unable to set receive_buffer_bytes to desired size. Requested " +
                             std::to_string(udp_.receive_buffer_bytes) + " but obtained " +
                             std::to_string(granted) + " bytes; sysctl -w net.core.rmem_max=" +
                             std::to_string(udp_.receive_buffer_bytes) + " allows as much.");
    const std::string address = udp_.host + ":" + std::to_string(receiver_->socket().port());
    log::info(kLogger, "UDP listener started",
              {{"address", address}, {"receive_buffer_bytes", granted}, {"queue_size", s.queue_size}});
    start.engine.listening("udp", address);
    return {};
  }

  void stop() override {
    if (!receiver_) return;
    loop_->call([&] {
      receiver_->stop();
      return true;
    });
    loop_->stop();
    loop_->join();
  }

 private:
  static int64_t number(plugin::Setup& setup, std::string_view name, int64_t low, int64_t high) {
    const int64_t value = setup.options.integer(name, low);
    if (value >= low && value <= high) return value;
    setup.error(
        name, "E0306",
        std::string(name) + " must be between " + std::to_string(low) + " and " + std::to_string(high));
    return low;
  }

  std::shared_ptr<Shared> shared_;
  net::UdpOptions udp_;
  size_t streams_ = 2;
  // A thread of its own, so that no other input's work keeps it from the socket.
  std::shared_ptr<net::Loop> loop_ = std::make_shared<net::Loop>();
  std::shared_ptr<Receiver> receiver_;
};

}  // namespace

extern const plugin::Spec input_udp;
const plugin::Spec input_udp{.kind = plugin::Kind::input,
                             .name = "udp",
                             .summary = "Reads events from UDP datagrams.",
                             .options = kOptions,
                             .example = "input { udp { port => 5001 codec => json } }",
                             .listens = "udp",
                             .input = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Input> {
                               return std::make_unique<UdpInput>(setup);
                             }};

}  // namespace sluice::plugins
