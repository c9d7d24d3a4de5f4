// filter jdbc_streaming: asks a database about each event, and keeps its rows.
#include <algorithm>

#include "base/log.hpp"
#include "event/json_write.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "plugins/jdbc/answer.hpp"
#include "plugins/jdbc/options.hpp"
#include "plugins/jdbc/parameter.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr std::string_view kLogger = "logstash.filters.jdbcstreaming";

constexpr plugin::Option kOwnOptions[] = {
    {"statement",
     Type::string,
     {},
     "The SQL statement; `:name` stands for the parameter of that name.",
     plugin::kRequired},
    {"parameters", Type::hash, "{}",
     "The field of each parameter, or a text in which %{field} is filled in."},
    {"target", Type::field_reference, {}, "The field that the rows go into, as a list.", plugin::kRequired},
    {"default_hash", Type::hash, "{}", "The row that is used when there is none."},
    {"tag_on_failure", Type::array, "[\"_jdbcstreamingfailure\"]", "Tags for events whose statement failed."},
    {"tag_on_default_use", Type::array, "[\"_jdbcstreamingdefaultsused\"]",
     "Tags for events for which there is no row."},
    {"use_cache", Type::boolean, "true", "Whether rows are kept for events with the same parameters."},
    {"cache_expiration", Type::number, "5.0", "Seconds that they are kept; also when the statement failed."},
    {"cache_size", Type::number, "500", "For how many sets of parameters they are kept."},
    {"use_prepared_statements", Type::boolean, "false",
     "Whether the parameters stand in the statement as `?`, in the order of prepared_statement_bind_values."},
    {"prepared_statement_name", Type::string, "\"\"",
     "The name of the prepared statement; it has to be given."},
    {"prepared_statement_bind_values", Type::array, "[]",
     "The parameters: [field], a text with %{field}, or a constant."},
    {"prepared_statement_warn_on_constant_usage", Type::boolean, "true",
     "Whether a constant text among them, which may be meant as a field, is warned of."},
    {"sequel_opts",
     Type::hash,
     {},
     {},
     plugin::kUnsupported,
     {},
     "it is for the Ruby library Sequel, which is not used here: remove it."},
    {"jdbc_validate_connection", Type::boolean, "false",
     "Whether a connection that was idle is tried first."},
    {"jdbc_validation_timeout", Type::number, "3600", "Seconds that it was idle."},
};
constexpr auto kOptions = plugin::join(kOwnOptions, jdbc::kConnectionOptions);

struct Config {
  jdbc::Settings settings;
  jdbc::Statement statement;
  std::vector<jdbc::Parameter> parameters;
  FieldRef target;
  Value fallback;  // a list of one row
  bool cached = true;
  std::vector<std::string> failure_tags, default_tags;
};

class JdbcStreamingWorker : public plugin::FilterWorker {
 public:
  JdbcStreamingWorker(const Config& config, jdbc::RowCache& cache)
      : config_(config), cache_(cache), connection_(jdbc::make_connection(config.settings)) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      const auto answer = look_up(*event);
      if (answer->failed())
        for (const auto& tag : config_.failure_tags) event->tag(tag);
      const bool none = answer->empty();
      if (none)
        for (const auto& tag : config_.default_tags) event->tag(tag);
      const Value& rows = none ? config_.fallback : answer->rows();
      auto status =
          set_status(event->set(config_.target, deep_copy(rows, event->arena(), true)), config_.target);
      if (status.ok()) status = run.matched(*event);
      if (status.ok()) continue;
      for (const auto& tag : config_.failure_tags) event->tag(tag);
      warn(status.message());
    }
  }

 private:
  std::shared_ptr<const jdbc::Answer> look_up(const Event& event) {
    parameters_.clear();
    key_.clear();
    for (const auto& parameter : config_.parameters) {
      parameters_.push_back(parameter.value(event));
      key_.append(static_cast<char>('a' + static_cast<int>(parameters_.back().kind())));
      write_json(parameters_.back(), key_);
    }
    const auto key = key_.view();
    if (config_.cached)
      if (auto known = cache_.get(key)) return std::move(*known);
    jdbc::Rows rows;
    const bool object =
        std::any_of(parameters_.begin(), parameters_.end(), [](const Value& v) { return v.is_object(); });
    const auto status = object ? Status::error(Fault::filter, "a parameter is an object")
                               : connection_->query(config_.statement, parameters_, rows);
    if (!status.ok()) warn(status.message());
    auto answer =
        status.ok() ? std::make_shared<const jdbc::Answer>(rows) : std::make_shared<const jdbc::Answer>();
    if (config_.cached) cache_.put(key, answer);
    return answer;
  }

  void warn(std::string_view why) {
    uint64_t suppressed = 0;
    if (!warnings_.allow(suppressed)) return;
    log::warn(kLogger, "Exception when executing JDBC query",
              {{"statement", config_.statement.text()}, {"exception", why}, {"suppressed", suppressed}});
  }

  const Config& config_;
  jdbc::RowCache& cache_;
  std::unique_ptr<jdbc::Connection> connection_;
  std::vector<Value> parameters_;
  Buffer key_;
  WarningLimiter warnings_;
};

class JdbcStreaming : public plugin::Filter {
 public:
  explicit JdbcStreaming(plugin::Setup& setup)
      : cache_(cache_size(setup), static_cast<int64_t>(setup.options.number("cache_expiration") * 1e9)) {
    const auto& options = setup.options;
    config_.settings = jdbc::read_connection(setup);
    config_.settings.validate = options.boolean("jdbc_validate_connection");
    config_.settings.validate_after_millis =
        static_cast<int64_t>(options.number("jdbc_validation_timeout") * 1000);
    config_.target = setup.field("target");
    config_.cached = options.boolean("use_cache");
    config_.failure_tags = options.strings("tag_on_failure");
    config_.default_tags = options.strings("tag_on_default_use");
    auto* fallback = Array::make(arena_, 1);
    fallback->push(arena_, jdbc::constant(options.entry("default_hash").value, arena_));
    config_.fallback = Value::array(fallback);
    if (options.boolean("use_prepared_statements"))
      read_bind_values(setup);
    else
      read_parameters(setup);
  }

  // A database that is not there at the start is a mistake of the config, as Logstash sees it.
  Status start(plugin::Start&) override { return jdbc::make_connection(config_.settings)->connect(); }
  void interrupt() override { config_.settings.patience->interrupt(); }

  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<JdbcStreamingWorker>(config_, cache_);
  }

  void flow(plugin::Flow& flow) const override {
    for (const auto& parameter : config_.parameters)
      for (const auto& field : parameter.fields()) flow.reads(field.text(), parameters_option_);
    flow.always_writes(config_.target.text());
    flow.writes("tags");
    flow.matches_all();
  }

 private:
  static size_t cache_size(plugin::Setup& setup) {
    const auto size = setup.options.integer("cache_size");
    if (size < 1)
      setup.error("cache_size", "E0306", "`cache_size` has to be 1 or more",
                  "use_cache => false turns the cache off.");
    return static_cast<size_t>(std::max<int64_t>(1, size));
  }

  void add(plugin::Setup& setup, Result<jdbc::Parameter> parameter) {
    if (parameter.ok())
      config_.parameters.push_back(std::move(parameter).value());
    else
      setup.error(parameters_option_, "E0304", parameter.message(),
                  "Write a field as `name` or as [outer][inner].");
  }

  void read_parameters(plugin::Setup& setup) {
    std::vector<std::string> names;
    for (const auto& [name, field] : setup.options.hash("parameters")) {
      names.push_back(name);
      add(setup, jdbc::Parameter::field_or_text(field.text));
    }
    config_.statement = jdbc::Statement::named(setup.options.string("statement"), names);
  }

  void read_bind_values(plugin::Setup& setup) {
    const auto& options = setup.options;
    parameters_option_ = "prepared_statement_bind_values";
    if (options.string("prepared_statement_name").empty())
      setup.error("use_prepared_statements", "E0308",
                  "`use_prepared_statements` needs `prepared_statement_name`",
                  "Add prepared_statement_name => \"lookup\".");
    config_.statement = jdbc::Statement::positional(options.string("statement"));
    const auto& values = options.items("prepared_statement_bind_values");
    if (config_.statement.placeholders() != values.size())
      setup.error("prepared_statement_bind_values", "E0306",
                  "The statement has " + std::to_string(config_.statement.placeholders()) +
                      " placeholders `?`, and " + std::to_string(values.size()) +
                      " values are given for them",
                  "Give one value for each `?`.");
    for (const auto& value : values) {
      add(setup, jdbc::Parameter::bound(value, arena_));
      const bool text = value.kind != lang::Value::Kind::number;
      if (text && !config_.parameters.empty() && config_.parameters.back().constant() &&
          options.boolean("prepared_statement_warn_on_constant_usage"))
        setup.warning("prepared_statement_bind_values", "W0306",
                      "`" + value.text + "` is a constant, the same for all events",
                      "Write [" + value.text +
                          "] when the field is meant, or "
                          "prepared_statement_warn_on_constant_usage => false.");
    }
  }

  Arena arena_;  // of the constants
  Config config_;
  jdbc::RowCache cache_;
  std::string_view parameters_option_ = "parameters";
};

}  // namespace

extern const plugin::Spec filter_jdbc_streaming;
const plugin::Spec filter_jdbc_streaming{
    .kind = plugin::Kind::filter,
    .name = "jdbc_streaming",
    .summary = "Asks a database about each event and keeps the rows that it answers with.",
    .options = kOptions,
    .example =
        "filter { jdbc_streaming { jdbc_connection_string => \"jdbc:postgresql://db:5432/assets\" "
        "jdbc_user => \"reader\" statement => \"SELECT name, city FROM hosts WHERE ip = :ip\" "
        "parameters => { \"ip\" => \"[source][ip]\" } target => \"[asset]\" } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<JdbcStreaming>(setup);
    }};

}  // namespace sluice::plugins
