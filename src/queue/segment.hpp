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
///
/// Bytes that the system cannot read are an error, and the same place can be tried again. Once it has failed
/// `patience` times, and other bytes of the segment can be read, it is damage like any other.
class SegmentReader {
 public:
  static constexpr uint32_t kForever = UINT32_MAX;

  SegmentReader(std::unique_ptr<Env::File> file, uint64_t number, uint32_t patience = kForever)
      : file_(std::move(file)), number_(number), patience_(patience) {}

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
  Result<std::optional<RecordHeader>> header_at(uint64_t offset);
  Result<bool> payload_of(const RecordHeader& header, Record& record);
  Result<uint64_t> find_header(uint64_t from);
  bool ends_at(uint64_t offset);
  Result<size_t> read(uint64_t offset, char* to, size_t size);
  size_t read_pages(uint64_t offset, char* to, size_t size);
  bool readable(uint64_t offset);

  std::unique_ptr<Env::File> file_;
  uint64_t number_;
  const uint32_t patience_;
  uint64_t failed_at_ = 0;  // where reading failed last
  uint32_t failures_ = 0;   // how often
  uint64_t offset_ = kSegmentHeader;
  uint64_t end_ = 0;
};

}  // namespace sluice::queue
