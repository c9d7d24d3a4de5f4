#include "match/date_format.hpp"

#include "match/iso8601.hpp"
#include "match/unixtime.hpp"

namespace sluice::match {

Result<DateFormat> DateFormat::compile(std::string_view format, const DateFormatOptions& options) {
  DateFormat result;
  if (options.timezone.empty()) {
    result.zone_ = &machine_timezone();
  } else if (options.timezone.find("%{") == std::string::npos) {
    auto zone = find_timezone(options.timezone);
    if (!zone.ok()) return zone.status();
    result.zone_ = zone.value();
  }
  if (options.locale.empty()) {
    result.locale_ = &machine_locale();
  } else {
    auto locale = find_locale(options.locale);
    if (!locale.ok()) return locale.status();
    result.locale_ = locale.value();
  }
  if (format == "ISO8601") {
    result.kind_ = Kind::iso8601;
  } else if (format == "UNIX") {
    result.kind_ = Kind::unix_seconds;
  } else if (format == "UNIX_MS") {
    result.kind_ = Kind::unix_millis;
  } else if (format == "TAI64N") {
    result.kind_ = Kind::tai64n;
  } else {
    auto pattern = JodaPattern::compile(format);
    if (!pattern.ok()) return pattern.status();
    result.kind_ = Kind::joda;
    result.english_too_ =
        options.locale.empty() && pattern->has_words() && result.locale_ != &english_names();
    result.pattern_ = std::move(pattern).value();
  }
  return result;
}

std::optional<int64_t> DateFormat::parse(std::string_view text, const TimeZone* zone, int64_t now,
                                         ClockDigits* clock) const {
  if (zone == nullptr) zone = zone_ != nullptr ? zone_ : &utc_zone();
  switch (kind_) {
    case Kind::iso8601:
      return parse_iso8601(text, *zone);
    case Kind::unix_seconds:
      return parse_unix(text);
    case Kind::unix_millis:
      return parse_unix_ms(text);
    case Kind::tai64n:
      return parse_tai64n(text);
    case Kind::joda:
      break;
  }
  ParseContext context{zone, locale_, now, &machine_timezone()};
  int64_t nanos = 0;
  if (pattern_->parse(text, context, nanos, clock)) return nanos;
  // Another time of day might be read with the first locale: nothing is said about the clock.
  if (clock) clock->known = false;
  if (!english_too_) return std::nullopt;
  context.locale = &english_names();
  return pattern_->parse(text, context, nanos) ? std::optional(nanos) : std::nullopt;
}

std::optional<int64_t> DateFormat::parse(int64_t number) const {
  if (kind_ == Kind::unix_seconds) return parse_unix(number);
  if (kind_ == Kind::unix_millis) return parse_unix_ms(number);
  return std::nullopt;
}

std::optional<int64_t> DateFormat::parse(double number) const {
  if (kind_ == Kind::unix_seconds) return parse_unix(number);
  if (kind_ == Kind::unix_millis) return parse_unix_ms(number);
  return std::nullopt;
}

}  // namespace sluice::match
