// The persistent queue's bytes on disk: segments of records, all little-endian.
//
//   segment   64 bytes of header, then records at multiples of 8 bytes
//   record    40 bytes of header, the payload (events as BinaryWriter wrote them, perhaps compressed), zeros
//   end mark  8 bytes behind the last record, where the file goes on: what is behind them is of an earlier
//   use of it
//
// The header of a record has a checksum of its own: behind damaged bytes the next record is found by looking
// for a header that is one. The checksum covers where the record stands, so that neither an event whose text
// looks like a record nor the rest of another file is taken for one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/buffer.hpp"
#include "base/slab.hpp"
#include "base/status.hpp"

namespace sluice::queue {

/// Of a record's payload (`queue.compression`).
enum class Compression : uint8_t { none, speed, balanced, size };

constexpr size_t kSegmentHeader = 64;
constexpr size_t kRecordHeader = 40;
constexpr size_t kRecordAlign = 8;
/// Nothing on disk counts further, so that sums of sequence numbers do not wrap around.
constexpr uint64_t kLastSequence = uint64_t{1} << 62;
constexpr size_t kEndMark = kRecordAlign;

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4) of `bytes`.
uint32_t checksum(std::string_view bytes);

/// What the first bytes of a file are before it becomes a segment once more: no header, and no record.
constexpr std::array<char, kSegmentHeader + kEndMark> kBlankSegment{};

struct SegmentHeader {
  uint64_t number = 0;
  uint64_t first = 0;  ///< sequence number of the first event written to it
};
std::array<char, kSegmentHeader> encode(const SegmentHeader& header);
/// Nothing when the bytes are no header.
std::optional<SegmentHeader> decode_segment_header(std::string_view bytes);
/// Whether a segment begins with kBlankSegment; `bytes` are those of its header.
bool is_blank(std::string_view bytes);

struct RecordHeader {
  uint64_t first = 0;   ///< sequence number of the first event
  uint32_t events = 0;  ///< how many
  uint32_t stored = 0;  ///< bytes of the payload on disk
  uint32_t plain = 0;   ///< bytes of the payload once decompressed
  uint32_t payload_checksum = 0;
  bool compressed = false;

  /// Bytes from this record to the next.
  [[nodiscard]] uint64_t extent() const {
    return (kRecordHeader + uint64_t{stored} + kRecordAlign - 1) / kRecordAlign * kRecordAlign;
  }
  /// The sequence number behind its last event.
  [[nodiscard]] uint64_t end() const { return first + events; }
};
/// Where a record stands: the number of its segment, and the offset in it.
struct RecordPlace {
  uint64_t segment = 0, offset = 0;
};
std::array<char, kRecordHeader> encode(const RecordHeader& header, RecordPlace place);
/// Nothing when the bytes are no header, or that of another place.
std::optional<RecordHeader> decode_record_header(std::string_view bytes, RecordPlace place);

/// Stands at `place`, where no record begins because the segment ends there.
std::array<char, kEndMark> end_mark(RecordPlace place);

/// Compresses `plain` to the end of `out`; false when that would not make it shorter, and `out` is as before.
bool compress(std::string_view plain, Compression how, Buffer& out);
/// The payload of a record as it was before compression, or the error when it is damaged.
Result<SlabRef> decompress(const RecordHeader& header, std::string_view stored);

/// Of the file that waits to become a segment once more.
constexpr std::string_view kSpareName = "spare";
/// "segment.0000000000000012", and its number again.
std::string segment_name(uint64_t number);
std::optional<uint64_t> segment_number(std::string_view name);

}  // namespace sluice::queue
