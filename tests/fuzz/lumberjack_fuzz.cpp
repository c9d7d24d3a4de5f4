// libFuzzer: whatever a beats port receives, in whatever pieces, must end in frames or an error.
#include <algorithm>
#include <cstdint>

#include "net/lumberjack.hpp"

namespace {
struct Sink : sluice::net::LumberjackSink {
  void on_json(uint32_t, const sluice::SlabRef&, std::string_view json) override { sum = sum + json.back(); }
  void on_pairs(uint32_t, const sluice::SlabRef&, Pairs pairs) override { sum = sum + pairs.size(); }
  void on_batch(char, uint32_t sequence, bool) override { sum = sum + sequence; }
  volatile uint64_t sum = 0;  // the bytes are read, whatever the optimizer thinks of it
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t step = data[0] + size_t{1};  // the first byte says how the rest is cut
  sluice::net::LumberjackDecoder decoder(
      {.max_frame_bytes = 1 << 20, .max_inflated_bytes = 4 << 20, .max_pairs = 1000});
  Sink sink;
  while (!bytes.empty()) {
    const auto slab = sluice::SlabRef::copy_of(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    if (!decoder.feed(slab, slab.view(), sink).ok()) break;
  }
  return 0;
}
