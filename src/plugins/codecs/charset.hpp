// The option `charset` of the text codecs: bytes of another character set become UTF-8.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "event/value.hpp"
#include "plugin/setup.hpp"

struct UConverter;

namespace sluice::plugins {

/// One character set, by Ruby's name for it. Immutable, shared by streams.
class Charset {
 public:
  enum class Kind : uint8_t { utf8, ascii, single_byte, converter };

  /// The set that `option` names; nullopt after an error (E0306, with the nearest name) was reported.
  static std::optional<Charset> from(plugin::Setup& setup, std::string_view option = "charset");
  static Charset utf8() { return {}; }

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_utf8() const { return kind_ == Kind::utf8; }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// Bytes of the smallest unit: 2 for UTF-16, 4 for UTF-32, else 1. Delimiters stand at multiples of it
  /// only.
  [[nodiscard]] size_t unit() const { return unit_; }
  /// UTF-8 text in this set (delimiters, from the config).
  [[nodiscard]] std::string encode(std::string_view text) const;

 private:
  friend class TextDecoder;
  [[nodiscard]] std::string encode_single_byte(std::string_view text) const;
  std::string name_ = "UTF-8";
  std::string icu_;
  Kind kind_ = Kind::utf8;
  size_t unit_ = 1;
  bool jis_ = false;                 // symbols are those of JIS X 0208, not those of Windows
  const char16_t* upper_ = nullptr;  // of a single-byte set: the characters from 0x80 on
};

/// Turns bytes into text for one stream. Used by one thread at a time.
class TextDecoder {
 public:
  explicit TextDecoder(const Charset& charset);
  ~TextDecoder();
  TextDecoder(const TextDecoder&) = delete;
  TextDecoder& operator=(const TextDecoder&) = delete;

  /// A string for the event: a view of `bytes` when they are valid UTF-8, else a copy in `arena`. Bytes that
  /// are no UTF-8 are shown as `\xHH` and the text around them escaped, as Logstash does; of other sets they
  /// become U+FFFD.
  Value text(std::string_view bytes, Arena& arena);
  /// The same as UTF-8 bytes behind which JsonReader::kPadding bytes can be read, when `bytes` has them.
  /// Invalid UTF-8 stays as it is (the JSON reader refuses it).
  std::string_view padded(std::string_view bytes, Arena& arena);
  /// True once bytes were met that are not of the set.
  [[nodiscard]] bool seen_invalid() const { return seen_invalid_; }

 private:
  std::string_view convert(std::string_view bytes, Arena& arena);
  void convert_single_bytes(std::string_view bytes, std::string& out) const;
  void convert_by_icu(std::string_view bytes, std::string& out);
  Value escaped(std::string_view bytes, Arena& arena);

  const Charset charset_;
  UConverter* converter_ = nullptr;
  bool seen_invalid_ = false;
};

}  // namespace sluice::plugins
