// Filebeat and its kin: Lumberjack over TCP or TLS. The loop reads bytes and writes acknowledgements;
// everything between happens on workers. A window is acknowledged when every output has confirmed all of its
// events.
#include <algorithm>
#include <optional>
#include <unordered_map>

#include "base/log.hpp"
#include "net/loop.hpp"
#include "net/tcp.hpp"
#include "net/tls_reload.hpp"
#include "plugin/spec.hpp"
#include "plugins/inputs/access.hpp"
#include "plugins/inputs/beats/peer.hpp"
#include "plugins/inputs/beats/stream.hpp"
#include "plugins/inputs/connection_gate.hpp"
#include "plugins/tls/endpoint.hpp"
#include "plugins/tls/options.hpp"

namespace sluice::plugins {
namespace {

constexpr std::string_view kLogger = "logstash.inputs.beats";
constexpr uint64_t kTickMillis = 1000;
constexpr uint64_t kKeepAliveMillis = 5000;
constexpr size_t kInflation = 10;  // how many times larger than its frame compressed data may become

using beats::BeatsStream;
using beats::Peer;
using beats::Settings;
using plugin::kDeprecated;
using plugin::kList;
using plugin::kObsolete;
using plugin::kRequired;
using plugin::Type;

constexpr plugin::Option kOwnOptions[] = {
    {"host", Type::string, "\"0.0.0.0\"", "The address to listen on."},
    {"port", Type::number, {}, "The port to listen on; Filebeat's habit is 5044.", kRequired},
    {"enrich",
     Type::array,
     {},
     "What the input adds: source_metadata (the client's address), codec_metadata (a tag), ssl_peer_metadata "
     "(the "
     "client's certificate); or `all`, or `none`."},
    {"client_inactivity_timeout", Type::number, "60",
     "Seconds without a byte in or out after which a client is cut off."},
    {"max_frame_bytes", Type::bytes, "\"20 MiB\"",
     "The largest frame that is taken; compressed data may become ten times as large. A client that sends "
     "more is cut off."},
    {"ssl_client_authentication", Type::string, "\"none\"", "Whether clients have to show a certificate.", 0,
     "none|optional|required"},
    {"ssl_handshake_timeout", Type::number, "10000", "Milliseconds that a TLS handshake may take."},
    {"ssl_supported_protocols", Type::string, "[\"TLSv1.2\", \"TLSv1.3\"]", "The TLS versions to speak.",
     kList, "TLSv1.1|TLSv1.2|TLSv1.3"},
    {"include_codec_tag",
     Type::boolean,
     {},
     "Whether the codec's tag is added.",
     kDeprecated,
     {},
     "Use `enrich` to choose what is added."},
    {"add_hostname",
     Type::boolean,
     "false",
     "Copies [beat][hostname] to `host`.",
     kDeprecated,
     {},
     "Beats name their host themselves; use mutate { copy => ... } if you need it elsewhere."},
    {"executor_threads",
     Type::number,
     {},
     "Logstash's number of decoding threads; here the pipeline's workers decode.",
     kDeprecated,
     {},
     "It has no effect here: the workers of the pipeline (pipeline.workers) decode."},
    {"event_loop_threads",
     Type::number,
     {},
     "Logstash's number of network threads; here one loop serves all inputs.",
     kDeprecated,
     {},
     "It has no effect here: one loop reads for all connections, and decodes nothing."},
    {"ssl",
     Type::boolean,
     {},
     "The former name of ssl_enabled.",
     kDeprecated,
     {},
     "Use `ssl_enabled` instead."},
    {"ssl_verify_mode",
     Type::string,
     {},
     "The former way to ask for client certificates.",
     kDeprecated,
     "none|peer|force_peer",
     "Use `ssl_client_authentication` instead."},
    {"ssl_peer_metadata",
     Type::boolean,
     {},
     "The former way to add the client's certificate.",
     kDeprecated,
     {},
     "Use `enrich` instead."},
    {"cipher_suites",
     Type::string,
     {},
     "The former name of ssl_cipher_suites.",
     kDeprecated | kList,
     {},
     "Use `ssl_cipher_suites` instead."},
    {"tls_min_version",
     Type::number,
     {},
     "The oldest TLS version.",
     kDeprecated,
     {},
     "Use `ssl_supported_protocols` instead."},
    {"tls_max_version",
     Type::number,
     {},
     "The newest TLS version.",
     kDeprecated,
     {},
     "Use `ssl_supported_protocols` instead."},
    {"congestion_threshold",
     Type::any,
     {},
     {},
     kObsolete,
     {},
     "A full pipeline slows clients down instead of cutting them off: remove it."},
    {"target_field_for_codec", Type::any, {}, {}, kObsolete, {}, "The codec reads `message`: remove it."},
};
constexpr auto kOptions = plugin::join(kOwnOptions, tls::kEndpointOptions, tls::kListenerOptions,
                                       kAccessOptions, kConnectionOptions);

/// What the connections of one input share. Loop thread, apart from `settings`.
struct Server {
  std::shared_ptr<Settings> settings;
  net::Loop* loop = nullptr;
  std::shared_ptr<ConnectionGate> gate;
  std::unordered_map<net::TcpConnection*, std::shared_ptr<Peer>> peers;
  uint32_t inactivity_millis = 0;
};

class BeatsHandler : public net::ConnectionHandler {
 public:
  explicit BeatsHandler(std::shared_ptr<Server> server) : server_(std::move(server)) {}

  void on_open(net::TcpConnection& connection) override {
    Peer::Facts facts;
    facts.ip = connection.peer().address();
    facts.address = connection.peer().text();
    if (const auto* tls = connection.tls()) {
      facts.tls = true;
      facts.verified = tls->verified;
      facts.protocol = tls->protocol;
      facts.cipher = tls->cipher;
      facts.subject = tls->subject;
    }
    peer_ = std::make_shared<Peer>(*server_->loop, connection.weak_from_this(), std::move(facts));
    server_->peers[&connection] = peer_;
    server_->gate->add(connection,
                       std::make_shared<BeatsStream>(server_->settings, peer_, server_->gate->sink()));
    connection.set_idle_timeout(server_->inactivity_millis);
  }

  void on_data(net::TcpConnection& connection, const SlabRef& slab, std::string_view bytes) override {
    if (server_->gate->shut_down()) return;
    if (!peer_->waiting()) peer_->last_sign_millis = server_->loop->now_millis();
    peer_->undecoded.fetch_add(1, std::memory_order_relaxed);
    plugin::Chunk chunk;
    chunk.slab = slab;
    chunk.bytes = bytes;
    chunk.position = position_;
    position_ += bytes.size();
    server_->gate->push(connection, std::move(chunk));
  }

  /// A client that has sent all and only waits for its acknowledgement may have shut its side.
  void on_end(net::TcpConnection& connection) override {
    if (peer_)
      peer_->end_when_answered();
    else
      connection.close_after_writes();
  }

  void on_close(net::TcpConnection& connection, const net::CloseReason& reason) override {
    using Reason = net::CloseReason;
    const auto address = connection.peer().text();
    if (reason.kind == Reason::handshake)
      log::warn(kLogger, "TLS handshake failed", {{"remote", address}, {"message", reason.text}});
    else if (reason.kind == Reason::idle)
      log::debug(kLogger, "Client closed after client_inactivity_timeout", {{"remote", address}});
    else
      log::debug(kLogger, "Connection closed", {{"remote", address}, {"message", reason.text}});
    server_->peers.erase(&connection);
    server_->gate->remove(connection);
  }

 private:
  std::shared_ptr<Server> server_;
  std::shared_ptr<Peer> peer_;
  uint64_t position_ = 0;
};

class BeatsInput : public plugin::Input {
 public:
  explicit BeatsInput(plugin::Setup& setup) : server_(std::make_shared<Server>()) {
    const auto& options = setup.options;
    server_->settings = std::make_shared<Settings>();
    auto& s = *server_->settings;
    s.id = setup.id;
    s.decoration = plugin::Decoration::input(setup);
    s.ecs = setup.ecs();
    read_codec(setup, s);
    read_enrichments(setup, s);
    s.ip = DefaultField(setup, "[@metadata][ip_address]", "[@metadata][input][beats][host][ip]");
    s.hostname = DefaultField(setup, "host", "[@metadata][input][beats][host][name]");
    const std::string tls = s.ecs ? "[@metadata][input][beats][tls]" : "[@metadata][tls_peer]";
    s.tls_status = FieldRef::of("[@metadata][tls_peer][status]");
    s.tls_protocol = FieldRef::of(tls + (s.ecs ? "[version_protocol]" : "[protocol]"));
    s.tls_subject = FieldRef::of(tls + (s.ecs ? "[client][subject]" : "[subject]"));
    s.tls_cipher = FieldRef::of(tls + (s.ecs ? "[cipher]" : "[cipher_suite]"));
    const int64_t frame = options.bytes("max_frame_bytes");
    if (frame < 1024 || frame > (int64_t{1} << 30))
      setup.error("max_frame_bytes", "E0306", "max_frame_bytes must be between 1 KiB and 1 GiB");
    s.limits.max_frame_bytes = static_cast<size_t>(frame);
    s.limits.max_inflated_bytes = s.limits.max_frame_bytes * kInflation;
    const double seconds = options.number("client_inactivity_timeout");
    if (seconds < 0 || seconds > 1e6)
      setup.error("client_inactivity_timeout", "E0306",
                  "client_inactivity_timeout must be between 0 and 1000000 seconds");
    server_->inactivity_millis = static_cast<uint32_t>(seconds * 1000);
    host_ = options.string("host");
    const int64_t port = options.integer("port", -1);
    if (port < 0 || port > 65535) setup.error("port", "E0306", "port must be between 0 and 65535");
    port_ = static_cast<uint16_t>(port);
    tls_ = tls::read_endpoint(setup, net::TlsRole::server);
    access_ = read_access(setup);
  }

  Status start(plugin::Start& start, plugin::InputSink& sink) override {
    server_->settings->metrics = &start.metrics;
    server_->settings->name_events = start.name_events;
    server_->loop = &start.engine.input_loop();
    server_->gate = std::make_shared<ConnectionGate>(*server_->loop, sink);
    net::ListenOptions options;
    options.host = host_;
    options.port = port_;
    options.tls = tls_.context;
    options.access = access_;
    options.on_refused = refusal_log(kLogger, start.metrics);
    auto listener = net::TcpListener::listen(
        *server_->loop, options,
        [server = server_](net::TcpConnection&) { return std::make_unique<BeatsHandler>(server); });
    if (!listener.ok())
      return Status::config("cannot listen, `host` => \"" + host_ + "\" and `port` => " +
                            std::to_string(port_) + ": " + listener.message() +
                            ". Choose another port, or end what uses it.");
    listener_ = std::move(listener).value();
    server_->loop->call([&] {
      reload_.emplace(*server_->loop, tls_.context, std::string(kLogger),
                      [raw = listener_.get()](auto fresh) { raw->set_tls(std::move(fresh)); });
      timer_.emplace(*server_->loop);
      timer_->start(
          kTickMillis, [server = server_] { keep_alive(*server); }, kTickMillis);
      return true;
    });
    const std::string address = host_ + ":" + std::to_string(listener_->port());
    log::info(kLogger, "Starting server on port: " + std::to_string(listener_->port()),
              {{"address", address}, {"ssl_enabled", tls_.context != nullptr}});
    start.engine.listening("beats", address);
    return {};
  }

  void stop() override {
    if (!listener_) return;
    server_->loop->call([&] {
      reload_.reset();
      listener_->close();
      server_->gate->shut();
      return true;
    });
  }

  void close() override {
    if (!listener_) return;
    server_->loop->call([&] {
      timer_.reset();
      for (auto peers = server_->peers; auto& [connection, peer] : peers) connection->close_after_writes();
      return true;
    });
    listener_.reset();
  }

 private:
  static void keep_alive(Server& server) {
    const uint64_t now = server.loop->now_millis();
    // While nothing is read, what a client waits for may still be in the system's buffers.
    for (auto& [connection, peer] : server.peers)
      if ((server.gate->full(*connection) || peer->waiting()) &&
          now - peer->last_sign_millis >= kKeepAliveMillis)
        peer->keep_alive(now);
  }

  static void read_codec(plugin::Setup& setup, Settings& s) {
    s.codec = setup.codec("plain");
    if (!s.codec) return;
    s.default_codec = setup.options.codec() == nullptr;
    s.original = s.codec->line_based() && setup.codec_ecs();
    s.codec_tag = "beats_input_codec_" + std::string(s.codec->name()) + "_applied";
    if (s.codec->name() == "multiline")
      setup.error(
          "codec", "E0306", "Multiline codec with beats input is not supported",
          "Join the lines where they are read: multiline settings of Filebeat (parsers: - multiline).");
    else if (!s.codec->decoder())
      setup.error("codec", "E0306",
                  "The codec " + std::string(s.codec->name()) + " cannot decode, only encode",
                  "Use a codec that reads, such as plain or json.");
  }

  static void read_enrichments(plugin::Setup& setup, Settings& s) {
    const auto& options = setup.options;
    s.add_hostname = options.boolean("add_hostname");
    if (options.given("include_codec_tag")) s.codec_metadata = options.boolean("include_codec_tag");
    if (options.given("ssl_peer_metadata")) s.peer_metadata = options.boolean("ssl_peer_metadata");
    if (!options.given("enrich")) return;
    for (const auto* old : {"include_codec_tag", "ssl_peer_metadata"})
      if (options.given(old))
        setup.error(old, "E0307", "`" + std::string(old) + "` cannot stand beside `enrich`",
                    "Remove it: `enrich` says it all.");
    s.source_metadata = s.codec_metadata = s.peer_metadata = false;
    const auto wanted = options.strings("enrich");
    for (const auto& word : wanted) {
      const bool all = word == "all";
      if ((all || word == "none") && wanted.size() > 1)
        setup.error("enrich", "E0306", "`" + word + "` must stand alone in enrich",
                    "Write enrich => " + word + ".");
      if (all || word == "source_metadata") s.source_metadata = true;
      if (all || word == "codec_metadata") s.codec_metadata = true;
      if (all || word == "ssl_peer_metadata") s.peer_metadata = true;
      if (!all && word != "none" && word != "source_metadata" && word != "codec_metadata" &&
          word != "ssl_peer_metadata")
        setup.error(
            "enrich", "E0306", "enrich knows no `" + word + "`",
            "It takes source_metadata, codec_metadata and ssl_peer_metadata, or `all` or `none` alone.");
    }
  }

  std::shared_ptr<Server> server_;
  std::string host_;
  uint16_t port_ = 0;
  tls::Endpoint tls_;
  net::AccessRules access_;
  std::unique_ptr<net::TcpListener> listener_;
  std::optional<net::TlsReload> reload_;  // loop thread
  std::optional<net::Timer> timer_;
};

}  // namespace

extern const plugin::Spec input_beats;
const plugin::Spec input_beats{
    .kind = plugin::Kind::input,
    .name = "beats",
    .summary =
        "Receives events from Filebeat and other Beats, and acknowledges them once every output has them.",
    .options = kOptions,
    .example = "input { beats { port => 5044 } }",
    .listens = "tcp",
    .input = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Input> {
      return std::make_unique<BeatsInput>(setup);
    }};

}  // namespace sluice::plugins
