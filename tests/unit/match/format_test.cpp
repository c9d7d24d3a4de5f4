#include <doctest/doctest.h>

#include <string>

#include "match/iso8601.hpp"
#include "match/java_time.hpp"
#include "match/joda.hpp"

using namespace sluice;
using namespace sluice::match;

namespace {

int64_t at(const char* text) { return *parse_event_timestamp(text, utc_zone()); }

constexpr const char* kMoment = "2026-11-21T15:04:05.678Z";

std::string joda(const char* pattern, const char* time = kMoment, const char* zone = "UTC",
                 const char* locale = "en") {
  const auto compiled = JodaPattern::compile(pattern);
  REQUIRE_MESSAGE(compiled.ok(), compiled.message());
  std::string out;
  compiled.value().format(at(time), **find_timezone(zone), **find_locale(locale), out);
  return out;
}

std::string java(const char* pattern, const char* time = kMoment) {
  const auto compiled = JavaTimePattern::compile(pattern);
  REQUIRE_MESSAGE(compiled.ok(), compiled.message());
  std::string out;
  compiled.value().format(at(time), out);
  return out;
}

}  // namespace

TEST_CASE("Joda-Time patterns write") {
  CHECK(joda("YYYY.MM.dd") == "2026.11.21");
  CHECK(joda("yy/M/d H:m:s") == "26/11/21 15:4:5");
  CHECK(joda("EEEE, d. MMMM yyyy G") == "Saturday, 21. November 2026 AD");
  CHECK(joda("xxxx-'W'ww-e D C") == "2026-W47-6 325 20");
  CHECK(joda("xxxx.ww", "2027-01-03T00:00:00Z") == "2026.53");
  CHECK(joda("hh a KK kk", "2026-11-21T00:00:00Z") == "12 AM 00 24");
  CHECK(joda("S SS SSSSSS") == "6 67 678000");
  CHECK(joda("SSSS", "2026-11-21T00:00:00Z") == "0000");
  CHECK(joda("'it''s' yyyy 'o''clock") == "it's 2026 o'clock");
  CHECK(joda("z Z ZZ ZZZ zzzz") == "UTC +0000 +00:00 UTC Coordinated Universal Time");
  CHECK(joda("yyyy.MM.dd HH:mm:ss.SSS", "1969-12-31T23:59:58.001Z") == "1969.12.31 23:59:58.001");
}

TEST_CASE("Joda-Time patterns write in zones and languages") {
  CHECK(joda("HH:mm z Z ZZ ZZZ", kMoment, "Europe/Berlin") == "16:04 CET +0100 +01:00 Europe/Berlin");
  CHECK(joda("HH:mm z ZZ ZZZ", kMoment, "-03:30") == "11:34 -03:30 -03:30 -03:30");
  CHECK(joda("zzzz", "2026-07-01T00:00:00Z", "America/New_York") == "Eastern Daylight Time");
  CHECK(joda("EEEE d MMMM yyyy", kMoment, "UTC", "fr") == "samedi 21 novembre 2026");
  CHECK(joda("EEE d MMM", kMoment, "UTC", "de") == "Sa. 21 Nov.");
}

TEST_CASE("java.time patterns write in UTC") {
  CHECK(java("yyyy-MM-dd'T'HH:mm:ss.SSSX") == "2026-11-21T15:04:05.678Z");
  CHECK(java("uuuu.DDD") == "2026.325");
  CHECK(java("yy M L d") == "26 11 11 21");
  CHECK(java("EEEE EEE EEEEE MMM MMMM MMMMM") == "Saturday Sat S Nov November N");
  CHECK(java("Q QQ QQQ QQQQ") == "4 04 Q4 4th quarter");
  CHECK(java("h K k a B", "2026-11-21T00:30:00Z") == "12 0 24 AM at night");
  CHECK(java("B BBBBB", "2026-11-21T12:00:00Z") == "noon n");
  CHECK(java("n N A", "1970-01-01T00:00:01.000000002Z") == "2 1000000002 1000");
  CHECK(java("SSSSSSSSS") == "678000000");
  CHECK(java("G GGGG y") == "AD Anno Domini 2026");
  CHECK(java("z VV O OOOO x xxx X XXX Z ZZZZ ZZZZZ") == "Z Z GMT GMT +00 +00:00 Z Z +0000 GMT Z");
  CHECK(java("[yyyy][-MM]") == "2026-11");
  CHECK(java("ppH", "2026-11-21T05:00:00Z") == " 5");
}

TEST_CASE("java.time weeks are those of English: from Sunday, with 1 January") {
  CHECK(java("YYYY-'W'ww e", "2021-02-03T00:00:00Z") == "2021-W06 4");
  CHECK(java("YYYY ww", "2026-12-27T00:00:00Z") == "2027 01");
  CHECK(java("YYYY ww", "2026-12-26T00:00:00Z") == "2026 52");
  CHECK(java("W F", "2026-11-01T00:00:00Z") == "1 1");
  CHECK(java("W F", "2026-11-08T00:00:00Z") == "2 2");
}

TEST_CASE("patterns that java.time does not have are refused") {
  for (const char* bad :
       {"BAD_TIME_NOW", "yyyy'", "yyyy]", "{yyyy}", "T", "VVV", "ddd", "aa", "MMMMMM", "cc", "p", "#"})
    CHECK_MESSAGE(!JavaTimePattern::compile(bad).ok(), bad);
}

TEST_CASE("an event's time is written with as many digits as it needs") {
  const auto text = [](int64_t nanos) {
    char out[kIso8601Size];
    return std::string(out, format_iso8601(nanos, out));
  };
  CHECK(text(0) == "1970-01-01T00:00:00.000Z");
  CHECK(text(123456000) == "1970-01-01T00:00:00.123456Z");
  CHECK(text(123456789) == "1970-01-01T00:00:00.123456789Z");
  CHECK(text(-1000000) == "1969-12-31T23:59:59.999Z");
  CHECK(text(INT64_MAX) == "2262-04-11T23:47:16.854775807Z");
  CHECK(text(INT64_MIN) == "1677-09-21T00:12:43.145224192Z");
}
