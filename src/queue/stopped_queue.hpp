// The queue of a pipeline that is not running: what commands do with it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/env.hpp"
#include "event/batch.hpp"
#include "queue/checkpoint.hpp"
#include "queue/segment.hpp"

namespace sluice::queue {

/// Holds the folder, which no engine has at the same time. Not thread-safe.
class StoppedQueue {
 public:
  /// Errors: there is no queue, or an engine has it.
  static Result<StoppedQueue> open(Env& env, std::string folder);

  struct Segment {
    std::string name;
    uint64_t number = 0, bytes = 0;
    uint64_t records = 0, events = 0, undelivered = 0;  ///< in records that are intact
    Range range;                                        ///< of their sequence numbers
    bool header = true;                                 ///< its own header is intact
    bool blank = false;                                 ///< its header has not been written yet
    std::vector<Damage> damages;                        ///< the header too
  };
  struct Contents {
    std::vector<Segment> segments;
    LoadedCheckpoint checkpoint;
    uint64_t undelivered = 0;
    std::vector<Range> missing;  ///< neither delivered nor found: of damaged records, of lost files
    uint64_t end = 1;            ///< the sequence number behind the last event
    [[nodiscard]] bool damaged() const;
    [[nodiscard]] uint64_t events_missing() const;
  };
  /// Reads all of it and changes nothing. `each` gets the events of every intact record that is not
  /// delivered; its error ends the reading.
  Result<Contents> read(const std::function<Status(Batch&)>& each = {});

  /// Writes damaged segments anew with their intact records, moves what is damaged to the folder `damaged`,
  /// and makes a damaged checkpoint anew: its events will be delivered once more. Returns what was found
  /// before.
  Result<Contents> repair();

  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  StoppedQueue(Env& env, std::string folder, std::unique_ptr<Env::Lock> lock)
      : env_(&env), folder_(std::move(folder)), lock_(std::move(lock)) {}
  Result<std::unique_ptr<SegmentReader>> open_segment(Segment& segment, SegmentHeader& header);
  Status read_segment(Segment& segment, Contents& contents, const Acknowledged& delivered, uint64_t& expected,
                      const std::function<Status(Batch&)>& each);
  Status rewrite(const Segment& segment);
  Status renew_checkpoint(const Contents& contents);
  Status keep(const std::string& name, std::string_view bytes);

  Env* env_;
  std::string folder_;
  std::unique_ptr<Env::Lock> lock_;
};

}  // namespace sluice::queue
