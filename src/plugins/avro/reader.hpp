// Avro's binary form to values. Our own, and not libavro's: that one takes lengths and counts of the bytes at
// their word when it allocates, recurses without a bound, and makes a tree of its own to be copied.
#pragma once

#include <string_view>

#include "base/arena.hpp"
#include "event/value.hpp"
#include "plugins/avro/schema.hpp"

namespace sluice::plugins::avro {

/// Reads one datum. Memory and depth are bounded by the number of bytes, whatever stands in them.
class Reader {
 public:
  Reader(std::string_view bytes, Arena& arena)
      : rest_(bytes), arena_(arena), budget_(kFreeValues + bytes.size() * kValuesPerByte) {}

  /// False when the bytes do not fit the schema: problem() says why. What follows the datum is not looked at.
  bool read(const Schema& schema, Value& out) { return node(schema.root(), out, 0); }
  [[nodiscard]] const char* problem() const { return problem_; }

 private:
  // Some values take no bytes (null, an empty record), so the bytes alone do not bound them.
  static constexpr size_t kFreeValues = 1 << 16;
  static constexpr size_t kValuesPerByte = 32;

  bool node(const Node& type, Value& out, int depth);
  bool record(const Node& type, Value& out, int depth);
  bool array(const Node& type, Value& out, int depth);
  bool map(const Node& type, Value& out, int depth);
  bool choice(const Node& type, Value& out, int depth);
  bool enumeration(const Node& type, Value& out);
  bool integer(const Node& type, Value& out);
  bool number(int64_t& out);
  bool block(int64_t& count);
  bool take(size_t size, std::string_view& out);
  bool sized(std::string_view& out);
  bool fail(const char* why);

  std::string_view rest_;
  Arena& arena_;
  size_t budget_;
  const char* problem_ = "";
};

}  // namespace sluice::plugins::avro
