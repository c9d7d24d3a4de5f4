// What the tests of net share: events to wait for, and a connection whose life is recorded.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "net/tcp.hpp"

namespace sluice::net::testing {

/// Something threads change and a test waits for.
class Watch {
 public:
  template <class F>
  void change(F&& change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  /// Waits until `done` is true; false after ten seconds.
  template <class F>
  bool wait(F&& done) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), std::forward<F>(done));
  }
  template <class F>
  auto read(F&& get) {
    const std::lock_guard lock(mutex_);
    return get();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// What one or several connections went through.
struct Record {
  Watch watch;
  int opened = 0;
  int closed = 0;
  int ended = 0;
  std::string data;
  size_t bytes = 0;
  CloseReason reason;
  std::string subject;
  TlsPeer tls;

  bool wait_closed(int count = 1) {
    return watch.wait([&] { return closed >= count; });
  }
  bool wait_opened(int count = 1) {
    return watch.wait([&] { return opened >= count; });
  }
  bool wait_data(const std::string& text) {
    return watch.wait([&] { return data == text; });
  }
};

class RecordingHandler : public ConnectionHandler {
 public:
  using OnData = std::function<void(TcpConnection&, std::string_view)>;
  explicit RecordingHandler(Record& record, OnData on_data = {},
                            std::function<void(TcpConnection&)> on_open = {})
      : record_(record), on_data_(std::move(on_data)), on_open_(std::move(on_open)) {}
  void on_open(TcpConnection& connection) override {
    if (on_open_) on_open_(connection);
    record_.watch.change([&] {
      ++record_.opened;
      if (connection.tls() != nullptr) record_.tls = *connection.tls();
    });
  }
  void on_data(TcpConnection& connection, const SlabRef&, std::string_view bytes) override {
    if (on_data_) on_data_(connection, bytes);
    record_.watch.change([&] {
      record_.bytes += bytes.size();
      if (record_.data.size() < 1 << 20) record_.data.append(bytes);
    });
  }
  void on_end(TcpConnection& connection) override {
    record_.watch.change([&] { ++record_.ended; });
    ConnectionHandler::on_end(connection);
  }
  void on_close(TcpConnection&, const CloseReason& reason) override {
    record_.watch.change([&] {
      ++record_.closed;
      record_.reason = reason;
    });
  }

 private:
  Record& record_;
  OnData on_data_;
  std::function<void(TcpConnection&)> on_open_;
};

/// A listener whose connections give back what they get.
inline std::unique_ptr<TcpListener> echo(Loop& loop, Record& record, ListenOptions options = {}) {
  options.host = "127.0.0.1";
  auto listener = TcpListener::listen(loop, options, [&record](TcpConnection&) {
    return std::make_unique<RecordingHandler>(record, [](TcpConnection& connection, std::string_view bytes) {
      connection.write(std::string(bytes));
    });
  });
  REQUIRE_MESSAGE(listener.ok(), listener.message());
  return std::move(*listener);
}

inline std::shared_ptr<TcpConnection> dial(Loop& loop, uint16_t port, Record& record,
                                           ConnectOptions options = {},
                                           RecordingHandler::OnData on_data = {}) {
  if (options.host.empty()) options.host = "127.0.0.1";
  options.port = port;
  return loop.call([&] {
    return connect_tcp(loop, options, std::make_unique<RecordingHandler>(record, std::move(on_data)));
  });
}

}  // namespace sluice::net::testing
