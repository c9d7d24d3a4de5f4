// Mistakes below the tokens: characters that only look like white space or quotes, comments of other
// languages, strings that do not end where they should.
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "lang/mistakes.hpp"

namespace sluice::lang {
namespace {

struct OddCharacter {
  std::string_view bytes;
  std::string_view name;
  std::string_view instead;
};

constexpr std::array kOdd = {
    OddCharacter{"\xC2\xA0", "a non-breaking space (U+00A0)", " "},
    OddCharacter{"\xE2\x80\x8B", "a zero-width space (U+200B)", ""},
    OddCharacter{"\xE2\x80\x8C", "a zero-width non-joiner (U+200C)", ""},
    OddCharacter{"\xE2\x80\x8D", "a zero-width joiner (U+200D)", ""},
    OddCharacter{"\xE2\x81\xA0", "a word joiner (U+2060)", ""},
    OddCharacter{"\xEF\xBB\xBF", "a byte-order mark (U+FEFF)", ""},
    OddCharacter{"\xC2\xAD", "a soft hyphen (U+00AD)", ""},
    OddCharacter{"\xE2\x80\xA8", "a line separator (U+2028)", "\n"},
    OddCharacter{"\xE2\x80\xA9", "a paragraph separator (U+2029)", "\n"},
    OddCharacter{"\xE2\x80\xAF", "a narrow non-breaking space (U+202F)", " "},
    OddCharacter{"\xE3\x80\x80", "an ideographic space (U+3000)", " "},
    OddCharacter{"\xE2\x80\x82", "an en space (U+2002)", " "},
    OddCharacter{"\xE2\x80\x83", "an em space (U+2003)", " "},
    OddCharacter{"\xE2\x80\x89", "a thin space (U+2009)", " "},
    OddCharacter{"\xC2\x85", "a next-line character (U+0085)", "\n"},
    OddCharacter{"\f", "a form feed", " "},
    OddCharacter{"\v", "a vertical tab", " "},
};

struct Quote {
  std::string_view bytes;
  char straight;
};

constexpr std::array kCurly = {Quote{"\xE2\x80\x9C", '"'},
                               Quote{"\xE2\x80\x9D", '"'},
                               Quote{"\xE2\x80\x9E", '"'},
                               Quote{"\xE2\x80\x9F", '"'},
                               Quote{"\xC2\xAB", '"'},
                               Quote{"\xC2\xBB", '"'},
                               Quote{"\xE2\x80\x98", '\''},
                               Quote{"\xE2\x80\x99", '\''},
                               Quote{"\xE2\x80\x9A", '\''},
                               Quote{"\xC2\xB4", '\''},
                               Quote{"`", '\''}};

const Quote* curly(std::string_view text) {
  for (const auto& q : kCurly) {
    if (text.starts_with(q.bytes)) return &q;
  }
  return nullptr;
}

const OddCharacter* odd(std::string_view text) {
  for (const auto& o : kOdd) {
    if (text.starts_with(o.bytes)) return &o;
  }
  return nullptr;
}

Finding nul_bytes(const Scene& s) {
  uint32_t end = s.at;
  while (end < s.text.size() && s.text[end] == '\0') ++end;
  Finding f{"E0107", s.at, s.at + 1, "there is a NUL byte here", "", {{s.at, end, ""}}};
  const auto& file = s.parsed.sources.files()[s.parsed.span(s.at, s.at).file];
  const auto nuls = static_cast<size_t>(std::count(file.text.begin(), file.text.end(), '\0'));
  if (nuls * 3 > file.text.size()) {
    f.message = "this file is not UTF-8 text; it looks like UTF-16";
    f.help = fmt::format("save it as UTF-8: iconv -f UTF-16 -t UTF-8 {0} > new.conf", file.path);
    f.repairs = {{s.at, static_cast<uint32_t>(s.text.size()), ""}};
    return f;
  }
  f.help = "remove it";
  f.offer = f.certain = true;
  return f;
}

Finding odd_character(const Scene& s, const OddCharacter& o) {
  uint32_t end = s.at;
  while (s.text.substr(end).starts_with(o.bytes)) end += static_cast<uint32_t>(o.bytes.size());
  std::string instead;
  for (size_t i = 0; i < (end - s.at) / o.bytes.size(); ++i) instead += o.instead;
  const bool mark = o.bytes == "\xEF\xBB\xBF";
  const Span place = s.parsed.span(s.at, s.at);
  Finding f{mark ? "E0106" : "E0107",
            s.at,
            end,
            fmt::format("there is {} here, which cannot be seen", o.name),
            o.instead == " " ? "put an ordinary space in its place" : "remove it",
            {{s.at, end, instead}},
            true,
            true};
  if (o.instead == "\n") f.help = "put an ordinary line end in its place";
  if (mark && place.line == 1 && place.column == 1) {
    f.message = "the file begins with a byte-order mark (U+FEFF), which cannot be seen";
    f.help = "save the file as UTF-8 without a byte-order mark";
  }
  return f;
}

Finding curly_quote(const Scene& s, const Quote& open) {
  const uint32_t stop = s.line_end(s.at);
  const auto first = static_cast<uint32_t>(open.bytes.size());
  Finding f{"E0108", s.at, s.at + first, "this is a typographic quotation mark; a config has straight ones",
            "",      {},   true,         true};
  for (uint32_t i = s.at + first; i < stop; ++i) {
    const Quote* close = curly(s.text.substr(i));
    const bool straight = !close && s.text[i] == open.straight;
    if ((!close || close->straight != open.straight) && !straight) continue;
    const auto width = straight ? 1u : static_cast<uint32_t>(close->bytes.size());
    const auto body = s.slice(s.at + first, i);
    const char quote = body.find('"') == std::string_view::npos ? '"' : '\'';
    f.end = i + width;
    f.help = fmt::format("write {}{}{}", quote, body, quote);
    f.repairs = {{s.at, i + width, fmt::format("{}{}{}", quote, body, quote)}};
    return f;
  }
  f.help = "write \" or '";
  f.certain = false;
  f.repairs = {{s.at, s.at + first, std::string(1, open.straight)}};
  if (!s.wants(Want::value) && !s.wants(Want::operand)) f.repairs[0].replacement = " ";
  return f;
}

Finding foreign_comment(const Scene& s) {
  const uint32_t stop = s.line_end(s.at);
  Finding f{"E0133", s.at, s.at + 2, "a comment begins with #", "", {}, true, true};
  if (s.starts("/*")) {
    const auto found = s.text.find("*/", s.at + 2);
    const uint32_t end = found == std::string_view::npos ? stop : static_cast<uint32_t>(found + 2);
    f.help = "begin each line of the comment with # instead of using /* and */";
    std::string blank(s.slice(s.at, end));
    for (char& c : blank) c = c == '\n' ? '\n' : ' ';
    const bool whole = end <= stop && s.skip_space(end) >= stop;
    if (whole) blank = fmt::format("#{}", s.slice(s.at + 2, found == std::string_view::npos ? end : end - 2));
    f.repairs = {{s.at, end, blank}};
    f.offer = f.certain = whole;
    return f;
  }
  f.help = fmt::format("write # instead of {}", s.starts("//") ? "//" : s.starts("--") ? "--" : ";");
  const uint32_t width = s.here() == ';' ? 1 : 2;
  f.end = s.at + width;
  f.repairs = {{s.at, s.at + width, "#"}};
  return f;
}

/// True when the text in front of a quote is one behind which a string begins.
bool opens_a_string(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  for (const std::string_view end : {"=>", "[", "{", ",", "==", "!=", "=~", "!~", "("}) {
    if (text.ends_with(end)) return true;
  }
  return text.ends_with(" in");
}

/// Where the closing quote of a string that begins at `begin` belongs: at the end of its first line, in front
/// of brackets that the string did not open.
uint32_t place_of_quote(const Scene& s, uint32_t begin) {
  uint32_t end = s.line_end(begin);
  int open = 0;
  for (uint32_t i = begin; i < end; ++i) open += s.text[i] == '{' ? 1 : s.text[i] == '}' ? -1 : 0;
  while (end > begin + 1) {
    const char c = s.text[end - 1];
    if (c == '}' && open >= 0) break;
    if (!space_char(c) && c != '}' && c != ']' && c != ',') break;
    if (c == '}') ++open;
    --end;
  }
  return end;
}

Finding open_string(const Scene& s, const Token& string) {
  const char quote = s.text[string.begin];
  const uint32_t stop = s.line_end(string.begin);
  const auto line = s.slice(string.begin, std::min(stop, string.end));
  const std::string escaped = fmt::format("\\{}", quote);
  const auto slash = line.rfind(escaped);
  if (slash != std::string_view::npos &&
      line.find_first_not_of(" \t\r,]})", slash + 2) == std::string_view::npos) {
    const auto place = string.begin + static_cast<uint32_t>(slash);
    return {
        "E0131",
        place,
        place + 2,
        fmt::format("the string from column {} does not end here: the backslash makes the {} a part of it",
                    s.parsed.span(string.begin, string.begin).column, quote),
        "a string cannot end in a backslash: leave it out, or write / instead",
        {{place, place + 2, std::string(1, quote)}},
        false,
        false};
  }
  Finding f{"E0109",
            string.begin,
            string.begin + 1,
            fmt::format("the string that begins here is not closed: there is no {} at its end", quote),
            "",
            {}};
  const uint32_t place = place_of_quote(s, string.begin);
  const char other = quote == '"' ? '\'' : '"';
  if (place > string.begin + 1 && s.text[place - 1] == other &&
      s.slice(string.begin + 1, place - 1).find(other) == std::string_view::npos) {
    f.message = fmt::format("the string begins with {} and ends with {}", quote, other);
    f.help = fmt::format("close it with {} as well", quote);
    f.repairs = {{place - 1, place, std::string(1, quote)}};
  } else {
    f.help = fmt::format("write {} where the string ends, perhaps: {}{}", quote, s.slice(string.begin, place),
                         quote);
    f.repairs = {{place, place, std::string(1, quote)}};
  }
  f.offer = true;
  return f;
}

}  // namespace

std::optional<Finding> find_odd_text(const Scene& s) {
  if (s.at_end()) return std::nullopt;
  const auto rest = s.text.substr(s.at);
  if (rest.front() == '\0') return nul_bytes(s);
  if (rest.starts_with("\xFF\xFE") || rest.starts_with("\xFE\xFF")) {
    const auto size = static_cast<uint32_t>(s.text.size());
    return Finding{"E0107",
                   s.at,
                   s.at + 2,
                   "this file is not UTF-8 text; it looks like UTF-16",
                   "save it as UTF-8",
                   {{s.at, size, ""}}};
  }
  if (const auto* o = odd(rest)) return odd_character(s, *o);
  if (const auto* q = curly(rest)) return curly_quote(s, *q);
  const bool statement = s.wants(Want::section_name) || s.wants(Want::name) || s.wants(Want::close_brace);
  const bool value = s.wants(Want::value) || s.wants(Want::operand) || s.wants(Want::arrow);
  if (statement && !value && (s.starts("//") || s.starts("/*") || s.starts("--") || s.here() == ';'))
    return foreign_comment(s);
  return std::nullopt;
}

std::optional<Finding> find_string_mistake(const Scene& s) {
  // The last string in front of the place; a string that ends behind the place is the one that never ends.
  const size_t count = s.token_at(s.at);
  for (size_t i = count; i-- > 0 && i + 4 > count;) {
    const Token& t = s.tokens()[i];
    if (t.kind != Token::Kind::string || s.text[t.begin] == '/') continue;
    if (!t.terminated) return open_string(s, t);
    const auto body = s.slice(t.begin, t.end - 1);
    const bool swallowed = body.find('\n') != std::string_view::npos && opens_a_string(body);
    const bool follows = t.end == s.at || i + 2 >= count;
    if (swallowed && follows) return open_string(s, t);
    break;
  }
  if (s.at_end() && s.wants(Want::close_regex)) {
    const auto begin = s.text.rfind("~ /");
    const auto place = static_cast<uint32_t>(begin == std::string_view::npos ? s.text.rfind('/') : begin + 2);
    const auto end = s.line_end(place);
    return Finding{"E0125",
                   place,
                   place + 1,
                   "the regular expression that begins here is not closed",
                   "write / where it ends",
                   {{end, end, "/"}}};
  }
  return std::nullopt;
}

}  // namespace sluice::lang
