// codec json_lines: a JSON document a line.
#include "event/json_write.hpp"
#include "plugin/spec.hpp"
#include "plugins/codecs/json_events.hpp"
#include "plugins/codecs/line_splitter.hpp"
#include "plugins/codecs/text_codec.hpp"

namespace sluice::plugins {
namespace {

constexpr plugin::Option kOptions[] = {
    {"charset", plugin::Type::string, "\"UTF-8\"", "The character set of the documents that are read."},
    {"delimiter", plugin::Type::string, "\"\n\"", "What ends a document, read and written."},
    {"decode_size_limit_bytes", plugin::Type::number, "20971520",
     "The longest document that is read, 20 MiB (Logstash: 512 MiB); of a longer one the first 16 KiB are "
     "kept in an "
     "event with the tags _jsonparsefailure and _line_too_long."},
    {"target",
     plugin::Type::field_reference,
     {},
     "The field that a document goes into; the root without it."},
};

struct Config {
  Charset charset;
  std::string delimiter;
  size_t limit;
  FieldRef target;
};

class JsonLinesDecoder : public plugin::Decoder {
 public:
  explicit JsonLinesDecoder(const Config& config)
      : lines_(config.charset.encode(config.delimiter), config.limit, config.charset.unit()),
        limit_(config.limit),
        events_(config.charset, config.target, false, "logstash.codecs.jsonlines") {}

  void decode(std::string_view bytes, plugin::EventSink& sink) override {
    LineSplitter::Line line;
    auto& arena = sink.batch().arena();
    while (lines_.next(bytes, arena, line)) {
      if (line.cut)
        events_.too_long(line.bytes, limit_, sink);
      else
        events_.decode(line.bytes, sink);
    }
  }
  void flush(plugin::EventSink& sink) override {
    LineSplitter::Line line;
    if (lines_.flush(sink.batch().arena(), line)) events_.decode(line.bytes, sink);
  }
  bool pending() const override { return lines_.pending(); }

 private:
  LineSplitter lines_;
  size_t limit_;
  JsonEvents events_;
};

class JsonLinesEncoder : public plugin::Encoder {
 public:
  explicit JsonLinesEncoder(std::string delimiter) : delimiter_(std::move(delimiter)) {}
  void encode(const Event& event, Buffer& out) override {
    write_json(event, out);
    out.append(delimiter_);
  }

 private:
  std::string delimiter_;
};

class JsonLines : public plugin::Codec {
 public:
  explicit JsonLines(Config config) : config_(std::move(config)) {}
  std::string_view name() const override { return "json_lines"; }
  bool wants_line_ends() const override { return true; }
  std::unique_ptr<plugin::Decoder> decoder() const override {
    return std::make_unique<JsonLinesDecoder>(config_);
  }
  std::unique_ptr<plugin::Encoder> encoder() const override {
    return std::make_unique<JsonLinesEncoder>(config_.delimiter);
  }

 private:
  Config config_;
};

std::unique_ptr<plugin::Codec> make(plugin::Setup& setup) {
  auto charset = Charset::from(setup);
  const int64_t limit = setup.options.integer("decode_size_limit_bytes");
  if (limit < 1)
    setup.error("decode_size_limit_bytes", "E0306", "decode_size_limit_bytes must be at least 1",
                "It is the length in bytes of the longest document, such as 20971520.");
  std::string delimiter = delimiter_option(setup);
  FieldRef target = setup.field("target");
  if (!charset || limit < 1) return nullptr;
  return std::make_unique<JsonLines>(
      Config{std::move(*charset), std::move(delimiter), static_cast<size_t>(limit), std::move(target)});
}

}  // namespace

extern const plugin::Spec codec_json_lines;
const plugin::Spec codec_json_lines{
    .kind = plugin::Kind::codec,
    .name = "json_lines",
    .summary = "A JSON document a line.",
    .options = kOptions,
    .example = "input { tcp { port => 5000 codec => json_lines } }",
    .codec = make,
};

}  // namespace sluice::plugins
