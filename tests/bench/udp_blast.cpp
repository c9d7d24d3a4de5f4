// udp_blast: sends syslog datagrams at a fixed rate, and says how many it sent and how evenly.
//
//   udp_blast --port 5514 --rate 200000 --seconds 5 [--host 127.0.0.1] [--size 150] [--senders 1]
//
// Each datagram is one RFC 3164 line that ends in its number, counted from 1 per sender, so that a receiver
// can tell loss and order. A sender that the system does not let run catches up 2 ms at most and sends the
// rest later: what is measured is a steady stream, not the generator's own stalls. `stall_ms` is the longest
// time it was late by; above 2 the machine was too busy for the rate.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr size_t kBatch = 64;                 // datagrams a system call
constexpr int64_t kTickNanos = 100'000;       // how often something is sent
constexpr int64_t kCatchUpNanos = 2'000'000;  // how much of a stall is made up for at once

struct Arguments {
  std::string host = "127.0.0.1";
  uint16_t port = 0;
  double rate = 200'000;  // datagrams a second; 0: as fast as it goes
  double seconds = 5;
  size_t size = 150;
  size_t senders = 1;  // sockets, and so source ports
};

[[noreturn]] void fail(const std::string& text) {
  std::fprintf(stderr, "udp_blast: %s\n", text.c_str());
  std::exit(1);
}

Arguments read_arguments(int argc, char** argv) {
  Arguments a;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--host") {
      a.host = value;
    } else if (name == "--port") {
      a.port = static_cast<uint16_t>(std::atoi(value));
    } else if (name == "--rate") {
      a.rate = std::atof(value);
    } else if (name == "--seconds") {
      a.seconds = std::atof(value);
    } else if (name == "--size") {
      a.size = static_cast<size_t>(std::atoi(value));
    } else if (name == "--senders") {
      a.senders = std::max<size_t>(1, static_cast<size_t>(std::atoi(value)));
    } else {
      fail("unknown option " + std::string(name));
    }
  }
  if (argc % 2 == 0 || a.port == 0 || a.rate < 0 || a.size < 120 || a.size > 60'000) {
    fail("needs --port, and takes --host, --rate, --seconds, --size (120 to 60000) and --senders");
  }
  return a;
}

int64_t now_nanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// One source port with its numbered lines.
class Sender {
 public:
  Sender(const Arguments& a, size_t index) {
    fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(a.port);
    if (::inet_pton(AF_INET, a.host.c_str(), &to.sin_addr) != 1) fail("not an IPv4 address: " + a.host);
    if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
      fail(std::string("socket: ") + std::strerror(errno));
    }
    std::string line = "<34>Oct 11 22:14:15 edge-" + std::to_string(index) +
                       " sshd[4242]: Failed password for invalid user admin from 203.0.113.7 port 40022 ssh2";
    line.resize(a.size, '.');
    for (size_t i = 0; i < kBatch; ++i) {
      lines_.push_back(line);
      vectors_[i] = {lines_[i].data(), lines_[i].size()};
      headers_[i] = {};
      headers_[i].msg_hdr.msg_iov = &vectors_[i];
      headers_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  Sender(const Sender&) = delete;
  ~Sender() { ::close(fd_); }

  /// Sends up to `count`; answers how many the system took.
  size_t send(size_t count) {
    count = std::min(count, kBatch);
    for (size_t i = 0; i < count; ++i) {
      char number[24];
      const int length =
          std::snprintf(number, sizeof number, " #%011llu", static_cast<unsigned long long>(sent_ + i + 1));
      std::copy_n(number, length, lines_[i].end() - length);
    }
    const int taken = ::sendmmsg(fd_, headers_, static_cast<unsigned>(count), 0);
    if (taken < 0 && errno != EINTR && errno != ECONNREFUSED && errno != ENOBUFS) {
      fail(std::string("sendmmsg: ") + std::strerror(errno));
    }
    const auto done = static_cast<size_t>(std::max(taken, 0));
    sent_ += done;
    return done;
  }

 private:
  int fd_ = -1;
  uint64_t sent_ = 0;
  std::vector<std::string> lines_;
  iovec vectors_[kBatch]{};
  mmsghdr headers_[kBatch]{};
};

}  // namespace

int main(int argc, char** argv) {
  const Arguments a = read_arguments(argc, argv);
  std::vector<std::unique_ptr<Sender>> senders;
  for (size_t i = 0; i < a.senders; ++i) senders.push_back(std::make_unique<Sender>(a, i));

  const int64_t started = now_nanos();
  const auto length = static_cast<int64_t>(a.seconds * 1e9);
  int64_t schedule = started;  // when the next datagram is due
  const double gap = a.rate > 0 ? 1e9 / a.rate : 0;
  int64_t stall = 0;
  uint64_t sent = 0;
  size_t turn = 0;
  int64_t now = started;
  for (; now - started < length; now = now_nanos()) {
    stall = std::max(stall, now - schedule);
    schedule = std::max(schedule, now - kCatchUpNanos);
    const size_t due = gap > 0 ? static_cast<size_t>(std::max(0.0, (now - schedule) / gap)) : kBatch;
    if (due == 0) {
      const timespec pause{0, kTickNanos};
      ::nanosleep(&pause, nullptr);
      continue;
    }
    const size_t done = senders[turn++ % senders.size()]->send(due);
    sent += done;
    schedule += static_cast<int64_t>(static_cast<double>(done) * gap);
  }
  const double took = static_cast<double>(now - started) / 1e9;
  std::printf("sent=%llu seconds=%.2f rate=%.0f stall_ms=%.1f\n", static_cast<unsigned long long>(sent), took,
              static_cast<double>(sent) / took, static_cast<double>(stall) / 1e6);
}
