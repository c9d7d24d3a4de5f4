// What a field of NetFlow v9 or IPFIX means: its name and how its bytes are read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.hpp"

namespace sluice::plugins::netflow {

/// How the bytes of a field become a value. The number of bytes is the template's business.
enum class FieldKind : uint8_t {
  skip,         // not shown
  uint,         // big-endian, of any width
  sint,         // two's complement
  real,         // IEEE 754 of 4 or 8 bytes
  string,       // NUL-padded text
  octets,       // hexadecimal text
  ip4,          // 192.0.2.1
  ip6,          // 2001:db8::1
  mac,          // 00:53:00:00:00:01
  application,  // RFC 6759: classification..selector
  acl,          // Cisco ASA: three identifiers of 4 bytes in hexadecimal
  mpls,         // label, experimental, bottom_of_stack, ttl
  forwarding,   // status, reason
};

struct Field {
  FieldKind kind = FieldKind::skip;
  std::string name;  // empty when skipped
};

/// Where the meaning of a field is looked up: the user's definitions first, then the built-in ones.
/// Immutable after loading.
class FieldTable {
 public:
  /// v9 has numbers alone, IPFIX has enterprises with numbers (0 is IANA's).
  enum class Protocol : uint8_t { v9, ipfix };
  explicit FieldTable(Protocol protocol) : protocol_(protocol) {}

  /// Adds the definitions of a YAML file in Logstash's form: `number: [kind, name]`, for IPFIX below the
  /// number of the enterprise. The error says where and what.
  Status load(const std::string& path);

  [[nodiscard]] std::optional<Field> find(uint32_t enterprise, uint16_t number) const;
  [[nodiscard]] Protocol protocol() const { return protocol_; }

 private:
  Protocol protocol_;
  std::map<std::pair<uint32_t, uint16_t>, Field> own_;
};

/// The kind that a definitions file calls `word` (":uint32", "ip4_addr", "4" for an integer of four bytes).
std::optional<FieldKind> kind_of(std::string_view word);

}  // namespace sluice::plugins::netflow
