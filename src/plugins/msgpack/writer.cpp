#include "plugins/msgpack/writer.hpp"

#include <bit>
#include <charconv>

#include "match/civil.hpp"
#include "match/iso8601.hpp"
#include "match/numbers.hpp"

namespace sluice::plugins::msgpack {
namespace {

void put(uint64_t value, size_t bytes, Buffer& out) {
  while (bytes-- > 0) out.append(static_cast<char>(value >> (8 * bytes)));
}

// The first byte and the number behind it.
void put(unsigned char first, uint64_t value, size_t bytes, Buffer& out) {
  out.append(static_cast<char>(first));
  put(value, bytes, out);
}

// Arrays and maps: their three forms.
void write_count(uint32_t size, unsigned char fixed, unsigned char wide, Buffer& out) {
  if (size < 16)
    out.append(static_cast<char>(fixed | size));
  else if (size <= 0xFFFF)
    put(wide, size, 2, out);
  else
    put(wide + 1, size, 4, out);
}

void write_natural(uint64_t value, Buffer& out) {
  if (value < 0x80)
    out.append(static_cast<char>(value));
  else if (value <= 0xFF)
    put(0xCC, value, 1, out);
  else if (value <= 0xFFFF)
    put(0xCD, value, 2, out);
  else if (value <= 0xFFFFFFFF)
    put(0xCE, value, 4, out);
  else
    put(0xCF, value, 8, out);
}

void write_real(double value, Buffer& out) { put(0xCB, std::bit_cast<uint64_t>(value), 8, out); }

// A number beyond int64: exact when it is a whole one of 64 bits, else text when whole and a double when not.
void write_decimal(std::string_view text, Buffer& out) {
  uint64_t natural = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), natural);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size())
    write_natural(natural, out);
  else if (text.find_first_of(".eE") == std::string_view::npos)
    write_text(text, out);
  else
    write_real(match::ruby_to_f(text), out);
}

}  // namespace

void write_array_header(uint32_t size, Buffer& out) { write_count(size, 0x90, 0xDC, out); }

void write_text(std::string_view text, Buffer& out) {
  if (text.size() < 32)
    out.append(static_cast<char>(0xA0 | text.size()));
  else if (text.size() <= 0xFF)
    put(0xD9, text.size(), 1, out);
  else if (text.size() <= 0xFFFF)
    put(0xDA, text.size(), 2, out);
  else
    put(0xDB, text.size(), 4, out);
  out.append(text);
}

void write_integer(int64_t value, Buffer& out) {
  const auto bits = static_cast<uint64_t>(value);
  if (value >= 0)
    write_natural(bits, out);
  else if (value >= -32)
    out.append(static_cast<char>(value));
  else if (value >= INT8_MIN)
    put(0xD0, bits, 1, out);
  else if (value >= INT16_MIN)
    put(0xD1, bits, 2, out);
  else if (value >= INT32_MIN)
    put(0xD2, bits, 4, out);
  else
    put(0xD3, bits, 8, out);
}

void write_event_time(int64_t nanos, Buffer& out) {
  out.append('\xD7');
  out.append('\0');
  put(static_cast<uint64_t>(match::floor_div(nanos, match::kNanosPerSecond)), 4, out);
  put(static_cast<uint64_t>(match::floor_mod(nanos, match::kNanosPerSecond)), 4, out);
}

void write(const Value& value, Buffer& out) {
  switch (value.kind()) {
    case Value::Kind::null:
      out.append('\xC0');
      break;
    case Value::Kind::boolean:
      out.append(value.as_bool() ? '\xC3' : '\xC2');
      break;
    case Value::Kind::integer:
      write_integer(value.as_integer(), out);
      break;
    case Value::Kind::real:
      write_real(value.as_real(), out);
      break;
    case Value::Kind::decimal:
      write_decimal(value.as_text(), out);
      break;
    case Value::Kind::timestamp: {
      char text[match::kIso8601Size];
      write_text({text, match::format_iso8601(value.as_nanos(), text)}, out);
      break;
    }
    case Value::Kind::string:
      write_text(value.as_text(), out);
      break;
    case Value::Kind::array:
      write_array_header(value.as_array()->size, out);
      for (const auto& item : value.as_array()->all()) write(item, out);
      break;
    case Value::Kind::object:
      write_count(value.as_object()->size, 0x80, 0xDE, out);
      for (const auto& member : value.as_object()->all()) {
        write_text(member.key.text(), out);
        write(member.value, out);
      }
      break;
  }
}

}  // namespace sluice::plugins::msgpack
