#include "plugins/outputs/tcp_sender.hpp"

#include <algorithm>
#include <unordered_map>

#include "base/log.hpp"
#include "base/time.hpp"

namespace sluice::plugins {
namespace {

constexpr std::string_view kLogger = "logstash.outputs.tcp";
constexpr uint64_t kFirstShare = 8;  // of the longest wait: the first

class Client : public TcpSender {
 public:
  Client(net::Loop& loop, net::ConnectOptions options, uint64_t longest_wait_millis,
         std::atomic<plugin::CircuitState>& state)
      : loop_(loop),
        options_(std::move(options)),
        circuit_({.failures = 1,
                  .first_millis = std::max<uint64_t>(longest_wait_millis / kFirstShare, 1),
                  .longest_millis = longest_wait_millis,
                  .untried = true},
                 state),
        timer_(loop),
        stalled_timer_(loop) {}

  Status start() override {
    connect();
    stalled_timer_.start(
        Progress::kStalledMillis / 4, [this] { close_stalled(); }, Progress::kStalledMillis / 4);
    return {};
  }

  void send(TcpPayload payload) override {
    if (stopped_) return payload.batch->abandon();
    waiting_.push_back(std::move(payload));
    if (open_) write(waiting_.back());
  }

  void stop() override {
    stopped_ = true;
    timer_.stop();
    stalled_timer_.stop();
    for (auto& payload : waiting_) payload.batch->abandon();
    waiting_.clear();
    *current_ = false;
    if (connection_) connection_->close();
    connection_.reset();
  }

 private:
  class Handler : public net::ConnectionHandler {
   public:
    Handler(Client& client, std::shared_ptr<bool> current) : client_(client), current_(std::move(current)) {}
    void on_open(net::TcpConnection&) override {
      if (*current_) client_.opened();
    }
    void on_data(net::TcpConnection&, const SlabRef&, std::string_view) override {}  // nobody has asked
    void on_close(net::TcpConnection&, const net::CloseReason& reason) override {
      if (*current_) client_.closed(reason);
    }

   private:
    Client& client_;
    std::shared_ptr<bool> current_;  // false: the client no longer cares for this connection, or is gone
  };

  void connect() {
    current_ = std::make_shared<bool>(true);
    connection_ = net::connect_tcp(loop_, options_, std::make_unique<Handler>(*this, current_));
  }

  void opened() {
    open_ = true;
    progress_ = {0, loop_.now_millis()};
    circuit_.succeeded();
    log::info(kLogger, "Connected", {{"host", options_.host}, {"port", options_.port}});
    // write() may confirm at once and so shorten the list.
    std::vector<net::Bytes> all;
    for (const auto& payload : waiting_) all.push_back(payload.bytes);
    for (const auto& bytes : all) write_bytes(bytes);
  }

  void write(const TcpPayload& payload) { write_bytes(payload.bytes); }

  // Confirmations come in the order of the writes, so each is that of the oldest payload.
  void write_bytes(const net::Bytes& bytes) {
    if (!open_) return;
    connection_->write(bytes, [this, current = current_](const Status& status) {
      if (*current && status.ok() && !waiting_.empty()) waiting_.pop_front();
    });
  }

  void closed(const net::CloseReason& reason) {
    open_ = false;
    *current_ = false;
    connection_.reset();
    if (stopped_) return;
    const int64_t now = steady_nanos();
    const bool first = circuit_.failed(now);
    const uint64_t wait = circuit_.wait_millis(now);
    log::write(first ? log::Level::warn : log::Level::debug, kLogger,
               "The connection is not there; events wait and it is made again",
               {{"host", options_.host},
                {"port", options_.port},
                {"reason", reason.text},
                {"waiting_batches", waiting_.size()},
                {"retry_in_ms", wait}});
    timer_.start(wait, [this] { probe(); });
  }

  void probe() {
    const int64_t now = steady_nanos();
    if (circuit_.begin_probe(now)) return connect();
    timer_.start(std::max<uint64_t>(circuit_.wait_millis(now), 1), [this] { probe(); });
  }

  // A server that accepts and does not read looks well to everybody else.
  void close_stalled() {
    if (!open_ ||
        !progress_.stalled(connection_->bytes_out(), connection_->pending_bytes(), loop_.now_millis()))
      return;
    log::warn(kLogger, "The server has read nothing for a minute and is disconnected; it is connected again",
              {{"host", options_.host}, {"port", options_.port}});
    connection_->close({net::CloseReason::idle, "the server reads nothing"});
  }

  net::Loop& loop_;
  const net::ConnectOptions options_;
  plugin::Circuit circuit_;
  net::Timer timer_, stalled_timer_;
  Progress progress_;
  std::shared_ptr<net::TcpConnection> connection_;
  std::shared_ptr<bool> current_ = std::make_shared<bool>(false);
  std::deque<TcpPayload> waiting_;
  bool open_ = false;
  bool stopped_ = false;
};

class Server : public TcpSender {
 public:
  Server(net::Loop& loop, net::ListenOptions options, std::function<void(const std::string&)> listening)
      : loop_(loop), options_(std::move(options)), listening_(std::move(listening)), timer_(loop) {}

  Status start() override {
    auto listener = net::TcpListener::listen(
        loop_, options_, [this](net::TcpConnection&) { return std::make_unique<Handler>(*this, alive_); });
    if (!listener.ok()) return listener.status();
    listener_ = std::move(listener).value();
    listening_((options_.host.empty() ? "0.0.0.0" : options_.host) + ":" + std::to_string(listener_->port()));
    timer_.start(
        Progress::kStalledMillis / 4, [this] { close_stalled(); }, Progress::kStalledMillis / 4);
    return {};
  }

  void send(TcpPayload payload) override {
    // The batch lives until the last client's write is done, for better or worse.
    auto clients = clients_;
    for (const auto& [raw, client] : clients)
      client.connection->write(payload.bytes, [batch = payload.batch](const Status&) {});
  }

  void stop() override {
    *alive_ = false;
    timer_.stop();
    if (listener_) {
      listener_->close();
      for (const auto& [raw, client] : std::exchange(clients_, {})) client.connection->close_after_writes();
      listener_.reset();
    }
  }

 private:
  class Handler : public net::ConnectionHandler {
   public:
    Handler(Server& server, std::shared_ptr<bool> alive) : server_(server), alive_(std::move(alive)) {}
    void on_open(net::TcpConnection& connection) override {
      if (*alive_)
        server_.clients_[&connection] = {connection.shared_from_this(), {0, server_.loop_.now_millis()}};
    }
    void on_data(net::TcpConnection&, const SlabRef&, std::string_view) override {}
    void on_close(net::TcpConnection& connection, const net::CloseReason&) override {
      if (*alive_) server_.clients_.erase(&connection);
    }

   private:
    Server& server_;
    std::shared_ptr<bool> alive_;
  };
  struct Peer {
    std::shared_ptr<net::TcpConnection> connection;
    Progress progress;
  };

  // One client that does not read would hold every other and the inputs up.
  void close_stalled() {
    const uint64_t now = loop_.now_millis();
    std::vector<std::shared_ptr<net::TcpConnection>> stalled;
    for (auto& [raw, client] : clients_)
      if (client.progress.stalled(client.connection->bytes_out(), client.connection->pending_bytes(), now))
        stalled.push_back(client.connection);
    for (const auto& connection : stalled) {
      log::warn(kLogger, "A client has read nothing for a minute and is disconnected",
                {{"peer", connection->peer().text()}});
      connection->close();
    }
  }

  net::Loop& loop_;
  const net::ListenOptions options_;
  std::function<void(const std::string&)> listening_;
  net::Timer timer_;
  std::unique_ptr<net::TcpListener> listener_;
  std::unordered_map<net::TcpConnection*, Peer> clients_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<TcpSender> make_tcp_client(net::Loop& loop, net::ConnectOptions options,
                                           uint64_t longest_wait_millis,
                                           std::atomic<plugin::CircuitState>& circuit) {
  return std::make_unique<Client>(loop, std::move(options), longest_wait_millis, circuit);
}

std::unique_ptr<TcpSender> make_tcp_server(net::Loop& loop, net::ListenOptions options,
                                           std::function<void(const std::string&)> listening) {
  return std::make_unique<Server>(loop, std::move(options), std::move(listening));
}

}  // namespace sluice::plugins
