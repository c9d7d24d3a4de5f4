// Who is let in by the monitoring API.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_server.hpp"

namespace sluice::monitor {

/// Knows the credentials that are let in, as digests. Loop thread.
class Guard {
 public:
  /// `user` empty: no password is let in. Each key is ID:KEY.
  Guard(std::string_view user, std::string_view password, const std::vector<std::string>& api_keys);

  /// Whether the request shows a password or a key that is let in. Takes the same time whatever is wrong with
  /// them. Wrong ones are counted and logged once a minute.
  bool knows(const net::HttpRequest& request);
  /// The value of WWW-Authenticate.
  [[nodiscard]] std::string challenge() const;

 private:
  using Digest = std::array<unsigned char, 32>;
  static Digest digest_of(std::string_view scheme, std::string_view credentials);
  void refused();

  std::vector<Digest> let_in_;
  bool basic_ = false, api_key_ = false;
  uint64_t refused_ = 0;
  int64_t told_ = 0;  // steady nanoseconds
};

}  // namespace sluice::monitor
