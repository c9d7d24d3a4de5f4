// What the dlq commands share: which queue, which letters, and a letter as text.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "queue/letters.hpp"

namespace sluice::cli {

/// A letter as it is shown to a visitor; valid during the visit.
struct ShownLetter {
  queue::LetterId id;
  queue::Letter letter;
  Batch& batch;
};

/// What was passed while letters were visited.
struct Visited {
  uint64_t letters = 0;
  uint64_t bytes = 0;          // of segments
  uint64_t damaged_bytes = 0;  // that are no letter
};

/// The folder of the pipeline that the settings name.
std::string letter_folder(const settings::Settings& settings);
/// The pipelines whose letters are meant: the one of --pipeline.id, else all that have a folder.
Result<std::vector<std::string>> letter_pipelines(const settings::Settings& settings);

/// Shows the records of one segment in turn until `visit` answers false; the letter is null where a record is
/// none. False: it did. The error says what cannot be read.
Result<bool> visit_segment(const std::string& folder, const queue::LetterSegment& segment,
                           queue::LetterReader& reader,
                           const std::function<bool(const queue::Record&, const ShownLetter*)>& visit);

/// Shows all letters of a folder, the oldest first, those of the segment that is being written included;
/// until `visit` answers false. The error says what cannot be read.
Result<Visited> visit_letters(const std::string& folder,
                              const std::function<bool(const ShownLetter&)>& visit);

/// The letter of a record, and whether it is one that --reason asks for.
bool wanted(const queue::Letter& letter, const Arguments& args);

/// `reason` without what differs from event to event (values in quotes, numbers, ids), for counting alike
/// ones.
std::string kind_of_reason(std::string_view reason);
/// On one line, control characters as blanks, cut at `limit` bytes.
std::string one_line(std::string_view text, size_t limit);
/// ISO 8601, UTC.
std::string time_text(int64_t nanos);
/// Everything about the letter as one JSON object.
std::string json_of(const ShownLetter& shown);

}  // namespace sluice::cli
