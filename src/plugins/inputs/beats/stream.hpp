// The frames of one Beats client. Runs on workers.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "net/lumberjack.hpp"
#include "plugin/input.hpp"
#include "plugins/inputs/beats/events.hpp"
#include "plugins/inputs/beats/peer.hpp"

namespace sluice::plugins::beats {

/// Cuts frames and inflates them; the events are made by an EventStream, some at a time, so that a batch
/// stays as small as the processor's caches like it, and while other workers cut the next frames. A window's
/// events are held back until it is complete, so that a connection cut in the middle of one leaves no half
/// window to be sent twice; past a bound (over all connections together) events go on at once instead.
class BeatsStream : public plugin::Stream, private net::LumberjackSink {
 public:
  BeatsStream(std::shared_ptr<const Settings> settings, std::shared_ptr<Peer> peer, plugin::InputSink& sink);
  ~BeatsStream() override;

  void decode(plugin::Chunk& chunk, Batch& batch) override;
  void flush(Batch& batch) override;

  static constexpr size_t kMaxHeldBytes = size_t{64} << 20;

 private:
  // net::LumberjackSink
  void on_window(char version, uint32_t count) override;
  void on_json(uint32_t sequence, const SlabRef& slab, std::string_view json) override;
  void on_pairs(uint32_t sequence, const SlabRef& slab, Pairs pairs) override;
  void on_batch(char version, uint32_t sequence, bool complete) override;

  EventRun& run_for(const SlabRef& slab);
  void held(size_t bytes);
  void count_held();
  void pass_on();
  void drop_held();
  void fail(std::string_view reason);

  std::shared_ptr<const Settings> settings_;
  std::shared_ptr<Peer> peer_;
  plugin::InputSink& sink_;
  std::shared_ptr<EventStream> events_;
  net::LumberjackDecoder decoder_;

  AckRef window_;
  uint64_t window_number_ = 0;
  std::vector<EventRun> held_;  // of the window that is not complete yet
  size_t held_bytes_ = 0;
  size_t counted_bytes_ = 0;  // of them, in settings_->held_bytes
};

}  // namespace sluice::plugins::beats
