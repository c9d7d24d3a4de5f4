#include "queue/segment.hpp"

#include <algorithm>
#include <vector>

namespace sluice::queue {
namespace {

constexpr size_t kSearchPiece = 256 << 10;

}  // namespace

std::optional<RecordHeader> SegmentReader::header_at(uint64_t offset) {
  char bytes[kRecordHeader];
  if (end_ < kRecordHeader || offset > end_ - kRecordHeader) return std::nullopt;
  const auto read = file_->read(offset, bytes, sizeof bytes);
  if (!read.ok() || *read != sizeof bytes) return std::nullopt;
  return decode_record_header({bytes, sizeof bytes}, {number_, offset});
}

// The offset of the first header at or behind `from`, or the end.
uint64_t SegmentReader::find_header(uint64_t from) {
  std::vector<char> piece(kSearchPiece);
  from = (from + kRecordAlign - 1) / kRecordAlign * kRecordAlign;
  while (from < end_ && end_ - from >= kRecordHeader) {
    const auto read = file_->read(from, piece.data(), std::min<uint64_t>(piece.size(), end_ - from));
    if (!read.ok() || *read < kRecordHeader) break;
    const std::string_view bytes(piece.data(), *read);
    size_t at = 0;
    for (; at + kRecordHeader <= bytes.size(); at += kRecordAlign)
      if (decode_record_header(bytes.substr(at, kRecordHeader), {number_, from + at})) return from + at;
    from += at;
  }
  return end_;
}

Result<SegmentReader::Step> SegmentReader::next_header(RecordHeader& header,
                                                       const std::function<void(const Damage&)>& damaged) {
  for (;;) {
    if (offset_ >= end_) return Step::end;
    const auto found = header_at(offset_);
    if (found && offset_ + kRecordHeader + found->stored <= end_) {
      header = *found;
      offset_ += header.extent();
      return Step::record;
    }
    const uint64_t next = find_header(offset_ + (found ? kRecordAlign : 0));
    damaged({number_, offset_, next - offset_, found ? "a record is cut off" : "no record's header"});
    offset_ = next;
  }
}

Result<bool> SegmentReader::payload_of(const RecordHeader& header, Record& record) {
  SlabRef stored = SlabRef::allocate(header.stored);
  const auto read = file_->read(offset_ - header.extent() + kRecordHeader, stored.data(), header.stored);
  if (!read.ok()) return read.status();
  stored.set_size(*read);
  if (*read != header.stored || checksum(stored.view()) != header.payload_checksum) return false;
  record.header = header;
  if (!header.compressed) {
    record.payload = std::move(stored);
    return true;
  }
  auto plain = decompress(header, stored.view());
  if (!plain.ok()) return false;
  record.payload = std::move(plain).value();
  return true;
}

Result<SegmentReader::Step> SegmentReader::next(Record& record,
                                                const std::function<void(const Damage&)>& damaged) {
  for (;;) {
    RecordHeader header;
    const uint64_t before = offset_;
    auto step = next_header(header, damaged);
    if (!step.ok() || *step == Step::end) return step;
    const auto intact = payload_of(header, record);
    if (!intact.ok()) {
      offset_ = before;
      return intact.status();
    }
    if (*intact) return Step::record;
    const uint64_t start = offset_ - header.extent();
    damaged({number_, start, header.extent(), "the events of a record are damaged"});
  }
}

std::string SegmentReader::bytes(const Damage& damage, size_t limit) {
  std::string bytes(std::min<uint64_t>(damage.size, limit), '\0');
  const auto read = file_->read(damage.offset, bytes.data(), bytes.size());
  bytes.resize(read.ok() ? *read : 0);
  return bytes;
}

}  // namespace sluice::queue
