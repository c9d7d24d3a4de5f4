// codec plain: the whole of what the input hands over is one message.
#include "plugin/spec.hpp"
#include "plugins/codecs/charset.hpp"
#include "plugins/codecs/line_splitter.hpp"
#include "plugins/codecs/text_codec.hpp"

namespace sluice::plugins {
namespace {

constexpr plugin::Option kOptions[] = {
    {"format", plugin::Type::string, {}, "The text to write for each event; %{field} is filled in."},
    {"charset", plugin::Type::string, "\"UTF-8\"", "The character set of the text that is read."},
};

class PlainDecoder : public plugin::Decoder {
 public:
  PlainDecoder(const Charset& charset, bool ecs) : text_(charset), fields_(ecs) {}
  void decode(std::string_view bytes, plugin::EventSink& sink) override {
    auto& event = sink.make();
    fields_.fill(event, text_.text(bytes, event.arena()));
    sink.add(event);
  }

 private:
  TextDecoder text_;
  MessageFields fields_;
};

class Plain : public plugin::Codec {
 public:
  Plain(plugin::Setup& setup, Charset charset)
      : charset_(std::move(charset)), format_(format_option(setup)), ecs_(setup.ecs()) {}
  std::string_view name() const override { return "plain"; }
  std::unique_ptr<plugin::Decoder> decoder() const override {
    return std::make_unique<PlainDecoder>(charset_, ecs_);
  }
  std::unique_ptr<plugin::Encoder> encoder() const override {
    return std::make_unique<TextEncoder>(format_, "");
  }
  bool line_based() const override { return true; }

 private:
  Charset charset_;
  std::optional<Template> format_;
  bool ecs_;
};

}  // namespace

extern const plugin::Spec codec_plain;
const plugin::Spec codec_plain{
    .kind = plugin::Kind::codec,
    .name = "plain",
    .summary = "Takes what an input hands over as one message, and writes events as text.",
    .options = kOptions,
    .example = "output { file { path => \"/tmp/out\" codec => plain { format => \"%{message}\" } } }",
    .codec = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Codec> {
      auto charset = Charset::from(setup);
      if (!charset) return nullptr;
      return std::make_unique<Plain>(setup, std::move(*charset));
    }};

}  // namespace sluice::plugins
