#include <doctest/doctest.h>

#include <string>

#include "match/date_format.hpp"
#include "match/iso8601.hpp"
#include "match/last_time.hpp"

using namespace sluice;
using namespace sluice::match;

namespace {

// The time as text, or "-" when it was refused.
std::string shown(std::optional<int64_t> nanos) {
  if (!nanos) return "-";
  char text[kIso8601Size];
  return {text, format_iso8601(*nanos, text)};
}

int64_t at(const char* text) { return *parse_event_timestamp(text, utc_zone()); }

struct Reading {
  std::string timezone = "UTC";
  std::string locale = "en";
  const char* now = "2026-06-15T12:00:00Z";
};

std::string read(const char* format, std::string_view text, const Reading& how = {}) {
  const auto compiled = DateFormat::compile(format, {.timezone = how.timezone, .locale = how.locale});
  REQUIRE_MESSAGE(compiled.ok(), compiled.message());
  return shown(compiled.value().parse(text, nullptr, at(how.now)));
}

}  // namespace

TEST_CASE("the usual log dates are read") {
  CHECK(read("dd/MMM/yyyy:HH:mm:ss Z", "21/Nov/2026:03:05:16 +0200") == "2026-11-21T01:05:16.000Z");
  CHECK(read("yyyy-MM-dd HH:mm:ss,SSS", "2026-11-21 03:05:16,123") == "2026-11-21T03:05:16.123Z");
  CHECK(read("EEE, dd MMM yyyy HH:mm:ss Z", "Sat, 21 Nov 2026 03:05:16 -0130") == "2026-11-21T04:35:16.000Z");
  CHECK(read("yyyyMMddHHmmss", "20261121030516") == "2026-11-21T03:05:16.000Z");
  CHECK(read("MM/dd/yyyy h:m a", "11/21/2026 3:05 pm") == "2026-11-21T15:05:00.000Z");
}

TEST_CASE("numbers may have fewer digits than letters, but a following number ends them") {
  CHECK(read("yyyy-MM-dd", "2026-3-4") == "2026-03-04T00:00:00.000Z");
  CHECK(read("yyyyMMdd", "2026034") == "2026-03-04T00:00:00.000Z");
  CHECK(read("yyyyMMdd", "202634") == "-");
  CHECK(read("HHmm", "1207") == "2026-01-01T12:07:00.000Z");
  CHECK(read("HH:mm:ss", "12:07:5") == "2026-01-01T12:07:05.000Z");
}

TEST_CASE("all of the text has to fit") {
  CHECK(read("yyyy-MM-dd", "2026-03-04 ") == "-");
  CHECK(read("yyyy-MM-dd", "2026-03") == "-");
  CHECK(read("yyyy-MM-dd", "") == "-");
  CHECK(read("yyyy 'Uhr' HH", "2026 uhr 12") == "2026-01-01T12:00:00.000Z");
  CHECK(read("yyyy 'år' MM", "2026 ÅR 05") == "2026-05-01T00:00:00.000Z");
}

TEST_CASE("values out of their range are refused") {
  CHECK(read("yyyy-MM-dd", "2026-02-29") == "-");
  CHECK(read("yyyy-MM-dd", "2024-02-29") == "2024-02-29T00:00:00.000Z");
  CHECK(read("yyyy-MM-dd", "2026-13-01") == "-");
  CHECK(read("HH:mm", "24:00") == "-");
  CHECK(read("kk:mm", "24:00") == "2026-01-01T00:00:00.000Z");
  CHECK(read("hh a", "0 AM") == "-");
  CHECK(read("hh a", "12 AM") == "2026-01-01T00:00:00.000Z");
  CHECK(read("KK a", "11 PM") == "2026-01-01T23:00:00.000Z");
  for (const char* year : {"999999999", "-999999999", "290000001"}) {
    CHECK(read("yyyy", year) == "-");
    CHECK(read("xxxx ww", std::string(year) + " 01") == "-");
    CHECK(read("ISO8601", std::string(year) + "-01-01T00:00:00Z") == "-");
  }
  CHECK(read("yyyy", "2999") == "-");  // behind the end of 64 bits of nanoseconds
}

TEST_CASE("words are taken capitalised, all lower and all upper, short and long, but not mixed") {
  for (const char* month : {"Oct", "oct", "OCT", "October", "october", "OCTOBER"})
    CHECK(read("yyyy MMM dd", "2026 " + std::string(month) + " 03") == "2026-10-03T00:00:00.000Z");
  CHECK(read("yyyy MMM dd", "2026 oCt 03") == "-");
  CHECK(read("yyyy MMM dd", "2026 Octob 03") == "-");
  CHECK(read("yyyy MMMM", "2026 Sep") == "2026-09-01T00:00:00.000Z");
}

TEST_CASE("two digits of a year lie around thirty years ago, more digits are the year") {
  CHECK(read("yy-MM", "45-05") == "2045-05-01T00:00:00.000Z");
  CHECK(read("yy-MM", "75-05") == "1975-05-01T00:00:00.000Z");
  CHECK(read("yy-MM", "2075-05") == "2075-05-01T00:00:00.000Z");
  CHECK(read("yyMM", "7505") == "1975-05-01T00:00:00.000Z");
  CHECK(read("yyMM", "207505") == "-");
}

TEST_CASE("the text's offset or zone wins over the option") {
  const Reading berlin{.timezone = "Europe/Berlin"};
  CHECK(read("yyyy-MM-dd HH:mm", "2026-07-01 12:00", berlin) == "2026-07-01T10:00:00.000Z");
  CHECK(read("yyyy-MM-dd HH:mm Z", "2026-07-01 12:00 +00:00", berlin) == "2026-07-01T12:00:00.000Z");
  CHECK(read("yyyy-MM-dd HH:mmZ", "2026-07-01 12:00z", berlin) == "2026-07-01T12:00:00.000Z");
  CHECK(read("yyyy-MM-dd HH:mm Z", "2026-07-01 12:00 -05", berlin) == "2026-07-01T17:00:00.000Z");
  CHECK(read("yyyy-MM-dd HH:mm Z", "2026-07-01 12:00 -5", berlin) == "-");
  CHECK(read("yyyy-MM-dd HH:mm z", "2026-07-01 12:00 PDT", berlin) == "2026-07-01T19:00:00.000Z");
  CHECK(read("yyyy-MM-dd HH:mm z", "2026-07-01 12:00 CEST", berlin) == "-");
  CHECK(read("yyyy-MM-dd HH:mm ZZZ", "2026-07-01 12:00 Asia/Kolkata", berlin) == "2026-07-01T06:30:00.000Z");
  CHECK(read("ZZZ yyyy-MM-dd HH:mm", "America/North_Dakota/Center 2026-07-01 12:00") ==
        "2026-07-01T17:00:00.000Z");
}

TEST_CASE("a time that no clock showed is refused, of one shown twice the first is taken") {
  const Reading berlin{.timezone = "Europe/Berlin"};
  CHECK(read("yyyy-MM-dd HH:mm", "2026-03-29 02:30", berlin) == "-");
  CHECK(read("yyyy-MM-dd HH:mm", "2026-03-29 03:00", berlin) == "2026-03-29T01:00:00.000Z");
  CHECK(read("yyyy-MM-dd HH:mm", "2026-10-25 02:30", berlin) == "2026-10-25T00:30:00.000Z");
  CHECK(read("yyyy-MM-dd HH:mm", "2026-10-25 03:00", berlin) == "2026-10-25T02:00:00.000Z");
}

TEST_CASE("a text without a year is put near now") {
  const char* const pattern = "MMM dd HH:mm:ss";
  CHECK(read(pattern, "Jun 14 02:03:04") == "2026-06-14T02:03:04.000Z");
  CHECK(read(pattern, "Dec 31 23:59:59", {.now = "2026-01-01T00:00:10Z"}) == "2025-12-31T23:59:59.000Z");
  CHECK(read(pattern, "Jan 01 00:00:01", {.now = "2026-12-31T23:59:59Z"}) == "2027-01-01T00:00:01.000Z");
  CHECK(read(pattern, "Feb 29 12:00:00") == "2026-02-28T12:00:00.000Z");
  CHECK(read(pattern, "Feb 29 12:00:00", {.now = "2028-03-01T00:00:00Z"}) == "2028-02-29T12:00:00.000Z");
  CHECK(read(pattern, "Jul 01 12:00:00", {.timezone = "Europe/Berlin"}) == "2026-07-01T10:00:00.000Z");
  CHECK(read("MMM dd HH:mm:ss Z", "Jul 01 12:00:00 +0000", {.timezone = "Europe/Berlin"}) ==
        "2026-07-01T12:00:00.000Z");
}

TEST_CASE("a weekday that contradicts the date moves it within its week") {
  CHECK(read("EEE yyyy-MM-dd", "Sat 2026-11-21") == "2026-11-21T00:00:00.000Z");
  CHECK(read("EEE yyyy-MM-dd", "Mon 2026-11-21") == "2026-11-16T00:00:00.000Z");
  CHECK(read("EEE yyyy-MM-dd", "Sun 2026-11-21") == "2026-11-22T00:00:00.000Z");
}

TEST_CASE("weeks, days of the year and fields that come twice follow Joda-Time's order") {
  CHECK(read("yyyy-DDD", "2026-325") == "2026-11-21T00:00:00.000Z");
  CHECK(read("yyyy-DDD", "2026-366") == "-");
  CHECK(read("yyyy-MM-dd HH:mm G", "2026-11-21 10:11 AD") == "2026-11-21T10:11:00.000Z");
  CHECK(read("yyyy HH:mm HH", "2026 10:11 12") == "2026-01-01T12:11:00.000Z");
  CHECK(read("yyyy xxxx-'W'ww-e", "2026 2026-W47-6") == "2026-11-21T00:00:00.000Z");
  CHECK(read("yyyy xxxx-'W'ww-e", "2026 2026-W54-6") == "-");
}

TEST_CASE("fractions are cut to milliseconds") {
  CHECK(read("yyyy ss.SSSSSSSSS", "2026 07.123999999") == "2026-01-01T00:00:07.123Z");
  CHECK(read("yyyy ss.SSS", "2026 07.5") == "2026-01-01T00:00:07.500Z");
  CHECK(read("yyyy ss.SSS", "2026 07.1234") == "-");
}

TEST_CASE("words of other languages") {
  CHECK(read("dd MMMM yyyy", "04 août 2026", {.locale = "fr"}) == "2026-08-04T00:00:00.000Z");
  CHECK(read("dd MMMM yyyy", "04 AOÛT 2026", {.locale = "fr"}) == "2026-08-04T00:00:00.000Z");
  CHECK(read("dd MMM yyyy", "04 janv. 2026", {.locale = "fr-FR"}) == "2026-01-04T00:00:00.000Z");
  CHECK(read("dd MMMM yyyy", "04 August 2026", {.locale = "fr"}) == "-");
  CHECK(read("EEEE dd MMMM yyyy", "sábado 21 novembro 2026", {.locale = "pt_BR"}) ==
        "2026-11-21T00:00:00.000Z");
  CHECK(read("dd MMMM yyyy", "01 März 2026", {.locale = "de_DE.UTF-8"}) == "2026-03-01T00:00:00.000Z");
  CHECK_FALSE(DateFormat::compile("yyyy", {.timezone = "UTC", .locale = "!"}).ok());
}

TEST_CASE("ISO8601 takes what Joda-Time's parser takes and dates with a space") {
  const auto zone = *find_timezone("Europe/Berlin");
  const auto iso = [&](std::string_view text) { return shown(parse_iso8601(text, *zone)); };
  CHECK(iso("2026-11-21T02:53:47.687Z") == "2026-11-21T02:53:47.687Z");
  CHECK(iso("2026-11-21t02:53:47,687999z") == "2026-11-21T02:53:47.687Z");
  CHECK(iso("2026-11-21T02:53:47+01:30") == "2026-11-21T01:23:47.000Z");
  CHECK(iso("2026-11-21T02:53:47") == "2026-11-21T01:53:47.000Z");
  CHECK(iso("2024-02-29T02:53:47.687Z") == "2024-02-29T02:53:47.687Z");
  CHECK(iso("2026-12-31T02:53:47.687Z") == "2026-12-31T02:53:47.687Z");
  CHECK(iso("2026-11-21") == "2026-11-20T23:00:00.000Z");
  CHECK(iso("2026") == "2025-12-31T23:00:00.000Z");
  CHECK(iso("2026-11") == "2026-10-31T23:00:00.000Z");
  CHECK(iso("2026-325T12Z") == "2026-11-21T12:00:00.000Z");
  CHECK(iso("2026-W47-6T12:30Z") == "2026-11-21T12:30:00.000Z");
  CHECK(iso("2026-11-21T12.5Z") == "2026-11-21T12:30:00.000Z");
  CHECK(iso("2026-11-21T12:30.5Z") == "2026-11-21T12:30:30.000Z");
  CHECK(iso("T12:30Z") == "1970-01-01T12:30:00.000Z");
  CHECK(iso("2026-1-2T3:4:5Z") == "2026-01-02T03:04:05.000Z");
  CHECK(iso("2026-11-21 02:53:47.687") == "2026-11-21T01:53:47.687Z");
  CHECK(iso("2026-11-21 02:53:47,6+0000") == "2026-11-21T02:53:47.600Z");
  for (const char* bad :
       {"", "x", "2026-11-21 02:53:47", "2026-11-21 02:53:47.6871", "2026-11-21T24:00:00Z", "2026-02-29",
        "2026-02-29T02:53:47Z", "2026-04-31T02:53:47Z", "2026-11-00T02:53:47Z", "2026-00-01T02:53:47Z",
        "2026-11-21T02:53:47.Z", "2026-11-21T02:53:60Z", "2026-03-29T02:30:00", "2026-11-21T02:53:47Z ",
        "2026-W54", "20261121T025347Z"})
    CHECK_MESSAGE(iso(bad) == "-", bad);
}

TEST_CASE("UNIX and UNIX_MS read texts and numbers") {
  CHECK(read("UNIX", "1350414944") == "2012-10-16T19:15:44.000Z");
  CHECK(read("UNIX", "1350414944.12") == "2012-10-16T19:15:44.120Z");
  CHECK(read("UNIX", "+5") == "1970-01-01T00:00:05.000Z");
  for (const char* bad : {"", ".5", "5.", "1 ", "1e9", "2147483648", "1.x"})
    CHECK_MESSAGE(read("UNIX", bad) == "-", bad);
  CHECK(read("UNIX_MS", "-1") == "1969-12-31T23:59:59.999Z");
  CHECK(read("UNIX_MS", "1.5") == "-");
  const auto seconds = DateFormat::compile("UNIX");
  const auto millis = DateFormat::compile("UNIX_MS");
  const auto words = DateFormat::compile("yyyy");
  CHECK(shown(seconds->parse(int64_t{1350414944})) == "2012-10-16T19:15:44.000Z");
  CHECK(shown(seconds->parse(1350414944.25)) == "2012-10-16T19:15:44.250Z");
  CHECK(shown(seconds->parse(int64_t{2147483648})) == "-");
  CHECK(shown(millis->parse(12.9)) == "1970-01-01T00:00:00.012Z");
  CHECK(shown(words->parse(int64_t{2026})) == "-");
}

TEST_CASE("TAI64N labels lose ten seconds, with and without @") {
  CHECK(read("TAI64N", "@4000000050d506482dbdf024") == "2012-12-22T01:00:46.767Z");
  CHECK(read("TAI64N", "4000000050d506482dbdf024") == "2012-12-22T01:00:46.767Z");
  CHECK(read("TAI64N", "@4000000050d50648") == "-");
  CHECK(read("TAI64N", "@400000005zd506482dbdf024") == "-");
}

TEST_CASE("a format that cannot work is refused with what is wrong") {
  const auto letter = DateFormat::compile("yyyy-MM-ddTHH:mm", {.timezone = "UTC"});
  REQUIRE_FALSE(letter.ok());
  CHECK(letter.message().find("\"T\"") != std::string::npos);
  CHECK_FALSE(DateFormat::compile("", {.timezone = "UTC"}).ok());
  CHECK(DateFormat::compile("yyyy 'open", {.timezone = "UTC"}).ok());
  CHECK(read("yyyy 'open", "2026 open") == "2026-01-01T00:00:00.000Z");
  const auto zone = DateFormat::compile("yyyy", {.timezone = "Europe/Berln"});
  REQUIRE_FALSE(zone.ok());
  CHECK(zone.message().find("Europe/Berlin") != std::string::npos);
  const auto writes_only = JodaPattern::compile("yyyy zzzz");
  REQUIRE(writes_only.ok());
  CHECK_FALSE(writes_only->can_parse());
}

TEST_CASE("a zone that comes with the event replaces the option") {
  const auto format = DateFormat::compile("yyyy-MM-dd HH:mm", {.timezone = "%{zone}"});
  REQUIRE(format.ok());
  CHECK(shown(format->parse("2026-07-01 12:00", lookup_timezone("Asia/Tokyo"), 0)) ==
        "2026-07-01T03:00:00.000Z");
  CHECK(lookup_timezone("%{zone}") == nullptr);
}

namespace {

// What a reader that remembers `first` makes of `second` without the format; "-" when it leaves it.
std::string read_after(const char* format, std::string_view first, std::string_view second,
                       const Reading& how = {}) {
  const auto compiled = DateFormat::compile(format, {.timezone = how.timezone, .locale = how.locale});
  REQUIRE_MESSAGE(compiled.ok(), compiled.message());
  ClockDigits clock;
  const auto nanos = compiled.value().parse(first, nullptr, at(how.now), &clock);
  REQUIRE(nanos);
  LastTime last;
  last.set(first, *nanos, clock);
  int64_t again = 0, known = 0;
  REQUIRE((last.read(first, again) && again == *nanos));
  if (!last.read(second, known)) return "-";
  CHECK(shown(known) == read(format, second, how));
  return shown(known);
}

}  // namespace

TEST_CASE("another time of the same day is read from the last text's day") {
  const char* const apache = "dd/MMM/yyyy:HH:mm:ss Z";
  CHECK(read_after(apache, "21/Nov/2026:03:05:16 +0200", "21/Nov/2026:00:59:07 +0200") ==
        "2026-11-20T22:59:07.000Z");
  CHECK(read_after("yyyy-MM-dd HH:mm:ss,SSS", "2026-11-21 03:05:16,123", "2026-11-21 23:59:59,999") ==
        "2026-11-21T23:59:59.999Z");
  CHECK(read_after("yyyyMMddHHmmss", "20261121030516", "20261121235900") == "2026-11-21T23:59:00.000Z");
  CHECK(read_after("d/M/yyyy H:m:s", "1/2/2026 10:20:30", "1/2/2026 11:22:33") == "2026-02-01T11:22:33.000Z");
  // Another day, another offset, another length, no time of day.
  for (const char* other :
       {"22/Nov/2026:03:05:16 +0200", "21/Nov/2026:03:05:16 +0300", "21/Nov/2026:03:05:16 +02000",
        "21/Nov/2026:24:05:16 +0200", "21/Nov/2026:03:60:16 +0200", "21/Nov/2026:03:05:60 +0200",
        "21/Nov/2026:3 :05:16 +0200", "21/Nov/2026:03:05:1\xff +0200", "21/Nov/2026:03-05:16 +0200"})
    CHECK(read_after(apache, "21/Nov/2026:03:05:16 +0200", other) == "-");
}

TEST_CASE("a time of day is read anew where the day alone does not say what it means") {
  const Reading berlin{.timezone = "Europe/Berlin"};
  CHECK(read_after("yyyy-MM-dd HH:mm:ss", "2026-03-29 01:00:00", "2026-03-29 04:00:00", berlin) == "-");
  CHECK(read_after("MMM dd HH:mm:ss", "Nov 21 03:05:16", "Nov 21 03:05:17") == "-");
  CHECK(read_after("yyyy-MM-dd hh:mm:ss a", "2026-03-29 01:00:00 PM", "2026-03-29 02:00:00 PM") == "-");
  CHECK(read_after("yyyy-MM-dd H:mm:ss", "2026-03-29 1:00:00", "2026-03-29 2:00:00") == "-");
  CHECK(read_after("yyyy-MM-dd HH:mm:ss,SS", "2026-11-21 03:05:16,12", "2026-11-21 03:05:16,13") == "-");
  CHECK(read_after("ISO8601", "2026-11-21T03:05:16Z", "2026-11-21T03:05:17Z") == "-");
  // The first and the last day that 64 bits hold nanoseconds of are no whole days.
  CHECK(read_after("yyyy-MM-dd HH:mm:ss", "2262-04-11 23:00:00", "2262-04-11 23:59:59") == "-");
  CHECK(read_after("yyyy-MM-dd HH:mm:ss", "1677-09-21 01:00:00", "1677-09-21 00:00:00") == "-");
}

TEST_CASE("an event's @timestamp") {
  const auto* zone = *find_timezone("America/New_York");
  const auto event = [&](std::string_view text) { return shown(parse_event_timestamp(text, *zone)); };
  CHECK(event("2026-11-21T02:53:47.687Z") == "2026-11-21T02:53:47.687Z");
  CHECK(event("2026-11-21T02:53:47.123456789+01") == "2026-11-21T01:53:47.123456789Z");
  CHECK(event("2026-11-21t02:53z") == "2026-11-21T02:53:00.000Z");
  CHECK(event("2026-11-21T02:53:47.1-0830") == "2026-11-21T11:23:47.100Z");
  CHECK(event("2026-11-21") == "2026-11-21T05:00:00.000Z");
  CHECK(event("2026-03-08T02:30:00") == "2026-03-08T07:30:00.000Z");  // inside a gap: moved on
  CHECK(event("2026-12-31T24:00:00Z") == "2027-01-01T00:00:00.000Z");
  CHECK(event("2026-02-31T01:00:00Z") == "2026-02-28T01:00:00.000Z");
  for (const char* bad : {"", "2026", "2026-11", "2026-11-21 02:53:47Z", "2026-11-21T02:53:47,1Z",
                          "2026-11-21T24:00:01Z", "2026-02-32", "2026-13-01", "2026-11-21T02:53:60Z",
                          "2026-11-21T02", "2026-11-21T02:53:47.1234567890Z", "20261121T025347Z", "2026-325",
                          "2026-W47-6", "2026-11-21T02:53:47+1", "2026-11-21T02:53:47+19:00", "now"})
    CHECK_MESSAGE(event(bad) == "-", bad);
}
