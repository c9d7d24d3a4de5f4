// Joda-Time's DateTimeFormat patterns ("dd/MMM/yyyy:HH:mm:ss Z"), compiled once to a flat list of steps that
// read and write without allocation. Letters: G C Y x w e E y D M d a K h H k m s S z Z and quotes. What they
// mean: https://www.joda.org/joda-time/apidocs/org/joda/time/format/DateTimeFormat.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "match/locale_names.hpp"
#include "match/timezone.hpp"

namespace sluice::match {

/// What reading a text needs beside the pattern. Null zone or locale: UTC, English.
struct ParseContext {
  const TimeZone* zone = nullptr;
  const LocaleNames* locale = nullptr;
  int64_t now = 0;                     // nanoseconds since the epoch: the year of texts without a year
  const TimeZone* now_zone = nullptr;  // the zone in which `now` has a year and a month; null: `zone`
};

/// What one step of a pattern reads or writes.
enum class JodaField : uint8_t {
  literal,
  era,
  century,
  year_of_era,
  weekyear,
  year,
  month,
  week,
  day_of_year,
  day_of_month,
  day_of_week,
  halfday,
  hour_of_day,
  clockhour_of_day,
  hour_of_halfday,
  clockhour_of_halfday,
  minute,
  second,
  fraction,
  zone_name,
  zone_offset,
  zone_id
};

/// A compiled pattern. Immutable; may be used by all threads at once.
class JodaPattern {
 public:
  /// Refuses an empty pattern and unknown letters; a quote that is not closed ends with the pattern.
  static Result<JodaPattern> compile(std::string_view pattern);

  /// Reads the whole of `text` into nanoseconds since the epoch (in whole milliseconds). False: the text does
  /// not fit, a value is out of range, the local time does not exist in the zone, or the time is outside of
  /// what fits 64 bits.
  bool parse(std::string_view text, const ParseContext& context, int64_t& nanos) const;

  /// Appends `nanos` as seen in `zone`.
  void format(int64_t nanos, const TimeZone& zone, const LocaleNames& locale, std::string& out) const;

  /// False for patterns that only write (four or more z).
  [[nodiscard]] bool can_parse() const { return can_parse_; }
  /// True when the pattern has words of a language (MMM, E, a, G).
  [[nodiscard]] bool has_words() const { return has_words_; }
  /// True when the pattern has no year (y or Y) and parse() guesses it.
  [[nodiscard]] bool yearless() const { return !has_year_; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  friend struct JodaReader;
  struct Step {
    JodaField field;
    bool text;                          // words instead of digits, in full
    bool short_text;                    // words instead of digits, abbreviated
    bool two_digits;                    // a two-digit year with a pivot
    bool lenient;                       // a two-digit year that may have more digits
    bool colon;                         // zone offset written with a colon
    uint8_t min_digits;                 // written
    uint8_t max_digits;                 // read
    uint32_t literal_at, literal_size;  // in literals_
  };

  static bool tokenize(std::string_view pattern, size_t& at, std::string& token);
  Status add_token(std::string_view pattern, size_t next, const std::string& token);
  bool parse_plain(std::string_view text, const ParseContext& context, int64_t& nanos) const;
  bool parse_any(std::string_view text, const ParseContext& context, int64_t& nanos) const;

  std::string text_;
  std::string literals_;
  std::vector<Step> steps_;
  int pivot_ = 2000;
  bool can_parse_ = true;
  bool has_words_ = false;
  bool has_year_ = false;  // as Logstash decides it: the letter anywhere in the pattern
  bool has_offset_ = false;
  bool plain_ = false;  // no field twice, only the usual ones: the fast way applies
};

}  // namespace sluice::match
