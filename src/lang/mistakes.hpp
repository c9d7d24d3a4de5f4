// The mistakes people make in configs, told apart by what stands where the grammar got stuck. Each recogniser
// looks at a Scene and either passes or says in words what is wrong, and mends the working text so that
// reading goes on behind it: that is how one run shows several errors.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/messages.hpp"
#include "lang/build.hpp"
#include "lang/diagnostic.hpp"
#include "lang/syntax_tree.hpp"

namespace sluice::lang {

using grammar::Want;

/// Replaces bytes [begin, end) of the working text.
struct Repair {
  uint32_t begin;
  uint32_t end;
  std::string replacement;
};

/// A recognised mistake.
struct Finding {
  std::string code;
  uint32_t begin = 0;  // what to point at, in the working text
  uint32_t end = 0;
  std::string message;
  std::string help;
  std::vector<Repair> repairs;  // in order of place, not overlapping
  bool offer = false;           // the repairs are also a fix to show; one repair, or several nearby
  bool certain = false;         // and beyond doubt
};

/// A rough token: enough to match braces and to see what a line is about, also in broken text.
struct Token {
  enum class Kind : unsigned char { word, string, open, close, other };
  Kind kind;
  uint32_t begin;
  uint32_t end;
  bool first_on_line;
  bool terminated = true;  // strings
};

/// Where the parser got stuck, with what a recogniser wants to ask about the place. Positions are bytes of
/// the working text.
class Scene {
 public:
  Scene(const ParsedText& parsed, const Failure& failure);

  std::string_view text;
  const Failure& failure;
  const ParsedText& parsed;
  uint32_t at;      // the furthest place
  uint32_t before;  // end of the last token in front of it

  [[nodiscard]] bool wants(Want want) const { return failure.wants & (1u << static_cast<unsigned>(want)); }
  [[nodiscard]] bool only_wants(Want want) const {
    return failure.wants == (1u << static_cast<unsigned>(want));
  }
  [[nodiscard]] bool at_end() const { return at >= text.size(); }
  [[nodiscard]] char peek(uint32_t place) const { return place < text.size() ? text[place] : '\0'; }
  [[nodiscard]] char here() const { return peek(at); }
  [[nodiscard]] bool starts(std::string_view s) const { return text.substr(at).starts_with(s); }
  [[nodiscard]] std::string_view slice(uint32_t begin, uint32_t end) const {
    return text.substr(begin, end - begin);
  }
  [[nodiscard]] uint32_t line(uint32_t place) const { return parsed.span(place, place).line; }
  /// "line 3", with the file's name when it is another file than that of `at`.
  [[nodiscard]] std::string line_words(uint32_t place) const;

  /// The innermost open rule of the kinds that hold others (section, block, plugin, attribute, hash, array,
  /// if, ...).
  [[nodiscard]] Node innermost() const {
    return failure.open.empty() ? Node::none : failure.open.back().kind;
  }
  [[nodiscard]] const Frame* frame(Node kind) const;  // the innermost of that kind
  [[nodiscard]] bool in_condition() const;            // behind `if`, in front of its block
  [[nodiscard]] const Frame* container() const;       // innermost of block, plugin_block, hash, array, ...

  [[nodiscard]] uint32_t word_begin(uint32_t end) const;  // of the name characters that end at `end`
  [[nodiscard]] uint32_t word_end(uint32_t begin) const;
  [[nodiscard]] std::string_view last_word() const { return slice(word_begin(before), before); }
  [[nodiscard]] uint32_t skip_space(uint32_t place) const;  // over white space and comments
  [[nodiscard]] uint32_t line_begin(uint32_t place) const;
  [[nodiscard]] uint32_t line_end(uint32_t place) const;
  [[nodiscard]] uint32_t indent(uint32_t place) const;  // of the line of `place`
  /// End of an unquoted stretch of text such as localhost:9200 or %{a}/b: up to white space, a comma or a
  /// closing bracket that it did not open.
  [[nodiscard]] uint32_t bare_end(uint32_t begin) const;
  /// The place of the bracket that closes the one at `open`, or npos.
  [[nodiscard]] uint32_t matching(uint32_t open) const;
  [[nodiscard]] const std::vector<Token>& tokens() const { return tokens_; }
  /// Index of the first token that begins at or behind `place`.
  [[nodiscard]] size_t token_at(uint32_t place) const;
  /// The end of `name => value` or of a broken value that begins at `begin`: brackets balanced, or the end of
  /// the line.
  [[nodiscard]] uint32_t value_end(uint32_t begin) const;

  static constexpr uint32_t npos = ~0u;

 private:
  std::vector<Token> tokens_;
};

bool name_char(char c);
bool space_char(char c);
std::string quoted(std::string_view text);  // in double quotes, or single ones where it holds double ones

// The recognisers, in the order asked.
std::optional<Finding> find_odd_text(const Scene& scene);  // characters, quotes, comments
std::optional<Finding> find_string_mistake(const Scene& scene);
std::optional<Finding> find_condition_mistake(const Scene& scene);
std::optional<Finding> find_block_mistake(const Scene& scene);  // braces, sections, statements
std::optional<Finding> find_value_mistake(const Scene& scene);  // arrows, values, lists, hashes
/// When nobody knows better: what was expected, in words. Always finds.
Finding describe_failure(const Scene& scene);
/// A block, plugin or hash whose brace is missing, found by indentation; `limit` is where it shows.
Finding unclosed_block(const Scene& scene, uint32_t limit);
/// The same where indentation alone shows it, else nothing.
std::optional<Finding> misindented_block(const Scene& scene, uint32_t limit);
/// What a block is called: the words in front of its brace, on its line or the one before, in backquotes.
std::string block_name(const Scene& scene, uint32_t brace);

}  // namespace sluice::lang
