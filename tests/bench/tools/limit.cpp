// bench_limit JSON_LINES ACCESS_LOG [rounds=5]: what this machine can do at best for the work of the cases,
// with nothing of an engine around it. Prints one line of JSON with ns of CPU per line for each kind of work:
// the median of `rounds` passes.
#include <libdeflate.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"

namespace bench {
namespace {

constexpr size_t kBlock =
    1 << 20;  // As much as an engine has of one connection, request or window at a time.

double cpu_nanos() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) * 1e9 + double(now.tv_nsec);
}

/// The median CPU time of `rounds` calls, divided by `lines`. The result of each is added up so that none is
/// left out.
template <class Work>
double measure(int rounds, size_t lines, size_t& sum, Work work) {
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const auto start = cpu_nanos();
    sum += work();
    times.push_back((cpu_nanos() - start) / double(lines));
  }
  std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
  return times[static_cast<size_t>(rounds / 2)];
}

size_t find_lines(std::string_view text) {
  size_t lines = 0;
  for (const char *at = text.data(), *end = at + text.size();
       at < end && (at = static_cast<const char*>(std::memchr(at, '\n', size_t(end - at)))); ++at)
    ++lines;
  return lines;
}

/// Takes every value out of a document, as whoever builds an event has to.
size_t take(simdjson::ondemand::value value) {
  size_t sum = 0;
  switch (value.type()) {
    case simdjson::ondemand::json_type::object:
      for (auto field : value.get_object())
        sum += std::string_view(field.unescaped_key()).size() + take(field.value());
      return sum;
    case simdjson::ondemand::json_type::array:
      for (auto element : value.get_array()) sum += take(element.value());
      return sum;
    case simdjson::ondemand::json_type::string:
      return std::string_view(value.get_string()).size();
    case simdjson::ondemand::json_type::number:
      return double(value.get_double()) > 0;
    default:
      return 1;
  }
}

size_t parse(simdjson::ondemand::parser& parser, const simdjson::padded_string& text) {
  size_t sum = 0;
  simdjson::ondemand::document_stream documents;
  if (parser.iterate_many(text, kBlock).get(documents) != simdjson::SUCCESS) Options::fail("not JSON lines");
  for (auto document : documents) {
    simdjson::ondemand::object object = document.get_object();
    for (auto field : object) sum += std::string_view(field.unescaped_key()).size() + take(field.value());
  }
  return sum;
}

/// Calls `work` for each block of the text.
template <class Work>
size_t blocks(std::string_view text, Work work) {
  size_t sum = 0;
  for (size_t i = 0; i < text.size(); i += kBlock) sum += work(text.substr(i, kBlock));
  return sum;
}

/// Finds the delimiters of the combined access log, and writes what is between them with a JSON key's marks
/// around.
size_t scan_access(std::string_view log, std::string& out) {
  static constexpr std::string_view kDelimiters[] = {" ", " ", " [", "] \"", "\" ", " ", " \"", "\" \""};
  size_t at = 0;
  for (std::string_view rest = log; !rest.empty();) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    for (const auto delimiter : kDelimiters) {
      const auto found = line.find(delimiter);
      if (found == std::string_view::npos) break;
      std::memcpy(out.data() + at, line.data(), found);
      std::memcpy(out.data() + at + found, "\":\"", 3);
      at += found + 3;
      line.remove_prefix(found + delimiter.size());
    }
    if (at + 4096 > out.size()) at = 0;
  }
  return at;
}

std::string read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Options::fail(std::string("cannot read ") + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  using namespace bench;
  if (argc < 3) Options::fail("usage: bench_limit JSON_LINES ACCESS_LOG [rounds=5]");
  const int rounds = static_cast<int>(Options(argc, argv, 3).number("rounds", 5));
  const simdjson::padded_string json{read(argv[1])};
  const std::string_view text(json.data(), json.size());
  const auto access = read(argv[2]);
  const auto lines = find_lines(text), access_lines = find_lines(access);
  size_t sum = 0;
  std::string out(4 * kBlock, '\0'), back(kBlock, '\0');

  const double frame = measure(rounds, lines, sum, [&] { return find_lines(text); });
  simdjson::ondemand::parser parser;
#ifdef SIMDJSON_THREADS_ENABLED
  parser.threaded = false;  // The second thread costs more CPU than it saves time.
#endif
  const double parsing = measure(rounds, lines, sum, [&] { return parse(parser, json); });
  const double writing = measure(rounds, lines, sum, [&] {
    return blocks(text, [&](std::string_view block) {
      return *static_cast<char*>(std::memcpy(out.data(), block.data(), block.size())) != 0;
    });
  });
  auto* deflater = libdeflate_alloc_compressor(1);
  const auto zip = [&](std::string_view block) {
    return libdeflate_gzip_compress(deflater, block.data(), block.size(), out.data(), out.size());
  };
  const double zipping = measure(rounds, lines, sum, [&] { return blocks(text, zip); });
  std::vector<std::string> windows;
  blocks(text, [&](std::string_view block) { return windows.emplace_back(out.data(), zip(block)).size(); });
  auto* inflater = libdeflate_alloc_decompressor();
  const double inflating = measure(rounds, lines, sum, [&] {
    size_t total = 0, length = 0;
    for (const auto& window : windows) {
      libdeflate_gzip_decompress(inflater, window.data(), window.size(), back.data(), back.size(), &length);
      total += length;
    }
    return total;
  });
  const double scanning = measure(rounds, access_lines, sum, [&] { return scan_access(access, out); });

  std::printf(
      "{\"frame\": %.1f, \"parse\": %.1f, \"write\": %.1f, \"gzip\": %.1f, \"inflate\": %.1f, \"access\": "
      "%.1f, "
      "\"json_bytes\": %.0f, \"access_bytes\": %.0f}\n",
      frame, parsing, writing, zipping, inflating, scanning, double(text.size()) / double(lines),
      double(access.size()) / double(access_lines));
  libdeflate_free_compressor(deflater);
  libdeflate_free_decompressor(inflater);
  return sum == 42;
}
