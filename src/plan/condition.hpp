// Conditions of `if`, compiled from the syntax tree and evaluated on events.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "event/event.hpp"
#include "lang/ast.hpp"
#include "lang/diagnostic.hpp"

namespace sluice::plan {

/// The value of a condition. `error`: the operands cannot be compared (a missing field with <, a string with
/// a number); Logstash drops the event then, and so do we.
enum class Truth : uint8_t { no, yes, error };

/// A compiled condition: immutable, shared by workers.
class Condition {
 public:
  /// Null after an error was reported.
  static std::shared_ptr<const Condition> compile(const lang::Expr& expr, lang::Diagnostics& diagnostics);
  ~Condition();

  [[nodiscard]] Truth test(const Event& event) const;
  /// The value when it is the same for every event.
  [[nodiscard]] std::optional<bool> constant() const;
  /// The fields that it reads.
  [[nodiscard]] const std::vector<FieldRef>& fields() const { return fields_; }

  struct Node;

 private:
  Condition();
  std::unique_ptr<const Node> root_;
  std::vector<FieldRef> fields_;
};

}  // namespace sluice::plan
