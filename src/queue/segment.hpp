// Reading a segment file, whatever has happened to it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/env.hpp"
#include "queue/record.hpp"

namespace sluice::queue {

/// A record as read: its payload is intact, decompressed and held by `payload`.
struct Record {
  RecordHeader header;
  SlabRef payload;
};

/// A stretch of a segment that holds no record that can be read.
struct Damage {
  uint64_t segment = 0;
  uint64_t offset = 0, size = 0;
  std::string reason;
};

/// Goes through the records of one segment, over damaged stretches too. Not thread-safe.
class SegmentReader {
 public:
  SegmentReader(std::unique_ptr<Env::File> file, uint64_t number) : file_(std::move(file)), number_(number) {}

  /// Whole records end here at the latest: the size of a file that grows no more, or what has been written.
  void set_end(uint64_t end) { end_ = end; }
  /// Goes to where a record begins.
  void seek(uint64_t offset) { offset_ = offset; }
  /// Where the next record is looked for.
  [[nodiscard]] uint64_t offset() const { return offset_; }
  [[nodiscard]] uint64_t number() const { return number_; }

  enum class Step : uint8_t { record, end };
  /// The next record that is intact. `damaged` is told of what lies between. The error is the system's.
  Result<Step> next(Record& record, const std::function<void(const Damage&)>& damaged);
  /// The next record's header, its payload neither read nor checked.
  Result<Step> next_header(RecordHeader& header, const std::function<void(const Damage&)>& damaged);
  /// The raw bytes of a damaged stretch, `limit` at most.
  std::string bytes(const Damage& damage, size_t limit);

 private:
  std::optional<RecordHeader> header_at(uint64_t offset);
  Result<bool> payload_of(const RecordHeader& header, Record& record);
  uint64_t find_header(uint64_t from);

  std::unique_ptr<Env::File> file_;
  uint64_t number_;
  uint64_t offset_ = kSegmentHeader;
  uint64_t end_ = 0;
};

}  // namespace sluice::queue
