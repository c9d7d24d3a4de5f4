#include "plugins/outputs/tcp_sender.hpp"

#include <algorithm>
#include <unordered_map>

#include "base/log.hpp"

namespace sluice::plugins {
namespace {

constexpr std::string_view kLogger = "logstash.outputs.tcp";
constexpr uint64_t kStalledMillis = 60'000;

class Client : public TcpSender {
 public:
  Client(net::Loop& loop, net::ConnectOptions options, uint64_t reconnect_millis)
      : loop_(loop), options_(std::move(options)), reconnect_millis_(reconnect_millis), timer_(loop) {}

  Status start() override {
    connect();
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
    failures_ = 0;
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
    ++failures_;
    log::warn(kLogger, "The connection is not there; events wait and it is made again",
              {{"host", options_.host},
               {"port", options_.port},
               {"reason", reason.text},
               {"waiting_batches", waiting_.size()},
               {"retry_in_ms", reconnect_millis_}});
    timer_.start(reconnect_millis_, [this] { connect(); });
  }

  net::Loop& loop_;
  const net::ConnectOptions options_;
  const uint64_t reconnect_millis_;
  net::Timer timer_;
  std::shared_ptr<net::TcpConnection> connection_;
  std::shared_ptr<bool> current_ = std::make_shared<bool>(false);
  std::deque<TcpPayload> waiting_;
  bool open_ = false;
  bool stopped_ = false;
  unsigned failures_ = 0;
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
        kStalledMillis / 4, [this] { close_stalled(); }, kStalledMillis / 4);
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
        server_.clients_[&connection] = {connection.shared_from_this(), 0, server_.loop_.now_millis()};
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
    uint64_t bytes_out = 0;
    uint64_t moved_at = 0;
  };

  // One client that does not read would hold every other and the inputs up.
  void close_stalled() {
    const uint64_t now = loop_.now_millis();
    std::vector<std::shared_ptr<net::TcpConnection>> stalled;
    for (auto& [raw, client] : clients_) {
      const uint64_t out = client.connection->bytes_out();
      if (out != client.bytes_out || client.connection->pending_bytes() == 0) {
        client.bytes_out = out;
        client.moved_at = now;
      } else if (now - client.moved_at >= kStalledMillis) {
        stalled.push_back(client.connection);
      }
    }
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
                                           uint64_t reconnect_millis) {
  return std::make_unique<Client>(loop, std::move(options), reconnect_millis);
}

std::unique_ptr<TcpSender> make_tcp_server(net::Loop& loop, net::ListenOptions options,
                                           std::function<void(const std::string&)> listening) {
  return std::make_unique<Server>(loop, std::move(options), std::move(listening));
}

}  // namespace sluice::plugins
