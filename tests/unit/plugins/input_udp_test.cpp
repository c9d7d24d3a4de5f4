#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

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
