// bench_sink [keep=FILE]: stands in for Elasticsearch, and counts. Prints `port N`, and serves until it is
// killed. `POST .../_bulk`, plain or gzip, is confirmed as a whole and, with keep=, appended to the file; GET
// /_seen answers
// {"documents": .., "requests": .., "bytes": ..}. One thread for each connection.
#include <libdeflate.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "options.hpp"

namespace bench {
namespace {

std::atomic<size_t> documents, requests, bytes;
std::mutex keeping;
std::ofstream kept;

struct Request {
  std::string head, body;

  /// A header's value, or nothing.
  [[nodiscard]] std::string_view header(std::string_view name) const {
    for (size_t line = head.find("\r\n"); line + 2 < head.size(); line = head.find("\r\n", line + 2)) {
      const auto* at = head.c_str() + line + 2;
      if (strncasecmp(at, name.data(), name.size()) != 0 || at[name.size()] != ':') continue;
      const auto begin = head.find_first_not_of(' ', line + 3 + name.size());
      return std::string_view(head).substr(begin, head.find("\r\n", begin) - begin);
    }
    return {};
  }
};

class Connection {
 public:
  explicit Connection(int fd) : fd_(fd), part_(1 << 20, '\0'), inflater_(libdeflate_alloc_decompressor()) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    libdeflate_free_decompressor(inflater_);
    close(fd_);
  }

  void serve() {
    Request request;
    while (read(request) && answer(request)) {
    }
  }

 private:
  bool fill() {
    const auto got = recv(fd_, part_.data(), part_.size(), 0);
    if (got > 0) input_.append(part_, 0, static_cast<size_t>(got));
    return got > 0;
  }

  bool read(Request& request) {
    size_t end;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos)
      if (!fill()) return false;
    request.head.assign(input_, 0, end + 2);
    input_.erase(0, end + 4);
    const auto length = static_cast<size_t>(std::atol(std::string(request.header("content-length")).c_str()));
    if (!request.header("expect").empty() && input_.size() < length) write("HTTP/1.1 100 Continue\r\n\r\n");
    while (input_.size() < length)
      if (!fill()) return false;
    request.body.assign(input_, 0, length);
    input_.erase(0, length);
    return true;
  }

  /// The bytes that a gzip body stands for; ends the program when it is damaged: nothing else here may lose
  /// events.
  std::string_view inflate(std::string_view body) {
    size_t length = 0;
    if (plain_.empty()) plain_.resize(1 << 20);
    for (;;) {
      const auto done = libdeflate_gzip_decompress(inflater_, body.data(), body.size(), plain_.data(),
                                                   plain_.size(), &length);
      if (done == LIBDEFLATE_SUCCESS) return {plain_.data(), length};
      if (done != LIBDEFLATE_INSUFFICIENT_SPACE) Options::fail("a damaged gzip body");
      plain_.resize(plain_.size() * 2);
    }
  }

  bool answer(const Request& request) {
    const std::string_view target(request.head.data(), request.head.find("\r\n"));
    std::string reply =
        R"({"version":{"number":"8.15.0","build_flavor":"default"},"tagline":"You Know, for Search"})";
    if (target.find("/_bulk") != std::string_view::npos) {
      const bool zipped = request.header("content-encoding") == "gzip";
      const auto body = zipped ? inflate(request.body) : std::string_view(request.body);
      if (kept.is_open()) {
        const std::lock_guard guard(keeping);
        kept << body << std::flush;
      }
      bytes += body.size();
      ++requests;
      documents += static_cast<size_t>(std::count(body.begin(), body.end(), '\n')) / 2;
      reply = R"({"took":1,"errors":false,"items":[]})";
    } else if (target.find("/_seen") != std::string_view::npos) {
      reply = "{\"documents\": " + std::to_string(documents) + ", \"requests\": " + std::to_string(requests) +
              ", \"bytes\": " + std::to_string(bytes) + "}";
    }
    const bool head = target.starts_with("HEAD");
    return write(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Elastic-Product: Elasticsearch\r\n"
        "Content-Length: " +
        std::to_string(reply.size()) + "\r\n\r\n" + (head ? "" : reply));
  }

  bool write(std::string_view data) {
    return send(fd_, data.data(), data.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(data.size());
  }

  int fd_;
  std::string input_, part_, plain_;
  libdeflate_decompressor* inflater_;
};

int listen_anywhere() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(fd, 128) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    Options::fail("no port to listen on");
  std::printf("port %d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  const bench::Options options(argc, argv, 1);
  if (const auto path = options.text("keep", ""); !path.empty()) bench::kept.open(path, std::ios::binary);
  const int listening = bench::listen_anywhere();
  for (;;) {
    const int fd = accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) std::thread([fd] { bench::Connection(fd).serve(); }).detach();
  }
}
