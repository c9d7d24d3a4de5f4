#include "plugins/codecs/charset.hpp"

#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>

#include "base/log.hpp"
#include "base/nearest.hpp"
#include "base/utf8.hpp"
#include "event/json_read.hpp"
#include "plugins/codecs/charset_names.hpp"
#include "plugins/codecs/ruby_text.hpp"
#include "plugins/codecs/single_byte.hpp"

namespace sluice::plugins {
namespace {

// Characters that Ruby's tables give other code points than ICU's, which are those of Microsoft and IBM.
struct Repair {
  char16_t icu;
  char16_t ruby;
};
constexpr Repair kJisSymbols[] = {{0xFF5E, 0x301C}, {0x2225, 0x2016}, {0xFF0D, 0x2212},
                                  {0xFFE0, 0x00A2}, {0xFFE1, 0x00A3}, {0xFFE2, 0x00AC}};

char32_t repaired(char32_t c) {
  for (const auto& repair : kJisSymbols)
    if (c == repair.icu) return repair.ruby;
  return c;
}

// Every byte sequence without a character becomes U+FFFD; ICU's own callback would write SUB for some sets.
void U_CALLCONV replace_unknown(const void*, UConverterToUnicodeArgs* args, const char*, int32_t,
                                UConverterCallbackReason reason, UErrorCode* error) {
  if (reason > UCNV_IRREGULAR) return;
  static const UChar replacement = 0xFFFD;
  *error = U_ZERO_ERROR;
  ucnv_cbToUWriteUChars(args, &replacement, 1, 0, error);
}

UConverter* open_converter(const std::string& name) {
  UErrorCode error = U_ZERO_ERROR;
  UConverter* converter = ucnv_open(name.c_str(), &error);
  if (U_FAILURE(error)) return nullptr;
  ucnv_setToUCallBack(converter, replace_unknown, nullptr, nullptr, nullptr, &error);
  return converter;
}

size_t unit_of(std::string_view icu) {
  return icu.starts_with("UTF-16") ? 2 : icu.starts_with("UTF-32") ? 4 : 1;
}

const char16_t* single_byte_set(std::string_view name) {
  for (const auto sets : {kIsoAndWindowsSets, kDosAndMacSets})
    for (const auto& set : sets)
      if (set.name == name) return set.upper;
  return nullptr;
}

void report_unknown(plugin::Setup& setup, std::string_view option, const std::string& wanted) {
  std::vector<std::string_view> names;
  for (const auto& name : kCharsetNames) names.push_back(name.ruby);
  const auto near = nearest(wanted, names);
  setup.error(
      option, "E0306", "There is no character set named \"" + wanted + "\"",
      near ? "Did you mean \"" + *near + "\"?"
           : "Use a name as Ruby has it, such as \"UTF-8\", \"ISO-8859-1\", \"CP1252\" or \"UTF-16LE\".");
}

}  // namespace

std::optional<Charset> Charset::from(plugin::Setup& setup, std::string_view option) {
  const std::string wanted = setup.options.string(option);
  const auto name = std::find_if(kCharsetNames.begin(), kCharsetNames.end(),
                                 [&](const CharsetName& n) { return n.ruby == wanted; });
  if (name == kCharsetNames.end()) {
    report_unknown(setup, option, wanted);
    return std::nullopt;
  }
  Charset charset;
  charset.name_ = name->ruby;
  if (name->converter == "utf8") return charset;
  const auto converter = name->converter.empty() ? name->ruby : name->converter;
  charset.upper_ = single_byte_set(converter);
  charset.kind_ = charset.upper_ ? Kind::single_byte : converter == "ascii" ? Kind::ascii : Kind::converter;
  if (charset.kind_ != Kind::converter) return charset;
  charset.icu_ = converter;
  charset.unit_ = unit_of(charset.icu_);
  charset.jis_ = wanted == "Shift_JIS" || wanted == "EUC-JP" || wanted == "eucJP";
  UConverter* probe = open_converter(charset.icu_);
  if (!probe) {
    setup.error(option, "E0306", "The character set \"" + wanted + "\" cannot be converted",
                "There is no table for it; convert the text to UTF-8 before it is sent.");
    return std::nullopt;
  }
  ucnv_close(probe);
  return charset;
}

std::string Charset::encode(std::string_view text) const {
  if (kind_ == Kind::single_byte) return encode_single_byte(text);
  if (kind_ != Kind::converter) return std::string(text);
  // UTF-16 and UTF-32 without a mark are big-endian; ICU would write a mark before the delimiter.
  const std::string icu = icu_ == "UTF-16" ? "UTF-16BE" : icu_ == "UTF-32" ? "UTF-32BE" : icu_;
  UErrorCode error = U_ZERO_ERROR;
  UConverter* converter = ucnv_open(icu.c_str(), &error);
  if (U_FAILURE(error)) return std::string(text);
  const auto wide = icu::UnicodeString::fromUTF8({text.data(), static_cast<int32_t>(text.size())});
  std::string out(static_cast<size_t>(wide.length()) * 8 + 16, '\0');
  const int32_t n = ucnv_fromUChars(converter, out.data(), static_cast<int32_t>(out.size()), wide.getBuffer(),
                                    wide.length(), &error);
  ucnv_close(converter);
  out.resize(U_SUCCESS(error) ? static_cast<size_t>(n) : 0);
  return out;
}

std::string Charset::encode_single_byte(std::string_view text) const {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = utf8_next(text, at);
    const auto* const end = upper_ + 128;
    const auto* const found = c < 0x80 ? end : std::find(upper_, end, static_cast<char16_t>(c));
    out += static_cast<char>(c < 0x80       ? c
                             : found == end ? '?'
                                            : static_cast<char32_t>(0x80 + (found - upper_)));
  }
  return out;
}

TextDecoder::TextDecoder(const Charset& charset) : charset_(charset) {
  if (charset.kind() == Charset::Kind::converter) converter_ = open_converter(charset.icu_);
}

TextDecoder::~TextDecoder() {
  if (converter_) ucnv_close(converter_);
}

Value TextDecoder::escaped(std::string_view bytes, Arena& arena) {
  thread_local std::string scratch;
  scratch.clear();
  append_ruby_escaped(bytes, scratch);
  if (!seen_invalid_)
    log::warn("logstash.codecs",
              "Received an event that has a different character encoding than you configured. Its bytes are "
              "shown as "
              "\\xHH; more of this stream are not logged.",
              {{"text", std::string_view(scratch).substr(0, 200)}, {"expected_charset", charset_.name()}});
  seen_invalid_ = true;
  return Value::string(arena.copy(scratch));
}

Value TextDecoder::text(std::string_view bytes, Arena& arena) {
  if (charset_.is_utf8()) {
    if (json_plain(bytes)) return Value::string(bytes, true);
    if (utf8_valid(bytes)) return Value::string(bytes);
    return escaped(bytes, arena);
  }
  if (charset_.kind() != Charset::Kind::converter && is_ascii(bytes)) return Value::string(bytes);
  return Value::string(convert(bytes, arena));
}

std::string_view TextDecoder::padded(std::string_view bytes, Arena& arena) {
  return charset_.is_utf8() ? bytes : convert(bytes, arena);
}

std::string_view TextDecoder::convert(std::string_view bytes, Arena& arena) {
  thread_local std::string out;
  out.clear();
  if (charset_.kind() == Charset::Kind::converter && converter_)
    convert_by_icu(bytes, out);
  else
    convert_single_bytes(bytes, out);
  char* const copy = static_cast<char*>(arena.allocate(out.size() + JsonReader::kPadding, 1));
  std::memcpy(copy, out.data(), out.size());
  std::memset(copy + out.size(), 0, JsonReader::kPadding);
  return {copy, out.size()};
}

void TextDecoder::convert_single_bytes(std::string_view bytes, std::string& out) const {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80)
      out += c;
    else
      utf8_append(out, charset_.upper_ ? charset_.upper_[byte - 0x80] : 0xFFFD);
  }
}

// Bytes to UTF-16 in slices, and each slice to UTF-8.
void TextDecoder::convert_by_icu(std::string_view bytes, std::string& out) {
  ucnv_resetToUnicode(converter_);
  std::array<UChar, 1024> wide;
  const char* from = bytes.data();
  const char* const end = from + bytes.size();
  UErrorCode error;
  char32_t lead = 0;  // the first half of a pair, whose second one may come with the next slice
  do {
    UChar* to = wide.data();
    error = U_ZERO_ERROR;
    ucnv_toUnicode(converter_, &to, wide.data() + wide.size(), &from, end, nullptr, true, &error);
    for (const UChar* p = wide.data(); p < to; ++p) {
      if (*p >= 0xD800 && *p < 0xDC00) {
        lead = *p;
        continue;
      }
      const bool pair = lead != 0 && *p >= 0xDC00 && *p < 0xE000;
      const char32_t c = pair ? 0x10000 + ((lead - 0xD800) << 10) + (*p - 0xDC00u) : char32_t{*p};
      utf8_append(out, charset_.jis_ ? repaired(c) : c);
      lead = 0;
    }
  } while (error == U_BUFFER_OVERFLOW_ERROR);
}

}  // namespace sluice::plugins
