#include "net/lumberjack.hpp"

#include <algorithm>
#include <cstdio>

#include "net/compress.hpp"

namespace sluice::net {

namespace {

uint32_t read32(const char* at) {
  const auto* b = reinterpret_cast<const unsigned char*>(at);
  return uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 | b[3];
}

void write32(std::string& out, uint32_t value) {
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(value >> shift & 0xff);
}

// More than this is not asked for before the data has shown that it is there.
constexpr size_t kMaxGuess = size_t{16} << 20;

Status malformed(std::string text) { return Status::error(Fault::input, "lumberjack: " + std::move(text)); }

std::string show(char byte) {
  char text[8];
  std::snprintf(text, sizeof text, "0x%02x", static_cast<unsigned char>(byte));
  return text;
}

}  // namespace

// One frame at the beginning of some bytes: either complete (size is known and there), or more is needed.
struct LumberjackDecoder::Frame {
  char version = 0;
  char type = 0;
  uint32_t number = 0;  // window size or sequence
  uint32_t count = 0;   // pairs
  size_t header = 0;    // bytes before the payload
  size_t size = 0;      // of the whole frame as far as it is known
  bool complete = false;
  std::string_view bytes;
};

// Finds out how long the frame is. Leaves `complete` false and `size` at what has to be there to know more.
Status LumberjackDecoder::measure(std::string_view bytes, bool inflated, Frame& frame) {
  frame.size = 2;
  if (!bytes.empty() && bytes[0] != '1' && bytes[0] != '2') {
    return malformed("unknown protocol version " + show(bytes[0]));
  }
  if (bytes.size() < 2) return {};
  frame.version = bytes[0];
  frame.type = bytes[1];
  const auto too_long = [&](size_t length) {
    return malformed("a frame of " + std::to_string(length) + " bytes is longer than the limit of " +
                     std::to_string(limits_.max_frame_bytes));
  };
  switch (frame.type) {
    case 'W':
      frame.size = frame.header = 6;
      if (bytes.size() >= 6) frame.number = read32(bytes.data() + 2);
      break;
    case 'J':
      frame.size = frame.header = 10;
      if (bytes.size() >= 10) {
        const uint32_t length = read32(bytes.data() + 6);
        if (length == 0 || length > 0x7fffffff) return malformed("a JSON frame without payload");
        if (length > limits_.max_frame_bytes) return too_long(length);
        frame.number = read32(bytes.data() + 2);
        frame.size += length;
      }
      break;
    case 'C':
      if (inflated) return malformed("a compressed frame inside of a compressed frame");
      frame.size = frame.header = 6;
      if (bytes.size() >= 6) {
        const uint32_t length = read32(bytes.data() + 2);
        if (length > limits_.max_frame_bytes) return too_long(length);
        frame.size += length;
      }
      break;
    case 'D':
      return measure_pairs(bytes, frame);
    default:
      return malformed("unknown frame type " + show(frame.type));
  }
  frame.complete = bytes.size() >= frame.size && bytes.size() >= frame.header;
  if (frame.complete) frame.bytes = bytes.substr(0, frame.size);
  return {};
}

Status LumberjackDecoder::measure_pairs(std::string_view bytes, Frame& frame) {
  frame.size = frame.header = 10;
  pairs_.clear();
  if (bytes.size() < 10) return {};
  frame.number = read32(bytes.data() + 2);
  frame.count = read32(bytes.data() + 6);
  if (frame.count == 0 || frame.count > 0x7fffffff) return malformed("a data frame without fields");
  if (frame.count > limits_.max_pairs) {
    return malformed("a data frame with " + std::to_string(frame.count) + " fields; the limit is " +
                     std::to_string(limits_.max_pairs));
  }
  size_t at = 10;
  std::string_view name;
  for (uint32_t i = 0; i < frame.count * 2; ++i) {
    frame.size = at + 4;
    if (bytes.size() < frame.size) return {};
    const uint32_t length = read32(bytes.data() + at);
    if (length > limits_.max_frame_bytes || at + length > limits_.max_frame_bytes) {
      return malformed("a data frame is longer than the limit of " + std::to_string(limits_.max_frame_bytes));
    }
    frame.size += length;
    if (bytes.size() < frame.size) return {};
    const auto text = bytes.substr(at + 4, length);
    if (i % 2 == 0) {
      name = text;
    } else {
      pairs_.emplace_back(name, text);
    }
    at = frame.size;
  }
  frame.complete = true;
  frame.bytes = bytes.substr(0, at);
  return {};
}

Status LumberjackDecoder::feed(const SlabRef& slab, std::string_view bytes, LumberjackSink& sink) {
  if (broken_) return malformed("the connection is broken");
  Status status;
  while (status.ok() && !bytes.empty()) {
    status = pending_ ? fill_pending(bytes, sink) : parse(slab, bytes, sink, false);
  }
  if (!status.ok()) {
    broken_ = true;
    pending_.reset();
  }
  return status;
}

// Hands over the complete frames of `bytes` and keeps the rest.
Status LumberjackDecoder::parse(const SlabRef& slab, std::string_view& bytes, LumberjackSink& sink,
                                bool inflated) {
  while (!bytes.empty()) {
    Frame frame;
    if (auto status = measure(bytes, inflated, frame); !status.ok()) return status;
    if (!frame.complete) {
      if (inflated) return malformed("a compressed frame ends within a frame");
      keep(bytes, frame.size);
      bytes = {};
      return {};
    }
    bytes.remove_prefix(frame.size);
    const std::string_view payload = frame.bytes.substr(frame.header);
    switch (frame.type) {
      case 'W':
        open_window(frame.version, frame.number, sink);
        break;
      case 'C':
        if (auto status = inflate(payload, sink); !status.ok()) return status;
        break;
      case 'J':
        count_event(frame.version, frame.number);
        sink.on_json(frame.number, slab, payload);
        finish_event(sink);
        break;
      default:
        count_event(frame.version, frame.number);
        sink.on_pairs(frame.number, slab, pairs_);
        finish_event(sink);
    }
  }
  return {};
}

Status LumberjackDecoder::inflate(std::string_view payload, LumberjackSink& sink) {
  // The frames of one client compress alike; the eighth more covers what they differ by.
  const size_t guess = std::min(payload.size() * inflation_ + payload.size() * inflation_ / 8, kMaxGuess);
  auto plain = decompress_flushed(payload, limits_.max_inflated_bytes, guess);
  if (!plain.ok()) return malformed(plain.message());
  std::string_view bytes = plain->view();
  if (!payload.empty()) inflation_ = bytes.size() / payload.size() + 1;
  return parse(*plain, bytes, sink, true);
}

// A cut frame goes to a slab of its own. Room is taken as bytes come, not as the length field promises.
void LumberjackDecoder::keep(std::string_view bytes, size_t needed) {
  const size_t room = std::min(needed, std::max<size_t>(bytes.size() * 2, 64 << 10));
  pending_ = SlabRef::allocate(std::max(room, bytes.size()));
  pending_.append(bytes);
  needed_ = needed;
}

Status LumberjackDecoder::fill_pending(std::string_view& bytes, LumberjackSink& sink) {
  const size_t count = std::min(bytes.size(), needed_ - pending_.size());
  if (pending_.room() < count) {
    SlabRef larger =
        SlabRef::allocate(std::min(needed_, std::max(pending_.capacity() * 2, pending_.size() + count)));
    larger.append(pending_.view());
    pending_ = std::move(larger);
  }
  pending_.append(bytes.substr(0, count));
  bytes.remove_prefix(count);
  if (pending_.size() < needed_) return {};
  Frame frame;
  if (auto status = measure(pending_.view(), false, frame); !status.ok()) return status;
  if (!frame.complete) {
    needed_ = frame.size;
    return {};
  }
  const SlabRef whole = std::move(pending_);
  std::string_view view = whole.view();
  return parse(whole, view, sink, false);
}

void LumberjackDecoder::open_window(char version, uint32_t count, LumberjackSink& sink) {
  if (expected_ != 0 && received_ != 0) {
    sink.on_batch(batch_version_, highest_, false);
  }
  expected_ = count;
  received_ = highest_ = 0;
  batch_version_ = version;
  sink.on_window(version, count);
  if (count == 0) sink.on_batch(version, 0, true);
}

void LumberjackDecoder::count_event(char version, uint32_t sequence) {
  if (expected_ == 0) {  // an event without window is a window of its own
    expected_ = 1;
    received_ = highest_ = 0;
    batch_version_ = version;
  }
  ++received_;
  highest_ = std::max(highest_, sequence);
}

void LumberjackDecoder::finish_event(LumberjackSink& sink) {
  if (received_ < expected_) return;
  expected_ = received_ = 0;
  sink.on_batch(batch_version_, highest_, true);
}

std::array<char, 6> lumberjack_ack(char version, uint32_t sequence) {
  return {version,
          'A',
          static_cast<char>(sequence >> 24),
          static_cast<char>(sequence >> 16),
          static_cast<char>(sequence >> 8),
          static_cast<char>(sequence)};
}

std::optional<uint32_t> parse_lumberjack_ack(std::string_view bytes) {
  if (bytes.size() < 6 || (bytes[0] != '1' && bytes[0] != '2') || bytes[1] != 'A') return std::nullopt;
  return read32(bytes.data() + 2);
}

LumberjackWriter& LumberjackWriter::window(uint32_t count) {
  out_ += version_;
  out_ += 'W';
  write32(out_, count);
  sequence_ = 0;
  frames_from_ = out_.size();
  return *this;
}

LumberjackWriter& LumberjackWriter::json(std::string_view text) {
  out_ += version_;
  out_ += 'J';
  write32(out_, ++sequence_);
  write32(out_, static_cast<uint32_t>(text.size()));
  out_ += text;
  return *this;
}

LumberjackWriter& LumberjackWriter::pairs(LumberjackSink::Pairs pairs) {
  out_ += version_;
  out_ += 'D';
  write32(out_, ++sequence_);
  write32(out_, static_cast<uint32_t>(pairs.size()));
  for (const auto& [name, value] : pairs) {
    write32(out_, static_cast<uint32_t>(name.size()));
    out_ += name;
    write32(out_, static_cast<uint32_t>(value.size()));
    out_ += value;
  }
  return *this;
}

LumberjackWriter& LumberjackWriter::compress_frames(int level) {
  const SlabRef packed = compress(Compression::zlib, std::string_view(out_).substr(frames_from_), level);
  out_.resize(frames_from_);
  out_ += version_;
  out_ += 'C';
  write32(out_, static_cast<uint32_t>(packed.size()));
  out_ += packed.view();
  frames_from_ = out_.size();
  return *this;
}

std::string LumberjackWriter::take() {
  frames_from_ = 0;
  sequence_ = 0;
  return std::exchange(out_, {});
}

}  // namespace sluice::net
