// What codecs count: calls, events, time. Shown in the monitoring API under plugins.codecs.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "plugin/codec.hpp"

namespace sluice::plugin {

/// The figures of one codec of a config, over all its streams and writers. Thread-safe.
class CodecMetrics {
 public:
  struct Totals {
    uint64_t in = 0;     // calls
    uint64_t out = 0;    // events, of decoding
    uint64_t nanos = 0;  // estimated: of short calls only some are timed
  };

  CodecMetrics(std::string id, std::string_view name) : id_(std::move(id)), name_(name) {}
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] Totals decoding() const { return decoding_.totals(); }
  [[nodiscard]] Totals encoding() const { return encoding_.totals(); }

  /// The part of one decoder or encoder, which alone writes it: no locked instruction a call.
  struct Part {
    std::atomic<uint64_t> in{0}, out{0}, nanos{0};
    [[nodiscard]] Totals totals() const;
  };

  /// The parts of one direction. A part that is given back stays in the totals.
  class Side {
   public:
    using Handle = std::list<Part>::iterator;
    Handle take();
    void give_back(Handle part);
    [[nodiscard]] Totals totals() const;

   private:
    mutable std::mutex mutex_;
    std::list<Part> parts_;
    Totals ended_;
  };
  Side& decoding_side() { return decoding_; }
  Side& encoding_side() { return encoding_; }

 private:
  std::string id_;
  std::string name_;
  Side decoding_;
  Side encoding_;
};

/// `codec` whose decoders and encoders count into `metrics`.
std::unique_ptr<Codec> measured(std::unique_ptr<Codec> codec, std::shared_ptr<CodecMetrics> metrics);

}  // namespace sluice::plugin
