// The tcp output: workers encode, the output loop sends.
#include <atomic>
#include <cmath>
#include <mutex>

#include "plugin/spec.hpp"
#include "plugins/outputs/tcp_sender.hpp"
#include "plugins/tls/endpoint.hpp"
#include "plugins/tls/options.hpp"

namespace sluice::plugins {
namespace {

using plugin::kDeprecated;
using plugin::kList;
using plugin::Type;

constexpr plugin::Option kOwnOptions[] = {
    {"host", Type::string, {}, "The host to connect to, or the address to listen on.", plugin::kRequired},
    {"port", Type::number, {}, "The port to connect to, or to listen on.", plugin::kRequired},
    {"mode", Type::string, "\"client\"",
     "client connects to a server; server sends every event to all clients.", 0, "server|client"},
    {"reconnect_interval", Type::number, "10",
     "The most seconds between two attempts to connect; the first come sooner."},
    {"ssl_client_authentication", Type::string, "\"none\"",
     "Whether clients have to show a certificate (mode server).", 0, "none|optional|required"},
    {"ssl_verification_mode", Type::string, "\"full\"",
     "Whether the server's certificate and name are checked (mode client).", 0, "full|none"},
    {"ssl_certificate_authorities",
     Type::path,
     {},
     "PEM files of the authorities that peers' certificates may come from.",
     kList},
    {"ssl_supported_protocols", Type::string, "[]", "TLS versions that may be used; 1.2 and 1.3 by default.",
     kList, "TLSv1.1|TLSv1.2|TLSv1.3"},
    {"ssl_enable",
     Type::boolean,
     {},
     "Former name of ssl_enabled.",
     kDeprecated,
     {},
     "Use `ssl_enabled` instead."},
    {"ssl_verify",
     Type::boolean,
     {},
     "Former form of the two options for checking the peer.",
     kDeprecated,
     {},
     "Use `ssl_verification_mode` when `mode` is client, `ssl_client_authentication` when it is server."},
    {"ssl_cacert",
     Type::path,
     {},
     "Former name of ssl_certificate_authorities.",
     kDeprecated,
     {},
     "Use `ssl_certificate_authorities` instead."},
    {"ssl_cert",
     Type::path,
     {},
     "Former name of ssl_certificate.",
     kDeprecated,
     {},
     "Use `ssl_certificate` instead."},
};
constexpr auto kOptions = plugin::join(kOwnOptions, tls::kEndpointOptions);

/// The way from the workers to the sender on its loop; outlived by nothing that is still posted.
struct Gate {
  net::Loop* loop = nullptr;
  std::unique_ptr<TcpSender> sender;  // loop thread
  std::mutex mutex;
  std::vector<TcpPayload> incoming;
  bool posted = false;
  bool stopped = false;

  void push(const std::shared_ptr<Gate>& self, TcpPayload payload) {
    {
      std::scoped_lock lock(mutex);
      if (stopped) return payload.batch->abandon();
      incoming.push_back(std::move(payload));
      if (std::exchange(posted, true)) return;
    }
    loop->post([self] { self->drain(); });
  }

  void drain() {
    std::vector<TcpPayload> payloads;
    {
      std::scoped_lock lock(mutex);
      posted = false;
      payloads.swap(incoming);
    }
    for (auto& payload : payloads) {
      if (sender)
        sender->send(std::move(payload));
      else
        payload.batch->abandon();
    }
  }
};

class Worker : public plugin::OutputWorker {
 public:
  Worker(std::unique_ptr<plugin::Encoder> encoder, std::shared_ptr<Gate> gate)
      : encoder_(std::move(encoder)), gate_(std::move(gate)) {}

  void write(std::span<Event* const> events, const BatchRef& batch) override {
    auto bytes = std::make_shared<Buffer>();
    for (const auto* event : events) encoder_->encode(*event, *bytes);
    if (bytes->empty()) return;
    const auto view = bytes->view();
    gate_->push(gate_, {net::Bytes(view, std::move(bytes)), batch});
  }

 private:
  std::unique_ptr<plugin::Encoder> encoder_;
  std::shared_ptr<Gate> gate_;
};

struct TcpSettings {
  std::string host;
  uint16_t port = 0;
  bool server = false;
  uint64_t reconnect_millis = 10'000;
  std::shared_ptr<const net::TlsContext> tls;
};

class Tcp : public plugin::Output {
 public:
  Tcp(TcpSettings settings, std::unique_ptr<plugin::Codec> codec)
      : settings_(std::move(settings)), codec_(std::move(codec)) {}
  ~Tcp() override { stop(); }

  Status start(plugin::Start& start) override {
    auto& loop = start.engine.output_loop();
    gate_->loop = &loop;
    return loop.call([&]() -> Status {
      if (settings_.server) {
        net::ListenOptions options;
        options.host = settings_.host;
        options.port = settings_.port;
        options.tls = settings_.tls;
        gate_->sender = make_tcp_server(loop, std::move(options), [&](const std::string& address) {
          start.engine.listening("tcp output", address);
        });
      } else {
        net::ConnectOptions options;
        options.host = settings_.host;
        options.port = settings_.port;
        options.tls = settings_.tls;
        options.keep_alive = true;
        gate_->sender =
            make_tcp_client(loop, std::move(options), settings_.reconnect_millis,
                            start.metrics.circuit(settings_.host + ":" + std::to_string(settings_.port)));
      }
      return gate_->sender->start();
    });
  }

  std::unique_ptr<plugin::OutputWorker> worker() override {
    return std::make_unique<Worker>(codec_->encoder(), gate_);
  }

  void stop() override {
    if (!gate_->loop || std::exchange(stopped_, true)) return;
    {
      std::scoped_lock lock(gate_->mutex);
      gate_->stopped = true;
    }
    gate_->loop->call([this] {
      gate_->drain();
      if (gate_->sender) gate_->sender->stop();
      gate_->sender.reset();
    });
  }

 private:
  const TcpSettings settings_;
  std::unique_ptr<plugin::Codec> codec_;
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  bool stopped_ = false;
};

std::unique_ptr<plugin::Output> make(plugin::Setup& setup) {
  const auto& options = setup.options;
  TcpSettings settings;
  settings.host = options.string("host");
  settings.server = options.string("mode") == "server";
  settings.reconnect_millis =
      static_cast<uint64_t>(std::max(0.0, options.number("reconnect_interval")) * 1000);
  const auto port = options.integer("port");
  if (port < (settings.server ? 0 : 1) || port > 65535)
    setup.error("port", "E0306", "`port` is not a port", "A port is a number from 1 to 65535.");
  settings.port = static_cast<uint16_t>(port);
  settings.tls =
      tls::read_endpoint(setup, settings.server ? net::TlsRole::server : net::TlsRole::client).context;
  auto codec = setup.codec("json");
  if (codec && !codec->encoder())
    setup.error("codec", "E0306", "The codec " + std::string(codec->name()) + " cannot write events",
                "Use a codec that encodes, such as json_lines.");
  if (!codec) return nullptr;
  return std::make_unique<Tcp>(std::move(settings), std::move(codec));
}

}  // namespace

extern const plugin::Spec output_tcp;
const plugin::Spec output_tcp{
    .kind = plugin::Kind::output,
    .name = "tcp",
    .summary = "Sends events over TCP, to a server or to all clients of a port.",
    .options = kOptions,
    .example = "tcp { host => \"127.0.0.1\" port => 5000 codec => json_lines }",
    .output = make,
};

}  // namespace sluice::plugins
