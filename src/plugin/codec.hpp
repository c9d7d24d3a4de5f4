// Codecs: bytes to events and events to bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/buffer.hpp"
#include "event/batch.hpp"

namespace sluice::plugin {

/// Where a decoder puts its events. The input's decoration (host, type, tags) is applied by add().
class EventSink {
 public:
  virtual ~EventSink() = default;
  /// A new event in the current batch, to be filled and then handed to add().
  virtual Event& make() = 0;
  /// Finishes an event: defaults (@timestamp, @version), the input's decoration, and into the batch.
  virtual void add(Event& event) = 0;
  virtual Batch& batch() = 0;
};

/// The decoding side for one stream (a connection, a file, a datagram socket). Called by one worker at a
/// time, in order.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Who sends the bytes that follow, as a numeric address: inputs that know it say so before decode().
  virtual void sender(std::string_view address) { (void)address; }
  /// Decodes `bytes`, behind which 64 bytes can be read and which live as long as the sink's batch. What is
  /// not yet a whole event is kept for the next call.
  virtual void decode(std::string_view bytes, EventSink& sink) = 0;
  /// The stream ends or pauses: what is kept becomes an event.
  virtual void flush(EventSink& sink) { (void)sink; }
  /// True while bytes of an unfinished event are kept: the chunk they came in is then not acknowledged yet.
  virtual bool pending() const { return false; }
  /// Milliseconds after which a quiet stream wants flush() (multiline's auto_flush_interval); nullopt: never.
  /// Asked after each decode.
  virtual std::optional<int64_t> flush_after() const { return std::nullopt; }
};

/// The encoding side, one per worker or output loop.
class Encoder {
 public:
  virtual ~Encoder() = default;
  /// Appends the bytes of `event` to `out`, a delimiter included where the codec has one.
  virtual void encode(const Event& event, Buffer& out) = 0;
};

/// A configured codec: immutable, makes decoders and encoders.
class Codec {
 public:
  virtual ~Codec() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// Null when the codec cannot decode (dots, rubydebug).
  [[nodiscard]] virtual std::unique_ptr<Decoder> decoder() const = 0;
  /// Null when the codec cannot encode.
  [[nodiscard]] virtual std::unique_ptr<Encoder> encoder() const = 0;
  /// Set on events by the codec in ECS mode ([event][original]); inputs that set it themselves ask.
  [[nodiscard]] virtual bool line_based() const { return false; }
  /// True for codecs that wait for a line's end: an input that hands over single lines leaves it on.
  [[nodiscard]] virtual bool wants_line_ends() const { return false; }
  /// True when a datagram can only be read after the ones before it (templates): one decoder then takes them
  /// all.
  [[nodiscard]] virtual bool ordered() const { return false; }
};

}  // namespace sluice::plugin
