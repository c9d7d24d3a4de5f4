// HTTP requests that a batch of events needs answered before it can go on: they go out together.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "net/http_client.hpp"

namespace sluice::lookup {

/// One request and what came of it.
struct Call {
  net::HttpClientRequest request;
  net::HttpClientResponse response;
  unsigned attempts = 0;
};

/// How many requests may be under way at once, of all workers together.
struct Concurrency {
  size_t total = 50;
  size_t per_host = 25;
};

/// Sends the calls of workers and lets the workers wait. Thread-safe. Destroy it when no worker is in run().
class Exchange {
 public:
  /// Asked on the worker after each attempt: true sends the call once more; it may change the request.
  using Again = std::function<bool(Call&)>;

  Exchange(std::unique_ptr<net::HttpClient> client, Concurrency concurrency);
  ~Exchange();

  /// Sends all `calls`, as many at once as may be, and returns when each has its response. A call that the
  /// end of the pipeline overtakes has Error::cancelled.
  void run(std::span<Call> calls, const Again& again);

  /// From now on a wait ends when nothing was answered for some seconds, and with it all later ones.
  void interrupt();

 private:
  struct Round;
  void send(Round& round);
  void arrived(Round& round, size_t index, net::HttpClientResponse response);
  void settle(Round& round, const Again& again);
  bool wait(std::unique_lock<std::mutex>& lock, Round& round);
  void give_up(Round& round);

  const Concurrency concurrency_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t under_way_ = 0;
  uint64_t freed_ = 0;  // places that calls have left so far
  std::map<std::string, size_t, std::less<>> by_host_;
  int64_t interrupted_at_ = 0;  // 0: not
  bool given_up_ = false;
  std::unique_ptr<net::HttpClient> client_;  // the first to go: its last callbacks use what is above
};

}  // namespace sluice::lookup
