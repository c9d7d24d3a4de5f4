// Figures, not run by default: unit_index --no-skip -tc="figures*"
#include <fmt/format.h>
#include <time.h>

#include "fixture.hpp"

using namespace sluice::index;

namespace {

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

std::string document(int i) {
  return fmt::format(
      R"({{"@timestamp":"2024-01-{:02}T{:02}:{:02}:{:02}.{:03}Z","message":"{}.{}.12.7 - - GET /images/item-{}.png HTTP/1.1 status {} bytes {}","host":{{"name":"web-{:02}"}},"level":"{}","response":{},"bytes":{},"tenant":"acme","service":"shop","environment":"production","event":{{"id":"{:016x}"}}}})",
      i / 86400 % 28 + 1, i / 3600 % 24, i / 60 % 60, i % 60, i * 7 % 1000, i % 223, i % 255, i % 5000,
      i % 7 == 0 ? 404 : 200, i * 37 % 90000, i % 20, i % 9 == 0 ? "ERROR" : "INFO", i % 7 == 0 ? 404 : 200,
      i * 37 % 90000, static_cast<unsigned long>(i) * 0x9E3779B97F4A7C15UL);
}

}  // namespace

TEST_CASE("figures: bulk and search" * doctest::skip()) {
  Fixture f;
  const int total = 300000, batch = 1000;
  size_t bytes = 0;
  std::vector<std::string> bodies;
  for (int i = 0; i < total; i += batch) {
    std::string body;
    for (int k = i; k < i + batch; ++k) {
      const auto one = document(k);
      bytes += one.size();
      body += "{\"create\":{}}\n" + one + "\n";
    }
    bodies.push_back(std::move(body));
  }
  double start = cpu_seconds();
  for (const auto& body : bodies)
    REQUIRE(f.bulk(body, "/logs/_bulk?filter_path=errors,items.*.error,items.*.status")
                .text.find("\"errors\":false") != std::string::npos);
  double used = cpu_seconds() - start;
  int64_t disk = 0;
  for (const auto& file : std::filesystem::directory_iterator(f.directory))
    disk += static_cast<int64_t>(file.file_size());
  fmt::print("bulk: {} documents of {} bytes, {:.0f} documents a CPU second, {:.1f} bytes of disk a byte\n",
             total, bytes / total, total / used, static_cast<double>(disk) / static_cast<double>(bytes));
  const std::pair<const char*, const char*> searches[] = {
      {"newest 50", R"({"size":50,"sort":[{"@timestamp":"desc"}]})"},
      {"newest 50 errors",
       R"({"size":50,"sort":[{"@timestamp":"desc"}],"query":{"term":{"level.keyword":"ERROR"}}})"},
      {"one id", R"({"query":{"term":{"event.id.keyword":"0000000000000000"}}})"},
      {"an hour, by minute",
       R"({"size":0,"query":{"range":{"@timestamp":{"gte":"2024-01-02T10:00:00Z","lt":"2024-01-02T11:00:00Z"}}},"aggs":{"m":{"date_histogram":{"field":"@timestamp","fixed_interval":"1m"}}}})"},
      {"all, terms by response", R"({"size":0,"aggs":{"r":{"terms":{"field":"response"}}}})"},
      {"count all", R"({"size":0,"track_total_hits":true})"}};
  for (const auto& [name, body] : searches) {
    start = cpu_seconds();
    const auto a = f.call("POST", "/logs/_search", body);
    CHECK(a.status == 200);
    fmt::print("{}: {:.2f} ms, {} hits\n", name, (cpu_seconds() - start) * 1000, a.str("hits.total.value"));
  }
}
