#include "plugins/inputs/reverse_dns.hpp"

#include <netdb.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include "base/hash.hpp"
#include "base/time.hpp"

namespace sluice::plugins {
namespace {

constexpr int64_t kNanos = 1'000'000'000;
constexpr auto kThreadIdle = std::chrono::seconds(10);

std::string ask_system(const net::Endpoint& address) {
  char name[NI_MAXHOST];
  const socklen_t size = address.v6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  if (::getnameinfo(address.raw(), size, name, sizeof name, nullptr, 0, NI_NAMEREQD) == 0) return name;
  return address.address();
}

}  // namespace

struct ReverseDns::State : std::enable_shared_from_this<State> {
  struct Known {
    std::string name;
    int64_t until;
  };
  struct Waiting {
    net::Loop* loop;
    net::Endpoint address;
    std::string text;
    std::function<void(std::string)> found;
  };

  std::mutex mutex;
  std::condition_variable changed;
  TextMap<Known> cache;
  std::deque<Waiting> queue;
  size_t threads = 0;
  size_t idle = 0;
  bool cancelled = false;

  // With the mutex held.
  std::optional<std::string> cached(const std::string& text) {
    const auto at = cache.find(text);
    if (at == cache.end() || at->second.until < steady_nanos()) return std::nullopt;
    return at->second.name;
  }

  void work() {
    std::unique_lock lock(mutex);
    while (true) {
      ++idle;
      const bool some = changed.wait_for(lock, kThreadIdle, [&] { return !queue.empty(); });
      --idle;
      if (!some) break;
      Waiting next = std::move(queue.front());
      queue.pop_front();
      auto name = cached(next.text);
      if (!name) {
        lock.unlock();
        name = ask_system(next.address);
        lock.lock();
        if (cache.size() >= kMaxCached) cache.clear();
        cache[next.text] = {*name, steady_nanos() + kKeepSeconds * kNanos};
      }
      // Under the mutex: cancel() promises that the loop is not touched afterwards.
      if (!cancelled)
        next.loop->post([found = std::move(next.found), name = std::move(*name)] { found(name); });
    }
    --threads;
  }
};

ReverseDns::ReverseDns() : state_(std::make_shared<State>()) {}

void ReverseDns::cancel() {
  std::scoped_lock lock(state_->mutex);
  state_->cancelled = true;
  state_->queue.clear();
}

void ReverseDns::lookup(net::Loop& loop, const net::Endpoint& address,
                        std::function<void(std::string)> found) {
  std::string text = address.address();
  std::unique_lock lock(state_->mutex);
  if (auto name = state_->cached(text)) {
    lock.unlock();
    found(std::move(*name));
    return;
  }
  if (state_->queue.size() >= kMaxWaiting) {
    lock.unlock();
    found(std::move(text));
    return;
  }
  state_->queue.push_back({&loop, address, std::move(text), std::move(found)});
  if (state_->idle == 0 && state_->threads < kThreads) {
    ++state_->threads;
    // Detached, as a resolver that does not answer must not hold up the end of the pipeline.
    std::thread([state = state_] { state->work(); }).detach();
  }
  state_->changed.notify_one();
}

}  // namespace sluice::plugins
