// libFuzzer: the path of a request from bytes to HttpRequest, with its body decompressed.
#include <algorithm>
#include <cstdint>
#include <string>

#include "net/compress.hpp"
#include "net/http_request_parser.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using sluice::net::HttpRequestParser;
  if (size == 0) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t step = data[0] + size_t{1};
  HttpRequestParser parser(4096, 1 << 16);
  std::string waiting;  // what the parser has not used yet, as the server keeps it
  for (size_t at = 0; at < all.size(); at += step) {
    waiting += all.substr(at, step);
    std::string_view rest = waiting;
    auto outcome = parser.feed(rest);
    if (outcome == HttpRequestParser::Outcome::header) outcome = parser.feed(rest);
    if (outcome == HttpRequestParser::Outcome::done) {
      std::string value;
      (void)sluice::net::query_parameter(parser.request.query(), "a", value);
      if (parser.body)
        (void)sluice::net::decompress(sluice::net::Compression::gzip, parser.body.view(), 1 << 16);
      return 0;
    }
    if (outcome != HttpRequestParser::Outcome::more) return 0;
    waiting.erase(0, waiting.size() - rest.size());
  }
  return 0;
}
