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
#include "plugins/codecs/ruby_text.hpp"

namespace sluice::plugins {
namespace {

// Ruby's names of encodings, and ICU's where it has another one. "-": known to Ruby, without a converter
// here.
struct Name {
  std::string_view ruby;
  std::string_view icu = {};
};
constexpr Name kNames[] = {
    {"UTF-8", "utf8"},
    {"CP65001", "utf8"},
    {"locale", "utf8"},
    {"external", "utf8"},
    {"filesystem", "utf8"},
    {"internal", "utf8"},
    {"UTF8-MAC", "utf8"},
    {"UTF-8-MAC", "utf8"},
    {"UTF-8-HFS", "utf8"},
    {"ASCII-8BIT", "ascii"},
    {"BINARY", "ascii"},
    {"US-ASCII", "ascii"},
    {"ASCII", "ascii"},
    {"ANSI_X3.4-1968", "ascii"},
    {"646", "ascii"},
    {"UTF-16"},
    {"UTF-16BE"},
    {"UCS-2BE", "UTF-16BE"},
    {"UTF-16LE"},
    {"UTF-32"},
    {"UTF-32BE"},
    {"UCS-4BE", "UTF-32BE"},
    {"UTF-32LE"},
    {"UCS-4LE", "UTF-32LE"},
    {"UTF-7"},
    {"CP65000", "UTF-7"},
    {"CESU-8"},
    {"ISO-8859-1"},
    {"ISO8859-1", "ISO-8859-1"},
    {"ISO-8859-2"},
    {"ISO8859-2", "ISO-8859-2"},
    {"ISO-8859-3"},
    {"ISO8859-3", "ISO-8859-3"},
    {"ISO-8859-4"},
    {"ISO8859-4", "ISO-8859-4"},
    {"ISO-8859-5"},
    {"ISO8859-5", "ISO-8859-5"},
    {"ISO-8859-6"},
    {"ISO8859-6", "ISO-8859-6"},
    {"ISO-8859-7"},
    {"ISO8859-7", "ISO-8859-7"},
    {"ISO-8859-8"},
    {"ISO8859-8", "ISO-8859-8"},
    {"ISO-8859-9"},
    {"ISO8859-9", "ISO-8859-9"},
    {"ISO-8859-10"},
    {"ISO8859-10", "ISO-8859-10"},
    {"ISO-8859-11", "iso-8859-11"},
    {"ISO8859-11", "iso-8859-11"},
    {"ISO-8859-13"},
    {"ISO8859-13", "ISO-8859-13"},
    {"ISO-8859-14"},
    {"ISO8859-14", "ISO-8859-14"},
    {"ISO-8859-15"},
    {"ISO8859-15", "ISO-8859-15"},
    {"ISO-8859-16", "-"},
    {"ISO8859-16", "-"},
    {"Windows-1250"},
    {"CP1250", "windows-1250"},
    {"Windows-1251"},
    {"CP1251", "windows-1251"},
    {"Windows-1252"},
    {"CP1252", "windows-1252"},
    {"Windows-1253"},
    {"CP1253", "windows-1253"},
    {"Windows-1254"},
    {"CP1254", "windows-1254"},
    {"Windows-1255"},
    {"CP1255", "windows-1255"},
    {"Windows-1256"},
    {"CP1256", "windows-1256"},
    {"Windows-1257"},
    {"CP1257", "windows-1257"},
    {"Windows-1258"},
    {"CP1258", "windows-1258"},
    {"Windows-874"},
    {"CP874", "windows-874"},
    {"TIS-620"},
    {"IBM437"},
    {"CP437", "IBM437"},
    {"IBM720", "ibm-720"},
    {"CP720", "ibm-720"},
    {"IBM737", "ibm-737"},
    {"CP737", "ibm-737"},
    {"IBM775"},
    {"CP775", "IBM775"},
    {"IBM850"},
    {"CP850", "IBM850"},
    {"IBM852"},
    {"CP852", "IBM852"},
    {"IBM855"},
    {"CP855", "IBM855"},
    {"IBM857"},
    {"CP857", "IBM857"},
    {"IBM860"},
    {"CP860", "IBM860"},
    {"IBM861"},
    {"CP861", "IBM861"},
    {"IBM862"},
    {"CP862", "IBM862"},
    {"IBM863"},
    {"CP863", "IBM863"},
    {"IBM864"},
    {"CP864", "IBM864"},
    {"IBM865"},
    {"CP865", "IBM865"},
    {"IBM866"},
    {"CP866", "IBM866"},
    {"IBM869"},
    {"CP869", "IBM869"},
    {"IBM037"},
    {"ebcdic-cp-us", "IBM037"},
    {"KOI8-R"},
    {"CP878", "KOI8-R"},
    {"KOI8-U"},
    {"Big5"},
    {"CP950", "windows-950"},
    {"Big5-HKSCS"},
    {"CP951", "Big5-HKSCS"},
    {"Big5-HKSCS:2008", "Big5-HKSCS"},
    {"Big5-UAO", "-"},
    {"GB2312"},
    {"EUC-CN", "GB2312"},
    {"eucCN", "GB2312"},
    {"GB12345", "-"},
    {"GBK"},
    {"CP936", "GBK"},
    {"GB18030"},
    {"EUC-TW"},
    {"eucTW", "EUC-TW"},
    {"EUC-KR"},
    {"eucKR", "EUC-KR"},
    {"CP949", "windows-949"},
    {"EUC-JP"},
    {"eucJP", "EUC-JP"},
    {"eucJP-ms", "EUC-JP"},
    {"euc-jp-ms", "EUC-JP"},
    {"CP51932", "EUC-JP"},
    {"EUC-JIS-2004", "-"},
    {"EUC-JISX0213", "-"},
    {"Shift_JIS"},
    {"Windows-31J"},
    {"CP932", "Windows-31J"},
    {"csWindows31J", "Windows-31J"},
    {"SJIS", "Windows-31J"},
    {"PCK", "Windows-31J"},
    {"ISO-2022-JP"},
    {"ISO2022-JP", "ISO-2022-JP"},
    {"ISO-2022-JP-2"},
    {"ISO2022-JP2", "ISO-2022-JP-2"},
    {"CP50220", "ISO-2022-JP"},
    {"CP50221", "ISO-2022-JP"},
    {"macCroatian", "x-mac-croatian"},
    {"macCyrillic", "x-mac-cyrillic"},
    {"macGreek", "x-mac-greek"},
    {"macIceland", "x-mac-iceland"},
    {"macRoman", "macintosh"},
    {"macRomania", "x-mac-romania"},
    {"macThai", "x-mac-thai"},
    {"macTurkish", "x-mac-turkish"},
    {"macUkraine", "x-mac-ukraine"},
    {"macCentEuro", "x-mac-centraleurroman"},
    {"macJapanese", "-"},
    {"MacJapan", "-"},
    {"Emacs-Mule", "-"},
    {"stateless-ISO-2022-JP", "-"},
    {"UTF8-DoCoMo", "-"},
    {"UTF8-KDDI", "-"},
    {"UTF8-SoftBank", "-"},
    {"SJIS-DoCoMo", "-"},
    {"SJIS-KDDI", "-"},
    {"SJIS-SoftBank", "-"},
    {"ISO-2022-JP-KDDI", "-"},
};

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

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

bool windows_set(std::string_view ruby) {
  return ruby.starts_with("Windows-125") || ruby.starts_with("CP125");
}

}  // namespace

std::optional<Charset> Charset::from(plugin::Setup& setup, std::string_view option) {
  const std::string wanted = setup.options.string(option);
  const auto* name =
      std::find_if(std::begin(kNames), std::end(kNames), [&](const Name& n) { return n.ruby == wanted; });
  if (name == std::end(kNames)) {
    std::vector<std::string_view> names;
    for (const auto& n : kNames) names.push_back(n.ruby);
    const auto near = nearest(wanted, names);
    setup.error(
        option, "E0306", "There is no character set named \"" + wanted + "\"",
        near ? "Did you mean \"" + *near + "\"?"
             : "Use a name as Ruby has it, such as \"UTF-8\", \"ISO-8859-1\", \"CP1252\" or \"UTF-16LE\".");
    return std::nullopt;
  }
  Charset charset;
  charset.name_ = name->ruby;
  if (name->icu == "utf8") return charset;
  charset.kind_ = name->icu == "ascii" ? Kind::ascii : Kind::converter;
  if (charset.kind_ == Kind::ascii) return charset;
  charset.icu_ = name->icu.empty() ? name->ruby : name->icu;
  charset.unit_ = unit_of(charset.icu_);
  charset.c1_undefined_ = windows_set(name->ruby);
  UConverter* probe = open_converter(charset.icu_);
  if (!probe) {
    setup.error(option, "E0306", "The character set \"" + wanted + "\" cannot be converted",
                "Convert the text to UTF-8 before it is sent.");
    return std::nullopt;
  }
  ucnv_close(probe);
  return charset;
}

std::string Charset::encode(std::string_view text) const {
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
  return Value::string(convert(bytes, arena));
}

std::string_view TextDecoder::padded(std::string_view bytes, Arena& arena) {
  return charset_.is_utf8() ? bytes : convert(bytes, arena);
}

std::string_view TextDecoder::convert(std::string_view bytes, Arena& arena) {
  constexpr size_t kPadding = JsonReader::kPadding;
  if (charset_.kind() == Charset::Kind::ascii || !converter_) {
    char* const out = static_cast<char*>(arena.allocate(bytes.size() * 3 + kPadding, 1));
    char* p = out;
    for (const char c : bytes) {
      if (static_cast<unsigned char>(c) < 0x80)
        *p++ = c;
      else
        p = std::copy(kReplacement.begin(), kReplacement.end(), p);
    }
    std::memset(p, 0, kPadding);
    arena.shrink_last(p + kPadding);
    return {out, static_cast<size_t>(p - out)};
  }
  // Bytes to UTF-16 in slices, and each slice to UTF-8: at most 3 bytes for a unit.
  ucnv_resetToUnicode(converter_);
  thread_local std::string out;
  out.clear();
  std::array<UChar, 1024> wide;
  const char* from = bytes.data();
  const char* const end = from + bytes.size();
  UErrorCode error;
  do {
    UChar* to = wide.data();
    error = U_ZERO_ERROR;
    ucnv_toUnicode(converter_, &to, wide.data() + wide.size(), &from, end, nullptr, true, &error);
    for (const UChar* p = wide.data(); p < to; ++p) {
      char32_t c = *p;
      if (c >= 0xD800 && c < 0xDC00 && p + 1 < to) c = 0x10000 + ((c - 0xD800) << 10) + (*++p - 0xDC00u);
      if (charset_.c1_undefined_ && c >= 0x80 && c < 0xA0) c = 0xFFFD;
      utf8_append(out, c);
    }
  } while (error == U_BUFFER_OVERFLOW_ERROR);
  char* const copy = static_cast<char*>(arena.allocate(out.size() + kPadding, 1));
  std::memcpy(copy, out.data(), out.size());
  std::memset(copy + out.size(), 0, kPadding);
  return {copy, out.size()};
}

}  // namespace sluice::plugins
