// Values to Avro's binary form.
#pragma once

#include <string>

#include "base/buffer.hpp"
#include "event/value.hpp"
#include "plugins/avro/schema.hpp"

namespace sluice::plugins::avro {

/// Writes data of one schema. Used by one thread at a time.
class Writer {
 public:
  /// Appends `value` to `out`. False when it does not fit the schema: problem() says where, and `out` is as
  /// it was.
  bool write(const Schema& schema, const Value& value, Buffer& out);
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  bool node(const Node& type, const Value& value, Buffer& out, int depth);
  bool record(const Node& type, const Value& value, Buffer& out, int depth);
  bool array(const Node& type, const Value& value, Buffer& out, int depth);
  bool map(const Node& type, const Value& value, Buffer& out, int depth);
  bool choice(const Node& type, const Value& value, Buffer& out, int depth);
  bool enumeration(const Node& type, const Value& value, Buffer& out);
  bool text(const Node& type, const Value& value, Buffer& out);
  bool misfit(const Node& type);

  static constexpr size_t kMaxSteps = 1 << 20;
  size_t steps_ = kMaxSteps;
  std::string problem_;
  std::string scratch_;
};

}  // namespace sluice::plugins::avro
