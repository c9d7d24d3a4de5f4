// The recognisers of mistakes in conditions, by what stands at the place. Used by find_condition_mistake()
// only.
#pragma once

#include "lang/mistakes.hpp"

namespace sluice::lang {

std::string lower_case(std::string_view word);
/// `host.name` or `%{host}` as a field reference.
std::string as_field(std::string_view word);
/// The end of a word that was meant as a field: letters, digits, dots, @.
uint32_t field_word_end(const Scene& scene, uint32_t begin);

/// Behind an operand: an operator is expected.
std::optional<Finding> operator_mistake(const Scene& scene);
/// Flags or more text behind the slash that ends a regular expression.
std::optional<Finding> regex_tail(const Scene& scene);
/// No regular expression on the right of =~.
Finding pattern_mistake(const Scene& scene);
/// A `[` in front of the place that has no `]`.
std::optional<Finding> open_selector(const Scene& scene);
std::optional<Finding> parenthesis(const Scene& scene);

}  // namespace sluice::lang
