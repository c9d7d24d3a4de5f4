// codec json: what the input hands over is one JSON document.
#include "event/json_write.hpp"
#include "plugin/spec.hpp"
#include "plugins/codecs/json_events.hpp"

namespace sluice::plugins {
namespace {

constexpr plugin::Option kOptions[] = {
    {"charset", plugin::Type::string, "\"UTF-8\"", "The character set of the documents that are read."},
    {"target",
     plugin::Type::field_reference,
     {},
     "The field that a document goes into; the root without it."},
};

class JsonDecoder : public plugin::Decoder {
 public:
  JsonDecoder(const Charset& charset, const FieldRef& target, bool ecs)
      : events_(charset, target, ecs, "logstash.codecs.json") {}
  void decode(std::string_view bytes, plugin::EventSink& sink) override { events_.decode(bytes, sink); }

 private:
  JsonEvents events_;
};

class JsonEncoder : public plugin::Encoder {
 public:
  void encode(const Event& event, Buffer& out) override { write_json(event, out); }
};

class Json : public plugin::Codec {
 public:
  Json(plugin::Setup& setup, Charset charset)
      : charset_(std::move(charset)), target_(setup.field("target")), ecs_(setup.ecs()) {}
  std::string_view name() const override { return "json"; }
  std::unique_ptr<plugin::Decoder> decoder() const override {
    return std::make_unique<JsonDecoder>(charset_, target_, ecs_);
  }
  std::unique_ptr<plugin::Encoder> encoder() const override { return std::make_unique<JsonEncoder>(); }
  bool line_based() const override { return true; }

 private:
  Charset charset_;
  FieldRef target_;
  bool ecs_;
};

}  // namespace

extern const plugin::Spec codec_json;
const plugin::Spec codec_json{.kind = plugin::Kind::codec,
                              .name = "json",
                              .summary = "One JSON document is one event, or a list of events.",
                              .options = kOptions,
                              .example = "input { udp { port => 5000 codec => json } }",
                              .codec = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Codec> {
                                auto charset = Charset::from(setup);
                                if (!charset) return nullptr;
                                return std::make_unique<Json>(setup, std::move(*charset));
                              }};

}  // namespace sluice::plugins
