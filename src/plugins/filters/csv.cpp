// filter csv: a line of comma-separated values becomes fields.
#include <memory>
#include <mutex>

#include "base/log.hpp"
#include "event/field_index.hpp"
#include "plugin/spec.hpp"
#include "plugins/csv/columns.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr std::string_view kLogger = "logstash.filters.csv";
constexpr std::string_view kFailureTag = "_csvparsefailure";
constexpr std::string_view kEmptyTag = "_csvskippedemptyfield";
constexpr size_t kMostKept = 4096;  // columns whose fields are kept ready
constexpr size_t kShown = 200;

constexpr plugin::Option kOptions[] = {
    {"source", Type::string, "\"message\"", "The field that holds the line."},
    {"target", Type::field_reference, {}, "The field that the columns go into; the root without it."},
    {"columns", Type::array, "[]",
     "The names of the columns, in their order; a name can be a field reference."},
    {"separator", Type::string, "\",\"", "What stands between two values, one character or more."},
    {"quote_char", Type::string, "'\"'",
     "The character that a value stands between when it holds a separator; \"\\x00\" for none."},
    {"autogenerate_column_names", Type::boolean, "true",
     "Name columns without a name column1, column2 and so on; otherwise leave them out."},
    {"autodetect_column_names", Type::boolean, "false",
     "Take the names from the first line, which is dropped; for one worker and one source of lines."},
    {"skip_header", Type::boolean, "false", "Drop lines that hold the names of the columns."},
    {"skip_empty_columns", Type::boolean, "false", "Make no fields of empty values."},
    {"skip_empty_rows", Type::boolean, "false",
     "Tag empty lines _csvskippedemptyfield and leave them as they are."},
    {"convert", Type::hash, "{}",
     "Columns and their types: integer, float, date, date_time or boolean; what is none of it stays text."},
};

using Names = std::vector<std::string>;

struct Config {
  explicit Config(plugin::Setup& setup) : columns(setup) {}
  csv::Columns columns;
  FieldRef source;
  std::string target;  // as [target], or empty
  bool skip_header = false, skip_empty_rows = false;
};

/// The names of the columns: of the config, or of the first line that any worker meets.
class Header {
 public:
  explicit Header(const Config& config) : wanted_(config.columns.autodetect && config.columns.names.empty()) {
    names_ = std::make_shared<const Names>(config.columns.names);
  }
  /// Null while a line is still to give the names.
  [[nodiscard]] std::shared_ptr<const Names> get() const {
    const std::lock_guard lock(mutex_);
    return wanted_ ? nullptr : names_;
  }
  /// False when another line has given them by now.
  bool take(const std::vector<csv::Field>& fields) {
    const std::lock_guard lock(mutex_);
    if (!wanted_) return false;
    names_ = std::make_shared<const Names>(csv::header_of(fields));
    wanted_ = names_->empty();
    return true;
  }

 private:
  mutable std::mutex mutex_;
  bool wanted_;
  std::shared_ptr<const Names> names_;
};

class CsvWorker : public plugin::FilterWorker {
 public:
  CsvWorker(const Config& config, Header& header)
      : config_(config), header_(header), reader_(config.columns.dialect) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      const Value* source = event->get(config_.source);
      if (!source || source->is_null() || (source->kind() == Value::Kind::boolean && !source->as_bool()))
        continue;
      const Value line = *source;
      Status status = take(*event, line, run);
      if (status.ok()) continue;
      event->tag(kFailureTag);
      warn(line, status.message());
    }
  }

 private:
  Status take(Event& event, const Value& line, plugin::FilterRun& run) {
    if (const auto problem = config_.columns.dialect.problem(); !problem.empty()) return failure(problem);
    if (!line.is_string()) return failure("the field holds no text");
    size_t at = 0;
    const auto result = reader_.read(line.as_text(), at, event.arena(), fields_);
    if (result == csv::Reader::Result::malformed) return failure(reader_.error());
    if (!names_) names_ = header_.get();
    if (!names_) {
      if (header_.take(fields_)) {
        event.cancel();
        return {};
      }
      names_ = header_.get();
    }
    if (config_.skip_header && is_header()) {
      event.cancel();
      return {};
    }
    if (result == csv::Reader::Result::end) {
      if (!config_.skip_empty_rows) return failure("the text is empty");
      event.tag(kEmptyTag);
      return {};
    }
    if (Status status = store(event, line.plain()); !status.ok()) return status;
    return run.matched(event);
  }

  static Status failure(std::string_view why) { return Status::error(Fault::filter, std::string(why)); }

  [[nodiscard]] bool is_header() const {
    return !names_->empty() && names_->size() == fields_.size() &&
           std::equal(names_->begin(), names_->end(), fields_.begin());
  }

  Status store(Event& event, bool plain) {
    FieldIndex index;
    for (size_t i = 0; i < fields_.size(); ++i) {
      const auto field = fields_[i];
      if (config_.columns.skipped(field)) continue;
      Column made;
      const Column& column = column_at(i, event.arena(), made);
      if (column.left_out) continue;
      if (!column.problem.empty()) return failure(column.problem);
      const Value value = value_of(field, column.conversion, plain, event.arena());
      const SetError error = event.set(column.field, value, &index);
      if (error != SetError::none) return set_status(error, column.field);
    }
    return {};
  }

  static Value value_of(csv::Field field, csv::Conversion conversion, bool plain, Arena& arena) {
    if (!field.data()) return {};
    return conversion == csv::Conversion::none ? Value::string(field, plain)
                                               : csv::convert(field, conversion, arena);
  }

  struct Column {
    FieldRef field;
    csv::Conversion conversion = csv::Conversion::none;
    bool left_out = false;
    std::string problem;  // the name is no legal reference
  };

  const Column& column_at(size_t i, Arena& arena, Column& made) {
    if (i < columns_.size()) return columns_[i];
    if (i >= kMostKept) {
      made = make_column(i, &arena);
      return made;
    }
    while (columns_.size() <= i) columns_.push_back(make_column(columns_.size(), nullptr));
    return columns_[i];
  }

  Column make_column(size_t i, Arena* arena) const {
    Column column;
    std::string name;
    column.left_out = !config_.columns.name(*names_, i, name);
    if (column.left_out) return column;
    column.conversion = config_.columns.conversion(name);
    if (!name.starts_with('[')) name = "[" + name + "]";
    name = config_.target + name;
    auto field = arena ? FieldRef::parse(name, *arena) : FieldRef::parse(name);
    if (field.ok())
      column.field = std::move(field).value();
    else
      column.problem = field.message();
    return column;
  }

  void warn(const Value& line, std::string_view why) {
    uint64_t suppressed = 0;
    if (!warnings_.allow(suppressed)) return;
    log::warn(
        kLogger, "Error parsing csv",
        {{"field", config_.source.text()},
         {"source", line.is_string() ? line.as_text().substr(0, kShown) : std::string_view("(not a text)")},
         {"exception", why},
         {"suppressed", suppressed}});
  }

  const Config& config_;
  Header& header_;
  csv::Reader reader_;
  std::shared_ptr<const Names> names_;
  std::vector<csv::Field> fields_;
  std::vector<Column> columns_;
  WarningLimiter warnings_;
};

class Csv : public plugin::Filter {
 public:
  explicit Csv(plugin::Setup& setup) : config_(setup), header_(config_) {
    config_.source = setup.field("source");
    const FieldRef target = setup.field("target");
    config_.target = target.text();
    if (!config_.target.empty() && !config_.target.starts_with('['))
      config_.target = "[" + config_.target + "]";
    config_.skip_header = setup.options.boolean("skip_header");
    config_.skip_empty_rows = setup.options.boolean("skip_empty_rows");
  }
  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<CsvWorker>(config_, header_);
  }
  void flow(plugin::Flow& flow) const override {
    flow.reads(config_.source.text(), "source");
    flow.writes("tags");
    if (!config_.target.empty()) {
      flow.writes(config_.target);
    } else if (config_.columns.names.empty() || config_.columns.autogenerate) {
      flow.writes_anything();
    } else {
      for (const auto& name : config_.columns.names) flow.writes(name);
    }
  }

 private:
  Config config_;
  Header header_;
};

}  // namespace

extern const plugin::Spec filter_csv;
const plugin::Spec filter_csv{.kind = plugin::Kind::filter,
                              .name = "csv",
                              .summary = "Turns a line of comma-separated values into fields.",
                              .options = kOptions,
                              .example =
                                  "filter { csv { columns => [\"time\", \"user\", \"bytes\"] convert => { "
                                  "\"bytes\" => \"integer\" } } }",
                              .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
                                return std::make_unique<Csv>(setup);
                              }};

}  // namespace sluice::plugins
