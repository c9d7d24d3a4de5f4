#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>

#include "input_harness.hpp"

using namespace sluice::test;

namespace {

bool has(const Got& got, std::string_view text) { return got.json.find(text) != std::string::npos; }

class Sender {
 public:
  explicit Sender(uint16_t port) : fd_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
  }
  ~Sender() { ::close(fd_); }
  void send(std::string_view text) {
    REQUIRE(::send(fd_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  }

 private:
  int fd_;
};

}  // namespace

TEST_CASE("udp makes an event of each datagram, with the sender's address") {
  Running run("udp { host => \"127.0.0.1\" port => 0 }");
  REQUIRE(run.start().ok());
  Sender sender(run.port());
  sender.send("one");
  sender.send("two lines\nin one datagram");
  const auto got = run.sink.take(2);
  REQUIRE(got.size() == 2);
  CHECK(has(got[0], R"("message":"one")"));
  CHECK(has(got[0], R"("host":"127.0.0.1")"));
  CHECK(has(got[1], R"("message":"two lines\nin one datagram")"));
}

TEST_CASE("udp flushes the codec after each datagram") {
  Running run("udp { host => \"127.0.0.1\" port => 0 codec => line workers => 1 }", "v8");
  REQUIRE(run.start().ok());
  Sender sender(run.port());
  sender.send("a\nb");
  sender.send("c");
  const auto got = run.sink.take(3);
  REQUIRE(got.size() == 3);
  CHECK(has(got[1], R"("message":"b")"));
  CHECK(has(got[2], R"("message":"c")"));
  CHECK(has(got[2], R"("host":{"ip":"127.0.0.1"})"));
}

TEST_CASE("udp puts the address where source_ip_fieldname says, unless the event has the field") {
  Running run("udp { host => \"127.0.0.1\" port => 0 codec => json source_ip_fieldname => \"[from][ip]\" }");
  REQUIRE(run.start().ok());
  Sender sender(run.port());
  sender.send(R"({"a":1})");
  sender.send(R"({"from":{"ip":"mine"}})");
  const auto got = run.sink.take(2);
  REQUIRE(got.size() == 2);
  CHECK((has(got[0], R"("from":{"ip":"127.0.0.1"})") || has(got[1], R"("from":{"ip":"127.0.0.1"})")));
  CHECK((has(got[0], R"("from":{"ip":"mine"})") || has(got[1], R"("from":{"ip":"mine"})")));
}

TEST_CASE("udp leaves datagrams in the socket when queue_size of them wait, and takes them later") {
  Running run("udp { host => \"127.0.0.1\" port => 0 queue_size => 10 receive_buffer_bytes => 100000 }");
  REQUIRE(run.start().ok());
  Sender sender(run.port());
  for (int i = 0; i < 100; ++i) sender.send("datagram");
  CHECK(run.sink.take(100).size() == 100);
}

TEST_CASE("udp counts what the kernel drops while nothing is read, and goes on") {
  Running run(
      "udp { host => \"127.0.0.1\" port => 0 queue_size => 1 receive_buffer_bytes => 10000 workers => 1 }");
  REQUIRE(run.start().ok());
  Sender sender(run.port());
  sender.send("first");
  REQUIRE(run.sink.wait([&] { return run.sink.queued() > 0; }));
  for (int i = 0; i < 100; ++i) sender.send(std::string(500, 'x'));
  auto& drops = run.metrics.counter("kernel_drops");
  REQUIRE(run.sink.wait([&] { return drops.get() > 0; }));
  const size_t left = 101 - drops.get();
  CHECK(left > 1);
  CHECK(run.sink.take(left).size() == left);
  sender.send("last");
  const auto got = run.sink.take(1);
  REQUIRE(got.size() == 1);
  CHECK(has(got[0], R"("message":"last")"));
}

TEST_CASE("udp keeps the order with one worker, and loses nothing with two") {
  for (const int workers : {1, 2}) {
    Running run("udp { host => \"127.0.0.1\" port => 0 workers => " + std::to_string(workers) + " }");
    run.engine.environment_.workers = 2;
    REQUIRE(run.start().ok());
    Sender one(run.port());
    Sender two(run.port());
    std::multiset<std::string> sent;
    std::vector<Got> got;
    for (int round = 0; round < 20; ++round) {
      for (int i = 0; i < 50; ++i) {
        const std::string text = std::to_string(round * 50 + i);
        (i % 2 ? one : two).send(text);
        sent.insert(text);
      }
      for (auto& event : run.sink.take(50)) got.push_back(std::move(event));
    }
    REQUIRE(got.size() == sent.size());
    std::multiset<std::string> received;
    for (size_t i = 0; i < got.size(); ++i) {
      const auto from = got[i].json.find("\"message\":\"") + 11;
      received.insert(got[i].json.substr(from, got[i].json.find('"', from) - from));
      if (workers == 1) {
        CHECK(has(got[i], "\"message\":\"" + std::to_string(i) + "\""));
        CHECK(got[i].position == i);
      }
    }
    CHECK(received == sent);
  }
}

TEST_CASE("udp waits for a full pipeline") {
  Running run("udp { host => \"127.0.0.1\" port => 0 }");
  REQUIRE(run.start().ok());
  run.sink.set_full(true);
  Sender sender(run.port());
  sender.send("first");
  REQUIRE(run.sink.wait([&] { return run.sink.queued() == 1; }));
  for (int i = 0; i < 50; ++i) sender.send("more");
  run.sink.set_full(false);
  CHECK(run.sink.take(51).size() == 51);
}
