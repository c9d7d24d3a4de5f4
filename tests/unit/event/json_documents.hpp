// Random JSON text for tests: nested, wide, with escapes, repeated names and every form of number.
#pragma once

#include <array>
#include <cstdio>
#include <random>
#include <string>
#include <string_view>

/// The documents of one seed.
class JsonDocuments {
 public:
  explicit JsonDocuments(uint64_t seed) : random_(seed) {}

  std::string object() {
    std::string out;
    object(out, 0);
    return out;
  }

  /// `text` with some bytes changed, lost or put in.
  std::string damaged(std::string text) {
    static constexpr std::string_view kBytes = "{}[]:,\"\\ \n0.eE+-tfnu\x01\x0b\xff\xc3\xa9";
    for (size_t changes = 1 + below(3); changes != 0 && !text.empty(); --changes) {
      const size_t at = below(text.size());
      const char byte = kBytes[below(kBytes.size())];
      switch (below(4)) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.erase(at, 1 + below(3));
          break;
        case 2:
          text.insert(at, 1, byte);
          break;
        default:
          if (below(4) == 0) text.resize(at);
      }
    }
    return text;
  }

  /// Bytes that are mostly letters: some of them need an escape, are of a longer character, or are no UTF-8.
  std::string text() {
    static constexpr std::array<std::string_view, 4> kCharacters = {"\u00e9", "\u65e5", "\xf0\x9f\x98\x80",
                                                                    "\x7f"};
    std::string out;
    const size_t others = below(3) == 0 ? 200 : 8;
    for (size_t i = below(below(10) ? 70 : 6000); i != 0; --i) {
      switch (below(others)) {
        case 0:
          out += static_cast<char>(below(256));
          break;
        case 1:
          out += static_cast<char>(below(0x30));
          break;
        case 2:
        case 3:
          out += kCharacters[below(kCharacters.size())];
          break;
        default:
          out += static_cast<char>('a' + below(26));
      }
    }
    return out;
  }

  size_t below(size_t n) { return random_() % n; }

 private:
  void space(std::string& out) {
    while (below(12) == 0) out += " \t\n\r"[below(4)];
  }

  void object(std::string& out, int depth) {
    static constexpr std::array<std::string_view, 12> kNames = {
        "a",
        "b",
        "message",
        "@version",
        "tags",
        "host",
        "name",
        "\\u0061",
        "line\\nfeed",
        "\u00e9t\u00e9",
        "",
        "a name that is longer than the bytes that may be read behind the text of a document"};
    const bool wide = depth < 3 && below(40) == 0;
    const size_t size = wide ? 60 + below(100) : below(9);
    out += '{';
    for (size_t i = 0; i < size; ++i) {
      if (i != 0) out += ',';
      space(out);
      out += '"';
      if (wide)
        out += "wide_" + std::to_string(below(120));
      else
        out += kNames[below(kNames.size())];
      out += '"';
      space(out);
      out += ':';
      value(out, wide ? 6 : depth + 1);
    }
    space(out);
    out += '}';
  }

  void array(std::string& out, int depth) {
    out += '[';
    for (size_t i = below(6); i != 0; --i) {
      value(out, depth + 1);
      if (i != 1) out += ',';
    }
    space(out);
    out += ']';
  }

  void value(std::string& out, int depth) {
    space(out);
    switch (below(depth > 5 ? 6 : 8)) {
      case 0:
      case 1:
        string(out);
        break;
      case 2:
        number(out);
        break;
      case 3:
        out += "true";
        break;
      case 4:
        out += "false";
        break;
      case 5:
        out += "null";
        break;
      case 6:
        object(out, depth);
        break;
      default:
        array(out, depth);
    }
    space(out);
  }

  void string(std::string& out) {
    static constexpr std::array<std::string_view, 14> kPieces = {
        "\\n",     "\\t",     "\\\"",           "\\\\",   "\\/",          "\\b",
        "\\u00e9", "\\u0000", "\\ud83d\\ude00", "\u00e9", "\u65e5\u672c", "\xf0\x9f\x98\x80",
        "'",       "<>"};
    out += '"';
    const bool escapes = below(2) == 0;
    for (size_t i = below(below(4) ? 12 : 80); i != 0; --i) {
      if (escapes && below(4) == 0)
        out += kPieces[below(kPieces.size())];
      else
        out += static_cast<char>('a' + below(26));
    }
    out += '"';
  }

  void digits(std::string& out, size_t count) {
    while (count-- != 0) out += static_cast<char>('0' + below(10));
  }

  void number(std::string& out) {
    if (below(3) == 0) out += '-';
    switch (below(6)) {
      case 0:
        out += std::to_string(below(1000));
        break;
      case 1:
        out += std::to_string(random_());  // about half of them fit 64 bits with a sign
        break;
      case 2:
        out += '0';
        break;
      case 3:
        out += std::to_string(1 + below(9));
        digits(out, below(30));
        break;
      case 4:
        out += std::to_string(below(100'000)) + ".";
        digits(out, 1 + below(24));
        break;
      default:
        out += std::to_string(1 + below(9)) + ".";
        digits(out, 1 + below(20));
        out += "e" + std::to_string(static_cast<int>(below(700)) - 350);
    }
  }

  std::mt19937_64 random_;
};
