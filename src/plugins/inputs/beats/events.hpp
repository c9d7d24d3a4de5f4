// From the frames of a Beats client's windows to events. Runs on workers.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/lumberjack.hpp"
#include "plugin/decoration.hpp"
#include "plugin/input.hpp"
#include "plugins/digest/event_digest.hpp"
#include "plugins/inputs/beats/peer.hpp"
#include "plugins/inputs/host_field.hpp"

namespace sluice::plugins::beats {

/// What is fixed for all connections of one beats input.
struct Settings {
  std::string id;
  plugin::Decoration decoration;
  std::unique_ptr<plugin::Codec> codec;
  bool default_codec = false;  // plain, without options: text needs no decoding
  bool original = false;       // the default codec sets [event][original]
  std::string codec_tag;       // beats_input_codec_plain_applied
  bool source_metadata = true, codec_metadata = true, peer_metadata = false, add_hostname = false;
  bool ecs = true;
  bool name_events = false;  // plugin::Start::name_events
  DefaultField ip, hostname;
  FieldRef tls_status, tls_protocol, tls_subject, tls_cipher;
  net::LumberjackLimits limits;
  plugin::PluginMetrics* metrics = nullptr;
  /// Bytes of incomplete windows that streams hold back, over all connections.
  mutable std::atomic<size_t> held_bytes{0};
};

/// Events of one window that lie in one slab, as their frames say them.
struct EventRun {
  struct Item {
    uint32_t sequence;
    uint32_t pairs;  // of version 1: how many of the run's pairs are its own; 0: `json` is the event
    std::string_view json;
  };
  explicit EventRun(SlabRef in) : slab(std::move(in)) {}

  SlabRef slab;
  std::vector<Item> events;
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  size_t bytes = 0;  // of the events
  AckRef window;
};

/// Makes events of runs, in the order in which they were given. A chunk of it says that the next run is
/// there.
class EventStream : public plugin::Stream, private plugin::EventSink {
 public:
  EventStream(std::shared_ptr<const Settings> settings, std::shared_ptr<Peer> peer);
  /// What was not decoded is not acknowledged.
  ~EventStream() override;

  /// Before the run's chunk is pushed; from any thread.
  void give(EventRun run);
  void decode(plugin::Chunk& chunk, Batch& batch) override;

 private:
  using Pairs = net::LumberjackSink::Pairs;

  // plugin::EventSink, for the codec
  Event& make() override { return batch_->make(source_); }
  void add(Event& event) override;
  Batch& batch() override { return *batch_; }

  EventRun take();
  void begin(Batch& batch);
  bool emit(const EventRun::Item& item, Pairs pairs);
  void make_event(Object* fields);
  void decode_text(Object* fields, std::string_view text);
  void finish(Event& event, bool decoded);
  void set_metadata(Event& event) const;
  void name(const EventRun::Item& item, Pairs pairs);

  std::shared_ptr<const Settings> settings_;
  std::shared_ptr<Peer> peer_;
  std::unique_ptr<plugin::Decoder> codec_;
  std::mutex mutex_;
  std::deque<EventRun> runs_;
  bool broken_ = false;  // an event could not be understood: none after it is taken

  // Of the call in progress:
  Batch* batch_ = nullptr;
  uint32_t source_ = 0;
  Value ip_, protocol_, cipher_, subject_;  // in the batch's arena
  Object* rest_ = nullptr;                  // fields to be merged into what the codec makes
  bool rest_used_ = false;
  ArrivalTime now_;
  std::array<uint64_t, 2> name_{};  // of the events that the item in progress becomes
  uint64_t made_ = 0;               // of it already
  digest::EventDigest digest_;
};

}  // namespace sluice::plugins::beats
