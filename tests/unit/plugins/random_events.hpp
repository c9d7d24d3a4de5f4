// Events and bytes that nobody would think of, the same ones in every run, and what has to be true of an
// event whatever has been done to it.
#pragma once

#include <random>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "event/batch.hpp"

namespace sluice::test {

/// Makes values from a seed.
class RandomEvents {
 public:
  explicit RandomEvents(uint64_t seed) : random_(seed) {}

  /// 0 to `below` - 1.
  size_t pick(size_t below) { return static_cast<size_t>(random_() % below); }
  bool chance(size_t one_in) { return pick(one_in) == 0; }

  /// Bytes of any kind, and often of a kind that parsers are written for.
  std::string text();
  /// Any bytes at all.
  std::string noise(size_t longest);
  /// A changed copy: bytes flipped, cut out, doubled, put in, or the end cut off.
  std::string mutated(std::string_view bytes);
  /// JSON text of one object that holds any mixture of values, valid.
  std::string json_object();

  Value value(Arena& arena, int depth = 0);
  /// Exchanges `value`, or something in it; texts mostly become texts that are nearly the same.
  void change(Value& value, Arena& arena);
  /// A legal event in which some of `fields` are set.
  Event& event(Batch& batch, const std::vector<FieldRef>& fields);

 private:
  std::string json_value(int depth);
  std::string json_number();
  Value tags(Arena& arena);

  std::mt19937_64 random_;
};

/// Checks the events of one batch.
class EventCheck {
 public:
  /// What is wrong with `event`, or nothing: names used twice, values that do not hold together, containers
  /// that two places share (with other events of this check, too), illegal tags or @timestamp, and JSON that
  /// does not give the event back.
  std::string problem(const Event& event);

 private:
  std::string walk(const Value& value, int depth);
  std::unordered_set<const void*> seen_;
};

/// True when the JSON of `original` was read as `parsed`: invalid UTF-8 has become U+FFFD, times texts, and
/// what is no number null.
bool json_equal(const Value& original, const Value& parsed);

}  // namespace sluice::test
