// The process stops at, before and after every operation with which the file input saves its positions, and
// the disk forgets: every line is delivered in the end.
#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "base/log.hpp"
#include "crash_sink.hpp"
#include "input_harness.hpp"
#include "plugins/inputs/file/watcher.hpp"
#include "queue/simulated_env.hpp"

using namespace sluice;
using namespace sluice::test;
using Loss = SimulatedEnv::Loss;
using Moment = SimulatedEnv::Moment;
namespace file = sluice::plugins::file;

namespace {

constexpr int kFiles = 2, kLines = 40;
constexpr size_t kChunk = 36, kPushes = 24;  // bytes; of the 28 of both files
constexpr int64_t kNever = 1'000'000'000;    // milliseconds

// Lines are not decoded here.
class NoCodec : public plugin::Codec {
 public:
  std::string_view name() const override { return "none"; }
  std::unique_ptr<plugin::Decoder> decoder() const override { return std::make_unique<Nothing>(); }
  std::unique_ptr<plugin::Encoder> encoder() const override { return nullptr; }

 private:
  struct Nothing : plugin::Decoder {
    void decode(std::string_view, plugin::EventSink&) override {}
  };
};

std::string lines_of(int file) {
  std::string text;
  for (int line = 0; line < kLines; ++line) text += std::to_string(1000 * (file + 1) + line) + " line\n";
  return text;
}

// The files are real, and so is the loading of positions; what is saved goes to the simulated disk.
struct Scene {
  Scene() {
    for (int n = 0; n < kFiles; ++n) write_file(dir.path(std::to_string(n) + ".log"), lines_of(n));
  }
  // What the next process loads.
  void restore(SimulatedEnv& env) const {
    std::filesystem::remove(sincedb);
    for (const auto& path : env.paths())
      if (path == sincedb) write_file(sincedb, env.contents(path));
  }

  TempDir dir;
  std::string sincedb = dir.path("sincedb"), last = dir.path("last.log");
};

struct Delivered {
  std::set<std::string> lines;
  void operator()(const plugin::Chunk& chunk) {
    for (size_t at = 0; at < chunk.bytes.size(); at = chunk.bytes.find('\n', at) + 1)
      lines.insert(std::string(chunk.bytes.substr(at, 4)));
  }
};

// One process, from its start to its end or to where the disk stops it.
struct Process {
  Process(const Scene& scene, SimulatedEnv& env, uint32_t seed) : env(env), sink(seed, stop) {
    auto settings = std::make_shared<file::Settings>();
    settings->paths = {scene.dir.path("*.log")};
    settings->sort_by_path = settings->from_beginning = true;
    settings->sincedb_path = scene.sincedb;
    settings->sincedb_write_millis = kNever;  // saved when the test says so, which makes it repeatable
    settings->chunk_size = kChunk;
    settings->codec = std::make_unique<NoCodec>();
    watcher = std::make_unique<file::Watcher>(settings, sink, stop, env);
    scene.restore(env);
    REQUIRE(watcher->load().ok());
  }

  // Delivers and saves at random moments.
  void crash(Delivered& delivered, std::string& saved) {
    size_t pushes = 0;
    sink.on_push = [&] {
      if (++pushes == kPushes || env.stopped()) stop.set();
      if (env.stopped()) return;
      for (auto n = sink.random() % 3; n > 0; --n) sink.deliver_one(std::ref(delivered));
      if (sink.random() % 3 == 0) save(saved);
    };
    watcher->run();
    watcher->finish();
    if (!env.stopped()) sink.deliver_all(std::ref(delivered));
    sink.abandon();
    save(saved);
  }
  // Delivers everything up to the file that comes last.
  void finish(Delivered& delivered) {
    sink.on_push = [&] {
      sink.deliver_all(std::ref(delivered));
      if (delivered.lines.count("last")) stop.set();
    };
    watcher->run();
    watcher->finish();
  }
  void save(std::string& saved) {
    watcher->save();
    if (!env.stopped()) saved = env.contents(path());
  }
  [[nodiscard]] std::string path() const { return env.paths().front(); }

  SimulatedEnv& env;
  plugins::StopSignal stop;
  CrashSink sink;
  std::unique_ptr<file::Watcher> watcher;
};

std::map<uint64_t, int64_t> positions(const std::string& sincedb) {
  std::map<uint64_t, int64_t> all;
  std::istringstream in(sincedb);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    uint64_t inode = 0, major = 0, minor = 0;
    int64_t position = 0;
    words >> inode >> major >> minor >> position;
    all[inode] = position;
  }
  return all;
}

void check(const Scene& scene, SimulatedEnv& env, Delivered delivered, const std::string& saved) {
  write_file(scene.last, "last line\n");
  const auto begun = std::chrono::steady_clock::now();
  Process next(scene, env, 1);
  const auto loaded = positions(std::filesystem::exists(scene.sincedb) ? read_file(scene.sincedb) : "");
  for (const auto& [inode, position] : positions(saved)) {
    const auto found = loaded.find(inode);
    CHECK_MESSAGE((found != loaded.end() && found->second >= position), "a position that was saved is gone");
  }
  next.finish(delivered);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(1));
  for (int n = 0; n < kFiles; ++n)
    for (int line = 0; line < kLines; ++line) {
      const auto name = std::to_string(1000 * (n + 1) + line);
      CHECK_MESSAGE(delivered.lines.count(name), "line " << name << " is missing");
    }
  for (const auto& [inode, position] : positions(env.contents(scene.sincedb))) CHECK(position >= 10);
  std::filesystem::remove(scene.last);
}

}  // namespace

TEST_CASE("no line of a file is missing, wherever the process stops while positions are saved") {
  log::Options options;
  options.level = log::Level::fatal;
  log::configure(options);
  const Scene scene;
  size_t points = 0;
  for (uint32_t seed = 0; seed < 8; ++seed) {
    SimulatedEnv dry;
    Delivered all;
    std::string nothing;
    Process(scene, dry, seed).crash(all, nothing);
    REQUIRE(all.lines.size() > 60);
    for (uint64_t at = 1; at <= dry.operations(); ++at) {
      for (const auto moment : {Moment::before, Moment::within, Moment::after}) {
        SimulatedEnv env;
        Delivered delivered;
        std::string saved;
        env.stop_at(at, moment);
        Process(scene, env, seed).crash(delivered, saved);
        REQUIRE(env.stopped());
        for (const auto loss : {Loss::none, Loss::unsynced, Loss::some_sectors}) {
          CAPTURE(seed);
          CAPTURE(at);
          CAPTURE(static_cast<int>(moment));
          CAPTURE(static_cast<int>(loss));
          check(scene, *env.after_stop(loss, seed + static_cast<uint32_t>(at)), delivered, saved);
          ++points;
        }
      }
    }
  }
  MESSAGE(points << " crash points");
  CHECK(points >= 3000);
}
