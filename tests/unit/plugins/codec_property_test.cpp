// Whatever bytes come in, what a codec lets out are legal events; and whatever event, what it writes are
// bytes. Every registered codec, with the config that its documentation shows.
#include <doctest/doctest.h>


#include "base/time.hpp"
#include "base/utf8.hpp"
#include "plugin_cases.hpp"
#include "plugin_text.hpp"
#include "plugins/registry.hpp"
#include "random_events.hpp"
#include "torture.hpp"

using namespace sluice;
using namespace sluice::test;

namespace {

constexpr size_t kStreams = 1000;                // for an example
constexpr size_t kCaseStreams = 100;             // for a conformance case
constexpr int64_t kLongest = 250'000'000;        // nanoseconds a codec
constexpr size_t kMostMemory = size_t{1} << 30;  // bytes that a batch of a few KiB of input may take

// Codecs that cannot be built from their example alone.
constexpr Skipped kSkipped[] = {
    {"", "none yet"},
};

/// A codec by itself, from the documentation's example or by its name.
std::unique_ptr<CodecText> codec_of(const plugin::Spec& spec, const plugin::Environment& environment) {
  auto text = std::make_unique<CodecText>(std::string(spec.example), environment);
  if (text->codec && text->codec->name() == spec.name) return text;
  return std::make_unique<CodecText>("input { stdin { codec => " + std::string(spec.name) + " } }",
                                     environment);
}

/// Valid bytes of the codec: the sample that its benchmark decodes, when there is one.
std::vector<std::string> samples_of(std::string_view name) {
  Arena arena;
  Value root;
  const auto text = read_whole(std::string(BENCH_PLUGINS) + "/codec-" + std::string(name) + ".json");
  if (!JsonReader::local().read(text, arena, root)) return {};
  auto bytes = text_at(root, "decode");
  if (bytes.empty()) bytes = from_base64(text_at(root, "decode_b64"));
  return bytes.empty() ? std::vector<std::string>() : std::vector<std::string>{bytes};
}

/// One stream, in pieces, through a decoder; fails with the first event that is wrong.
void decode(std::string_view name, const plugin::Codec& codec, const std::string& bytes,
            RandomEvents& random) {
  const auto decoder = codec.decoder();
  BatchPool pool;
  auto batch = pool.take();
  BatchSink sink(*batch);
  for (size_t at = 0; at < bytes.size();) {
    const size_t length = random.chance(3) ? bytes.size() - at : 1 + random.pick(bytes.size() - at);
    decoder->decode(padded_copy(*batch, std::string_view(bytes).substr(at, length)), sink);
    at += length;
  }
  decoder->flush(sink);
  EventCheck check;
  for (const auto* event : batch->events()) {
    const auto wrong = check.problem(*event);
    if (!wrong.empty()) FAIL_CHECK(name << ": " << wrong.substr(0, 2000));
  }
  CHECK(batch->arena().capacity() < kMostMemory);
}

void torture_decoder(std::string_view name, const plugin::Codec& codec, std::vector<std::string> samples,
                     size_t streams, uint64_t seed) {
  RandomEvents random(seed);
  if (const auto encoder = codec.encoder()) {
    BatchPool pool;
    auto batch = pool.take();
    Buffer out;
    for (int i = 0; i < 20; ++i) {
      out.clear();
      encoder->encode(random.event(*batch, {}), out);
      samples.emplace_back(out.view());
    }
  }
  const int64_t end = steady_nanos() + kLongest;
  for (size_t i = 0; i < streams && steady_nanos() < end; ++i) {
    std::string bytes;
    for (size_t parts = 1 + random.pick(3); parts > 0; --parts) {
      const std::string sample = samples.empty() ? random.text() : samples[random.pick(samples.size())];
      bytes += random.chance(4) ? random.noise(200) : random.chance(4) ? sample : random.mutated(sample);
    }
    decode(name, codec, bytes, random);
  }
}

void torture_encoder(std::string_view name, const plugin::Codec& codec, uint64_t seed) {
  RandomEvents random(seed);
  const auto encoder = codec.encoder();
  BatchPool pool;
  Buffer out;
  const int64_t end = steady_nanos() + kLongest;
  for (size_t i = 0; i < 500 && steady_nanos() < end; ++i) {
    auto batch = pool.take();
    out.clear();
    encoder->encode(random.event(*batch, {}), out);
    if (name != "json" && name != "json_lines") continue;
    CHECK(utf8_valid(out.view()));
    Arena arena;
    Value parsed;
    CHECK(JsonReader::local().read(out.view(), arena, parsed));
  }
}

void torture_examples(std::string_view ecs) {
  const auto environment = quiet(ecs);
  uint64_t seed = 1;
  for (const auto* spec : plugin::Registry::get().all()) {
    ++seed;
    if (spec->kind != plugin::Kind::codec || is_skipped(kSkipped, spec->name)) continue;
    CAPTURE(spec->name);
    const auto text = codec_of(*spec, environment);
    if (!text->codec) {
      FAIL_CHECK(spec->name << " cannot be built (say so in kSkipped if it has to be): " << text->problem);
      continue;
    }
    if (text->codec->decoder())
      torture_decoder(spec->name, *text->codec, samples_of(spec->name), kStreams, seed);
    if (text->codec->encoder()) torture_encoder(spec->name, *text->codec, seed);
  }
}

/// `json` read, written and read again by the codec.
void there_and_back(const plugin::Codec& codec, const std::string& json) {
  BatchPool pool;
  auto batch = pool.take();
  BatchSink sink(*batch);
  codec.decoder()->decode(padded_copy(*batch, json), sink);
  REQUIRE_MESSAGE(batch->events().size() == 1, json);
  const Event& first = *batch->events()[0];
  Buffer out;
  codec.encoder()->encode(first, out);
  codec.decoder()->decode(padded_copy(*batch, out.view()), sink);
  REQUIRE(batch->events().size() == 2);
  const Event& second = *batch->events()[1];
  CHECK_MESSAGE(!first.get(Key::intern("tags")), json);
  CHECK_MESSAGE(equal(Value::object(&first.fields()), Value::object(&second.fields())), json);
}

}  // namespace

TEST_CASE("every codec makes legal events of any bytes, and bytes of any event") {
  torture_examples("disabled");
}

TEST_CASE("every codec makes legal events of any bytes with an ECS layout") { torture_examples("v8"); }

TEST_CASE("codecs make legal events of what is nearly what they are made for, with all of their options") {
  uint64_t seed = 1;
  size_t ran = 0;
  for (const auto& written : plugin_cases("codec")) {
    ++seed;
    if (is_skipped(kSkipped, written.plugin) || written.bytes.empty()) continue;
    const std::string& name = written.name;
    CAPTURE(name);
    CodecText text("input { stdin { codec => " + written.config + " } }", quiet(written.ecs));
    if (!text.codec || !text.codec->decoder()) continue;
    ++ran;
    torture_decoder(written.plugin, *text.codec, {written.bytes}, kCaseStreams, seed);
  }
  CHECK(ran > 20);
}

TEST_CASE("the JSON codecs give back what they were given") {
  plugins::register_all();
  plugin::Environment environment;
  environment.ecs_default = "disabled";
  for (const std::string name : {"json", "json_lines"}) {
    CodecText text("input { stdin { codec => " + name + " } }", environment);
    REQUIRE(text.codec);
    RandomEvents random(7);
    for (int i = 0; i < 2000; ++i) there_and_back(*text.codec, random.json_object() + "\n");
  }
}

TEST_CASE("no digit of a number is lost on its way through the JSON codecs") {
  plugins::register_all();
  plugin::Environment environment;
  CodecText text("input { stdin { codec => json_lines } }", environment);
  for (const std::string number : {"9223372036854775807", "-9223372036854775808", "9223372036854775808",
                                   "18446744073709551616", "123456789012345678901234567890",
                                   "-123456789012345678901234567890", "9007199254740993", "0.5", "-2.25"}) {
    BatchPool pool;
    auto batch = pool.take();
    BatchSink sink(*batch);
    text.codec->decoder()->decode(padded_copy(*batch, "{\"n\":" + number + "}\n"), sink);
    REQUIRE(batch->events().size() == 1);
    Buffer out;
    text.codec->encoder()->encode(*batch->events()[0], out);
    CHECK_MESSAGE(out.view().find("\"n\":" + number + ",") != std::string_view::npos, out.view());
  }
}
