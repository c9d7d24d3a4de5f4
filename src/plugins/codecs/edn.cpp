// codec edn: what the input hands over is one EDN document.
#include "plugin/spec.hpp"
#include "plugins/edn/events.hpp"

namespace sluice::plugins {
namespace {

constexpr plugin::Option kOptions[] = {
    {"target",
     plugin::Type::field_reference,
     {},
     "The field that a document goes into; the root without it."},
};

class EdnDecoder : public plugin::Decoder {
 public:
  explicit EdnDecoder(const FieldRef& target) : events_(target, "logstash.codecs.edn") {}
  void decode(std::string_view bytes, plugin::EventSink& sink) override { events_.decode(bytes, sink); }

 private:
  edn::Events events_;
};

class Edn : public plugin::Codec {
 public:
  explicit Edn(FieldRef target) : target_(std::move(target)) {}
  std::string_view name() const override { return "edn"; }
  std::unique_ptr<plugin::Decoder> decoder() const override { return std::make_unique<EdnDecoder>(target_); }
  std::unique_ptr<plugin::Encoder> encoder() const override { return std::make_unique<edn::Encoder>(""); }

 private:
  FieldRef target_;
};

}  // namespace

extern const plugin::Spec codec_edn;
const plugin::Spec codec_edn{.kind = plugin::Kind::codec,
                             .name = "edn",
                             .summary = "One EDN document is one event.",
                             .options = kOptions,
                             .example = "input { udp { port => 5000 codec => edn } }",
                             .codec = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Codec> {
                               return std::make_unique<Edn>(setup.field("target"));
                             }};

}  // namespace sluice::plugins
