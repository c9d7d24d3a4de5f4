#include "plugins/digest/value_hasher.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

#include "match/numbers.hpp"
#include "plugins/address/ip_address.hpp"
#include "plugins/digest/murmur.hpp"
#include "plugins/filters/mutate_operation.hpp"

namespace sluice::plugins::digest {
namespace {

constexpr std::string_view kNames[] = {"MD5",    "SHA1",    "SHA256",      "SHA384",
                                       "SHA512", "MURMUR3", "MURMUR3_128", "IPV4_NETWORK"};
constexpr uint64_t kSeed128 = 2;  // of Logstash's MURMUR3_128

bool cryptographic(Method method) { return method <= Method::sha512; }

// Ruby's String#to_i, as far as prefix lengths go.
int64_t prefix_of(std::string_view text) {
  const auto number = match::ruby_to_i(text);
  return number.fits() ? number.value : -1;
}

std::string_view bytes_of(const int64_t& number, size_t size) {
  return {reinterpret_cast<const char*>(&number), size};
}

}  // namespace

std::optional<Method> method_of(std::string_view name) {
  const auto* found = std::find(std::begin(kNames), std::end(kNames), name);
  if (found == std::end(kNames)) return {};
  return static_cast<Method>(found - std::begin(kNames));
}

void check_method(plugin::Setup& setup, Method method, std::string_view method_option) {
  const std::string name(kNames[static_cast<size_t>(method)]);
  if (cryptographic(method) && !Hasher::available(static_cast<Hash>(method)))
    setup.error(method_option, "E0306", name + " is not available: the OpenSSL of this machine lacks it",
                "Choose another method.");
  if (method != Method::ipv4_network) return;
  if (!setup.options.given("key")) {
    setup.error("key", "E0308", "IPV4_NETWORK needs `key`, the length of the network's prefix",
                "Add key => 24, say.");
    return;
  }
  const std::string key = setup.options.string("key");
  const int64_t prefix = prefix_of(key);
  if (prefix < 0 || prefix > 128)
    setup.error("key", "E0306", "The prefix length of IPV4_NETWORK is not between 0 and 32",
                "Write the number of bits to keep, such as 24.");
  else if (key.empty() || key.find_first_not_of("0123456789") != std::string::npos)
    setup.warning("key", "W0306",
                  "The prefix length of IPV4_NETWORK is read as " + std::to_string(prefix) + " bits",
                  "Write the number of bits to keep, such as 24.");
}

void append_canonical(const Value& value, std::string& out) {
  bool first = true;
  const auto separate = [&] {
    if (!std::exchange(first, false)) out += '|';
  };
  if (value.is_array()) {
    for (const auto& item : value.as_array()->all()) {
      separate();
      append_canonical(item, out);
    }
  } else if (value.is_object()) {
    std::vector<const Member*> sorted;
    for (const auto& member : value.as_object()->all()) sorted.push_back(&member);
    std::sort(sorted.begin(), sorted.end(),
              [](const Member* a, const Member* b) { return a->key.text() < b->key.text(); });
    for (const auto* member : sorted) {
      separate();
      out += member->key.text();
      out += '|';
      append_canonical(member->value, out);
    }
  } else if (value.is_string()) {
    out += value.as_text();
  } else {
    append_ruby_text(value, out);
  }
}

ValueHasher::ValueHasher(Method method, const std::string* key, bool base64)
    : method_(method), base64_(base64) {
  if (method == Method::ipv4_network) {
    if (key) prefix_ = prefix_of(*key);
  } else if (cryptographic(method)) {
    if (key)
      hasher_.emplace(static_cast<Hash>(method), *key);
    else
      hasher_.emplace(static_cast<Hash>(method));
  }
}

std::optional<Value> ValueHasher::operator()(const Value& value, Arena& arena) {
  if (value.is_string()) return of_text(value.as_text(), arena);
  if (value.kind() == Value::Kind::integer) {
    const int64_t number = value.as_integer();
    const bool narrow = number >= INT32_MIN && number <= INT32_MAX;
    if (method_ == Method::murmur3) return Value::integer(murmur3(bytes_of(number, 8)));
    if (method_ == Method::murmur3_128)
      return encoded(murmur3_128(bytes_of(number, narrow ? 4 : 8), kSeed128), arena);
  }
  text_.clear();
  append_canonical(value, text_);
  return of_text(text_, arena);
}

std::optional<Value> ValueHasher::of_text(std::string_view text, Arena& arena) {
  switch (method_) {
    case Method::murmur3:
      return Value::integer(murmur3(text));
    case Method::murmur3_128:
      return encoded(murmur3_128(text, kSeed128), arena);
    case Method::ipv4_network:
      return network(text, arena);
    default:
      break;
  }
  const auto bytes = (*hasher_)(text);
  if (bytes.empty()) return {};
  return encoded(bytes, arena);
}

Value ValueHasher::encoded(std::span<const unsigned char> bytes, Arena& arena) {
  out_.clear();
  if (base64_)
    append_base64(bytes, out_);
  else
    append_hex(bytes, out_);
  return Value::string(arena.copy(out_), true);
}

std::optional<Value> ValueHasher::network(std::string_view text, Arena& arena) {
  const auto range = address::parse(text);
  if (!range) return {};
  const auto masked = address::masked(range->first, prefix_);
  if (!masked) return {};
  out_.clear();
  address::append(*masked, out_);
  return Value::string(arena.copy(out_), true);
}

}  // namespace sluice::plugins::digest
