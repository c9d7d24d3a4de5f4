// Whole lines of one file to events. Runs on workers.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/digest/event_digest.hpp"
#include "plugins/inputs/file/settings.hpp"

namespace sluice::plugins::file {

/// Decodes chunks of whole lines; the codec sees one line at a time, without its delimiter. What the codec
/// still keeps of a chunk (multiline) keeps the chunk unacknowledged.
class FileStream : public plugin::Stream, private plugin::EventSink {
 public:
  /// `name`: the file's identity, stable over restarts.
  FileStream(std::shared_ptr<const Settings> settings, std::string path, std::string name);

  void decode(plugin::Chunk& chunk, Batch& batch) override;
  void flush(Batch& batch) override;
  std::optional<int64_t> flush_after() const override { return decoder_->flush_after(); }

 private:
  void begin(Batch& batch);
  void end();
  /// One line, with its delimiter when it has one.
  void decode_line(std::string_view line, bool ended);
  void begin_group(std::string_view line);
  Event& make() override { return batch_->make(source_); }
  void add(Event& event) override;
  Batch& batch() override { return *batch_; }

  std::shared_ptr<const Settings> settings_;
  const std::string path_;
  const std::string name_;
  std::unique_ptr<plugin::Decoder> decoder_;
  const Value host_value_;
  const bool line_ends_;      // the codec wants to see them
  std::vector<AckRef> kept_;  // of chunks that the codec holds lines of
  uint64_t group_ = 0;  // position of the first line that the codec holds: the place of the event it becomes
  uint64_t group_digest_ = 0;
  digest::EventDigest digest_;
  // Of the call in progress:
  Batch* batch_ = nullptr;
  uint32_t source_ = 0;
  uint64_t position_ = 0;  // of the line
  uint64_t extra_ = 0;     // events that this line has made already
  ArrivalTime arrived_;    // of the chunk in progress
  size_t before_ = 0;
  Value path_value_;
};

}  // namespace sluice::plugins::file
