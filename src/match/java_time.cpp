#include "match/java_time.hpp"

#include <array>
#include <charconv>

#include "match/civil.hpp"
#include "match/locale_names.hpp"

namespace sluice::match {
namespace {

constexpr std::string_view kQuarters[] = {"1st quarter", "2nd quarter", "3rd quarter", "4th quarter"};

bool letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// How often a letter may stand in a row. Zero: the letter is unknown.
size_t limit_of(char c) {
  switch (c) {
    case 'u':
    case 'y':
    case 'Y':
    case 'A':
    case 'n':
    case 'N':
    case 'g':
      return 19;
    case 'S':
      return 9;
    case 'G':
    case 'M':
    case 'L':
    case 'Q':
    case 'q':
    case 'E':
    case 'e':
    case 'c':
    case 'X':
    case 'x':
    case 'Z':
    case 'B':
      return 5;
    case 'z':
    case 'O':
    case 'v':
      return 4;
    case 'D':
      return 3;
    case 'd':
    case 'h':
    case 'H':
    case 'k':
    case 'K':
    case 'm':
    case 's':
    case 'w':
    case 'V':
      return 2;
    case 'a':
    case 'F':
    case 'W':
      return 1;
    default:
      return 0;
  }
}

bool count_allowed(char c, size_t count) {
  if (count > limit_of(c)) return false;
  switch (c) {
    case 'V':
      return count == 2;
    case 'v':
    case 'O':
      return count == 1 || count == 4;
    case 'B':
      return count == 1 || count == 4 || count == 5;
    case 'c':
      return count != 2;
    default:
      return true;
  }
}

void append_number(std::string& out, int64_t value, size_t width) {
  char buffer[24];
  const auto size = static_cast<size_t>(std::to_chars(buffer, buffer + sizeof buffer, value).ptr - buffer);
  if (size < width) out.append(width - size, '0');
  out.append(buffer, size);
}

struct Moment {
  int64_t days;
  Civil date;
  int64_t in_day;  // nanoseconds
  int weekday;     // 0 = Monday

  explicit Moment(int64_t nanos) {
    constexpr int64_t kDay = kSecondsPerDay * kNanosPerSecond;
    days = floor_div(nanos, kDay);
    in_day = nanos - days * kDay;
    date = civil_from_days(days);
    weekday = weekday_from_days(days);
  }
  [[nodiscard]] int hour() const { return static_cast<int>(in_day / (3600 * kNanosPerSecond)); }
  [[nodiscard]] int minute() const { return static_cast<int>(in_day / (60 * kNanosPerSecond) % 60); }
  [[nodiscard]] int64_t fraction() const { return in_day % kNanosPerSecond; }

  // Weeks of English: from Sunday on, the week with 1 January is the first.
  [[nodiscard]] int from_sunday() const { return (weekday + 1) % 7; }
  static int64_t first_sunday(int64_t year) {
    const int64_t january1 = days_from_civil(year, 1, 1);
    return january1 - (weekday_from_days(january1) + 1) % 7;
  }
  [[nodiscard]] int64_t week_year() const {
    return days >= first_sunday(date.year + 1) ? date.year + 1 : date.year;
  }
  [[nodiscard]] int64_t week() const { return (days - first_sunday(week_year())) / 7 + 1; }
  [[nodiscard]] int64_t week_of_month() const {
    const int first = static_cast<int>(floor_mod(from_sunday() - (date.day - 1), 7));
    return (date.day - 1 + first) / 7 + 1;
  }
};

void append_year(std::string& out, int64_t year, size_t count) {
  if (count == 2)
    append_number(out, year % 100, 2);
  else
    append_number(out, year, count);
}

void append_month(std::string& out, int month, size_t count) {
  const std::string_view full = english_names().full(NameField::month, month - 1);
  if (count <= 2)
    append_number(out, month, count);
  else
    out += full.substr(0, count == 3 ? 3 : count == 4 ? full.size() : 1);
}

void append_weekday(std::string& out, const Moment& t, char c, size_t count) {
  if (c != 'E' && count <= 2) {
    append_number(out, t.from_sunday() + 1, count);
    return;
  }
  const std::string_view full = english_names().full(NameField::weekday, t.weekday);
  out += full.substr(0, count <= 3 ? 3 : count == 4 ? full.size() : 1);
}

void append_quarter(std::string& out, const Moment& t, size_t count) {
  const int quarter = (t.date.month - 1) / 3;
  if (count <= 2)
    append_number(out, quarter + 1, count);
  else if (count == 4)
    out += kQuarters[quarter];
  else
    (count == 3 ? out += 'Q' : out) += static_cast<char>('1' + quarter);
}

void append_day_period(std::string& out, const Moment& t, bool narrow) {
  const int hour = t.hour();
  if (t.minute() == 0 && hour == 0)
    out += narrow ? "mi" : "midnight";
  else if (t.minute() == 0 && hour == 12)
    out += narrow ? "n" : "noon";
  else if (hour < 6 || hour >= 21)
    out += "at night";
  else
    out += hour < 12 ? "in the morning" : hour < 18 ? "in the afternoon" : "in the evening";
}

void append_zone(std::string& out, char c, size_t count) {
  static constexpr std::string_view kLower[] = {"+00", "+0000", "+00:00", "+0000", "+00:00"};
  if (c == 'O' || (c == 'Z' && count == 4))
    out += "GMT";
  else if (c == 'x')
    out += kLower[count - 1];
  else if (c == 'Z' && count < 4)
    out += "+0000";
  else
    out += 'Z';
}

void append_fraction(std::string& out, int64_t nanos, size_t count) {
  char digits[9];
  for (size_t i = 9; i > 0; --i, nanos /= 10) digits[i - 1] = static_cast<char>('0' + nanos % 10);
  out.append(digits, count);
}

// The value of letters that are plain numbers.
int64_t number_of(const Moment& t, char c) {
  const int hour = t.hour();
  switch (c) {
    case 'D':
      return t.days - days_from_civil(t.date.year, 1, 1) + 1;
    case 'd':
      return t.date.day;
    case 'g':
      return t.days + 40587;  // modified Julian day
    case 'F':
      return (t.date.day - 1) / 7 + 1;
    case 'w':
      return t.week();
    case 'W':
      return t.week_of_month();
    case 'h':
      return hour % 12 == 0 ? 12 : hour % 12;
    case 'K':
      return hour % 12;
    case 'k':
      return hour == 0 ? 24 : hour;
    case 'H':
      return hour;
    case 'm':
      return t.minute();
    case 's':
      return t.in_day / kNanosPerSecond % 60;
    case 'A':
      return t.in_day / 1000000;
    case 'n':
      return t.fraction();
    default:
      return t.in_day;  // N
  }
}

void append_field(std::string& out, const Moment& t, char c, size_t count) {
  switch (c) {
    case 'G':
      out += count <= 3 ? "AD" : count == 4 ? "Anno Domini" : "A";
      break;
    case 'u':
    case 'y':
      append_year(out, t.date.year, count);
      break;
    case 'Y':
      append_year(out, t.week_year(), count);
      break;
    case 'M':
    case 'L':
      append_month(out, t.date.month, count);
      break;
    case 'Q':
    case 'q':
      append_quarter(out, t, count);
      break;
    case 'E':
    case 'e':
    case 'c':
      append_weekday(out, t, c, count);
      break;
    case 'a':
      out += t.hour() < 12 ? "AM" : "PM";
      break;
    case 'B':
      append_day_period(out, t, count == 5);
      break;
    case 'S':
      append_fraction(out, t.fraction(), count);
      break;
    case 'V':
    case 'v':
    case 'z':
    case 'O':
    case 'X':
    case 'x':
    case 'Z':
      append_zone(out, c, count);
      break;
    default:
      append_number(out, number_of(t, c), count);
      break;
  }
}

Status refused(std::string_view pattern, const std::string& why) {
  return Status::config("bad date pattern \"" + std::string(pattern) + "\": " + why);
}

}  // namespace

Result<JavaTimePattern> JavaTimePattern::compile(std::string_view pattern) {
  JavaTimePattern result;
  size_t pad = 0, open = 0;
  const auto literal = [&](std::string text) {
    if (pad == 0 && !result.steps_.empty() && result.steps_.back().letter == '\'' &&
        result.steps_.back().pad == 0)
      result.steps_.back().literal += text;
    else
      result.steps_.push_back({'\'', 0, static_cast<uint8_t>(pad), std::move(text)});
    pad = 0;
  };
  for (size_t at = 0; at < pattern.size();) {
    const char c = pattern[at];
    if (letter(c)) {
      size_t count = 0;
      while (at < pattern.size() && pattern[at] == c) ++at, ++count;
      if (c == 'p') {
        if (at == pattern.size() || !letter(pattern[at]) || count > 255)
          return refused(pattern, "the pad letter p must stand before another letter");
        pad = count;
        continue;
      }
      if (limit_of(c) == 0) return refused(pattern, std::string("unknown letter ") + c);
      if (!count_allowed(c, count)) return refused(pattern, std::string("wrong number of letters: ") + c);
      result.steps_.push_back({c, static_cast<uint8_t>(count), static_cast<uint8_t>(pad), {}});
      pad = 0;
    } else if (c == '\'') {
      std::string text;
      bool closed = false;
      for (++at; at < pattern.size(); ++at) {
        if (pattern[at] != '\'') {
          text += pattern[at];
        } else if (at + 1 < pattern.size() && pattern[at + 1] == '\'') {
          text += pattern[at++];
        } else {
          closed = true;
          ++at;
          break;
        }
      }
      if (!closed) return refused(pattern, "a quote is not closed");
      literal(text.empty() ? "'" : std::move(text));
    } else if (c == '[') {
      ++open, ++at;
    } else if (c == ']') {
      if (open-- == 0) return refused(pattern, "] without [");
      ++at;
    } else if (c == '{' || c == '}' || c == '#') {
      return refused(pattern, std::string("reserved character ") + c);
    } else {
      literal(std::string(1, c));
      ++at;
    }
  }
  return result;
}

void JavaTimePattern::format(int64_t nanos, std::string& out) const {
  const Moment moment(nanos);
  for (const auto& step : steps_) {
    const size_t begin = out.size();
    if (step.letter == '\'')
      out += step.literal;
    else
      append_field(out, moment, step.letter, step.count);
    const size_t size = out.size() - begin;
    if (size < step.pad) out.insert(begin, step.pad - size, ' ');
  }
}

}  // namespace sluice::match
