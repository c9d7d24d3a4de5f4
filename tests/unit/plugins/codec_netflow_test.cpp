#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "filter_fixture.hpp"
#include "input_harness.hpp"

using sluice::plugins::fixture::TestCodec;
using sluice::test::Running;

namespace {

using namespace std::string_literals;

// Numbers of `width` bytes, big-endian.
std::string be(uint64_t number, size_t width) {
  std::string out(width, '\0');
  for (size_t i = width; i-- > 0; number >>= 8) out[i] = static_cast<char>(number & 255);
  return out;
}
std::string flowset(uint16_t number, const std::string& content) {
  return be(number, 2) + be(content.size() + 4, 2) + content;
}
std::string v9(const std::string& flowsets, uint32_t source = 1) {
  return be(9, 2) + be(1, 2) + be(1000, 4) + be(1'700'000'000, 4) + be(5, 4) + be(source, 4) + flowsets;
}
std::string ipfix(const std::string& sets) {
  return be(10, 2) + be(sets.size() + 16, 2) + be(1'700'000'000, 4) + be(5, 4) + be(1, 4) + sets;
}
// Template 256: protocol and a text of four bytes (v9), or of variable length (IPFIX).
std::string v9_template() {
  return flowset(0, be(256, 2) + be(2, 2) + be(4, 2) + be(1, 2) + be(82, 2) + be(4, 2));
}
std::string ipfix_template() {
  return flowset(2, be(256, 2) + be(2, 2) + be(4, 2) + be(1, 2) + be(82, 2) + be(65535, 2));
}

struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("netflow-" + std::to_string(::getpid()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string codec() const { return "netflow { cache_save_path => '" + path.string() + "' }"; }
  [[nodiscard]] std::string read(const char* name) const {
    std::ifstream file(path / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const char* name, std::string_view text) const { std::ofstream(path / name) << text; }
};

class Exporter {
 public:
  explicit Exporter(uint16_t port, uint32_t address = INADDR_LOOPBACK)
      : fd_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(address);
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
  }
  ~Exporter() { ::close(fd_); }
  void send(const std::string& bytes) const {
    REQUIRE(::send(fd_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  }

 private:
  int fd_;
};

}  // namespace

TEST_CASE("netflow: templates are kept over restarts, in Logstash's form") {
  const Folder folder;
  TestCodec(folder.codec()).decode({v9(v9_template()), ipfix(ipfix_template())});
  CHECK(folder.read("netflow_templates.cache") ==
        R"({"1|256":[["uint8","protocol"],["string","if_name",{"length":4,"trim_padding":true}]]})");
  CHECK(folder.read("ipfix_templates.cache") ==
        R"({"1|256":[["uint8","protocolIdentifier"],["VarString","interfaceName"]]})");
  TestCodec restarted(folder.codec());
  CHECK(restarted
            .decode({v9(flowset(256,
                                "\x06"
                                "eth0"))})
            .at(0)
            .find(R"("if_name":"eth0")") != std::string::npos);
  CHECK(restarted.decode({ipfix(flowset(256, "\x06\x02lo"))}).at(0).find(R"("interfaceName":"lo")") !=
        std::string::npos);
}

TEST_CASE("netflow: a cache that Logstash wrote is read") {
  const Folder folder;
  folder.write(
      "netflow_templates.cache",
      R"({"1|256":[["ip4_addr","ipv4_src_addr"],["skip",null,{"length":2}],["mac_addr","in_src_mac"],)"
      R"(["Application_Id32","application_id"],["uint24","in_bytes"]]})");
  const auto got = TestCodec(folder.codec())
                       .decode({v9(flowset(256,
                                           "\x01\x02\x03\x04"
                                           "xx"
                                           "\x0a\x0b\x0c\x0d\x0e\x0f" +
                                               be(0x0d000007, 4) + be(70000, 3)))});
  REQUIRE(got.size() == 1);
  CHECK(
      got[0].find(
          R"("ipv4_src_addr":"1.2.3.4","in_src_mac":"0a:0b:0c:0d:0e:0f","application_id":"13..7","in_bytes":70000)") !=
      std::string::npos);
}

TEST_CASE("netflow: a spoiled cache is left alone and templates come from the exporters") {
  for (const char* text :
       {"", "[", "[]", R"({"1|256":1})", R"({"1|256":[["nonsense","a"]]})", R"({"1|256":[[]]})",
        R"({"1|256":[["uint8"],["string","a",{"length":-1}],["uint99999999","b"]]})"}) {
    const Folder folder;
    folder.write("netflow_templates.cache", text);
    TestCodec codec(folder.codec());
    CHECK(codec
              .decode({v9(v9_template() + flowset(256,
                                                  "\x06"
                                                  "eth0"))})
              .size() == 1);
  }
}

TEST_CASE("netflow: a template is forgotten after cache_ttl") {
  TestCodec codec("netflow { cache_ttl => 0 }");
  CHECK(codec
            .decode({v9(v9_template()), v9(flowset(256,
                                                   "\x06"
                                                   "eth0"))})
            .empty());
}

TEST_CASE("netflow: templates belong to a source id") {
  TestCodec codec("netflow");
  CHECK(codec
            .decode({v9(v9_template(), 1), v9(flowset(256,
                                                      "\x06"
                                                      "eth0"),
                                              2)})
            .empty());
  CHECK(codec
            .decode({v9(flowset(256,
                                "\x06"
                                "eth0"),
                        1)})
            .size() == 1);
}

TEST_CASE("netflow over udp: templates belong to the exporter that sent them") {
  Running run("udp { host => \"127.0.0.1\" port => 0 codec => netflow }");
  REQUIRE(run.start().ok());
  const Exporter one(run.port()), two(run.port(), INADDR_LOOPBACK + 1);
  one.send(v9(v9_template()));
  two.send(v9(flowset(256,
                      "\x06"
                      "none")));
  two.send(v9(flowset(0, be(256, 2) + be(1, 2) + be(7, 2) + be(2, 2))));
  two.send(v9(flowset(256, be(53, 2))));
  one.send(v9(flowset(256,
                      "\x06"
                      "eth0")));
  const auto got = run.sink.take(2);
  REQUIRE(got.size() == 2);
  CHECK(got[0].json.find(R"("l4_src_port":53)") != std::string::npos);
  CHECK(got[0].json.find(R"("host":"127.0.0.2")") != std::string::npos);
  CHECK(got[1].json.find(R"("if_name":"eth0")") != std::string::npos);
}

TEST_CASE("netflow: packets with flipped and missing bytes do no harm") {
  std::mt19937 random(1);
  const std::string good9 =
      v9(v9_template() +
         flowset(1, be(257, 2) + be(4, 2) + be(4, 2) + be(1, 2) + be(4, 2) + be(34, 2) + be(4, 2)) +
         flowset(256,
                 "\x06"
                 "eth0") +
         flowset(257, be(1, 4) + be(2, 4)));
  const std::string good10 =
      ipfix(ipfix_template() + flowset(256, "\x06\x02lo\x11\xff\x01\x2c" + std::string(300, 'x')));
  TestCodec codec("netflow");
  for (int round = 0; round < 5000; ++round) {
    std::string bytes = round % 2 ? good9 : good10;
    for (int i = 0; i < 3; ++i) bytes[2 + random() % (bytes.size() - 2)] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    CHECK(codec.decode({bytes}).size() < 1000);
  }
}
