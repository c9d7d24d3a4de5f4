// codec protobuf: messages of Protocol Buffers, known by their descriptors.
#include "base/log.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "plugins/protobuf/from_value.hpp"
#include "plugins/protobuf/to_value.hpp"
#include "plugins/wire/values.hpp"

namespace sluice::plugins {
namespace {

using namespace protobuf;
using plugin::Type;

constexpr std::string_view kLogger = "logstash.codecs.protobuf";
constexpr std::string_view kRuby =
    "it names Ruby code that was made from a .proto file, and there is no Ruby here. Make the descriptors "
    "with: protoc "
    "--include_imports --descriptor_set_out=types.desc YOUR.proto, and give descriptor_file => "
    "\"types.desc\".";

constexpr plugin::Option kOptions[] = {
    {"class_name",
     Type::string,
     {},
     "The message that is read and written, with its package: `animal.Unicorn`, or as in Ruby "
     "`Animal::Unicorn`.",
     plugin::kRequired},
    {"descriptor_file",
     Type::path,
     {},
     "The file with the descriptors of the message and of all that it needs, as protoc makes it with "
     "--include_imports and --descriptor_set_out; without it there is google.protobuf.Struct alone."},
    {"protobuf_version", Type::number, "2",
     "2: fields that are not set are left out and enumerations are numbers; 3: fields have their defaults "
     "and "
     "enumerations are names."},
    {"class_file", Type::any, {}, {}, plugin::kUnsupported, {}, kRuby},
    {"include_path", Type::any, {}, {}, plugin::kUnsupported, {}, kRuby},
    {"protobuf_root_directory", Type::any, {}, {}, plugin::kUnsupported, {}, kRuby},
    {"stop_on_error", Type::boolean, "false",
     "Must be false: a message that cannot be read becomes a tagged event, and the pipeline goes on."},
    {"pb3_encoder_autoconvert_types", Type::boolean, "true",
     "Whether values are converted to the types of the message's fields, when protobuf_version is 3."},
    {"pb3_set_oneof_metainfo", Type::boolean, "false",
     "Whether [@metadata][pb_oneof] says which field of each oneof was set, when protobuf_version is 3."},
};

struct Config {
  Schema schema;
  Version version = Version::two;
  bool convert = false;
  bool oneof_metainfo = false;
};

class ProtobufDecoder : public plugin::Decoder {
 public:
  explicit ProtobufDecoder(std::shared_ptr<const Config> config)
      : config_(std::move(config)),
        to_value_(config_->schema, config_->version),
        message_(config_->schema.message()) {}

  void decode(std::string_view bytes, plugin::EventSink& sink) override {
    // Partial: missing required fields are told by us, not by the library on standard error.
    if (bytes.size() > INT32_MAX ||
        !message_->ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size())))
      return fail("the bytes are no message of " + message_->GetTypeName(), bytes, sink);
    if (config_->schema.has_required() && !message_->IsInitialized())
      return fail("required fields are missing: " + message_->InitializationErrorString(), bytes, sink);
    Event& event = sink.make();
    Object* chosen = nullptr;
    Object* fields = to_value_.object(*message_, event.arena(), config_->oneof_metainfo ? &chosen : nullptr);
    event.fields() = *fields;
    if (chosen) event.metadata().set(event.arena(), kOneof_, Value::object(chosen));
    sink.add(event);
  }

 private:
  void fail(const std::string& why, std::string_view bytes, plugin::EventSink& sink) {
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::warn(kLogger, "Couldn't decode protobuf: " + why, {{"suppressed", suppressed}});
    Event& event = sink.make();
    event.set(Names::get().message, wire::text_value(bytes, event.arena()));
    event.set(kException_, event.text(why));
    event.tag("_protobufdecodefailure");
    sink.add(event);
  }

  std::shared_ptr<const Config> config_;
  ToValue to_value_;
  std::unique_ptr<pb::Message> message_;
  const Key kOneof_ = Key::intern("pb_oneof");
  const Key kException_ = Key::intern("decoder_exception");
  WarningLimiter warnings_;
};

class ProtobufEncoder : public plugin::Encoder {
 public:
  explicit ProtobufEncoder(std::shared_ptr<const Config> config)
      : config_(std::move(config)),
        from_value_(config_->schema, config_->convert),
        message_(config_->schema.message()) {}

  void encode(const Event& event, Buffer& out) override {
    message_->Clear();
    if (!from_value_.fill(event.fields(), *message_)) return fail(from_value_.problem());
    if (config_->schema.has_required() && !message_->IsInitialized())
      return fail("required fields are missing: " + message_->InitializationErrorString());
    const size_t size = message_->ByteSizeLong();
    if (size > INT32_MAX) return fail("the message is too large");
    auto* at = reinterpret_cast<uint8_t*>(out.reserve(size));
    message_->SerializeWithCachedSizesToArray(at);
    out.grow(size);
  }

 private:
  void fail(const std::string& why) {
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::warn(kLogger, "Protobuf encoding error: " + why + ". The event has been discarded.",
                {{"suppressed", suppressed}});
  }

  std::shared_ptr<const Config> config_;
  FromValue from_value_;
  std::unique_ptr<pb::Message> message_;
  WarningLimiter warnings_;
};

class Protobuf : public plugin::Codec {
 public:
  explicit Protobuf(std::shared_ptr<const Config> config) : config_(std::move(config)) {}
  std::string_view name() const override { return "protobuf"; }
  std::unique_ptr<plugin::Decoder> decoder() const override {
    return std::make_unique<ProtobufDecoder>(config_);
  }
  std::unique_ptr<plugin::Encoder> encoder() const override {
    return std::make_unique<ProtobufEncoder>(config_);
  }

 private:
  std::shared_ptr<const Config> config_;
};

std::unique_ptr<plugin::Codec> make(plugin::Setup& setup) {
  const auto& options = setup.options;
  const double version = options.number("protobuf_version");
  bool good = version == 2 || version == 3;
  if (!good) setup.error("protobuf_version", "E0306", "protobuf_version must be 2 or 3");
  if (options.boolean("stop_on_error")) {
    setup.error("stop_on_error", "E0306",
                "stop_on_error cannot be true: one faulty message does not end a pipeline here",
                "Leave the option out, and look for the tag _protobufdecodefailure.");
    good = false;
  }
  for (const char* option : {"pb3_encoder_autoconvert_types", "pb3_set_oneof_metainfo"}) {
    if (version == 3 || !options.given(option) || !options.boolean(option)) continue;
    setup.error(option, "E0308", std::string(option) + " needs protobuf_version => 3",
                "Set it, or leave the option out.");
    good = false;
  }
  auto config = std::make_shared<Config>();
  const Status status = config->schema.load(options.string("descriptor_file"), options.string("class_name"));
  if (!status.ok()) {
    const bool name = status.message().starts_with("there is no message");
    setup.error(name ? "class_name" : "descriptor_file", name ? "E0306" : "E0305", status.message());
    good = false;
  }
  if (!good) return nullptr;
  config->version = version == 3 ? Version::three : Version::two;
  config->convert = version == 3 && options.boolean("pb3_encoder_autoconvert_types");
  config->oneof_metainfo = version == 3 && options.boolean("pb3_set_oneof_metainfo");
  return std::make_unique<Protobuf>(std::move(config));
}

}  // namespace

extern const plugin::Spec codec_protobuf;
const plugin::Spec codec_protobuf{
    .kind = plugin::Kind::codec,
    .name = "protobuf",
    .summary = "Messages of Protocol Buffers, read and written by the descriptors that protoc makes.",
    .options = kOptions,
    .example =
        "input { udp { port => 5000 codec => protobuf { class_name => \"google.protobuf.Struct\" "
        "protobuf_version => 3 } } }",
    .codec = make,
};

}  // namespace sluice::plugins
