#include "runtime/engine.hpp"

#include <pthread.h>

#include "base/log.hpp"

namespace sluice::runtime {

Engine::~Engine() { stop(); }

Status Engine::start() {
  if (auto status = input_loop_.start("input"); !status.ok()) return status;
  return output_loop_.start("output");
}

void Engine::stop() {
  {
    std::scoped_lock lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (background_.joinable()) background_.join();
  input_loop_.stop();
  output_loop_.stop();
  input_loop_.join();
  output_loop_.join();
}

void Engine::background(std::function<void()> job) {
  std::scoped_lock lock(mutex_);
  if (stopping_) return;
  jobs_.push_back(std::move(job));
  if (!background_.joinable()) background_ = std::thread([this] { run_background(); });
  wake_.notify_one();
}

void Engine::run_background() {
  pthread_setname_np(pthread_self(), "background");
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (jobs_.empty()) {
      wake_.wait(lock);
      continue;
    }
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

void Engine::listening(std::string_view what, std::string_view address) {
  {
    std::scoped_lock lock(mutex_);
    addresses_.emplace_back(what, address);
  }
  log::info("logstash.inputs." + std::string(what), "Listening", {{"address", address}});
}

std::vector<std::pair<std::string, std::string>> Engine::addresses() const {
  std::scoped_lock lock(mutex_);
  return addresses_;
}

}  // namespace sluice::runtime
