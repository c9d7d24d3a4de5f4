#include <doctest/doctest.h>

#include "match/iso8601.hpp"
#include "match/timezone.hpp"
#include "match/timezone_file.hpp"

using namespace sluice;
using namespace sluice::match;

namespace {

int64_t at(const char* text) { return *parse_event_timestamp(text, utc_zone()) / 1000000000; }

}  // namespace

TEST_CASE("zones by name and by offset") {
  CHECK((*find_timezone("UTC"))->offset_at(0) == 0);
  CHECK((*find_timezone("+02:00"))->offset_at(0) == 7200);
  CHECK((*find_timezone("-0330"))->id() == "-03:30");
  CHECK((*find_timezone("+05"))->fixed());
  CHECK((*find_timezone("+00:00"))->id() == "UTC");
  CHECK((*find_timezone("Europe/Berlin"))->offset_at(at("2026-07-01T00:00:00Z")) == 7200);
  CHECK((*find_timezone("EST5EDT"))->offset_at(at("2026-07-01T00:00:00Z")) == -4 * 3600);
  CHECK((*find_timezone("EST"))->offset_at(at("2026-07-01T00:00:00Z")) == -5 * 3600);
  CHECK(lookup_timezone("Europe/Berlin") == *find_timezone("Europe/Berlin"));
}

TEST_CASE("what is no zone is refused, with the name it may have meant") {
  for (const char* bad : {"", "Mars/Phobos", "+2:00", "+24:00", "../../../etc/passwd", "/etc/localtime",
                          "right/UTC", "zone.tab", "Europe", "europe/berlin x"})
    CHECK_MESSAGE(lookup_timezone(bad) == nullptr, bad);
  const auto near = find_timezone("America/NewYork");
  REQUIRE_FALSE(near.ok());
  CHECK(near.message().find("did you mean \"America/New_York\"") != std::string::npos);
  CHECK(find_timezone("Mars/Phobos").message().find("+02:00") != std::string::npos);
}

TEST_CASE("the rule behind a zone file's table holds for all later years") {
  const auto* berlin = *find_timezone("Europe/Berlin");
  CHECK(berlin->offset_at(at("2099-07-01T00:00:00Z")) == 7200);
  CHECK(berlin->offset_at(at("2099-12-01T00:00:00Z")) == 3600);
  CHECK(berlin->abbreviation(berlin->period_at(at("2099-07-01T00:00:00Z"))) == "CEST");
}

TEST_CASE("local times in gaps and overlaps") {
  const auto* york = *find_timezone("America/New_York");
  int64_t utc = 0;
  CHECK_FALSE(york->to_utc(at("2026-03-08T02:30:00Z"), utc));
  CHECK(york->to_utc_lenient(at("2026-03-08T02:30:00Z")) == at("2026-03-08T07:30:00Z"));
  REQUIRE(york->to_utc(at("2026-11-01T01:30:00Z"), utc));
  CHECK(utc == at("2026-11-01T05:30:00Z"));
  // the answer does not depend on what was asked before
  REQUIRE(york->to_utc(at("2026-12-01T00:00:00Z"), utc));
  REQUIRE(york->to_utc(at("2026-11-01T01:30:00Z"), utc));
  CHECK(utc == at("2026-11-01T05:30:00Z"));
  REQUIRE(york->to_utc(at("2026-11-01T02:00:00Z"), utc));
  CHECK(utc == at("2026-11-01T07:00:00Z"));
}

TEST_CASE("POSIX rules as the variable TZ may have them") {
  const auto zone = ZoneBuilder::from_rule("x", "CET-1CEST,M3.5.0,M10.5.0/3");
  REQUIRE(zone != nullptr);
  CHECK(zone->offset_at(at("2026-03-29T00:59:59Z")) == 3600);
  CHECK(zone->offset_at(at("2026-03-29T01:00:00Z")) == 7200);
  CHECK(zone->offset_at(at("2026-10-25T01:00:00Z")) == 3600);
  const auto south = ZoneBuilder::from_rule("x", "<-03>3<-02>,M10.3.0/0,M2.4.0/0");
  REQUIRE(south != nullptr);
  CHECK(south->offset_at(at("2026-01-01T00:00:00Z")) == -2 * 3600);
  CHECK(south->offset_at(at("2026-06-01T00:00:00Z")) == -3 * 3600);
  CHECK(ZoneBuilder::from_rule("x", "EST5EDT,J60,J300")->offset_at(at("2026-06-01T00:00:00Z")) == -4 * 3600);
  for (const char* bad : {"", "X", "CET", "CET-1CEST,M13.1.0,M10.5.0", "CET-1CEST,M3.5.0"})
    CHECK_MESSAGE(ZoneBuilder::from_rule("x", bad) == nullptr, bad);
}

TEST_CASE("damaged zone files are refused") {
  const auto bytes = read_zone_file(zoneinfo_folder() + "/Europe/Berlin");
  REQUIRE(bytes.has_value());
  CHECK(ZoneBuilder::from_tzif("x", *bytes) != nullptr);
  for (size_t size = 0; size < bytes->size(); size += 7) {
    std::string damaged = bytes->substr(0, size);
    ZoneBuilder::from_tzif("x", damaged);  // may be a zone without its rule, must not read outside
    damaged.resize(bytes->size(), '\xff');
    ZoneBuilder::from_tzif("x", damaged);
  }
  CHECK(ZoneBuilder::from_tzif("x", "TZif2") == nullptr);
  // one transition at the begin of time, then a rule: the rule is not followed for milliards of years
  std::string header = "TZif2";
  header.resize(44, '\0');
  const auto block = [&](char times) {
    std::string h = header;
    h[35] = times, h[39] = 1, h[43] = 4;
    return h;
  };
  const std::string type("\0\0\x0e\x10\0\0CET\0", 10);
  const std::string early("\xf8\0\0\0\0\0\0\1", 8);
  const auto zone = ZoneBuilder::from_tzif("x", block(0) + type + block(1) + early + std::string(1, '\0') +
                                                    type + "\nCET-1CEST,M3.5.0,M10.5.0/3\n");
  REQUIRE(zone != nullptr);
  CHECK(zone->offset_at(at("2026-07-01T00:00:00Z")) == 7200);
}

TEST_CASE("the longest zone name at the start of a text") {
  CHECK(longest_timezone_prefix("Europe/Berlin 12:00") == "Europe/Berlin");
  CHECK(longest_timezone_prefix("America/Argentina/Ushuaia]") == "America/Argentina/Ushuaia");
  CHECK(longest_timezone_prefix("EST5EDTx") == "EST5EDT");
  CHECK(longest_timezone_prefix("ESTx") == "EST");
  CHECK(longest_timezone_prefix("nowhere").empty());
}
