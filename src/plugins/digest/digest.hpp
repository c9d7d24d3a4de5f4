// Cryptographic digests and HMACs by OpenSSL, for filters that hash many short texts.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace sluice::plugins::digest {

enum class Hash : uint8_t { md5, sha1, sha256, sha384, sha512 };

/// Appends `bytes` as lower-case hex digits.
void append_hex(std::span<const unsigned char> bytes, std::string& out);
/// Appends `bytes` in base64 with padding, without line ends.
void append_base64(std::span<const unsigned char> bytes, std::string& out);

/// One digest or HMAC, computed over and over without allocation. Each worker has its own.
class Hasher {
 public:
  /// The plain digest.
  explicit Hasher(Hash hash);
  /// The HMAC with `key` (RFC 2104).
  Hasher(Hash hash, std::string_view key);

  /// The digest of `text`, valid until the next call; empty when OpenSSL refuses (a FIPS provider and MD5).
  std::span<const unsigned char> operator()(std::string_view text);

  /// False when this OpenSSL does not offer the algorithm.
  static bool available(Hash hash);

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  using Pad = std::array<unsigned char, 128>;  // a block of the widest algorithm

  std::span<const unsigned char> run(std::span<const unsigned char> prefix, std::string_view text);

  const EVP_MD* algorithm_;
  std::unique_ptr<EVP_MD_CTX, Free> context_;
  std::array<unsigned char, EVP_MAX_MD_SIZE> result_{};
  size_t block_ = 0;  // bytes of a block; 0: no HMAC
  Pad inner_{}, outer_{};
};

}  // namespace sluice::plugins::digest
