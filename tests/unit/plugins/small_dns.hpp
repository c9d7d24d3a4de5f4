// A DNS server for tests: answers from a table over UDP on 127.0.0.1, in one thread.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/time.hpp"

namespace sluice::plugins::fixture {

class SmallDns {
 public:
  enum Type : uint16_t { kA = 1, kCname = 5, kPtr = 12, kAaaa = 28 };
  struct Record {
    Type type;
    std::string data;        // an address, or a name
    std::string owner = {};  // of a record for another name than the one asked for (behind a CNAME)
  };
  struct Answer {
    std::vector<Record> records;
    int code = 0;     // 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED
    int unheard = 0;  // this many questions get no answer
    int delay_ms = 0;
    int damage = 0;  // this many bytes of the reply are wrong
  };

  /// `answers` by name; other names do not exist.
  explicit SmallDns(std::map<std::string, Answer> answers) : answers_(std::move(answers)) {
    socket_ = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(socket_, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    stop_ = ::eventfd(0, 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~SmallDns() {
    const uint64_t one = 1;
    (void)!::write(stop_, &one, sizeof one);
    thread_.join();
    ::close(socket_);
    ::close(stop_);
  }

  /// Where it listens: "127.0.0.1:PORT".
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  /// How often a name was asked for; of all names when it is empty.
  int asked(const std::string& name = {}) {
    std::scoped_lock lock(mutex_);
    if (!name.empty()) return asked_[name];
    int all = 0;
    for (const auto& [key, count] : asked_) all += count;
    return all;
  }

 private:
  struct Reply {
    int64_t due;
    sockaddr_in to;
    std::string bytes;
  };

  void serve() {
    std::vector<Reply> waiting;
    for (;;) {
      std::array<pollfd, 2> sockets{{{socket_, POLLIN, 0}, {stop_, POLLIN, 0}}};
      ::poll(sockets.data(), sockets.size(), waiting.empty() ? 1000 : 1);
      if (sockets[1].revents) return;
      if (sockets[0].revents) receive(waiting);
      std::erase_if(waiting, [&](const Reply& reply) {
        if (reply.due > steady_nanos()) return false;
        ::sendto(socket_, reply.bytes.data(), reply.bytes.size(), 0,
                 reinterpret_cast<const sockaddr*>(&reply.to), sizeof reply.to);
        return true;
      });
    }
  }

  void receive(std::vector<Reply>& waiting) {
    std::array<char, 1500> buffer;
    Reply reply{};
    socklen_t size = sizeof reply.to;
    const ssize_t got =
        ::recvfrom(socket_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&reply.to), &size);
    if (got < 17) return;
    const std::string question(buffer.data() + 12, static_cast<size_t>(got) - 12);
    std::string name = name_of(question);
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    Answer answer{{}, 3};
    if (const auto known = answers_.find(name); known != answers_.end()) answer = known->second;
    {
      std::scoped_lock lock(mutex_);
      if (asked_[name]++ < answer.unheard) return;
    }
    const auto type = static_cast<uint16_t>(question[name.size() + 3]);
    reply.due = steady_nanos() + answer.delay_ms * 1'000'000LL;
    reply.bytes = message(std::string(buffer.data(), 2), question.substr(0, name.size() + 6), answer, type);
    for (int i = 0; i < answer.damage; ++i)  // the id stays, so that the reply is looked at
      reply.bytes[2 + random_() % (reply.bytes.size() - 2)] = static_cast<char>(random_());
    waiting.push_back(std::move(reply));
  }

  static std::string name_of(std::string_view question) {
    std::string name;
    for (size_t at = 0; at < question.size() && question[at];) {
      const auto size = static_cast<size_t>(question[at]);
      if (!name.empty()) name += '.';
      name += question.substr(at + 1, size);
      at += size + 1;
    }
    return name;
  }

  static std::string encoded(const std::string& name) {
    std::string out;
    for (size_t begin = 0; begin < name.size();) {
      const size_t end = std::min(name.find('.', begin), name.size());
      out += static_cast<char>(end - begin);
      out += name.substr(begin, end - begin);
      begin = end + 1;
    }
    return out + '\0';
  }

  static std::string message(const std::string& id, const std::string& question, const Answer& answer,
                             uint16_t type) {
    const auto two = [](size_t n) { return std::string{static_cast<char>(n >> 8), static_cast<char>(n)}; };
    std::string records;
    size_t count = 0;
    for (const auto& record : answer.records) {
      if (record.type != type && record.type != kCname) continue;
      std::string data;
      if (record.type == kA || record.type == kAaaa) {
        data.resize(record.type == kA ? 4 : 16);
        inet_pton(record.type == kA ? AF_INET : AF_INET6, record.data.c_str(), data.data());
      } else {
        data = encoded(record.data);
      }
      records += record.owner.empty() ? std::string("\xc0\x0c") : encoded(record.owner);
      records += two(record.type) + two(1) + two(0) + two(60) + two(data.size()) + data;
      ++count;
    }
    return id + two(0x8180 | static_cast<size_t>(answer.code)) + two(1) + two(count) + two(0) + two(0) +
           question + records;
  }

  const std::map<std::string, Answer> answers_;
  int socket_ = -1, stop_ = -1;
  uint16_t port_ = 0;
  std::mutex mutex_;
  std::mt19937 random_;
  std::map<std::string, int> asked_;
  std::thread thread_;
};

}  // namespace sluice::plugins::fixture
