// Host names of other alphabets (IDNA).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::plugins::dns {

/// The name as DNS knows it (`müller.com` -> `xn--mller-kva.com`); nothing for what can be no name: empty or
/// too long labels, characters that are not allowed.
std::optional<std::string> to_ascii(std::string_view name);

/// The name as people read it; labels that cannot be decoded stay as they are.
std::string to_unicode(std::string_view name);

}  // namespace sluice::plugins::dns
