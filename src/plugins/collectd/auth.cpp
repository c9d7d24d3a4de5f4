#include "plugins/collectd/auth.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <memory>

#include "base/log.hpp"
#include "base/time.hpp"
#include "plugins/digest/digest.hpp"

namespace sluice::plugins::collectd {
namespace {

constexpr std::string_view kLogger = "logstash.codecs.collectd";
constexpr int64_t kLookEvery = 1'000'000'000;
constexpr size_t kSha1 = 20;
constexpr size_t kIv = 16;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool same(std::span<const unsigned char> digest, std::string_view other) {
  return digest.size() == other.size() && CRYPTO_memcmp(digest.data(), other.data(), other.size()) == 0;
}

}  // namespace

Status AuthFile::load() {
  std::scoped_lock lock(mutex_);
  return read() ? Status{} : Status::config("it cannot be read");
}

bool AuthFile::read() {
  looked_ = steady_nanos();
  std::error_code ec;
  const auto changed = std::filesystem::last_write_time(path_, ec);
  if (ec) return false;
  if (changed == changed_) return true;
  std::ifstream file(path_);
  if (!file) return false;
  changed_ = changed;
  passwords_.clear();
  for (std::string line; std::getline(file, line);) {
    if (line.ends_with('\r')) line.pop_back();
    const auto colon = line.find(": ");
    if (colon == std::string::npos || colon == 0 || colon + 2 == line.size()) {
      log::info(kLogger, "Ignoring malformed authfile line", {{"authfile", path_}});
      continue;
    }
    passwords_[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return true;
}

std::optional<std::string> AuthFile::password(std::string_view user) {
  std::scoped_lock lock(mutex_);
  if (steady_nanos() - looked_ > kLookEvery) (void)read();
  const auto it = passwords_.find(std::string(user));
  if (it == passwords_.end()) return std::nullopt;
  return it->second;
}

bool signed_by(std::string_view user, std::string_view password, std::string_view signature,
               std::string_view content) {
  digest::Hasher hmac(digest::Hash::sha256, password);
  return same(hmac(std::string(user) + std::string(content)), signature);
}

std::optional<std::string> decrypted(std::string_view password, std::string_view iv,
                                     std::string_view content) {
  if (iv.size() != kIv || content.size() <= kSha1) return std::nullopt;
  digest::Hasher sha256(digest::Hash::sha256);
  const auto key = sha256(password);
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                                EVP_CIPHER_CTX_free);
  if (key.empty() || !context) return std::nullopt;
  std::string plain(content.size(), '\0');
  int size = 0;
  if (EVP_DecryptInit_ex(context.get(), EVP_aes_256_ofb(), nullptr, key.data(), bytes_of(iv)) != 1 ||
      EVP_DecryptUpdate(context.get(), reinterpret_cast<unsigned char*>(plain.data()), &size,
                        bytes_of(content), static_cast<int>(content.size())) != 1 ||
      static_cast<size_t>(size) != content.size())
    return std::nullopt;
  digest::Hasher sha1(digest::Hash::sha1);
  if (!same(sha1(std::string_view(plain).substr(kSha1)), std::string_view(plain).substr(0, kSha1)))
    return std::nullopt;
  plain.erase(0, kSha1);
  return plain;
}

}  // namespace sluice::plugins::collectd
