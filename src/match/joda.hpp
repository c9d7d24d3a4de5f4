// Joda-Time's DateTimeFormat patterns ("dd/MMM/yyyy:HH:mm:ss Z"), compiled once to a flat list of steps that
// read and write without allocation. Letters: G C Y x w e E y D M d a K h H k m s S z Z and quotes. What they
// mean: https://www.joda.org/joda-time/apidocs/org/joda/time/format/DateTimeFormat.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "match/last_time.hpp"
#include "match/locale_names.hpp"
#include "match/timezone.hpp"

namespace sluice::match {

/// What reading a text needs beside the pattern. Null zone or locale: UTC, English.
struct ParseContext {
  const TimeZone* zone = nullptr;  // of texts that name none
  const LocaleNames* locale = nullptr;
  int64_t now = 0;                     // nanoseconds since the epoch: gives texts without a year theirs
  const TimeZone* now_zone = nullptr;  // where `now` has that year; null: `zone`
};

/// What one step of a pattern reads or writes.
enum class JodaField : uint8_t {
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
  literal,
  zone_name,
  zone_offset,
  zone_id
};
inline constexpr size_t kJodaValueFields = static_cast<size_t>(JodaField::literal);

/// One step of a compiled pattern.
struct JodaStep {
  enum class Form : uint8_t { number, two_digit_year, lenient_two_digit_year, short_text, full_text };
  JodaField field = JodaField::literal;
  Form form = Form::number;
  bool colon = false;      // a zone offset is written with a colon
  uint8_t min_digits = 0;  // to write
  uint8_t max_digits = 0;  // to read
  uint32_t literal_at = 0, literal_size = 0;
};

/// A compiled pattern. Immutable; may be used by all threads at once.
class JodaPattern {
 public:
  /// Refuses an empty pattern and unknown letters; a quote that is not closed ends with the pattern.
  static Result<JodaPattern> compile(std::string_view pattern);

  /// Reads the whole of `text` into nanoseconds since the epoch (whole milliseconds). False: the text does
  /// not fit, a value is out of range, the local time does not exist in the zone, or 64 bits do not hold the
  /// time.
  /// `clock`, when given, is filled if every other time of day in the same text would differ from this one by
  /// the time between the two.
  bool parse(std::string_view text, const ParseContext& context, int64_t& nanos,
             ClockDigits* clock = nullptr) const;

  /// Appends `nanos` as seen in `zone`.
  void format(int64_t nanos, const TimeZone& zone, const LocaleNames& locale, std::string& out) const;

  /// False for patterns that only write (four or more z).
  [[nodiscard]] bool can_parse() const { return can_parse_; }
  /// True when the pattern has words of a language (MMM, E, a, G).
  [[nodiscard]] bool has_words() const { return has_words_; }
  /// True when the pattern has no year (y or Y), so that parse() guesses it.
  [[nodiscard]] bool yearless() const { return !has_year_; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  friend class JodaCompiler;
  friend class JodaReader;

  std::string text_;
  std::string literals_;
  std::vector<JodaStep> steps_;
  int pivot_ = 2000;  // the middle of the hundred years of a two-digit year
  bool can_parse_ = true;
  bool has_words_ = false;
  bool has_year_ =
      false;  // has_year_, has_offset_: as Logstash decides it, the letter anywhere in the pattern
  bool has_offset_ = false;
  bool plain_ = false;  // every field once, and none that needs Joda-Time's order of setting them
};

}  // namespace sluice::match
