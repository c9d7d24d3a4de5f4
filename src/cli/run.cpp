#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <thread>

#include "base/log.hpp"
#include "base/time.hpp"
#include "cli/agent.hpp"
#include "cli/commands.hpp"
#include "cli/privileges.hpp"
#include "cli/services.hpp"
#include "cli/wanted.hpp"
#include "runtime/engine.hpp"

namespace sluice::cli {
namespace {

constexpr std::string_view kRunner = "logstash.runner";
constexpr int64_t kTidyMillis = 200;

int64_t steady_millis() { return steady_nanos() / 1'000'000; }

// Signals arrive on a descriptor of the main thread; every other thread has them blocked.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, s);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    signal(SIGPIPE, SIG_IGN);
    fd_ = signalfd(-1, &set_, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~Signals() { close(fd_); }
  [[nodiscard]] int fd() const { return fd_; }
  int read_one() {
    signalfd_siginfo info{};
    return ::read(fd_, &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
  }

 private:
  sigset_t set_{};
  int fd_ = -1;
};

// Two processes must not share one path.data.
class DataLock {
 public:
  ~DataLock() {
    if (fd_ >= 0) close(fd_);
  }
  Status take(const std::string& directory) {
    std::error_code ec;
    std::filesystem::create_directories(directory, ec);
    const auto path = directory + "/.lock";
    fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0)
      return Status::config(
          fmt::format("path.data {} cannot be written: {}", directory, std::string(strerror(errno))));
    if (flock(fd_, LOCK_EX | LOCK_NB) == 0) return {};
    return Status::config(
        fmt::format("Logstash could not be started because there is already another instance using the "
                    "configured data directory. "
                    "If you wish to run multiple instances, you must change the \"path.data\" setting ({}).",
                    directory));
  }

 private:
  int fd_ = -1;
};

// Ten thousand connections need as many descriptors; the soft limit is often 1,024.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

// Everything that can be checked is checked before anything starts. With `some`, what cannot run is left out.
Result<std::vector<Wanted>> prepare(const std::vector<settings::Settings>& all,
                                    std::string_view embedded_index, const settings::Variables& variables,
                                    bool some) {
  std::vector<Wanted> prepared;
  Status problem;
  for (const auto& own : all) {
    auto wanted = load_wanted(own, embedded_index, variables);
    if (wanted.ok())
      prepared.push_back(std::move(wanted).value());
    else
      problem = wanted.status();
  }
  if (!problem.ok() && !some) return problem;
  return prepared;
}

// Waits for a signal, the end of a pipeline, or `millis` (-1: for ever). The signal, or 0.
int wait(Signals& signals, int finished_fd, int millis) {
  pollfd fds[2] = {{signals.fd(), POLLIN, 0}, {finished_fd, POLLIN, 0}};
  if (poll(fds, 2, millis) <= 0) return 0;
  uint64_t n = 0;
  if (fds[1].revents) (void)!::read(finished_fd, &n, sizeof n);
  return fds[0].revents ? signals.read_one() : 0;
}

// Runs until a signal asks for the end; when configs are not looked at again, also until all pipelines have
// finished.
void serve(Agent& agent, Signals& signals, int finished_fd, const settings::Settings& settings) {
  const bool polls = settings.boolean("config.reload.automatic");
  const int64_t interval = std::max<int64_t>(1, settings.millis("config.reload.interval"));
  int64_t next = steady_millis() + interval;
  bool untidy = false;
  while (polls || !agent.finished()) {
    int64_t patience = polls ? std::max<int64_t>(0, next - steady_millis()) : -1;
    if (untidy) patience = patience < 0 ? kTidyMillis : std::min(patience, kTidyMillis);
    const int signal = wait(signals, finished_fd, static_cast<int>(patience));
    if (signal == SIGTERM || signal == SIGINT) {
      log::warn(kRunner,
                signal == SIGTERM ? "SIGTERM received. Shutting down." : "SIGINT received. Shutting down.");
      return;
    }
    if (signal == SIGHUP) log::warn(kRunner, "SIGHUP received.");
    if (signal == SIGHUP || (polls && steady_millis() >= next)) {
      agent.reload(signal == SIGHUP);
      next = steady_millis() + interval;
    }
    untidy = agent.tidy();
  }
}

// A second SIGINT ends the process at once; while a queue is drained by a command, any signal: what is not
// delivered stays there.
std::thread watch_for_impatience(Signals& signals, int stop_fd, bool draining) {
  return std::thread([&signals, stop_fd, draining] {
    for (;;) {
      pollfd fds[2] = {{signals.fd(), POLLIN, 0}, {stop_fd, POLLIN, 0}};
      if (poll(fds, 2, -1) < 0) continue;
      if (fds[1].revents) return;
      if (!fds[0].revents) continue;
      const int signal = signals.read_one();
      if (signal == SIGINT || (draining && signal == SIGTERM)) {
        log::fatal(kRunner, signal == SIGINT ? "SIGINT received. Terminating immediately.."
                                             : "SIGTERM received. What is not delivered stays in the queue.");
        std::_Exit(1);
      }
    }
  });
}

}  // namespace

int run(const Arguments& args, const settings::Settings& settings, const settings::Variables& variables) {
  raise_file_limit();
  const bool draining = args.command == "queue";
  Signals signals;
  auto all = wanted_settings(args, settings);
  if (!all.ok()) return fail(all.message());
  if (geteuid() == 0 && !settings.boolean("allow_superuser"))
    return fail(
        "the engine cannot run as superuser while allow_superuser is false: start it as another user");

  const bool polls = settings.boolean("config.reload.automatic") && !draining;
  Services services(settings);
  auto prepared = prepare(*all, services.index_address(), variables, polls);
  if (!prepared.ok()) {
    log::fatal(kRunner, "The given configuration is invalid. Reason: " + prepared.message());
    return 1;
  }
  DataLock lock;
  if (auto status = lock.take(environment_of(settings).path_data); !status.ok())
    return fail(status.message());

  auto environment = environment_of(settings);
  environment.embedded_index = services.index_address();
  runtime::Engine engine(std::move(environment));
  if (auto status = engine.start(); !status.ok()) return fail(status.message());
  if (auto status = services.start_api(engine); !status.ok()) {
    log::fatal(kRunner, status.message());
    return 1;
  }

  const int finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  Agent agent(args, settings, variables, engine, services, finished_fd);
  bool failed = false;
  for (auto& wanted : *prepared) {
    failed = !agent.start(std::move(wanted), draining).ok() && !polls;
    if (failed) break;
  }
  if (!failed) {  // all ports are open
    if (auto status = give_up_root(); !status.ok()) {
      log::fatal(kRunner, status.message());
      failed = true;
    }
  }
  if (!failed) {
    agent.log_running();
    if (!draining) serve(agent, signals, finished_fd, settings);
  }
  const int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  auto watcher = watch_for_impatience(signals, stop_fd, draining);
  agent.stop();
  services.stop();
  engine.stop();
  const uint64_t n = 1;
  (void)!::write(stop_fd, &n, sizeof n);
  watcher.join();
  close(stop_fd);
  close(finished_fd);
  log::info(kRunner, "Logstash shut down.");
  return failed || !agent.up_to_date() ? 1 : 0;
}

}  // namespace sluice::cli
