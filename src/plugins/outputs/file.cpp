// The file output: workers encode into one buffer per path, one thread per output owns the files.
#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/hash.hpp"
#include "base/log.hpp"
#include "plugin/spec.hpp"
#include "plugins/outputs/file_path.hpp"
#include "plugins/outputs/file_writer.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr std::string_view kLogger = "logstash.outputs.file";

constexpr plugin::Option kOptions[] = {
    {"path",
     Type::string,
     {},
     "The file to write, with %{field} and %{+date} anywhere but in its first folder.",
     plugin::kRequired},
    {"flush_interval", Type::number, "2",
     "Seconds that compressed data may be gathered before it is written; plain data is written at once."},
    {"gzip", Type::boolean, "false", "Whether files are gzip streams."},
    {"filename_failure", Type::string, "\"_filepath_failures\"",
     "Name of the file, in the fixed folder of `path`, for events whose path leaves that folder."},
    {"create_if_deleted", Type::boolean, "true",
     "Whether a file that is not there is created; else its events go to filename_failure."},
    {"dir_mode", Type::number, "-1",
     "Mode of folders that are created (0750 is 488, or write \"0750\"); -1: the system's default."},
    {"file_mode", Type::number, "-1", "Mode of files that are created; -1: the system's default."},
    {"write_behavior", Type::string, "\"append\"",
     "append adds events; overwrite keeps only the newest event in the file.", 0, "append|overwrite"},
    {"stale_cleanup_interval", Type::number, "10",
     "Seconds after which a file that nothing was written to is closed."},
};

class Worker : public plugin::OutputWorker {
 public:
  Worker(const Template& path, const PathRules& rules, bool overwrite,
         std::unique_ptr<plugin::Encoder> encoder, FileWriter& writer)
      : path_(path), rules_(rules), overwrite_(overwrite), encoder_(std::move(encoder)), writer_(writer) {}

  void write(std::span<Event* const> events, const BatchRef& batch) override {
    if (events.empty()) return;
    FileJob job;
    job.batch = batch;
    if (path_.constant()) {
      job.pieces.push_back({path_.text(), writer_.buffer()});
      for (const auto* event : events) encode(*event, job.pieces.front().bytes);
    } else {
      for (const auto* event : events) encode(*event, piece_of(*event, job).bytes);
      known_.clear();
    }
    writer_.push(std::move(job));
  }

 private:
  FilePiece& piece_of(const Event& event, FileJob& job) {
    text_.clear();
    path_.fill(event, text_);
    if (!job.pieces.empty() && last_text_ == text_) return job.pieces[last_piece_];
    const auto [at, fresh] = known_.try_emplace(text_, job.pieces.size());
    if (fresh) {
      const bool inside = rules_.inside(text_);
      if (!inside) {
        log::warn(kLogger, "A path leaves its fixed folder; the event goes to the failure file",
                  {{"path", text_}, {"filename", rules_.failure_path()}});
      }
      job.pieces.push_back({inside ? text_ : rules_.failure_path(), writer_.buffer()});
    }
    last_text_ = text_;
    last_piece_ = at->second;
    return job.pieces[last_piece_];
  }

  void encode(const Event& event, Buffer& out) {
    if (overwrite_) out.clear();
    encoder_->encode(event, out);
  }

  const Template& path_;
  const PathRules& rules_;
  const bool overwrite_;
  std::unique_ptr<plugin::Encoder> encoder_;
  FileWriter& writer_;
  TextMap<size_t> known_;  // path as filled in -> piece of the job
  std::string text_, last_text_;
  size_t last_piece_ = 0;
};

class FileOutput : public plugin::Output {
 public:
  FileOutput(Template path, PathRules rules, FileWriter::Settings settings,
             std::unique_ptr<plugin::Codec> codec)
      : path_(std::move(path)),
        rules_(std::move(rules)),
        overwrite_(settings.overwrite),
        codec_(std::move(codec)),
        writer_(std::move(settings)) {}

  Status start(plugin::Start&) override {
    writer_.start();
    return {};
  }
  std::unique_ptr<plugin::OutputWorker> worker() override {
    return std::make_unique<Worker>(path_, rules_, overwrite_, codec_->encoder(), writer_);
  }
  void flush() override { writer_.flush(); }
  void stop() override { writer_.stop(); }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> must_resolve() const override {
    return {{"path", path_.text()}};
  }

 private:
  Template path_;
  PathRules rules_;
  bool overwrite_;
  std::unique_ptr<plugin::Codec> codec_;
  FileWriter writer_;
};

// Modes are written as decimal numbers or, as people write them, with a leading zero: 0750 means octal.
int mode_of(plugin::Setup& setup, std::string_view option) {
  const auto& value = setup.options.entry(option).value;
  const std::string text = value.text;
  if (text.size() > 1 && text[0] == '0') {
    if (text.find_first_not_of("01234567") == std::string::npos)
      return static_cast<int>(std::stol(text, nullptr, 8));
    setup.error(option, "E0306", "`" + text + "` is not a file mode", "Write it in octal, such as 0750.");
    return -1;
  }
  const auto mode = setup.options.integer(option, -1);
  if (mode < -1 || mode > 07777) {
    setup.error(option, "E0306", "`" + text + "` is not a file mode", "Write it in octal, such as 0750.");
    return -1;
  }
  return static_cast<int>(mode);
}

std::unique_ptr<plugin::Output> make(plugin::Setup& setup) {
  const auto& options = setup.options;
  auto codec = setup.codec("json_lines");
  if (codec && !codec->encoder()) {
    setup.error("codec", "E0306", "The codec " + std::string(codec->name()) + " cannot write events",
                "Use a codec that encodes, such as json_lines or line.");
    return nullptr;
  }
  Template path(options.string("path"));
  if (!path.problem().empty())
    setup.error("path", "E0306", "`path` can never be filled in: " + std::string(path.problem()));
  PathRules rules(path.text(), options.string("filename_failure"));
  if (rules.dynamic_root()) {
    setup.error("path", "E0306", "The first folder of `path` must be fixed",
                "Start it with a folder that holds no %{...}, such as /var/log/events/%{host}.log.");
  }
  FileWriter::Settings settings;
  settings.failure_path = rules.failure_path();
  settings.flush_interval_millis = std::lround(options.number("flush_interval") * 1000);
  settings.stale_millis = std::lround(options.number("stale_cleanup_interval") * 1000);
  settings.gzip = options.boolean("gzip");
  settings.create_if_deleted = options.boolean("create_if_deleted");
  settings.dynamic = !path.constant();
  settings.overwrite = options.string("write_behavior") == "overwrite";
  settings.dir_mode = mode_of(setup, "dir_mode");
  settings.file_mode = mode_of(setup, "file_mode");
  if (!codec) return nullptr;
  return std::make_unique<FileOutput>(std::move(path), std::move(rules), std::move(settings),
                                      std::move(codec));
}

}  // namespace

extern const plugin::Spec output_file;
const plugin::Spec output_file{
    .kind = plugin::Kind::output,
    .name = "file",
    .summary = "Writes events to files, one path per event.",
    .options = kOptions,
    .example = "file { path => \"/var/log/events/%{+YYYY-MM-dd}.log\" }",
    .output = make,
};

}  // namespace sluice::plugins
