// One worker's connections to the memcached servers.
#pragma once

#include <libmemcached/memcached.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "plugins/memcache/ring.hpp"

namespace sluice::memcache {

/// A value as the server keeps it. The flags are those of Ruby's client: 1 for a Marshal dump, 2 for zlib.
struct Stored {
  std::string bytes;
  uint32_t flags = 0;
};

/// Connections are made at first use. A server that fails is left alone for a second. Not thread-safe; every
/// call takes a bounded time.
class Connections {
 public:
  Connections(const std::vector<Server>& servers, const Ring& ring);

  /// An error when none of the servers answers.
  Status check();
  /// The values of `keys`: found[i] is null when there is none, failed[i] says that its server did not
  /// answer.
  struct Found {
    std::vector<std::unique_ptr<Stored>> values;
    std::vector<bool> failed;
  };
  Found get(const std::vector<std::string>& keys);
  Status set(const std::string& key, const Stored& value, int64_t expires);

  /// Why something failed last.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  struct Free {
    void operator()(memcached_st* p) const { memcached_free(p); }
  };
  struct Line {
    const Server* server;
    std::unique_ptr<memcached_st, Free> handle;
    int64_t dead_until = 0;  // steady nanoseconds
  };
  bool alive(size_t index) const;
  memcached_st* open(Line& line);
  void failed(Line& line, memcached_return_t why);
  bool get_from(Line& line, const std::vector<std::string>& keys, const std::vector<size_t>& wanted,
                Found& found);

  const Ring& ring_;
  std::vector<Line> lines_;
  std::string problem_;
};

}  // namespace sluice::memcache
