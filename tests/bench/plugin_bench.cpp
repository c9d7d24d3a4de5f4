// What one event costs in a filter or a codec, by itself: no queue, no socket, no other plugin.
//
//   plugin_bench FILE-OR-FOLDER ...      every *.json of a folder; the form stands in README.md
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/log.hpp"
#include "base/time.hpp"
#include "plugin_text.hpp"
#include "plugins/registry.hpp"

namespace sluice::test {
namespace {

constexpr size_t kBatch = 125;
constexpr int64_t kRunNanos = 300'000'000;
constexpr double kGoalNanos = 2000;

/// One file.
struct Case {
  std::string name, folder;
  std::string filter, codec, decode, why;
  std::vector<std::pair<std::string, std::string>> variants;  // of a filter: a name, and the JSON of an event
  std::string encode;                                         // JSON
  size_t events = 1;                                          // that `decode` holds
  plugin::Environment environment;
};

std::string text_of(const Object& object, std::string_view key) {
  const auto* value = object.find(Key::intern(key));
  return value && value->is_string() ? std::string(value->as_text()) : std::string();
}

std::string json_at(const Object& object, std::string_view key) {
  const auto* value = object.find(Key::intern(key));
  if (!value) return {};
  Buffer out;
  write_json(*value, out);
  return std::string(out.view());
}

std::vector<std::pair<std::string, std::string>> variants_of(const Object& object) {
  const auto* several = object.find(Key::intern("variants"));
  if (!several || !several->is_object()) return {{"", json_at(object, "event")}};
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& member : several->as_object()->all()) {
    Buffer out;
    write_json(member.value, out);
    all.emplace_back(" " + std::string(std::string(member.key.text())), out.view());
  }
  return all;
}

std::string from_base64(const std::string& text) {
  std::string out(text.size(), '\0');
  const int n =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  out.resize(n < 0 ? 0 : static_cast<size_t>(n) - padding);
  return out;
}

bool read_case(const std::filesystem::path& path, Case& c) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  Arena arena;
  Value root;
  if (!JsonReader::local().read(text.str(), arena, root) || !root.is_object()) return false;
  const auto& object = *root.as_object();
  c.name = path.stem().string();
  c.folder = path.parent_path().string();
  c.filter = text_of(object, "filter");
  c.codec = text_of(object, "codec");
  c.decode = text_of(object, "decode");
  if (c.decode.empty()) c.decode = from_base64(text_of(object, "decode_b64"));
  c.variants = variants_of(object);
  c.encode = json_at(object, "encode");
  c.why = text_of(object, "why");
  if (const auto* n = object.find(Key::intern("events"));
      n && n->kind() == Value::Kind::integer && n->as_integer() > 0)
    c.events = static_cast<size_t>(n->as_integer());
  c.environment.ecs_default = "disabled";
  if (const auto* settings = object.find(Key::intern("settings")); settings && settings->is_object())
    if (auto ecs = text_of(*settings->as_object(), "pipeline.ecs_compatibility"); !ecs.empty())
      c.environment.ecs_default = ecs;
  return !c.filter.empty() || !c.codec.empty();
}

lang::VariableLookup lookup_of(const Case& c) {
  return [folder = c.folder](std::string_view name) -> std::optional<std::string> {
    if (name == "BENCH_DIR") return folder;
    return lang::environment_lookup(name);
  };
}

/// The median time of an event over batches, for about kRunNanos; `step` prepares a batch, runs it, and says
/// how long the run alone took.
template <class Step>
double median_nanos(size_t events, Step step) {
  std::vector<double> each;
  const int64_t end = steady_nanos() + kRunNanos;
  do {
    each.push_back(static_cast<double>(step()) / static_cast<double>(events));
  } while (steady_nanos() < end || each.size() < 5);
  std::nth_element(each.begin(), each.begin() + static_cast<ptrdiff_t>(each.size() / 2), each.end());
  return each[each.size() / 2];
}

/// The event of `json`, kept in `batch` and copied from there.
const Event& prototype(Batch& batch, const std::string& json) {
  auto& event = event_of(batch, json.empty() ? "{}" : json);
  normalize(event);
  return event;
}

double time_filter(FilterText& filter, const std::string& json) {
  BatchPool pool;
  auto origin = pool.take();
  const Event& event = prototype(*origin, json);
  return median_nanos(kBatch, [&] {
    auto batch = pool.take();
    std::vector<Event*> events;
    for (size_t i = 0; i < kBatch; ++i) {
      batch->add(batch->clone(event));
      events.push_back(batch->events().back());
    }
    const int64_t started = steady_nanos();
    plugin::FilterRun run(events, *batch, filter.built.decoration, filter.metrics);
    filter.worker->filter(run);
    return steady_nanos() - started;
  });
}

double time_decoder(const plugin::Codec& codec, const Case& c, size_t& got) {
  BatchPool pool;
  const auto decoder = codec.decoder();
  const size_t calls = std::max<size_t>(1, kBatch / c.events);
  return median_nanos(calls * c.events, [&] {
    auto batch = pool.take();
    std::vector<std::string_view> pieces;
    for (size_t i = 0; i < calls; ++i) pieces.push_back(padded_copy(*batch, c.decode));
    BatchSink sink(*batch);
    const int64_t started = steady_nanos();
    for (const auto piece : pieces) {
      decoder->decode(piece, sink);
      decoder->flush(sink);
    }
    const int64_t taken = steady_nanos() - started;
    got = batch->events().size() / calls;
    return taken;
  });
}

double time_encoder(const plugin::Codec& codec, const std::string& json) {
  BatchPool pool;
  auto origin = pool.take();
  const Event& event = prototype(*origin, json);
  const auto encoder = codec.encoder();
  Buffer out;
  return median_nanos(kBatch, [&] {
    out.clear();
    const int64_t started = steady_nanos();
    for (size_t i = 0; i < kBatch; ++i) encoder->encode(event, out);
    return steady_nanos() - started;
  });
}

/// Prints the line; false when the figure misses the goal without a reason.
bool report(const Case& c, std::string_view what, double nanos) {
  const bool slow = nanos > kGoalNanos;
  fmt::print("{:<40} {:>9.0f} ns{}\n", c.name + std::string(what), nanos,
             !slow           ? ""
             : c.why.empty() ? "  SLOW, and its file gives no reason"
                             : "  slow: " + c.why);
  std::fflush(stdout);
  return !slow || !c.why.empty();
}

bool failed(const Case& c, std::string_view why) {
  fmt::print("{:<40} FAILED: {}\n", c.name, why);
  return false;
}

bool bench_codec(const Case& c) {
  CodecText text("input { stdin { codec => " + c.codec + " } }", c.environment, lookup_of(c));
  if (!text.codec) return failed(c, text.problem);
  bool good = true;
  if (!c.decode.empty()) {
    if (!text.codec->decoder()) return failed(c, "the codec does not decode");
    size_t got = 0;
    const double nanos = time_decoder(*text.codec, c, got);
    if (got != c.events) return failed(c, fmt::format("{} events came of {} wanted", got, c.events));
    good = report(c, " decode", nanos);
  }
  if (c.encode.empty()) return good;
  if (!text.codec->encoder()) return failed(c, "the codec does not encode");
  return report(c, " encode", time_encoder(*text.codec, c.encode)) && good;
}

bool bench(const std::filesystem::path& path) {
  Case c;
  c.name = path.stem().string();
  if (!read_case(path, c)) return failed(c, "not the JSON of a filter or a codec");
  if (c.filter.empty()) return bench_codec(c);
  FilterText filter("filter { " + c.filter + " }", c.environment, lookup_of(c));
  if (!filter.worker) return failed(c, filter.problem);
  bool good = true;
  for (const auto& [name, event] : c.variants) good = report(c, name, time_filter(filter, event)) && good;
  return good;
}

std::vector<std::filesystem::path> files_of(int argc, char** argv) {
  namespace fs = std::filesystem;
  std::vector<fs::path> files;
  for (int i = 1; i < argc; ++i) {
    if (!fs::is_directory(argv[i])) {
      files.emplace_back(argv[i]);
      continue;
    }
    std::vector<fs::path> inside;
    for (const auto& entry : fs::directory_iterator(argv[i]))
      if (entry.path().extension() == ".json") inside.push_back(entry.path());
    std::sort(inside.begin(), inside.end());
    files.insert(files.end(), inside.begin(), inside.end());
  }
  return files;
}

}  // namespace
}  // namespace sluice::test

int main(int argc, char** argv) {
  using namespace sluice;
  const auto files = test::files_of(argc, argv);
  if (files.empty()) {
    fmt::print(stderr, "usage: plugin_bench FILE-OR-FOLDER ...\n");
    return 2;
  }
  log::Options options;
  (void)log::parse_level("error", options.level);
  log::configure(options);
  plugins::register_all();
  bool good = true;
  for (const auto& file : files) good = test::bench(file) && good;
  return good ? 0 : 1;
}
