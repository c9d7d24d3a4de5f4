#include "plugins/inputs/proxy_header.hpp"

#include <algorithm>
#include <vector>

#include "net/endpoint.hpp"

namespace sluice::plugins {
namespace {

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  while (!line.empty()) {
    const size_t end = std::min(line.find(' '), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

}  // namespace

ProxyHeader::Result ProxyHeader::feed(std::string_view& bytes) {
  const size_t before = line_.size();
  const size_t taken = std::min(bytes.size(), kMaxSize - before);
  line_.append(bytes.substr(0, taken));
  Result result;
  const size_t end = line_.find("\r\n");
  if (end == std::string::npos) {
    bytes.remove_prefix(taken);
    const std::string_view start = std::string_view("PROXY ").substr(0, line_.size());
    if (line_.size() >= kMaxSize || std::string_view(line_).substr(0, start.size()) != start)
      result.state = State::bad;
    return result;
  }
  bytes.remove_prefix(end + 2 - before);
  line_.resize(end);
  const auto words = words_of(line_);
  result.state = State::bad;
  if (words.size() < 2 || words[0] != "PROXY") return result;
  if (words[1] == "UNKNOWN") {
    result.state = State::good;
    return result;
  }
  if (words.size() != 6 || (words[1] != "TCP4" && words[1] != "TCP6")) return result;
  if (!net::Endpoint::parse(words[2], 0).ok() || !net::Endpoint::parse(words[3], 0).ok()) return result;
  result = {State::good, words[2], words[4], words[3], words[5]};
  return result;
}

}  // namespace sluice::plugins
