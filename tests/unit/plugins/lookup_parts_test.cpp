// The parts of the filters that ask other servers which need no server.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "match/civil.hpp"
#include "plugins/jdbc/answer.hpp"
#include "plugins/jdbc/connection.hpp"
#include "plugins/jdbc/schedule.hpp"
#include "plugins/jdbc/statement.hpp"
#include "plugins/jdbc/target.hpp"
#include "plugins/lookup/request_url.hpp"
#include "plugins/memcache/marshal.hpp"
#include "plugins/memcache/ring.hpp"

using namespace sluice;

namespace {

int64_t utc(int year, int month, int day, int hour = 0, int minute = 0, int second = 0) {
  return match::days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
}

int64_t next(std::string_view schedule, int64_t after) {
  const auto parsed = jdbc::Schedule::parse(schedule);
  REQUIRE_MESSAGE(parsed.ok(), parsed.message());
  return parsed->next(after);
}

std::string rendered(const jdbc::Statement& statement, std::vector<Value> parameters,
                     size_t* bound = nullptr) {
  std::string sql;
  std::vector<Value> values;
  statement.render(parameters, '$', sql, values);
  if (bound) *bound = values.size();
  return sql;
}

}  // namespace

TEST_CASE("a schedule's next time") {
  const int64_t now = utc(2026, 1, 31, 12, 30, 15);  // a Saturday
  CHECK(next("* * * * * UTC", now) == utc(2026, 1, 31, 12, 31));
  CHECK(next("* * * * * * UTC", now) == now + 1);
  CHECK(next("*/20 * * * * UTC", now) == utc(2026, 1, 31, 12, 40));
  CHECK(next("30 12 * * * UTC", now) == utc(2026, 2, 1, 12, 30));
  CHECK(next("0 6 1-5 * mon UTC", now) == utc(2026, 2, 1, 6));  // both restricted: one is enough
  CHECK(next("0 0 * * sun,7 UTC", now) == utc(2026, 2, 1));
  CHECK(next("0 0 29 feb * UTC", now) == utc(2028, 2, 29));
  CHECK(next("0 24 * * * UTC", now) == utc(2026, 2, 1));
  CHECK(next("5/15 10-11 * * * UTC", now) == utc(2026, 2, 1, 10, 5));
  CHECK(next("@hourly UTC", now) == utc(2026, 1, 31, 13));
  CHECK(next("@weekly UTC", now) == utc(2026, 2, 1));
  CHECK(next("0 8 * * * Europe/Berlin", now) == utc(2026, 2, 1, 7));
  CHECK(next("30 2 29 3 * Europe/Berlin", now) ==
        utc(2026, 3, 29, 1, 30));  // a time that this night leaves out
  CHECK(next("0 0 30 2 * UTC", now) == -1);
}

TEST_CASE("schedules that are none") {
  for (const auto* text :
       {"", "* * * *", "60 * * * *", "* 25 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *",
        "5-1 * * * *", "a * * * *", "* * * * * * *", "1,,2 * * * *", "* * * * * Nowhere/City", "- * * * *"})
    CHECK_FALSE(jdbc::Schedule::parse(text).ok());
}

TEST_CASE("placeholders of a statement") {
  const std::string names[] = {"a", "ab"};
  const auto one =
      jdbc::Statement::named("SELECT ':a', \":a\", x::a -- :a\n, /* :a */ :ab + :a + :abc", names);
  CHECK(one.placeholders() == 2);
  CHECK(rendered(one, {Value::integer(1), Value::integer(2)}) ==
        "SELECT ':a', \":a\", x::a -- :a\n, /* :a */ $1 + $2 + :abc");
  CHECK(jdbc::Statement::named("it's :a", names).placeholders() == 0);  // a text without an end
  CHECK(jdbc::Statement::positional("? '?' ?").placeholders() == 2);
  Arena arena;
  auto* list = Array::make(arena);
  size_t bound = 9;
  CHECK(rendered(jdbc::Statement::named("IN :a", names), {Value::array(list)}, &bound) == "IN (NULL)");
  CHECK(bound == 0);
  list->push(arena, Value::integer(1));
  list->push(arena, Value::integer(2));
  CHECK(rendered(jdbc::Statement::named("IN :a", names), {Value::array(list)}, &bound) == "IN ($1, $2)");
  CHECK(bound == 2);
}

TEST_CASE("connection strings") {
  const auto keyword = [](const jdbc::Target& target, std::string_view name) {
    for (const auto& [known, value] : target.keywords)
      if (known == name) return value;
    return std::string("none");
  };
  const auto pg = jdbc::parse_connection_string("jdbc:postgresql://a,[::1]:6000/d%20b?user=me&ssl=true");
  REQUIRE(pg.ok());
  CHECK(keyword(*pg, "host") == "a,::1");
  CHECK(keyword(*pg, "port") == "5432,6000");
  CHECK(keyword(*pg, "dbname") == "d b");
  CHECK(keyword(*pg, "user") == "me");
  CHECK(keyword(*pg, "sslmode") == "verify-full");
  CHECK(jdbc::parse_connection_string("jdbc:sqlite:/x/y.db")->path == "/x/y.db");
  CHECK(jdbc::parse_connection_string("jdbc:sqlite:")->path == ":memory:");
  for (const auto* text : {"", "jdbc:", "jdbc:mysql://h/d", "postgresql://h/d", "jdbc:postgresql://h/d?x=y",
                           "jdbc:sqlite:/x?a=b"})
    CHECK_FALSE(jdbc::parse_connection_string(text).ok());
}

TEST_CASE("a database that lets in and then says nothing is given up in time") {
  // A server of PostgreSQL's protocol that answers `answers` messages behind the greeting.
  const auto serve = [](int listener, int answers) {
    const int peer = ::accept(listener, nullptr, nullptr);
    const auto say = [peer](std::string_view bytes) {
      (void)!::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    };
    char buffer[4096];
    (void)!::recv(peer, buffer, sizeof buffer, 0);
    say(std::string_view("R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I", 15));  // come in; ready
    for (; answers > 0 && ::recv(peer, buffer, sizeof buffer, 0) > 0; --answers)
      say(std::string_view("C\0\0\0\x08SET\0Z\0\0\0\x05I", 15));
    while (::recv(peer, buffer, sizeof buffer, 0) > 0) continue;
    ::close(peer);
  };
  for (const int answers : {0, 1}) {
    CAPTURE(answers);
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener, 5) == 0);
    socklen_t size = sizeof address;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    std::thread server(serve, listener, answers);
    jdbc::Settings settings;
    settings.target = *jdbc::parse_connection_string(
        "jdbc:postgresql://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/d?sslmode=disable");
    settings.user = "u";
    settings.alive_millis = settings.answer_millis = 1000;
    const auto connection = jdbc::make_connection(settings);
    jdbc::Rows rows;
    const auto status = connection->query(jdbc::Statement::positional("SELECT 1"), {}, rows);
    CHECK_FALSE(status.ok());
    CHECK(std::string(status.message()) == "the database has not answered for 1 seconds");
    server.join();
    ::close(listener);
  }
}

TEST_CASE("times and numbers of databases") {
  int64_t nanos = 0;
  CHECK(jdbc::parse_sql_time("2026-01-02 03:04:05.5+02", nanos));
  CHECK(nanos == utc(2026, 1, 2, 1, 4, 5) * 1'000'000'000 + 500'000'000);
  CHECK(jdbc::sql_time(nanos) == "2026-01-02 01:04:05.500000000+00");
  CHECK(jdbc::parse_sql_time("2026-01-02T03:04Z", nanos));
  CHECK(nanos == utc(2026, 1, 2, 3, 4) * 1'000'000'000);
  for (const auto* text : {"", "infinity", "2026-02-30", "2026-01-02 3:04", "2026-01-02 03:04:05.",
                           "2026-01-02 03:04x", "99999-01-01", "2026-01-02 BC", "9999-12-31 00:00:00+00"})
    CHECK_FALSE(jdbc::parse_sql_time(text, nanos));
  Arena arena;
  CHECK(jdbc::sql_number("-5", arena).as_integer() == -5);
  CHECK(jdbc::sql_number("1.50", arena).as_real() == 1.5);
  CHECK(jdbc::sql_number("12345678901234567890.123456", arena).kind() == Value::Kind::decimal);
  CHECK(jdbc::sql_number("NaN", arena).as_text() == "NaN");
}

TEST_CASE("a cache of rows forgets what is old, and what was not used longest") {
  jdbc::RowCache cache(2, 1'000'000'000);
  const auto answer = std::make_shared<const jdbc::Answer>();
  cache.put("a", answer);
  cache.put("b", answer);
  CHECK(cache.get("a").value_or(nullptr) == answer);
  cache.put("c", answer);
  CHECK(cache.get("b").value_or(nullptr) == nullptr);
  CHECK(cache.get("a").value_or(nullptr) == answer);
  jdbc::RowCache short_lived(2, -1);
  short_lived.put("a", answer);
  CHECK(short_lived.get("a").value_or(nullptr) == nullptr);
}

TEST_CASE("URLs of requests") {
  const auto url = [](std::string_view text, std::vector<std::pair<std::string, std::string>> query = {}) {
    const auto made = lookup::request_url(text, query);
    return made.ok() ? *made : "refused";
  };
  CHECK(url("http://a/b?c=d#e") == "http://a/b?c=d");
  CHECK(url("HTTPS://a") == "HTTPS://a");
  CHECK(url("http://a/\xc3\xbc") == "http://a/%C3%BC");
  CHECK(url("http://[::1]:80/x?a[0]=1", {{"k v", "w&"}}) == "http://[::1]:80/x?a[0]=1&k+v=w%26");
  CHECK(url("http://a", {{"k", "v"}}) == "http://a?k=v");
  for (const auto* text : {"", "a/b", "ftp://a", "http://", "http:///x", "http://a/ b", "http://a/%4",
                           "http://a/%{x}", "http://a/[x]", "http://a/\x01"})
    CHECK(url(text) == "refused");
}

TEST_CASE("values in Ruby's form") {
  Arena arena;
  const auto round = [&](const Value& value) {
    std::string bytes;
    Value back;
    REQUIRE(memcache::dump(value, bytes).ok());
    const auto status = memcache::load(bytes, arena, back);
    CHECK_MESSAGE(status.ok(), status.message());
    return equal(value, back);
  };
  for (const int64_t n :
       {0L, 1L, 122L, 123L, 255L, 256L, 65535L, 65536L, 1073741823L, 1073741824L, 4611686018427387904L})
    CHECK((round(Value::integer(n)) && round(Value::integer(-n)) && round(Value::integer(-n - 1))));
  CHECK(round(Value::real(-0.1)));
  CHECK(round(Value::string("x")));
  CHECK(round(Value::boolean(true)));
  std::string bytes;
  CHECK_FALSE(memcache::dump(Value::timestamp(0), bytes).ok());
  // A class, and a list that would hold itself.
  Value back;
  CHECK_FALSE(memcache::load(std::string_view("\x04\x08o:\x06X\x00", 7), arena, back).ok());
  CHECK_FALSE(memcache::load(std::string_view("\x04\x08[\x06@\x00", 6), arena, back).ok());
  // Every cut of a good dump is refused.
  auto* list = Array::make(arena);
  list->push(arena, Value::string("text"));
  list->push(arena, Value::real(1.5));
  bytes.clear();
  REQUIRE(memcache::dump(Value::array(list), bytes).ok());
  for (size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(memcache::load(std::string_view(bytes).substr(0, size), arena, back).ok());
}

TEST_CASE("servers and keys of memcached") {
  CHECK(memcache::parse_server("a")->text() == "a:11211");
  CHECK(memcache::parse_server("a:1:2")->weight == 2);
  CHECK(memcache::parse_server("[::1]:5")->port == 5);
  CHECK(memcache::parse_server("::1")->host == "::1");
  CHECK(memcache::parse_server("/run/m.sock")->text() == "/run/m.sock");
  for (const auto* text : {"", ":1", "a:", "a:x", "a:0", "a:1:x", "[::1", "[::1]x"})
    CHECK_FALSE(memcache::parse_server(text).ok());
  CHECK(memcache::full_key("n", "k") == "n:k");
  CHECK(memcache::full_key("n", " \n").empty());
  const auto long_key = memcache::full_key("", std::string(300, 'k'));
  CHECK(long_key.size() == 249);
  CHECK(long_key.substr(212, 5) == ":md5:");
}
