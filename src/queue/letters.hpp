// Dead letters on disk: a folder for each pipeline, written by a LetterWriter, read by anybody.
//
//   segment.0000000000000012         sealed: whole, and never written again
//   segment.0000000000000013.open    being written
//   number.0000000000000013          the highest number that a segment has had
//   damaged/                         bytes that are no letter, as they were found
//
// Segments are those of the persistent queue (queue/record.hpp). A record is a letter: two events, a note of
// who refused what and why, and the event itself. RecordHeader::first is its place in the segment, which it
// keeps when the letters before it go.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.hpp"
#include "event/batch.hpp"
#include "event/binary.hpp"
#include "plugin/refuser.hpp"
#include "queue/segment.hpp"

namespace sluice::queue {

/// Names a letter for ever: "12.5" is the sixth of segment 12.
struct LetterId {
  uint64_t segment = 0;
  uint64_t index = 0;
  friend auto operator<=>(const LetterId&, const LetterId&) = default;
};
std::string to_string(LetterId id);
std::optional<LetterId> parse_letter_id(std::string_view text);

/// A letter that was read: events of a batch, not part of its events().
struct Letter {
  Event* note = nullptr;   // who refused it, where and why
  Event* event = nullptr;  // as it was then, @metadata and the place in its source included

  /// What the note says of who refused it; views into the batch.
  [[nodiscard]] plugin::Refusal refusal() const;
  /// Nanoseconds since the epoch.
  [[nodiscard]] int64_t entry_time() const;
};

/// Letters to bytes. Keeps its buffers; not thread-safe.
class LetterEncoder {
 public:
  /// Appends the payload of a record.
  void encode(const Event& event, const plugin::Refusal& refusal, int64_t entry_time, Buffer& out);

 private:
  BatchPool pool_;
  BinaryWriter writer_;
};
constexpr uint32_t kLetterEvents = 2;

/// The letter of a record's payload, in `batch`, whose strings then point into `payload`. Nothing when the
/// bytes are no letter; safe for any.
std::optional<Letter> decode_letter(std::string_view payload, Batch& batch);

/// A segment in a folder.
struct LetterSegment {
  uint64_t number = 0;
  bool open = false;  // still being written, or left behind by a process that was killed

  [[nodiscard]] std::string name() const;
};
/// The segments of a folder in the order of their letters; of one that is there in both forms the sealed one.
Result<std::vector<LetterSegment>> letter_segments(Env& env, const std::string& folder);

/// Goes through one segment. Of one that is being written: through what it holds at the opening.
class LetterReader {
 public:
  static Result<std::unique_ptr<LetterReader>> open(Env& env, const std::string& folder,
                                                    const LetterSegment& segment);
  /// The next letter's record; false at the end. Damaged stretches are passed over and counted.
  Result<bool> next(Record& record);
  [[nodiscard]] uint64_t number() const { return reader_.number(); }
  [[nodiscard]] uint64_t size() const { return size_; }
  [[nodiscard]] uint64_t damaged_bytes() const { return damaged_; }
  /// The damaged stretches passed so far, 64 MiB of each at most.
  std::string damaged();

 private:
  LetterReader(std::unique_ptr<Env::File> file, uint64_t number, uint64_t size);

  SegmentReader reader_;
  uint64_t size_;
  uint64_t damaged_ = 0;
  std::vector<Damage> stretches_;
};

/// Puts a segment of the letters of `from` that `keep` wants in the place of segment `number`, in one step;
/// with none of them that segment is removed. `kept` says how many there are. Nobody may be writing `from`.
Status rewrite_letters(Env& env, const std::string& folder, const LetterSegment& from,
                       const std::function<bool(const Record&)>& keep, uint64_t& kept);

/// Makes sealed segments of those that a process left open; what is no letter in them goes to the folder
/// `damaged`. For whoever holds the folder's lock.
Status seal_left_open(Env& env, const std::string& folder);

/// The lock of the folder, which whoever writes holds; an error while another does.
Result<std::unique_ptr<Env::Lock>> lock_letters(Env& env, const std::string& folder);

/// Appends a record of `payload` as it stands at `place` to `out`.
void append_record(std::string_view payload, uint64_t index, RecordPlace place, Buffer& out);
/// Bytes that append_record() takes.
uint64_t record_size(size_t payload);

}  // namespace sluice::queue
