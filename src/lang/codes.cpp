// What each code of a diagnostic means, for `pipeline explain E0103`. One entry a code, in order, whichever
// folder reports it.
#include <array>

#include "lang/diagnostic.hpp"

namespace sluice::lang {
namespace {

struct Entry {
  std::string_view code;
  std::string_view text;
};

constexpr std::array kEntries = {
    // -- E01: syntax --
    Entry{"E0101", R"(Something stands where the grammar has no place for it.

The message names what could stand there. Look at the end of the line before as well: a missing quote, brace or
arrow is often noticed only at the next word.)"},
    Entry{"E0102", R"(A section has a name that does not exist.

A config consists of sections called input, filter and output, in lower case and in the singular. They may come in
any order and more than once.)"},
    Entry{"E0103", R"(The arrow between a name and its value is missing or misspelt.

Options and the entries of a hash are written `name => value`. The arrow is one sign, => without a space in it;
=, : and -> mean nothing here.

  wrong:  add_tag = "seen"
  right:  add_tag => "seen")"},
    Entry{"E0104", R"(A block is opened and not closed.

Every { of a section, plugin, condition or hash needs its }. The place shown is the { that has none, judged by the
indentation of the lines; with unusual indentation the true place may be another one further in.)"},
    Entry{"E0105", R"(A } closes nothing.

There is one } more than there are {. Either it is superfluous, or a block before it was closed too early.)"},
    Entry{"E0106", R"(The file begins with a byte-order mark.

Some editors write three invisible bytes (EF BB BF) in front of UTF-8 text. Logstash refuses them, and so do we.
Save the file as "UTF-8 without BOM".)"},
    Entry{"E0107", R"(An invisible or unusual character stands between the words of the config.

Text copied from web pages and documents often has non-breaking spaces or zero-width characters. Only space, tab and
line ends separate words. Inside of strings and comments such characters are fine.)"},
    Entry{"E0108", R"(A typographic quotation mark is used for a string.

Strings stand in straight quotation marks, "..." or '...'. Word processors and web pages turn them into curly ones.)"},
    Entry{"E0109", R"(A string is not closed.

The string begins at the place shown, and its closing quotation mark is missing: it swallows the text behind it up to
the next mark. Strings may go over several lines, so the mistake shows only later.)"},
    Entry{"E0110", R"(A text needs quotation marks.

Without quotes there are only words of letters, digits and _ (true, json, my_field) and plain numbers. Anything with
other characters is written in quotes: "localhost:9200", "/var/log/syslog", "10s".)"},
    Entry{"E0111", R"(A word without quotes has one letter only.

The grammar wants two characters or more for a word without quotes. Write "a" in place of a.)"},
    Entry{"E0112", R"(A comma or semicolon separates options or entries.

Options of a plugin and entries of a hash are separated by white space alone. Commas belong into lists:
["a", "b"].)"},
    Entry{"E0113", R"(A comma is missing in a list.

The elements of a list are separated by commas: ["a", "b"].)"},
    Entry{"E0114", R"(A list has a comma too many.

Between two elements stands one comma, and none behind the last element.)"},
    Entry{"E0115", R"(A word of another language is used for a condition.

Conditions are written with if, else if and else, in lower case. There is no elsif, unless, switch or case.)"},
    Entry{"E0116", R"(Conditions are joined with and, or, xor and nand.

These words are in lower case; && and || do not exist.)"},
    Entry{"E0117", R"(There is no such comparison.

There are == != < <= > >= =~ !~ in and `not in`. A list behind `in` stands in brackets: [status] in [404, 410].)"},
    Entry{"E0118", R"(A negation stands where it cannot.

! stands in front of a field or of a parenthesis: ![field], !([a] == 1). To say that something is not contained, write
"x" not in [tags]. The word `not` exists in `not in` only.)"},
    Entry{"E0119", R"(A word in a condition is neither a field nor a string.

Fields stand in brackets, [message] or [host][name]; texts stand in quotes; true, false and null do not exist.)"},
    Entry{"E0120", R"(An option stands outside of a plugin.

Options belong between the braces of a plugin: filter { mutate { add_tag => "x" } }. Often the plugin in front was
closed too early.)"},
    Entry{"E0121", R"(A plugin or condition stands outside of the sections.

Everything stands inside input { }, filter { } or output { }. Often the section in front was closed too early.)"},
    Entry{"E0122", R"(A plugin has no braces.

A plugin without options still has its braces: stdin { }.)"},
    Entry{"E0123", R"(A value is missing.

An option is a name, => and a value.)"},
    Entry{"E0124", R"(Square brackets do not match.

A [ is not closed, or a ] closes nothing, or a list ends in another bracket than it began with.)"},
    Entry{"E0125", R"(A regular expression is not written as it should be.

It stands between slashes, a slash inside is written \/, and no flags follow: write (?i) at its beginning to ignore case,
(?m) to let the dot match line ends.)"},
    Entry{"E0126", R"(Parentheses do not match.

Every ( in a condition needs its ).)"},
    Entry{"E0127", R"(A condition is missing or ends early.

Behind `if` and `else if`, and on both sides of an operator, something must stand.)"},
    Entry{"E0128", R"(An else has no if.

`else` and `else if` follow the closing brace of an `if` or `else if` directly; `else` comes last and once.)"},
    Entry{"E0129", R"(A { is missing.

Behind the name of a section, behind a condition and behind `else` stands {.)"},
    Entry{"E0130", R"(A hash stands in square brackets, or a list in braces.

Names with values stand in braces, without commas: { "a" => "b" "c" => "d" }. Lists stand in brackets, with commas:
["a", "b"].)"},
    Entry{"E0131", R"(A string ends in a backslash.

A backslash in front of the closing quote makes the quote a part of the string, however many backslashes there are. No
string can end in a backslash: leave it out, or use / in paths.)"},
    Entry{"E0132", R"(White space is missing.

Options are separated by white space, and so is a comment from the value in front of it.)"},
    Entry{"E0133", R"(A comment is written as in another language.

Comments begin with # and go to the end of the line.)"},
    Entry{"E0134", R"(Blocks are nested too deep.

No real config nests five hundred blocks; probably a bracket is opened again and again by a script.)"},
    Entry{"E0135", R"(A string ends earlier than it was meant to.

A quotation mark inside a string ends it. Use the other kind of quotes around it: 'he said "yes"'.)"},
    Entry{"E0136", R"(A condition stands inside a plugin.

Conditions stand around plugins: if [a] { mutate { ... } }. Inside a plugin there are options only.)"},
    Entry{"E0137", R"(The name of a plugin holds a character that no name has.

Names of plugins consist of letters, digits, _ and -.)"},
    Entry{"E0140", R"(A key stands twice in one hash.

Logstash refuses this, because one of the values would be lost. Give one key a list of values, or remove one entry.)"},
    Entry{"E0141", R"(A number cannot be read.

Integers with a leading zero are octal, so 08 is none; and a number does not end in a point.)"},
    Entry{"E0142", R"(xor or nand stands beside another operator.

Their order of evaluation is not defined. Use parentheses: ([a] xor [b]) and [c].)"},
    Entry{"E0143", R"(A regular expression is used without =~ or !~.

It is compared with a field on its left: [message] =~ /error/.)"},
    Entry{"E0144", R"(The right side of =~ or !~ is no regular expression.

On the left stands a field or a string, on the right /.../ or a string.)"},
    Entry{"E0145", R"(A condition calls a function.

The grammar knows calls, but there are no functions. Compute the value in a filter and test a field.)"},
    Entry{"E0146", R"(A field reference is malformed.

Each part stands in its own brackets, with nothing between and something inside: [a][b][0].)"},
    Entry{"E0147", R"(A key of a hash is a number.

Keys are text: write "12".)"},
    Entry{"E0148", R"(The name of a plugin stands in quotes.

The quotes would become a part of the name, and no plugin is called so.)"},
    Entry{"E0149", R"(A plugin has two codecs.

An input or output has one codec.)"},
    Entry{"E0150", R"(A list in a condition holds something that cannot be compared.

It may hold strings, numbers and words.)"},
    Entry{"E0160", R"(A variable in ${...} is not set.

Its value is looked for in the keystore, then in the environment. Without either, ${NAME:default} gives the default, and
${NAME:} an empty text.)"},
    // -- E02: plugins and options --
    Entry{"E0201", R"(There is no plugin of that name.

The name is misspelt, or the plugin stands in the wrong section: an input in filter { }, a filter in output { }.
`pipeline plugins` lists what there is.)"},
    Entry{"E0202", R"(A plugin of Logstash is not part of this version.

The config is right, and this engine cannot run it yet. `pipeline plugins` lists what it can.)"},
    Entry{"E0203", R"(A plugin has no option of that name.

The name is misspelt, belongs to another plugin, or is one that Logstash removed long ago. `pipeline plugins NAME` lists
the options of a plugin with their types and defaults.)"},
    Entry{"E0204", R"(An option is missing that the plugin cannot do without.

  wrong:  tcp { codec => json_lines }
  right:  tcp { port => 5000 codec => json_lines })"},
    Entry{"E0205",
          R"(The value of an option has the wrong type, or is none of the words that the option takes.

Booleans are true and false (not yes or 1). A hash is written { "name" => "value" }, a list ["a", "b"]. When the value
comes from ${...}, look at the variable.)"},
    Entry{"E0206", R"(An option is obsolete.

It existed once and has no meaning any more. Logstash refuses it, because leaving it out silently would change what the
pipeline does. The message says what takes its place, if anything does.)"},
    Entry{"E0207", R"(An option of Logstash is not supported.

Accepting it and doing nothing would be a lie; the message says why it is not there and what to do.)"},
    // -- E03: values --
    Entry{"E0301", R"(A regular expression is not valid.

The message says what is wrong and where it can be known. Regular expressions are Ruby's: a ( [ or { that is meant as a
character is written \( \[ or \{, and every group is closed.)"},
    Entry{"E0302", R"(A grok pattern is not defined.

%{NAME} stands for a pattern that ships with the engine, one of pattern_definitions, or one of a file in patterns_dir.
Names are case-sensitive. Which shipped set is read depends on ecs_compatibility.)"},
    Entry{"E0303", R"(A date format cannot be used.

A format is ISO8601, UNIX, UNIX_MS, TAI64N (in capitals), or a pattern of letters such as yyyy-MM-dd HH:mm:ss. Letters
that are text stand between single quotes: yyyy-MM-dd'T'HH:mm:ss.)"},
    Entry{"E0304", R"(A field reference is malformed.

A field is written as its name, or as [outer][inner] with every bracket closed and nothing between the pairs.)"},
    Entry{"E0305", R"(A file cannot be read.

It does not exist, or this user may not read it. Relative paths start at the folder that the program was started in.)"},
    Entry{"E0306", R"(The value of an option cannot be used.

The message says what the option takes.)"},
    Entry{"E0307", R"(Two options exclude one another.

Keep the one that is meant.)"},
    Entry{"E0308", R"(An option needs another one.

Add the option that the message names, or remove the one that needs it.)"},
    Entry{"E0309", R"(The Ruby code of an option cannot run.

The message says where: a mistake in the syntax, a library or a constant that does not exist here, or a failing test of
a script file. What works is listed in docs/ruby.md.)"},
    // -- E04: structure and flow --
    Entry{"E0401", R"(Two plugins have the same id.

The id names a plugin in logs and metrics, so each needs its own. Leave it out where you do not need it: one is made from
the place in the config.)"},
    Entry{"E0402", R"(Two inputs would listen on the same port.

The second could not start. A TCP and a UDP input may have the same number; two TCP inputs (beats and tcp, say) may not,
unless their `host` is different.)"},
    // -- W02: plugins and options --
    Entry{"W0206", R"(An option is deprecated.

It still works. The message says what to write in its place, so that the config goes on working with later versions.)"},
    // -- W03: values that can be used and are doubtful --
    Entry{"W0303", R"(A date format reads oddly.

It is valid, and is likely to mean something else: mm is the minute and MM the month, DD the day of the year and dd that
of the month, hh counts to 12 and HH to 24, SS is a fraction of a second and ss the second.)"},
    Entry{"W0304", R"(A name can never be that of a field.

As in Logstash the config is accepted, and the plugin fails with every event. Write a field as its name, or as
[outer][inner] with every bracket closed.)"},
    Entry{"W0306", R"(The value of an option is probably not what is meant.

It can be used; the message says what comes of it.)"},
    Entry{"W0307", R"(Two options are given and one of them has no effect.

Keep the one that is meant.)"},
    Entry{"W0308", R"(An option has no effect without another one.

Add the option that the message names, or remove the one without effect.)"},
    // -- W04: structure and flow --
    Entry{"W0403", R"(A branch can never be taken.

Its condition is the same for every event, because it compares constants. Usually a field lost its brackets:

  wrong:  if "error" in "message"
  right:  if "error" in [message]

Two constants are compared for equality by `in`, and a constant is in no list of constants, as in Logstash. A condition
on ${VARIABLES} is taken for a switch and is not warned about.)"},
    Entry{"W0404", R"(A field is used that nothing before it can have produced.

The filters run from the top to the bottom. Inputs with a text codec make `message` and a few fields about the source;
grok makes what its captures name. Behind a step that can make any field (json, a codec that decodes) nothing is said.
The name is misspelt, or the filter stands too early.)"},
    Entry{"W0405", R"(A %{field} in a name can stay unresolved.

Where an event lacks the field the text %{field} itself is kept, as in Logstash, and an index, a file or a host of that
name is looked for. Set a default before the output, put the output into if [field] { }, or take a field that every event
has:

  if ![app] { mutate { add_field => { "app" => "unknown" } } })"},
    Entry{"W0406", R"(A date pattern has no + in front of it.

%{name} stands for a field and %{+pattern} for the event's time: logs-%{+YYYY.MM.dd}. Without the + the text stays as it
is written, and every event goes to one index called logs-%{YYYY.MM.dd}.)"},
    Entry{"W0407", R"(A list of one text is read as a field.

In a condition, brackets around one text are a field reference, and the text with its quotes is the field's name. Lists
have two elements or more.

  wrong:  if [method] in ["GET"]
  right:  if [method] == "GET")"},
};

}  // namespace

std::string_view explain_code(std::string_view code) {
  for (const auto& entry : kEntries) {
    if (entry.code == code) return entry.text;
  }
  return {};
}

std::vector<std::string_view> known_codes() {
  std::vector<std::string_view> codes;
  for (const auto& entry : kEntries) codes.push_back(entry.code);
  return codes;
}

}  // namespace sluice::lang
