// The embedded index on a port.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.hpp"
#include "index/index.hpp"
#include "net/loop.hpp"

namespace sluice::index {

struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 9200;                          // 0: one that is free
  unsigned threads = 2;                          // that read and write the disk
  size_t max_body_bytes = size_t{100} << 20;     // more: 413, as Elasticsearch's http.max_content_length
  size_t max_waiting_bytes = size_t{256} << 20;  // of requests not yet begun; more: 429
  int64_t sweep_every_ms = 60'000;               // retention; 0: never by itself
};

/// Serves an Index over HTTP. Requests are taken on the loop and answered by threads of its own, so that a
/// slow search or a disk flush never stands in the loop's way. Destroy it before its loop.
class IndexServer {
 public:
  /// Listens. `index` is kept until the server is gone. Fails when the port is in use.
  static Result<std::unique_ptr<IndexServer>> start(net::Loop& loop, std::shared_ptr<Index> index,
                                                    const ServerOptions& options);
  /// Closes the port, finishes what has begun.
  ~IndexServer();
  IndexServer(const IndexServer&) = delete;
  IndexServer& operator=(const IndexServer&) = delete;

  [[nodiscard]] uint16_t port() const;

 private:
  struct Impl;
  explicit IndexServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::index
