// Takes personal data out of texts: what to look for, and what to write in its place.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "match/regex.hpp"
#include "plugins/digest/digest.hpp"
#include "plugins/mask/scanner.hpp"

namespace sluice::plugins::mask {

enum class Mode : uint8_t {
  redact,   // a label
  hash,     // a label with a keyed hash, the same for the same value
  partial,  // stars, but for a part that does not give the person away
};

/// What becomes of one kind.
struct Treatment {
  std::string name;
  Mode mode = Mode::redact;
  std::string label;
};

/// The settings of one filter, shared by its workers.
struct Settings {
  uint32_t kinds = 0;  // bit 1 << kind
  Countries countries = kAllCountries;
  std::vector<Treatment> treatments;   // by kind, own patterns behind the built-in kinds
  std::vector<match::Regex> patterns;  // own ones
  std::string key;                     // of the hashes
  size_t hash_length = 16;             // hex digits that are written
  int64_t timeout_millis = 0;          // for one pattern and one text
};

/// Masks texts. Each worker has its own.
class TextMasker {
 public:
  explicit TextMasker(const Settings& settings);

  enum class Outcome : uint8_t { clean, masked, failed };
  /// What `text` becomes, in result() unless it is clean. When a pattern of the config takes too long, or
  /// cannot be used on the bytes of the text, nothing of the text is shown.
  Outcome mask(std::string_view text);
  [[nodiscard]] std::string_view result() const { return result_; }
  /// What the last text held, by kind and in order.
  [[nodiscard]] const std::vector<Span>& found() const { return found_; }

 private:
  bool search_patterns(std::string_view text);
  void merge_overlaps();
  void append_masked(const Span& span, std::string_view found);

  const Settings& settings_;
  Scanner scanner_;
  std::optional<digest::Hasher> hasher_;
  match::Captures captures_;
  std::vector<Span> found_;
  std::string result_, normal_;
};

}  // namespace sluice::plugins::mask
