// codec gzip_lines: the lines of gzip data.
#include <zlib.h>

#include "base/log.hpp"
#include "event/json_read.hpp"
#include "plugin/spec.hpp"
#include "plugins/codecs/charset.hpp"
#include "plugins/codecs/line_splitter.hpp"

namespace sluice::plugins {
namespace {

constexpr plugin::Option kOptions[] = {
    {"charset", plugin::Type::string, "\"UTF-8\"", "The character set of the text that is read."},
};

// A few bytes can stand for any number of lines; what one read of the input may become is bounded.
constexpr size_t kMaxLines = 256 << 10;
constexpr size_t kMaxInflated = size_t{64} << 20;
constexpr size_t kPiece = 64 << 10;

class GzipLinesDecoder : public plugin::Decoder {
 public:
  explicit GzipLinesDecoder(const Charset& charset)
      : text_(charset), lines_(charset.encode("\n"), kMaxEventBytes, charset.unit(), true) {
    ready_ = ::inflateInit2(&zlib_, 15 + 16) == Z_OK;
  }
  ~GzipLinesDecoder() override {
    if (ready_) ::inflateEnd(&zlib_);
  }

  void decode(std::string_view bytes, plugin::EventSink& sink) override {
    zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    zlib_.avail_in = static_cast<uInt>(bytes.size());
    taken_ = 0;
    inflated_ = 0;
    while (ready_ && !failed_) {
      const SlabRef slab = SlabRef::allocate(kPiece + JsonReader::kPadding);
      const size_t size = inflate(slab);
      inflated_ += size;
      sink.batch().hold(slab);
      take({slab.data(), size}, sink);
      if (!failed_ && (taken_ > kMaxLines || inflated_ > kMaxInflated))
        fail("one read holds more than 262144 lines or 64 MiB");
      if (size < kPiece && zlib_.avail_in == 0) break;
    }
    if (failed_) restart();
  }
  void flush(plugin::EventSink& sink) override {
    LineSplitter::Line line;
    if (lines_.flush(sink.batch().arena(), line)) add(line.bytes, sink);
    if (inside_) fail("the data is cut off");
    restart();
  }
  bool pending() const override { return inside_ || lines_.pending(); }

 private:
  // Fills `slab`; less than kPiece when the input is used up or damaged. Members follow each other.
  size_t inflate(const SlabRef& slab) {
    zlib_.next_out = reinterpret_cast<Bytef*>(slab.data());
    zlib_.avail_out = kPiece;
    while (zlib_.avail_out != 0 && !failed_) {
      if (zlib_.avail_in != 0) inside_ = true;
      const int result = ::inflate(&zlib_, Z_NO_FLUSH);
      if (result == Z_STREAM_END) {
        inside_ = false;
        ::inflateReset(&zlib_);
        if (zlib_.avail_in == 0) break;
      } else if (result == Z_BUF_ERROR) {
        break;
      } else if (result != Z_OK) {
        fail(zlib_.msg ? zlib_.msg : "the data is damaged");
      }
    }
    return kPiece - zlib_.avail_out;
  }

  void take(std::string_view text, plugin::EventSink& sink) {
    LineSplitter::Line line;
    while (taken_ <= kMaxLines && lines_.next(text, sink.batch().arena(), line)) add(line.bytes, sink);
  }

  void add(std::string_view line, plugin::EventSink& sink) {
    ++taken_;
    auto& event = sink.make();
    event.set(Names::get().message, text_.text(line, event.arena()));
    sink.add(event);
  }

  void fail(std::string_view why) {
    failed_ = true;
    log::error("logstash.codecs.gziplines", "Gzip codec: We cannot uncompress the gzip file",
               {{"reason", why}});
  }

  // What follows damage may be a new member.
  void restart() {
    if (ready_) ::inflateReset(&zlib_);
    inside_ = false;
    failed_ = false;
  }

  TextDecoder text_;
  LineSplitter lines_;
  z_stream zlib_{};
  bool ready_ = false;
  bool inside_ = false;  // a member has begun and not ended
  bool failed_ = false;
  size_t taken_ = 0;     // lines of this read
  size_t inflated_ = 0;  // bytes of this read
};

class GzipLines : public plugin::Codec {
 public:
  explicit GzipLines(Charset charset) : charset_(std::move(charset)) {}
  std::string_view name() const override { return "gzip_lines"; }
  std::unique_ptr<plugin::Decoder> decoder() const override {
    return std::make_unique<GzipLinesDecoder>(charset_);
  }
  std::unique_ptr<plugin::Encoder> encoder() const override { return nullptr; }

 private:
  Charset charset_;
};

}  // namespace

extern const plugin::Spec codec_gzip_lines;
const plugin::Spec codec_gzip_lines{.kind = plugin::Kind::codec,
                                    .name = "gzip_lines",
                                    .summary = "Reads the lines of gzip data, each with its line feed.",
                                    .options = kOptions,
                                    .example = "input { tcp { port => 5000 codec => gzip_lines } }",
                                    .codec = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Codec> {
                                      auto charset = Charset::from(setup);
                                      if (!charset) return nullptr;
                                      return std::make_unique<GzipLines>(std::move(*charset));
                                    }};

}  // namespace sluice::plugins
