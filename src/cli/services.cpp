#include "cli/services.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "base/log.hpp"
#include "base/time.hpp"
#include "cli/api_options.hpp"
#include "cli/commands.hpp"
#include "index/server.hpp"
#include "monitor/api.hpp"

namespace sluice::cli {
namespace {

std::string random_uuid() {
  std::random_device device;
  const auto word = [&] { return static_cast<uint32_t>(device()); };
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:08x}{:04x}", word(), word() & 0xffff, word() & 0xfff,
                     0x8000 | (word() & 0x3fff), word(), word() & 0xffff);
}

// The node's id lives in path.data/uuid, as Logstash keeps it.
std::string persistent_id(const std::string& path_data) {
  const auto path = path_data + "/uuid";
  std::string id;
  if (std::ifstream in(path); in >> id) return id;
  id = random_uuid();
  std::ofstream(path) << id;
  return id;
}

// "logs-* 30d 10gb": a pattern, an age, a size; one rule a line.
Result<std::vector<index::RetentionRule>> retention_rules(const std::string& text) {
  std::vector<index::RetentionRule> rules;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    index::RetentionRule rule;
    if (!(words >> rule.pattern)) continue;
    for (std::string word; words >> word;) {
      const bool size = word.back() == 'b' || word.back() == 'B';
      const auto n = size ? parse_bytes(word) : parse_duration_millis(word, 86400000);
      if (!n)
        return Status::config(fmt::format(
            "index.retention: \"{}\" of \"{}\" is neither an age (30d) nor a size (10gb)", word, line));
      (size ? rule.max_bytes : rule.max_age_ms) = *n;
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace

struct Services::Impl {
  explicit Impl(const settings::Settings& s) : settings(s) {}
  Status start_index(runtime::Engine& engine);
  Status start_api(runtime::Engine& engine);

  const settings::Settings& settings;
  std::unique_ptr<index::IndexServer> index;
  std::unique_ptr<monitor::Report> report;
  std::unique_ptr<monitor::Api> api;
};

Services::Services(const settings::Settings& settings) : impl_(std::make_unique<Impl>(settings)) {}
Services::~Services() = default;

std::string Services::index_address() const {
  return "http://" + impl_->settings.text("index.http.host") + ":" + impl_->settings.text("index.http.port");
}

Status Services::Impl::start_index(runtime::Engine& engine) {
  index::Options options;
  options.directory = engine.environment().path_data + "/index";
  auto rules = retention_rules(settings.text("index.retention"));
  if (!rules.ok()) return rules.status();
  options.retention = std::move(rules).value();
  const auto host = settings.text("index.http.host");
  if (!stays_here(host)) {
    if (!settings.boolean("index.allow_unauthenticated"))
      return Status::config(
          fmt::format("index.http.host is {}, so that other machines can reach the embedded index, and "
                      "nobody is asked for a "
                      "password. Keep it on 127.0.0.1, or set index.allow_unauthenticated: true if the "
                      "network keeps others out.",
                      host));
    log::warn("sluice.index",
              "The embedded index lets other machines read and write without asking for a password",
              {{"index.http.host", host}, {"index.allow_unauthenticated", true}});
  }
  auto opened = index::Index::open(options);
  if (!opened.ok()) return opened.status();
  index::ServerOptions server;
  server.host = host;
  server.port = static_cast<uint16_t>(settings.number("index.http.port"));
  auto started = index::IndexServer::start(engine.output_loop(), std::move(opened).value(), server);
  if (!started.ok())
    return Status::config("the embedded index cannot start: " + started.message() +
                          ". Set index.http.port, or name a cluster in `hosts`.");
  index = std::move(started).value();
  log::info("sluice.index", "The embedded index is ready",
            {{"address", fmt::format("http://{}:{}", server.host, index->port())},
             {"directory", options.directory}});
  return {};
}

Status Services::Impl::start_api(runtime::Engine& engine) {
  auto options = api_options(settings);
  if (!options.ok()) return options.status();
  monitor::Node node;
  node.name = engine.environment().node_name;
  node.version = SLUICE_VERSION;
  node.id = persistent_id(engine.environment().path_data);
  node.ephemeral_id = random_uuid();
  node.environment = settings.text("api.environment");
  node.started_nanos = steady_nanos();
  node.workers = settings.given("pipeline.workers") ? static_cast<size_t>(settings.number("pipeline.workers"))
                                                    : std::thread::hardware_concurrency();
  node.batch_size = static_cast<size_t>(settings.number("pipeline.batch.size"));
  node.batch_delay = settings.number("pipeline.batch.delay");
  report = std::make_unique<monitor::Report>(std::move(node), engine);
  auto started = monitor::Api::start(engine.output_loop(), *options, *report);
  if (!started.ok()) return started.status();
  api = std::move(started).value();
  log::info("logstash.agent", "Successfully started Logstash API endpoint",
            {{"port", api->port()}, {"ssl_enabled", options->tls != nullptr}});
  return {};
}

Status Services::start_api(runtime::Engine& engine) {
  return impl_->settings.boolean("api.enabled") ? impl_->start_api(engine) : Status{};
}

Status Services::start_index(runtime::Engine& engine) {
  return impl_->index ? Status{} : impl_->start_index(engine);
}

void Services::add(const runtime::Pipeline& pipeline, std::shared_ptr<const runtime::ReloadRecord> record) {
  if (impl_->report) impl_->report->add(pipeline, std::move(record));
}

void Services::remove(const runtime::Pipeline& pipeline) {
  if (impl_->report) impl_->report->remove(pipeline);
}

void Services::stop() {
  impl_->api.reset();
  impl_->index.reset();
}

}  // namespace sluice::cli
