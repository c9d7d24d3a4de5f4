// Signed and encrypted packets of collectd's network plugin, and the file with the users' passwords.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/status.hpp"

namespace sluice::plugins::collectd {

/// Lines `user: password`. Read again when the file has changed. Thread-safe.
class AuthFile {
 public:
  explicit AuthFile(std::string path) : path_(std::move(path)) {}

  /// Reads the file for the first time.
  Status load();
  /// The user's password; nothing (and a warning) when the file does not name the user.
  std::optional<std::string> password(std::string_view user);

 private:
  bool read();

  const std::string path_;
  std::mutex mutex_;
  std::filesystem::file_time_type changed_;
  int64_t looked_ = 0;  // steady nanoseconds
  std::unordered_map<std::string, std::string> passwords_;
};

/// True when `signature` is the HMAC-SHA256 of the user's name and `content`.
bool signed_by(std::string_view user, std::string_view password, std::string_view signature,
               std::string_view content);

/// Decrypts AES-256-OFB, whose key is the SHA-256 of the password, and checks the SHA-1 that stands first in
/// it. Nothing when it does not hold.
std::optional<std::string> decrypted(std::string_view password, std::string_view iv,
                                     std::string_view content);

}  // namespace sluice::plugins::collectd
