// codec edn_lines: an EDN document a line.
#include "plugin/spec.hpp"
#include "plugins/codecs/line_splitter.hpp"
#include "plugins/edn/events.hpp"

namespace sluice::plugins {
namespace {

constexpr plugin::Option kOptions[] = {
    {"target",
     plugin::Type::field_reference,
     {},
     "The field that a document goes into; the root without it."},
};

class EdnLinesDecoder : public plugin::Decoder {
 public:
  explicit EdnLinesDecoder(const FieldRef& target) : events_(target, "logstash.codecs.ednlines") {}

  void decode(std::string_view bytes, plugin::EventSink& sink) override {
    LineSplitter::Line line;
    while (lines_.next(bytes, sink.batch().arena(), line)) events_.decode(line.bytes, sink);
  }
  void flush(plugin::EventSink& sink) override {
    LineSplitter::Line line;
    if (lines_.flush(sink.batch().arena(), line)) events_.decode(line.bytes, sink);
  }
  bool pending() const override { return lines_.pending(); }

 private:
  LineSplitter lines_;
  edn::Events events_;
};

class EdnLines : public plugin::Codec {
 public:
  explicit EdnLines(FieldRef target) : target_(std::move(target)) {}
  std::string_view name() const override { return "edn_lines"; }
  bool wants_line_ends() const override { return true; }
  std::unique_ptr<plugin::Decoder> decoder() const override {
    return std::make_unique<EdnLinesDecoder>(target_);
  }
  std::unique_ptr<plugin::Encoder> encoder() const override { return std::make_unique<edn::Encoder>("\n"); }

 private:
  FieldRef target_;
};

}  // namespace

extern const plugin::Spec codec_edn_lines;
const plugin::Spec codec_edn_lines{.kind = plugin::Kind::codec,
                                   .name = "edn_lines",
                                   .summary = "An EDN document a line.",
                                   .options = kOptions,
                                   .example = "input { tcp { port => 5000 codec => edn_lines } }",
                                   .codec = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Codec> {
                                     return std::make_unique<EdnLines>(setup.field("target"));
                                   }};

}  // namespace sluice::plugins
