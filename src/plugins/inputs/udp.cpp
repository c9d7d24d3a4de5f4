// Datagrams: each is one event, or what the codec makes of it. The loop only gathers them; workers decode
// them many at a time.
#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <vector>

#include "base/log.hpp"
#include "net/loop.hpp"
#include "net/udp.hpp"
#include "plugin/decoration.hpp"
#include "plugin/spec.hpp"
#include "plugins/inputs/host_field.hpp"

namespace sluice::plugins {
namespace {

constexpr std::string_view kLogger = "logstash.inputs.udp";
constexpr size_t kDatagramsPerBurst = 256;
constexpr size_t kCreditPerDatagram = 64;  // what one costs beside its bytes

using plugin::kRequired;
using plugin::Type;

constexpr plugin::Option kOptions[] = {
    {"host", Type::string, "\"0.0.0.0\"", "The address to listen on."},
    {"port", Type::number, {}, "The port to listen on.", kRequired},
    {"buffer_size", Type::number, "65536", "The largest datagram that is taken whole; longer ones are cut."},
    {"receive_buffer_bytes",
     Type::number,
     {},
     "The socket's receive buffer (SO_RCVBUF); the system's default when unset."},
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

struct Datagram {
  std::string_view bytes;
  net::Endpoint from;
};

/// Datagrams that lie in one slab.
struct Burst {
  SlabRef slab;
  std::vector<Datagram> datagrams;
  size_t bytes = 0;
};

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

/// The datagrams that one worker at a time decodes. The runtime moves only the numbers: a chunk says that the
/// next burst is there.
class UdpStream : public plugin::Stream, private plugin::EventSink {
 public:
  explicit UdpStream(std::shared_ptr<Shared> shared)
      : shared_(std::move(shared)), decoder_(shared_->codec->decoder()) {}

  void give(Burst burst) {
    std::scoped_lock lock(mutex_);
    bursts_.push_back(std::move(burst));
  }

  void decode(plugin::Chunk& chunk, Batch& batch) override {
    Burst burst = take();
    batch.hold(chunk.ack);
    if (burst.slab) batch.hold(burst.slab);
    begin(batch);
    position_ = chunk.position;
    for (const auto& datagram : burst.datagrams) {
      if (!(datagram.from == last_) || source_.is_null()) set_source(datagram.from);
      decoder_->decode(datagram.bytes, *this);
      decoder_->flush(*this);
      ++position_;
    }
    end();
    const size_t left = shared_->waiting.fetch_sub(burst.datagrams.size()) - burst.datagrams.size();
    if (left < shared_->queue_size && shared_->wants_room.exchange(false)) shared_->on_room();
  }

 private:
  Burst take() {
    std::scoped_lock lock(mutex_);
    Burst burst = std::move(bursts_.front());
    bursts_.pop_front();
    return burst;
  }
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
  std::mutex mutex_;
  std::deque<Burst> bursts_;
  // Of the call in progress:
  Batch* batch_ = nullptr;
  size_t before_ = 0;
  uint32_t source_number_ = 0;
  uint64_t position_ = 0;
  net::Endpoint last_;
  Value source_;
};

/// The loop's side: gathers datagrams into bursts and stops the socket when too much waits. Loop thread; held
/// by shared_ptr because posted work may outlive the input.
class Receiver : public std::enable_shared_from_this<Receiver> {
 public:
  Receiver(std::shared_ptr<Shared> shared, net::Loop& loop, plugin::InputSink& sink, size_t streams)
      : shared_(std::move(shared)), loop_(loop), sink_(sink) {
    for (size_t i = 0; i < streams; ++i) streams_.push_back(std::make_shared<UdpStream>(shared_));
  }

  Status bind(const net::UdpOptions& options) {
    shared_->on_room = [weak = weak_from_this(), &loop = loop_] {
      loop.post([weak] {
        if (const auto self = weak.lock()) self->check_room();
      });
    };
    auto socket = net::UdpSocket::bind(
        loop_, options, [this](const SlabRef& slab, std::string_view bytes, const net::Endpoint& from) {
          take(slab, bytes, from);
        });
    if (!socket.ok()) return socket.status();
    socket_ = std::move(socket).value();
    return {};
  }

  [[nodiscard]] net::UdpSocket& socket() { return *socket_; }

  void stop() {
    push();
    stopped_ = true;
    socket_.reset();
    for (const auto& stream : streams_) sink_.finish(stream);
  }

 private:
  void take(const SlabRef& slab, std::string_view bytes, const net::Endpoint& from) {
    if (stopped_ || bytes.empty()) return;
    if (burst_.slab && !(burst_.slab == slab)) push();
    if (burst_.datagrams.empty()) {
      burst_.slab = slab;
      // The rest of what this wake-up reads is taken before posted work runs.
      loop_.post([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->push();
      });
    }
    burst_.datagrams.push_back({bytes, from});
    burst_.bytes += bytes.size();
    if (burst_.datagrams.size() >= kDatagramsPerBurst) push();
  }

  void push() {
    if (burst_.datagrams.empty() || stopped_) return;
    const size_t count = burst_.datagrams.size();
    plugin::Chunk chunk;
    chunk.position = position_;
    chunk.count = count;
    chunk.credit = burst_.bytes + count * kCreditPerDatagram;
    position_ += count;
    auto& stream = streams_[next_];
    next_ = (next_ + 1) % streams_.size();
    stream->give(std::move(burst_));
    burst_ = {};
    shared_->waiting.fetch_add(count);
    if (!sink_.push(stream, std::move(chunk))) wait_for_pipeline();
    if (shared_->waiting.load() >= shared_->queue_size) {
      shared_->wants_room.store(true);
      pause();
      check_room();
    }
  }

  void wait_for_pipeline() {
    if (pipeline_full_) return;
    pipeline_full_ = true;
    pause();
    sink_.when_ready([weak = weak_from_this(), &loop = loop_] {
      loop.post([weak] {
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

  std::shared_ptr<Shared> shared_;
  net::Loop& loop_;
  plugin::InputSink& sink_;
  std::vector<std::shared_ptr<UdpStream>> streams_;
  std::unique_ptr<net::UdpSocket> socket_;
  Burst burst_;
  uint64_t position_ = 0;
  size_t next_ = 0;
  bool pipeline_full_ = false;
  bool stopped_ = false;
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
    loop_ = &start.engine.input_loop();
    receiver_ = std::make_shared<Receiver>(shared_, *loop_, sink, streams_);
    if (auto status = receiver_->bind(udp_); !status.ok()) {
      receiver_.reset();
      return Status::config("cannot listen, `host` => \"" + udp_.host +
                            "\" and `port` => " + std::to_string(udp_.port) + ": " + status.message() +
                            ". Choose another port, or end what uses it.");
    }
    const int given =
        receiver_->socket().receive_buffer_bytes() / 2;  // the kernel counts its own bookkeeping
    if (udp_.receive_buffer_bytes && given < udp_.receive_buffer_bytes)
      log::warn(kLogger, "Unable to set receive_buffer_bytes to desired size. Requested " +
                             std::to_string(udp_.receive_buffer_bytes) + " but obtained " +
                             std::to_string(given) + " bytes; raise net.core.rmem_max to get more.");
    const std::string address = udp_.host + ":" + std::to_string(receiver_->socket().port());
    log::info(kLogger, "UDP listener started",
              {{"address", address}, {"receive_buffer_bytes", given}, {"queue_size", s.queue_size}});
    start.engine.listening("udp", address);
    return {};
  }

  void stop() override {
    if (!receiver_) return;
    loop_->call([&] {
      receiver_->stop();
      return true;
    });
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
  net::Loop* loop_ = nullptr;
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
