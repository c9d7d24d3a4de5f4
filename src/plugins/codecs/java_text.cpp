// codecs java_line and java_plain: Logstash's line and plain written in Java, which differ in small things:
// bytes that are no text are left out, and what is written is in the character set as well.
#include "base/utf8.hpp"
#include "event/json_write.hpp"
#include "plugin/spec.hpp"
#include "plugins/codecs/charset.hpp"
#include "plugins/codecs/line_splitter.hpp"
#include "plugins/codecs/text_codec.hpp"

namespace sluice::plugins {
namespace {

constexpr plugin::Option kLineOptions[] = {
    {"format", plugin::Type::string, {}, "The text to write for each event; its JSON without it."},
    {"charset", plugin::Type::string, "\"UTF-8\"", "The character set of the text that is read and written."},
    {"delimiter", plugin::Type::string, "\"\n\"", "What ends a line, read and written."},
};

constexpr plugin::Option kPlainOptions[] = {
    {"format",
     plugin::Type::string,
     {},
     "The text to write for each event; time, host and message without it."},
    {"charset", plugin::Type::string, "\"UTF-8\"", "The character set of the text that is read and written."},
};

/// Text out of bytes, with what is no text left out.
class JavaText {
 public:
  explicit JavaText(const Charset& charset) : utf8_(charset.is_utf8()), decoder_(charset) {}

  Value text(std::string_view bytes, Arena& arena) {
    if (utf8_) return utf8_valid(bytes) ? Value::string(bytes) : without_invalid(bytes, arena);
    return without_marks(decoder_.text(bytes, arena).as_text(), arena);
  }

 private:
  static Value without_invalid(std::string_view bytes, Arena& arena) {
    auto* out = static_cast<char*>(arena.allocate(bytes.size(), 1));
    size_t size = 0;
    while (!bytes.empty()) {
      const size_t valid = utf8_valid_prefix(bytes);
      std::memcpy(out + size, bytes.data(), valid);
      size += valid;
      bytes.remove_prefix(std::min(valid + 1, bytes.size()));
    }
    return Value::string({out, size});
  }

  // The decoder marks what is no text.
  static Value without_marks(std::string_view text, Arena& arena) {
    static constexpr std::string_view kMark = "\xEF\xBF\xBD";
    if (text.find(kMark) == std::string_view::npos) return Value::string(text);
    auto* out = static_cast<char*>(arena.allocate(text.size(), 1));
    size_t size = 0;
    while (!text.empty()) {
      const size_t good = std::min(text.find(kMark), text.size());
      std::memcpy(out + size, text.data(), good);
      size += good;
      text.remove_prefix(std::min(good + kMark.size(), text.size()));
    }
    return Value::string({out, size});
  }

  const bool utf8_;
  TextDecoder decoder_;
};

void add_message(Value text, plugin::EventSink& sink) {
  auto& event = sink.make();
  event.set(Names::get().message, text);
  sink.add(event);
}

class LineDecoder : public plugin::Decoder {
 public:
  LineDecoder(const Charset& charset, const std::string& delimiter)
      : text_(charset), lines_(charset.encode(delimiter), kMaxEventBytes, charset.unit()) {}

  void decode(std::string_view bytes, plugin::EventSink& sink) override {
    LineSplitter::Line line;
    auto& arena = sink.batch().arena();
    while (lines_.next(bytes, arena, line)) add_message(text_.text(line.bytes, arena), sink);
  }
  void flush(plugin::EventSink& sink) override {
    LineSplitter::Line line;
    auto& arena = sink.batch().arena();
    if (lines_.flush(arena, line)) add_message(text_.text(line.bytes, arena), sink);
  }
  bool pending() const override { return lines_.pending(); }

 private:
  JavaText text_;
  LineSplitter lines_;
};

class PlainDecoder : public plugin::Decoder {
 public:
  explicit PlainDecoder(const Charset& charset) : text_(charset) {}
  void decode(std::string_view bytes, plugin::EventSink& sink) override {
    if (!bytes.empty()) add_message(text_.text(bytes, sink.batch().arena()), sink);
  }

 private:
  JavaText text_;
};

struct Config {
  std::string_view name;
  Charset charset;
  std::optional<Template> format;
  std::string delimiter;
  bool lines = false;
};

class JavaEncoder : public plugin::Encoder {
 public:
  explicit JavaEncoder(const Config& config) : config_(config), text_(config.format, config.delimiter) {}

  void encode(const Event& event, Buffer& out) override {
    if (config_.charset.is_utf8()) return write(event, out);
    scratch_.clear();
    write(event, scratch_);
    out.append(config_.charset.encode(scratch_.view()));
  }

 private:
  void write(const Event& event, Buffer& out) {
    if (!config_.lines || config_.format) return text_.encode(event, out);
    write_json(event, out);
    out.append(config_.delimiter);
  }

  const Config& config_;
  TextEncoder text_;
  Buffer scratch_;
};

class JavaCodec : public plugin::Codec {
 public:
  explicit JavaCodec(Config config) : config_(std::move(config)) {}
  std::string_view name() const override { return config_.name; }
  std::unique_ptr<plugin::Decoder> decoder() const override {
    if (config_.lines) return std::make_unique<LineDecoder>(config_.charset, config_.delimiter);
    return std::make_unique<PlainDecoder>(config_.charset);
  }
  std::unique_ptr<plugin::Encoder> encoder() const override { return std::make_unique<JavaEncoder>(config_); }
  bool line_based() const override { return true; }
  bool wants_line_ends() const override { return config_.lines; }

 private:
  const Config config_;
};

std::unique_ptr<plugin::Codec> make(plugin::Setup& setup) {
  const bool lines = setup.spec.name == "java_line";
  auto charset = Charset::from(setup);
  auto format = format_option(setup);
  std::string delimiter = lines ? delimiter_option(setup) : std::string();
  if (!charset) return nullptr;
  return std::make_unique<JavaCodec>(
      Config{setup.spec.name, std::move(*charset), std::move(format), std::move(delimiter), lines});
}

}  // namespace

extern const plugin::Spec codec_java_line;
const plugin::Spec codec_java_line{
    .kind = plugin::Kind::codec,
    .name = "java_line",
    .summary = "One message a line, and events as lines of JSON or of a text.",
    .options = kLineOptions,
    .example = "output { stdout { codec => java_line { format => \"%{message}\" } } }",
    .codec = make,
};

extern const plugin::Spec codec_java_plain;
const plugin::Spec codec_java_plain{
    .kind = plugin::Kind::codec,
    .name = "java_plain",
    .summary = "Takes what an input hands over as one message, and writes events as text.",
    .options = kPlainOptions,
    .example = "output { stdout { codec => java_plain { format => \"%{message}\" } } }",
    .codec = make,
};

}  // namespace sluice::plugins
