#include "base/time.hpp"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cmath>
#include <string>

namespace sluice {
namespace {

std::atomic<int64_t (*)()> wall_source{nullptr};

struct Number {
  double value;
  std::string unit;  // lower case, blanks removed
};

std::optional<Number> split(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  std::string unit;
  for (const char* p = end; p != text.data() + text.size(); ++p)
    if (!std::isspace(static_cast<unsigned char>(*p)))
      unit += static_cast<char>(std::tolower(static_cast<unsigned char>(*p)));
  return Number{value, std::move(unit)};
}

}  // namespace

int64_t wall_nanos() {
  if (auto* source = wall_source.load(std::memory_order_relaxed)) return source();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int64_t steady_nanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void set_wall_clock(int64_t (*source)()) { wall_source = source; }

std::optional<int64_t> parse_duration_millis(std::string_view text, int64_t unit_millis) {
  const auto number = split(text);
  if (!number) return std::nullopt;
  struct Unit {
    const char* names;
    double millis;
  };
  static const Unit kUnits[] = {
      {"|ns|nanosecond|nanoseconds|", 1e-6},
      {"|us|microsecond|microseconds|", 1e-3},
      {"|ms|msec|msecs|millisecond|milliseconds|", 1},
      {"|s|sec|secs|second|seconds|", 1e3},
      {"|m|min|mins|minute|minutes|", 6e4},
      {"|h|hour|hours|", 3.6e6},
      {"|d|day|days|", 8.64e7},
      {"|w|week|weeks|", 6.048e8},
  };
  if (number->unit.empty()) return std::llround(number->value * static_cast<double>(unit_millis));
  const std::string wanted = "|" + number->unit + "|";
  for (const auto& unit : kUnits)
    if (std::string_view(unit.names).find(wanted) != std::string_view::npos)
      return std::llround(number->value * unit.millis);
  return std::nullopt;
}

std::optional<int64_t> parse_bytes(std::string_view text) {
  const auto number = split(text);
  if (!number) return std::nullopt;
  std::string unit = number->unit;
  if (unit.size() > 1 && unit.back() == 'b') unit.pop_back();
  if (unit.size() > 1 && unit.back() == 'i') unit.pop_back();
  double factor = 0;
  if (unit.empty() || unit == "b")
    factor = 1;
  else if (unit == "k")
    factor = 1024.0;
  else if (unit == "m")
    factor = 1024.0 * 1024;
  else if (unit == "g")
    factor = 1024.0 * 1024 * 1024;
  else if (unit == "t")
    factor = 1024.0 * 1024 * 1024 * 1024;
  else
    return std::nullopt;
  return std::llround(number->value * factor);
}

}  // namespace sluice
