// Reading with a Joda-Time pattern. Usual patterns put their values straight into a date ("plain"); the
// others go through joda_fields.
#include <unicode/uchar.h>

#include <array>
#include <cstring>

#include "base/utf8.hpp"
#include "match/civil.hpp"
#include "match/joda.hpp"
#include "match/joda_fields.hpp"

namespace sluice::match {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

char lower_ascii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// `text` at `at` against a literal, any case. Returns the bytes it takes, 0 when it does not fit.
size_t match_literal(std::string_view text, std::string_view literal) {
  if (text.starts_with(literal)) return literal.size();
  size_t at = 0, in_literal = 0;
  while (in_literal < literal.size()) {
    if (at >= text.size()) return 0;
    if ((static_cast<unsigned char>(literal[in_literal]) | static_cast<unsigned char>(text[at])) < 0x80) {
      if (lower_ascii(text[at++]) != lower_ascii(literal[in_literal++])) return 0;
      continue;
    }
    if (utf8_valid_prefix(text.substr(at, 4)) == 0 || utf8_valid_prefix(literal.substr(in_literal, 4)) == 0)
      return 0;
    const auto a = static_cast<UChar32>(utf8_next(text, at));
    const auto b = static_cast<UChar32>(utf8_next(literal, in_literal));
    if (a != b && u_tolower(u_toupper(a)) != u_tolower(u_toupper(b))) return 0;
  }
  return at;
}

const TimeZone* match_zone_name(std::string_view text, size_t& size) {
  struct Name {
    std::string_view name, zone;
  };
  static constexpr Name kNames[] = {
      {"UTC", "UTC"},
      {"GMT", "UTC"},
      {"EST", "America/New_York"},
      {"EDT", "America/New_York"},
      {"CST", "America/Chicago"},
      {"CDT", "America/Chicago"},
      {"MST", "America/Denver"},
      {"MDT", "America/Denver"},
      {"PST", "America/Los_Angeles"},
      {"PDT", "America/Los_Angeles"},
      {"UT", "UTC"},
  };
  for (const auto& entry : kNames)
    if (text.starts_with(entry.name)) {
      size = entry.name.size();
      return lookup_timezone(entry.zone);
    }
  return nullptr;
}

}  // namespace

/// Reads one text.
class JodaReader {
 public:
  JodaReader(const JodaPattern& pattern, std::string_view text, const ParseContext& context)
      : pattern_(pattern),
        begin_(text.data()),
        at_(text.data()),
        end_(text.data() + text.size()),
        context_(context),
        locale_(context.locale != nullptr ? *context.locale : english_names()),
        default_zone_(context.zone != nullptr ? *context.zone : utc_zone()),
        zone_(&default_zone_) {}

  bool read(int64_t& nanos, ClockDigits* clock) {
    int64_t local = 0;
    if (pattern_.plain_) {
      Plain values;
      if (!read_steps(values) || !values.local_millis(local)) return false;
      if (clock) values.find_clock(*clock);
    } else {
      Listed values;
      if (!read_steps(values) || !set_joda_fields(values.list, values.count, local)) return false;
    }
    int64_t millis = 0;
    if (!(pattern_.has_year_ ? to_utc(local, millis) : guess_year(local, millis))) return false;
    if (clock) clock->known = clock->known && pattern_.has_year_ && (has_offset_ || zone_->fixed());
    return !__builtin_mul_overflow(millis, int64_t{1000000}, &nanos);
  }

 private:
  // Values by field, for patterns that name each at most once.
  struct Plain {
    std::array<int32_t, kJodaValueFields> v{};
    std::array<uint32_t, kJodaValueFields> begin;  // of the digits that were seen
    std::array<uint32_t, kJodaValueFields> digits;
    uint32_t seen = 0;

    void put(JodaField field, int32_t value) {
      v[static_cast<size_t>(field)] = value;
      seen |= 1U << static_cast<unsigned>(field);
    }
    void put_digits(JodaField field, int32_t value, size_t from, size_t to) {
      put(field, value);
      begin[static_cast<size_t>(field)] = static_cast<uint32_t>(from);
      digits[static_cast<size_t>(field)] = static_cast<uint32_t>(to - from);
    }
    bool find_digits(JodaField field, uint32_t count, uint32_t& at) const {
      if (!has(field) || digits[static_cast<size_t>(field)] != count) return false;
      at = begin[static_cast<size_t>(field)];
      return true;
    }
    void find_clock(ClockDigits& clock) const {
      clock.known = find_digits(JodaField::hour_of_day, 2, clock.hour) &&
                    find_digits(JodaField::minute, 2, clock.minute) &&
                    find_digits(JodaField::second, 2, clock.second) &&
                    (!has(JodaField::fraction) ||
                     (find_digits(JodaField::fraction, 3, clock.millis) && clock.millis != 0));
    }
    [[nodiscard]] bool has(JodaField field) const { return (seen >> static_cast<unsigned>(field) & 1U) != 0; }
    [[nodiscard]] int32_t get(JodaField field) const { return v[static_cast<size_t>(field)]; }

    [[nodiscard]] bool date(int64_t& days) const {
      int64_t year = get(JodaField::year);
      if (has(JodaField::year_of_era)) {
        year = get(JodaField::year_of_era);
        if (year < 1) return false;
      } else if (!has(JodaField::year)) {
        const bool any = has(JodaField::month) || has(JodaField::day_of_month);
        year = any ? 2000 : 1970;
      }
      const int month = has(JodaField::month) ? get(JodaField::month) : 1;
      const int day = has(JodaField::day_of_month) ? get(JodaField::day_of_month) : 1;
      if (!year_fits(year) || month < 1 || month > 12 || day < 1 ||
          (day > 28 && day > days_in_month(year, month)))
        return false;
      days = days_from_civil(year, month, day);
      if (!has(JodaField::day_of_week)) return true;
      const int weekday = get(JodaField::day_of_week) - 1;
      if (weekday < 0 || weekday > 6) return false;
      days += weekday - weekday_from_days(days);  // the text's weekday wins over its date
      return true;
    }

    [[nodiscard]] bool hour(int& hour) const {
      hour = get(JodaField::hour_of_day);
      if (has(JodaField::hour_of_day)) return hour < 24;
      if (has(JodaField::clockhour_of_day)) {
        hour = get(JodaField::clockhour_of_day);
        if (hour < 1 || hour > 24) return false;
        hour %= 24;
        return true;
      }
      hour = get(JodaField::hour_of_halfday);
      if (hour > 11) return false;
      if (has(JodaField::clockhour_of_halfday)) {
        hour = get(JodaField::clockhour_of_halfday);
        if (hour < 1 || hour > 12) return false;
        hour %= 12;
      }
      hour += 12 * get(JodaField::halfday);
      return true;
    }

    [[nodiscard]] bool local_millis(int64_t& out) const {
      int64_t days = 0;
      int hours = 0;
      if (!date(days) || !hour(hours)) return false;
      const int minute = get(JodaField::minute), second = get(JodaField::second);
      if (minute > 59 || second > 59) return false;
      out = days * kMillisPerDay + ((hours * 60 + minute) * 60 + second) * int64_t{1000} +
            get(JodaField::fraction);
      return true;
    }
  };

  // Values in the order of the text.
  struct Listed {
    std::array<JodaValue, 66> list;  // the compiler allows 64, and a year may be added
    size_t count = 0;
    void put(JodaField field, int32_t value) { list[count++] = {field, value}; }
    void put_digits(JodaField field, int32_t value, size_t, size_t) { put(field, value); }
  };

  template <class Values>
  bool read_steps(Values& values) {
    const char* const literals = pattern_.literals_.data();
    for (const auto& step : pattern_.steps_) {
      if (step.field == JodaField::literal) {
        if (step.literal_size == 1 && at_ != end_ && *at_ == literals[step.literal_at]) {
          ++at_;
          continue;
        }
        if (step.literal_size == 0) continue;
        const size_t size = match_literal(rest(), {literals + step.literal_at, step.literal_size});
        if (size == 0) return false;
        at_ += size;
        continue;
      }
      int32_t value = 0;
      const char* const from = at_;
      if (step.form == JodaStep::Form::number && step.field <= JodaField::fraction) {
        if (!(step.field == JodaField::fraction ? read_fraction(step.max_digits, value)
                                                : read_number(step, value)))
          return false;
        values.put_digits(step.field, value, offset(from), offset(at_));
        continue;
      }
      if (!read_other(step, value)) return false;
      if (step.field < JodaField::literal) values.put(step.field, value);
    }
    return at_ == end_;
  }

  [[nodiscard]] size_t offset(const char* at) const { return static_cast<size_t>(at - begin_); }
  [[nodiscard]] std::string_view rest() const { return {at_, static_cast<size_t>(end_ - at_)}; }

  bool read_number(const JodaStep& step, int32_t& value) {
    if (step.max_digits == 2 && end_ - at_ >= 2 && step.field > JodaField::year) {
      const auto tens = static_cast<unsigned>(at_[0] - '0'), ones = static_cast<unsigned>(at_[1] - '0');
      if (tens > 9) return false;
      if (ones > 9) {
        value = static_cast<int32_t>(tens);
        ++at_;
        return true;
      }
      value = static_cast<int32_t>(tens * 10 + ones);
      at_ += 2;
      return true;
    }
    const bool may_be_signed = step.field == JodaField::year || step.field == JodaField::weekyear ||
                               step.field == JodaField::century;
    bool negative = false;
    if (may_be_signed && at_ != end_ && (*at_ == '-' || *at_ == '+')) negative = *at_++ == '-';
    return read_digits(step.max_digits, negative, value);
  }

  bool read_digits(int limit, bool negative, int32_t& value) {
    int64_t number = 0;
    int count = 0;
    for (; count < limit && at_ != end_ && digit(*at_); ++count, ++at_) {
      number = number * 10 + (*at_ - '0');
      if (number > INT32_MAX) return false;
    }
    value = static_cast<int32_t>(negative ? -number : number);
    return count > 0;
  }

  bool read_other(const JodaStep& step, int32_t& value) {
    switch (step.field) {
      case JodaField::zone_offset:
        return read_offset();
      case JodaField::zone_name:
      case JodaField::zone_id:
        return read_zone(step.field == JodaField::zone_id);
      case JodaField::year:
      case JodaField::weekyear:
        return read_two_digit_year(step.form, value);
      default:
        return read_word(step.field, value);
    }
  }

  bool read_word(JodaField field, int32_t& value) {
    NameField name = NameField::month;
    int base = 1;  // months and weekdays count from 1
    if (field == JodaField::day_of_week)
      name = NameField::weekday;
    else if (field == JodaField::halfday)
      name = NameField::halfday, base = 0;
    else if (field == JodaField::era)
      name = NameField::era, base = 0;
    int index = 0;
    const size_t size = locale_.match(name, rest(), index);
    at_ += size;
    value = index + base;
    return size != 0;
  }

  bool read_fraction(int limit, int32_t& millis) {
    int count = 0;
    int32_t unit = 100;
    for (; count < limit && at_ != end_ && digit(*at_); ++count, ++at_) {
      millis += (*at_ - '0') * unit;
      unit /= 10;
    }
    return count > 0;
  }

  // Two digits lie within a hundred years around the pivot; any other number of digits is the year itself.
  bool read_two_digit_year(JodaStep::Form form, int32_t& value) {
    const char* const begin = at_;
    if (form == JodaStep::Form::two_digit_year) {
      if (!read_digits(2, false, value) || at_ - begin != 2) return false;
    } else {
      const bool is_signed = at_ != end_ && (*at_ == '-' || *at_ == '+');
      const bool negative = is_signed && *at_++ == '-';
      if (!read_digits(INT32_MAX, negative, value)) return false;
      if (is_signed || at_ - begin != 2) return true;
    }
    const int low = pattern_.pivot_ - 50;
    const int in_century = low % 100;
    value += low - in_century + (value < in_century ? 100 : 0);
    return true;
  }

  bool read_offset() {
    if (at_ != end_ && (*at_ == 'Z' || *at_ == 'z')) {
      ++at_;
      offset_ = 0;
      has_offset_ = true;
      return true;
    }
    const auto two = [this](int at) {
      const auto tens = static_cast<unsigned>(at_[at] - '0'), ones = static_cast<unsigned>(at_[at + 1] - '0');
      return tens > 9 || ones > 9 ? -1 : static_cast<int>(tens * 10 + ones);
    };
    has_offset_ = true;
    if (end_ - at_ == 5 && (*at_ == '+' || *at_ == '-')) {  // +hhmm at the end of the text
      const int hours = two(1), minutes = two(3);
      if (hours >= 0 && hours <= 23 && minutes >= 0 && minutes <= 59) {
        offset_ = (hours * 60 + minutes) * (*at_ == '-' ? -60 : 60);
        at_ = end_;
        return true;
      }
    }
    size_t used = 0;
    if (!scan_offset(rest(), used, offset_)) return false;
    at_ += used;
    return true;
  }

  bool read_zone(bool by_id) {
    size_t size = 0;
    if (by_id) {
      const std::string_view id = longest_timezone_prefix(rest());
      size = id.size();
      zone_ = id.empty() ? nullptr : lookup_timezone(id);
    } else {
      zone_ = match_zone_name(rest(), size);
    }
    at_ += size;
    return zone_ != nullptr;
  }

  [[nodiscard]] bool to_utc(int64_t local, int64_t& millis) const {
    return has_offset_ ? (millis = local - int64_t{offset_} * 1000, true)
                       : zone_to_utc(*zone_, local, millis);
  }

  static bool zone_to_utc(const TimeZone& zone, int64_t local, int64_t& millis) {
    const int64_t seconds = floor_div(local, 1000);
    int64_t utc = 0;
    if (!zone.to_utc(seconds, utc)) return false;
    millis = utc * 1000 + (local - seconds * 1000);
    return true;
  }

  // Texts without a year are read as of the year 2000 and moved to the year that puts them near now. Logstash
  // looks at the date in the default zone; a zone name (z) in such a text is read over.
  bool guess_year(int64_t local, int64_t& millis) const {
    if (!(pattern_.has_offset_ ? to_utc(local, millis) : zone_to_utc(default_zone_, local, millis)))
      return false;
    const int64_t seconds = floor_div(millis, 1000);
    const int32_t offset = default_zone_.offset_at(seconds);
    const int64_t here = millis + int64_t{offset} * 1000;
    const int month = civil_from_days(floor_div(here, kMillisPerDay)).month;

    const int64_t now = floor_div(context_.now, kNanosPerSecond);
    const TimeZone& now_zone = context_.now_zone != nullptr ? *context_.now_zone : default_zone_;
    const Civil today = civil_from_days(floor_div(now + now_zone.offset_at(now), kSecondsPerDay));
    int64_t year = today.year;
    if (month == 12 && today.month == 1)
      --year;
    else if (month == 1 && today.month == 12)
      ++year;

    const int64_t moved = with_year(here, year);
    const int64_t moved_seconds = floor_div(moved, 1000);
    int64_t utc = moved_seconds - offset;
    if (default_zone_.offset_at(utc) != offset) utc = default_zone_.to_utc_lenient(moved_seconds);
    millis = utc * 1000 + (moved - moved_seconds * 1000);
    return true;
  }

  const JodaPattern& pattern_;
  const char* const begin_;
  const char* at_;
  const char* const end_;
  const ParseContext& context_;
  const LocaleNames& locale_;
  const TimeZone& default_zone_;
  const TimeZone* zone_;  // of the text
  int32_t offset_ = 0;
  bool has_offset_ = false;
};

bool JodaPattern::parse(std::string_view text, const ParseContext& context, int64_t& nanos,
                        ClockDigits* clock) const {
  return can_parse_ && JodaReader(*this, text, context).read(nanos, clock);
}

}  // namespace sluice::match
