#include "queue/segment.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace sluice::queue {
namespace {

constexpr size_t kSearchPiece = 256 << 10;
constexpr size_t kPage = 4096;  // what the system reads from a disk at least

}  // namespace

// Short at the end of the file. What cannot be read and is damage is zeros, which are no header and no
// events.
Result<size_t> SegmentReader::read(uint64_t offset, char* to, size_t size) {
  auto whole = file_->read(offset, to, size);
  if (whole.ok() || patience_ == kForever) return whole;
  if (std::exchange(failed_at_, offset) != offset) failures_ = 0;
  if (failures_ < patience_) {
    ++failures_;
    return whole;
  }
  // A disk that is away is no damaged disk.
  if (!readable(0) && !readable(end_ - 1)) return whole;
  return read_pages(offset, to, size);
}

size_t SegmentReader::read_pages(uint64_t offset, char* to, size_t size) {
  for (size_t done = 0; done < size;) {
    const size_t step = std::min<size_t>(size - done, kPage - (offset + done) % kPage);
    const auto part = file_->read(offset + done, to + done, step);
    if (part.ok() && *part < step) return done + *part;
    if (!part.ok()) std::memset(to + done, 0, step);
    done += step;
  }
  return size;
}

bool SegmentReader::readable(uint64_t offset) {
  char byte = 0;
  return file_->read(offset, &byte, 1).ok();
}

Result<std::optional<RecordHeader>> SegmentReader::header_at(uint64_t offset) {
  char bytes[kRecordHeader];
  if (end_ < kRecordHeader || offset > end_ - kRecordHeader) return std::optional<RecordHeader>{};
  const auto got = read(offset, bytes, sizeof bytes);
  if (!got.ok()) return got.status();
  return decode_record_header({bytes, *got}, {number_, offset});
}

// The offset of the first header at or behind `from`, or the end.
Result<uint64_t> SegmentReader::find_header(uint64_t from) {
  std::vector<char> piece(kSearchPiece);
  from = (from + kRecordAlign - 1) / kRecordAlign * kRecordAlign;
  while (from < end_ && end_ - from >= kRecordHeader) {
    const auto got = read(from, piece.data(), std::min<uint64_t>(piece.size(), end_ - from));
    if (!got.ok()) return got.status();
    if (*got < kRecordHeader) break;
    const std::string_view bytes(piece.data(), *got);
    size_t at = 0;
    for (; at + kRecordHeader <= bytes.size(); at += kRecordAlign)
      if (decode_record_header(bytes.substr(at, kRecordHeader), {number_, from + at})) return from + at;
    from += at;
  }
  return end_;
}

// Whether the one who wrote the segment ended it here. A file that was taken into use once more when the
// process ended has no header yet, and ends where its first record would begin.
bool SegmentReader::ends_at(uint64_t offset) {
  char bytes[kBlankSegment.size()];
  auto read = file_->read(offset, bytes, kEndMark);
  if (!read.ok() || *read != kEndMark) return false;
  const auto mark = end_mark({number_, offset});
  if (std::equal(mark.begin(), mark.end(), bytes)) return true;
  if (offset != kSegmentHeader) return false;
  read = file_->read(0, bytes, sizeof bytes);
  return read.ok() && *read == sizeof bytes &&
         std::equal(std::begin(bytes), std::end(bytes), kBlankSegment.begin());
}

Result<SegmentReader::Step> SegmentReader::next_header(RecordHeader& header,
                                                       const std::function<void(const Damage&)>& damaged) {
  for (;;) {
    if (offset_ >= end_) return Step::end;
    const auto looked = header_at(offset_);
    if (!looked.ok()) return looked.status();
    const auto& found = *looked;
    if (found && offset_ + kRecordHeader + found->stored <= end_) {
      header = *found;
      offset_ += header.extent();
      return Step::record;
    }
    const auto searched = find_header(offset_ + (found ? kRecordAlign : 0));
    if (!searched.ok()) return searched.status();
    const uint64_t next = *searched;
    if (next == end_ && !found && ends_at(offset_)) {
      offset_ = end_;
      return Step::end;
    }
    damaged({number_, offset_, next - offset_, found ? "a record is cut off" : "no record's header"});
    offset_ = next;
  }
}

Result<bool> SegmentReader::payload_of(const RecordHeader& header, Record& record) {
  SlabRef stored = SlabRef::allocate(header.stored);
  const auto got = read(offset_ - header.extent() + kRecordHeader, stored.data(), header.stored);
  if (!got.ok()) return got.status();
  stored.set_size(*got);
  if (*got != header.stored || checksum(stored.view()) != header.payload_checksum) return false;
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
  bytes.resize(read_pages(damage.offset, bytes.data(), bytes.size()));
  return bytes;
}

}  // namespace sluice::queue
