#include "pattern_fields.hpp"

#include <doctest/doctest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "match/grok.hpp"

using namespace sluice::match;

namespace {

using Fields = std::set<std::string>;
using Table = std::map<std::string, Fields>;

Table read_table(const char* text) {
  Table table;
  std::istringstream lines(text);
  std::string owner;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string word;
    if (line[0] != ' ') {
      words >> word;
      owner = word;
      if (owner.back() == ':') {
        owner.pop_back();
        table[owner];
      } else {
        do table[word];
        while (words >> word);
        continue;
      }
    }
    while (words >> word) table[owner].insert(word);
  }
  return table;
}

// The fields that the text of a pattern names, and the patterns it refers to.
void read_pattern(std::string_view text, Fields& fields, Fields& references) {
  static const std::regex kPiece(R"(%\{(\w+)(?::([^}]+))?\}|\(\?<([^=!>][^>]*)>)");
  const std::string copy(text);
  for (std::sregex_iterator it(copy.begin(), copy.end(), kPiece), end; it != end; ++it) {
    if ((*it)[1].matched) references.insert((*it)[1]);
    if ((*it)[2].matched) fields.insert((*it)[2]);
    if ((*it)[3].matched) fields.insert((*it)[3]);
  }
}

Fields with_inner(const Table& table, const std::map<std::string, Fields>& references,
                  const std::string& name) {
  Fields all = table.at(name);
  for (const std::string& inner : references.at(name)) all.merge(with_inner(table, references, inner));
  return all;
}

std::string joined(const Fields& fields) {
  std::string out;
  for (const std::string& field : fields) out += field + " ";
  return out;
}

const char* suffix(CaptureType type) {
  return type == CaptureType::integer ? ":int" : type == CaptureType::real ? ":float" : "";
}

// Only the first group of a name has the type; the field's other groups go without.
Fields compiled_fields(const Grok& grok) {
  Fields typed;
  for (const GrokCapture& capture : grok.captures()) {
    if (capture.type != CaptureType::string) typed.insert(capture.field + suffix(capture.type));
  }
  Fields fields = typed;
  for (const GrokCapture& capture : grok.captures()) {
    if (!typed.contains(capture.field + ":int") && !typed.contains(capture.field + ":float")) {
      fields.insert(capture.field);
    }
  }
  return fields;
}

}  // namespace

void check_pattern_fields(BuiltinPatterns builtin, const char* text) {
  const PatternSet set(builtin);
  const Table table = read_table(text);
  std::map<std::string, Fields> references;
  for (const auto& [name, fields] : table) {
    const auto regex = set.find(name);
    REQUIRE_MESSAGE(regex, name);
    Fields own;
    read_pattern(*regex, own, references[name]);
    CHECK_MESSAGE(joined(own) == joined(fields), name);
  }
  for (const std::string_view name : set.names()) CHECK_MESSAGE(table.contains(std::string(name)), name);
  for (const auto& [name, fields] : table) {
    const auto grok = Grok::compile("%{" + name + "}", set);
    REQUIRE_MESSAGE(grok.ok(), grok.message());
    Fields expected = with_inner(table, references, name);
    // A field that is a number in one alternative and text in another counts as a number.
    for (auto it = expected.begin(); it != expected.end();) {
      const bool plain = it->find(':') == std::string::npos;
      const bool number = plain && (expected.contains(*it + ":int") || expected.contains(*it + ":float"));
      it = number ? expected.erase(it) : std::next(it);
    }
    CHECK_MESSAGE(joined(compiled_fields(*grok)) == joined(expected), name);
  }
}
