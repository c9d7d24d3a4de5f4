// The first line of a connection behind a load balancer: PROXY protocol, version 1.
#pragma once

#include <string>
#include <string_view>

namespace sluice::plugins {

/// Gathers and reads `PROXY TCP4 client proxy client-port proxy-port\r\n`, however the bytes are cut.
/// https://www.haproxy.org/download/1.8/doc/proxy-protocol.txt
class ProxyHeader {
 public:
  enum class State : unsigned char { incomplete, good, bad };
  /// Of a good header. Empty texts: the proxy does not know its client (`PROXY UNKNOWN`).
  struct Result {
    State state = State::incomplete;
    std::string source_ip, source_port, proxy_ip, proxy_port;
  };

  /// Takes what belongs to the header off the front of `bytes`.
  Result feed(std::string_view& bytes);
  /// What has come so far, for a log line.
  [[nodiscard]] const std::string& text() const { return line_; }

  static constexpr size_t kMaxSize = 107;  // the longest line that the protocol allows, with its end

 private:
  std::string line_;
};

}  // namespace sluice::plugins
