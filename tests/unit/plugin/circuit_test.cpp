#include "plugin/circuit.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace sluice::plugin;

namespace {
constexpr int64_t kMilli = 1'000'000;
}

TEST_CASE("a circuit opens after failures in a row, and a success in between starts the count anew") {
  PluginMetrics metrics;
  auto& shown = metrics.circuit("es1:9200");
  Circuit circuit({.failures = 3}, shown);
  CHECK(circuit.closed());
  CHECK_FALSE(circuit.failed(0));
  CHECK_FALSE(circuit.failed(0));
  CHECK_FALSE(circuit.succeeded());
  CHECK_FALSE(circuit.failed(0));
  CHECK_FALSE(circuit.failed(0));
  CHECK(circuit.closed());
  CHECK(circuit.failed(0));
  CHECK(circuit.state() == CircuitState::open);
  CHECK(shown == CircuitState::open);
  CHECK(metrics.circuits().size() == 1);
}

TEST_CASE("an open circuit lets one probe out after each wait, and one success closes it") {
  PluginMetrics metrics;
  Circuit circuit({.failures = 1, .first_millis = 100, .longest_millis = 1000}, metrics.circuit("a"));
  CHECK(circuit.failed(0));
  CHECK_FALSE(circuit.begin_probe(-1));
  const auto wait = static_cast<int64_t>(circuit.wait_millis(0));
  CHECK(wait <= 100);
  CHECK(circuit.begin_probe(wait * kMilli));
  CHECK(circuit.half_open());
  CHECK_FALSE(circuit.begin_probe(wait * kMilli));  // one at a time
  CHECK_FALSE(circuit.failed(wait * kMilli));       // no news: it was open before
  CHECK(circuit.state() == CircuitState::open);
  CHECK(circuit.begin_probe(10'000 * kMilli));
  CHECK(circuit.succeeded());
  CHECK(circuit.closed());
  CHECK(circuit.failed(0));  // news again
}

TEST_CASE("a failure of a request that was sent before the circuit opened changes nothing") {
  PluginMetrics metrics;
  Circuit circuit({.failures = 1, .first_millis = 100, .longest_millis = 1000}, metrics.circuit("a"));
  circuit.failed(0);
  const auto wait = circuit.wait_millis(0);
  CHECK_FALSE(circuit.failed(0));
  CHECK(circuit.wait_millis(0) == wait);
}

TEST_CASE("the waits double up to the longest, and are anywhere between nothing and that") {
  PluginMetrics metrics;
  std::set<uint64_t> first;
  uint64_t most_of_fourth = 0, most = 0;
  for (int round = 0; round < 300; ++round) {
    Circuit circuit({.failures = 1, .first_millis = 100, .longest_millis = 1000}, metrics.circuit("a"));
    circuit.failed(0);
    first.insert(circuit.wait_millis(0));
    for (int i = 2; i <= 8; ++i) {
      circuit.begin_probe(INT64_MAX / 2);
      circuit.failed(0);
      if (i == 4) most_of_fourth = std::max(most_of_fourth, circuit.wait_millis(0));
      most = std::max(most, circuit.wait_millis(0));
    }
  }
  CHECK(*first.rbegin() <= 100);
  CHECK(*first.begin() < 20);
  CHECK(*first.rbegin() > 80);
  CHECK(most_of_fourth <= 800);
  CHECK(most_of_fourth > 400);
  CHECK(most <= 1000);
  CHECK(most > 900);
}

TEST_CASE("a circuit that has not been tried begins half open") {
  PluginMetrics metrics;
  Circuit circuit({.failures = 3, .untried = true}, metrics.circuit("a"));
  CHECK(circuit.half_open());
  CHECK(circuit.failed(0));  // the first failure opens it
  CHECK(circuit.state() == CircuitState::open);
}
