#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <atomic>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

#include "load.hpp"

namespace bench {
namespace {

struct Window {
  uint32_t events = 0;
  std::string frames;
};

void append_number(std::string& out, uint32_t value) {
  value = htonl(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// Takes up to `size` lines off `text`; the window's bytes as they go over the wire.
Window make_window(std::string_view& text, uint32_t size, int level) {
  Window window;
  std::string plain;
  for (; window.events < size && !text.empty(); ++window.events) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    plain += "2J";
    append_number(plain, window.events + 1);
    append_number(plain, static_cast<uint32_t>(line.size()));
    plain += line;
  }
  window.frames = "2W";
  append_number(window.frames, window.events);
  if (level == 0) {
    window.frames += plain;
    return window;
  }
  std::string packed(compressBound(plain.size()), '\0');
  auto length = packed.size();
  compress2(reinterpret_cast<Bytef*>(packed.data()), &length, reinterpret_cast<const Bytef*>(plain.data()),
            plain.size(), level);
  window.frames += "2C";
  append_number(window.frames, static_cast<uint32_t>(length));
  window.frames.append(packed, 0, length);
  return window;
}

/// Reads acknowledgements up to that of `events`. Lower numbers say that the server is still at work.
void await_acknowledgement(int fd, uint32_t events) {
  for (;;) {
    char frame[6];
    if (recv(fd, frame, sizeof frame, MSG_WAITALL) != sizeof frame)
      Options::fail("the beats connection was closed");
    uint32_t number = 0;
    std::memcpy(&number, frame + 2, sizeof number);
    if (ntohl(number) == events) return;
  }
}

class Sender {
 public:
  explicit Sender(const Options& options)
      : rounds_(static_cast<size_t>(options.number("rounds", 1))),
        ahead_(static_cast<size_t>(options.number("ahead", 2))),
        port_(options.number("port")) {
    const auto text = read_lines(options.text("file"));
    for (std::string_view rest = text; !rest.empty();)
      windows_.push_back(make_window(rest, static_cast<uint32_t>(options.number("window", 2048)),
                                     static_cast<int>(options.number("level", 3))));
  }

  /// Sends windows on one connection, at most `ahead` of them unacknowledged, until there is none left.
  void run() {
    const int fd = connect_to(port_);
    struct Flight {
      uint32_t events;
      Clock::time_point sent;
    };
    std::deque<Flight> flights;
    std::vector<double> waits;
    const auto land = [&] {
      await_acknowledgement(fd, flights.front().events);
      waits.push_back(seconds_since(flights.front().sent));
      flights.pop_front();
    };
    for (size_t i; (i = next_++) < windows_.size() * rounds_;) {
      if (flights.size() == ahead_) land();
      const auto& window = windows_[i % windows_.size()];
      flights.push_back({window.events, Clock::now()});
      send_all(fd, window.frames);
      acknowledged_ += window.events;
    }
    while (!flights.empty()) land();
    close(fd);
    const std::lock_guard guard(lock_);
    waits_.insert(waits_.end(), waits.begin(), waits.end());
  }

  void print(double seconds) {
    std::printf("{\"sent\": %zu, \"seconds\": %.4f, %s}\n", acknowledged_.load(), seconds,
                percentiles(waits_).c_str());
  }

 private:
  size_t rounds_, ahead_;
  long port_;
  std::vector<Window> windows_;
  std::atomic<size_t> next_ = 0, acknowledged_ = 0;
  std::mutex lock_;
  std::vector<double> waits_;
};

}  // namespace

void load_beats(const Options& options) {
  Sender sender(options);
  const auto start = Clock::now();
  std::vector<std::thread> connections;
  for (long i = 0; i < options.number("connections", 1); ++i) connections.emplace_back([&] { sender.run(); });
  for (auto& connection : connections) connection.join();
  sender.print(seconds_since(start));
}

}  // namespace bench
