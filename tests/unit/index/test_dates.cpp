#include <doctest/doctest.h>

#include "index/dates.hpp"

using namespace sluice::index;

namespace {

int64_t millis(std::string_view text) {
  const auto at = parse_date(text, DateFormats{});
  REQUIRE(at);
  return *at;
}

}  // namespace

TEST_CASE("a wall-clock reading in a region is one moment, also where the clocks change") {
  const auto berlin = Zone::parse("Europe/Berlin");
  REQUIRE(berlin);
  CHECK(berlin->to_utc(millis("2024-01-15T12:00:00.250Z")) == millis("2024-01-15T11:00:00.250Z"));
  CHECK(berlin->to_utc(millis("2024-03-31T02:30:00Z")) == millis("2024-03-31T01:00:00Z"));  // does not exist
  CHECK(berlin->to_utc(millis("2024-10-27T02:30:00Z")) == millis("2024-10-27T00:30:00Z"));  // exists twice
}

TEST_CASE("a region's rule holds in the years behind the table of its file") {
  const auto berlin = Zone::parse("Europe/Berlin");
  REQUIRE(berlin);
  CHECK(berlin->offset_at(millis("2098-07-01T00:00:00Z")) == 2 * 3600 * 1000);
  CHECK(berlin->offset_at(millis("2098-12-01T00:00:00Z")) == 1 * 3600 * 1000);
}

TEST_CASE("a zone is a region, an offset or UTC; other texts are none") {
  CHECK(Zone::parse("-05:30")->offset_at(0) == -(5 * 60 + 30) * 60 * 1000);
  CHECK(Zone::parse("UTC")->offset_at(0) == 0);
  CHECK_FALSE(Zone::parse("Europe/Atlantis"));
  CHECK_FALSE(Zone::parse("../../etc/passwd"));
}

TEST_CASE("days have to exist") {
  CHECK(parse_date("2024-02-29", DateFormats{}));
  CHECK_FALSE(parse_date("2023-02-29", DateFormats{}));
  CHECK_FALSE(parse_date("2024-04-31", DateFormats{}));
}

TEST_CASE("date math that leaves the calendar is no date") {
  CHECK(parse_date_math("2024-01-31||+1M", DateFormats{}, 0) == millis("2024-02-29T00:00:00Z"));
  CHECK_FALSE(parse_date_math("now+9223372036854775807y", DateFormats{}, 0));
  CHECK_FALSE(parse_date_math("now-9223372036854775s-9223372036854775s", DateFormats{}, 0));
  CHECK_FALSE(parse_date_math("now+70000000y+70000000y+70000000y", DateFormats{}, 0));
}
