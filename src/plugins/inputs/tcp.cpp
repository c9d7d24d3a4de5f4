// Lines, JSON or whatever the codec reads, over TCP: as a server, or as a client that connects and
// reconnects.
#include <atomic>
#include <optional>

#include "base/log.hpp"
#include "net/loop.hpp"
#include "net/tcp.hpp"
#include "net/tls_reload.hpp"
#include "plugin/spec.hpp"
#include "plugins/inputs/access.hpp"
#include "plugins/inputs/connection_gate.hpp"
#include "plugins/inputs/proxy_header.hpp"
#include "plugins/inputs/reverse_dns.hpp"
#include "plugins/inputs/tcp/stream.hpp"
#include "plugins/tls/endpoint.hpp"
#include "plugins/tls/options.hpp"

namespace sluice::plugins {
namespace {

constexpr std::string_view kLogger = "logstash.inputs.tcp";
constexpr uint64_t kReconnectMillis = 1000;
constexpr uint64_t kNameLookupMillis = 2000;

using plugin::kDeprecated;
using plugin::kList;
using plugin::kObsolete;
using plugin::kRequired;
using plugin::Type;

constexpr plugin::Option kOwnOptions[] = {
    {"host", Type::string, "\"0.0.0.0\"", "The address to listen on, or the host to connect to."},
    {"port", Type::number, {}, "The port to listen on or to connect to.", kRequired},
    {"mode", Type::string, "\"server\"", "Listen for clients, or connect to a server.", 0, "server|client"},
    {"proxy_protocol", Type::boolean, "false",
     "Every connection begins with a PROXY protocol version 1 line."},
    {"tcp_keep_alive", Type::boolean, "false", "Sets SO_KEEPALIVE, with the system's times."},
    {"dns_reverse_lookup_enabled", Type::boolean, "true",
     "Looks the peer's name up; the events of a connection wait up to two seconds for it."},
    {"ssl_extra_chain_certs", Type::array, "[]", "More certificates (PEM files) of the chain that is sent."},
    {"ssl_client_authentication", Type::string, "\"required\"", "Whether clients have to show a certificate.",
     0, "none|optional|required"},
    {"ssl_verification_mode", Type::string, "\"full\"",
     "As a client: whether the server's certificate and name are checked.", 0, "full|none"},
    {"ssl_supported_protocols", Type::string, "[]", "The TLS versions to speak; 1.2 and 1.3 when empty.",
     kList, "TLSv1.1|TLSv1.2|TLSv1.3"},
    {"ssl_enable",
     Type::boolean,
     {},
     "The former name of ssl_enabled.",
     kDeprecated,
     {},
     "Use `ssl_enabled` instead."},
    {"ssl_cert",
     Type::path,
     {},
     "The former name of ssl_certificate.",
     kDeprecated,
     {},
     "Use `ssl_certificate` instead."},
    {"ssl_cacert",
     Type::array,
     {},
     "The former name of ssl_certificate_authorities.",
     kDeprecated,
     {},
     "Use `ssl_certificate_authorities` instead."},
    {"ssl_verify",
     Type::boolean,
     {},
     "Whether the peer's certificate is checked.",
     kDeprecated,
     {},
     "Use `ssl_client_authentication` in mode server or `ssl_verification_mode` in mode client."},
    {"data_timeout", Type::any, {}, {}, kObsolete, {}, "It has had no effect for years: remove it."},
};
constexpr auto kOptions = plugin::join(kOwnOptions, tls::kEndpointOptions, tls::kListenerOptions,
                                       kAccessOptions, kConnectionOptions);

/// What is fixed for all connections of the input; connections share it. `settings` is what streams see of
/// it.
struct Shared {
  std::shared_ptr<tcp::Settings> settings = std::make_shared<tcp::Settings>();
  bool server = true;
  bool resolve = true;
  tls::Endpoint tls;
  ReverseDns dns;
  // From start() on:
  net::Loop* loop = nullptr;
  std::shared_ptr<ConnectionGate> gate;
};

/// One connection, of either mode.
class TcpHandler : public net::ConnectionHandler {
 public:
  TcpHandler(std::shared_ptr<Shared> shared, std::function<void(bool opened, const net::CloseReason&)> closed)
      : shared_(std::move(shared)), closed_(std::move(closed)), peer_(std::make_shared<tcp::Peer>()) {}

  void on_open(net::TcpConnection& connection) override {
    opened_ = true;
    peer_->ip = connection.peer().address();
    peer_->port = connection.peer().port();
    peer_->name = peer_->ip;
    if (const auto* tls = connection.tls(); tls && shared_->tls.checks_peer) peer_->subject = tls->subject;
    shared_->gate->add(connection, std::make_shared<tcp::TcpStream>(shared_->settings, peer_));
    if (shared_->resolve && !shared_->settings->proxy) look_up(connection, connection.peer());
  }

  void on_data(net::TcpConnection& connection, const SlabRef& slab, std::string_view bytes) override {
    if (shared_->gate->shut_down()) return;
    if (shared_->settings->proxy && !header_done_) {
      if (!read_header(connection, bytes)) return;
      if (bytes.empty()) return;
    }
    push(connection, slab, bytes);
  }

  void on_close(net::TcpConnection& connection, const net::CloseReason& reason) override {
    shared_->gate->remove(connection);
    if (reason.kind == net::CloseReason::handshake)
      log::warn(kLogger, "SSL error", {{"client", connection.peer().text()}, {"message", reason.text}});
    else if (reason.kind == net::CloseReason::error)
      log::debug(kLogger, "Connection broke",
                 {{"client", connection.peer().text()}, {"message", reason.text}});
    if (closed_) closed_(opened_, reason);
  }

 private:
  void push(net::TcpConnection& connection, SlabRef slab, std::string_view bytes) {
    plugin::Chunk chunk;
    chunk.slab = std::move(slab);
    chunk.bytes = bytes;
    chunk.position = position_;
    position_ += bytes.size();
    shared_->gate->push(connection, std::move(chunk));
  }

  /// The peer's name has to be right from the first event on, so the connection is not read until it is
  /// there.
  void look_up(net::TcpConnection& connection, const net::Endpoint& address) {
    shared_->gate->hold(connection);
    auto named = [this, alive = std::weak_ptr(alive_),
                  weak = connection.weak_from_this()](const std::string& name) {
      const auto open = weak.lock();
      if (alive.expired() || !open || named_) return;
      named_ = true;
      peer_->name = name;
      if (rest_) push(*open, rest_, rest_.view());
      rest_.reset();
      shared_->gate->release(*open);
    };
    patience_.emplace(*shared_->loop);
    patience_->start(kNameLookupMillis, [named, ip = peer_->ip] { named(ip); });
    shared_->dns.lookup(*shared_->loop, address, named);
  }

  /// Takes the PROXY line off the front of `bytes`. False while it is not complete, and after an error.
  bool read_header(net::TcpConnection& connection, std::string_view& bytes) {
    const auto header = header_.feed(bytes);
    if (header.state == ProxyHeader::State::incomplete) return false;
    if (header.state == ProxyHeader::State::bad) {
      log::error(kLogger, "Invalid proxy protocol header label",
                 {{"header", header_.text()}, {"client", connection.peer().text()}});
      connection.close({net::CloseReason::error, "invalid PROXY header"});
      return false;
    }
    header_done_ = true;
    if (!header.source_ip.empty()) {
      peer_->ip = peer_->name = header.source_ip;
      peer_->port_text = header.source_port;
      peer_->proxy_ip = header.proxy_ip;
      peer_->proxy_port = header.proxy_port;
    }
    auto client = net::Endpoint::parse(peer_->ip, 0);
    if (!shared_->resolve || !client.ok()) return true;
    // What came behind the line waits for the name with the rest of the connection.
    if (!bytes.empty()) rest_ = SlabRef::copy_of(bytes);
    look_up(connection, *client);
    return false;
  }

  std::shared_ptr<Shared> shared_;
  std::function<void(bool, const net::CloseReason&)> closed_;
  std::shared_ptr<tcp::Peer> peer_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  // lookups that come too late look at it
  std::optional<net::Timer> patience_;
  ProxyHeader header_;
  SlabRef rest_;
  bool header_done_ = false;
  bool opened_ = false;
  bool named_ = false;
  uint64_t position_ = 0;
};

class TcpInput : public plugin::Input {
 public:
  explicit TcpInput(plugin::Setup& setup) : shared_(std::make_shared<Shared>()) {
    const auto& options = setup.options;
    auto& s = *shared_;
    auto& streams = *s.settings;
    streams.id = setup.id;
    streams.decoration = plugin::Decoration::input(setup);
    streams.codec = setup.codec("line", true);
    streams.fields = tcp::Fields(setup);
    streams.proxy = options.boolean("proxy_protocol");
    s.server = options.string("mode") == "server";
    s.resolve = options.boolean("dns_reverse_lookup_enabled");
    s.tls = tls::read_endpoint(setup, s.server ? net::TlsRole::server : net::TlsRole::client);
    access_ = read_access(setup);
    if (!s.server) refuse_access(setup);
    host_ = options.string("host");
    keep_alive_ = options.boolean("tcp_keep_alive");
    const int64_t port = options.integer("port", -1);
    if (port < 0 || port > 65535) setup.error("port", "E0306", "port must be between 0 and 65535");
    port_ = static_cast<uint16_t>(port);
    if (streams.codec && !streams.codec->decoder())
      setup.error("codec", "E0306",
                  "The codec " + std::string(streams.codec->name()) + " cannot decode, only encode",
                  "Use a codec that reads, such as line or json_lines.");
  }

  Status start(plugin::Start& start, plugin::InputSink& sink) override {
    auto& s = *shared_;
    s.settings->metrics = &start.metrics;
    s.loop = &start.engine.input_loop();
    s.gate = std::make_shared<ConnectionGate>(*s.loop, sink);
    return s.server ? listen(start) : connect_first();
  }

  void stop() override {
    auto& s = *shared_;
    if (!s.gate) return;
    s.dns.cancel();
    s.loop->call([&] {
      stopped_->store(true);
      retry_.reset();
      reload_.reset();
      if (listener_) listener_->close();
      if (client_) client_->close();
      client_.reset();
      // Streams end here and not in on_close, which may come after this call.
      s.gate->shut();
      s.gate->close_all();
      return true;
    });
    listener_.reset();
  }

 private:
  static void refuse_access(plugin::Setup& setup) {
    for (const auto* name :
         {"allowed_networks", "peer_bytes_per_second", "max_connections", "max_connections_per_peer"})
      if (setup.options.given(name))
        setup.error(name, "E0307", "`" + std::string(name) + "` is for mode => \"server\"",
                    "Remove it: a client connects to one server, of its own accord.");
  }

  Status listen(plugin::Start& start) {
    auto& s = *shared_;
    net::ListenOptions options;
    options.host = host_;
    options.port = port_;
    options.keep_alive = keep_alive_;
    options.tls = s.tls.context;
    options.access = access_;
    options.on_refused = refusal_log(kLogger, start.metrics);
    auto listener = net::TcpListener::listen(*s.loop, options, [shared = shared_](net::TcpConnection&) {
      return std::make_unique<TcpHandler>(shared, nullptr);
    });
    if (!listener.ok())
      return Status::config("cannot listen, `host` => \"" + host_ + "\" and `port` => " +
                            std::to_string(port_) + ": " + listener.message() +
                            ". Choose another port, or end what uses it.");
    listener_ = std::move(listener).value();
    s.loop->call([&] {
      reload_.emplace(*s.loop, s.tls.context, std::string(kLogger),
                      [raw = listener_.get()](auto fresh) { raw->set_tls(std::move(fresh)); });
      return true;
    });
    const std::string address = host_ + ":" + std::to_string(listener_->port());
    log::info(kLogger, "Starting tcp input listener",
              {{"address", address}, {"ssl_enabled", s.tls.context != nullptr}});
    start.engine.listening("tcp", address);
    return {};
  }

  Status connect_first() {
    retry_.emplace(*shared_->loop);
    shared_->loop->post([this, stopped = stopped_] {
      if (!stopped->load()) connect();
    });
    return {};
  }

  void connect() {
    net::ConnectOptions options;
    options.host = host_;
    options.port = port_;
    options.keep_alive = keep_alive_;
    options.tls = shared_->tls.context;
    auto closed = [this, stopped = stopped_](bool opened, const net::CloseReason& reason) {
      if (stopped->load()) return;
      if (!opened && reason.text != last_failure_)
        log::error(kLogger, "Cannot connect; trying again every second",
                   {{"host", host_}, {"port", port_}, {"message", reason.text}});
      last_failure_ = opened ? std::string{} : reason.text;
      if (retry_)
        retry_->start(kReconnectMillis, [this, stopped] {
          if (!stopped->load()) connect();
        });
    };
    client_ = net::connect_tcp(*shared_->loop, options, std::make_unique<TcpHandler>(shared_, closed));
  }

  std::shared_ptr<Shared> shared_;
  std::string host_;
  uint16_t port_ = 0;
  net::AccessRules access_;
  bool keep_alive_ = false;
  std::unique_ptr<net::TcpListener> listener_;
  std::optional<net::TlsReload> reload_;  // loop thread
  // Mode client; loop thread.
  std::shared_ptr<net::TcpConnection> client_;
  std::optional<net::Timer> retry_;
  std::string last_failure_;
  std::shared_ptr<std::atomic<bool>> stopped_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace

extern const plugin::Spec input_tcp;
const plugin::Spec input_tcp{
    .kind = plugin::Kind::input,
    .name = "tcp",
    .summary = "Reads events from TCP connections, as a server or as a client, plain or with TLS.",
    .options = kOptions,
    .example = "input { tcp { port => 5000 codec => json_lines } }",
    .listens = "tcp",
    .input = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Input> {
      return std::make_unique<TcpInput>(setup);
    }};

}  // namespace sluice::plugins
