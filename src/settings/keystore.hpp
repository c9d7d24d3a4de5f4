// The keystore: secrets in one encrypted file beside logstash.yml, for ${KEY} in configs and settings.
//
// The file is text-free: 8 bytes "SLUICEKS", version, scrypt's log2(N), r and p (a byte each), 16 bytes salt,
// 12 bytes nonce, AES-256-GCM over the entries, 16 bytes tag. What stands before the ciphertext is
// authenticated with it. An entry is the length of its name and its value (4 bytes each, big endian), the
// name, the value.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.hpp"

namespace sluice::settings {

/// Looks ${NAME} up; nullopt when it is not defined.
using Variables = std::function<std::optional<std::string>(std::string_view name)>;

/// getenv.
std::optional<std::string> environment_variable(std::string_view name);

/// Secrets by name. Names are compared without regard to case and kept in lower case, as Logstash does. Used
/// by one thread; blocks while it reads and writes.
class Keystore {
 public:
  /// Opens the file. Errors: it cannot be read, it is no keystore of ours (Logstash's own are PKCS#12), it is
  /// damaged or the password is another one (which cannot be told apart).
  static Result<Keystore> open(const std::string& path, std::string_view password);
  /// An empty one that save() writes to `path`.
  Keystore(std::string path, std::string_view password) : path_(std::move(path)), password_(password) {}

  /// Writes the file anew (mode 0600) and puts it in place of the old one in one step.
  [[nodiscard]] Status save() const;

  [[nodiscard]] std::optional<std::string> find(std::string_view name) const;
  void put(std::string_view name, std::string_view value);
  /// False when there is no such name.
  bool remove(std::string_view name);
  /// By name, sorted.
  [[nodiscard]] const std::map<std::string, std::string>& entries() const { return entries_; }

  /// `name` as it is kept and listed.
  static std::string stored_name(std::string_view name);
  /// Whether ${name} can be written: letters, digits, '_' and '.', no digit first.
  static bool name_ok(std::string_view name);

 private:
  std::string path_;
  std::string password_;
  std::map<std::string, std::string> entries_;
};

/// The keystore of a settings directory ("" : none), DIRECTORY/logstash.keystore.
std::string keystore_path(const std::string& settings_directory);
/// LOGSTASH_KEYSTORE_PASS; empty when it is not set.
std::string keystore_password();

/// What ${NAME} means in configs and logstash.yml: the keystore of `settings_directory` if there is one, then
/// the environment. Its values are kept out of logs from here on (base/secrets.hpp).
Result<Variables> variables_of(const std::string& settings_directory);

}  // namespace sluice::settings
