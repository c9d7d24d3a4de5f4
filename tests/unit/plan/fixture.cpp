#include "fixture.hpp"

namespace sluice::test {
namespace {

using namespace plugin;

class Twice : public Filter, public FilterWorker {
 public:
  std::unique_ptr<FilterWorker> worker() override { return std::make_unique<Twice>(); }
  void filter(FilterRun& run) override {
    for (auto* event : run.events()) {
      auto& copy = run.batch().clone(*event);
      copy.set(Key::intern("copy"), Value::boolean(true));
      run.emit(copy, *event);
      (void)run.matched(*event);
    }
  }
};

class Flusher : public Filter, public FilterWorker {
 public:
  std::unique_ptr<FilterWorker> worker() override { return std::make_unique<Flusher>(); }
  bool wants_flush() const override { return true; }
  void filter(FilterRun&) override {}
  void flush(FilterRun& run, bool final) override {
    auto& event = run.batch().make();
    event.set(Key::intern("n"), Value::string(final ? "final" : "flushed", true));
    run.emit(event);
  }
};

class Record : public Output, public OutputWorker {
 public:
  explicit Record(std::string id) : id_(std::move(id)) {}
  std::unique_ptr<OutputWorker> worker() override { return std::make_unique<Record>(id_); }
  void write(std::span<Event* const> events, const BatchRef&) override {
    for (const auto* event : events) recorded().push_back(id_ + json_of(*event));
  }

 private:
  std::string id_;
};

const Spec kTwice{.kind = Kind::filter,
                  .name = "twice",
                  .summary = "A copy behind each event.",
                  .options = {},
                  .example = "twice {}",
                  .filter = [](Setup&) -> std::unique_ptr<Filter> { return std::make_unique<Twice>(); }};
const Spec kFlusher{.kind = Kind::filter,
                    .name = "flusher",
                    .summary = "An event when flushed.",
                    .options = {},
                    .example = "flusher {}",
                    .filter = [](Setup&) -> std::unique_ptr<Filter> { return std::make_unique<Flusher>(); }};
const Spec kRecord{.kind = Kind::output,
                   .name = "record",
                   .summary = "Keeps events.",
                   .options = {},
                   .example = "record {}",
                   .output = [](Setup& s) -> std::unique_ptr<Output> {
                     return std::make_unique<Record>(s.options.string("id"));
                   }};

}  // namespace

void register_test_plugins() {
  plugins::register_all();
  auto& registry = Registry::get();
  if (registry.find(Kind::filter, "twice")) return;
  for (const auto* spec : {&kTwice, &kFlusher, &kRecord}) registry.add(*spec);
}

}  // namespace sluice::test
