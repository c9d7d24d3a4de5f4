#include "plugins/csv/convert.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "match/civil.hpp"
#include "match/numbers.hpp"
#include "match/text_case.hpp"
#include "match/timezone.hpp"

namespace sluice::plugins::csv {
namespace {

bool blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool digit(char c) { return c >= '0' && c <= '9'; }
bool word(char c) { return digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes a text apart from left to right.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}
  [[nodiscard]] bool done() const { return text_.empty(); }
  [[nodiscard]] char peek() const { return text_.empty() ? '\0' : text_.front(); }
  bool take(char c) {
    if (peek() != c || text_.empty()) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool blanks() {
    const size_t size = text_.size();
    while (!text_.empty() && blank(text_.front())) text_.remove_prefix(1);
    return text_.size() < size;
  }
  std::string_view take_while(bool (*accept)(char)) {
    const auto end = std::find_if_not(text_.begin(), text_.end(), accept);
    const auto taken = text_.substr(0, static_cast<size_t>(end - text_.begin()));
    text_.remove_prefix(taken.size());
    return taken;
  }
  /// A number of `least` to `most` digits, all that stand there.
  bool number(size_t least, size_t most, int& value) {
    const auto digits = take_while(digit);
    if (digits.size() < least || digits.size() > most) return false;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return true;
  }

 private:
  std::string_view text_;
};

// Digits of a base with single underscores between them.
bool digits_of(std::string_view text, int base) {
  bool separated = true;
  for (const char c : text) {
    if (c == '_') {
      if (separated) return false;
      separated = true;
      continue;
    }
    const char l = lower(c);
    const int value = digit(c) ? c - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : 99;
    if (value >= base) return false;
    separated = false;
  }
  return !separated;
}

int take_base(std::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0') return 10;
  const char letter = lower(digits[1]);
  const int base = letter == 'x' ? 16 : letter == 'b' ? 2 : letter == 'o' ? 8 : letter == 'd' ? 10 : 0;
  digits.remove_prefix(base != 0 ? 2 : 1);
  if (base == 0 && digits.front() == '_') digits.remove_prefix(1);
  return base != 0 ? base : 8;
}

// Ruby's Integer(text).
std::optional<Value> integer(std::string_view text, Arena& arena) {
  text = without_blanks(text);
  const bool negative = text.starts_with('-');
  std::string_view digits = text.substr(negative || text.starts_with('+') ? 1 : 0);
  const int base = take_base(digits);
  if (!digits_of(digits, base)) return std::nullopt;
  std::string plain(negative ? "-" : "");
  std::copy_if(digits.begin(), digits.end(), std::back_inserter(plain), [](char c) { return c != '_'; });
  int64_t value = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value, base);
  if (error == std::errc{}) return Value::integer(value);
  if (base != 10) return std::nullopt;
  const auto big = match::ruby_to_i(plain);
  return big.fits() ? Value::integer(big.value) : Value::decimal(arena.copy(big.big));
}

// Ruby's Float(text).
std::optional<Value> real(std::string_view text) {
  text = without_blanks(text);
  std::string plain;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const bool hex = text.size() > 2 && text[0] == '0' && lower(text[1]) == 'x';
  if (hex) text.remove_prefix(2);
  const size_t exponent = text.find_first_of(hex ? "pP" : "eE");
  std::string_view mantissa = text.substr(0, exponent);
  const size_t point = mantissa.find('.');
  const int base = hex ? 16 : 10;
  const std::string_view whole = mantissa.substr(0, point);
  if (hex && (text.find('_') != std::string_view::npos ||
              (point != std::string_view::npos && exponent == std::string_view::npos)))
    return std::nullopt;
  if (!digits_of(whole, base) && (hex || !whole.empty() || point == std::string_view::npos))
    return std::nullopt;
  if (point != std::string_view::npos && !digits_of(mantissa.substr(point + 1), base)) return std::nullopt;
  if (exponent != std::string_view::npos) {
    std::string_view power = text.substr(exponent + 1);
    if (power.starts_with('-') || power.starts_with('+')) power.remove_prefix(1);
    if (!digits_of(power, 10)) return std::nullopt;
  }
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] != '_' && !(text[i] == '+' && i == exponent + 1)) plain += text[i];
  double value = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value,
                                            hex ? std::chars_format::hex : std::chars_format::general);
  if (error == std::errc::result_out_of_range)
    value = match::ruby_to_f(plain);
  else if (error != std::errc{})
    return std::nullopt;
  return Value::real(negative ? -value : value);
}

struct Moment {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  int64_t nanos = 0;
  int offset = 0;  // seconds east of UTC
};

bool month_named(std::string_view text, int& month) {
  constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                        "jul", "aug", "sep", "oct", "nov", "dec"};
  std::string begin;
  for (const char c : text.substr(0, 3)) begin += lower(c);
  const auto found = std::find(kMonths.begin(), kMonths.end(), begin);
  month = static_cast<int>(found - kMonths.begin()) + 1;
  return found != kMonths.end();
}

bool iso_date(Cursor& cursor, Moment& moment) {
  return cursor.number(4, 4, moment.year) && cursor.take('-') && cursor.number(2, 2, moment.month) &&
         cursor.take('-') && cursor.number(2, 2, moment.day);
}

// `Thu, Jun 1` or `June 1`: a weekday counts for nothing.
bool month_and_day(Cursor& cursor, Moment& moment) {
  auto name = cursor.take_while(word);
  bool comma = cursor.take(',');
  if (name.empty() || !cursor.blanks()) return false;
  if (!digit(cursor.peek())) {
    name = cursor.take_while(word);
    comma = false;
    if (!cursor.blanks()) return false;
  }
  return !comma && month_named(name, moment.month) && cursor.number(1, 2, moment.day);
}

bool year(Cursor& cursor, Moment& moment) {
  (void)cursor.take(',');
  if (!cursor.blanks() || !cursor.number(2, 4, moment.year)) return false;
  if (moment.year < 100) moment.year += moment.year >= 69 ? 1900 : 2000;
  return true;
}

bool offset(Cursor& cursor, Moment& moment) {
  if (cursor.take('Z')) return true;
  const bool west = cursor.take('-');
  if (!west && !cursor.take('+')) return false;
  int hours = 0, minutes = 0;
  if (!cursor.number(2, 2, hours) || !cursor.take(':') || !cursor.number(2, 2, minutes)) return false;
  moment.offset = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
  return true;
}

bool iso_time(Cursor& cursor, Moment& moment) {
  if (!cursor.number(2, 2, moment.hour) || !cursor.take(':') || !cursor.number(2, 2, moment.minute))
    return false;
  if (cursor.done()) return true;
  if (!cursor.take(':') || !cursor.number(2, 2, moment.second)) return false;
  if (cursor.take('.')) {
    const auto digits = cursor.take_while(digit);
    if (digits.empty()) return false;
    int64_t unit = 100'000'000;
    for (const char c : digits.substr(0, 9)) {
      moment.nanos += (c - '0') * unit;
      unit /= 10;
    }
  }
  return cursor.done() || offset(cursor, moment);
}

bool date(std::string_view text, Moment& moment) {
  if (Cursor iso(text); iso_date(iso, moment)) return iso.done();
  Cursor cursor(text);
  moment = {};
  return month_and_day(cursor, moment) && year(cursor, moment) && cursor.done();
}

bool date_time(std::string_view text, Moment& moment) {
  if (Cursor iso(text); iso_date(iso, moment)) {
    if (iso.done()) return true;
    if (!iso.take('T')) {
      if (!blank(iso.peek())) return false;
      (void)iso.take(iso.peek());
    }
    return iso_time(iso, moment) && iso.done();
  }
  Cursor cursor(text);
  moment = {};
  return month_and_day(cursor, moment) && cursor.blanks() && cursor.number(1, 2, moment.hour) &&
         cursor.take(':') && cursor.number(1, 2, moment.minute) && cursor.take(':') &&
         cursor.number(1, 2, moment.second) && year(cursor, moment) && cursor.done();
}

bool exists(const Moment& m) {
  return m.month >= 1 && m.month <= 12 && m.day >= 1 && m.day <= match::days_in_month(m.year, m.month) &&
         m.hour <= 24 && m.minute < 60 && m.second <= 60 && (m.hour < 24 || (m.minute == 0 && m.second == 0));
}

// A date begins in the machine's zone; a time without a zone is UTC, as in Ruby. Years that nanoseconds do
// not reach stay text.
std::optional<Value> timestamp(const Moment& m, bool local) {
  if (!exists(m) || m.year < 1678 || m.year > 2261) return std::nullopt;
  const int64_t seconds = match::days_from_civil(m.year, m.month, m.day) * match::kSecondsPerDay +
                          m.hour * 3600 + m.minute * 60 + std::min(m.second, 59) - m.offset;
  const int64_t utc = local ? match::machine_timezone().to_utc_lenient(seconds) : seconds;
  return Value::timestamp(utc * match::kNanosPerSecond + m.nanos);
}

std::optional<Value> converted(std::string_view text, Conversion conversion, Arena& arena) {
  Moment moment;
  switch (conversion) {
    case Conversion::integer:
      return integer(text, arena);
    case Conversion::real:
      return real(text);
    case Conversion::date:
      return date(text, moment) ? timestamp(moment, true) : std::nullopt;
    case Conversion::date_time:
      return date_time(text, moment) ? timestamp(moment, false) : std::nullopt;
    case Conversion::boolean: {
      const std::string word = match::lower(match::strip(text));
      if (word == "true" || word == "false") return Value::boolean(word == "true");
      return Value::string(arena.copy(word));  // Ruby's code forgets the text as it was
    }
    case Conversion::none:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Conversion> conversion_named(std::string_view name) {
  if (name == "integer") return Conversion::integer;
  if (name == "float") return Conversion::real;
  if (name == "date") return Conversion::date;
  if (name == "date_time") return Conversion::date_time;
  if (name == "boolean") return Conversion::boolean;
  return std::nullopt;
}

Value convert(std::string_view text, Conversion conversion, Arena& arena) {
  if (conversion == Conversion::none) return Value::string(text);
  const auto value = converted(text, conversion, arena);
  return value ? *value : Value::string(text);
}

}  // namespace sluice::plugins::csv
