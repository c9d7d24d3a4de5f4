// Inside of net only: one TLS conversation over bytes that somebody else carries.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/bytes.hpp"
#include "net/loop_impl.hpp"
#include "net/tls.hpp"

namespace sluice::net {

/// Feed it what came from the wire, send what take_output() gives. Loop thread.
class TlsSession {
 public:
  /// `server_name`: whom a client wants to talk to; empty for servers.
  TlsSession(std::shared_ptr<const TlsContext> context, const std::string& server_name);

  enum class Step : unsigned char { more, done, ended, failed };
  /// Goes on with the handshake: `more` bytes are needed, it is `done`, or it `failed` (see error()).
  Step handshake(std::string_view wire);
  /// Decrypts all of `wire` (and what is left of before) into `slabs`; `plain` is what came out. `more`: all
  /// is decrypted, `ended`: the peer says goodbye, `failed`.
  Step read(std::string_view wire, ReadSlabs& slabs, SlabRef& slab, std::string_view& plain);
  /// Encrypts; false when the session is broken.
  bool write(std::string_view plain);
  /// Says goodbye.
  void shutdown();

  /// Bytes for the wire since the last call.
  std::vector<Bytes> take_output();
  [[nodiscard]] bool has_output() const { return !output_.empty(); }
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] const TlsContext& context() const { return *context_; }
  [[nodiscard]] TlsPeer peer() const;

 private:
  static BIO_METHOD* method();
  static int bio_read(BIO* bio, char* into, int size);
  static int bio_write(BIO* bio, const char* from, int size);
  static long bio_ctrl(BIO* bio, int command, long number, void* pointer);
  void fail(const char* what);

  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  std::string_view input_;
  std::vector<SlabRef> output_;
  std::string error_;
};

/// RFC 2253 as Java writes it: its nine keywords, other attributes by number and in hex.
std::string java_subject(const X509_NAME* name);

}  // namespace sluice::net
