// The udp output: one datagram an event, sent by a thread that may wait for names and for room.
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/log.hpp"
#include "plugin/spec.hpp"
#include "plugins/outputs/job_queue.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kLogger = "logstash.outputs.udp";
constexpr auto kAddressLife = std::chrono::seconds(30);

constexpr plugin::Option kOptions[] = {
    {"host", Type::string, {}, "The host to send to.", plugin::kRequired},
    {"port", Type::string, {}, "The port to send to; %{field} is filled in.", plugin::kRequired},
    {"retry_count", Type::number, "0",
     "How often a datagram that the system refuses is sent again before it is dropped."},
    {"retry_backoff_ms", Type::number, "100", "Milliseconds between two such attempts."},
};

struct Datagram {
  uint32_t begin, end;  // in the job's bytes
  uint16_t port;
};

struct Job {
  Buffer bytes;
  std::vector<Datagram> datagrams;
  BatchRef batch;
};

uint16_t parse_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port <= 65535
             ? static_cast<uint16_t>(port)
             : uint16_t{0};
}

class Sender {
 public:
  Sender(std::string host, int64_t retries, int64_t backoff_millis)
      : host_(std::move(host)), retries_(retries), backoff_(backoff_millis) {}
  ~Sender() { stop(); }
  void start() {
    thread_ = std::thread([this] { run(); });
  }
  void push(Job job) { queue_.push(std::move(job)); }
  void stop() {
    stopping_.store(true);
    queue_.close();
    if (thread_.joinable()) thread_.join();
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  void run() {
    std::vector<Job> jobs;
    while (queue_.take(jobs)) {
      for (const auto& job : jobs)
        for (const auto& datagram : job.datagrams)
          deliver(job.bytes.view().substr(datagram.begin, datagram.end - datagram.begin), datagram.port);
      jobs.clear();
    }
  }

  void deliver(std::string_view bytes, uint16_t port) {
    std::string reason;
    for (int64_t attempt = 0;; ++attempt) {
      const int error = try_send(bytes, port, reason);
      if (error == 0) return;
      // Too long for a datagram, or not addressable: another attempt fails the same way.
      if (error == EMSGSIZE || error == EINVAL || attempt >= retries_ || stopping_.load()) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(backoff_));
    }
    ++dropped_;
    const auto now = Clock::now();
    if (now - last_line_ < std::chrono::seconds(1)) return;
    last_line_ = now;
    log::error(kLogger, "Datagrams could not be sent and are dropped",
               {{"host", host_},
                {"port", port},
                {"error", reason},
                {"bytes", bytes.size()},
                {"dropped_so_far", dropped_}});
  }

  // Zero, or the error with its text.
  int try_send(std::string_view bytes, uint16_t port, std::string& reason) {
    if (!resolve(reason)) return EHOSTUNREACH;
    if (address_.ss_family == AF_INET6)
      reinterpret_cast<sockaddr_in6&>(address_).sin6_port = htons(port);
    else
      reinterpret_cast<sockaddr_in&>(address_).sin_port = htons(port);
    const ssize_t n = ::sendto(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL,
                               reinterpret_cast<const sockaddr*>(&address_), length_);
    if (n >= 0) return 0;
    const int error = errno;
    reason = std::strerror(error);
    return error;
  }

  bool resolve(std::string& reason) {
    const auto now = Clock::now();
    if (fd_ >= 0 && now - resolved_ < kAddressLife) return true;
    addrinfo hints{};
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(host_.c_str(), nullptr, &hints, &found); error != 0) {
      reason = "the host is not known: " + std::string(::gai_strerror(error));
      return fd_ >= 0;  // the old address is better than none
    }
    const bool same_family = fd_ >= 0 && address_.ss_family == found->ai_family;
    std::memcpy(&address_, found->ai_addr, found->ai_addrlen);
    length_ = found->ai_addrlen;
    const int family = found->ai_family;
    ::freeaddrinfo(found);
    resolved_ = now;
    if (same_family) return true;
    if (fd_ >= 0) ::close(fd_);
    fd_ = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0) reason = std::strerror(errno);
    return fd_ >= 0;
  }

  const std::string host_;
  const int64_t retries_, backoff_;
  JobQueue<Job> queue_;
  std::atomic<bool> stopping_{false};
  int fd_ = -1;
  sockaddr_storage address_{};
  socklen_t length_ = 0;
  Clock::time_point resolved_{}, last_line_{};
  uint64_t dropped_ = 0;
  std::thread thread_;
};

class Worker : public plugin::OutputWorker {
 public:
  Worker(const Template& port, std::unique_ptr<plugin::Encoder> encoder, Sender& sender,
         plugin::Refuser& refuser)
      : refuser_(refuser),
        port_(port),
        encoder_(std::move(encoder)),
        sender_(sender),
        fixed_port_(port.constant() ? parse_port(port.text()) : uint16_t{0}) {}

  void write(std::span<Event* const> events, const BatchRef& batch) override {
    Job job;
    job.batch = batch;
    for (const auto* event : events) {
      uint16_t port = fixed_port_;
      if (port == 0) {
        text_.clear();
        port_.fill(*event, text_);
        port = parse_port(text_);
        if (port == 0) {
          if (!refuser_.refuse(*event, "`port` is filled with \"" + text_ + "\", which is no port"))
            log::error(kLogger, "An event names no port and is dropped", {{"port", text_}});
          continue;
        }
      }
      const auto begin = static_cast<uint32_t>(job.bytes.size());
      encoder_->encode(*event, job.bytes);
      job.datagrams.push_back({begin, static_cast<uint32_t>(job.bytes.size()), port});
    }
    if (!job.datagrams.empty()) sender_.push(std::move(job));
  }

 private:
  plugin::Refuser& refuser_;
  const Template& port_;
  std::unique_ptr<plugin::Encoder> encoder_;
  Sender& sender_;
  const uint16_t fixed_port_;
  std::string text_;
};

class Udp : public plugin::Output {
 public:
  Udp(std::string host, Template port, int64_t retries, int64_t backoff, std::unique_ptr<plugin::Codec> codec)
      : port_(std::move(port)), codec_(std::move(codec)), sender_(std::move(host), retries, backoff) {}

  Status start(plugin::Start& start) override {
    refuser_ = &start.refuser;
    sender_.start();
    return {};
  }
  std::unique_ptr<plugin::OutputWorker> worker() override {
    return std::make_unique<Worker>(port_, codec_->encoder(), sender_, *refuser_);
  }
  void stop() override { sender_.stop(); }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> must_resolve() const override {
    return {{"port", port_.text()}};
  }

 private:
  Template port_;
  std::unique_ptr<plugin::Codec> codec_;
  plugin::Refuser* refuser_ = nullptr;
  Sender sender_;
};

std::unique_ptr<plugin::Output> make(plugin::Setup& setup) {
  const auto& options = setup.options;
  auto codec = setup.codec("json");
  if (codec && !codec->encoder())
    setup.error("codec", "E0306", "The codec " + std::string(codec->name()) + " cannot write events",
                "Use a codec that encodes, such as json.");
  Template port(options.string("port"));
  if (port.constant() && parse_port(port.text()) == 0)
    setup.error("port", "E0306", "`" + port.text() + "` is not a port",
                "A port is a number from 1 to 65535.");
  if (!port.problem().empty())
    setup.error("port", "E0306", "`port` can never be filled in: " + std::string(port.problem()));
  if (!codec) return nullptr;
  return std::make_unique<Udp>(options.string("host"), std::move(port), options.integer("retry_count"),
                               options.integer("retry_backoff_ms"), std::move(codec));
}

}  // namespace

extern const plugin::Spec output_udp;
const plugin::Spec output_udp{
    .kind = plugin::Kind::output,
    .name = "udp",
    .summary = "Sends each event as a UDP datagram.",
    .options = kOptions,
    .example = "udp { host => \"127.0.0.1\" port => 5001 }",
    .output = make,
};

}  // namespace sluice::plugins
