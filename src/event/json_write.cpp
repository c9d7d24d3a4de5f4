#include "event/json_write.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "base/block.hpp"
#include "base/utf8.hpp"
#include "match/iso8601.hpp"
#include "match/numbers.hpp"

namespace sluice {
namespace {

using SignedBlock = signed char __attribute__((vector_size(16)));
using Halves = uint64_t __attribute__((vector_size(16)));

constexpr size_t kPage = 4096;  // memory is mapped in multiples of it
constexpr size_t kScalar = 64;  // bytes of the longest number or time, and more
static_assert(kScalar > match::kDoubleTextSize + 2 && kScalar > match::kIso8601Size + 2);
constexpr size_t kEscaped = 6;  // bytes of the longest escape, \u001f
constexpr size_t kAtLeast = 512;
constexpr size_t kLong = 4096;  // of a longer text it pays to know whether there is anything to escape

// How many bytes of a block come before the first that cannot stand in a JSON string as it is: a control
// character, `"`, `\`, and, unless `beyond_ascii`, what is not ASCII.
template <bool beyond_ascii>
size_t plain_bytes(Block bytes) {
  static_assert(std::endian::native == std::endian::little);
  const auto stops = (bytes == '"') | (bytes == '\\') |
                     (beyond_ascii ? bytes < 0x20 : reinterpret_cast<SignedBlock>(bytes) < 0x20);
#ifdef __x86_64__
  const auto bits = static_cast<unsigned>(_mm_movemask_epi8(reinterpret_cast<__m128i>(stops)));
  return static_cast<size_t>(std::countr_zero(bits | 1u << kBlock));
#else
  Halves halves;
  std::memcpy(&halves, &stops, kBlock);
  if (halves[0] != 0) return static_cast<size_t>(std::countr_zero(halves[0])) / 8;
  return halves[1] != 0 ? 8 + static_cast<size_t>(std::countr_zero(halves[1])) / 8 : kBlock;
#endif
}

// Copies `text` up to the first byte that cannot stand in a JSON string as it is. Gives the length of that;
// `out` has room for a block more.
template <bool beyond_ascii>
size_t copy_plain(std::string_view text, char* out) {
  size_t at = 0;
  for (; text.size() - at >= kBlock; at += kBlock) {
    const Block block = load_block(text.data() + at);
    std::memcpy(out + at, &block, kBlock);
    if (const size_t plain = plain_bytes<beyond_ascii>(block); plain != kBlock) return at + plain;
  }
  if (at == text.size()) return at;
  const Block block = load_tail(text.data() + at, text.size() - at);
  std::memcpy(out + at, &block, kBlock);
  return std::min(at + plain_bytes<beyond_ascii>(block), text.size());
}

char* put_escape(char c, char* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto u = static_cast<unsigned char>(c);
  static constexpr char kShort[] = "btn\0fr";  // of 8 to 13
  *out++ = '\\';
  if (c == '"' || c == '\\') {
    *out++ = c;
  } else if (u >= 8 && u <= 13 && kShort[u - 8] != 0) {
    *out++ = kShort[u - 8];
  } else {
    std::memcpy(out, "u00", 3);
    out[3] = kHex[u >> 4];
    out[4] = kHex[u & 15];
    out += 5;
  }
  return out;
}

#ifdef __x86_64__
const bool kWide = __builtin_cpu_supports("avx2");

// As load_tail() for blocks of 32 bytes.
__attribute__((target("avx2"), no_sanitize("address", "thread"))) __m256i load_wide_tail(const char* from,
                                                                                         size_t size) {
  if (reinterpret_cast<uintptr_t>(from) % kPage <= kPage - sizeof(__m256i))
    return *reinterpret_cast<const __m256i_u*>(from);
  char tail[sizeof(__m256i)] = {};
  std::memcpy(tail, from, size);
  return *reinterpret_cast<const __m256i_u*>(tail);
}

// Copies and escapes the beginning of `text` as escape() does, 32 bytes at once, and takes it from `text`:
// what is left is empty or begins with what is not ASCII.
__attribute__((target("avx2"))) char* escape_wide(std::string_view& text, char* out) {
  constexpr size_t kWideBlock = sizeof(__m256i);
  const __m256i quote = _mm256_set1_epi8('"'), backslash = _mm256_set1_epi8('\\'),
                space = _mm256_set1_epi8(' ');
  const char* at = text.data();
  size_t left = text.size();
  while (left != 0) {
    const __m256i bytes =
        left >= kWideBlock ? *reinterpret_cast<const __m256i_u*>(at) : load_wide_tail(at, left);
    *reinterpret_cast<__m256i_u*>(out) = bytes;
    const __m256i marks =
        _mm256_or_si256(_mm256_cmpeq_epi8(bytes, quote), _mm256_cmpeq_epi8(bytes, backslash));
    const __m256i stops =
        _mm256_or_si256(marks, _mm256_cmpgt_epi8(space, bytes));  // signed: beyond ASCII too
    const auto bits = static_cast<unsigned>(_mm256_movemask_epi8(stops));
    const size_t plain = bits ? static_cast<size_t>(std::countr_zero(bits)) : kWideBlock;
    if (plain >= left) {
      out += left;
      left = 0;
      break;
    }
    at += plain;
    out += plain;
    left -= plain;
    if (!bits) continue;
    if (static_cast<unsigned char>(*at) >= 0x80) break;
    out = put_escape(*at++, out);
    --left;
  }
  text.remove_prefix(text.size() - left);
  return out;
}
#endif

// As escape(), sixteen bytes at once.
__attribute__((noinline)) char* escape_blocks(std::string_view text, char* out) {
  bool ascii = true;
  for (;;) {
    const size_t plain = ascii ? copy_plain<false>(text, out) : copy_plain<true>(text, out);
    out += plain;
    if (plain == text.size()) return out;
    text.remove_prefix(plain);
    if (static_cast<unsigned char>(text[0]) < 0x80) {
      out = put_escape(text[0], out);
      text.remove_prefix(1);
    } else {
      if (!utf8_valid(text)) return nullptr;
      ascii = false;
    }
  }
}

// Copies `text` and escapes it. Null when its UTF-8 is broken; it is looked at once something is not ASCII.
// `out` has room for every byte to be escaped, and two blocks.
char* escape(std::string_view text, char* out) {
#ifdef __x86_64__
  if (kWide) out = escape_wide(text, out);
  if (kWide && text.empty()) return out;
#endif
  return escape_blocks(text, out);
}

// Writes to a Buffer, whose size is brought up to date when it needs more room and at the end. Each function
// gets the place to write at and gives the place behind what it wrote; it leaves room for a scalar there.
class Writer {
 public:
  explicit Writer(Buffer& out) : out_(out) {}

  void write(const Value& value) { finish(this->value(value, begin())); }
  void write(std::string_view text, bool plain) { finish(string(text, plain, begin())); }

 private:
  char* begin() { return take(kScalar); }
  void finish(const char* at) { out_.grow(static_cast<size_t>(at - out_.data()) - out_.size()); }
  // Room for `n` bytes and a scalar.
  char* room(char* at, size_t n) {
    return static_cast<size_t>(limit_ - at) >= n + kScalar ? at : grow(at, n + kScalar);
  }
  char* grow(const char* at, size_t n) {
    finish(at);
    return take(n);
  }
  char* take(size_t n) {
    char* at = out_.reserve(std::max(n, kAtLeast));
    limit_ = out_.data() + out_.capacity();
    return at;
  }
  char* raw(std::string_view text, char* at);
  char* key(Key key, char* at);
  char* string(std::string_view text, bool plain, char* at);
  char* long_string(std::string_view text, bool plain, char* at);
  char* scalar(const Value& value, char* at);
  char* array(const Array& list, char* at);
  char* object(const Object& object, char* at);
  char* value(const Value& value, char* at);

  Buffer& out_;
  const char* limit_ = nullptr;
};

char* Writer::raw(std::string_view text, char* at) {
  at = room(at, text.size());
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

// Most texts are short and need no escape: those are one block. An empty one has none, and may point
// anywhere.
char* Writer::string(std::string_view text, bool plain, char* at) {
  if (text.empty() || text.size() > kBlock) return long_string(text, plain, at);
  at = room(at, kBlock + 2);
  const Block block = text.size() == kBlock ? load_block(text.data()) : load_tail(text.data(), text.size());
  if (plain_bytes<false>(block) < text.size() && !plain) return long_string(text, plain, at);
  std::memcpy(at + 1, &block, kBlock);
  *at = '"';
  at[text.size() + 1] = '"';
  return at + text.size() + 2;
}

char* Writer::long_string(std::string_view text, bool plain, char* at) {
  if (plain || (text.size() > kLong && json_plain(text))) {
    at = room(at, text.size() + 2);
    if (!text.empty()) std::memcpy(at + 1, text.data(), text.size());
    *at = '"';
    at += text.size() + 1;
  } else {
    at = room(at, text.size() * kEscaped + 2 + 2 * kBlock);
    *at = '"';
    char* const end = escape(text, at + 1);
    if (!end) return string(utf8_scrub(text), false, at);
    at = end;
  }
  *at = '"';
  return at + 1;
}

char* Writer::key(Key key, char* at) {
  if (!key.json_plain()) {
    at = string(key.text(), false, at);
    *at = ':';
    return room(at + 1, 0);
  }
  const std::string_view quoted = key.quoted();
  at = room(at, quoted.size() + Key::kQuotedStep);
  for (size_t i = 0; i < quoted.size(); i += Key::kQuotedStep)
    std::memcpy(at + i, quoted.data() + i, Key::kQuotedStep);
  return at + quoted.size();
}

// What needs no more room than a scalar has.
char* Writer::scalar(const Value& value, char* at) {
  const auto word = [&at](std::string_view text) { return at + text.copy(at, text.size()); };
  switch (value.kind()) {
    case Value::Kind::boolean:
      return word(value.as_bool() ? "true" : "false");
    case Value::Kind::integer:
      return std::to_chars(at, at + match::kDoubleTextSize, value.as_integer()).ptr;
    case Value::Kind::real:
      // JSON has no NaN and no infinity.
      return std::isfinite(value.as_real()) ? at + match::java_double_text(value.as_real(), at)
                                            : word("null");
    case Value::Kind::timestamp:
      *at++ = '"';
      at += match::format_iso8601(value.as_nanos(), at);
      *at = '"';
      return at + 1;
    default:
      return word("null");
  }
}

char* Writer::array(const Array& list, char* at) {
  *at++ = '[';
  for (uint32_t i = 0; i < list.size; ++i) {
    if (i != 0) *at++ = ',';
    at = value(list.items[i], room(at, 0));
  }
  at = room(at, 1);
  *at = ']';
  return at + 1;
}

char* Writer::object(const Object& object, char* at) {
  *at++ = '{';
  for (uint32_t i = 0; i < object.size; ++i) {
    if (i != 0) *at++ = ',';
    const Member& member = object.members[i];
    at = key(member.key, at);
    at = member.value.is_string() ? string(member.value.as_text(), member.value.plain(), at)
                                  : value(member.value, at);
  }
  at = room(at, 1);
  *at = '}';
  return at + 1;
}

char* Writer::value(const Value& value, char* at) {
  switch (value.kind()) {
    case Value::Kind::string:
      return string(value.as_text(), value.plain(), at);
    case Value::Kind::decimal:
      return raw(value.as_text(), at);
    case Value::Kind::array:
      return array(*value.as_array(), at);
    case Value::Kind::object:
      return object(*value.as_object(), at);
    default:
      return room(scalar(value, at), 0);
  }
}

}  // namespace

void write_json_string(std::string_view text, bool plain, Buffer& out) { Writer(out).write(text, plain); }

void write_json(const Value& value, Buffer& out) { Writer(out).write(value); }

void write_json(const Event& event, Buffer& out) { write_json(Value::object(&event.fields()), out); }

}  // namespace sluice
