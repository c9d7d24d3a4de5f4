// JSON text to values, through simdjson's On-Demand parser. Strings without escapes stay views of the text.
#pragma once

#include <memory>
#include <string_view>

#include "event/value.hpp"

namespace sluice {

/// Parses one JSON document at a time. One per worker: it keeps the parser's memory. Not thread-safe.
class JsonReader {
 public:
  JsonReader();
  ~JsonReader();
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  /// How many bytes behind the text must be readable (not part of the document).
  static constexpr size_t kPadding = 64;

  /// Parses `text`, behind which kPadding bytes can be read, and which must live as long as `arena`'s
  /// contents: strings point into it. Duplicate keys: the last wins. Whole numbers that do not
  /// fit int64, and numbers beyond a double, stay decimals. False when the text is not one JSON value.
  bool read_padded(std::string_view text, Arena& arena, Value& out);
  /// The same for any text: copies it to the arena first.
  bool read(std::string_view text, Arena& arena, Value& out);
  /// Why the last read failed, for a log line.
  [[nodiscard]] std::string_view error() const;

  /// This thread's reader.
  static JsonReader& local();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
