// libFuzzer: reading any text ends in a value or an error; what was read and written again reads as the same
// value and is then written as the same text.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "event/json_read.hpp"
#include "event/json_write.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  auto& reader = JsonReader::local();
  Arena arena;
  Value first, second;
  if (!reader.read({reinterpret_cast<const char*>(data), size}, arena, first)) return 0;
  Buffer once, twice;
  write_json(first, once);
  if (!reader.read(once.view(), arena, second)) std::abort();
  if (!equal(first, second)) std::abort();
  write_json(second, twice);
  if (once.view() != twice.view()) std::abort();
  return 0;
}
