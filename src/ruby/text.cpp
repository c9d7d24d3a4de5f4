// String methods that count in characters, and those about encodings.
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/numeric.h>
#include <mruby/range.h>
#include <mruby/string.h>

#include <algorithm>

#include "base/utf8.hpp"
#include "match/text_case.hpp"
#include "ruby/interpreter.hpp"
#include "ruby/method.hpp"
#include "ruby/regexp_class.hpp"
#include "ruby/utf8_text.hpp"

namespace sluice::ruby {
namespace {

constexpr mrb_int kMaxText = mrb_int{1} << 30;

mrb_int length_of(std::string_view text) {
  return static_cast<mrb_int>(single_bytes(text) ? text.size() : char_count(text));
}

mrb_value length(mrb_state* mrb, mrb_value self) { return mrb_int_value(mrb, length_of(text_of(self))); }

struct ByteRange {
  size_t begin;
  size_t end;
};

// Bytes of `count` characters from character `start` (negative: from the end). False outside of the text.
bool bytes_of(std::string_view text, mrb_int start, mrb_int count, ByteRange& out) {
  if (count < 0) return false;
  const mrb_int total = length_of(text);
  if (start < 0) start += total;
  if (start < 0 || start > total) return false;
  count = std::min(count, total - start);
  if (static_cast<size_t>(total) == text.size()) {
    out = {static_cast<size_t>(start), static_cast<size_t>(start + count)};
    return true;
  }
  out.begin = byte_of_char(text, static_cast<size_t>(start));
  out.end = out.begin + byte_of_char(text.substr(out.begin), static_cast<size_t>(count));
  return true;
}

// Where `text[a]` or `text[a, b]` lies. False when there is no such part (the answer is nil).
bool locate(mrb_state* mrb, mrb_value self, mrb_value a, mrb_value b, bool has_b, ByteRange& out) {
  const auto text = text_of(self);
  if (is_regexp(mrb, a)) {
    if (!search(mrb, a, self, 0, true)) return false;
    const int group = has_b ? group_number(mrb, a, b) : 0;
    const auto& captures = Interpreter::of(mrb).captures;
    if (group < 0 || static_cast<size_t>(group) >= captures.size() || !captures.participated(group))
      return false;
    out = {static_cast<size_t>(captures.begin(group)), static_cast<size_t>(captures.end(group))};
    return true;
  }
  if (mrb_string_p(a)) {
    const size_t at = text.find(text_of(a));
    if (at == std::string_view::npos) return false;
    out = {at, at + text_of(a).size()};
    return true;
  }
  if (mrb_range_p(a)) {
    mrb_int start = 0, count = 0;
    if (mrb_range_beg_len(mrb, a, &start, &count, length_of(text), TRUE) != MRB_RANGE_OK) return false;
    return bytes_of(text, start, count, out);
  }
  const mrb_int start = mrb_as_int(mrb, a);
  if (has_b) return bytes_of(text, start, mrb_as_int(mrb, b), out);
  return bytes_of(text, start, 1, out) && out.begin != out.end;
}

mrb_value slice(mrb_state* mrb, mrb_value self) {
  mrb_value a, b;
  const mrb_int n = mrb_get_args(mrb, "o|o", &a, &b);
  ByteRange part{};
  if (!locate(mrb, self, a, b, n == 2, part)) return mrb_nil_value();
  return string_of(mrb, text_of(self).substr(part.begin, part.end - part.begin));
}

// Replaces a part of the string object itself.
void splice(mrb_state* mrb, mrb_value self, ByteRange part, std::string_view with) {
  auto& out = Interpreter::of(mrb).scratch;
  const auto text = text_of(self);
  out.assign(text.substr(0, part.begin));
  out.append(with);
  out.append(text.substr(part.end));
  mrb_str_modify(mrb, mrb_str_ptr(self));
  mrb_str_resize(mrb, self, static_cast<mrb_int>(out.size()));
  std::copy(out.begin(), out.end(), RSTRING_PTR(self));
}

mrb_value assign(mrb_state* mrb, mrb_value self) {
  mrb_value a, b, value;
  const mrb_int n = mrb_get_args(mrb, "oo|o", &a, &b, &value);
  if (n == 2) value = b;
  if (!mrb_string_p(value)) raise(mrb, "TypeError", "no implicit conversion into String");
  ByteRange part{};
  const bool at_end = n == 2 && mrb_integer_p(a) && mrb_integer(a) == length_of(text_of(self));
  if (at_end)
    part = {text_of(self).size(), text_of(self).size()};
  else if (!locate(mrb, self, a, b, n == 3, part))
    raise(mrb, "IndexError",
          mrb_string_p(a)     ? "string not matched"
          : is_regexp(mrb, a) ? "regexp not matched"
                              : "index out of string");
  splice(mrb, self, part, text_of(value));
  return value;
}

mrb_value slice_out(mrb_state* mrb, mrb_value self) {
  mrb_value a, b;
  const mrb_int n = mrb_get_args(mrb, "o|o", &a, &b);
  ByteRange part{};
  if (!locate(mrb, self, a, b, n == 2, part)) return mrb_nil_value();
  const mrb_value taken = string_of(mrb, text_of(self).substr(part.begin, part.end - part.begin));
  splice(mrb, self, part, {});
  return taken;
}

mrb_value chars(mrb_state* mrb, mrb_value self) {
  const mrb_value list = mrb_ary_new_capa(mrb, RSTRING_LEN(self));
  const int arena = mrb_gc_arena_save(mrb);
  for (size_t at = 0; at < text_of(self).size();) {
    const size_t size = char_size(text_of(self), at);
    mrb_ary_push(mrb, list, string_of(mrb, text_of(self).substr(at, size)));
    mrb_gc_arena_restore(mrb, arena);
    at += size;
  }
  return list;
}

mrb_value codepoints(mrb_state* mrb, mrb_value self) {
  const mrb_value list = mrb_ary_new_capa(mrb, RSTRING_LEN(self));
  for (size_t at = 0; at < text_of(self).size();)
    mrb_ary_push(mrb, list, mrb_int_value(mrb, next_char(text_of(self), at)));
  return list;
}

mrb_value reverse(mrb_state* mrb, mrb_value self) {
  const auto text = text_of(self);
  auto& out = Interpreter::of(mrb).scratch;
  out.assign(text.size(), '\0');
  for (size_t at = 0; at < text.size();) {
    const size_t size = char_size(text, at);
    std::copy_n(text.data() + at, size, out.data() + text.size() - at - size);
    at += size;
  }
  return string_of(mrb, out);
}

mrb_value char_index(mrb_state* mrb, std::string_view text, size_t byte) {
  return mrb_int_value(mrb, length_of(text.substr(0, byte)));
}

mrb_value index(mrb_state* mrb, mrb_value self) {
  mrb_value what;
  mrb_int from = 0;
  mrb_get_args(mrb, "o|i", &what, &from);
  const auto text = text_of(self);
  ByteRange start{};
  if (!bytes_of(text, from, 0, start)) return mrb_nil_value();
  if (is_regexp(mrb, what)) {
    if (!search(mrb, what, self, start.begin, true)) return mrb_nil_value();
    return char_index(mrb, text, static_cast<size_t>(Interpreter::of(mrb).captures.begin(0)));
  }
  if (!mrb_string_p(what)) raise(mrb, "TypeError", "no implicit conversion into String");
  const size_t at = text.find(text_of(what), start.begin);
  return at == std::string_view::npos ? mrb_nil_value() : char_index(mrb, text, at);
}

mrb_value rindex(mrb_state* mrb, mrb_value self) {
  mrb_value what;
  mrb_int from = 0;
  const mrb_int n = mrb_get_args(mrb, "o|i", &what, &from);
  const auto text = text_of(self);
  size_t last = text.size();
  if (n == 2) {
    ByteRange start{};
    if (from < 0 && !bytes_of(text, from, 0, start)) return mrb_nil_value();
    if (from >= 0) start.begin = byte_of_char(text, static_cast<size_t>(from));
    last = start.begin;
  }
  if (is_regexp(mrb, what)) {
    // Each search finds the first place at or behind its start, so the last one that still counts is the
    // answer.
    size_t best = std::string_view::npos;
    for (size_t from_byte = 0; from_byte <= last && search(mrb, what, self, from_byte, true);) {
      const auto begin = static_cast<size_t>(Interpreter::of(mrb).captures.begin(0));
      if (begin > last) break;
      best = begin;
      from_byte = begin + 1;
    }
    return best == std::string_view::npos ? mrb_nil_value() : char_index(mrb, text, best);
  }
  if (!mrb_string_p(what)) raise(mrb, "TypeError", "no implicit conversion into String");
  const size_t at = text.rfind(text_of(what), last);
  return at == std::string_view::npos ? mrb_nil_value() : char_index(mrb, text, at);
}

mrb_value byteindex(mrb_state* mrb, mrb_value self) {
  mrb_value what;
  mrb_int from = 0;
  mrb_get_args(mrb, "S|i", &what, &from);
  if (from < 0 || from > RSTRING_LEN(self)) return mrb_nil_value();
  const size_t at = text_of(self).find(text_of(what), static_cast<size_t>(from));
  return at == std::string_view::npos ? mrb_nil_value() : mrb_int_value(mrb, static_cast<mrb_int>(at));
}

enum class Side { left, right, both };

template <Side kSide>
mrb_value justify(mrb_state* mrb, mrb_value self) {
  mrb_int width = 0;
  mrb_value pad_value;
  const mrb_int n = mrb_get_args(mrb, "i|S", &width, &pad_value);
  const std::string_view pad = n == 2 ? text_of(pad_value) : " ";
  const mrb_int missing = width - length_of(text_of(self));
  if (missing <= 0) return string_of(mrb, text_of(self));
  if (pad.empty()) raise(mrb, "ArgumentError", "zero width padding");
  if (missing > kMaxText) raise(mrb, "ArgumentError", "argument too big");
  const mrb_int before = kSide == Side::left ? 0 : kSide == Side::right ? missing : missing / 2;
  auto& out = Interpreter::of(mrb).scratch;
  out.clear();
  const auto fill = [&](mrb_int count) {
    for (size_t at = 0; count > 0; --count) {
      const size_t size = char_size(pad, at);
      out.append(pad.substr(at, size));
      at += size;
      if (at >= pad.size()) at = 0;
    }
  };
  fill(before);
  out.append(text_of(self));
  fill(missing - before);
  return string_of(mrb, out);
}

mrb_value insert(mrb_state* mrb, mrb_value self) {
  mrb_int at = 0;
  mrb_value what;
  mrb_get_args(mrb, "iS", &at, &what);
  ByteRange part{};
  if (at < 0) at += length_of(text_of(self)) + 1;
  if (at < 0 || !bytes_of(text_of(self), at, 0, part)) raise(mrb, "IndexError", "index %i out of string", at);
  splice(mrb, self, part, text_of(what));
  return self;
}

mrb_value ord(mrb_state* mrb, mrb_value self) {
  if (RSTRING_LEN(self) == 0) raise(mrb, "ArgumentError", "empty string");
  size_t at = 0;
  const char32_t c = next_char(text_of(self), at);
  return mrb_int_value(mrb, c >= 0xDC00 && c < 0xDD00 ? c - 0xDC00 : c);
}

mrb_value chop(mrb_state* mrb, mrb_value self) {
  const auto text = text_of(self);
  if (text.empty()) return mrb_str_new(mrb, "", 0);
  if (text.ends_with("\r\n")) return string_of(mrb, text.substr(0, text.size() - 2));
  size_t last = 0;
  for (size_t at = 0; at < text.size(); at += char_size(text, at)) last = at;
  return string_of(mrb, text.substr(0, last));
}

mrb_value int_chr(mrb_state* mrb, mrb_value self) {
  const mrb_int code = mrb_integer(self);
  mrb_value encoding;
  const mrb_int n = mrb_get_args(mrb, "|o", &encoding);
  if (code < 0 || code > 0x10FFFF || (n == 0 && code > 0xFF))
    raise(mrb, "RangeError", "%i out of char range", code);
  auto& out = Interpreter::of(mrb).scratch;
  out.clear();
  if (n == 0 || code < 0x80)
    out += static_cast<char>(code);
  else
    utf8_append(out, static_cast<char32_t>(code));
  return string_of(mrb, out);
}

template <void (*kMapping)(std::string_view, std::string&)>
mrb_value map_case(mrb_state* mrb, mrb_value self) {
  auto& out = Interpreter::of(mrb).scratch;
  out.clear();
  kMapping(text_of(self), out);
  return string_of(mrb, out);
}

void append_swapped(std::string_view text, std::string& out) {
  for (size_t at = 0; at < text.size();) {
    const size_t size = char_size(text, at);
    const auto one = text.substr(at, size);
    const std::string lower = match::lower(one);
    out += lower != one ? lower : match::upper(one);
    at += size;
  }
}

mrb_value valid_encoding(mrb_state*, mrb_value self) { return mrb_bool_value(utf8_valid(text_of(self))); }
mrb_value ascii_only(mrb_state*, mrb_value self) { return mrb_bool_value(single_bytes(text_of(self))); }

mrb_value scrub(mrb_state* mrb, mrb_value self) {
  mrb_value with = mrb_nil_value();
  mrb_get_args(mrb, "|o", &with);
  auto& out = Interpreter::of(mrb).scratch;
  const auto text = text_of(self);
  if (!mrb_string_p(with)) {
    out = utf8_scrub(text);
    return string_of(mrb, out);
  }
  out.clear();
  bool invalid = false;
  for (size_t at = 0; at < text.size();) {
    const size_t size = char_size(text, at);
    const bool bad = size == 1 && (static_cast<uint8_t>(text[at]) & 0x80);
    if (!bad) out.append(text.substr(at, size));
    if (bad && !invalid) out.append(text_of(with));
    invalid = bad;
    at += size;
  }
  return string_of(mrb, out);
}

// Latin-1 bytes as UTF-8, for encode('UTF-8', 'ISO-8859-1').
mrb_value from_latin1(mrb_state* mrb, mrb_value self) {
  auto& out = Interpreter::of(mrb).scratch;
  out.clear();
  for (const char c : text_of(self)) utf8_append(out, static_cast<uint8_t>(c));
  return string_of(mrb, out);
}

mrb_value inspect(mrb_state* mrb, mrb_value self) {
  const auto text = text_of(self);
  auto& out = Interpreter::of(mrb).scratch;
  out = "\"";
  char hex[8];
  for (size_t at = 0; at < text.size();) {
    const size_t size = char_size(text, at);
    const auto c = static_cast<uint8_t>(text[at]);
    constexpr std::string_view kEscaped = "\"\\\n\t\r\x1b\a\b\v\f", kLetters = "\"\\ntreabvf";
    const size_t escape = size == 1 ? kEscaped.find(text[at]) : std::string_view::npos;
    if (escape != std::string_view::npos) {
      out += '\\';
      out += kLetters[escape];
    } else if (c == '#' && at + 1 < text.size() &&
               std::string_view("{$@").find(text[at + 1]) != std::string_view::npos) {
      out += "\\#";
    } else if (size == 1 && (c < 0x20 || c == 0x7f || c >= 0x80)) {
      std::snprintf(hex, sizeof hex, c == 0 ? "\\u0000" : "\\x%02X", c);
      out += hex;
    } else {
      out += text.substr(at, size);
    }
    at += size;
  }
  out += '"';
  return string_of(mrb, out);
}

}  // namespace

void define_text(mrb_state* mrb) {
  RClass* owner = mrb->string_class;
  method<length>(mrb, owner, "length");
  method<length>(mrb, owner, "size");
  method<slice>(mrb, owner, "[]");
  method<slice>(mrb, owner, "slice");
  method<assign>(mrb, owner, "[]=");
  method<slice_out>(mrb, owner, "slice!");
  method<chars>(mrb, owner, "__chars");
  method<codepoints>(mrb, owner, "codepoints");
  method<reverse>(mrb, owner, "reverse");
  method<index>(mrb, owner, "index");
  method<rindex>(mrb, owner, "rindex");
  method<byteindex>(mrb, owner, "byteindex");
  method<justify<Side::left>>(mrb, owner, "ljust");
  method<justify<Side::right>>(mrb, owner, "rjust");
  method<justify<Side::both>>(mrb, owner, "center");
  method<insert>(mrb, owner, "insert");
  method<ord>(mrb, owner, "ord");
  method<chop>(mrb, owner, "chop");
  method<int_chr>(mrb, mrb->integer_class, "chr");
  method<map_case<match::append_upper>>(mrb, owner, "upcase");
  method<map_case<match::append_lower>>(mrb, owner, "downcase");
  method<map_case<match::append_capitalized>>(mrb, owner, "capitalize");
  method<map_case<append_swapped>>(mrb, owner, "swapcase");
  method<valid_encoding>(mrb, owner, "valid_encoding?");
  method<ascii_only>(mrb, owner, "ascii_only?");
  method<scrub>(mrb, owner, "__scrub");
  method<from_latin1>(mrb, owner, "__from_latin1");
  method<inspect>(mrb, owner, "inspect");
}

}  // namespace sluice::ruby
