// codec line: one message a line.
#include "base/log.hpp"
#include "plugin/spec.hpp"
#include "plugins/codecs/charset.hpp"
#include "plugins/codecs/line_splitter.hpp"
#include "plugins/codecs/text_codec.hpp"

namespace sluice::plugins {
namespace {

constexpr plugin::Option kOptions[] = {
    {"format", plugin::Type::string, {}, "The text to write for each event; %{field} is filled in."},
    {"charset", plugin::Type::string, "\"UTF-8\"", "The character set of the text that is read."},
    {"delimiter", plugin::Type::string, "\"\n\"", "What ends a line, read and written."},
};

class LineDecoder : public plugin::Decoder {
 public:
  LineDecoder(const Charset& charset, const std::string& delimiter, bool ecs)
      : text_(charset), lines_(charset.encode(delimiter), kMaxEventBytes, charset.unit()), fields_(ecs) {}

  void decode(std::string_view bytes, plugin::EventSink& sink) override {
    LineSplitter::Line line;
    auto& arena = sink.batch().arena();
    while (lines_.next(bytes, arena, line)) add(line, sink);
  }
  void flush(plugin::EventSink& sink) override {
    LineSplitter::Line line;
    if (lines_.flush(sink.batch().arena(), line)) add(line, sink);
  }
  bool pending() const override { return lines_.pending(); }

 private:
  void add(const LineSplitter::Line& line, plugin::EventSink& sink) {
    auto& event = sink.make();
    fields_.fill(event, text_.text(line.bytes, event.arena()));
    if (line.cut) {
      event.tag("_line_too_long");
      if (!std::exchange(cut_, true))
        log::warn("logstash.codecs.line",
                  "A line is longer than the codec takes: it was cut and its event tagged "
                  "_line_too_long. More of this stream are not logged.",
                  {{"limit_bytes", kMaxEventBytes}});
    }
    sink.add(event);
  }

  TextDecoder text_;
  LineSplitter lines_;
  MessageFields fields_;
  bool cut_ = false;
};

class Line : public plugin::Codec {
 public:
  Line(plugin::Setup& setup, Charset charset)
      : charset_(std::move(charset)),
        delimiter_(delimiter_option(setup)),
        format_(format_option(setup)),
        ecs_(setup.ecs()) {}
  std::string_view name() const override { return "line"; }
  bool wants_line_ends() const override { return true; }
  std::unique_ptr<plugin::Decoder> decoder() const override {
    return std::make_unique<LineDecoder>(charset_, delimiter_, ecs_);
  }
  std::unique_ptr<plugin::Encoder> encoder() const override {
    return std::make_unique<TextEncoder>(format_, delimiter_);
  }
  bool line_based() const override { return true; }

 private:
  Charset charset_;
  std::string delimiter_;
  std::optional<Template> format_;
  bool ecs_;
};

}  // namespace

extern const plugin::Spec codec_line;
const plugin::Spec codec_line{.kind = plugin::Kind::codec,
                              .name = "line",
                              .summary = "One message a line, and events as lines of text.",
                              .options = kOptions,
                              .example = "output { stdout { codec => line { format => \"%{message}\" } } }",
                              .codec = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Codec> {
                                auto charset = Charset::from(setup);
                                if (!charset) return nullptr;
                                return std::make_unique<Line>(setup, std::move(*charset));
                              }};

}  // namespace sluice::plugins
