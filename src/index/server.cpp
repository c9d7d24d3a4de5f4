#include "index/server.hpp"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "base/time.hpp"
#include "net/http_server.hpp"

namespace sluice::index {

struct IndexServer::Impl {
  struct Job {
    net::HttpRequest request;
    net::HttpResponder responder;
  };

  Impl(std::shared_ptr<Index> i, const ServerOptions& o) : index(std::move(i)), options(o) {}

  /// Loop thread: queue, or refuse when too much waits.
  void take(const net::HttpRequest& request, const net::HttpResponder& responder) {
    {
      std::lock_guard lock(mutex);
      if (waiting_bytes + request.body.size() <= options.max_waiting_bytes || jobs.empty()) {
        waiting_bytes += request.body.size();
        jobs.push_back({request, responder});
        ready.notify_one();
        return;
      }
    }
    net::HttpResponse busy;
    busy.status = 429;
    busy.headers = {{"Content-Type", "application/json"}, {"X-Elastic-Product", "Elasticsearch"}};
    busy.body = std::string(
        R"({"error":{"root_cause":[],"type":"es_rejected_execution_exception","reason":"too many requests are waiting for the embedded index"},"status":429})");
    responder.send(std::move(busy));
  }

  void work() {
    while (true) {
      Job job;
      {
        std::unique_lock lock(mutex);
        ready.wait(lock, [this] { return stopping || !jobs.empty(); });
        if (jobs.empty()) return;
        job = std::move(jobs.front());
        jobs.pop_front();
        waiting_bytes -= job.request.body.size();
      }
      answer(job);
    }
  }

  void answer(const Job& job) const {
    const std::string path(job.request.path()), query(job.request.query());
    Request request;
    request.method = job.request.method;
    request.path = path;
    request.query = query;
    request.content_type = job.request.header("content-type");
    request.accept = job.request.header("accept");
    request.body = job.request.body.view();
    Response response = index->handle(request);
    net::HttpResponse out;
    out.status = response.status;
    out.headers = std::move(response.headers);
    out.headers.emplace_back("Content-Type", std::move(response.content_type));
    out.body = std::move(response.body);
    job.responder.send(std::move(out));
  }

  /// Retention, once at the start and then at its interval.
  void keep_house() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      lock.unlock();
      index->sweep(wall_nanos() / 1'000'000);
      lock.lock();
      stop.wait_for(lock, std::chrono::milliseconds(options.sweep_every_ms), [this] { return stopping; });
    }
  }

  void start_threads() {
    for (unsigned i = 0; i < std::max(1U, options.threads); ++i) threads.emplace_back([this] { work(); });
    if (options.sweep_every_ms > 0) threads.emplace_back([this] { keep_house(); });
  }

  ~Impl() {
    server.reset();  // no request comes after this
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    ready.notify_all();
    stop.notify_all();
    for (auto& thread : threads) thread.join();
  }

  std::shared_ptr<Index> index;
  ServerOptions options;
  std::mutex mutex;
  std::condition_variable ready, stop;
  std::deque<Job> jobs;
  size_t waiting_bytes = 0;
  bool stopping = false;
  std::vector<std::thread> threads;
  std::unique_ptr<net::HttpServer> server;
};

IndexServer::IndexServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
IndexServer::~IndexServer() = default;

Result<std::unique_ptr<IndexServer>> IndexServer::start(net::Loop& loop, std::shared_ptr<Index> index,
                                                        const ServerOptions& options) {
  auto impl = std::make_unique<Impl>(std::move(index), options);
  net::HttpServerOptions http;
  http.host = options.host;
  http.port = options.port;
  http.max_body_bytes = options.max_body_bytes;
  auto server = net::HttpServer::listen(
      loop, std::move(http),
      [raw = impl.get()](const net::HttpRequest& request, net::HttpResponder responder) {
        raw->take(request, responder);
      });
  if (!server.ok())
    return Status::system(fmt::format("the embedded index cannot listen on {}:{}: {}", options.host,
                                      options.port, server.message()));
  impl->server = std::move(server.value());
  impl->start_threads();
  log::info("sluice.index", "Embedded index listening",
            {{"address", fmt::format("{}:{}", options.host, impl->server->port())}});
  return std::unique_ptr<IndexServer>(new IndexServer(std::move(impl)));
}

uint16_t IndexServer::port() const { return impl_->server->port(); }

}  // namespace sluice::index
