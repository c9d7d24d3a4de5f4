#include "plugins/lookup/exchange.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <vector>

#include "base/time.hpp"

namespace sluice::lookup {
namespace {

constexpr int64_t kPatience = 5'000'000'000;  // nanoseconds without an answer, once the pipeline is stopping
constexpr auto kLook = std::chrono::milliseconds(100);

// "http://host:port" of a URL.
std::string_view host_of(std::string_view url) {
  const size_t mark = url.find("://");
  const size_t from = mark == std::string_view::npos ? 0 : mark + 3;
  return url.substr(0, std::min(url.find_first_of("/?#", from), url.size()));
}

}  // namespace

/// The calls of one run(). All of it under the exchange's mutex, but for the calls: they are the worker's.
struct Exchange::Round {
  explicit Round(std::span<Call> all) : calls(all), ids(all.size()), open(all.size()) {
    for (size_t i = 0; i < all.size(); ++i) waiting.push_back(i);
  }
  std::span<Call> calls;
  std::vector<uint64_t> ids;
  std::deque<size_t> waiting;
  std::vector<std::pair<size_t, net::HttpClientResponse>> answers;
  size_t open;         // without a final response
  uint64_t freed = 0;  // what the exchange's was when calls were last sent
  int64_t last_answer = 0;
  bool cancelled = false;
};

Exchange::Exchange(std::unique_ptr<net::HttpClient> client, Concurrency concurrency)
    : concurrency_(concurrency), client_(std::move(client)) {}

Exchange::~Exchange() { client_.reset(); }

void Exchange::interrupt() {
  {
    std::scoped_lock lock(mutex_);
    interrupted_at_ = steady_nanos();
  }
  changed_.notify_all();
}

void Exchange::run(std::span<Call> calls, const Again& again) {
  Round round(calls);
  while (round.open > 0) {
    send(round);
    {
      std::unique_lock lock(mutex_);
      if (!wait(lock, round)) give_up(round);
    }
    settle(round, again);
  }
}

// Starts what may start. The client is called without the lock: it can answer before it returns.
void Exchange::send(Round& round) {
  std::vector<size_t> now;
  {
    std::scoped_lock lock(mutex_);
    if (given_up_) return;
    round.freed = freed_;
    for (auto it = round.waiting.begin(); it != round.waiting.end() && under_way_ < concurrency_.total;) {
      auto& of_host = by_host_[std::string(host_of(round.calls[*it].request.url))];
      if (of_host >= concurrency_.per_host) {
        ++it;
        continue;
      }
      ++of_host, ++under_way_;
      now.push_back(*it);
      it = round.waiting.erase(it);
    }
  }
  for (const size_t index : now) {
    const uint64_t id =
        client_->request(round.calls[index].request, [this, &round, index](net::HttpClientResponse response) {
          arrived(round, index, std::move(response));
        });
    std::scoped_lock lock(mutex_);
    round.ids[index] = id;
  }
}

void Exchange::arrived(Round& round, size_t index, net::HttpClientResponse response) {
  std::scoped_lock lock(mutex_);  // until the notification is out: the round may be gone after it
  --under_way_, ++freed_;
  const auto host = by_host_.find(host_of(round.calls[index].request.url));
  if (host != by_host_.end() && --host->second == 0) by_host_.erase(host);
  if (response.answered()) round.last_answer = steady_nanos();
  round.answers.emplace_back(index, std::move(response));
  changed_.notify_all();
}

// Until there is an answer, or room for a call that waits for it. False when it is no use to wait any longer.
bool Exchange::wait(std::unique_lock<std::mutex>& lock, Round& round) {
  while (round.answers.empty()) {
    if (given_up_ && !round.cancelled) return false;
    if (!round.waiting.empty() && freed_ != round.freed) return true;
    if (interrupted_at_ == 0 || round.cancelled) {
      changed_.wait(lock);
      continue;
    }
    if (steady_nanos() - std::max(interrupted_at_, round.last_answer) >= kPatience) {
      given_up_ = true;
      changed_.notify_all();
      return false;
    }
    changed_.wait_for(lock, kLook);
  }
  return true;
}

// Under the lock: what has not been sent has failed, what is under way will hear of its end.
void Exchange::give_up(Round& round) {
  round.cancelled = true;
  for (size_t i = 0; i < round.calls.size(); ++i) {
    const bool waits = std::find(round.waiting.begin(), round.waiting.end(), i) != round.waiting.end();
    if (!waits) {
      client_->cancel(round.ids[i]);
      continue;
    }
    net::HttpClientResponse response;
    response.error = net::HttpClientResponse::Error::cancelled;
    response.error_text = "the pipeline is stopping";
    round.answers.emplace_back(i, std::move(response));
  }
  round.waiting.clear();
}

void Exchange::settle(Round& round, const Again& again) {
  std::vector<std::pair<size_t, net::HttpClientResponse>> answers;
  {
    std::scoped_lock lock(mutex_);
    answers.swap(round.answers);
  }
  for (auto& [index, response] : answers) {
    Call& call = round.calls[index];
    call.response = std::move(response);
    ++call.attempts;
    const bool ended = round.cancelled || call.response.error == net::HttpClientResponse::Error::cancelled;
    if (!ended && again && again(call)) {
      std::scoped_lock lock(mutex_);
      round.waiting.push_back(index);
    } else {
      --round.open;
    }
  }
}

}  // namespace sluice::lookup
