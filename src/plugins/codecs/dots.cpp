// codec dots: a dot for each event, to watch throughput with.
#include "plugin/spec.hpp"

namespace sluice::plugins {
namespace {

class DotsEncoder : public plugin::Encoder {
 public:
  void encode(const Event&, Buffer& out) override { out.append('.'); }
};

class Dots : public plugin::Codec {
 public:
  std::string_view name() const override { return "dots"; }
  std::unique_ptr<plugin::Decoder> decoder() const override { return nullptr; }
  std::unique_ptr<plugin::Encoder> encoder() const override { return std::make_unique<DotsEncoder>(); }
};

}  // namespace

extern const plugin::Spec codec_dots;
const plugin::Spec codec_dots{
    .kind = plugin::Kind::codec,
    .name = "dots",
    .summary = "Writes a dot for each event.",
    .options = {},
    .example = "output { stdout { codec => dots } }",
    .codec = [](plugin::Setup&) -> std::unique_ptr<plugin::Codec> { return std::make_unique<Dots>(); }};

}  // namespace sluice::plugins
