// codec msgpack: MessagePack objects.
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "event/template.hpp"
#include "plugin/spec.hpp"
#include "plugins/codecs/line_splitter.hpp"
#include "plugins/codecs/payload.hpp"
#include "plugins/codecs/text_codec.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "plugins/msgpack/object_cutter.hpp"
#include "plugins/msgpack/reader.hpp"
#include "plugins/msgpack/writer.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr plugin::Option kOptions[] = {
    {"format", Type::string, {}, "The text of `message` for objects that have none; %{field} is filled in."},
    {"target", Type::field_reference, {}, "The field that an object goes into; the root without it."},
};

struct Config {
  std::optional<Template> format;
  FieldRef target;
};

class MsgpackDecoder : public plugin::Decoder {
 public:
  explicit MsgpackDecoder(const Config& config) : config_(config), objects_(kMaxEventBytes) {}

  void decode(std::string_view bytes, plugin::EventSink& sink) override {
    using Outcome = msgpack::ObjectCutter::Outcome;
    auto& arena = sink.batch().arena();
    std::string_view object;
    while (!bytes.empty()) {
      const Outcome outcome = objects_.next(bytes, arena, object);
      if (outcome == Outcome::more) return;
      if (outcome == Outcome::object && add(object, bytes, sink)) continue;
      // What follows a damaged object cannot be told from it: all of it is one event.
      fail(outcome == Outcome::object ? msgpack::joined(object, bytes, arena) : objects_.drop(bytes, arena),
           sink);
      return;
    }
  }
  void flush(plugin::EventSink& sink) override {
    if (objects_.pending()) fail(objects_.drop({}, sink.batch().arena()), sink);
  }
  bool pending() const override { return objects_.pending(); }

 private:
  bool add(std::string_view object, std::string_view rest, plugin::EventSink& sink) {
    Value value;
    if (!msgpack::read(object, msgpack::Extensions::refused, sink.batch().arena(), value)) return false;
    // Text that is no MessagePack reads as small numbers: a number counts only by itself.
    if (!value.is_object() && !rest.empty()) return false;
    auto& event = sink.make();
    if (!set_payload(event, config_.target, value)) return false;
    const Value* message = event.get(Names::get().message);
    if (config_.format && (!message || message->is_null())) {
      normalize(event);
      event.set(Names::get().message, config_.format->value(event));
    }
    sink.add(event);
    return true;
  }

  void fail(std::string_view bytes, plugin::EventSink& sink) {
    auto& event = sink.make();
    const Value text = Value::string(utf8_scrub(bytes, event.arena()));
    event.set(Names::get().message, text);
    event.tag("_msgpackparsefailure");
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::warn("logstash.codecs.msgpack", "Trouble parsing msgpack input, falling back to plain text",
                {{"input", text.as_text().substr(0, kShown)}, {"suppressed", suppressed}});
    sink.add(event);
  }

  static constexpr size_t kShown = 200;

  const Config& config_;
  msgpack::ObjectCutter objects_;
  WarningLimiter warnings_;
};

class MsgpackEncoder : public plugin::Encoder {
 public:
  void encode(const Event& event, Buffer& out) override {
    msgpack::write(Value::object(&event.fields()), out);
  }
};

class Msgpack : public plugin::Codec {
 public:
  explicit Msgpack(Config config) : config_(std::move(config)) {}
  std::string_view name() const override { return "msgpack"; }
  std::unique_ptr<plugin::Decoder> decoder() const override {
    return std::make_unique<MsgpackDecoder>(config_);
  }
  std::unique_ptr<plugin::Encoder> encoder() const override { return std::make_unique<MsgpackEncoder>(); }

 private:
  Config config_;
};

}  // namespace

extern const plugin::Spec codec_msgpack;
const plugin::Spec codec_msgpack{
    .kind = plugin::Kind::codec,
    .name = "msgpack",
    .summary = "Reads and writes events as MessagePack maps.",
    .options = kOptions,
    .example = "input { udp { port => 5000 codec => msgpack } }",
    .codec = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Codec> {
      return std::make_unique<Msgpack>(Config{format_option(setup), setup.field("target")});
    }};

}  // namespace sluice::plugins
