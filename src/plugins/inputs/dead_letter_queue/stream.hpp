// From letters to events.
#pragma once

#include <string_view>

#include "plugin/decoration.hpp"
#include "plugin/input.hpp"

namespace sluice::plugins::dead_letters {

/// Makes of each chunk, which is the payload of a letter's record, the event that was refused, with
/// [@metadata][dead_letter_queue] saying why. What is no letter is counted in `unreadable` and makes no
/// event.
class LetterStream : public plugin::Stream {
 public:
  /// Both outlive the stream.
  LetterStream(const plugin::Decoration& decoration, plugin::PluginMetrics& metrics)
      : decoration_(decoration), metrics_(metrics) {}
  void decode(plugin::Chunk& chunk, Batch& batch) override;

 private:
  const plugin::Decoration& decoration_;
  plugin::PluginMetrics& metrics_;
};

}  // namespace sluice::plugins::dead_letters
