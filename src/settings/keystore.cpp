#include "settings/keystore.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "base/file.hpp"
#include "base/secrets.hpp"

namespace sluice::settings {
namespace {

constexpr std::string_view kMagic{"SLUICEKS"};
constexpr unsigned char kVersion = 1;
constexpr size_t kLargestFile = 16u << 20;
constexpr size_t kSaltSize = 16, kNonceSize = 12, kTagSize = 16, kKeySize = 32;
constexpr size_t kSaltAt = kMagic.size() + 4;
constexpr size_t kHeadSize = kSaltAt + kSaltSize + kNonceSize;
// scrypt with 32 MiB: some 60 ms for us, and for everybody who guesses a password, at each guess.
constexpr unsigned char kLogN = 15, kR = 8, kP = 1;
constexpr unsigned char kLogNLimit = 18, kRLimit = 8, kPLimit = 4;  // what a file may ask of us: 256 MiB

using Key = std::array<unsigned char, kKeySize>;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Status damaged(const std::string& path) {
  return Status::config(
      fmt::format("the keystore {} cannot be opened: the password is wrong (LOGSTASH_KEYSTORE_PASS), or the "
                  "file is damaged",
                  path));
}

// The key that `head` (the file's beginning) and the password make.
bool derive(std::string_view head, std::string_view password, Key& key) {
  const auto* h = bytes(head);
  const unsigned log_n = h[kMagic.size() + 1], r = h[kMagic.size() + 2], p = h[kMagic.size() + 3];
  if (log_n < 1 || log_n > kLogNLimit || r < 1 || r > kRLimit || p < 1 || p > kPLimit) return false;
  constexpr uint64_t kMemory = uint64_t{512} << 20;
  return EVP_PBE_scrypt(password.data(), password.size(), h + kSaltAt, kSaltSize, uint64_t{1} << log_n, r, p,
                        kMemory, key.data(), key.size()) == 1;
}

// Starts AES-256-GCM in the direction `encrypt` with the head authenticated.
Cipher start_cipher(std::string_view head, const Key& key, bool encrypt) {
  Cipher cipher(EVP_CIPHER_CTX_new());
  int n = 0;
  if (!cipher ||
      EVP_CipherInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(),
                        bytes(head) + kSaltAt + kSaltSize, encrypt ? 1 : 0) != 1 ||
      EVP_CipherUpdate(cipher.get(), nullptr, &n, bytes(head), static_cast<int>(head.size())) != 1)
    return nullptr;
  return cipher;
}

bool seal(std::string_view head, const Key& key, std::string_view plain, std::string& out) {
  const auto cipher = start_cipher(head, key, true);
  std::string sealed(plain.size(), '\0'), tag(kTagSize, '\0');
  int n = 0, rest = 0;
  if (!cipher ||
      EVP_CipherUpdate(cipher.get(), bytes(sealed), &n, bytes(plain), static_cast<int>(plain.size())) != 1 ||
      EVP_CipherFinal_ex(cipher.get(), bytes(sealed) + n, &rest) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagSize, tag.data()) != 1)
    return false;
  out = std::string(head) + sealed + tag;
  return true;
}

bool unseal(std::string_view file, const Key& key, std::string& plain) {
  const auto head = file.substr(0, kHeadSize);
  const auto sealed = file.substr(kHeadSize, file.size() - kHeadSize - kTagSize);
  std::string tag(file.substr(file.size() - kTagSize));
  const auto cipher = start_cipher(head, key, false);
  plain.resize(sealed.size());
  int n = 0, rest = 0;
  return cipher &&
         EVP_CipherUpdate(cipher.get(), bytes(plain), &n, bytes(sealed), static_cast<int>(sealed.size())) ==
             1 &&
         EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()) == 1 &&
         EVP_CipherFinal_ex(cipher.get(), bytes(plain) + n, &rest) == 1;
}

void append_number(std::string& out, size_t n) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(n >> shift & 0xff);
}

// Takes a number and then that many bytes off `text`; false when they are not there.
bool take_number(std::string_view& text, size_t& n) {
  if (text.size() < 4) return false;
  n = 0;
  for (int i = 0; i < 4; ++i) n = n << 8 | bytes(text)[i];
  text.remove_prefix(4);
  return true;
}

bool read_entries(std::string_view plain, std::map<std::string, std::string>& entries) {
  while (!plain.empty()) {
    size_t name = 0, value = 0;
    if (!take_number(plain, name) || !take_number(plain, value) || name > plain.size() ||
        value > plain.size() - name)
      return false;
    entries.emplace(plain.substr(0, name), plain.substr(name, value));
    plain.remove_prefix(name + value);
  }
  return true;
}

Status write_whole(const std::string& path, std::string_view content) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return Status::system(std::strerror(errno));
  int failure = 0;
  while (!content.empty() && failure == 0) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n > 0)
      content.remove_prefix(static_cast<size_t>(n));
    else if (errno != EINTR)
      failure = errno;
  }
  if (failure == 0 && ::fsync(fd) != 0) failure = errno;
  if (::close(fd) != 0 && failure == 0) failure = errno;
  return failure == 0 ? Status{} : Status::system(std::strerror(failure));
}

}  // namespace

std::optional<std::string> environment_variable(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

Result<Keystore> Keystore::open(const std::string& path, std::string_view password) {
  auto file = read_file(path, kLargestFile);
  if (!file.ok())
    return Status::config(fmt::format("the keystore {} cannot be read: {}", path, file.message()));
  if (!std::string_view(*file).starts_with(kMagic)) {
    return Status::config(fmt::format(
        "{} is no keystore of this engine (Logstash's own are another format): move it away, then "
        "`pipeline keystore create` and `pipeline keystore add KEY`",
        path));
  }
  if (file->size() < kHeadSize + kTagSize || file->size() > kLargestFile) return damaged(path);
  if (bytes(std::string_view(*file))[kMagic.size()] != kVersion)
    return Status::config(fmt::format("the keystore {} was written by a newer version of this engine", path));
  Key key{};
  std::string plain;
  Keystore store(path, password);
  const bool ok = derive(std::string_view(*file).substr(0, kHeadSize), password, key) &&
                  unseal(*file, key, plain) && read_entries(plain, store.entries_);
  OPENSSL_cleanse(key.data(), key.size());
  OPENSSL_cleanse(plain.data(), plain.size());
  if (!ok) return damaged(path);
  return store;
}

Status Keystore::save() const {
  std::string head(kMagic);
  for (const auto byte : {kVersion, kLogN, kR, kP}) head += static_cast<char>(byte);
  head.resize(kHeadSize);
  std::string plain, sealed;
  for (const auto& [name, value] : entries_) {
    append_number(plain, name.size());
    append_number(plain, value.size());
    plain += name;
    plain += value;
  }
  if (plain.size() + kHeadSize + kTagSize > kLargestFile) return Status::config("a keystore may hold 16 MiB");
  Key key{};
  // A fresh salt makes a fresh key, so that no nonce meets a key twice.
  const bool ok = RAND_bytes(bytes(head) + kSaltAt, kSaltSize + kNonceSize) == 1 &&
                  derive(head, password_, key) && seal(head, key, plain, sealed);
  OPENSSL_cleanse(key.data(), key.size());
  OPENSSL_cleanse(plain.data(), plain.size());
  if (!ok) return Status::system("the keystore cannot be encrypted");
  const auto temporary = path_ + ".tmp";
  ::unlink(temporary.c_str());  // what an interrupted save may have left
  auto status = write_whole(temporary, sealed);
  if (status.ok() && ::rename(temporary.c_str(), path_.c_str()) != 0)
    status = Status::system(std::strerror(errno));
  if (status.ok()) return {};
  ::unlink(temporary.c_str());
  return Status::config(fmt::format("the keystore {} cannot be written: {}", path_, status.message()));
}

std::optional<std::string> Keystore::find(std::string_view name) const {
  const auto at = entries_.find(stored_name(name));
  return at == entries_.end() ? std::nullopt : std::optional(at->second);
}

void Keystore::put(std::string_view name, std::string_view value) { entries_[stored_name(name)] = value; }
bool Keystore::remove(std::string_view name) { return entries_.erase(stored_name(name)) != 0; }

std::string Keystore::stored_name(std::string_view name) {
  std::string out(name);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool Keystore::name_ok(std::string_view name) {
  const auto start = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
  };
  return !name.empty() && start(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return start(c) || (c >= '0' && c <= '9'); });
}

std::string keystore_path(const std::string& settings_directory) {
  return settings_directory.empty() ? std::string{} : settings_directory + "/logstash.keystore";
}

std::string keystore_password() { return environment_variable("LOGSTASH_KEYSTORE_PASS").value_or(""); }

Result<Variables> variables_of(const std::string& settings_directory) {
  const auto path = keystore_path(settings_directory);
  std::error_code failure;
  if (path.empty() || !std::filesystem::exists(path, failure)) return Variables(environment_variable);
  auto store = Keystore::open(path, keystore_password());
  if (!store.ok()) return store.status();
  for (const auto& [name, value] : store->entries()) secrets::keep(name, value);
  return Variables([store = std::make_shared<const Keystore>(std::move(store).value())](
                       std::string_view name) -> std::optional<std::string> {
    if (auto value = store->find(name)) return value;
    return environment_variable(name);
  });
}

}  // namespace sluice::settings
