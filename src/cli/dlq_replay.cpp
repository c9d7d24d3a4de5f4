#include "cli/dlq_replay.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/replay_outcomes.hpp"
#include "plugins/inputs/dead_letter_queue/stream.hpp"
#include "runtime/engine.hpp"

namespace sluice::cli {
namespace {

using plugins::dead_letters::LetterStream;

constexpr size_t kCreditPerLetter = 512;  // what an event costs beside its bytes
constexpr size_t kReasonsShown = 5;

class ReplayStream : public LetterStream {
 public:
  ReplayStream(queue::LetterId letter, Outcomes& outcomes, const plugin::Decoration& decoration,
               plugin::PluginMetrics& metrics)
      : LetterStream(decoration, metrics), letter_(letter), outcomes_(outcomes) {}
  void decode(plugin::Chunk& chunk, Batch& batch) override {
    const size_t before = batch.events().size();
    LetterStream::decode(chunk, batch);
    std::set<std::string, std::less<>> tags;
    for (const auto* event : batch.events().subspan(before))
      Outcomes::for_each_failure_tag(*event, [&](std::string_view tag) { tags.emplace(tag); });
    outcomes_.begin(letter_, std::move(tags));
  }

 private:
  const queue::LetterId letter_;
  Outcomes& outcomes_;
};

class ReplayAck : public Acknowledgement {
 public:
  ReplayAck(queue::LetterId letter, Outcomes& outcomes) : letter_(letter), outcomes_(outcomes) {}
  void settled(bool delivered) noexcept override { outcomes_.settled(letter_, delivered); }

 private:
  const queue::LetterId letter_;
  Outcomes& outcomes_;
};

// Gives the chosen letters to the pipeline, each as a stream of its own.
class ReplayInput : public plugin::Input {
 public:
  ReplayInput(std::string folder, bool with_open, const Arguments& args, Outcomes& outcomes)
      : folder_(std::move(folder)), with_open_(with_open), args_(args), outcomes_(outcomes) {}

  Status start(plugin::Start& start, plugin::InputSink& sink) override {
    metrics_ = &start.metrics;
    auto segments = queue::letter_segments(Env::system(), folder_);
    if (!segments.ok()) return Status::config(folder_ + " cannot be read: " + segments.message());
    thread_ = std::thread([this, segments = std::move(*segments), &sink] { run(segments, sink); });
    return {};
  }
  void stop() override {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run(const std::vector<queue::LetterSegment>& segments, plugin::InputSink& sink) {
    for (const auto& segment : segments) {
      if (segment.open && !with_open_) continue;
      const std::string path = folder_ + "/" + segment.name();
      auto reader = queue::LetterReader::open(Env::system(), folder_, segment);
      if (!reader.ok()) {
        // An engine that uses the queue may have removed it meanwhile.
        if (std::error_code error; std::filesystem::exists(path, error))
          outcomes_.unreadable(path, reader.message());
      } else if (!push_all(**reader, path, sink)) {
        return;
      }
    }
    left(sink);
  }
  bool push_all(queue::LetterReader& reader, const std::string& path, plugin::InputSink& sink) {
    for (queue::Record record;;) {
      const auto more = reader.next(record);
      if (!more.ok()) {
        outcomes_.unreadable(path, more.message());
        return true;
      }
      if (!*more) return true;
      {
        const BatchRef batch = pool_.take();
        const auto letter = queue::decode_letter(record.payload.view(), *batch);
        if (!letter || !wanted(*letter, args_)) continue;
      }
      if (!sink.wait_ready(stop_)) return false;
      const queue::LetterId id{reader.number(), record.header.first};
      auto stream = std::make_shared<ReplayStream>(id, outcomes_, decoration_, *metrics_);
      plugin::Chunk chunk;
      chunk.bytes = record.payload.view();
      chunk.slab = std::move(record.payload);
      chunk.ack = AckRef(new ReplayAck(id, outcomes_));
      chunk.credit = chunk.bytes.size() + kCreditPerLetter;
      ++left_;
      sink.push(stream, std::move(chunk));
      sink.finish(stream, [this, &sink] { left(sink); });
    }
  }
  // The last of the letters, or the reading of them, is done.
  void left(plugin::InputSink& sink) {
    if (left_.fetch_sub(1) == 1) sink.ended();
  }

  const std::string folder_;
  const bool with_open_;
  const Arguments& args_;
  Outcomes& outcomes_;
  plugin::Decoration decoration_;
  plugin::PluginMetrics* metrics_ = nullptr;
  BatchPool pool_;
  std::atomic<size_t> left_{1};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// Stands in for an output: sees what would be written.
class RehearsedOutput : public plugin::Output {
 public:
  explicit RehearsedOutput(Outcomes& outcomes) : outcomes_(outcomes) {}
  std::unique_ptr<plugin::OutputWorker> worker() override {
    struct Worker : plugin::OutputWorker {
      explicit Worker(Outcomes& outcomes) : outcomes(outcomes) {}
      void write(std::span<Event* const> events, const BatchRef&) override {
        for (const auto* event : events) outcomes.reached_output(*event);
      }
      Outcomes& outcomes;
    };
    return std::make_unique<Worker>(outcomes_);
  }

 private:
  Outcomes& outcomes_;
};

// A letter that is refused again stays where it is: its batch is not delivered.
class RefusedAgain : public plugin::DeadLetters {
 public:
  RefusedAgain(Outcomes& outcomes, bool rehearsal) : outcomes_(outcomes), rehearsal_(rehearsal) {}
  bool keep(const Event& event, const plugin::Refusal& refusal) override {
    event.batch().abandon();
    if (rehearsal_)
      outcomes_.refused(refusal.reason);
    else
      outcomes_.note_reason(refusal.reason);
    return true;
  }

 private:
  Outcomes& outcomes_;
  const bool rehearsal_;
};

void print_counts(std::string_view title, const std::map<std::string, uint64_t>& counts) {
  std::vector<std::pair<uint64_t, std::string_view>> sorted;
  for (const auto& [text, count] : counts) sorted.emplace_back(count, text);
  std::sort(sorted.rbegin(), sorted.rend());
  if (sorted.size() > kReasonsShown) sorted.resize(kReasonsShown);
  for (const auto& [count, text] : sorted) fmt::print("  {:>9}  {}: {}\n", count, title, one_line(text, 300));
}

bool all_were_read(const Outcomes& outcomes) {
  for (const auto& what : outcomes.unreadable())
    fmt::print(stderr, "error: {}; its letters from there on were not replayed and stay in the queue\n",
               what);
  return outcomes.unreadable().empty();
}

int report_rehearsal(const Outcomes& outcomes) {
  using Fate = Outcomes::Fate;
  fmt::print(
      "{} dead letters: {} would pass, {} would pass with a new failure tag, {} would be refused, {} would "
      "be "
      "dropped by the config\n",
      outcomes.letters(), outcomes.count(Fate::passed), outcomes.count(Fate::tagged),
      outcomes.count(Fate::refused), outcomes.count(Fate::dropped));
  print_counts("tagged", outcomes.failure_tags());
  print_counts("refused", outcomes.reasons());
  fmt::print("Nothing was sent, and the queue is as it was. What the destinations would say is not known.\n");
  return all_were_read(outcomes) ? 0 : 1;
}

Status load(const settings::Settings& settings, const settings::Variables& variables,
            runtime::LoadedConfig& loaded) {
  if (!settings.given("path.config") && !settings.given("config.string"))
    return Status::config("which config shall the dead letters run through? Give it with --config PATH");
  const runtime::ConfigSource source{settings.text("path.config"), settings.text("config.string"),
                                     settings.boolean("config.support_escapes"), variables};
  if (auto status = runtime::read_config(source, loaded); !status.ok()) return status;
  auto environment = environment_of(settings);
  environment.embedded_index =
      "http://" + settings.text("index.http.host") + ":" + settings.text("index.http.port");
  runtime::compile_config(loaded, environment);
  loaded.diagnostics.sort();
  if (!loaded.diagnostics.has_errors() && loaded.plan) return {};
  const auto text = lang::render_report(loaded.diagnostics, loaded.sources, false);
  std::fwrite(text.data(), 1, text.size(), stderr);
  return Status::config("the config has errors: see above");
}

// Runs the pipeline until every letter has gone through. The error is that of its start.
Status run_through(const settings::Settings& settings, runtime::LoadedConfig loaded,
                   std::shared_ptr<plugin::DeadLetters> refusals) {
  auto environment = environment_of(settings);
  environment.embedded_index =
      "http://" + settings.text("index.http.host") + ":" + settings.text("index.http.port");
  runtime::Engine engine(std::move(environment));
  if (auto status = engine.start(); !status.ok()) return status;
  runtime::PipelineSettings own;
  own.id = settings.text("pipeline.id");
  own.workers = 1;     // Outcomes
  own.batch_size = 1;  // the same
  own.in_flight_bytes = static_cast<size_t>(settings.bytes("pipeline.in_flight_bytes"));
  own.drain_millis = settings.millis("pipeline.drain_timeout");
  Status status;
  {
    runtime::Pipeline pipeline(own, std::move(loaded.plan), std::move(loaded.sources), engine,
                               std::move(refusals));
    std::mutex mutex;
    std::condition_variable changed;
    bool finished = false;
    pipeline.on_finished([&] {
      std::scoped_lock lock(mutex);
      finished = true;
      changed.notify_all();
    });
    status = pipeline.start();
    if (status.ok()) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return finished; });
      lock.unlock();
      pipeline.stop();
    }
    engine.stop();
  }
  return status;
}

}  // namespace

std::unique_ptr<Env::Lock> settle_folder(const std::string& folder) {
  auto& env = Env::system();
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) return nullptr;
  auto lock = queue::lock_letters(env, folder);
  if (!lock.ok()) return nullptr;
  if (auto status = queue::seal_left_open(env, folder); !status.ok()) return nullptr;
  return std::move(lock).value();
}

Result<Removed> remove_letters(const std::string& folder,
                               const std::function<bool(const ShownLetter&)>& chosen) {
  auto& env = Env::system();
  auto segments = queue::letter_segments(env, folder);
  if (!segments.ok()) return Status::config(folder + " cannot be read: " + segments.message());
  Removed total;
  for (const auto& segment : *segments) {
    if (segment.open) continue;
    std::set<uint64_t> gone;
    uint64_t letters = 0;
    auto reader = queue::LetterReader::open(env, folder, segment);
    if (!reader.ok()) continue;  // removed meanwhile
    const auto all =
        visit_segment(folder, segment, **reader, [&](const auto& record, const ShownLetter* shown) {
          ++letters;
          if (shown && chosen(*shown)) gone.insert(record.header.first);
          return true;
        });
    if (!all.ok()) return all.status();
    uint64_t kept = letters;
    if (!gone.empty())
      if (auto status = queue::rewrite_letters(
              env, folder, segment,
              [&](const queue::Record& record) { return !gone.contains(record.header.first); }, kept);
          !status.ok())
        return Status::config(folder + "/" + segment.name() + " cannot be written anew: " + status.message());
    total.removed += gone.size();
    total.left += kept;
  }
  return total;
}

int replay_letters(const Arguments& args, const settings::Settings& settings,
                   const settings::Variables& variables) {
  if (args.operands.size() > 1)
    return fail("\"" + args.operands[1] +
                "\" is more than dlq replay takes: give the config with --config PATH");
  signal(SIGPIPE, SIG_IGN);
  if (!settings.given("log.level")) log::set_level("", log::Level::error);
  const std::string folder = letter_folder(settings);
  runtime::LoadedConfig loaded;
  if (auto status = load(settings, variables, loaded); !status.ok()) return fail(status.message());
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    return fail("there is no dead letter queue in " + folder +
                ": name it with --path.dead_letter_queue and --pipeline.id");

  Outcomes outcomes;
  // A rehearsal changes nothing, and looks at letters that are not sealed, too.
  const auto hold = args.dry_run ? nullptr : settle_folder(folder);
  auto& inputs = loaded.plan->inputs;
  inputs.clear();
  auto& input = *inputs.emplace_back(std::make_shared<plan::Stage<plugin::Input>>());
  input.built.plugin = std::make_unique<ReplayInput>(folder, args.dry_run, args, outcomes);
  input.built.spec = plugin::Registry::get().find(plugin::Kind::input, "dead_letter_queue");
  input.built.id = "replay";
  if (args.dry_run)
    for (auto& output : loaded.plan->outputs)
      output->built.plugin = std::make_unique<RehearsedOutput>(outcomes);
  auto refusals = std::make_shared<RefusedAgain>(outcomes, args.dry_run);
  if (auto status = run_through(settings, std::move(loaded), std::move(refusals)); !status.ok())
    return fail(status.message());
  if (args.dry_run) return report_rehearsal(outcomes);

  const auto removed =
      remove_letters(folder, [&](const ShownLetter& shown) { return outcomes.delivered(shown.id); });
  const uint64_t stayed = outcomes.letters() - outcomes.delivered();
  fmt::print("{} dead letters replayed: {} delivered and removed, {} stay in the queue\n", outcomes.letters(),
             outcomes.delivered(), stayed);
  print_counts("refused", outcomes.reasons());
  if (!hold)
    fmt::print("An engine is using the queue: letters that it has not sealed yet were left alone.\n");
  const bool all = all_were_read(outcomes);
  if (!removed.ok()) return fail(removed.message() + "; another replay would deliver these letters again");
  return stayed == 0 && all ? 0 : 1;
}

}  // namespace sluice::cli
