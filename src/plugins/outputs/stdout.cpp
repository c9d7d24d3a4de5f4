// Events on standard output: the workers encode, one thread writes each batch whole.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/log.hpp"
#include "plugin/spec.hpp"
#include "plugins/outputs/job_queue.hpp"

namespace sluice::plugins {
namespace {

constexpr std::string_view kLogger = "logstash.outputs.stdout";

struct Job {
  Buffer bytes;
  BatchRef batch;
};

/// The thread that owns standard output. A slow reader holds it up, never a worker.
class Writer {
 public:
  ~Writer() { stop(); }
  void start() {
    fd_ = own_descriptor();
    thread_ = std::thread([this] { run(); });
  }
  void push(Job job) { queue_.push(std::move(job)); }
  void stop() {
    stopping_.store(true);
    queue_.close();
    if (thread_.joinable()) thread_.join();
    if (fd_ != STDOUT_FILENO) ::close(std::exchange(fd_, STDOUT_FILENO));
  }

 private:
  // A pipe or terminal is opened anew for writes that do not block: setting that on the inherited descriptor
  // would change it for every other program that shares it.
  static int own_descriptor() {
    struct stat s {};
    if (::fstat(STDOUT_FILENO, &s) != 0 || (!S_ISFIFO(s.st_mode) && !S_ISCHR(s.st_mode)))
      return STDOUT_FILENO;
    const int fd = ::open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd >= 0 ? fd : STDOUT_FILENO;
  }

  void run() {
    std::vector<Job> jobs;
    while (queue_.take(jobs)) {
      for (auto& job : jobs)
        if (!deliver(job.bytes.view())) job.batch->abandon();
      jobs.clear();
    }
  }

  // False when the bytes could not be written and never will be.
  bool deliver(std::string_view bytes) {
    while (!closed_ && !bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n >= 0) {
        bytes.remove_prefix(static_cast<size_t>(n));
      } else if (errno == EAGAIN) {
        pollfd p{fd_, POLLOUT, 0};
        if (::poll(&p, 1, 200) == 0 && stopping_.load()) return false;
      } else if (errno == ENOSPC || errno == EDQUOT) {
        if (!std::exchange(full_, true))
          log::warn(kLogger, "No space left behind standard output: waiting for some");
        ::poll(nullptr, 0, 500);
        if (stopping_.load()) return false;
        continue;
      } else if (errno != EINTR) {
        fail(errno);
      }
      full_ = false;
    }
    return !closed_;
  }

  // `pipeline ... | head` has to end as any program does whose reader is gone; what was not written stays
  // unacknowledged.
  void fail(int error) {
    closed_ = true;
    if (error == EPIPE)
      log::info(kLogger, "The reader of standard output has gone: shutting down");
    else
      log::error(kLogger, "Standard output cannot be written: shutting down",
                 {{"error", std::strerror(error)}});
    ::kill(::getpid(), SIGTERM);
  }

  JobQueue<Job> queue_;
  std::atomic<bool> stopping_{false};
  bool closed_ = false;
  bool full_ = false;
  int fd_ = STDOUT_FILENO;
  std::thread thread_;
};

class Worker : public plugin::OutputWorker {
 public:
  Worker(std::unique_ptr<plugin::Encoder> encoder, Writer& writer)
      : encoder_(std::move(encoder)), writer_(writer) {}

  void write(std::span<Event* const> events, const BatchRef& batch) override {
    Job job{{}, batch};
    for (const auto* event : events) encoder_->encode(*event, job.bytes);
    if (!job.bytes.empty()) writer_.push(std::move(job));
  }

 private:
  std::unique_ptr<plugin::Encoder> encoder_;
  Writer& writer_;
};

class Stdout : public plugin::Output {
 public:
  explicit Stdout(std::unique_ptr<plugin::Codec> codec) : codec_(std::move(codec)) {}

  Status start(plugin::Start&) override {
    std::signal(SIGPIPE, SIG_IGN);
    writer_.start();
    return {};
  }
  std::unique_ptr<plugin::OutputWorker> worker() override {
    return std::make_unique<Worker>(codec_->encoder(), writer_);
  }
  void stop() override { writer_.stop(); }

 private:
  std::unique_ptr<plugin::Codec> codec_;
  Writer writer_;
};

std::unique_ptr<plugin::Output> make(plugin::Setup& setup) {
  auto codec = setup.codec("rubydebug");
  if (!codec) return nullptr;
  if (!codec->encoder()) {
    setup.error("codec", "E0306", "The codec " + std::string(codec->name()) + " cannot write events",
                "Use a codec that encodes: rubydebug, json_lines, line, plain, dots.");
    return nullptr;
  }
  return std::make_unique<Stdout>(std::move(codec));
}

}  // namespace

extern const plugin::Spec output_stdout;
const plugin::Spec output_stdout{
    .kind = plugin::Kind::output,
    .name = "stdout",
    .summary = "Prints events on standard output.",
    .options = {},
    .example = "stdout { codec => rubydebug }",
    .output = make,
};

}  // namespace sluice::plugins
