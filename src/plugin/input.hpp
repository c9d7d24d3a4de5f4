// Inputs: they read bytes on their own loop or thread, and hand chunks over; workers decode.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "event/batch.hpp"
#include "event/source.hpp"
#include "plugin/codec.hpp"
#include "plugin/setup.hpp"

namespace sluice::plugin {

/// A piece of input on its way to a worker.
struct Chunk {
  SlabRef slab;  // keeps `bytes` alive; 64 readable bytes follow them
  std::string_view bytes;
  AckRef ack;             // settled when every event of the chunk is delivered
  uint64_t position = 0;  // place of the first byte (or item) in its source
  uint64_t count = 0;     // for streams that make events without bytes
  size_t credit = 0;      // what flow control counts for it; 0: bytes.size()
};

/// A sequence of chunks that must be decoded in order: one connection, one file. The runtime calls one method
/// at a time, on any worker. Made by inputs, owned by shared_ptr.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Turns the chunk into events of `batch`. The stream holds chunk.slab and chunk.ack in the batch as far as
  /// it needs.
  virtual void decode(Chunk& chunk, Batch& batch) = 0;
  /// Makes events of what is kept: at the end of the stream, or after flush_after() of quiet.
  virtual void flush(Batch& batch) { (void)batch; }
  virtual std::optional<int64_t> flush_after() const { return std::nullopt; }

 private:
  friend class StreamState;
  std::shared_ptr<void> queue_state_;  // the runtime's: the chunks that wait
};

/// The pipeline's entrance. Thread-safe.
class InputSink {
 public:
  virtual ~InputSink() = default;
  /// Queues a chunk of `stream`. Never blocks and never refuses; the answer false means: too much is in
  /// flight, stop reading and wait for when_ready().
  virtual bool push(std::shared_ptr<Stream> stream, Chunk chunk) = 0;
  /// The stream has ended: flush() runs after its last chunk. `done`, if set, runs on a worker after that.
  virtual void finish(std::shared_ptr<Stream> stream, std::function<void()> done = {}) = 0;
  /// True while there is room.
  virtual bool ready() const = 0;
  /// Calls `resume` once (from any thread, at once when there is room) when reading may go on. Do little in
  /// it: post to a loop.
  virtual void when_ready(std::function<void()> resume) = 0;
  /// For inputs with a thread: waits until there is room or `stop` is set. False when stopped.
  virtual bool wait_ready(const std::atomic<bool>& stop) = 0;
  /// The input has nothing more to give (end of stdin, generator's count). When all inputs have ended the
  /// pipeline ends.
  virtual void ended() = 0;
};

/// A source of chunks.
class Input {
 public:
  virtual ~Input() = default;
  /// Binds, opens, starts threads. An error stops the pipeline's start; its text names the option and the
  /// remedy.
  virtual Status start(Start& start, InputSink& sink) = 0;
  /// Stops reading and releases what start() took; returns when nothing will be pushed any more. Called once,
  /// on the main thread. Acknowledgements may still arrive afterwards and connections stay open for them
  /// until close().
  virtual void stop() = 0;
  /// After the drain: closes what stop() left open so that last acknowledgements could be sent.
  virtual void close() {}
};

/// A Stream around a Decoder, for inputs whose bytes go through a codec: applies decoration, keeps slabs and
/// acknowledgements, and lets the input add fields to each event (`enrich`, called before the decoration).
class CodecStream : public Stream {
 public:
  using Enrich = std::function<void(Event&)>;
  /// `decoration` and `input_id` outlive the stream. `name`: stable over restarts, or empty.
  CodecStream(std::unique_ptr<Decoder> decoder, const Decoration& decoration, std::string_view input_id,
              Enrich enrich, std::string name = {}, PluginMetrics* metrics = nullptr);
  void decode(Chunk& chunk, Batch& batch) override;
  void flush(Batch& batch) override;
  std::optional<int64_t> flush_after() const override { return decoder_->flush_after(); }
  /// Flush the decoder after every chunk (datagrams).
  void flush_each_chunk() { flush_each_ = true; }

 private:
  class Sink;
  std::unique_ptr<Decoder> decoder_;
  const Decoration& decoration_;
  std::string_view input_id_;
  Enrich enrich_;
  std::string name_;
  PluginMetrics* metrics_;
  std::vector<AckRef> held_;  // of the bytes that the decoder still keeps
  bool flush_each_ = false;
};

}  // namespace sluice::plugin
