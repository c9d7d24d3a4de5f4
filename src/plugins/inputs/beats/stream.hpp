// From the bytes of one Beats client to events. Runs on workers.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "net/lumberjack.hpp"
#include "plugin/decoration.hpp"
#include "plugin/input.hpp"
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
  DefaultField ip, hostname;
  FieldRef tls_status, tls_protocol, tls_subject, tls_cipher;
  net::LumberjackLimits limits;
  plugin::PluginMetrics* metrics = nullptr;
  /// Bytes of incomplete windows that streams hold back, over all connections.
  mutable std::atomic<size_t> held_bytes{0};
};

/// Cuts frames, parses JSON, makes events. A window's events are held back until it is complete, so that a
/// connection cut in the middle of one leaves no half window to be sent twice; past a bound (over all
/// connections together) events go on at once instead.
class BeatsStream : public plugin::Stream, private net::LumberjackSink, private plugin::EventSink {
 public:
  BeatsStream(std::shared_ptr<const Settings> settings, std::shared_ptr<Peer> peer);
  ~BeatsStream() override;

  void decode(plugin::Chunk& chunk, Batch& batch) override;
  void flush(Batch& batch) override;

  static constexpr size_t kMaxHeldBytes = size_t{64} << 20;

 private:
  struct Held {
    uint32_t sequence;
    SlabRef slab;
    std::string_view json;                                             // of version 2
    std::vector<std::pair<std::string_view, std::string_view>> pairs;  // of version 1
  };

  // net::LumberjackSink
  void on_window(char version, uint32_t count) override;
  void on_json(uint32_t sequence, const SlabRef& slab, std::string_view json) override;
  void on_pairs(uint32_t sequence, const SlabRef& slab, Pairs pairs) override;
  void on_batch(char version, uint32_t sequence, bool complete) override;
  // plugin::EventSink, for the codec
  Event& make() override { return batch_->make(source_); }
  void add(Event& event) override;
  Batch& batch() override { return *batch_; }

  void hold_or_emit(Held held, size_t bytes);
  void emit_held();
  void drop_held();
  void emit(const Held& held);
  void make_event(Object* fields, uint32_t sequence);
  void decode_text(Object* fields, std::string_view text);
  void finish(Event& event, bool decoded);
  void set_metadata(Event& event) const;
  void fail(std::string_view reason);
  void hold_slab(const SlabRef& slab);

  std::shared_ptr<const Settings> settings_;
  std::shared_ptr<Peer> peer_;
  net::LumberjackDecoder decoder_;
  std::unique_ptr<plugin::Decoder> codec_;
  bool broken_ = false;

  AckRef window_;
  uint64_t window_number_ = 0;
  std::vector<Held> held_;
  size_t held_bytes_ = 0;

  // Of the call in progress:
  Batch* batch_ = nullptr;
  uint32_t source_ = 0;
  bool window_in_batch_ = false;
  SlabRef slab_in_batch_;
  Value ip_, protocol_, cipher_, subject_;  // in the batch's arena
  Object* rest_ = nullptr;                  // fields to be merged into what the codec makes
  bool rest_used_ = false;
  uint32_t sequence_ = 0;
};

}  // namespace sluice::plugins::beats
