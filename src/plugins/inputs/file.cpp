// Files, followed as they grow or read once; what is saved is what every output has.
#include <sys/stat.h>

#include <algorithm>
#include <thread>

#include "base/log.hpp"
#include "base/time.hpp"
#include "plugin/spec.hpp"
#include "plugins/inputs/file/settings.hpp"
#include "plugins/inputs/file/watcher.hpp"
#include "plugins/inputs/stop_signal.hpp"

namespace sluice::plugins {
namespace {

using file::Mode;
using file::Settings;
using plugin::kRequired;
using plugin::Type;

constexpr int64_t kDay = 86'400'000;

constexpr plugin::Option kOptions[] = {
    {"path",
     Type::array,
     {},
     "The files, absolute paths with wildcards; `**` is any depth of directories.",
     kRequired},
    {"exclude", Type::array, "[]", "Names (not paths) that are left out, with wildcards."},
    {"mode", Type::string, "\"tail\"", "Follow files as they grow, or read each once to its end.", 0,
     "tail|read"},
    {"start_position", Type::string, "\"end\"",
     "Where files begin that are there at the first start: `beginning` or `end`.", 0, "beginning|end"},
    {"stat_interval", Type::duration, "1",
     "How often files are looked at; seconds or a text such as \"250 ms\"."},
    {"discover_interval", Type::number, "15", "After how many looks new files are searched for."},
    {"sincedb_path", Type::string, {}, "The file that keeps the positions; /dev/null keeps none."},
    {"sincedb_write_interval", Type::duration, "15", "How often positions are saved; seconds or a text."},
    {"sincedb_clean_after", Type::duration, "\"14 days\"",
     "When positions of files that are gone are dropped; days or a text."},
    {"delimiter", Type::string, {}, "What ends a line; a newline when unset."},
    {"ignore_older",
     Type::duration,
     {},
     "Files last changed longer ago are not read until they change; seconds or a text."},
    {"close_older", Type::duration, "\"1 hour\"",
     "Files that have not grown for this long are closed; seconds or a text."},
    {"max_open_files", Type::number, {}, "How many files are open at once; 4095 when unset."},
    {"file_chunk_size", Type::number, "32768", "How many bytes are read at a time."},
    {"file_chunk_count", Type::number, "4611686018427387903",
     "How many chunks of a file are read before it is the next one's turn."},
    {"file_sort_by", Type::string, "\"last_modified\"", "The order of files.", 0, "last_modified|path"},
    {"file_sort_direction", Type::string, "\"asc\"", "The direction of that order.", 0, "asc|desc"},
    {"file_completed_action", Type::string, "\"delete\"",
     "Mode read: what happens to a file that every output has.", 0, "delete|log|log_and_delete"},
    {"file_completed_log_path",
     Type::string,
     {},
     "Mode read: the file that the names of completed files are appended to."},
    {"exit_after_read", Type::boolean, "false", "Mode read: the input ends when all files have been read."},
    {"check_archive_validity", Type::boolean, "false",
     "Mode read: a gzip file is checked as a whole before it is read."},
    {"max_line_bytes", Type::bytes, "\"20 MiB\"", "Longer lines are cut to this, counted and logged."},
};

class FileInput : public plugin::Input {
 public:
  explicit FileInput(plugin::Setup& setup) : settings_(std::make_shared<Settings>()) {
    auto& s = *settings_;
    const auto& options = setup.options;
    s.id = setup.id;
    s.decoration = plugin::Decoration::input(setup);
    s.codec = setup.codec("plain");
    s.path = DefaultField(setup, "path", "[log][file][path]");
    s.host = DefaultField(setup, "host", "[host][name]");
    s.host_name = host_name(setup.environment);
    s.paths = options.strings("path");
    s.exclude = options.strings("exclude");
    s.mode = options.string("mode") == "read" ? Mode::read : Mode::tail;
    s.from_beginning = options.string("start_position") == "beginning";
    if (options.given("delimiter")) s.delimiter = options.string("delimiter");
    s.sort_by_path = options.string("file_sort_by") == "path";
    s.descending = options.string("file_sort_direction") == "desc";
    s.exit_after_read = options.boolean("exit_after_read");
    s.check_archives = options.boolean("check_archive_validity");
    const auto action = options.string("file_completed_action");
    s.delete_completed = action != "log";
    s.log_completed = action != "delete";
    s.completed_log_path = options.string("file_completed_log_path");
    read_numbers(setup, s);
    read_sincedb(setup, s);
    check_options(setup, s);
  }

  Status start(plugin::Start& start, plugin::InputSink& sink) override {
    auto& s = *settings_;
    s.metrics = &start.metrics;
    s.name_events = start.name_events;
    if (s.sincedb_path.empty())
      return Status::config(
          "input file (" + s.id +
          "): there is no place for the sincedb: path.data is not set. Set path.data or `sincedb_path`.");
    watcher_ = std::make_unique<file::Watcher>(settings_, sink, stop_);
    if (auto status = watcher_->load(); !status.ok())
      return Status::config("`sincedb_path`: " + status.message() +
                            ". Make it readable, or set another `sincedb_path`.");
    std::string paths;
    for (const auto& path : s.paths) paths += (paths.empty() ? "" : ", ") + path;
    start.engine.listening("file", paths);
    thread_ = std::thread([this, pipeline = start.engine.environment().pipeline_id, &sink] {
      log::set_thread_pipeline(pipeline);
      if (watcher_->run() && !stop_.is_set()) sink.ended();
    });
    return {};
  }

  void stop() override {
    stop_.set();
    if (thread_.joinable()) thread_.join();
    if (watcher_) watcher_->finish();
  }

  void close() override {
    if (watcher_) watcher_->save();
  }

 private:
  static int64_t bounded(plugin::Setup& setup, std::string_view name, double low, double high,
                         double otherwise) {
    const double value = setup.options.has(name) ? setup.options.number(name) : otherwise;
    if (value >= low && value <= high) return static_cast<int64_t>(value);
    setup.error(name, "E0306",
                std::string(name) + " must be at least " + std::to_string(static_cast<int64_t>(low)));
    return static_cast<int64_t>(otherwise);
  }

  static void read_numbers(plugin::Setup& setup, Settings& s) {
    const auto& options = setup.options;
    constexpr double kHuge = 9e18;
    s.stat_millis = std::max<int64_t>(1, options.millis("stat_interval"));
    s.discover_millis = s.stat_millis * bounded(setup, "discover_interval", 1, 1e9, 15);
    s.sincedb_write_millis = std::max<int64_t>(1, options.millis("sincedb_write_interval"));
    s.sincedb_clean_millis = options.millis("sincedb_clean_after", kDay);
    s.close_older_millis = options.millis("close_older");
    if (options.given("ignore_older")) s.ignore_older_millis = options.millis("ignore_older");
    s.max_open_files = static_cast<size_t>(bounded(setup, "max_open_files", 1, 1e7, 4095));
    s.chunk_size = static_cast<size_t>(bounded(setup, "file_chunk_size", 1, 1 << 30, 32768));
    s.chunk_count = static_cast<uint64_t>(bounded(setup, "file_chunk_count", 1, kHuge, 4e18));
    const int64_t line = options.bytes("max_line_bytes");
    if (line < 1024 || line > (int64_t{1} << 30))
      setup.error("max_line_bytes", "E0306", "max_line_bytes must be between 1 KiB and 1 GiB");
    s.max_line_bytes = std::max(static_cast<size_t>(std::max<int64_t>(line, 0)), s.chunk_size);
  }

  static void read_sincedb(plugin::Setup& setup, Settings& s) {
    s.sincedb_path = setup.options.string("sincedb_path");
    if (s.sincedb_path.empty()) {
      if (!setup.environment.path_data.empty())
        s.sincedb_path = file::Sincedb::default_path(setup.environment.path_data, s.paths);
      return;
    }
    struct stat st;
    if (::stat(s.sincedb_path.c_str(), &st) == 0 && S_ISDIR(st.st_mode))
      setup.error("sincedb_path", "E0306",
                  "The \"sincedb_path\" argument must point to a file, received a directory: \"" +
                      s.sincedb_path + "\"",
                  "Name a file in it, such as " + s.sincedb_path + "/sincedb.");
  }

  static void check_options(plugin::Setup& setup, const Settings& s) {
    for (const auto& path : s.paths)
      if (path.empty() || path[0] != '/')
        setup.error("path", "E0306", "File paths must be absolute, relative path specified: " + path,
                    "Begin it with a slash.");
    if (s.delimiter.empty()) setup.error("delimiter", "E0306", "delimiter must not be empty");
    if (s.exit_after_read && s.mode == Mode::tail)
      setup.error("exit_after_read", "E0308", "`exit_after_read` needs mode => \"read\"",
                  "Add mode => \"read\", or remove it.");
    if (s.mode == Mode::read && s.log_completed && s.completed_log_path.empty())
      setup.error("file_completed_action", "E0308",
                  "`file_completed_log_path` is required when completed files are logged",
                  "Add file_completed_log_path => \"/path/to/completed.log\".");
    if (s.mode == Mode::tail)
      for (const auto* name : {"file_completed_action", "file_completed_log_path", "check_archive_validity"})
        if (setup.options.given(name))
          setup.warning(name, "W0308", "`" + std::string(name) + "` has no effect without mode => \"read\"",
                        "Add mode => \"read\", or remove it.");
    if (s.codec && !s.codec->decoder())
      setup.error("codec", "E0306",
                  "The codec " + std::string(s.codec->name()) + " cannot decode, only encode",
                  "Use a codec that reads, such as plain or json.");
  }

  std::shared_ptr<Settings> settings_;
  StopSignal stop_;
  std::unique_ptr<file::Watcher> watcher_;
  std::thread thread_;
};

}  // namespace

extern const plugin::Spec input_file;
const plugin::Spec input_file{
    .kind = plugin::Kind::input,
    .name = "file",
    .summary = "Follows files as they grow, through rotation and restarts, or reads them once.",
    .options = kOptions,
    .example = "input { file { path => \"/var/log/*.log\" start_position => \"beginning\" } }",
    .input = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Input> {
      return std::make_unique<FileInput>(setup);
    }};

}  // namespace sluice::plugins
