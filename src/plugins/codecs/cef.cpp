// codec cef: the Common Event Format of ArcSight, read and written.
#include "base/log.hpp"
#include "base/time.hpp"
#include "base/utf8.hpp"
#include "plugin/spec.hpp"
#include "plugins/cef/encoder.hpp"
#include "plugins/cef/mapping.hpp"
#include "plugins/cef/message.hpp"
#include "plugins/cef/timestamp.hpp"
#include "plugins/codecs/line_splitter.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr plugin::Option kOptions[] = {
    {"vendor", Type::string, "\"Elasticsearch\"",
     "The device vendor that is written; %{field} is filled in."},
    {"product", Type::string, "\"Logstash\"", "The device product that is written; %{field} is filled in."},
    {"version", Type::string, "\"1.0\"", "The device version that is written; %{field} is filled in."},
    {"signature", Type::string, "\"Logstash\"", "The signature id that is written; %{field} is filled in."},
    {"name", Type::string, "\"Logstash\"", "The event's name that is written; %{field} is filled in."},
    {"severity", Type::string, "\"6\"",
     "The severity that is written, 0 to 10; %{field} is filled in, and anything else becomes 6."},
    {"fields", Type::array, "[]", "The fields that are written as key=value pairs."},
    {"reverse_mapping", Type::boolean, "false",
     "Whether the short keys of CEF are written (act) in place of the long names (deviceAction)."},
    {"delimiter",
     Type::string,
     {},
     "What stands between messages, read and written; \\r and \\n are a carriage return and a line feed. "
     "Without it each read of the input is one message."},
    {"default_timezone",
     Type::string,
     {},
     "The zone of times that name none, when the message has no device time zone; the machine's by default."},
    {"locale", Type::string, {}, "The language of the names of months in times, such as \"de_DE\"."},
    {"raw_data_field", Type::string, {}, "A field that gets the whole message as it came."},
    {"device", Type::string, "\"observer\"",
     "In ECS mode, whether the message's device is the observer or the host of the event.", 0,
     "observer|host"},
};

constexpr size_t kHeaders = 7;
// Real messages have some dozens; each costs a look through those before it.
constexpr size_t kMaxExtensions = 4096;
constexpr size_t kShown = 200;  // bytes of a bad message in the log

constexpr std::string_view kHeaderNames[2][kHeaders] = {
    {"cefVersion", "deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name",
     "severity"},
    {"[cef][version]", "[observer][vendor]", "[observer][product]", "[observer][version]", "[event][code]",
     "[cef][name]", "[event][severity]"},
};

struct Config {
  Config(const cef::MappingOptions& options, cef::TimestampReader reader)
      : ecs(options.ecs),
        mapping(options),
        times(reader),
        syslog(FieldRef::of(ecs ? "[log][syslog][header]" : "syslog")) {
    for (const auto name : kHeaderNames[ecs]) headers.push_back(FieldRef::of(name));
  }
  bool ecs;
  cef::Mapping mapping;
  cef::TimestampReader times;
  FieldRef syslog;
  std::vector<FieldRef> headers;
  std::optional<std::string> delimiter;
  FieldRef raw;
  cef::EncoderOptions encoder;
};

class CefDecoder : public plugin::Decoder {
 public:
  explicit CefDecoder(const Config& config)
      : config_(config), lines_(config.delimiter.value_or("\n"), kMaxEventBytes) {}

  void decode(std::string_view bytes, plugin::EventSink& sink) override {
    if (!config_.delimiter) {
      message(bytes, sink);
      return;
    }
    LineSplitter::Line line;
    auto& arena = sink.batch().arena();
    while (lines_.next(bytes, arena, line)) {
      if (line.cut)
        fail(line.bytes, "the message is longer than the codec takes", sink);
      else
        message(line.bytes, sink);
    }
  }
  void flush(plugin::EventSink& sink) override {
    LineSplitter::Line line;
    if (lines_.flush(sink.batch().arena(), line)) message(line.bytes, sink);
  }
  bool pending() const override { return lines_.pending(); }

 private:
  // A pair of the extension whose key has been looked up.
  struct Pair {
    const cef::Mapping::Target* target;
    std::string_view key;
    std::string_view value;
  };

  void message(std::string_view bytes, plugin::EventSink& sink) {
    plain_ = json_plain(bytes);
    if (!plain_ && !utf8_valid(bytes)) {
      fail(bytes, "invalid byte sequence in UTF-8", sink);
      return;
    }
    std::string_view text = bytes;
    if (!text.empty() && text[0] == '"') text = unquoted(text);
    auto& event = sink.make();
    if (!config_.raw.empty()) event.set(config_.raw, Value::string(bytes, plain_));
    problem_ = "the values of two extensions exclude each other";
    if (read(chomped(text), event))
      sink.add(event);
    else
      fail(text, problem_, sink);
  }

  // Some senders put quotes around a message: the first and the last character go.
  static std::string_view unquoted(std::string_view text) {
    text.remove_prefix(1);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.remove_suffix(1);
    if (!text.empty()) text.remove_suffix(1);
    return text;
  }
  static std::string_view chomped(std::string_view text) {
    const bool line_feed = text.ends_with('\n');
    if (line_feed) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
  }

  bool read(std::string_view rest, Event& event) {
    if (rest.find('\n') != std::string_view::npos)
      return because("it contains unescaped newline characters; set `delimiter` to have the stream cut");
    std::string_view fields[kHeaders];
    for (size_t i = 0; i < kHeaders; ++i)
      if (!cef::next_header(rest, fields[i]))
        return because("it has less than 7 header fields ended by pipes");
    for (size_t i = 1; i < kHeaders; ++i)
      event.set(config_.headers[i], string(cef::unescape_header(fields[i], event.arena())));
    std::string_view version = cef::unescape_header(fields[0], event.arena());
    if (const size_t blank = version.rfind(' '); blank != std::string_view::npos) {
      event.set(config_.syslog, string(version.substr(0, blank)));
      version.remove_prefix(blank + 1);
    }
    if (version.starts_with("CEF:")) version.remove_prefix(4);
    event.set(config_.headers[0], string(version));
    return rest.empty() || (scan(cef::strip(rest), event) && set_times(event) && set_pairs(event));
  }

  bool scan(std::string_view text, Event& event) {
    cef::ExtensionScanner scanner(text);
    cef::Extension found;
    pairs_.clear();
    times_.clear();
    zone_.reset();
    while (scanner.next(found)) {
      if (pairs_.size() + times_.size() == kMaxExtensions) return because("it has more than 4096 extensions");
      Pair pair{config_.mapping.target(found.key), found.key, found.value};
      if (found.escaped) pair.value = cef::unescape_value(found.value, event.arena());
      if (pair.target && pair.target->time_zone) zone_ = pair.value;
      if (pair.target && pair.target->time)
        add_time(pair);
      else
        pairs_.push_back(pair);
    }
    return scanner.rest().empty() || because("a value without a key stands in the extension");
  }

  // Of a time that comes twice the last counts, and only that is read.
  void add_time(const Pair& pair) {
    for (auto& time : times_)
      if (time.target->field.text() == pair.target->field.text()) {
        time.value = pair.value;
        return;
      }
    times_.push_back(pair);
  }

  bool set_times(Event& event) {
    for (const auto& time : times_) {
      Value value;
      if (!cef::strip(time.value).empty()) {
        const auto nanos = config_.times.read(time.value, zone_, wall_nanos());
        if (!nanos) return because("a time of the extension cannot be read");
        value = Value::timestamp(*nanos);
      }
      if (event.set(time.target->field, value) != SetError::none) return false;
    }
    return true;
  }

  bool set_pairs(Event& event) {
    for (const auto& pair : pairs_) {
      const Value value = string(pair.value);
      if (pair.target && !pair.target->key.null())
        event.set(pair.target->key, value);
      else if (!(pair.target ? set(event, pair.target->field, value) : set_unknown(event, pair.key, value)))
        return false;
    }
    return true;
  }

  static bool set(Event& event, const FieldRef& field, Value value) {
    return event.set(field, value) == SetError::none;
  }

  // A key of the sender's own; `key[0]` is the item of a list or a field of an object, as [key][0] is.
  static bool set_unknown(Event& event, std::string_view key, Value value) {
    if (key.back() != ']' && key != "tags") {
      event.set(Key::of(key, event.arena()), value);
      return true;
    }
    std::string reference(key);
    if (const size_t bracket = key.find('['); bracket != std::string_view::npos)
      reference.insert(bracket, 1, ']').insert(0, 1, '[');
    const auto field = FieldRef::parse(reference, event.arena(), FieldEscapes::none);
    return field.ok() && set(event, field.value(), value);
  }

  [[nodiscard]] Value string(std::string_view text) const { return Value::string(text, plain_); }

  bool because(std::string_view problem) {
    problem_ = problem;
    return false;
  }

  void fail(std::string_view text, std::string_view why, plugin::EventSink& sink) {
    auto& event = sink.make();
    const Value message = plain_ ? Value::string(text, true) : event.text(utf8_scrub(text));
    event.set(Names::get().message, message);
    event.tag("_cefparsefailure");
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::error("logstash.codecs.cef",
                 "Failed to decode CEF payload. Generating failure event with payload in message field.",
                 {{"reason", why},
                  {"original_data", message.as_text().substr(0, kShown)},
                  {"suppressed", suppressed}});
    sink.add(event);
  }

  const Config& config_;
  LineSplitter lines_;
  std::vector<Pair> pairs_;
  std::vector<Pair> times_;
  std::optional<std::string_view> zone_;
  std::string_view problem_;
  WarningLimiter warnings_;
  bool plain_ = false;  // the message needs no escaping in JSON, so its parts do not either
};

class Cef : public plugin::Codec {
 public:
  explicit Cef(Config config) : config_(std::move(config)) {}
  std::string_view name() const override { return "cef"; }
  bool wants_line_ends() const override { return config_.delimiter && config_.delimiter->ends_with('\n'); }
  std::unique_ptr<plugin::Decoder> decoder() const override { return std::make_unique<CefDecoder>(config_); }
  std::unique_ptr<plugin::Encoder> encoder() const override {
    return std::make_unique<cef::Encoder>(config_.encoder);
  }

 private:
  Config config_;
};

std::string unescaped_delimiter(std::string text) {
  for (const auto& [written, meant] : {std::pair{"\\r", '\r'}, std::pair{"\\n", '\n'}})
    for (size_t at; (at = text.find(written)) != std::string::npos;) text.replace(at, 2, 1, meant);
  return text;
}

// After an error something that works is given, so that the other options are checked too.
const match::LocaleNames& locale(plugin::Setup& setup) {
  if (!setup.options.given("locale")) return match::machine_locale();
  const auto found = match::find_locale(setup.options.string("locale"));
  if (found.ok()) return *found.value();
  setup.error("locale", "E0306", found.message(),
              "Use a language tag such as \"en\", \"de_DE\" or \"pt-BR\".");
  return match::english_names();
}

const match::TimeZone& zone(plugin::Setup& setup, const match::LocaleNames& locale) {
  if (!setup.options.given("default_timezone")) return match::machine_timezone();
  const std::string id = setup.options.string("default_timezone");
  if (const auto* found = cef::find_zone(id, locale)) return *found;
  setup.error("default_timezone", "E0306", match::find_timezone(id).message(),
              "Use a name such as \"Europe/Berlin\", or an offset such as \"+02:00\".");
  return match::utc_zone();
}

std::unique_ptr<plugin::Codec> make(plugin::Setup& setup) {
  const auto& options = setup.options;
  const auto& names = locale(setup);
  const cef::MappingOptions mapping{setup.ecs(), options.string("device") == "host",
                                    options.boolean("reverse_mapping")};
  Config config(mapping, cef::TimestampReader(names, !options.given("locale"), zone(setup, names)));
  if (const auto delimiter = options.maybe_string("delimiter")) {
    if (delimiter->empty())
      setup.error("delimiter", "E0306", "The delimiter is empty, so nothing would ever be cut",
                  "Leave it out when each read of the input is one message.");
    config.delimiter = unescaped_delimiter(*delimiter);
  }
  if (options.has("raw_data_field")) config.raw = setup.field("raw_data_field");
  config.encoder = cef::EncoderOptions::from(setup, config.mapping, config.delimiter.value_or(""));
  return std::make_unique<Cef>(std::move(config));
}

}  // namespace

extern const plugin::Spec codec_cef;
const plugin::Spec codec_cef{
    .kind = plugin::Kind::codec,
    .name = "cef",
    .summary = "Reads and writes messages in ArcSight's Common Event Format.",
    .options = kOptions,
    .example = "input { tcp { port => 5000 codec => cef { delimiter => \"\\r\\n\" } } }",
    .codec = make,
};

}  // namespace sluice::plugins
