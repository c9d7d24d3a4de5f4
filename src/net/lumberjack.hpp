// The lumberjack protocol that Beats speak (versions 1 and 2): framing only, no sockets and no events.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/slab.hpp"
#include "base/status.hpp"

namespace sluice::net {

/// What the frames of one connection say, in order. Views lie in `slab`: keep a reference to it to keep them.
class LumberjackSink {
 public:
  using Pairs = std::span<const std::pair<std::string_view, std::string_view>>;

  virtual ~LumberjackSink() = default;
  /// A window begins: `count` events follow. `version` is '1' or '2'.
  virtual void on_window(char version, uint32_t count) { (void)version, (void)count; }
  /// One event of version 2: a JSON text (not checked).
  virtual void on_json(uint32_t sequence, const SlabRef& slab, std::string_view json) = 0;
  /// One event of version 1: names and values.
  virtual void on_pairs(uint32_t sequence, const SlabRef& slab, Pairs pairs) = 0;
  /// The window is over: acknowledge `sequence` (the highest seen; 0 for an empty window) in `version`, the
  /// one of the batch's first frame. Not `complete` when the client began another window before it had sent
  /// all.
  virtual void on_batch(char version, uint32_t sequence, bool complete) = 0;
};

struct LumberjackLimits {
  size_t max_frame_bytes = size_t{20} << 20;      // payload of one J, C or D frame as sent
  size_t max_inflated_bytes = size_t{200} << 20;  // of one C frame
  uint32_t max_pairs = 100'000;                   // of one D frame
};

/// Decodes one connection's bytes as they come. Frames that lie whole in a read slab are handed over in
/// place; one that is cut by a read is gathered in a slab of its own. Loop thread or any one thread at a
/// time.
class LumberjackDecoder {
 public:
  explicit LumberjackDecoder(LumberjackLimits limits = {}) : limits_(limits) {}

  /// Decodes `bytes` of `slab`. An error means that the connection cannot be understood any more: close it.
  /// After an error nothing else is decoded.
  Status feed(const SlabRef& slab, std::string_view bytes, LumberjackSink& sink);

  /// True between frames with no window open: the peer may go without loss.
  [[nodiscard]] bool idle() const { return !pending_ && expected_ == 0; }
  /// Events still to come in the open window, and the highest sequence in it so far.
  [[nodiscard]] uint32_t outstanding() const { return expected_ - received_; }
  [[nodiscard]] uint32_t highest_sequence() const { return highest_; }
  /// How many times larger than its frame the last compressed data was; 0 before the first.
  [[nodiscard]] size_t inflation() const { return inflation_; }
  /// Bytes held for a frame that is not complete yet.
  [[nodiscard]] size_t pending_bytes() const { return pending_ ? pending_.size() : 0; }

 private:
  struct Frame;
  Status parse(const SlabRef& slab, std::string_view& bytes, LumberjackSink& sink, bool inflated);
  Status measure(std::string_view bytes, bool inflated, Frame& frame);
  Status measure_pairs(std::string_view bytes, Frame& frame);
  Status inflate(std::string_view payload, LumberjackSink& sink);
  Status fill_pending(std::string_view& bytes, LumberjackSink& sink);
  void keep(std::string_view bytes, size_t needed);
  void open_window(char version, uint32_t count, LumberjackSink& sink);
  void count_event(char version, uint32_t sequence);
  void finish_event(LumberjackSink& sink);

  LumberjackLimits limits_;
  SlabRef pending_;    // a frame of which not all has come
  size_t needed_ = 0;  // bytes until it can be looked at again
  uint32_t expected_ = 0;
  uint32_t received_ = 0;
  uint32_t highest_ = 0;
  char batch_version_ = 0;
  bool broken_ = false;
  size_t inflation_ = 0;
  std::vector<std::pair<std::string_view, std::string_view>> pairs_;
};

/// An acknowledgement frame; sequence 0 means "still alive".
std::array<char, 6> lumberjack_ack(char version, uint32_t sequence);
/// The sequence of the acknowledgement at the beginning of `bytes` (6 of them are used), none when it is not
/// one.
std::optional<uint32_t> parse_lumberjack_ack(std::string_view bytes);

/// Writes what a client sends: windows and data frames, compressed as one or not.
class LumberjackWriter {
 public:
  explicit LumberjackWriter(char version = '2') : version_(version) {}
  /// Begins a window for `count` events; their sequences start at 1.
  LumberjackWriter& window(uint32_t count);
  LumberjackWriter& json(std::string_view text);
  LumberjackWriter& pairs(LumberjackSink::Pairs pairs);
  /// Puts the data frames written since the last window() into one compressed frame; level as in compress().
  LumberjackWriter& compress_frames(int level = 3);
  /// All frames so far; the writer begins anew.
  std::string take();

 private:
  char version_;
  uint32_t sequence_ = 0;
  size_t frames_from_ = 0;
  std::string out_;
};

}  // namespace sluice::net
