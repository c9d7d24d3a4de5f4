// The hash of a field's value: what the filters fingerprint and anonymize store.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "event/value.hpp"
#include "plugin/setup.hpp"
#include "plugins/digest/digest.hpp"

namespace sluice::plugins::digest {

enum class Method : uint8_t { md5, sha1, sha256, sha384, sha512, murmur3, murmur3_128, ipv4_network };

/// A method by its name in configs ("SHA256"), or nothing.
std::optional<Method> method_of(std::string_view name);

/// Reports (at `method_option` or `key`) what keeps the method from working: no such digest in this OpenSSL,
/// a prefix length that is none.
void check_method(plugin::Setup& setup, Method method, std::string_view method_option);

/// Appends the text that a value is hashed as: objects as keys and values in order of keys, lists as their
/// elements, everything joined by `|`; scalars as Ruby writes them.
void append_canonical(const Value& value, std::string& out);

/// Hashes values. Each worker has its own.
class ValueHasher {
 public:
  /// `key`: of the HMAC, or the prefix length of ipv4_network; null for a plain digest.
  ValueHasher(Method method, const std::string* key, bool base64);

  /// The fingerprint of one value, its text in `arena`; nothing when the method cannot be used on it (a value
  /// that is no address, for ipv4_network).
  std::optional<Value> operator()(const Value& value, Arena& arena);
  /// The same of a text.
  std::optional<Value> of_text(std::string_view text, Arena& arena);

 private:
  Value encoded(std::span<const unsigned char> bytes, Arena& arena);
  std::optional<Value> network(std::string_view text, Arena& arena);

  Method method_;
  bool base64_;
  int64_t prefix_ = 0;
  std::optional<Hasher> hasher_;
  std::string text_, out_;
};

}  // namespace sluice::plugins::digest
