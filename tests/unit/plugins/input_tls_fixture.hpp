// Certificates made for one test, and a TLS client.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "input_harness.hpp"

namespace sluice::test {

/// An authority, and certificates that it has signed for a server (127.0.0.1) and a client (CN=client).
class TlsFiles {
 public:
  TlsFiles();
  [[nodiscard]] std::string authority() const { return dir_.path("ca.crt"); }
  [[nodiscard]] std::string server_certificate() const { return dir_.path("server.crt"); }
  [[nodiscard]] std::string server_key() const { return dir_.path("server.key"); }
  [[nodiscard]] std::string client_certificate() const { return dir_.path("client.crt"); }
  [[nodiscard]] std::string client_key() const { return dir_.path("client.key"); }

 private:
  TempDir dir_;
};

/// A client over net's TLS, used from the test's thread.
class TlsClient {
 public:
  TlsClient(uint16_t port, const TlsFiles& files, bool with_certificate);
  ~TlsClient();
  /// Waits for the handshake.
  bool open();
  void send(std::string bytes);
  std::string read(size_t count);
  bool closed();

 private:
  struct State;
  net::Loop loop_;
  std::shared_ptr<State> state_;
};

}  // namespace sluice::test
