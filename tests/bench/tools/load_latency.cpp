#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "load.hpp"

namespace bench {
namespace {

constexpr auto kTick = std::chrono::milliseconds(1);

/// Calls `send(n, due)` every millisecond with how many are due, until `count` were sent.
template <class Send>
void pace(long count, double rate, Send send) {
  const auto start = Clock::now();
  long sent = 0;
  for (auto tick = start; sent < count; tick += kTick) {
    std::this_thread::sleep_until(tick);
    const auto due =
        std::min(count, long(std::chrono::duration<double>(tick + kTick - start).count() * rate));
    if (due > sent) send(sent, due - sent, tick);
    sent = due;
  }
}

/// Adds the age of each line that `text` completes; keeps the part of a line at its end.
void take_ages(std::string& text, std::vector<double>& ages) {
  constexpr std::string_view kKey = "\"sent\":";
  const auto now = Clock::now().time_since_epoch().count();
  size_t begin = 0;
  for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const auto key = text.find(kKey, begin);
    if (key > end) Options::fail("a line without `sent`: " + text.substr(begin, end - begin));
    ages.push_back(double(now - std::atoll(text.c_str() + key + kKey.size())) * 1e-9);
  }
  text.erase(0, begin);
}

}  // namespace

void load_latency(const Options& options) {
  const auto rate = double(options.number("rate"));
  const auto count = options.number("count");
  const int back = connect_to(options.number("out"));
  std::vector<double> ages;
  std::thread receiver([&] {
    std::string text, part(256 << 10, '\0');
    for (ssize_t got;
         ages.size() < static_cast<size_t>(count) && (got = recv(back, part.data(), part.size(), 0)) > 0;) {
      text.append(part, 0, static_cast<size_t>(got));
      take_ages(text, ages);
    }
  });
  const int fd = connect_to(options.number("port"));
  std::string lines;
  const auto start = Clock::now();
  pace(count, rate, [&](long first, long due, Clock::time_point when) {
    lines.clear();
    for (long i = first; i < first + due; ++i)
      lines += "{\"sent\":" + std::to_string(when.time_since_epoch().count()) +
               ",\"level\":\"info\",\"service\":\"checkout\",\"tenant_id\":\"acme\",\"message\":\"processed "
               "order " +
               std::to_string(i) +
               " in region eu-west-1 by worker pool B\",\"request\":{\"method\":\"GET\",\"path\":"
               "\"/api/v1/orders/12/items?page=2\",\"status\":200,\"duration_ms\":12.5}}\n";
    send_all(fd, lines);
  });
  receiver.join();
  const auto seconds = seconds_since(start);
  std::printf("{\"sent\": %ld, \"received\": %zu, \"seconds\": %.4f, %s}\n", count, ages.size(), seconds,
              percentiles(ages).c_str());
  close(fd);
  close(back);
}

}  // namespace bench
