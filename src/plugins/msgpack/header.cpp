#include "plugins/msgpack/header.hpp"

#include <bit>

namespace sluice::plugins::msgpack {
namespace {

// The forms whose first byte is 0xC0 to 0xDF.
struct Form {
  Kind kind;
  uint8_t bytes;  // of the number behind the first byte
  bool is_signed = false;
  bool fixed = false;  // an extension of a fixed length, whose number is its length here
};
constexpr Form kForms[32] = {
    {Kind::nil, 0},
    {Kind::nil, 0},  // 0xC1 is no form
    {Kind::boolean, 0},
    {Kind::boolean, 0},
    {Kind::binary, 1},
    {Kind::binary, 2},
    {Kind::binary, 4},
    {Kind::extension, 1},
    {Kind::extension, 2},
    {Kind::extension, 4},
    {Kind::real, 4},
    {Kind::real, 8},
    {Kind::integer, 1},
    {Kind::integer, 2},
    {Kind::integer, 4},
    {Kind::integer, 8},
    {Kind::integer, 1, true},
    {Kind::integer, 2, true},
    {Kind::integer, 4, true},
    {Kind::integer, 8, true},
    {Kind::extension, 1, false, true},
    {Kind::extension, 2, false, true},
    {Kind::extension, 4, false, true},
    {Kind::extension, 8, false, true},
    {Kind::extension, 16, false, true},
    {Kind::text, 1},
    {Kind::text, 2},
    {Kind::text, 4},
    {Kind::array, 2},
    {Kind::array, 4},
    {Kind::map, 2},
    {Kind::map, 4},
};

uint64_t big_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

int64_t sign_extended(uint64_t value, unsigned bytes) {
  const unsigned shift = 64 - 8 * bytes;
  return static_cast<int64_t>(value << shift) >> shift;
}

void set_number(const Form& form, uint64_t number, Header& out) {
  switch (form.kind) {
    case Kind::real:
      out.real = form.bytes == 4 ? static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(number)))
                                 : std::bit_cast<double>(number);
      break;
    case Kind::integer:
      out.integer = form.is_signed ? sign_extended(number, form.bytes) : static_cast<int64_t>(number);
      out.natural = number;
      if (!form.is_signed && number > INT64_MAX) out.kind = Kind::natural;
      break;
    default:
      out.length = number;
  }
}

HeaderOutcome read_form(std::string_view bytes, unsigned char first, Header& out) {
  if (first == 0xC1) return HeaderOutcome::malformed;
  const Form& form = kForms[first - 0xC0];
  out.kind = form.kind;
  out.boolean = first == 0xC3;
  const bool extension = form.kind == Kind::extension;
  const size_t number = form.fixed ? 0 : form.bytes;
  out.size = static_cast<uint8_t>(1 + number + (extension ? 1 : 0));
  if (bytes.size() < out.size) return HeaderOutcome::incomplete;
  if (extension) out.type = static_cast<int8_t>(bytes[1 + number]);
  if (form.fixed)
    out.length = form.bytes;
  else
    set_number(form, big_endian(bytes.substr(1, number)), out);
  return HeaderOutcome::ok;
}

}  // namespace

HeaderOutcome read_header(std::string_view bytes, Header& out) {
  if (bytes.empty()) return HeaderOutcome::incomplete;
  const auto first = static_cast<unsigned char>(bytes[0]);
  out = {};
  out.size = 1;
  if (first < 0x80 || first >= 0xE0) {
    out.kind = Kind::integer;
    out.integer = static_cast<int8_t>(first);
  } else if (first < 0xA0) {
    out.kind = first < 0x90 ? Kind::map : Kind::array;
    out.length = first & 0x0F;
  } else if (first < 0xC0) {
    out.kind = Kind::text;
    out.length = first & 0x1F;
  } else {
    return read_form(bytes, first, out);
  }
  return HeaderOutcome::ok;
}

}  // namespace sluice::plugins::msgpack
