#include "plugins/memcache/connections.hpp"

#include <unordered_map>

#include "base/hash.hpp"
#include "base/time.hpp"

namespace sluice::memcache {
namespace {

constexpr uint64_t kConnectMillis = 1000;
constexpr uint64_t kAnswerMillis = 1000;
constexpr int64_t kDeadFor = 1'000'000'000;  // nanoseconds
constexpr size_t kKeysAtOnce = 200;

}  // namespace

Connections::Connections(const std::vector<Server>& servers, const Ring& ring) : ring_(ring) {
  for (const auto& server : servers) lines_.push_back({&server, nullptr, 0});
}

bool Connections::alive(size_t index) const { return lines_[index].dead_until <= steady_nanos(); }

memcached_st* Connections::open(Line& line) {
  if (line.handle) return line.handle.get();
  line.handle.reset(memcached_create(nullptr));
  auto* handle = line.handle.get();
  if (!handle) return nullptr;
  memcached_behavior_set(handle, MEMCACHED_BEHAVIOR_BINARY_PROTOCOL, 1);
  memcached_behavior_set(handle, MEMCACHED_BEHAVIOR_TCP_NODELAY, 1);
  memcached_behavior_set(handle, MEMCACHED_BEHAVIOR_NO_BLOCK, 1);
  memcached_behavior_set(handle, MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, kConnectMillis);
  memcached_behavior_set(handle, MEMCACHED_BEHAVIOR_POLL_TIMEOUT, kAnswerMillis);
  memcached_behavior_set(handle, MEMCACHED_BEHAVIOR_RETRY_TIMEOUT, 0);
  const auto& host = line.server->host;
  const auto result = host.starts_with('/') ? memcached_server_add_unix_socket(handle, host.c_str())
                                            : memcached_server_add(handle, host.c_str(), line.server->port);
  if (result == MEMCACHED_SUCCESS) return handle;
  failed(line, result);
  return nullptr;
}

// The connection is in an unknown state: the next use begins with a new one.
void Connections::failed(Line& line, memcached_return_t why) {
  problem_ = line.server->text() + ": " + memcached_strerror(line.handle.get(), why);
  line.handle.reset();
  line.dead_until = steady_nanos() + kDeadFor;
}

Status Connections::check() {
  for (auto& line : lines_) {
    auto* handle = open(line);
    if (!handle) continue;
    const auto result = memcached_version(handle);
    if (result == MEMCACHED_SUCCESS) return {};
    failed(line, result);
  }
  return Status::error(Fault::output, "failed to connect to memcached: " + problem_);
}

Connections::Found Connections::get(const std::vector<std::string>& keys) {
  Found found;
  found.values.resize(keys.size());
  found.failed.resize(keys.size());
  std::vector<std::vector<size_t>> wanted(lines_.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    const int server = ring_.choose(keys[i], [this](int s) { return alive(static_cast<size_t>(s)); });
    if (server < 0)
      found.failed[i] = true;
    else
      wanted[static_cast<size_t>(server)].push_back(i);
  }
  for (size_t s = 0; s < lines_.size(); ++s) {
    const auto& all = wanted[s];
    bool good = true;
    for (size_t from = 0; from < all.size(); from += kKeysAtOnce) {
      const size_t to = std::min(from + kKeysAtOnce, all.size());
      const std::vector<size_t> part(all.begin() + static_cast<long>(from),
                                     all.begin() + static_cast<long>(to));
      good = good && get_from(lines_[s], keys, part, found);
      if (!good)
        for (const size_t i : part) found.failed[i] = true, found.values[i].reset();
    }
  }
  return found;
}

bool Connections::get_from(Line& line, const std::vector<std::string>& keys,
                           const std::vector<size_t>& wanted, Found& found) {
  auto* handle = open(line);
  if (!handle) return false;
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  std::unordered_map<std::string_view, size_t, TextHash> places;
  for (const size_t i : wanted) {
    texts.push_back(keys[i].data());
    sizes.push_back(keys[i].size());
    places.emplace(keys[i], i);
  }
  auto result = memcached_mget(handle, texts.data(), sizes.data(), texts.size());
  if (result != MEMCACHED_SUCCESS) return failed(line, result), false;
  memcached_result_st one;
  memcached_result_create(handle, &one);
  while (memcached_fetch_result(handle, &one, &result)) {
    const auto place = places.find({memcached_result_key_value(&one), memcached_result_key_length(&one)});
    if (result != MEMCACHED_SUCCESS || place == places.end()) continue;
    found.values[place->second] = std::make_unique<Stored>(
        Stored{{memcached_result_value(&one), memcached_result_length(&one)}, memcached_result_flags(&one)});
  }
  memcached_result_free(&one);
  if (result == MEMCACHED_SUCCESS || result == MEMCACHED_END || result == MEMCACHED_NOTFOUND) return true;
  return failed(line, result), false;
}

Status Connections::set(const std::string& key, const Stored& value, int64_t expires) {
  const int server = ring_.choose(key, [this](int s) { return alive(static_cast<size_t>(s)); });
  if (server < 0) return Status::error(Fault::output, problem_);
  auto& line = lines_[static_cast<size_t>(server)];
  auto* handle = open(line);
  if (!handle) return Status::error(Fault::output, problem_);
  const auto result = memcached_set(handle, key.data(), key.size(), value.bytes.data(), value.bytes.size(),
                                    static_cast<time_t>(expires), value.flags);
  if (result == MEMCACHED_SUCCESS) return {};
  if (result == MEMCACHED_E2BIG || result == MEMCACHED_NOTSTORED)  // of the value, not of the connection
    return Status::error(Fault::output, memcached_strerror(handle, result));
  failed(line, result);
  return Status::error(Fault::output, problem_);
}

}  // namespace sluice::memcache
