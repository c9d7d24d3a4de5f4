#include "plugins/filters/tenant_limits.hpp"

#include <doctest/doctest.h>

#include <set>
#include <thread>

#include "base/time.hpp"
#include "filter_fixture.hpp"
#include "plugin/lane.hpp"

using namespace sluice;
using namespace sluice::plugins;
using fixture::TestFilter;
using plugin::Lane;

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kStart = 1000 * kSecond;

// How many of `n` events pass a bucket in a call at `now`; `bytes` is what each has.
int pass(TenantBucket& bucket, int n, int64_t now, uint64_t bytes = 0) {
  const auto spare = bucket.spare(now);
  TenantBucket::Spare spent{};
  int passed = 0;
  for (; passed < n && bucket.lets_pass(spare, spent); ++passed) {
    spent.events += bucket.event_nanos(1);
    spent.bytes += bucket.byte_nanos(static_cast<double>(bytes));
  }
  (void)bucket.take(static_cast<uint64_t>(passed), static_cast<uint64_t>(passed) * bytes, now);
  return passed;
}

// So slow that nothing comes back during a test: what passes is the burst.
constexpr const char* kTen = "source => t events_per_second => 0.001 burst_seconds => 10000 ";

std::vector<std::string> events(const std::string& tenant, int n) {
  return std::vector<std::string>(static_cast<size_t>(n), R"({"t":")" + tenant + "\"}");
}

}  // namespace

TEST_CASE("a bucket lets the burst pass at once, and then the rate") {
  TenantBucket bucket({100, 0, 2});
  CHECK(pass(bucket, 1000, kStart) == 200);
  CHECK(pass(bucket, 1000, kStart) == 0);
  CHECK(pass(bucket, 1000, kStart + kSecond / 10) == 10);
  CHECK(pass(bucket, 5, kStart + kSecond) == 5);
  CHECK(pass(bucket, 1000, kStart + kSecond) == 85);
  CHECK(pass(bucket, 1000, kStart + 100 * kSecond) == 200);  // it holds no more than the burst
}

TEST_CASE("a rate below one event a second lets single events pass") {
  TenantBucket bucket({0.5, 0, 1});
  int passed = 0;
  for (int64_t second = 0; second < 100; ++second) passed += pass(bucket, 10, kStart + second * kSecond);
  CHECK(passed == 50);
}

TEST_CASE("bytes leave a debt that is paid, so that the rate holds whatever the size of events") {
  TenantBucket bucket({0, 1000, 1});
  CHECK(pass(bucket, 10, kStart, 5000) == 1);
  CHECK(pass(bucket, 10, kStart + 3 * kSecond, 5000) == 0);
  CHECK(pass(bucket, 10, kStart + 5 * kSecond, 5000) == 1);
  uint64_t bytes = 0;
  for (int64_t second = 10; second < 1010; ++second)
    bytes += 700 * static_cast<uint64_t>(pass(bucket, 100, kStart + second * kSecond, 700));
  CHECK(bytes >= 998'000);
  CHECK(bytes <= 1'003'000);
}

TEST_CASE("both limits hold, and the debt lasts as long as the longer of them") {
  TenantBucket bucket({10, 1000, 1});
  CHECK(pass(bucket, 100, kStart, 10) == 10);
  TenantBucket other({10, 1000, 1});
  CHECK(pass(other, 100, kStart, 500) == 2);
  CHECK(other.take(0, 3000, kStart) == kStart + 3 * kSecond);
  CHECK(other.take(100, 0, kStart) == kStart + 92 * kSecond / 10);
}

TEST_CASE("a clock that stands still or is asked out of order does no harm") {
  TenantBucket bucket({10, 0, 1});
  CHECK(pass(bucket, 100, kStart) == 10);
  CHECK(pass(bucket, 100, kStart - 5 * kSecond) == 0);
  CHECK(pass(bucket, 100, kStart) == 0);
  CHECK(pass(bucket, 100, kStart + kSecond) == 10);
}

TEST_CASE("enormous debts stay numbers") {
  TenantBucket bucket({1e-9, 1, 1});
  for (int i = 0; i < 1000; ++i) {
    const int64_t until = bucket.take(UINT64_MAX, UINT64_MAX, kStart);
    CHECK(until > kStart);
    CHECK(until < INT64_MAX / 2);
  }
}

TEST_CASE("workers share a bucket") {
  TenantBucket bucket({1e9, 0, 1});
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i)
    workers.emplace_back([&] {
      for (int n = 0; n < 10'000; ++n) (void)bucket.take(1000, 0, kStart);
    });
  for (auto& worker : workers) worker.join();
  CHECK(bucket.take(0, 0, kStart) == kStart + 40'000'000 - kSecond);
}

TEST_CASE("the wait of senders is counted once, however many of them make it longer") {
  TenantBucket bucket({1, 0, 1});
  CHECK(bucket.make_wait(kStart + kSecond, kStart) == 1000);
  CHECK(bucket.make_wait(kStart + kSecond, kStart) == 0);
  for (int i = 1; i <= 10; ++i) (void)bucket.make_wait(kStart + kSecond + i * 100'000, kStart);
  CHECK(bucket.make_wait(kStart + 2 * kSecond, kStart) == 999);
  CHECK(bucket.make_wait(kStart + 6 * kSecond, kStart + 5 * kSecond) == 1000);
}

TEST_CASE("of too many tenants the buckets that were used longest ago go") {
  TenantBuckets buckets(100);
  const auto name = [](int i) { return "t" + std::to_string(i); };
  const auto kept = buckets.of("kept", {1, 0, 1}, kStart);
  const auto left = buckets.of("left", {1, 0, 1}, kStart);
  for (int i = 0; i < 10'000; ++i) {
    const int64_t now = kStart + i + 1;
    (void)kept->take(0, 0, now);
    (void)buckets.of(name(i), {1, 0, 1}, now);
    REQUIRE(buckets.size() <= 100);
  }
  CHECK(TenantBuckets::known(*kept));
  CHECK(buckets.of("kept", {1, 0, 1}, kStart) == kept);
  CHECK_FALSE(TenantBuckets::known(*left));
  CHECK(buckets.of("left", {1, 0, 1}, kStart) != left);
  // All of one moment: no more than a quarter goes.
  TenantBuckets same(100);
  for (int i = 0; i < 101; ++i) (void)same.of(name(i), {1, 0, 1}, kStart);
  CHECK(same.size() == 75);
}

TEST_CASE("tenant: what is over the limit is dropped, and other tenants are not touched") {
  TestFilter f("tenant { " + std::string(kTen) + "on_limit => drop add_tag => ok }");
  REQUIRE(f.built.plugin);
  auto all = events("a", 30);
  all.push_back(R"({"t":"b"})");
  CHECK(f.run(all).size() == 11);
  CHECK(f.run(events("a", 5)).empty());
  CHECK(f.run(events("b", 20)).size() == 9);
  CHECK(f.count("tenants.a.events") == 35);
  CHECK(f.count("tenants.a.limited") == 25);
  CHECK(f.count("tenants.b.limited") == 11);
  CHECK(f.count("limited") == 36);
}

TEST_CASE("tenant: a limit is of the filter, not of a worker") {
  TestFilter f("tenant { " + std::string(kTen) + "on_limit => drop }");
  CHECK(f.run(events("a", 7)).size() == 7);
  f.worker = f.built.plugin->worker();
  CHECK(f.run(events("a", 7)).size() == 3);
}

TEST_CASE("tenant: what is over the limit is tagged") {
  TestFilter f("tenant { source => t events_per_second => 0.001 burst_seconds => 2000 on_limit => tag }");
  CHECK(f.run(events("a", 3)) ==
        std::vector<std::string>{R"({"t":"a"})", R"({"t":"a"})", R"({"t":"a","tags":["_tenant_limited"]})"});
  TestFilter g("tenant { source => t events_per_second => 0.001 on_limit => tag tag_on_limit => [x, y] }");
  CHECK(g.run(events("a", 2))[1] == R"({"t":"a","tags":["x","y"]})");
}

TEST_CASE("tenant: bytes are limited by what events take as JSON") {
  TestFilter f("tenant { source => t bytes_per_second => 1kb burst_seconds => 1 on_limit => drop }");
  const std::string big = R"({"t":"a","m":")" + std::string(5000, 'x') + "\"}";
  CHECK(f.run({big, big}).size() == 1);
  CHECK(f.count("tenants.a.bytes") > 5000);
  CHECK(f.count("tenants.a.bytes") < 5200);
  CHECK(f.run(events("b", 2)).size() == 2);
}

TEST_CASE("tenant: a tenant's own limits, and what they leave out") {
  const std::string config =
      "tenant { source => t events_per_second => 0.001 burst_seconds => 3000 on_limit => drop "
      "limits => { big => { burst_seconds => 10000 } 'No Limit' => { events_per_second => 0 } } }";
  TestFilter f(config);
  REQUIRE(f.built.plugin);
  CHECK(f.run(events("a", 20)).size() == 3);
  CHECK(f.run(events("big", 20)).size() == 10);
  CHECK(f.run(events("no limit", 20)).size() == 20);
}

TEST_CASE("tenant: the default tenant and mapped names have limits too") {
  TestFilter f("tenant { " + std::string(kTen) + "default => d map => { x => a y => a } on_limit => drop }");
  CHECK(f.run(std::vector<std::string>(15, "{}")).size() == 10);
  auto mixed = events("x", 6);
  CHECK(f.run(mixed).size() == 6);
  CHECK(f.run(events("y", 6)).size() == 4);
}

TEST_CASE("tenant: over its limit a tenant's senders wait, and no other's") {
  TestFilter f(
      "tenant { source => t events_per_second => 10 limits => { free => { events_per_second => 0 } } }");
  const auto batch = f.pool.take();
  const auto a = std::make_shared<Lane>(), also_a = std::make_shared<Lane>(), b = std::make_shared<Lane>(),
             free = std::make_shared<Lane>();
  std::vector<Event*> all;
  plugin::Senders senders;
  const auto add = [&](const std::shared_ptr<Lane>& lane, const char* tenant, int n) {
    senders.add(static_cast<uint32_t>(batch->sources().size()), lane);
    const auto source = batch->add_source({"in", {}});
    for (int i = 0; i < n; ++i) {
      auto& event = batch->make(source);
      event.set(FieldRef::of("t"), event.text(tenant));
      batch->add(event);
      all.push_back(&event);
    }
  };
  add(a, "a", 25);
  add(b, "b", 9);
  add(also_a, "a", 5);
  add(free, "free", 1000);
  const int64_t before = steady_nanos();
  const plugin::SendersScope scope(senders);
  plugin::FilterRun run(all, *batch, f.built.decoration, f.metrics);
  f.worker->filter(run);
  const int64_t after = steady_nanos();
  for (const auto* event : all) CHECK_FALSE(event->cancelled());
  // 30 events, 10 of them the burst: two seconds.
  CHECK(a->held_until() >= before + 2 * kSecond);
  CHECK(a->held_until() <= after + 2 * kSecond);
  CHECK(also_a->held_until() == a->held_until());
  CHECK(b->held_until() == 0);
  CHECK(free->held_until() == 0);
  CHECK(f.count("tenants.a.limited") == 20);
  CHECK(f.count("tenants.a.waited_in_millis") == 2000);
  CHECK(a->tenant.load() != 0);
  CHECK(a->tenant.load() == also_a->tenant.load());
  CHECK(a->tenant.load() != b->tenant.load());
}

TEST_CASE("tenant: a flood of names is bounded, long ones too") {
  TestFilter f("tenant { " + std::string(kTen) + "on_limit => drop }");
  for (int round = 0; round < 30; ++round) {
    std::vector<std::string> all;
    for (int i = 0; i < 1000; ++i) all.push_back(R"({"t":"t)" + std::to_string(round * 1000 + i) + "\"}");
    CHECK(f.run(all).size() == 1000);
  }
  CHECK(f.metrics.snapshot().size() < 4 * 1001 + 10);
  // Dashes at its start go, so these are one tenant.
  std::vector<std::string> all;
  for (int i = 0; i < 12; ++i)
    all.push_back(R"({"t":")" + std::string(static_cast<size_t>(2000 + i), '-') + "long\"}");
  CHECK(f.run(all).size() == 12);  // each of them is asked for once, and none knows of the others
  CHECK(f.run(all).empty());
}

TEST_CASE("tenant: limits that cannot be kept are refused") {
  const auto code = [](const std::string& options) {
    return TestFilter("tenant { source => t " + options + " }").code();
  };
  CHECK(code("events_per_second => 10 limits => { a => { bytes_per_second => '5mb' } }").empty());
  CHECK(code("events_per_second => -1") == "E0306");
  CHECK(code("bytes_per_second => -1") != "");
  CHECK(code("limits => { a => 5 }") == "E0306");
  CHECK(code("limits => { a => { events => 5 } }") == "E0306");
  CHECK(code("limits => { a => { events_per_second => many } }") == "E0306");
  CHECK(code("limits => { a => { bytes_per_second => many } }") == "E0306");
  CHECK(code("limits => { '..' => { events_per_second => 5 } }") == "E0306");
  CHECK(code("events_per_second => 5 burst_seconds => 0") == "E0306");
  CHECK(code("on_limit => drop") == "E0308");
  CHECK(code("burst_seconds => 5") == "E0308");
  CHECK(code("events_per_second => 5 tag_on_limit => x") == "E0308");
}
