// Whatever bytes come in, what a codec lets out are legal events; and whatever event, what it writes are
// bytes. Every registered codec, with the config that its documentation shows.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/log.hpp"
#include "base/time.hpp"
#include "base/utf8.hpp"
#include "plugin_text.hpp"
#include "plugins/registry.hpp"
#include "random_events.hpp"

using namespace sluice;
using namespace sluice::test;

namespace {

constexpr size_t kStreams = 1000;
constexpr int64_t kLongest = 250'000'000;        // nanoseconds a codec
constexpr size_t kMostMemory = size_t{1} << 30;  // bytes that a batch of a few KiB of input may take

struct Skipped {
  std::string_view name, reason;
};
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

std::string from_base64(std::string_view text) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    static constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t digit = kLetters.find(c);
    if (digit == std::string_view::npos) break;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    if ((count += 6) < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count);
  }
  return out;
}

/// Valid bytes of the codec: the sample that its benchmark decodes, when there is one.
std::vector<std::string> samples_of(std::string_view name) {
  std::ostringstream text;
  text << std::ifstream(std::string(BENCH_PLUGINS) + "/codec-" + std::string(name) + ".json").rdbuf();
  Arena arena;
  Value root;
  if (!JsonReader::local().read(text.str(), arena, root) || !root.is_object()) return {};
  if (const auto* bytes = root.as_object()->find(Key::intern("decode")); bytes && bytes->is_string())
    return {std::string(bytes->as_text())};
  if (const auto* bytes = root.as_object()->find(Key::intern("decode_b64")); bytes && bytes->is_string())
    return {from_base64(bytes->as_text())};
  return {};
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

void torture_decoder(std::string_view name, const plugin::Codec& codec, uint64_t seed) {
  RandomEvents random(seed);
  auto samples = samples_of(name);
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
  for (size_t i = 0; i < kStreams && steady_nanos() < end; ++i) {
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

void torture_all(std::string_view ecs) {
  log::Options quiet;
  quiet.level = log::Level::fatal;
  log::configure(quiet);
  plugins::register_all();
  plugin::Environment environment;
  environment.ecs_default = ecs;
  uint64_t seed = 1;
  for (const auto* spec : plugin::Registry::get().all()) {
    ++seed;
    if (spec->kind != plugin::Kind::codec) continue;
    if (std::any_of(std::begin(kSkipped), std::end(kSkipped),
                    [&](const Skipped& s) { return s.name == spec->name; }))
      continue;
    CAPTURE(spec->name);
    const auto text = codec_of(*spec, environment);
    if (!text->codec) {
      FAIL_CHECK(spec->name << " cannot be built (say so in kSkipped if it has to be): " << text->problem);
      continue;
    }
    if (text->codec->decoder()) torture_decoder(spec->name, *text->codec, seed);
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

TEST_CASE("every codec makes legal events of any bytes, and bytes of any event") { torture_all("disabled"); }

TEST_CASE("every codec makes legal events of any bytes with an ECS layout") { torture_all("v8"); }

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
  for (const std::string number :
       {"9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551616",
        "123456789012345678901234567890", "-123456789012345678901234567890", "9007199254740993", "1e400",
        "0.5", "-2.25"}) {
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
