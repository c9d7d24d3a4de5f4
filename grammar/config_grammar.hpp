// The rules of grammar/config.peg for PEGTL, line by line and in the same order. What the rules mean to a
// reader of an error stands in messages.hpp; what becomes of a match, in src/lang/syntax_tree.cpp.
#pragma once

#include <tao/pegtl.hpp>

namespace sluice::grammar {

namespace peg = tao::pegtl;

// Forward declarations for what refers to itself.
struct statement;
struct value;
struct condition;
struct rvalue;
struct string;

// -- terminals with a name, so that a message can say what was expected --
struct open_brace : peg::one<'{'> {};
struct close_brace : peg::one<'}'> {};
struct open_bracket : peg::one<'['> {};
struct close_bracket : peg::one<']'> {};
struct open_paren : peg::one<'('> {};
struct close_paren : peg::one<')'> {};
struct comma : peg::one<','> {};
struct arrow : TAO_PEGTL_STRING("=>") {};
struct bang : peg::one<'!'> {};
struct close_double : peg::one<'"'> {};
struct close_single : peg::one<'\''> {};
struct close_regex : peg::one<'/'> {};
struct word_if : TAO_PEGTL_STRING("if") {};
struct word_else : TAO_PEGTL_STRING("else") {};
struct word_in : TAO_PEGTL_STRING("in") {};
struct word_not : TAO_PEGTL_STRING("not ") {};

// -- between the tokens --
struct ws : peg::plus<peg::one<' ', '\t', '\r', '\n'>> {};
struct comment_end : peg::sor<peg::seq<peg::opt<peg::one<'\r'>>, peg::one<'\n'>>, peg::eof> {};
struct comment : peg::plus<peg::opt<ws>, peg::one<'#'>, peg::star<peg::not_one<'\r', '\n'>>, comment_end> {};
struct gap : peg::seq<ws> {};
struct cs : peg::star<peg::sor<comment, ws>> {};

// -- the text as a whole --
struct section_name
    : peg::sor<TAO_PEGTL_STRING("input"), TAO_PEGTL_STRING("filter"), TAO_PEGTL_STRING("output")> {};
struct block : peg::seq<open_brace, cs, peg::star<statement, cs>, close_brace> {};
struct section : peg::seq<section_name, cs, block> {};
struct end_of_text : peg::eof {};
struct config : peg::seq<cs, peg::star<section, cs>, end_of_text> {};

// -- plugins --
struct bare_name : peg::plus<peg::ranges<'A', 'Z', 'a', 'z', '0', '9', '_', '_', '-'>> {};
struct name : peg::sor<bare_name, string> {};
struct attribute : peg::seq<name, cs, arrow, cs, value> {};
struct plugin_block
    : peg::seq<open_brace, cs, peg::opt<attribute, peg::star<gap, cs, attribute>>, cs, close_brace> {};
struct plugin : peg::seq<name, cs, plugin_block> {};

// -- values --
struct word_start : peg::ranges<'A', 'Z', 'a', 'z', '_'> {};
struct word_rest : peg::plus<peg::ranges<'A', 'Z', 'a', 'z', '0', '9', '_'>> {};
struct bareword : peg::seq<word_start, word_rest> {};
struct double_quoted
    : peg::seq<peg::one<'"'>, peg::star<peg::sor<TAO_PEGTL_STRING("\\\""), peg::not_one<'"'>>>,
               close_double> {};
struct single_quoted
    : peg::seq<peg::one<'\''>, peg::star<peg::sor<TAO_PEGTL_STRING("\\'"), peg::not_one<'\''>>>,
               close_single> {};
struct string : peg::sor<double_quoted, single_quoted> {};
struct number : peg::seq<peg::opt<peg::one<'-'>>, peg::plus<peg::digit>,
                         peg::opt<peg::one<'.'>, peg::star<peg::digit>>> {};
struct array
    : peg::seq<open_bracket, cs, peg::opt<value, peg::star<cs, comma, cs, value>>, cs, close_bracket> {};
struct key : peg::sor<number, bareword, string> {};
struct entry : peg::seq<key, cs, arrow, cs, value> {};
struct hash : peg::seq<open_brace, cs, peg::opt<entry, peg::star<cs, entry>>, cs, close_brace> {};
struct value : peg::sor<plugin, bareword, string, number, array, hash> {};

// -- branches --
struct if_ : peg::seq<word_if, cs, condition, cs, block> {};
struct else_if : peg::seq<word_else, cs, word_if, cs, condition, cs, block> {};
struct else_ : peg::seq<word_else, cs, block> {};
struct branch : peg::seq<if_, peg::star<cs, else_if>, peg::opt<cs, else_>> {};
struct statement : peg::sor<branch, plugin> {};

// -- operands --
struct selector : peg::plus<peg::one<'['>, peg::plus<peg::not_one<']', '[', ','>>, close_bracket> {};
struct regex
    : peg::seq<peg::one<'/'>, peg::star<peg::sor<TAO_PEGTL_STRING("\\/"), peg::not_one<'/'>>>, close_regex> {
};
struct call : peg::seq<bareword, cs, open_paren, cs, peg::opt<rvalue, peg::star<cs, comma, cs, rvalue>>, cs,
                       close_paren> {};
struct rvalue : peg::sor<string, number, selector, array, call, regex> {};

// -- conditions --
struct bool_op : peg::sor<TAO_PEGTL_STRING("and"), TAO_PEGTL_STRING("or"), TAO_PEGTL_STRING("xor"),
                          TAO_PEGTL_STRING("nand")> {};
struct compare_op : peg::sor<TAO_PEGTL_STRING("=="), TAO_PEGTL_STRING("!="), TAO_PEGTL_STRING("<="),
                             TAO_PEGTL_STRING(">="), peg::one<'<'>, peg::one<'>'>> {};
struct match_op : peg::sor<TAO_PEGTL_STRING("=~"), TAO_PEGTL_STRING("!~")> {};
struct paren : peg::seq<open_paren, cs, condition, cs, close_paren> {};
struct not_paren : peg::seq<bang, cs, open_paren, cs, condition, cs, close_paren> {};
struct not_field : peg::seq<bang, cs, selector> {};
struct in : peg::seq<rvalue, cs, word_in, cs, rvalue> {};
struct not_in : peg::seq<rvalue, cs, word_not, cs, word_in, cs, rvalue> {};
struct compare : peg::seq<rvalue, cs, compare_op, cs, rvalue> {};
struct pattern : peg::sor<string, regex> {};
struct matching : peg::seq<rvalue, cs, match_op, cs, pattern> {};
struct bare : peg::seq<rvalue> {};
struct expr : peg::sor<paren, not_paren, not_field, in, not_in, compare, matching, bare> {};
struct chain : peg::seq<bool_op, cs, expr> {};
struct condition : peg::seq<expr, peg::star<cs, chain>> {};

}  // namespace sluice::grammar
