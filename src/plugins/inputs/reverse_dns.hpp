// Host names of peers, looked up without holding up a loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/endpoint.hpp"
#include "net/loop.hpp"

namespace sluice::plugins {

/// A bounded cache of address -> host name with a few threads that ask the system's resolver. An address
/// without a name has its own text as the name. Thread-safe; cheap to copy.
class ReverseDns {
 public:
  ReverseDns();

  /// Calls `found(name)` on the loop's thread: before this call returns when the name is known already, else
  /// after the lookup; with the address itself when there is no name or too many lookups wait.
  void lookup(net::Loop& loop, const net::Endpoint& address, std::function<void(std::string)> found);

  /// No `found` is called any more after this returns; call it before the loop goes.
  void cancel();

  static constexpr size_t kMaxCached = 10'000;
  static constexpr size_t kMaxWaiting = 10'000;
  static constexpr size_t kThreads = 4;
  static constexpr int64_t kKeepSeconds = 300;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace sluice::plugins
