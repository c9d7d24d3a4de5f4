// The begin of a MessagePack object: what it is and how long.
// https://github.com/msgpack/msgpack/blob/master/spec.md
//
// Read here and not by libmsgpack: its objects live in zones of their own and would have to be copied, it
// parses an object that comes in pieces again and again or keeps a parser a stream, and it takes memory for
// an array before its items have come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::plugins::msgpack {

enum class Kind : uint8_t { nil, boolean, integer, natural, real, text, binary, array, map, extension };

struct Header {
  Kind kind = Kind::nil;
  uint8_t size = 0;  // bytes of the header, a scalar's value included
  int8_t type = 0;   // of an extension
  bool boolean = false;
  int64_t integer = 0;
  uint64_t natural = 0;  // a whole number over int64
  double real = 0;
  uint64_t length = 0;  // bytes of text, binary and extension behind the header; items; pairs

  [[nodiscard]] bool has_bytes() const {
    return kind == Kind::text || kind == Kind::binary || kind == Kind::extension;
  }
  /// Objects that follow and belong to this one.
  [[nodiscard]] uint64_t children() const {
    return kind == Kind::array ? length : kind == Kind::map ? length * 2 : 0;
  }
};

enum class HeaderOutcome : uint8_t { ok, incomplete, malformed };

HeaderOutcome read_header(std::string_view bytes, Header& out);

}  // namespace sluice::plugins::msgpack
