// What each rule of config_grammar.hpp is called in an error message: the table beside the grammar. A rule
// that is not in the table is never named to a user.
#pragma once

#include "grammar/config_grammar.hpp"

namespace sluice::grammar {

/// What the parser would have taken at a place.
enum class Want : unsigned char {
  nothing,
  space,
  end_of_text,
  section_name,
  name,
  open_brace,
  close_brace,
  close_bracket,
  close_paren,
  open_paren,
  comma,
  arrow,
  value,
  operand,
  pattern,
  bool_op,
  compare_op,
  match_op,
  in,
  close_double,
  close_single,
  close_regex,
  word_rest,
};

struct Expected {
  Want want = Want::nothing;
  const char* words = nullptr;
};

template <class Rule>
inline constexpr Expected expected{};

template <>
inline constexpr Expected expected<gap>{Want::space, "white space"};
template <>
inline constexpr Expected expected<end_of_text>{Want::end_of_text, "the end of the config"};
template <>
inline constexpr Expected expected<section_name>{Want::section_name, "`input`, `filter` or `output`"};
template <>
inline constexpr Expected expected<bare_name>{Want::name, "a name"};
template <>
inline constexpr Expected expected<open_brace>{Want::open_brace, "`{`"};
template <>
inline constexpr Expected expected<close_brace>{Want::close_brace, "`}`"};
template <>
inline constexpr Expected expected<close_bracket>{Want::close_bracket, "`]`"};
template <>
inline constexpr Expected expected<open_paren>{Want::open_paren, "`(`"};
template <>
inline constexpr Expected expected<close_paren>{Want::close_paren, "`)`"};
template <>
inline constexpr Expected expected<comma>{Want::comma, "`,`"};
template <>
inline constexpr Expected expected<arrow>{Want::arrow, "`=>`"};
template <>
inline constexpr Expected expected<value>{Want::value, "a value (a string, number, word, list or hash)"};
template <>
inline constexpr Expected expected<rvalue>{Want::operand,
                                           "a field such as [message], a string, a number or a list"};
template <>
inline constexpr Expected expected<pattern>{Want::pattern,
                                            "a regular expression such as /error/ or a string"};
template <>
inline constexpr Expected expected<bool_op>{Want::bool_op, "`and` or `or`"};
template <>
inline constexpr Expected expected<compare_op>{Want::compare_op, "a comparison such as `==`"};
template <>
inline constexpr Expected expected<match_op>{Want::match_op, "`=~`"};
template <>
inline constexpr Expected expected<word_in>{Want::in, "`in`"};
template <>
inline constexpr Expected expected<close_double>{Want::close_double, "a closing \""};
template <>
inline constexpr Expected expected<close_single>{Want::close_single, "a closing '"};
template <>
inline constexpr Expected expected<close_regex>{Want::close_regex, "a closing `/`"};
template <>
inline constexpr Expected expected<word_rest>{Want::word_rest, "a second character"};

}  // namespace sluice::grammar
