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
#include "cli/commands.hpp"
#include "cli/services.hpp"
#include "runtime/engine.hpp"

namespace sluice::cli {
namespace {

constexpr std::string_view kRunner = "logstash.runner";

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

struct Prepared {
  settings::Settings settings;
  runtime::LoadedConfig config;
};

Result<std::vector<settings::Settings>> pipeline_settings(const Arguments& args,
                                                          const settings::Settings& settings) {
  const bool direct = settings.given("path.config") || settings.given("config.string");
  if (settings.given("path.config") && settings.given("config.string"))
    return Status::config(
        "Settings 'path.config' (-f) and 'config.string' (-e) can't be used simultaneously.");
  if (direct) return std::vector<settings::Settings>{settings};
  const auto directory = settings_directory(args);
  const auto path = directory + "/pipelines.yml";
  if (directory.empty() || !std::filesystem::exists(path))
    return Status::config(
        "nothing to run: give a config with -f PATH or -e 'CONFIG', or a pipelines.yml in --path.settings "
        "DIR");
  return settings::load_pipelines(path, settings);
}

// Everything that can be checked is checked before anything starts.
Result<std::vector<Prepared>> prepare(const std::vector<settings::Settings>& all,
                                      std::string_view embedded_index, const settings::Variables& variables) {
  std::vector<Prepared> prepared;
  bool failed = false;
  for (const auto& own : all) {
    Prepared one{own, {}};
    const runtime::ConfigSource source{own.text("path.config"), own.text("config.string"),
                                       own.boolean("config.support_escapes"), variables};
    if (auto status = runtime::read_config(source, one.config); !status.ok()) return status;
    auto environment = environment_of(own);
    environment.embedded_index = embedded_index;
    runtime::compile_config(one.config, environment);
    one.config.diagnostics.sort();
    if (!one.config.diagnostics.items().empty() &&
        (one.config.diagnostics.has_errors() || log::enabled(log::Level::warn))) {
      const auto report =
          lang::render_report(one.config.diagnostics, one.config.sources, isatty(STDERR_FILENO) != 0);
      std::fwrite(report.data(), 1, report.size(), stderr);
    }
    failed = failed || one.config.diagnostics.has_errors();
    if (own.boolean("config.debug"))
      log::debug(
          kRunner, "Compiled pipeline",
          {{"graph", one.config.graph ? ir::draw(*one.config.graph, one.config.sources, ir::Format::text)
                                      : std::string{}}});
    prepared.push_back(std::move(one));
  }
  if (failed) return Status::config("the config has errors: see above");
  return prepared;
}

Result<runtime::PipelineSettings> resolve(const settings::Settings& own, const settings::Settings& process) {
  runtime::PipelineSettings s;
  (void)process;
  s.id = own.text("pipeline.id");
  s.workers = own.given("pipeline.workers")
                  ? static_cast<size_t>(std::max<int64_t>(1, own.number("pipeline.workers")))
                  : std::max(1u, std::thread::hardware_concurrency());
  if (own.text("pipeline.ordered") == "true" && s.workers != 1) {
    if (own.given("pipeline.workers"))
      return Status::config(
          "enabling the 'pipeline.ordered' setting requires the use of a single pipeline worker: set "
          "pipeline.workers to 1");
    s.workers = 1;
  }
  s.batch_size = static_cast<size_t>(std::max<int64_t>(1, own.number("pipeline.batch.size")));
  s.show_metrics = own.boolean("metric.collect");
  s.batch_delay_millis = own.number("pipeline.batch.delay");
  s.in_flight_bytes = static_cast<size_t>(own.bytes("pipeline.in_flight_bytes"));
  auto disk = persistent_queue_of(own);
  if (!disk.ok()) return disk.status();
  s.persistent_queue = std::move(disk).value();
  s.drain_queue = own.boolean("queue.drain");
  s.stall_millis = own.millis("pipeline.stall_timeout");
  s.drain_millis = own.boolean("pipeline.unsafe_shutdown") ? 0 : own.millis("pipeline.drain_timeout");
  return s;
}

// Runs until all pipelines have finished or a signal asks for the end. True when a second SIGINT forced it.
void wait_for_end(Signals& signals, int finished_fd, size_t pipelines) {
  size_t finished = 0;
  while (finished < pipelines) {
    pollfd fds[2] = {{signals.fd(), POLLIN, 0}, {finished_fd, POLLIN, 0}};
    if (poll(fds, 2, -1) < 0) continue;
    if (fds[1].revents) {
      uint64_t n = 0;
      if (::read(finished_fd, &n, sizeof n) == sizeof n) finished += n;
    }
    if (!fds[0].revents) continue;
    switch (signals.read_one()) {
      case SIGTERM:
        log::warn(kRunner, "SIGTERM received. Shutting down.");
        return;
      case SIGINT:
        log::warn(kRunner, "SIGINT received. Shutting down.");
        return;
      case SIGHUP:
        log::warn(
            kRunner,
            "SIGHUP received. Configs are not reloaded by this version: restart to load a changed one.");
        break;
      default:
        break;
    }
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
  auto all = pipeline_settings(args, settings);
  if (!all.ok()) return fail(all.message());
  if (geteuid() == 0 && !settings.boolean("allow_superuser"))
    return fail(
        "the engine cannot run as superuser while allow_superuser is false: start it as another user");

  Services services(settings);
  auto prepared = prepare(*all, services.index_address(), variables);
  if (!prepared.ok()) {
    log::fatal(kRunner, "The given configuration is invalid. Reason: " + prepared.message());
    return 1;
  }
  DataLock lock;
  if (auto status = lock.take(environment_of(settings).path_data); !status.ok())
    return fail(status.message());

  bool wants_index = false;
  for (const auto& one : *prepared) wants_index = wants_index || ir::uses_embedded_index(*one.config.config);
  auto environment = environment_of(settings);
  if (wants_index) environment.embedded_index = services.index_address();
  runtime::Engine engine(std::move(environment));
  if (auto status = engine.start(); !status.ok()) return fail(status.message());
  if (auto status = services.start(engine, wants_index); !status.ok()) {
    log::fatal(kRunner, status.message());
    return 1;
  }

  const int finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::vector<std::unique_ptr<runtime::Pipeline>> pipelines;
  bool failed = false;
  for (auto& one : *prepared) {
    auto resolved = resolve(one.settings, settings);
    if (!resolved.ok()) return fail(resolved.message());
    if (draining) {
      if (!resolved->persistent_queue)
        return fail(fmt::format("pipeline {} has no queue to drain: queue.type is memory", resolved->id));
      resolved->drain_queue = true;
      one.config.plan->inputs.clear();
    }
    std::shared_ptr<plugin::DeadLetters> letters;
    if (one.settings.boolean("dead_letter_queue.enable")) {
      auto opened = queue::LetterWriter::open(Env::system(), letter_settings(one.settings));
      if (!opened.ok()) {
        log::error("logstash.agent", "Failed to start pipeline",
                   {{"pipeline_id", resolved->id}, {"reason", opened.message()}});
        failed = true;
        break;
      }
      letters = std::move(opened).value();
    }
    auto pipeline = std::make_unique<runtime::Pipeline>(
        *resolved, std::move(one.config.plan), std::move(one.config.sources), engine, std::move(letters));
    pipeline->on_finished([finished_fd] {
      const uint64_t n = 1;
      (void)!::write(finished_fd, &n, sizeof n);
    });
    services.add(*pipeline);
    pipelines.push_back(std::move(pipeline));
    if (auto status = pipelines.back()->start(); !status.ok()) {
      log::error("logstash.agent", "Failed to start pipeline",
                 {{"pipeline_id", resolved->id}, {"reason", status.message()}});
      failed = true;
      break;
    }
  }
  if (!failed) {
    std::string ids;
    for (const auto& p : pipelines) ids += (ids.empty() ? ":" : ", :") + p->settings().id;
    log::info("logstash.agent", "Pipelines running",
              {{"count", pipelines.size()},
               {"running_pipelines", "[" + ids + "]"},
               {"non_running_pipelines", "[]"}});
    if (!draining) wait_for_end(signals, finished_fd, pipelines.size());
  }
  const int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  auto watcher = watch_for_impatience(signals, stop_fd, draining);
  if (!failed)
    for (auto& pipeline : pipelines) pipeline->stop();
  services.stop();
  engine.stop();
  pipelines.clear();
  const uint64_t n = 1;
  (void)!::write(stop_fd, &n, sizeof n);
  watcher.join();
  close(stop_fd);
  close(finished_fd);
  log::info(kRunner, "Logstash shut down.");
  return failed ? 1 : 0;
}

}  // namespace sluice::cli
