#include "plugins/digest/digest.hpp"

#include <algorithm>

namespace sluice::plugins::digest {
namespace {

// Fetched once for the process: a fetch walks the providers under a lock.
const EVP_MD* algorithm_of(Hash hash) {
  static const std::array<const EVP_MD*, 5> all = [] {
    std::array<const EVP_MD*, 5> fetched{};
    constexpr const char* kNames[] = {"MD5", "SHA1", "SHA256", "SHA384", "SHA512"};
    for (size_t i = 0; i < fetched.size(); ++i) fetched[i] = EVP_MD_fetch(nullptr, kNames[i], nullptr);
    return fetched;
  }();
  return all[static_cast<size_t>(hash)];
}

}  // namespace

void append_hex(std::span<const unsigned char> bytes, std::string& out) {
  constexpr char kDigits[] = "0123456789abcdef";
  const size_t start = out.size();
  out.resize(start + bytes.size() * 2);
  char* at = out.data() + start;
  for (const unsigned char byte : bytes) {
    *at++ = kDigits[byte >> 4];
    *at++ = kDigits[byte & 15];
  }
}

void append_base64(std::span<const unsigned char> bytes, std::string& out) {
  const size_t start = out.size();
  out.resize(start + (bytes.size() + 2) / 3 * 4 + 1);  // OpenSSL ends it with a NUL
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + start), bytes.data(),
                                     static_cast<int>(bytes.size()));
  out.resize(start + static_cast<size_t>(length));
}

bool Hasher::available(Hash hash) { return algorithm_of(hash) != nullptr; }

Hasher::Hasher(Hash hash) : algorithm_(algorithm_of(hash)), context_(EVP_MD_CTX_new()) {}

Hasher::Hasher(Hash hash, std::string_view key) : Hasher(hash) {
  if (!algorithm_) return;
  const auto block = static_cast<size_t>(EVP_MD_get_block_size(algorithm_));
  Pad padded{};
  if (key.size() > block) {
    const auto shortened = run({}, key);
    std::copy(shortened.begin(), shortened.end(), padded.begin());
  } else {
    std::copy(key.begin(), key.end(), padded.begin());
  }
  for (size_t i = 0; i < block; ++i) {
    inner_[i] = padded[i] ^ 0x36;
    outer_[i] = padded[i] ^ 0x5c;
  }
  block_ = block;
}

std::span<const unsigned char> Hasher::operator()(std::string_view text) {
  if (block_ == 0) return run({}, text);
  const auto inner = run({inner_.data(), block_}, text);
  return run({outer_.data(), block_}, {reinterpret_cast<const char*>(inner.data()), inner.size()});
}

std::span<const unsigned char> Hasher::run(std::span<const unsigned char> prefix, std::string_view text) {
  unsigned int size = 0;
  if (!algorithm_ || !EVP_DigestInit_ex2(context_.get(), algorithm_, nullptr) ||
      (!prefix.empty() && !EVP_DigestUpdate(context_.get(), prefix.data(), prefix.size())) ||
      !EVP_DigestUpdate(context_.get(), text.data(), text.size()) ||
      !EVP_DigestFinal_ex(context_.get(), result_.data(), &size))
    return {};
  return {result_.data(), size};
}

}  // namespace sluice::plugins::digest
