#include "plugins/netflow/record.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

#include "base/utf8.hpp"
#include "match/civil.hpp"
#include "match/iso8601.hpp"
#include "plugins/wire/values.hpp"

namespace sluice::plugins::netflow {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr int64_t kFrom1900To1970 = 2208988800;
// Times further from 1970 do not fit nanoseconds in 64 bits.
constexpr int64_t kLastSecond = 9'000'000'000;

uint8_t byte(std::string_view bytes, size_t at) { return static_cast<uint8_t>(bytes[at]); }

char* put_number(char* out, uint64_t number) { return std::to_chars(out, out + 20, number).ptr; }

char* put_hex(char* out, std::string_view bytes) {
  for (const char c : bytes) {
    *out++ = kHex[static_cast<uint8_t>(c) >> 4];
    *out++ = kHex[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

// Text of at most `room` bytes that `write(begin)` makes, in the arena; it returns the end.
template <class Write>
Value text_value(Arena& arena, size_t room, Write write) {
  char* begin = arena.array<char>(room);
  char* end = write(begin);
  arena.shrink_last(end);
  return Value::string({begin, static_cast<size_t>(end - begin)}, true);
}

// Decimal digits of a number of any width: divided by ten thousand millions again and again.
Value wide_number(std::string_view bytes, Arena& arena) {
  constexpr uint64_t kChunk = 1'000'000'000;
  std::array<uint32_t, 8> words{};
  for (size_t i = 0; i < bytes.size(); ++i) {
    const size_t from_end = bytes.size() - 1 - i;
    words[from_end / 4] |= static_cast<uint32_t>(byte(bytes, i)) << (from_end % 4 * 8);
  }
  std::array<char, 96> digits;
  size_t at = digits.size();
  while (std::any_of(words.begin(), words.end(), [](uint32_t w) { return w != 0; })) {
    uint64_t rest = 0;
    for (size_t i = words.size(); i-- > 0;) {
      const uint64_t part = rest << 32 | words[i];
      words[i] = static_cast<uint32_t>(part / kChunk);
      rest = part % kChunk;
    }
    for (int i = 0; i < 9; ++i, rest /= 10) digits[--at] = static_cast<char>('0' + rest % 10);
  }
  while (at < digits.size() && digits[at] == '0') ++at;
  const std::string_view text(digits.data() + at, digits.size() - at);
  if (text.empty()) return Value::integer(0);
  if (text.size() <= 18) {
    int64_t small = 0;
    std::from_chars(text.data(), text.data() + text.size(), small);
    return Value::integer(small);
  }
  return Value::decimal(arena.copy(text));
}

Value unsigned_value(std::string_view bytes, Arena& arena) {
  if (bytes.size() > 8) return wide_number(bytes, arena);
  return wire::unsigned_value(wire::Reader::number(bytes), arena);
}

Value signed_value(std::string_view bytes) {
  const unsigned unused = 64 - static_cast<unsigned>(bytes.size()) * 8;
  return Value::integer(static_cast<int64_t>(wire::Reader::number(bytes) << unused) >> unused);
}

Value real_value(std::string_view bytes) {
  if (bytes.size() == 4)
    return Value::real(std::bit_cast<float>(static_cast<uint32_t>(wire::Reader::number(bytes))));
  return Value::real(std::bit_cast<double>(wire::Reader::number(bytes)));
}

Value mac_value(std::string_view bytes, Arena& arena) {
  return text_value(arena, 18, [&](char* out) {
    for (size_t i = 0; i < 6; ++i) {
      if (i) *out++ = ':';
      out = put_hex(out, bytes.substr(i, 1));
    }
    return out;
  });
}

Value acl_value(std::string_view bytes, Arena& arena) {
  return text_value(arena, 26, [&](char* out) {
    for (size_t i = 0; i < 12; i += 4) {
      if (i) *out++ = '-';
      out = put_hex(out, bytes.substr(i, 4));
    }
    return out;
  });
}

Value octets_value(std::string_view bytes, Arena& arena) {
  return text_value(arena, bytes.size() * 2, [&](char* out) { return put_hex(out, bytes); });
}

// RFC 6759: the engine that classified, and its number for the application. Engine 20 puts the number of an
// enterprise in front when there is room for one.
Value application_value(std::string_view bytes, Arena& arena) {
  constexpr uint8_t kEnterpriseEngine = 20;
  return text_value(arena, 48, [&](char* out) {
    out = put_number(out, byte(bytes, 0));
    auto selector = bytes.substr(1);
    if (byte(bytes, 0) == kEnterpriseEngine && selector.size() >= 6) {
      *out++ = '.';
      *out++ = '.';
      out = put_number(out, wire::Reader::number(selector.substr(0, 4)));
      selector.remove_prefix(4);
    }
    *out++ = '.';
    *out++ = '.';
    return put_number(out, wire::Reader::number(selector));
  });
}

Value mpls_value(std::string_view bytes, Arena& arena) {
  static const Key kLabel = Key::intern("label"), kExperimental = Key::intern("experimental"),
                   kBottom = Key::intern("bottom_of_stack"), kTtl = Key::intern("ttl");
  const auto word = static_cast<int64_t>(wire::Reader::number(bytes));
  auto* object = Object::make(arena, 4);
  object->append(arena, kLabel, Value::integer(word >> 12));
  object->append(arena, kExperimental, Value::integer(word >> 9 & 7));
  object->append(arena, kBottom, Value::integer(word >> 8 & 1));
  object->append(arena, kTtl, Value::integer(word & 255));
  return Value::object(object);
}

Value forwarding_value(std::string_view bytes, Arena& arena) {
  static const Key kStatus = Key::intern("status"), kReason = Key::intern("reason");
  auto* object = Object::make(arena, 2);
  object->append(arena, kStatus, Value::integer(byte(bytes, 0) >> 6));
  object->append(arena, kReason, Value::integer(byte(bytes, 0) & 63));
  return Value::object(object);
}

Value string_value(std::string_view bytes, bool variable, Arena& arena) {
  while (!bytes.empty() && bytes.back() == '\0') bytes.remove_suffix(1);
  if (is_ascii(bytes)) return Value::string(arena.copy(bytes));
  if (!variable) return wire::text_value(bytes, arena);
  // Logstash keeps ASCII alone in fields of variable length.
  std::string text;
  const std::string scrubbed = utf8_scrub(bytes);
  for (size_t at = 0; at < scrubbed.size();) {
    const char32_t c = utf8_next(scrubbed, at);
    text += c < 0x80 ? static_cast<char>(c) : '?';
  }
  return Value::string(arena.copy(text));
}

// Times as Logstash computes them, to the second that it is off.
Value point_in_time(FieldTime kind, const ExportTime& time, std::string_view bytes, Arena& arena) {
  const uint64_t number = wire::Reader::number(bytes);
  constexpr auto kTooFar = static_cast<uint64_t>(kLastSecond);
  switch (kind) {
    case FieldTime::uptime: {
      if (number > kTooFar) break;
      const int64_t millis = static_cast<int64_t>(time.uptime) - static_cast<int64_t>(number);
      return time_value(time.seconds - match::floor_div(millis, 1000),
                        match::kNanosPerSecond - match::floor_mod(millis, 1000) * 1'000'000, arena);
    }
    case FieldTime::seconds:
      if (number > kTooFar) break;
      return time_value(static_cast<int64_t>(number), 0, arena);
    case FieldTime::millis:
      if (number / 1000 > kTooFar) break;
      return time_value(static_cast<int64_t>(number / 1000), static_cast<int64_t>(number % 1000) * 1'000'000,
                        arena);
    case FieldTime::ntp: {
      const double micros = static_cast<double>(number & 0xffffffff) / 4294967296.0 * 1e6;
      return time_value(static_cast<int64_t>(number >> 32) - kFrom1900To1970,
                        static_cast<int64_t>(micros * 1000), arena);
    }
    case FieldTime::none:
      break;
  }
  return unsigned_value(bytes, arena);
}

Value field_value(const TemplateField& field, const ExportTime& time, std::string_view bytes, Arena& arena) {
  switch (field.kind) {
    case FieldKind::uint:
      return field.time == FieldTime::none ? unsigned_value(bytes, arena)
                                           : point_in_time(field.time, time, bytes, arena);
    case FieldKind::sint:
      return signed_value(bytes);
    case FieldKind::real:
      return real_value(bytes);
    case FieldKind::string:
      return string_value(bytes, field.length == kVariable, arena);
    case FieldKind::octets:
      return octets_value(bytes, arena);
    case FieldKind::ip4:
      return ip4_value(bytes, arena);
    case FieldKind::ip6:
      return ip6_value(bytes, arena);
    case FieldKind::mac:
      return mac_value(bytes, arena);
    case FieldKind::application:
      return application_value(bytes, arena);
    case FieldKind::acl:
      return acl_value(bytes, arena);
    case FieldKind::mpls:
      return mpls_value(bytes, arena);
    case FieldKind::forwarding:
      return forwarding_value(bytes, arena);
    case FieldKind::skip:
      break;
  }
  return {};
}

// RFC 7011, 7: one byte of length, or 255 and two more.
std::string_view take_variable(wire::Reader& reader) {
  size_t length = reader.u8();
  if (length == 255) length = reader.u16();
  return reader.take(length);
}

struct ZeroRun {
  size_t begin = 0;
  size_t length = 0;
};

ZeroRun longest_zeros(const std::array<uint16_t, 8>& groups) {
  ZeroRun best;
  for (size_t i = 0; i < groups.size(); ++i) {
    size_t end = i;
    while (end < groups.size() && groups[end] == 0) ++end;
    if (end - i > best.length) best = {i, end - i};
    if (end > i) i = end;
  }
  return best.length > 1 ? best : ZeroRun{groups.size(), 0};
}

char* put_ip4(char* out, std::string_view bytes) {
  for (size_t i = 0; i < 4; ++i) {
    if (i) *out++ = '.';
    out = put_number(out, byte(bytes, i));
  }
  return out;
}

}  // namespace

Value ip4_value(std::string_view bytes, Arena& arena) {
  return text_value(arena, 40, [&](char* out) { return put_ip4(out, bytes); });
}

Value ip6_value(std::string_view bytes, Arena& arena) {
  std::array<uint16_t, 8> groups;
  for (size_t i = 0; i < 8; ++i)
    groups[i] = static_cast<uint16_t>(wire::Reader::number(bytes.substr(i * 2, 2)));
  const ZeroRun zeros = longest_zeros(groups);
  const bool compatible = zeros.begin == 0 && zeros.length == 6;
  const bool mapped = zeros.begin == 0 && zeros.length == 5 && groups[5] == 0xffff;
  return text_value(arena, 48, [&](char* out) {
    if (compatible || mapped) {
      for (const char c : std::string_view(mapped ? "::ffff:" : "::")) *out++ = c;
      return put_ip4(out, bytes.substr(12));
    }
    for (size_t i = 0; i < 8; ++i) {
      if (i == zeros.begin) {
        *out++ = ':';
        if (i == 0) *out++ = ':';
        i += zeros.length - 1;
        continue;
      }
      out = std::to_chars(out, out + 4, groups[i], 16).ptr;
      if (i < 7) *out++ = ':';
    }
    return out;
  });
}

Value time_value(int64_t seconds, int64_t nanos, Arena& arena) {
  return text_value(arena, 48, [&](char* out) {
    return out + match::format_iso8601(seconds * match::kNanosPerSecond + nanos, out);
  });
}

bool read_record(const Template& fields, const ExportTime& time, wire::Reader& reader, Object& into,
                 Arena& arena) {
  for (const auto& field : fields.fields) {
    const auto bytes = field.length == kVariable ? take_variable(reader) : reader.take(field.length);
    if (!reader.ok()) return false;
    if (field.key.null()) continue;
    const Value value = field_value(field, time, bytes, arena);
    if (field.in_header)
      into.set(arena, field.key, value);
    else
      into.append(arena, field.key, value);
  }
  return true;
}

}  // namespace sluice::plugins::netflow
