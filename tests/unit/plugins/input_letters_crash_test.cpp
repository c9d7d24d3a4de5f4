// The process stops at, before and after every operation of a dead letter queue that is written and read at
// once, with its position saved and its segments removed, and the disk forgets: every letter is delivered in
// the end.
#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <set>
#include <sstream>

#include "base/log.hpp"
#include "crash_sink.hpp"
#include "input_harness.hpp"
#include "plugins/inputs/dead_letter_queue/reader.hpp"
#include "queue/letter_writer.hpp"
#include "queue/simulated_env.hpp"

using namespace sluice;
using namespace sluice::test;
using Loss = SimulatedEnv::Loss;
using Moment = SimulatedEnv::Moment;
namespace letters = sluice::plugins::dead_letters;

namespace {

const std::string kFolder = "/dlq/main";
constexpr int64_t kLetters = 30;

struct History {
  std::set<int64_t> kept;       // the source was told that they are safe
  std::set<int64_t> delivered;  // by the input
  std::optional<queue::LetterId> saved;
};

struct Kept : Acknowledgement {
  Kept(int64_t number, History& history) : number(number), history(history) {}
  void settled(bool delivered) noexcept override {
    if (delivered) history.kept.insert(number);
  }
  int64_t number;
  History& history;
};

int64_t number_of(std::string_view payload) {
  BatchPool pool;
  const BatchRef batch = pool.take();
  const auto letter = queue::decode_letter(payload, *batch);
  REQUIRE(letter);
  return letter->event->get(Key::intern("n"))->as_integer();
}

queue::LetterSettings settings() {
  queue::LetterSettings s;
  s.folder = kFolder;
  s.segment_bytes = 1000;
  s.flush_millis = 0;
  s.background = false;
  return s;
}

// Nothing of what is read is decoded here.
struct Undecoded : plugin::Stream {
  void decode(plugin::Chunk&, Batch&) override {}
};

// One process: a pipeline that refuses events, and an input that reads what was refused. Letters are on the
// simulated disk, and so is what is saved of the position; it is loaded from a real file.
struct Process {
  Process(SimulatedEnv& env, const std::string& sincedb, uint32_t seed) : env(env), sink(seed, stop) {
    std::filesystem::remove(sincedb);
    for (const auto& path : env.paths())
      if (path == sincedb) write_file(sincedb, env.contents(path));
    auto opened = queue::LetterWriter::open(env, settings());
    if (opened.ok()) writer = std::move(opened).value();
    letters::ReaderConfig config{kFolder, sincedb, true, seed % 2 == 0, {}};
    reader = std::make_unique<letters::Reader>(env, config, std::make_shared<Undecoded>(), sink, stop);
    REQUIRE(reader->load().ok());
  }

  void refuse(int64_t number, History& history) {
    const BatchRef batch = pool.take();
    auto& event = batch->make();
    event.set(Key::intern("n"), Value::integer(number));
    event.set(Key::intern("text"), event.text(std::string(static_cast<size_t>(number * 37 % 300), 'x')));
    batch->add(event);
    batch->hold(AckRef(new Kept(number, history)));
    CHECK(writer->keep(event, {"elasticsearch", "es", "main.conf:3:4", "no"}));
  }

  void crash(const std::string& sincedb, History& history) {
    const auto arrived = [&](const plugin::Chunk& chunk) {
      history.delivered.insert(number_of(chunk.bytes));
    };
    for (int64_t n = 0; n < kLetters && writer && !env.stopped(); ++n) {
      refuse(n, history);
      if (n % 2 == 0) (void)writer->commit();
      if (n % 5 == 0) (void)writer->check();
      reader->read_available();
      if (env.stopped()) break;
      for (auto k = sink.random() % 3; k > 0; --k) sink.deliver_one(arrived);
      if (sink.random() % 3) continue;
      reader->maintain();
      if (!env.stopped()) note_position(sincedb, history);
    }
    if (writer && !env.stopped()) writer->close();
    if (!env.stopped()) {
      reader->read_available();
      sink.deliver_all(arrived);
      reader->maintain();
    }
    sink.abandon();
  }
  // Where a position that was saved leads, whatever comes.
  void note_position(const std::string& sincedb, History& history) {
    for (const auto& path : env.paths()) {
      if (path != sincedb) continue;
      std::istringstream text(env.contents(path));
      history.saved.emplace();
      text >> history.saved->segment >> history.saved->index;
    }
  }

  SimulatedEnv& env;
  plugins::StopSignal stop;
  CrashSink sink;
  BatchPool pool;
  std::shared_ptr<queue::LetterWriter> writer;
  std::unique_ptr<letters::Reader> reader;
};

// A disk on which one file cannot be opened for a while.
class Troubled : public SimulatedEnv {
 public:
  std::string unreadable;
  Result<std::unique_ptr<File>> open(const std::string& path) override {
    if (path == unreadable) return Status::system("Input/output error");
    return SimulatedEnv::open(path);
  }
};

void check(SimulatedEnv& env, const std::string& sincedb, const History& before) {
  History after = before;
  const auto begun = std::chrono::steady_clock::now();
  {
    Process next(env, sincedb, 0);
    REQUIRE(next.writer);
    const auto loaded = letters::Sincedb(env, sincedb).load().value();
    CHECK_MESSAGE((!before.saved || (loaded && *loaded >= *before.saved)),
                  "a position that was saved is gone");
    next.refuse(kLetters, after);
    next.writer->close();
    next.reader->read_available();
    next.sink.deliver_all(
        [&](const plugin::Chunk& chunk) { after.delivered.insert(number_of(chunk.bytes)); });
    next.reader->maintain();
  }
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(1));
  CHECK(after.kept.count(kLetters));
  for (const int64_t number : after.kept)
    CHECK_MESSAGE(after.delivered.count(number), "letter " << number << " is missing");
  // All of them were delivered, so clean_consumed has left none.
  CHECK(queue::letter_segments(env, kFolder)->empty());
}

}  // namespace

TEST_CASE(
    "no dead letter is missing, wherever the process stops while the input reads and saves its position") {
  log::Options options;
  options.level = log::Level::fatal;
  log::configure(options);
  const TempDir dir;
  const std::string sincedb = dir.path("sincedb");
  size_t points = 0;
  for (uint32_t seed = 0; seed < 4; ++seed) {
    SimulatedEnv dry;
    History all;
    Process(dry, sincedb, seed).crash(sincedb, all);
    REQUIRE(all.kept.size() == kLetters);
    REQUIRE(all.delivered.size() == kLetters);
    for (uint64_t at = 1; at <= dry.operations(); ++at) {
      for (const auto moment : {Moment::before, Moment::within, Moment::after}) {
        SimulatedEnv env;
        History history;
        env.stop_at(at, moment);
        Process(env, sincedb, seed).crash(sincedb, history);
        for (const auto loss : {Loss::none, Loss::unsynced, Loss::some_sectors}) {
          CAPTURE(seed);
          CAPTURE(at);
          CAPTURE(static_cast<int>(moment));
          CAPTURE(static_cast<int>(loss));
          check(*env.after_stop(loss, seed + static_cast<uint32_t>(at)), sincedb, history);
          ++points;
        }
      }
    }
  }
  MESSAGE(points << " crash points");
  CHECK(points >= 3000);
}

TEST_CASE(
    "a segment that cannot be read for a while holds those behind it up, and no letter is passed over") {
  log::Options options;
  options.level = log::Level::fatal;
  log::configure(options);
  const TempDir dir;
  Troubled env;
  History history;
  Process run(env, dir.path("sincedb"), 0);
  for (int64_t n = 0; n < kLetters; ++n) run.refuse(n, history);
  run.writer->close();
  const auto segments = queue::letter_segments(env, kFolder).value();
  REQUIRE(segments.size() > 3);
  const auto arrived = [&](const plugin::Chunk& chunk) { history.delivered.insert(number_of(chunk.bytes)); };
  env.unreadable = kFolder + "/" + segments[1].name();
  run.reader->read_available();
  run.sink.deliver_all(arrived);
  run.reader->maintain();
  CHECK(history.delivered.size() < kLetters / 2);
  env.unreadable.clear();
  run.reader->read_available();
  run.sink.deliver_all(arrived);
  CHECK(history.delivered.size() == kLetters);
}
