#include "net/kept_sockets.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <vector>

namespace sluice::net {
namespace {

struct Socket {
  int type;
  Endpoint address;
  int fd;
};

std::mutex mutex;
std::vector<Socket> listening;
std::vector<Socket> kept;

}  // namespace

KeptSockets::KeptSockets() {
  const std::scoped_lock lock(mutex);
  for (const auto& socket : listening)
    if (const int fd = fcntl(socket.fd, F_DUPFD_CLOEXEC, 0); fd >= 0)
      kept.push_back({socket.type, socket.address, fd});
}

KeptSockets::~KeptSockets() {
  const std::scoped_lock lock(mutex);
  for (const auto& socket : kept) ::close(socket.fd);
  kept.clear();
}

int take_kept_socket(int type, const Endpoint& address) {
  if (address.port() == 0) return -1;
  const std::scoped_lock lock(mutex);
  const auto found = std::find_if(kept.begin(), kept.end(), [&](const Socket& socket) {
    return socket.type == type && socket.address == address;
  });
  if (found == kept.end()) return -1;
  const int fd = found->fd;
  kept.erase(found);
  return fd;
}

void socket_opened(int type, const Endpoint& address, int fd) {
  const std::scoped_lock lock(mutex);
  listening.push_back({type, address, fd});
}

void socket_closing(int fd) {
  const std::scoped_lock lock(mutex);
  std::erase_if(listening, [fd](const Socket& socket) { return socket.fd == fd; });
}

}  // namespace sluice::net
