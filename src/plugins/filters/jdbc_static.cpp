// filter jdbc_static: tables of a database, kept in memory and looked up for each event.
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/log.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "plugins/jdbc/options.hpp"
#include "plugins/jdbc/schedule.hpp"
#include "plugins/jdbc/static_config.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr std::string_view kLogger = "logstash.filters.jdbcstatic";

constexpr plugin::Option kOwnOptions[] = {
    {"loaders", Type::any, "[]",
     "Queries to the database, as hashes: query, local_table, and id, max_rows and jdbc_ options where "
     "wanted."},
    {"local_db_objects", Type::any, "[]",
     "The tables in memory, as hashes: name, columns (names with types), index_columns."},
    {"local_lookups",
     Type::any,
     {},
     "Queries to the tables in memory, as hashes: query, parameters or prepared_parameters, target, id, "
     "default_hash, tag_on_failure, tag_on_default_use.",
     plugin::kRequired},
    {"loader_schedule",
     Type::string,
     {},
     "When the loaders run again, as cron has it; by default they run once, at the start."},
    {"tag_on_failure", Type::array, "[\"_jdbcstaticfailure\"]", "Tags for events for which a lookup failed."},
    {"tag_on_default_use", Type::array, "[\"_jdbcstaticdefaultsused\"]",
     "Tags for events for which default_hash was used."},
    {"staging_directory",
     Type::string,
     {},
     "Where Logstash writes rows on their way; here they take no such way.",
     plugin::kDeprecated,
     {},
     "It has no effect here: rows go from one database to the other without files."},
};
constexpr auto kOptions = plugin::join(kOwnOptions, jdbc::kConnectionOptions);

class JdbcStaticWorker : public plugin::FilterWorker {
 public:
  JdbcStaticWorker(const jdbc::StaticConfig& config, const jdbc::LocalStore& store,
                   std::shared_ptr<jdbc::Patience> patience)
      : config_(config), view_(store, std::move(patience)) {}

  void filter(plugin::FilterRun& run) override {
    const auto fresh = view_.refresh();
    for (auto* event : run.events()) {
      bool all = true;
      for (const auto& lookup : config_.lookups) {
        auto status = fresh.ok() ? look_up(*event, lookup) : fresh;
        if (status.ok()) continue;
        all = false;
        fail(*event, lookup, status.message());
      }
      if (!all) continue;
      if (auto status = run.matched(*event); !status.ok())
        fail(*event, config_.lookups.front(), status.message());
    }
  }

 private:
  Status look_up(Event& event, const jdbc::Lookup& lookup) {
    parameters_.clear();
    for (const auto& parameter : lookup.parameters) {
      const Value value = parameter.value(event);
      if (value.is_null() || value.is_array() || value.is_object() || parameter.unresolved(value))
        return Status::error(Fault::filter, "Parameter field not found in event");
      parameters_.push_back(value);
    }
    jdbc::Rows rows;
    if (auto status = view_.query(lookup.statement, parameters_, rows); !status.ok()) return status;
    if (rows.size() > 0 || lookup.fallback.is_null()) return set(event, lookup, rows.list);
    for (const auto& tag : lookup.default_tags) event.tag(tag);
    return set(event, lookup, lookup.fallback);
  }

  static Status set(Event& event, const jdbc::Lookup& lookup, const Value& rows) {
    return set_status(event.set(lookup.target, deep_copy(rows, event.arena(), true)), lookup.target);
  }

  void fail(Event& event, const jdbc::Lookup& lookup, std::string_view why) {
    for (const auto& tag : lookup.failure_tags) event.tag(tag);
    uint64_t suppressed = 0;
    if (!warnings_.allow(suppressed)) return;
    log::warn(kLogger, "Exception when executing Jdbc query",
              {{"lookup_id", lookup.id}, {"exception", why}, {"suppressed", suppressed}});
  }

  const jdbc::StaticConfig& config_;
  jdbc::LocalView view_;
  std::vector<Value> parameters_;
  WarningLimiter warnings_;
};

class JdbcStatic : public plugin::Filter {
 public:
  explicit JdbcStatic(plugin::Setup& setup) : settings_(jdbc::read_connection(setup)) {
    config_ = jdbc::read_static(setup, settings_, arena_);
    if (!setup.options.given("loader_schedule")) return;
    auto schedule = jdbc::Schedule::parse(setup.options.string("loader_schedule"));
    if (schedule.ok())
      schedule_ = std::move(schedule).value();
    else
      setup.error("loader_schedule", "E0306", "`loader_schedule` cannot be read: " + schedule.message(),
                  "Write minute, hour, day, month and weekday, such as \"*/30 * * * *\".");
  }
  ~JdbcStatic() override { stop(); }

  Status start(plugin::Start&) override {
    if (auto status = store_.create(config_.tables); !status.ok()) return status;
    for (const auto& loader : config_.loaders)
      if (auto status = store_.load(loader); !status.ok()) return status;
    if (auto status = store_.publish(); !status.ok()) return status;
    if (schedule_) reloader_ = std::thread([this] { reload(); });
    return {};
  }
  void interrupt() override { settings_.patience->interrupt(); }
  void stop() override {
    settings_.patience->interrupt();
    {
      std::scoped_lock lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    if (reloader_.joinable()) reloader_.join();
  }

  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<JdbcStaticWorker>(config_, store_, settings_.patience);
  }

  void flow(plugin::Flow& flow) const override {
    for (const auto& lookup : config_.lookups) {
      for (const auto& parameter : lookup.parameters)
        for (const auto& field : parameter.fields()) flow.reads(field.text(), "local_lookups");
      flow.writes(lookup.target.text());
    }
    flow.writes("tags");
  }

 private:
  void reload() {
    std::unique_lock lock(mutex_);
    for (;;) {
      const int64_t now = wall_nanos() / 1'000'000'000;
      const int64_t next = schedule_->next(now);
      if (next < 0) return;
      while (!stopped_ && wall_nanos() / 1'000'000'000 < next)
        changed_.wait_for(lock, std::chrono::milliseconds(500));
      if (stopped_) return;
      lock.unlock();
      load_again();
      lock.lock();
    }
  }

  void load_again() {
    Status status;
    for (const auto& loader : config_.loaders)
      if (status = store_.load(loader); !status.ok()) log::error(kLogger, status.message());
    if (status = store_.publish(); !status.ok()) log::error(kLogger, status.message());
  }

  Arena arena_;  // of the constants
  const jdbc::Settings settings_;
  jdbc::StaticConfig config_;
  jdbc::LocalStore store_;
  std::optional<jdbc::Schedule> schedule_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  std::thread reloader_;
};

}  // namespace

extern const plugin::Spec filter_jdbc_static;
const plugin::Spec filter_jdbc_static{
    .kind = plugin::Kind::filter,
    .name = "jdbc_static",
    .summary = "Keeps tables of a database in memory and looks events up in them.",
    .options = kOptions,
    .example = R"conf(filter {
  jdbc_static {
    jdbc_connection_string => "jdbc:postgresql://db:5432/assets"
    loaders => [{ query => "SELECT ip, name FROM hosts" local_table => "hosts" }]
    local_db_objects => [{
      name => "hosts"
      columns => [["ip", "varchar(64)"], ["name", "varchar(64)"]]
      index_columns => ["ip"]
    }]
    local_lookups => [{
      query => "SELECT name FROM hosts WHERE ip = :ip"
      parameters => { ip => "[source][ip]" }
      target => "asset"
    }]
    loader_schedule => "*/30 * * * *"
  }
})conf",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<JdbcStatic>(setup);
    }};

}  // namespace sluice::plugins
