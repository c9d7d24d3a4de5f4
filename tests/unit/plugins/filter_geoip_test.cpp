#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "filter_fixture.hpp"
#include "input_harness.hpp"
#include "plugins/geo/database.hpp"
#include "small_mmdb.hpp"

namespace sluice::plugins {

extern const plugin::Spec filter_geoip;

namespace fixture {
namespace {

constexpr uint32_t address(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

MmdbValue place(const char* name, double lat, double lon) {
  using V = MmdbValue;
  return V::map(
      {{"city", V::map({{"names", V::map({{"en", V::text(name)}})}})},
       {"country", V::map({{"iso_code", V::text("DE")}, {"names", V::map({{"en", V::text("Germany")}})}})},
       {"location", V::map({{"latitude", V::number(lat)}, {"longitude", V::number(lon)}})}});
}

/// A folder with a database of two networks; removed at the end.
struct Databases {
  std::filesystem::path folder;
  Databases() {
    char name[] = "/tmp/geoip-test-XXXXXX";
    folder = mkdtemp(name);
    write_city("Berlin");
  }
  ~Databases() { std::filesystem::remove_all(folder); }
  void write_city(const char* first) const {
    const auto fresh = path() + ".new";
    write_mmdb(fresh, "GeoLite2-City",
               {{address(192, 0, 2, 0), 24, place(first, 52.5, 13.4)},
                {address(198, 51, 100, 128), 25, place("Bonn", 50.7, 7.1)}});
    std::filesystem::rename(fresh, path());
  }
  [[nodiscard]] std::string path() const { return folder / "city.mmdb"; }
};

/// A geoip filter that has been started.
struct Geo {
  explicit Geo(const std::string& options, std::string_view ecs = "disabled") {
    auto& registry = plugin::Registry::get();
    if (!registry.find(plugin::Kind::filter, "geoip")) registry.add(filter_geoip);
    filter = std::make_unique<TestFilter>("geoip { " + options + " }", ecs);
    if (!filter->built.plugin) return;
    plugin::Refuser refuser("geoip", "geo", "test.conf:1:1", nullptr, refused, filter->metrics);
    plugin::Start start{engine, filter->metrics, "geo", refuser};
    started = filter->built.plugin->start(start);
  }
  sluice::test::TestEngine engine;
  plugin::Counter refused;
  std::unique_ptr<TestFilter> filter;
  Status started;
};

TEST_CASE("geoip: an address becomes a place, in both layouts") {
  const Databases databases;
  const auto database = "database => \"" + databases.path() + "\" ";
  Geo legacy("source => ip " + database + "fields => [city_name, ip, location]");
  REQUIRE(legacy.started.ok());
  CHECK(
      legacy.filter->one(R"({"ip":"192.0.2.7"})") ==
      R"({"ip":"192.0.2.7","geoip":{"city_name":"Berlin","ip":"192.0.2.7","location":{"lat":52.5,"lon":13.4}}})");
  Geo ecs("source => '[client][ip]' " + database + "fields => [city_name, location]", "v8");
  CHECK(ecs.filter->one(R"({"client":{"ip":"198.51.100.200"}})") ==
        R"({"client":{"ip":"198.51.100.200","geo":{"city_name":"Bonn","location":{"lat":50.7,"lon":7.1}}}})");
}

TEST_CASE("geoip: what stands at the target already stays, in any order of events") {
  const Databases databases;
  Geo geo("source => ip fields => [city_name, ip, location] database => \"" + databases.path() + "\"");
  const std::string place = R"("city_name":"Berlin","ip":"192.0.2.7","location":{"lat":52.5,"lon":13.4}})";
  for (int i = 0; i < 2; ++i) {
    CHECK(geo.filter->one(R"({"ip":"192.0.2.7"})") == R"({"ip":"192.0.2.7","geoip":{)" + place + "}");
    CHECK(geo.filter->one(R"({"geoip":null,"ip":"192.0.2.7"})") ==
          R"({"geoip":{)" + place + R"(,"ip":"192.0.2.7"})");
    CHECK(geo.filter->one(R"({"geoip":{"a":1},"ip":"192.0.2.7"})") ==
          R"({"geoip":{"a":1,)" + place + R"(,"ip":"192.0.2.7"})");
    CHECK(geo.filter->one(R"({"geoip":{"ip":0},"ip":"192.0.2.8"})") ==
          R"({"geoip":{"ip":"192.0.2.8","city_name":"Berlin","location":{"lat":52.5,"lon":13.4}},)"
          R"("ip":"192.0.2.8"})");
    CHECK(geo.filter->one(R"({"geoip":"text","ip":"192.0.2.7"})") == R"({"geoip":"text","ip":"192.0.2.7"})");
    // Another address of the same record.
    CHECK(geo.filter->one(R"({"ip":"192.0.2.9"})").find(R"("ip":"192.0.2.9","location")") !=
          std::string::npos);
  }
  Geo nested("source => ip target => '[a][b]' fields => [city_name] database => \"" + databases.path() +
             "\"");
  for (int i = 0; i < 2; ++i) {
    CHECK(nested.filter->one(R"({"ip":"192.0.2.7"})") ==
          R"({"ip":"192.0.2.7","a":{"b":{"city_name":"Berlin"}}})");
    CHECK(nested.filter->one(R"({"a":1,"ip":"192.0.2.7"})") == R"({"a":1,"ip":"192.0.2.7"})");
  }
}

TEST_CASE("geoip: the short way to an IPv4 address ends where the long one does") {
  const Databases databases;
  const auto one = MmdbValue::text("one"), two = MmdbValue::text("two");
  for (const uint16_t version : {4, 6}) {
    write_mmdb(databases.path(), "GeoLite2-City",
               {{address(1, 0, 0, 0), 8, one},
                {address(2, 3, 0, 0), 16, two},
                {address(192, 0, 2, 0), 24, one},
                {address(192, 0, 3, 7), 32, two}},
               version);
    const auto opened = geo::Database::open(databases.path());
    REQUIRE(opened.ok());
    const auto& database = **opened;
    for (const char* text : {"1.0.0.0", "1.255.255.255", "2.3.4.5", "2.4.0.0", "0.0.0.0", "192.0.2.255",
                             "192.0.3.7", "192.0.3.6", "255.255.255.255"}) {
      CAPTURE(text);
      std::string canonical;
      geo::Found found;
      REQUIRE(database.lookup_ipv4(text, found));
      const auto slow = database.lookup(text, canonical);
      CHECK(canonical == text);
      CHECK(found.found == slow.found);
      if (!found.found) continue;
      CHECK(found.offset == slow.offset);
      CHECK(found.prefix == slow.prefix);
    }
    for (const char* text :
         {"", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "01.2.3.4", "00.0.0.0", "256.1.1.1",
          "1.2.3.4 ", "1.2.3.x", "::1", "::ffff:1.2.3.4", "1.2.3.4294967300"}) {
      CAPTURE(text);
      geo::Found found;
      CHECK_FALSE(database.lookup_ipv4(text, found));
    }
  }
}

TEST_CASE("geoip: an address without a place is tagged") {
  const Databases databases;
  Geo geo("source => ip database => \"" + databases.path() + "\"");
  CHECK(geo.filter->one(R"({"ip":"203.0.113.1"})") ==
        R"({"ip":"203.0.113.1","geoip":{},"tags":["_geoip_lookup_failure"]})");
  CHECK(geo.filter->one(R"({"ip":"no address"})").ends_with(R"("tags":["_geoip_lookup_failure"]})"));
  CHECK(geo.filter->one(R"({"ip":" "})") == R"({"ip":" ","tags":["_geoip_lookup_failure"]})");
}

TEST_CASE("geoip: a field that the database's type does not have is not found in it") {
  const Databases databases;
  const auto database = "database => \"" + databases.path() + "\" ";
  Geo owner("source => ip fields => [network, isp] " + database);
  CHECK(owner.filter->one(R"({"ip":"192.0.2.7"})") ==
        R"({"ip":"192.0.2.7","geoip":{},"tags":["_geoip_lookup_failure"]})");
  // One that the ECS layout leaves out is found and not set.
  Geo code("source => '[client][ip]' fields => [country_code3] " + database, "v8");
  CHECK(code.filter->one(R"({"client":{"ip":"192.0.2.7"}})") == R"({"client":{"ip":"192.0.2.7"}})");
  Geo other("source => ip target => host fields => [country_code3] " + database, "v8");
  CHECK(other.filter->one(R"({"ip":"192.0.2.7"})") == R"({"ip":"192.0.2.7","host":{}})");
}

TEST_CASE("geoip: of several regions the most specific one counts") {
  using V = MmdbValue;
  const Databases databases;
  const auto region = [](const char* code, const char* name) {
    return V::map({{"iso_code", V::text(code)}, {"names", V::map({{"en", V::text(name)}})}});
  };
  write_mmdb(
      databases.path(), "GeoIP2-City",
      {{address(192, 0, 2, 0), 24,
        V::map({{"country", V::map({{"iso_code", V::text("GB")}})},
                {"location", V::map({{"latitude", V::number(51)}, {"longitude", V::number(-1)}})},
                {"subdivisions", V::list({region("ENG", "England"), region("WBK", "West Berkshire")})}})}});
  Geo geo("source => ip fields => [region_name, region_iso_code] database => \"" + databases.path() + "\"");
  CHECK(geo.filter->one(R"({"ip":"192.0.2.7"})") ==
        R"({"ip":"192.0.2.7","geoip":{"region_name":"West Berkshire","region_iso_code":"GB-WBK"}})");
}

TEST_CASE("geoip: the network of an address, and the owner of it") {
  using V = MmdbValue;
  const Databases databases;
  write_mmdb(
      databases.path(), "GeoLite2-ASN",
      {{address(198, 51, 100, 128), 25, V::map({{"autonomous_system_organization", V::text("Example")}})}});
  Geo geo("source => ip fields => [autonomous_system_organization, network] database => \"" +
          databases.path() + "\"");
  CHECK(geo.filter->one(R"({"ip":"198.51.100.200"})") ==
        R"({"ip":"198.51.100.200","geoip":{"as_org":"Example","network":"198.51.100.128/25"}})");
}

TEST_CASE("geoip: a database of a type that is not known gives a failure") {
  const Databases databases;
  write_mmdb(databases.path(), "GeoIP2-Connection-Type",
             {{address(192, 0, 2, 0), 24, MmdbValue::map({{"connection_type", MmdbValue::text("Dialup")}})}});
  Geo geo("source => ip database => \"" + databases.path() + "\"");
  REQUIRE(geo.started.ok());
  CHECK(geo.filter->one(R"({"ip":"192.0.2.7"})").ends_with(R"("tags":["_geoip_lookup_failure"]})"));
}

TEST_CASE("geoip: a remembered answer is given again, and forgotten ones are looked up anew") {
  const Databases databases;
  Geo geo("source => ip cache_size => 1 fields => [city_name] database => \"" + databases.path() + "\"");
  for (int i = 0; i < 3; ++i) {
    CHECK(geo.filter->one(R"({"ip":"192.0.2.7"})") == R"({"ip":"192.0.2.7","geoip":{"city_name":"Berlin"}})");
    CHECK(geo.filter->one(R"({"ip":"198.51.100.129"})") ==
          R"({"ip":"198.51.100.129","geoip":{"city_name":"Bonn"}})");
  }
}

TEST_CASE("geoip: a database that is replaced is read anew") {
  const Databases databases;
  auto opened = geo::Database::open(databases.path());
  REQUIRE(opened.ok());
  CHECK_FALSE((*opened)->stale());
  databases.write_city("Potsdam");
  CHECK((*opened)->stale());
  auto fresh = geo::Database::open(databases.path());
  REQUIRE(fresh.ok());
  CHECK((*fresh)->kind() == geo::DatabaseKind::city);
}

TEST_CASE("geoip: what cannot work is refused with what to do") {
  const Databases databases;
  CHECK(Geo("source => ip database => '/no/such/file.mmdb'").filter->code() == "E0305");
  CHECK(Geo("source => ip fields => [city_nam] database => \"" + databases.path() + "\"").filter->code() ==
        "E0306");
  CHECK(Geo("source => ip database => \"" + databases.path() + "\"", "v8").filter->code() == "E0308");
  const auto text = (databases.folder / "text.mmdb").string();
  std::ofstream(text) << "not a database";
  CHECK(Geo("source => ip database => \"" + text + "\"").filter->code() == "E0305");
}

}  // namespace
}  // namespace fixture
}  // namespace sluice::plugins
