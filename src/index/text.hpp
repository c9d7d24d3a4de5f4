// Text analysis as Elasticsearch's `standard` analyzer does it: words by Unicode's rules (UAX #29),
// lower-cased.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::index {

/// Appends the words of `text` to `out`, each followed by one space. Returns how many there are. A word of
/// more than 255 characters is cut into pieces. `text` must be UTF-8.
size_t append_words(std::string& out, std::string_view text);

/// The words of `text`.
std::vector<std::string> words_of(std::string_view text);

/// Calls `f(word)` for each word of a string that append_words() made.
template <class F>
void each_word(std::string_view words, F&& f) {
  while (!words.empty()) {
    const auto space = words.find(' ');
    f(words.substr(0, space));
    words.remove_prefix(space + 1);
  }
}

/// Shell-like match: * is any run, ? any one character, backslash takes the next as it is. Works on
/// characters, not bytes. `fold` ignores the case of ASCII letters.
bool wildcard_match(std::string_view pattern, std::string_view text, bool fold = false);

/// Lower case, character by character (as Java's Character.toLowerCase).
std::string lower_case(std::string_view text);

/// An FTS5 word list is made from texts in which words are already separated by one space; this is a word's
/// form inside an FTS5 expression.
std::string fts_term(std::string_view word, bool prefix = false);

}  // namespace sluice::index
