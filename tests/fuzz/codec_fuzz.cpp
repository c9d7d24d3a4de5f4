// libFuzzer: whatever bytes a codec is given, in whatever pieces, must end in events that can be written
// again. The first byte chooses the codec among those that can read (each built from its own example, and
// from the texts below), the second says how the rest is cut. FUZZ_CODEC names the one codec of the target;
// empty: all.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "base/log.hpp"
#include "event/json_read.hpp"
#include "event/json_write.hpp"
#include "lang/parser.hpp"
#include "lang/source.hpp"
#include "plugin/spec.hpp"
#include "plugins/registry.hpp"

namespace {

using namespace sluice;

constexpr std::string_view kCodec = FUZZ_CODEC;

// Ways that a codec's example does not go.
struct Text {
  std::string_view codec, config;
};
constexpr Text kMore[] = {
    {"multiline", R"(input { stdin { codec => multiline { pattern => "^\s" what => "previous" } } })"},
    {"multiline",
     R"(input { stdin { codec => multiline { pattern => "\\$" what => "next" max_lines => 3 } } })"},
    {"multiline", R"(input { stdin { codec => multiline { pattern => "^%{TIMESTAMP_ISO8601}" negate => true
                     what => "previous" max_bytes => 200 charset => "ISO-8859-1" } } })"},
    {"cef", R"(input { stdin { codec => cef { delimiter => "\r\n" ecs_compatibility => "disabled" } } })"},
    {"netflow",
     R"(input { stdin { codec => netflow { include_flowset_id => true versions => [5, 9, 10] } } })"},
};

struct Sink : plugin::EventSink {
  explicit Sink(Batch& b) : batch_(b) {}
  Event& make() override { return batch_.make(); }
  void add(Event& event) override {
    normalize(event);
    batch_.add(event);
  }
  Batch& batch() override { return batch_; }
  Batch& batch_;
};

// The codec of the first plugin of a config, or null.
std::unique_ptr<plugin::Codec> codec_of(std::string_view config) {
  lang::Diagnostics diagnostics;
  lang::SourceSet sources;
  sources.add("fuzz.conf", std::string(config));
  const auto parsed = lang::parse(sources, {}, diagnostics);
  if (diagnostics.has_errors() || parsed.sections.empty() || parsed.sections[0].body.empty()) return nullptr;
  const auto* node = std::get_if<std::shared_ptr<const lang::Plugin>>(&parsed.sections[0].body[0].node);
  if (!node) return nullptr;
  for (const auto& attribute : (*node)->attributes) {
    if (attribute.name != "codec") continue;
    lang::Plugin bare;
    bare.name = attribute.value.text;
    return plugin::build_codec(attribute.value.plugin ? *attribute.value.plugin : bare, {}, diagnostics);
  }
  return nullptr;
}

std::vector<std::unique_ptr<plugin::Codec>> readable_codecs() {
  log::Options quiet;
  quiet.level = log::Level::fatal;
  log::configure(quiet);
  plugins::register_all();
  std::vector<std::unique_ptr<plugin::Codec>> codecs;
  for (const auto* spec : plugin::Registry::get().all()) {
    if (spec->kind != plugin::Kind::codec || (!kCodec.empty() && spec->name != kCodec)) continue;
    auto codec = codec_of(spec->example);
    if (codec && codec->decoder()) codecs.push_back(std::move(codec));
  }
  for (const auto& text : kMore)
    if (text.codec == kCodec) {
      codecs.push_back(codec_of(text.config));
      if (!codecs.back()) std::abort();
    }
  if (codecs.empty()) std::abort();
  return codecs;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto codecs = readable_codecs();
  if (size < 2) return 0;
  const auto& codec = *codecs[data[0] % codecs.size()];
  const size_t step = data[1] + size_t{1};
  std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);

  BatchPool pool;
  const BatchRef batch = pool.take();
  Sink sink(*batch);
  const auto decoder = codec.decoder();
  while (!rest.empty()) {
    // As an input hands bytes over: in memory of the batch, with something behind them.
    const auto piece = rest.substr(0, step);
    auto* const bytes = static_cast<char*>(batch->arena().allocate(piece.size() + JsonReader::kPadding, 1));
    std::memcpy(bytes, piece.data(), piece.size());
    std::memset(bytes + piece.size(), '"', JsonReader::kPadding);
    decoder->decode({bytes, piece.size()}, sink);
    rest.remove_prefix(piece.size());
  }
  (void)decoder->pending();
  (void)decoder->flush_after();
  decoder->flush(sink);
  Buffer out;
  const auto encoder = codec.encoder();
  for (const auto* event : batch->events()) {
    write_json(*event, out);
    if (encoder) encoder->encode(*event, out);
  }
  return 0;
}
