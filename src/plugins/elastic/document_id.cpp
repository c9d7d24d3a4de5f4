#include "plugins/elastic/document_id.hpp"

#include "base/random.hpp"

namespace sluice::elastic {
namespace {

constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Eleven digits, the highest first: ids of one file begin alike, and Elasticsearch stores them small.
char* put(uint64_t number, char* out) {
  for (int shift = 60; shift >= 0; shift -= 6) *out++ = kDigits[number >> shift & 63];
  return out;
}

}  // namespace

std::string_view DocumentIds::of(const Event& event) {
  char* end = text_.data();
  if (event.digest != 0) {
    end = put(event.digest, put(event.position, end));
    if (event.part != 0) end = put(event.part, end);
  } else {
    if (made_++ == 0) prefix_ = random_number();
    end = put(made_, put(prefix_, end));
  }
  return {text_.data(), static_cast<size_t>(end - text_.data())};
}

}  // namespace sluice::elastic
