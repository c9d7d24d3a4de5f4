// The dead letter queue on disk: its limits, what survives a stop at any operation, and any damage.
#include <doctest/doctest.h>

#include <set>

#include "base/log.hpp"
#include "base/time.hpp"
#include "queue/letter_writer.hpp"
#include "simulated_env.hpp"

using namespace sluice;
using namespace sluice::queue;
using namespace sluice::test;

namespace {

int64_t wall = 0;

struct QuietLog {
  QuietLog() {
    log::Options options;
    options.level = log::Level::fatal;
    log::configure(options);
  }
};

struct Clock {
  explicit Clock(int64_t seconds) {
    wall = seconds * 1'000'000'000;
    set_wall_clock([] { return wall; });
  }
  ~Clock() { set_wall_clock(nullptr); }
  void advance(int64_t seconds) { wall += seconds * 1'000'000'000; }
};

LetterSettings small() {
  LetterSettings s;
  s.folder = "/dlq/main";
  s.max_bytes = 1 << 20;
  s.segment_bytes = 2000;
  s.flush_millis = 0;
  s.background = false;
  return s;
}

struct Told {
  std::set<int64_t> safe, lost;
};

struct Ack : Acknowledgement {
  Ack(int64_t number, Told& told) : number(number), told(told) {}
  void settled(bool delivered) noexcept override { (delivered ? told.safe : told.lost).insert(number); }
  int64_t number;
  Told& told;
};

// One run of a pipeline that refuses events.
struct Refusing {
  explicit Refusing(Env& env, LetterSettings settings = small()) {
    auto opened = LetterWriter::open(env, std::move(settings));
    if (opened.ok())
      writer = std::move(opened).value();
    else
      problem = opened.message();
  }

  bool refuse(int64_t number, std::string_view reason = "no", size_t padding = 100) {
    const BatchRef batch = pool.take();
    const uint32_t source = batch->add_source({"in_1", "file"});
    auto& event = batch->make(source);
    event.position = 77;
    event.set(Key::intern("n"), Value::integer(number));
    event.set(Key::intern("text"), event.text(std::string(padding, 'x')));
    event.metadata().set(batch->arena(), Key::intern("index"), event.text("logs"));
    batch->add(event);
    batch->hold(AckRef(new Ack(number, told)));
    return writer->keep(event, {"elasticsearch", "es", "main.conf:3:4", reason});
  }

  BatchPool pool;
  Told told;
  std::shared_ptr<LetterWriter> writer;
  std::string problem;
};

struct Seen {
  int64_t number;
  LetterId id;
  std::string reason;
};

std::vector<Seen> read_all(Env& env, bool with_open = false, const std::string& folder = "/dlq/main") {
  std::vector<Seen> seen;
  const auto segments = letter_segments(env, folder);
  REQUIRE(segments.ok());
  for (const auto& segment : *segments) {
    if (segment.open && !with_open) continue;
    auto reader = LetterReader::open(env, folder, segment);
    REQUIRE(reader.ok());
    BatchPool pool;
    for (Record record;;) {
      const auto more = (*reader)->next(record);
      REQUIRE(more.ok());
      if (!*more) break;
      const BatchRef batch = pool.take();
      const auto letter = decode_letter(record.payload.view(), *batch);
      if (!letter) continue;
      const auto* number = letter->event->get(Key::intern("n"));
      REQUIRE(number);
      seen.push_back({number->as_integer(),
                      {segment.number, record.header.first},
                      std::string(letter->refusal().reason)});
    }
  }
  return seen;
}

std::vector<int64_t> numbers_of(const std::vector<Seen>& seen) {
  std::vector<int64_t> numbers;
  for (const auto& one : seen) numbers.push_back(one.number);
  return numbers;
}

}  // namespace

TEST_CASE("a letter holds the event as it was, its source, and who refused it where, when and why") {
  const QuietLog quiet;
  const Clock clock(1'700'000'000);
  SimulatedEnv env;
  {
    Refusing run(env);
    REQUIRE_MESSAGE(run.writer, run.problem);
    CHECK(run.refuse(1, "status: 400"));
    CHECK(run.told.safe.empty());  // not before it is on disk
    CHECK(run.writer->commit().ok());
    CHECK(run.told.safe == std::set<int64_t>{1});
  }
  const auto segments = letter_segments(env, "/dlq/main");
  REQUIRE(segments->size() == 1);
  CHECK_FALSE(segments->front().open);
  auto reader = LetterReader::open(env, "/dlq/main", segments->front());
  Record record;
  REQUIRE((*reader)->next(record).value());
  BatchPool pool;
  const BatchRef batch = pool.take();
  const auto letter = decode_letter(record.payload.view(), *batch);
  REQUIRE(letter);
  CHECK(batch->events().empty());
  CHECK(letter->refusal().plugin_type == "elasticsearch");
  CHECK(letter->refusal().plugin_id == "es");
  CHECK(letter->refusal().place == "main.conf:3:4");
  CHECK(letter->refusal().reason == "status: 400");
  CHECK(letter->entry_time() == 1'700'000'000'000'000'000);
  CHECK(letter->event->position == 77);
  CHECK(batch->sources()[letter->event->source].stream == "file");
  REQUIRE(letter->event->metadata().find(Key::intern("index")));
  CHECK(letter->event->metadata().find(Key::intern("index"))->as_text() == "logs");
}

TEST_CASE("an event that came out of a dead letter queue is not written again") {
  const QuietLog quiet;
  SimulatedEnv env;
  Refusing run(env);
  const BatchRef batch = run.pool.take();
  auto& event = batch->make();
  event.metadata().set(batch->arena(), Key::intern("dead_letter_queue"),
                       Value::object(Object::make(batch->arena())));
  batch->add(event);
  CHECK_FALSE(run.writer->keep(event, {"x", "x", "x", "x"}));
  CHECK(run.writer->figures().bytes == 0);
}

TEST_CASE("drop_newer: at max_bytes new letters go, and room is seen when readers make it") {
  const QuietLog quiet;
  SimulatedEnv env;
  auto settings = small();
  settings.max_bytes = 8000;
  Refusing run(env, settings);
  int64_t kept = 0;
  while (run.refuse(kept)) {
    ++kept;
    REQUIRE(run.writer->commit().ok());
    REQUIRE(kept < 1000);
  }
  CHECK(kept > 5);
  CHECK_FALSE(run.refuse(kept));
  auto figures = run.writer->figures();
  CHECK(figures.dropped == 2);
  CHECK(figures.bytes <= 8000);
  CHECK(figures.max_bytes == 8000);
  CHECK(figures.storage_policy == "drop_newer");
  CHECK(figures.last_error == "Cannot write event to DLQ(path: /dlq/main): reached maxQueueSize of 8000");
  CHECK(run.told.lost.empty());
  // A reader that cleans what it has consumed.
  const auto segments = letter_segments(env, "/dlq/main");
  REQUIRE(env.remove("/dlq/main/" + segments->front().name()).ok());
  REQUIRE(run.writer->check().ok());
  CHECK(run.writer->figures().bytes < figures.bytes);
  CHECK(run.refuse(kept));
  run.writer->close();
  CHECK(read_all(env).back().number == kept);
}

TEST_CASE("drop_older: at max_bytes the oldest segments go") {
  const QuietLog quiet;
  SimulatedEnv env;
  auto settings = small();
  settings.max_bytes = 8000;
  settings.drop_older = true;
  Refusing run(env, settings);
  constexpr int64_t kLetters = 200;
  for (int64_t n = 0; n < kLetters; ++n) {
    REQUIRE(run.refuse(n));
    REQUIRE(run.writer->commit().ok());
    REQUIRE(run.writer->figures().bytes <= 8000);
  }
  CHECK(run.told.safe.size() == kLetters);
  run.writer->close();
  const auto seen = read_all(env);
  REQUIRE(!seen.empty());
  CHECK(seen.back().number == kLetters - 1);
  CHECK(run.writer->figures().dropped == static_cast<uint64_t>(kLetters) - seen.size());
  for (size_t i = 1; i < seen.size(); ++i) CHECK(seen[i].number == seen[i - 1].number + 1);
  // A letter that is larger than the whole queue never fits.
  Refusing large(env, settings);
  CHECK_FALSE(large.refuse(1, "no", 9000));
  CHECK(large.refuse(2));
}

TEST_CASE("retain.age: segments whose newest letter is too old go, those of earlier runs too") {
  const QuietLog quiet;
  Clock clock(1'700'000'000);
  SimulatedEnv env;
  auto settings = small();
  settings.retain_millis = 60'000;
  {
    Refusing run(env, settings);
    run.refuse(1);
    run.refuse(2);
  }
  clock.advance(50);
  Refusing run(env, settings);
  run.refuse(3);
  REQUIRE(run.writer->commit().ok());
  REQUIRE(run.writer->check().ok());
  CHECK(numbers_of(read_all(env)) == std::vector<int64_t>{1, 2, 3});
  clock.advance(11);
  REQUIRE(run.writer->check().ok());
  CHECK(numbers_of(read_all(env)) == std::vector<int64_t>{3});
  CHECK(run.writer->figures().expired == 2);
  CHECK(run.writer->figures().dropped == 0);
}

TEST_CASE("flush_interval: a segment is sealed when nothing came for that long") {
  const QuietLog quiet;
  SimulatedEnv env;
  auto settings = small();
  settings.flush_millis = 3'600'000;
  Refusing run(env, settings);
  run.refuse(1);
  REQUIRE(run.writer->commit().ok());
  REQUIRE(run.writer->check().ok());
  CHECK(read_all(env).empty());
  CHECK(read_all(env, true).size() == 1);
  run.writer->close();
  CHECK(read_all(env).size() == 1);
}

TEST_CASE("numbers of letters are never used again, even when all segments are gone") {
  const QuietLog quiet;
  SimulatedEnv env;
  LetterId last;
  for (int round = 0; round < 3; ++round) {
    {
      Refusing run(env);
      run.refuse(round);
    }
    const auto seen = read_all(env);
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].id > last);
    last = seen[0].id;
    const auto segments = letter_segments(env, "/dlq/main");
    for (const auto& segment : *segments)
      REQUIRE(env.remove("/dlq/main/" + segment.name()).ok());
  }
}

TEST_CASE("a full disk keeps letters and their batches waiting; at the end they are given up") {
  const QuietLog quiet;
  SimulatedEnv env;
  Refusing run(env);
  env.full = true;
  CHECK(run.refuse(1));
  CHECK_FALSE(run.writer->commit().ok());
  CHECK(run.told.safe.empty());
  env.full = false;
  CHECK(run.writer->commit().ok());
  CHECK(run.told.safe == std::set<int64_t>{1});
  env.full = true;
  run.refuse(2);
  run.writer->close();
  CHECK(run.told.lost == std::set<int64_t>{2});
  env.full = false;
  Refusing next(env);
  CHECK(numbers_of(read_all(env)) == std::vector<int64_t>{1});
}

TEST_CASE("two writers at once are refused") {
  const QuietLog quiet;
  SimulatedEnv env;
  Refusing one(env), two(env);
  CHECK(one.writer);
  CHECK_FALSE(two.writer);
  CHECK(two.problem.find("used by another process") != std::string::npos);
}

TEST_CASE("letters can be taken out of a segment, and the others keep their numbers") {
  const QuietLog quiet;
  SimulatedEnv env;
  {
    Refusing run(env);
    for (int64_t n = 0; n < 5; ++n) run.refuse(n);
  }
  const auto before = read_all(env);
  REQUIRE(before.size() == 5);
  uint64_t kept = 0;
  const auto segments = letter_segments(env, "/dlq/main").value();
  REQUIRE(rewrite_letters(
              env, "/dlq/main", segments[0],
              [](const Record& record) { return record.header.first % 2 == 1; }, kept)
              .ok());
  const auto after = read_all(env);
  REQUIRE(after.size() == kept);
  for (const auto& one : after) {
    CHECK(one.id.index % 2 == 1);
    CHECK(one.number == before[one.id.index].number);
  }
}

TEST_CASE("no refused event that was acknowledged is missing, wherever the process stops") {
  const QuietLog quiet;
  using Loss = SimulatedEnv::Loss;
  using Moment = SimulatedEnv::Moment;
  const auto work = [](SimulatedEnv& env, Told& told) {
    Refusing run(env);
    if (!run.writer) return;
    for (int64_t n = 0; n < 40 && !env.stopped(); ++n) {
      run.refuse(n, "no", static_cast<size_t>(n * 37 % 500));
      if (n % 3 == 0) (void)run.writer->commit();
      if (n % 11 == 0) (void)run.writer->check();
    }
    if (!env.stopped()) run.writer->close();
    told = run.told;
  };
  SimulatedEnv dry;
  Told all;
  work(dry, all);
  REQUIRE(all.safe.size() == 40);
  size_t points = 0;
  for (uint64_t at = 1; at <= dry.operations(); ++at)
    for (const auto moment : {Moment::before, Moment::within, Moment::after})
      for (const auto loss : {Loss::none, Loss::unsynced, Loss::some_sectors}) {
        SimulatedEnv env;
        env.stop_at(at, moment);
        Told told;
        work(env, told);
        const auto after = env.after_stop(loss, static_cast<uint32_t>(at));
        {
          Refusing next(*after);
          REQUIRE_MESSAGE(next.writer, next.problem);
          CHECK(next.refuse(1000));
        }
        const auto found = numbers_of(read_all(*after));
        const std::set<int64_t> unique(found.begin(), found.end());
        CHECK(unique.size() == found.size());
        CHECK(unique.count(1000));
        for (const int64_t number : told.safe)
          CHECK_MESSAGE(unique.count(number), "letter " << number << " is lost, stopped at " << at);
        ++points;
      }
  MESSAGE(points << " points");
}

TEST_CASE("a segment that was left open is sealed whatever its end is, and what is no letter is set aside") {
  const QuietLog quiet;
  SimulatedEnv made;
  auto settings = small();
  settings.flush_millis = 3'600'000;
  Refusing run(made, settings);
  for (int64_t n = 0; n < 4; ++n) run.refuse(n);
  REQUIRE(run.writer->commit().ok());
  const std::string open = "/dlq/main/segment.0000000000000001.open";
  const std::string whole = made.contents(open);
  for (size_t size = 0; size <= whole.size(); ++size) {
    auto env = made.after_stop(SimulatedEnv::Loss::none, 0);
    env->contents(open) = whole.substr(0, size);
    Refusing next(*env);
    REQUIRE_MESSAGE(next.writer, next.problem);
    REQUIRE(next.refuse(9));
    next.writer->close();
    const auto numbers = numbers_of(read_all(*env));
    REQUIRE(!numbers.empty());
    CHECK(numbers.back() == 9);
    for (size_t i = 0; i + 1 < numbers.size(); ++i) CHECK(numbers[i] == static_cast<int64_t>(i));
    if (size == whole.size()) CHECK(numbers.size() == 5);
  }
}

TEST_CASE("any byte of a segment may be damaged: the letters that are not are read") {
  const QuietLog quiet;
  SimulatedEnv made;
  {
    Refusing run(made);
    for (int64_t n = 0; n < 4; ++n) run.refuse(n, "no", 20);
  }
  const std::string path = "/dlq/main/segment.0000000000000001";
  std::string& bytes = made.contents(path);
  for (size_t at = 0; at < bytes.size(); ++at) {
    bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
    const auto numbers = numbers_of(read_all(made));
    CHECK(numbers.size() >= 3);
    bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
  }
  CHECK(read_all(made).size() == 4);
}
