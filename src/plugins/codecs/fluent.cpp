// codec fluent: the forward protocol of Fluentd and Fluent Bit.
// https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "event/json_write.hpp"
#include "match/civil.hpp"
#include "net/compress.hpp"
#include "plugin/spec.hpp"
#include "plugins/codecs/line_splitter.hpp"
#include "plugins/codecs/payload.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "plugins/msgpack/header.hpp"
#include "plugins/msgpack/object_cutter.hpp"
#include "plugins/msgpack/reader.hpp"
#include "plugins/msgpack/writer.hpp"

namespace sluice::plugins {
namespace {

using match::kNanosPerSecond;
using plugin::Type;

constexpr plugin::Option kOptions[] = {
    {"nanosecond_precision", Type::boolean, "false",
     "Whether times keep their nanoseconds (EventTime); without it they have whole seconds, read and "
     "written."},
    {"target", Type::field_reference, {}, "The field that a record goes into; the root without it."},
};

constexpr size_t kShown = 200;             // bytes of a bad message in the log
constexpr size_t kMaxInflated = 64 << 20;  // of the entries of one compressed message

struct Config {
  bool nanoseconds = false;
  FieldRef target;
};

// One message of the protocol.
struct Message {
  Value tag;
  Value second;             // a time, or a list of entries
  std::string_view packed;  // the entries as MessagePack, when is_packed
  bool is_packed = false;
  Value third;  // the record, or options
};

bool read_value(std::string_view& bytes, Arena& arena, Value& out) {
  return msgpack::read(bytes, msgpack::Extensions::fluent_time, arena, out);
}

// [tag, time, record], [tag, [[time, record], ...]] or [tag, "entries"]; options may follow.
bool read_message(std::string_view bytes, Arena& arena, Message& out) {
  msgpack::Header header;
  if (read_header(bytes, header) != msgpack::HeaderOutcome::ok || header.kind != msgpack::Kind::array ||
      header.length < 2)
    return false;
  const bool has_third = header.length > 2;
  bytes.remove_prefix(header.size);
  if (!read_value(bytes, arena, out.tag) || read_header(bytes, header) != msgpack::HeaderOutcome::ok)
    return false;
  out.is_packed = header.kind == msgpack::Kind::text || header.kind == msgpack::Kind::binary;
  if (out.is_packed) {
    out.packed = bytes.substr(header.size, header.length);
    bytes.remove_prefix(header.size + header.length);
  } else if (!read_value(bytes, arena, out.second)) {
    return false;
  }
  return !has_third || read_value(bytes, arena, out.third);
}

bool is_time(const Value& value) {
  return value.kind() == Value::Kind::integer || value.kind() == Value::Kind::timestamp;
}

class FluentDecoder : public plugin::Decoder {
 public:
  explicit FluentDecoder(const Config& config) : config_(config), objects_(kMaxEventBytes) {}

  void decode(std::string_view bytes, plugin::EventSink& sink) override {
    using Outcome = msgpack::ObjectCutter::Outcome;
    auto& arena = sink.batch().arena();
    std::string_view object;
    while (!bytes.empty()) {
      const Outcome outcome = objects_.next(bytes, arena, object);
      if (outcome == Outcome::more) return;
      if (outcome != Outcome::object) {
        problem_ = "the bytes are no MessagePack";
        fail(text(objects_.drop(bytes, arena), arena), sink);
        return;
      }
      Message message;
      problem_ = "the object is no message of the forward protocol";
      if (read_message(object, arena, message) && add(message, sink)) continue;
      if (!fail_object(object, bytes, sink)) return;
    }
  }
  void flush(plugin::EventSink& sink) override {
    auto& arena = sink.batch().arena();
    problem_ = "the message is cut off";
    if (objects_.pending()) fail(text(objects_.drop({}, arena), arena), sink);
  }
  bool pending() const override { return objects_.pending(); }

 private:
  bool add(const Message& message, plugin::EventSink& sink) {
    if (message.is_packed) return add_packed(message, sink);
    if (message.second.is_array()) {
      for (const auto& entry : message.second.as_array()->all())
        if (!add_entry(message.tag, entry, sink)) return false;
      return true;
    }
    return is_time(message.second) && add_event(message.tag, message.second, message.third, sink);
  }

  bool add_packed(const Message& message, plugin::EventSink& sink) {
    std::string_view entries = message.packed;
    if (compressed(message.third)) {
      auto inflated = net::decompress(net::Compression::gzip, entries, kMaxInflated);
      if (!inflated.ok()) return because("the compressed entries cannot be inflated");
      entries = inflated.value().view();
      sink.batch().hold(std::move(inflated).value());
    }
    auto& arena = sink.batch().arena();
    msgpack::ObjectCutter cutter(entries.size());
    std::string_view object;
    for (;;) {
      const auto outcome = cutter.next(entries, arena, object);
      // As Logstash does: an entry that is cut off at the end is none.
      if (outcome == msgpack::ObjectCutter::Outcome::more ||
          outcome == msgpack::ObjectCutter::Outcome::too_long)
        return true;
      Value entry;
      if (outcome != msgpack::ObjectCutter::Outcome::object || !read_value(object, arena, entry))
        return because("the packed entries are damaged");
      if (!add_entry(message.tag, entry, sink)) return false;
    }
  }

  static bool compressed(const Value& options) {
    static const Key key = Key::intern("compressed");
    const Value* value = options.is_object() ? options.as_object()->find(key) : nullptr;
    return value && value->is_string() && value->as_text() == "gzip";
  }

  bool add_entry(const Value& tag, const Value& entry, plugin::EventSink& sink) {
    if (!entry.is_array() || entry.as_array()->size < 2)
      return because("an entry is no list of time and record");
    const auto items = entry.as_array()->all();
    return is_time(items[0]) ? add_event(tag, items[0], items[1], sink) : because("an entry has no time");
  }

  bool add_event(const Value& tag, const Value& time, const Value& record, plugin::EventSink& sink) {
    if (!tag.is_string()) return because("the tag is no text");
    int64_t nanos = 0;
    if (time.kind() == Value::Kind::timestamp) {
      nanos = time.as_nanos();
      if (!config_.nanoseconds) nanos -= nanos % kNanosPerSecond;
    } else if (__builtin_mul_overflow(time.as_integer(), kNanosPerSecond, &nanos)) {
      return because("the time is out of range");
    }
    auto& event = sink.make();
    if (!set_payload(event, config_.target, record)) return because("the record is no map");
    normalize(event);  // what the record says of its own time and tags counts first
    event.set_timestamp(nanos);
    event.tag(tag.as_text());
    sink.add(event);
    return true;
  }

  bool because(std::string_view problem) {
    problem_ = problem;
    return false;
  }

  static Value text(std::string_view bytes, Arena& arena) { return Value::string(utf8_scrub(bytes, arena)); }

  // False when `rest` is lost too: text that is no MessagePack reads as small numbers, and is to be one event
  // and not one a byte.
  bool fail_object(std::string_view object, std::string_view rest, plugin::EventSink& sink) {
    auto& arena = sink.batch().arena();
    Value whole;
    std::string_view unread = object;
    if (!read_value(unread, arena, whole)) {
      fail(text(object, arena), sink);
    } else if (!rest.empty() && !whole.is_array() && !whole.is_object()) {
      fail(text(msgpack::joined(object, rest, arena), arena), sink);
      return false;
    } else {
      fail(whole, sink);
    }
    return true;
  }

  void fail(const Value& message, plugin::EventSink& sink) {
    auto& event = sink.make();
    event.set(Names::get().message, message);
    event.tag("_fluentparsefailure");
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed)) {
      Buffer shown;
      write_json(message, shown);
      log::error("logstash.codecs.fluent", "Fluent parse error, original data now in message field",
                 {{"error", problem_}, {"data", shown.view().substr(0, kShown)}, {"suppressed", suppressed}});
    }
    sink.add(event);
  }

  const Config& config_;
  msgpack::ObjectCutter objects_;
  std::string_view problem_;
  WarningLimiter warnings_;
};

class FluentEncoder : public plugin::Encoder {
 public:
  explicit FluentEncoder(bool nanoseconds) : nanoseconds_(nanoseconds) {}

  void encode(const Event& event, Buffer& out) override {
    msgpack::write_array_header(3, out);
    tag_.clear();
    const Value* tags = event.get(Names::get().tags);
    if (tags && !tags->is_null())
      append_tag(*tags);
    else
      tag_ = "log";
    msgpack::write_text(tag_, out);
    const int64_t nanos = event.timestamp();
    if (nanoseconds_)
      msgpack::write_event_time(nanos - match::floor_mod(nanos, kNanosPerMicro), out);
    else
      msgpack::write_integer(match::floor_div(nanos, kNanosPerSecond), out);
    msgpack::write(Value::object(&event.fields()), out);
  }

 private:
  static constexpr int64_t kNanosPerMicro = 1000;  // Logstash's times have microseconds here

  void append_tag(const Value& tags) {
    if (!tags.is_array()) {
      append_text(tags, tag_);
      return;
    }
    bool first = true;
    for (const auto& tag : tags.as_array()->all()) {
      if (!first) tag_ += '.';
      first = false;
      append_text(tag, tag_);
    }
  }

  bool nanoseconds_;
  std::string tag_;
};

class Fluent : public plugin::Codec {
 public:
  explicit Fluent(Config config) : config_(std::move(config)) {}
  std::string_view name() const override { return "fluent"; }
  std::unique_ptr<plugin::Decoder> decoder() const override {
    return std::make_unique<FluentDecoder>(config_);
  }
  std::unique_ptr<plugin::Encoder> encoder() const override {
    return std::make_unique<FluentEncoder>(config_.nanoseconds);
  }

 private:
  Config config_;
};

}  // namespace

extern const plugin::Spec codec_fluent;
const plugin::Spec codec_fluent{
    .kind = plugin::Kind::codec,
    .name = "fluent",
    .summary =
        "Reads and writes the forward protocol of Fluentd and Fluent Bit, compressed messages included.",
    .options = kOptions,
    .example = "input { tcp { port => 24224 codec => fluent { nanosecond_precision => true } } }",
    .codec = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Codec> {
      return std::make_unique<Fluent>(
          Config{setup.options.boolean("nanosecond_precision"), setup.field("target")});
    }};

}  // namespace sluice::plugins
