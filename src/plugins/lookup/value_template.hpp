// Values of the config in which texts hold `%{...}`, filled in for each event.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "event/event.hpp"
#include "event/template.hpp"
#include "lang/ast.hpp"

namespace sluice::lookup {

/// A scalar, list or hash of the config. Immutable, shared by workers.
class ValueTemplate {
 public:
  ValueTemplate() = default;
  explicit ValueTemplate(const lang::Value& written);

  /// The value for `event`, in its batch. Keys are filled in, too.
  [[nodiscard]] Value make(const Event& event) const;
  [[nodiscard]] bool container() const { return kind_ == Kind::array || kind_ == Kind::hash; }
  [[nodiscard]] bool empty() const { return kind_ == Kind::none; }
  /// The fields that it reads.
  void fields(std::vector<FieldRef>& out) const;

 private:
  enum class Kind : uint8_t { none, constant, text, array, hash };
  Kind kind_ = Kind::none;
  Value constant_;  // a number
  Template text_;
  std::vector<ValueTemplate> items_;                         // array
  std::vector<std::pair<Template, ValueTemplate>> entries_;  // hash
};

}  // namespace sluice::lookup
