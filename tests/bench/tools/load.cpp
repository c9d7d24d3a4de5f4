// bench_load KIND name=value ...; the kinds and their options are in load.hpp.
#include "load.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>

namespace bench {

int connect_to(long port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    Options::fail("no connection to port " + std::to_string(port) + ": " + std::strerror(errno));
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void send_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const auto sent = send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) Options::fail(std::string("sending failed: ") + std::strerror(errno));
    data.remove_prefix(static_cast<size_t>(sent));
  }
}

std::string read_lines(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Options::fail("cannot read " + path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text;
}

std::vector<std::string_view> split_lines(std::string_view text, size_t count) {
  std::vector<std::string_view> parts;
  for (size_t left = count; left > 1; --left) {
    const auto cut = std::min(text.find('\n', text.size() / left), text.size() - 1) + 1;
    parts.push_back(text.substr(0, cut));
    text.remove_prefix(cut);
  }
  parts.push_back(text);
  return parts;
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string percentiles(std::vector<double>& times) {
  if (times.empty()) Options::fail("nothing was timed");
  std::sort(times.begin(), times.end());
  const auto at = [&](double share) { return times[size_t(share * double(times.size() - 1))] * 1e3; };
  char text[120];
  std::snprintf(text, sizeof text, "\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f", at(0.5), at(0.99),
                at(1));
  return text;
}

void load_tcp(const Options& options) {
  constexpr size_t kWrite = 256 << 10;
  const auto text = read_lines(options.text("file"));
  const auto lines = std::count(text.begin(), text.end(), '\n');
  const auto parts = split_lines(text, static_cast<size_t>(options.number("connections", 1)));
  const auto rounds = options.number("rounds", 1);
  const auto start = Clock::now();
  std::vector<std::thread> senders;
  for (const auto part : parts)
    senders.emplace_back([&, part] {
      const int fd = connect_to(options.number("port"));
      for (long round = 0; round < rounds; ++round)
        for (size_t i = 0; i < part.size(); i += kWrite) send_all(fd, part.substr(i, kWrite));
      close(fd);
    });
  for (auto& sender : senders) sender.join();
  std::printf("{\"sent\": %ld, \"seconds\": %.4f}\n", long(lines) * rounds, seconds_since(start));
}

}  // namespace bench

int main(int argc, char** argv) {
  const struct {
    std::string_view name;
    void (*run)(const bench::Options&);
  } kinds[] = {{"tcp", bench::load_tcp}, {"beats", bench::load_beats}, {"latency", bench::load_latency}};
  for (const auto& kind : kinds)
    if (argc > 1 && argv[1] == kind.name) {
      kind.run(bench::Options(argc, argv, 2));
      return 0;
    }
  bench::Options::fail("usage: bench_load tcp|beats|latency name=value ...");
}
