#include <doctest/doctest.h>
#include <sys/resource.h>

#include "input_harness.hpp"
#include "input_tls_fixture.hpp"
#include "match/iso8601.hpp"
#include "net/lumberjack.hpp"

using namespace sluice::test;
using sluice::net::LumberjackWriter;

namespace {

const std::string kBeats = "beats { host => \"127.0.0.1\" port => 0 ";

bool has(const Got& got, std::string_view text) { return got.json.find(text) != std::string::npos; }
bool meta(const Got& got, std::string_view text) { return got.metadata.find(text) != std::string::npos; }

std::string ack(char version, uint32_t sequence) {
  const auto frame = sluice::net::lumberjack_ack(version, sequence);
  return {frame.data(), frame.size()};
}

/// A window of `count` events with messages `prefix`1, `prefix`2, ...
std::string window(uint32_t count, const std::string& prefix = "m", bool compressed = true) {
  LumberjackWriter writer;
  writer.window(count);
  for (uint32_t i = 1; i <= count; ++i)
    writer.json("{\"message\":\"" + prefix + std::to_string(i) + "\",\"@metadata\":{\"beat\":\"filebeat\"}}");
  if (compressed) writer.compress_frames();
  return writer.take();
}

}  // namespace

TEST_CASE("beats acknowledges a window when all of its events are delivered, and not before") {
  Running run(kBeats + "}");
  REQUIRE(run.start().ok());
  Client client(run.port());
  REQUIRE(client.send(window(3)));
  const auto got = run.sink.take(3);
  REQUIRE(got.size() == 3);
  CHECK(has(got[0], R"("message":"m1")"));
  CHECK(has(got[0], R"("tags":["beats_input_codec_plain_applied"])"));
  CHECK(meta(got[0], R"("beat":"filebeat")"));
  CHECK(meta(got[0], R"("ip_address":"127.0.0.1")"));
  CHECK(got[2].position == 3);
  CHECK(client.read(1, 100).empty());
  run.sink.settle();
  CHECK(client.read(6) == ack('2', 3));
}

TEST_CASE("events of a window that say no time are a nanosecond apart, in their order") {
  Running run(kBeats + "}");
  REQUIRE(run.start().ok());
  Client client(run.port());
  REQUIRE(client.send(window(3)));
  const auto got = run.sink.take(3);
  REQUIRE(got.size() == 3);
  const auto time = [&](size_t i) {
    const std::string name = R"("@timestamp":")";
    const size_t at = got[i].json.find(name) + name.size();
    return sluice::match::parse_event_timestamp(got[i].json.substr(at, got[i].json.find('"', at) - at));
  };
  REQUIRE(time(0));
  CHECK(time(1) == *time(0) + 1);
  CHECK(time(2) == *time(0) + 2);
}

TEST_CASE("beats acknowledges windows in their order, each with a frame of its own") {
  Running run(kBeats + "}");
  REQUIRE(run.start().ok());
  Client client(run.port());
  REQUIRE(client.send(window(2, "a")));
  REQUIRE(run.sink.take(2).size() == 2);
  // The first window's batch is kept back while the second one's is let go.
  auto& sink = run.sink;
  auto first = sink.detach();
  REQUIRE(client.send(window(1, "b")));
  REQUIRE(sink.take(1).size() == 1);
  sink.settle();
  CHECK(client.read(1, 100).empty());
  first.clear();
  CHECK(client.read(12) == ack('2', 2) + ack('2', 1));
}

TEST_CASE("beats makes a large window's events in several batches, in order, and acknowledges it once") {
  for (const bool compressed : {true, false}) {
    Running run(kBeats + "}");
    REQUIRE(run.start().ok());
    Client client(run.port());
    REQUIRE(client.send(window(1000, "m", compressed)));
    const auto first = run.sink.take(1);
    CHECK(first.size() < 1000);
    auto got = first;
    for (auto& event : run.sink.take(1000 - first.size())) got.push_back(std::move(event));
    REQUIRE(got.size() == 1000);
    for (size_t i = 0; i < got.size(); ++i) {
      CHECK(got[i].position == i + 1);
      CHECK(has(got[i], "\"message\":\"m" + std::to_string(i + 1) + "\""));
    }
    auto batches = run.sink.detach();
    const auto last = std::move(batches.back());
    batches.clear();
    CHECK(client.read(1, 50).empty());
  }
}

TEST_CASE("beats takes what came before an event that is not JSON, and does not acknowledge its window") {
  Running run(kBeats + "}");
  REQUIRE(run.start().ok());
  Client client(run.port());
  LumberjackWriter writer;
  writer.window(600);
  for (int i = 1; i <= 600; ++i) writer.json(i == 300 ? "{\"message\":" : "{\"message\":\"x\"}");
  writer.compress_frames();
  REQUIRE(client.send(window(2) + writer.take() + window(1)));
  CHECK(run.sink.take(301).size() == 301);
  CHECK(run.sink.take(1, 50).empty());
  run.sink.settle();
  const auto answer = client.read(12);
  CHECK((answer.empty() || answer == ack('2', 2)));
  CHECK(client.closed());
}

TEST_CASE("beats gives no acknowledgement for what was given up, and closes the connection") {
  Running run(kBeats + "}");
  REQUIRE(run.start().ok());
  Client client(run.port());
  REQUIRE(client.send(window(1)));
  REQUIRE(run.sink.take(1).size() == 1);
  run.sink.settle(false);
  CHECK(client.closed());
}

TEST_CASE("beats acknowledges after stop, until close") {
  Running run(kBeats + "}");
  REQUIRE(run.start().ok());
  Client client(run.port());
  REQUIRE(client.send(window(2)));
  REQUIRE(run.sink.take(2).size() == 2);
  run.stop();
  run.sink.settle();
  CHECK(client.read(6) == ack('2', 2));
  run.close();
  CHECK(client.closed());
}

TEST_CASE("beats takes uncompressed frames cut anywhere, and empty windows at once") {
  Running run(kBeats + "}");
  REQUIRE(run.start().ok());
  Client client(run.port());
  const auto bytes = window(2, "m", false);
  for (const char c : bytes) REQUIRE(client.send({&c, 1}));
  REQUIRE(run.sink.take(2).size() == 2);
  run.sink.settle();
  CHECK(client.read(6) == ack('2', 2));
  REQUIRE(client.send(LumberjackWriter().window(0).take()));
  run.sink.take_until([&] { return run.sink.queued() == 0 && client.read(6, 5) == ack('2', 0); });
}

TEST_CASE("beats takes part of a window when a new one begins") {
  Running run(kBeats + "}");
  REQUIRE(run.start().ok());
  Client client(run.port());
  LumberjackWriter writer;
  writer.window(5).json(R"({"message":"a"})").json(R"({"message":"b"})");
  REQUIRE(client.send(writer.take() + window(1, "c")));
  CHECK(run.sink.take(3).size() == 3);
  run.sink.settle();
  CHECK(client.read(12) == ack('2', 2) + ack('2', 1));
}

TEST_CASE("beats makes no events of a window that a cut connection left unfinished") {
  Running run(kBeats + "}");
  REQUIRE(run.start().ok());
  Client client(run.port());
  LumberjackWriter writer;
  writer.window(5).json(R"({"message":"a"})");
  REQUIRE(client.send(writer.take()));
  client.close();
  CHECK(run.sink.take_until([&] { return run.sink.finished() == 1; }).empty());
}

TEST_CASE("beats speaks version 1") {
  Running run(kBeats + "}");
  REQUIRE(run.start().ok());
  Client client(run.port());
  const std::pair<std::string_view, std::string_view> pairs[] = {{"line", "old news"},
                                                                 {"file", "/var/log/x"}};
  REQUIRE(client.send(LumberjackWriter('1').window(1).pairs(pairs).take()));
  const auto got = run.sink.take(1);
  REQUIRE(got.size() == 1);
  CHECK(has(got[0], R"("message":"old news")"));
  CHECK(has(got[0], R"("file":"/var/log/x")"));
  CHECK_FALSE(has(got[0], R"("line")"));
  run.sink.settle();
  CHECK(client.read(6) == ack('1', 1));
}

TEST_CASE("beats closes the connection of a malformed frame, and no other") {
  Running run(kBeats + "}");
  REQUIRE(run.start().ok());
  Client good(run.port()), bad(run.port()), worse(run.port());
  REQUIRE(bad.send("HELO somebody\r\n"));
  LumberjackWriter writer;
  REQUIRE(worse.send(writer.window(1).json("{not json").take()));
  run.sink.take_until([&] { return bad.closed(5); });
  run.sink.take_until([&] { return worse.closed(5); });
  REQUIRE(good.send(window(1)));
  CHECK(run.sink.take(1).size() == 1);
  run.sink.settle();
  CHECK(good.read(6) == ack('2', 1));
}

TEST_CASE("beats closes a connection whose frame is over the bound") {
  Running run(kBeats + "max_frame_bytes => \"1 KiB\" }");
  REQUIRE(run.start().ok());
  Client client(run.port());
  LumberjackWriter writer;
  writer.window(1).json("{\"message\":\"" + std::string(5000, 'x') + "\"}");
  REQUIRE(client.send(writer.take()));
  run.sink.take_until([&] { return client.closed(5); });
  CHECK(client.closed());
}

TEST_CASE("beats runs the text through the codec and puts the client's fields over it") {
  Running run(kBeats + "codec => json }");
  REQUIRE(run.start().ok());
  Client client(run.port());
  LumberjackWriter writer;
  writer.window(3)
      .json(R"({"message":"{\"a\":1,\"b\":1}","b":2,"@timestamp":"2020-01-02T03:04:05.000Z"})")
      .json(R"({"message":"[{\"n\":1},{\"n\":2}]","o":{"p":1}})")
      .json(R"({"no":"text"})");
  REQUIRE(client.send(writer.take()));
  const auto got = run.sink.take(4);
  REQUIRE(got.size() == 4);
  CHECK(has(got[0], R"("a":1)"));
  CHECK(has(got[0], R"("b":2)"));
  CHECK(has(got[0], R"("@timestamp":"2020-01-02T03:04:05.000Z")"));
  CHECK(has(got[0], R"(beats_input_codec_json_applied)"));
  CHECK_FALSE(has(got[0], R"("message")"));
  CHECK(has(got[2], R"("n":2)"));
  CHECK(has(got[2], R"("o":{"p":1})"));
  CHECK(has(got[3], R"("tags":["beats_input_raw_event"])"));
}

TEST_CASE("beats adds what enrich asks for") {
  Running run(kBeats + "enrich => none }");
  REQUIRE(run.start().ok());
  Client client(run.port());
  REQUIRE(client.send(window(1)));
  const auto got = run.sink.take(1);
  REQUIRE(got.size() == 1);
  CHECK_FALSE(has(got[0], "tags"));
  CHECK_FALSE(meta(got[0], "ip_address"));
  CHECK(faults(kBeats + "enrich => [all, none] }").find("stand alone") != std::string::npos);
  CHECK(faults(kBeats + "enrich => [nothing] }").find("knows no `nothing`") != std::string::npos);
  CHECK(faults(kBeats + "codec => multiline { pattern => \"^x\" what => previous } }")
            .find("Multiline codec") != std::string::npos);
  CHECK(faults("beats { }").find("port") != std::string::npos);
}

TEST_CASE("beats sets [event][original] with ECS as the plain codec does") {
  Running run(kBeats + "}", "v8");
  REQUIRE(run.start().ok());
  Client client(run.port());
  REQUIRE(client.send(window(1)));
  const auto got = run.sink.take(1);
  REQUIRE(got.size() == 1);
  CHECK(has(got[0], R"("event":{"original":"m1"})"));
  CHECK(meta(got[0], R"("input":{"beats":{"host":{"ip":"127.0.0.1"}}})"));
}

TEST_CASE("beats asks clients for certificates and says what they showed") {
  const TlsFiles files;
  Running run(kBeats + "enrich => all ssl_enabled => true ssl_certificate => \"" +
              files.server_certificate() + "\" ssl_key => \"" + files.server_key() +
              "\" ssl_client_authentication => optional ssl_certificate_authorities => \"" +
              files.authority() + "\" }");
  REQUIRE(run.start().ok());
  TlsClient known(run.port(), files, true);
  REQUIRE(known.open());
  known.send(window(1));
  auto got = run.sink.take(1);
  REQUIRE(got.size() == 1);
  CHECK(meta(got[0], R"("status":"verified")"));
  CHECK(meta(got[0], R"("subject":"CN=client")"));
  CHECK(meta(got[0], R"("protocol":"TLSv1.3")"));
  run.sink.settle();
  CHECK(known.read(6) == ack('2', 1));
  TlsClient stranger(run.port(), files, false);
  stranger.send(window(1));
  got = run.sink.take(1);
  REQUIRE(got.size() == 1);
  CHECK(meta(got[0], R"("status":"unverified")"));
}

TEST_CASE("beats cuts off clients that are silent for client_inactivity_timeout") {
  Running run(kBeats + "client_inactivity_timeout => 0.2 }");
  REQUIRE(run.start().ok());
  Client client(run.port());
  CHECK(client.closed());
}

TEST_CASE("beats tells a waiting client every five seconds that it is alive") {
  Running run(kBeats + "}");
  REQUIRE(run.start().ok());
  Client client(run.port());
  REQUIRE(client.send(window(1)));
  REQUIRE(run.sink.take(1).size() == 1);
  CHECK(client.read(6) == ack('2', 0));
  run.sink.settle();
  CHECK(client.read(6) == ack('2', 1));
}

TEST_CASE("beats serves a thousand connections at once") {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  REQUIRE(limit.rlim_cur >= 2200);
  Running run(kBeats + "}");
  REQUIRE(run.start().ok());
  std::vector<Client> clients;
  for (int i = 0; i < 1000; ++i) clients.emplace_back(run.port());
  for (auto& client : clients) REQUIRE(client.send(window(2)));
  CHECK(run.sink.take(2000).size() == 2000);
  run.sink.settle();
  for (auto& client : clients) REQUIRE(client.read(6) == ack('2', 2));
}

TEST_CASE("beats names events by their bytes, whatever window brings them, when an output asks for it") {
  Running run(kBeats + "}");
  REQUIRE(run.start(true).ok());
  Client first(run.port());
  REQUIRE(first.send(window(3)));
  const auto once = run.sink.take(3);
  REQUIRE(once.size() == 3);
  first.close();
  Client second(run.port());
  LumberjackWriter writer;
  writer.window(1);
  writer.json(R"({"message":"m2","@metadata":{"beat":"filebeat"}})");
  REQUIRE(second.send(writer.take()));
  const auto again = run.sink.take(1);
  REQUIRE(again.size() == 1);
  CHECK(once[1].digest != 0);
  CHECK(again[0].digest == once[1].digest);
  CHECK(again[0].position == once[1].position);
  CHECK(once[0].digest != once[1].digest);
}
