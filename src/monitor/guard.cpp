#include "monitor/guard.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/log.hpp"
#include "base/time.hpp"

namespace sluice::monitor {
namespace {

constexpr int64_t kQuietNanos = 60'000'000'000;  // between two lines about wrong credentials
constexpr std::string_view kBasic = "Basic", kApiKey = "ApiKey";

}  // namespace

Guard::Digest Guard::digest_of(std::string_view scheme, std::string_view credentials) {
  static_assert(std::tuple_size_v<Digest> == SHA256_DIGEST_LENGTH);
  const auto text = fmt::format("{} {}", scheme, credentials);
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

Guard::Guard(std::string_view user, std::string_view password, const std::vector<std::string>& api_keys)
    : basic_(!user.empty()), api_key_(!api_keys.empty()) {
  if (basic_) let_in_.push_back(digest_of(kBasic, fmt::format("{}:{}", user, password)));
  for (const auto& key : api_keys) let_in_.push_back(digest_of(kApiKey, key));
}

bool Guard::knows(const net::HttpRequest& request) {
  const auto header = request.header("authorization");
  if (header.empty()) return false;
  const auto password = net::credentials_of(header, kBasic);
  const auto key = net::credentials_of(header, kApiKey);
  // All are compared, and digests of one length, so that the time says nothing of how much was right.
  const Digest shown = password ? digest_of(kBasic, *password) : digest_of(kApiKey, key.value_or(""));
  bool found = false;
  for (const auto& digest : let_in_)
    found = (CRYPTO_memcmp(shown.data(), digest.data(), digest.size()) == 0) || found;
  if (!found && (password || key)) refused();
  return found;
}

void Guard::refused() {
  ++refused_;
  const int64_t now = steady_nanos();
  if (told_ != 0 && now - told_ < kQuietNanos) return;
  told_ = now;
  log::warn("logstash.agent", "The monitoring API refused a wrong password or key",
            {{"refused_so_far", refused_}});
}

std::string Guard::challenge() const {
  const std::string_view basic = basic_ ? "Basic realm=\"Logstash\"" : "";
  return fmt::format("{}{}{}", basic, basic_ && api_key_ ? ", " : "", api_key_ ? kApiKey : "");
}

}  // namespace sluice::monitor
