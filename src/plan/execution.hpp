// Running a plan on one worker, a batch at a time.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "event/batch.hpp"
#include "plan/plan.hpp"

namespace sluice::plan {

/// The state of a plan on one worker. Not thread-safe: one worker, one Execution.
class Execution {
 public:
  /// Called with an event that a condition could not be evaluated on; the event is dropped afterwards.
  using Refused = std::function<void(const Event& event, const Span& condition)>;

  /// `plan` outlives the execution; its plugins have been started. The state of plugins that `former` has too
  /// is taken over from it.
  Execution(Plan& plan, Refused refused, Execution* former = nullptr);

  /// Filters `batch` and hands what is left to the outputs. Returns how many events reached the outputs.
  size_t run(const BatchRef& batch);
  /// The same, and lets every filter that wants to flush do so at its place; `final` at the pipeline's end.
  size_t flush(const BatchRef& batch, bool final);
  /// The final flush of the filters that `next` has not.
  size_t flush_before(const BatchRef& batch, const Plan& next);
  /// True when some filter wants flush() to be called.
  [[nodiscard]] bool wants_flush() const { return wants_flush_; }

  /// What it is in the middle of: a filter's or output's stage, or null. Any thread.
  struct Doing {
    const Stage<plugin::Filter>* filter = nullptr;
    const Stage<plugin::Output>* output = nullptr;
  };
  [[nodiscard]] Doing doing() const;

 private:
  using Selection = std::vector<Event*>;
  enum class Mode : uint8_t { run, flush, final_flush };

  size_t run(const BatchRef& batch, Mode mode);
  void filter_block(const Block& block, Selection& selection, Batch& batch, Mode mode);
  void filter(size_t stage, Selection& selection, Batch& batch, Mode mode);
  void output_block(const Block& block, Selection& selection, const BatchRef& batch);
  void split(const Block::Step& step, Selection& selection, Selection& yes, Selection& no);
  static void merge(Selection& selection, Selection& yes, Selection& no);
  std::vector<uint32_t> renew_ranks(Selection& selection) const;
  static void restore_ranks(Selection& selection, const std::vector<uint32_t>& ranks);
  std::unique_ptr<Selection> borrow();
  void give_back(std::unique_ptr<Selection> selection);

  Plan& plan_;
  Refused refused_;
  std::vector<std::unique_ptr<plugin::FilterWorker>> filters_;
  std::vector<std::unique_ptr<plugin::OutputWorker>> outputs_;
  std::vector<std::unique_ptr<Selection>> spare_;
  std::atomic<size_t> doing_{0};  // 0: nothing, then the filters, then the outputs
  bool wants_flush_ = false;
  const Plan* next_ = nullptr;  // in flush_before()
  bool emitted_ = false;        // some filter has made new events of this batch
};

}  // namespace sluice::plan
