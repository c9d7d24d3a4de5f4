// The ids of `document_id => "auto"`.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "event/event.hpp"

namespace sluice::elastic {

/// Gives each event an id of 22 or 33 characters of base64url. An event whose source says which one it is
/// (Event::digest) has the same id whenever it comes again; any other has an id that nothing else has, which
/// makes a request that is sent again harmless. One per worker.
class DocumentIds {
 public:
  /// Valid until the next call.
  std::string_view of(const Event& event);

 private:
  uint64_t prefix_ = 0;  // drawn when first needed; two writers do not draw the same
  uint64_t made_ = 0;
  std::array<char, 33> text_{};
};

}  // namespace sluice::elastic
