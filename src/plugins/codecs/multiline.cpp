// codec multiline: lines that belong together become one event.
#include "base/log.hpp"
#include "base/time.hpp"
#include "match/grok.hpp"
#include "plugin/spec.hpp"
#include "plugins/codecs/charset.hpp"
#include "plugins/codecs/line_splitter.hpp"
#include "plugins/codecs/text_codec.hpp"
#include "plugins/filters/grok_patterns.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr match::Budget kBudget{30000};  // of the pattern over one line

constexpr plugin::Option kOptions[] = {
    {"pattern",
     Type::string,
     {},
     "A grok expression; what it says of a line depends on `what` and `negate`.",
     plugin::kRequired},
    {"what",
     Type::string,
     {},
     "Whether a line that matches belongs to the previous event or to the next one.",
     plugin::kRequired,
     "previous|next"},
    {"negate", Type::boolean, "false", "Whether lines that do not match are meant."},
    {"patterns_dir", Type::array, "[]", "Folders, files or globs with grok patterns of your own."},
    {"charset", Type::string, "\"UTF-8\"", "The character set of the text that is read."},
    {"multiline_tag", Type::string, "\"multiline\"", "A tag for events of several lines; empty for none."},
    {"max_lines", Type::number, "500", "An event of more lines ends."},
    {"max_bytes", Type::bytes, "\"10 MiB\"", "An event of more bytes ends."},
    {"auto_flush_interval",
     Type::number,
     {},
     "Seconds after which a waiting event is complete when no line comes."},
};

struct Config {
  Charset charset;
  std::optional<match::Grok> pattern;
  bool previous = true;
  bool negate = false;
  bool ecs = false;
  std::string tag;
  size_t max_lines = 500;
  size_t max_bytes = 10 << 20;
  std::optional<int64_t> flush_millis;
};

class MultilineDecoder : public plugin::Decoder {
 public:
  explicit MultilineDecoder(const Config& config)
      : config_(config),
        text_(config.charset),
        lines_(config.charset.encode("\n"), kMaxEventBytes, config.charset.unit()),
        fields_(config.ecs) {}

  void decode(std::string_view bytes, plugin::EventSink& sink) override {
    LineSplitter::Line line;
    auto& arena = sink.batch().arena();
    while (lines_.next(bytes, arena, line)) take(line.bytes, sink);
  }

  void flush(plugin::EventSink& sink) override {
    LineSplitter::Line line;
    if (lines_.flush(sink.batch().arena(), line)) take(line.bytes, sink);
    blank_ = 0;
    emit(sink);
  }

  bool pending() const override { return count_ != 0 || lines_.pending(); }
  std::optional<int64_t> flush_after() const override {
    return config_.flush_millis && pending() ? config_.flush_millis : std::nullopt;
  }

 private:
  // Blank lines count when another line follows them; at the end of the input they are nothing.
  void take(std::string_view bytes, plugin::EventSink& sink) {
    if (bytes.empty()) {
      if (blank_ < config_.max_lines) ++blank_;
      return;
    }
    for (; blank_; --blank_) join({}, sink);
    join(text_.text(bytes, sink.batch().arena()).as_text(), sink);
  }

  void join(std::string_view line, plugin::EventSink& sink) {
    const bool matches = config_.pattern->match(line, match_, kBudget) == match::MatchResult::match;
    const bool belongs = matches != config_.negate;
    if (config_.previous) {
      if (!belongs || full()) emit(sink);
      append(line);
    } else {
      append(line);
      if (!belongs || full()) emit(sink);
    }
  }

  void append(std::string_view line) {
    if (count_ == 0)
      since_ = wall_nanos();
    else
      joined_ += '\n';
    joined_ += line;
    ++count_;
  }

  [[nodiscard]] size_t bytes() const { return count_ ? joined_.size() - (count_ - 1) : 0; }
  [[nodiscard]] bool full() const { return count_ > config_.max_lines || bytes() >= config_.max_bytes; }

  void emit(plugin::EventSink& sink) {
    if (count_ == 0) return;
    auto& event = sink.make();
    const std::string_view text = event.arena().copy(joined_);
    event.set_timestamp(since_);
    fields_.fill(event, Value::string(text));
    if (!config_.tag.empty() && count_ > 1) event.tag(config_.tag);
    if (bytes() >= config_.max_bytes) event.tag("multiline_codec_max_bytes_reached");
    if (count_ > config_.max_lines) event.tag("multiline_codec_max_lines_reached");
    if (joined_.capacity() > kKeep) joined_ = std::string();
    joined_.clear();
    count_ = 0;
    sink.add(event);
  }

  static constexpr size_t kKeep = 1 << 20;

  const Config& config_;
  TextDecoder text_;
  LineSplitter lines_;
  MessageFields fields_;
  match::GrokMatch match_;
  std::string joined_;
  size_t count_ = 0;   // lines in joined_
  size_t blank_ = 0;   // blank lines behind them that nothing has followed yet
  int64_t since_ = 0;  // when the first line came
};

class Multiline : public plugin::Codec {
 public:
  explicit Multiline(Config config) : config_(std::move(config)) {}
  std::string_view name() const override { return "multiline"; }
  bool wants_line_ends() const override { return true; }
  std::unique_ptr<plugin::Decoder> decoder() const override {
    return std::make_unique<MultilineDecoder>(config_);
  }
  std::unique_ptr<plugin::Encoder> encoder() const override { return nullptr; }
  bool line_based() const override { return true; }

 private:
  Config config_;
};

std::optional<match::Grok> compile(plugin::Setup& setup) {
  match::PatternSet patterns(match::BuiltinPatterns::legacy);
  add_patterns_dir(setup, patterns, "*");
  auto grok = match::Grok::compile(setup.options.string("pattern"), patterns);
  if (grok.ok()) return std::move(grok).value();
  report_grok_error(setup, "pattern", grok.message(), setup.options.span("pattern"));
  return std::nullopt;
}

size_t positive(plugin::Setup& setup, std::string_view option, int64_t value) {
  if (value >= 1) return static_cast<size_t>(value);
  setup.error(option, "E0306", std::string(option) + " must be at least 1");
  return 1;
}

std::unique_ptr<plugin::Codec> make(plugin::Setup& setup) {
  const auto& options = setup.options;
  auto charset = Charset::from(setup);
  Config config;
  config.pattern = compile(setup);
  if (!charset || !config.pattern) return nullptr;
  config.charset = std::move(*charset);
  config.previous = options.string("what") == "previous";
  config.negate = options.boolean("negate");
  config.ecs = setup.ecs();
  config.tag = options.string("multiline_tag");
  config.max_lines = positive(setup, "max_lines", options.integer("max_lines"));
  config.max_bytes = positive(setup, "max_bytes", options.bytes("max_bytes"));
  if (options.given("auto_flush_interval")) {
    const double seconds = options.number("auto_flush_interval");
    if (seconds <= 0)
      setup.error("auto_flush_interval", "E0306", "auto_flush_interval must be more than 0 seconds");
    config.flush_millis = static_cast<int64_t>(seconds * 1000);
  }
  return std::make_unique<Multiline>(std::move(config));
}

}  // namespace

extern const plugin::Spec codec_multiline;
const plugin::Spec codec_multiline{
    .kind = plugin::Kind::codec,
    .name = "multiline",
    .summary = "Joins lines that belong together to one event.",
    .options = kOptions,
    .example =
        "input { file { path => \"/var/log/app.log\" codec => multiline { pattern => \"^\\s\" what => "
        "\"previous\" } } }",
    .codec = make,
};

}  // namespace sluice::plugins
