#include "runtime/fixture.hpp"

#include <mutex>

#include "plugin/spec.hpp"

namespace sluice::test {
namespace {

using namespace plugin;

class Ack : public Acknowledgement {
 public:
  void settled(bool delivered) noexcept override {
    ++(delivered ? deliveries().delivered : deliveries().lost);
  }
};

class NumberStream : public Stream {
 public:
  void decode(Chunk& chunk, Batch& batch) override {
    batch.hold(std::move(chunk.ack));
    auto& event = batch.make();
    event.set(Key::intern("n"), Value::integer(static_cast<int64_t>(chunk.position)));
    normalize(event);
    batch.add(event);
  }
};

class Numbers : public Input {
 public:
  explicit Numbers(Setup& setup) : count_(static_cast<uint64_t>(setup.options.integer("count"))) {}
  Status start(Start& start, InputSink& sink) override {
    deliveries().pipeline = start.engine.environment().pipeline_id;
    thread_ = std::thread([this, &sink] {
      const auto stream = std::make_shared<NumberStream>();
      for (uint64_t n = 0; n < count_; ++n) {
        Chunk chunk;
        chunk.position = n;
        chunk.ack = AckRef(new Ack);
        chunk.credit = 1000;
        if (!sink.push(stream, std::move(chunk)) && !sink.wait_ready(stop_)) return;
      }
      sink.ended();
    });
    return {};
  }
  void stop() override {
    stop_ = true;
    thread_.join();
    ++deliveries().stopped;
  }
  void close() override { ++deliveries().closed; }

 private:
  uint64_t count_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class Keeper : public Output {
 public:
  class Worker : public OutputWorker {
   public:
    explicit Worker(Keeper& keeper) : keeper_(keeper) {}
    void write(std::span<Event* const>, const BatchRef& batch) override {
      std::scoped_lock lock(keeper_.mutex_);
      keeper_.kept_.push_back(batch);
    }

   private:
    Keeper& keeper_;
  };
  std::unique_ptr<OutputWorker> worker() override { return std::make_unique<Worker>(*this); }
  void stop() override {
    for (auto& batch : kept_) batch->abandon();
    kept_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<BatchRef> kept_;
};

class Broken : public Output {
 public:
  Status start(Start&) override { return Status::system("the disk is on fire"); }
  std::unique_ptr<OutputWorker> worker() override { return nullptr; }
};
class BrokenInput : public Input {
 public:
  Status start(Start&, InputSink&) override { return Status::system("the port is taken"); }
  void stop() override {}
};

constexpr Option kCount[] = {{.name = "count", .type = Type::number, .fallback = "1"}};
const Spec kNumbers{.kind = Kind::input,
                    .name = "numbers",
                    .summary = "Numbers.",
                    .options = kCount,
                    .example = "numbers {}",
                    .input = [](Setup& s) -> std::unique_ptr<Input> { return std::make_unique<Numbers>(s); }};
const Spec kBrokenInput{
    .kind = Kind::input,
    .name = "broken",
    .summary = "Cannot start.",
    .options = {},
    .example = "broken {}",
    .input = [](Setup&) -> std::unique_ptr<Input> { return std::make_unique<BrokenInput>(); }};
const Spec kKeeper{.kind = Kind::output,
                   .name = "keeper",
                   .summary = "Never confirms.",
                   .options = {},
                   .example = "keeper {}",
                   .output = [](Setup&) -> std::unique_ptr<Output> { return std::make_unique<Keeper>(); }};
const Spec kBroken{.kind = Kind::output,
                   .name = "broken",
                   .summary = "Cannot start.",
                   .options = {},
                   .example = "broken {}",
                   .output = [](Setup&) -> std::unique_ptr<Output> { return std::make_unique<Broken>(); }};

}  // namespace

void register_runtime_plugins() {
  plugins::register_all();
  auto& registry = Registry::get();
  if (registry.find(Kind::input, "numbers")) return;
  for (const auto* spec : {&kNumbers, &kBrokenInput, &kKeeper, &kBroken}) registry.add(*spec);
}

}  // namespace sluice::test
