// The order of a java.util.HashMap: Logstash rebuilds every hash option through one, so plugins see entries
// in bucket order. A bucket is picked by String.hashCode, spread as HashMap does; a table doubles at 3/4
// full.
#include <algorithm>
#include <cstdint>
#include <numeric>

#include "base/utf8.hpp"
#include "plugin/options.hpp"

namespace sluice::plugin {
namespace {

// java.lang.String.hashCode: over UTF-16 units.
uint32_t java_string_hash(std::string_view text) {
  uint32_t h = 0;
  for (size_t i = 0; i < text.size();) {
    const char32_t c = utf8_next(text, i);
    if (c >= 0x10000) {
      h = 31 * h + (0xD800 + ((c - 0x10000) >> 10));
      h = 31 * h + (0xDC00 + ((c - 0x10000) & 0x3FF));
    } else {
      h = 31 * h + c;
    }
  }
  return h;
}

}  // namespace

std::vector<size_t> java_hash_order(const std::vector<std::string>& keys) {
  size_t buckets = 16;
  while (keys.size() * 4 > buckets * 3) buckets *= 2;
  std::vector<uint32_t> bucket(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    const uint32_t h = java_string_hash(keys[i]);
    bucket[i] = (h ^ (h >> 16)) & static_cast<uint32_t>(buckets - 1);
  }
  std::vector<size_t> order(keys.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return bucket[a] < bucket[b]; });
  return order;
}

}  // namespace sluice::plugin
