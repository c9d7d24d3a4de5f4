// Regexp and MatchData over the engine's regular expressions, and what String's methods need of them.
#pragma once

#include <mruby.h>

#include <string>
#include <vector>

#include "match/regex.hpp"

namespace sluice::ruby {

/// A Regexp object's contents.
struct RegexBox {
  match::Regex regex;
  match::RegexOptions options;
  std::vector<std::string> names;  // of the named groups, in order, each once
};

bool is_regexp(mrb_state* mrb, mrb_value value);
/// Of a Regexp object.
RegexBox& regex_box(mrb_value regexp);
/// The Regexp for `pattern`: itself, or one that matches the string literally. Raises TypeError for other
/// values.
mrb_value to_regexp(mrb_state* mrb, mrb_value pattern);

/// Searches `string` from byte `from`; the places go to Interpreter::captures. `remember` sets $~ and $1 ...
bool search(mrb_state* mrb, mrb_value regexp, mrb_value string, size_t from, bool remember);
/// The MatchData of the last search().
mrb_value match_object(mrb_state* mrb, mrb_value regexp, mrb_value string);
/// Sets $~ and $1 ... from a MatchData, or clears them with nil.
void remember_match(mrb_state* mrb, mrb_value match);
/// The group that a name or number stands for; IndexError for an unknown name, -1 for a number outside.
int group_number(mrb_state* mrb, mrb_value regexp, mrb_value group);

}  // namespace sluice::ruby
