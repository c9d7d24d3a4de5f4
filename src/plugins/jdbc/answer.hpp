// Answers of a database, kept for a while.
#pragma once

#include <memory>

#include "base/ttl_cache.hpp"
#include "plugins/jdbc/connection.hpp"

namespace sluice::jdbc {

/// What a statement gave for one set of parameters, in one block that is no larger than it has to be.
/// Immutable.
class Answer {
 public:
  /// A failure.
  Answer() = default;
  /// A copy of `rows`.
  explicit Answer(const Rows& rows);

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool empty() const { return !rows_.is_array() || rows_.as_array()->size == 0; }
  /// A list of objects, or null.
  [[nodiscard]] const Value& rows() const { return rows_; }

 private:
  std::unique_ptr<char[]> block_;
  Value rows_;
  bool failed_ = true;
};

/// Answers by the parameters that they are for.
using RowCache = TtlCache<std::shared_ptr<const Answer>>;

}  // namespace sluice::jdbc
