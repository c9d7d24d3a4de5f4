// codec graphite: the lines of Graphite's plaintext protocol, `name value seconds`.
#include "base/log.hpp"
#include "match/civil.hpp"
#include "match/numbers.hpp"
#include "match/regex.hpp"
#include "plugin/spec.hpp"
#include "plugins/codecs/charset.hpp"
#include "plugins/codecs/line_splitter.hpp"

namespace sluice::plugins {
namespace {

using match::kNanosPerSecond;
using plugin::Type;

constexpr plugin::Option kOptions[] = {
    {"metrics", Type::hash, "{}",
     "The metrics that are written: names and values; %{field} is filled in on both sides."},
    {"fields_are_metrics", Type::boolean, "false",
     "Whether each field of the event is written as a metric, in place of `metrics`."},
    {"include_metrics", Type::array, "[\".*\"]", "Regular expressions of the names that are written."},
    {"exclude_metrics", Type::array, "[\"%\\{[^}]+\\}\"]",
     "Regular expressions of the names that are not written, whatever include_metrics says."},
    {"metrics_format", Type::string, "\"*\"",
     "The form of the names; * stands for the metric's, and %{field} is filled in."},
};

constexpr match::Budget kBudget{1000};  // of one expression over one name

struct Config {
  struct Metric {
    Template name;
    Template value;
  };
  std::vector<Metric> metrics;
  bool fields_are_metrics = false;
  std::vector<match::Regex> include;
  std::vector<match::Regex> exclude;
  Template format;
};

class GraphiteDecoder : public plugin::Decoder {
 public:
  GraphiteDecoder() : text_(Charset::utf8()) {}

  void decode(std::string_view bytes, plugin::EventSink& sink) override {
    LineSplitter::Line line;
    while (lines_.next(bytes, sink.batch().arena(), line)) add(line.bytes, sink);
  }
  void flush(plugin::EventSink& sink) override {
    LineSplitter::Line line;
    if (lines_.flush(sink.batch().arena(), line)) add(line.bytes, sink);
  }
  bool pending() const override { return lines_.pending(); }

 private:
  static std::string_view word(std::string_view& rest) {
    constexpr std::string_view kBlanks{"\0 \t\n\v\f\r", 7};
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
    const auto found = rest.substr(0, rest.find_first_of(kBlanks));
    rest.remove_prefix(found.size());
    return found;
  }

  void add(std::string_view line, plugin::EventSink& sink) {
    std::string_view rest = text_.text(line, sink.batch().arena()).as_text();
    const auto name = word(rest);
    if (name.empty()) return;
    auto& event = sink.make();
    event.set(Key::of(name, event.arena()), Value::real(match::ruby_to_f(word(rest))));
    const auto seconds = match::ruby_to_i(word(rest));
    int64_t nanos = 0;
    if (seconds.fits() && !__builtin_mul_overflow(seconds.value, kNanosPerSecond, &nanos))
      event.set_timestamp(nanos);
    sink.add(event);
  }

  TextDecoder text_;
  LineSplitter lines_;
};

class GraphiteEncoder : public plugin::Encoder {
 public:
  explicit GraphiteEncoder(const Config& config) : config_(config) {}

  void encode(const Event& event, Buffer& out) override {
    format_.clear();
    config_.format.fill(event, format_);
    seconds_ = std::to_string(match::floor_div(event.timestamp(), kNanosPerSecond));
    if (config_.fields_are_metrics)
      write_fields(event, out);
    else
      write_metrics(event, out);
  }

 private:
  void write_metrics(const Event& event, Buffer& out) {
    for (const auto& metric : config_.metrics) {
      name_.clear();
      metric.name.fill(event, name_);
      if (!any(config_.include, name_) || any(config_.exclude, name_)) continue;
      value_.clear();
      metric.value.fill(event, value_);
      write(name_, match::ruby_to_f(value_), out);
    }
  }

  void write_fields(const Event& event, Buffer& out) {
    const auto& names = Names::get();
    for (const auto& member : event.fields().all()) {
      const auto name = member.key.text();
      if (member.key == names.timestamp || member.key == names.version) continue;
      if (!config_.include.empty() && !any(config_.include, name)) continue;
      if (!any(config_.exclude, name)) write(name, number(member.value, event), out);
    }
  }

  // As Ruby sees the value's text as a number: what is none is 0.
  double number(const Value& value, const Event& event) {
    if (value.kind() == Value::Kind::real) return value.as_real();
    if (value.is_array() || value.is_object()) return 0;
    value_.clear();
    append_text(value, value_);
    if (value.is_string() && value_.find("%{") != std::string::npos) {
      const Template text(value_);
      value_.clear();
      text.fill(event, value_);
    }
    return match::ruby_to_f(value_);
  }

  bool any(const std::vector<match::Regex>& expressions, std::string_view name) {
    for (const auto& expression : expressions)
      if (expression.search(name, captures_, 0, kBudget) == match::MatchResult::match) return true;
    return false;
  }

  void write(std::string_view name, double value, Buffer& out) {
    for (const char c : format_) {
      if (c == '*')
        out.append(name);
      else
        out.append(c);
    }
    out.append(' ');
    out.append(match::ruby_double_text(value));
    out.append(' ');
    out.append(seconds_);
    out.append('\n');
  }

  const Config& config_;
  match::Captures captures_;
  std::string format_, name_, value_, seconds_;
};

class Graphite : public plugin::Codec {
 public:
  explicit Graphite(Config config) : config_(std::move(config)) {}
  std::string_view name() const override { return "graphite"; }
  bool wants_line_ends() const override { return true; }
  std::unique_ptr<plugin::Decoder> decoder() const override { return std::make_unique<GraphiteDecoder>(); }
  std::unique_ptr<plugin::Encoder> encoder() const override {
    return std::make_unique<GraphiteEncoder>(config_);
  }

 private:
  Config config_;
};

std::vector<match::Regex> expressions(plugin::Setup& setup, std::string_view option) {
  std::vector<match::Regex> result;
  for (const auto& pattern : setup.options.items(option)) {
    auto regex = match::Regex::compile(pattern.text);
    if (regex.ok())
      result.push_back(std::move(regex).value());
    else
      setup
          .error(option, "E0301",
                 "The regular expression `" + pattern.text + "` is not valid: " + regex.message())
          .span = pattern.span;
  }
  return result;
}

Template filled(plugin::Setup& setup, std::string_view option, const std::string& text) {
  Template result(text);
  if (!result.problem().empty())
    setup.error(option, "E0306", "The text cannot be filled in: " + std::string(result.problem()));
  return result;
}

std::unique_ptr<plugin::Codec> make(plugin::Setup& setup) {
  Config config;
  for (const auto& [name, value] : setup.options.hash("metrics"))
    config.metrics.push_back({filled(setup, "metrics", name), filled(setup, "metrics", value.text)});
  config.fields_are_metrics = setup.options.boolean("fields_are_metrics");
  config.include = expressions(setup, "include_metrics");
  config.exclude = expressions(setup, "exclude_metrics");
  config.format = filled(setup, "metrics_format", setup.options.string("metrics_format"));
  return std::make_unique<Graphite>(std::move(config));
}

}  // namespace

extern const plugin::Spec codec_graphite;
const plugin::Spec codec_graphite{
    .kind = plugin::Kind::codec,
    .name = "graphite",
    .summary = "Reads and writes metrics in Graphite's plaintext protocol.",
    .options = kOptions,
    .example =
        "output { tcp { host => \"graphite\" port => 2003 codec => graphite { metrics => { "
        "\"web.bytes\" => \"%{bytes}\" } } } }",
    .codec = make,
};

}  // namespace sluice::plugins
