#include "plugins/jdbc/connection.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <ctime>

#include "match/civil.hpp"
#include "match/timezone.hpp"

namespace sluice::jdbc {
namespace {

// Reads exactly `digits` digits.
bool take(std::string_view& text, size_t digits, int& n) {
  if (text.size() < digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, n);
  if (error != std::errc() || end != text.data() + digits || n < 0) return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool take_fraction(std::string_view& text, int64_t& nanos) {
  if (!take(text, '.')) return true;
  int64_t scale = 100'000'000;
  size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits, scale /= 10)
    nanos += (text[digits] - '0') * scale;
  text.remove_prefix(digits);
  return digits > 0;
}

bool take_offset(std::string_view& text, int& seconds) {
  if (take(text, 'Z')) return true;
  const int sign = take(text, '-') ? -1 : 1;
  if (sign == 1 && !take(text, '+')) return false;
  int hours = 0, minutes = 0;
  if (!take(text, 2, hours)) return false;
  take(text, ':');
  if (!text.empty() && !take(text, 2, minutes)) return false;
  seconds = sign * (hours * 3600 + minutes * 60);
  return true;
}

}  // namespace

bool parse_sql_time(std::string_view text, int64_t& nanos) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offset = 0;
  int64_t fraction = 0;
  if (!take(text, 4, year) || !take(text, '-') || !take(text, 2, month) || !take(text, '-') ||
      !take(text, 2, day))
    return false;
  if (year < 1678 || year > 2261 || month < 1 || month > 12 || day < 1 ||
      day > match::days_in_month(year, month))
    return false;
  if (!text.empty()) {
    if (!take(text, ' ') && !take(text, 'T')) return false;
    if (!take(text, 2, hour) || !take(text, ':') || !take(text, 2, minute) || hour > 24 || minute > 59)
      return false;
    if (take(text, ':') && (!take(text, 2, second) || second > 60 || !take_fraction(text, fraction)))
      return false;
  }
  int64_t seconds =
      match::days_from_civil(year, month, day) * match::kSecondsPerDay + hour * 3600 + minute * 60 + second;
  if (!text.empty()) {
    if (!take_offset(text, offset) || !text.empty()) return false;
    seconds -= offset;
  } else {
    seconds = match::machine_timezone().to_utc_lenient(seconds);
  }
  nanos = seconds * match::kNanosPerSecond + fraction;
  return true;
}

std::string sql_time(int64_t nanos) {
  const int64_t seconds = match::floor_div(nanos, match::kNanosPerSecond);
  const auto when = static_cast<std::time_t>(seconds);
  std::tm utc{};
  gmtime_r(&when, &utc);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:09}+00", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     nanos - seconds * match::kNanosPerSecond);
}

Value sql_number(std::string_view text, Arena& arena) {
  const char* end = text.data() + text.size();
  int64_t whole = 0;
  if (const auto [at, error] = std::from_chars(text.data(), end, whole); error == std::errc() && at == end)
    return Value::integer(whole);
  double real = 0;
  const auto [at, error] = std::from_chars(text.data(), end, real);
  if (error != std::errc() || at != end || !std::isfinite(real)) return Value::string(arena.copy(text));
  std::string_view digits = text;  // without the zeros that say nothing
  if (digits.find('.') != std::string_view::npos && digits.find_first_of("eE") == std::string_view::npos) {
    while (digits.ends_with('0')) digits.remove_suffix(1);
    if (digits.ends_with('.')) digits.remove_suffix(1);
  }
  if (fmt::format("{}", real) == digits) return Value::real(real);
  size_t significant = 0;
  for (const char c : digits) significant += c >= '0' && c <= '9';
  return significant <= 15 ? Value::real(real) : Value::decimal(arena.copy(text));
}

std::unique_ptr<Connection> make_connection(const Settings& settings) {
  return settings.target.kind == Target::Kind::postgresql ? make_postgresql(settings) : make_sqlite(settings);
}

}  // namespace sluice::jdbc
