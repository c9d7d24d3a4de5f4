#include "texts.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace sluice::test {
namespace {

using match::ByteTree;

constexpr size_t kLongest = 300;

// A byte of the set, mostly one that people write.
void add_byte(const std::bitset<256>& set, Dice& dice, std::string& out) {
  size_t byte = set._Find_first();
  if (byte >= 128) return;
  for (int tries = set._Find_next(byte) < 128 ? 8 : 0; tries > 0; --tries) {
    const size_t any = dice.one_in(60) ? dice.below(128) : ' ' + dice.below(95);
    if (!set.test(any)) continue;
    out += static_cast<char>(any);
    return;
  }
  for (size_t steps = dice.below(10); steps > 0 && set._Find_next(byte) < 128; --steps)
    byte = set._Find_next(byte);
  out += static_cast<char>(byte);
}

void add_sample(const ByteTree& tree, Dice& dice, std::string& out) {
  using Kind = ByteTree::Kind;
  if (out.size() > kLongest) return;
  switch (tree.kind) {
    case Kind::set:
      add_byte(tree.set, dice, out);
      break;
    case Kind::sequence:
    case Kind::group:
    case Kind::atomic:
      for (const auto& child : tree.children) add_sample(child, dice, out);
      break;
    case Kind::alternatives:
      add_sample(dice.one_of(tree.children), dice, out);
      break;
    case Kind::repeat: {
      const auto min = static_cast<size_t>(tree.min);
      const size_t most = tree.max < 0 ? min + (dice.one_in(4) ? 20 : 6) : static_cast<size_t>(tree.max);
      size_t times = min + dice.below(std::min(most - min, size_t{20}) + 1);
      for (; times > 0 && out.size() <= kLongest; --times) add_sample(tree.children[0], dice, out);
      break;
    }
    default:
      break;  // edges and lookarounds: by luck
  }
}

void add_foreign(Dice& dice, std::string& out, size_t at) {
  static const std::vector<std::string_view> kForeign{
      "ä",    "€",        "\xF0\x9F\x98\x80",        "\n",  "\r\n", "\xff",
      "\xc3", "\xe2\x82", std::string_view("\0", 1), "\x7f"};
  out.insert(at, dice.one_of(kForeign));
}

void mutate(Dice& dice, std::string& text) {
  const size_t at = dice.below(text.size() + 1);
  const size_t length = dice.below(std::min(text.size() - at, size_t{12}) + 1);
  switch (dice.below(8)) {
    case 0:
      text.erase(at, length);
      break;
    case 1:
      text.insert(at, text.substr(at, length));
      break;
    case 2:
      text.insert(at, 1, static_cast<char>(' ' + dice.below(95)));
      break;
    case 3:
      if (at < text.size()) text[at] = static_cast<char>(' ' + dice.below(95));
      break;
    case 4:
      text.resize(at);
      break;
    case 5:
      text.erase(0, at);
      break;
    case 6:
      if (at < text.size()) text[at] = text[dice.below(text.size())];
      break;
    default:
      text.insert(at, 1 + dice.below(3), ' ');
      break;
  }
}

std::string random_text(Dice& dice) {
  static const std::vector<std::string_view> kBits{"a", "b",    "c",  "ab", "foo", "error", " ",  ".",
                                                   "1", "42",   "=",  ":",  "-",   "/",     "\"", "[",
                                                   "]", "GET ", "x1", "A",  "{",   "}",     "\t", "_"};
  std::string out;
  for (size_t i = dice.below(14); i > 0; --i) out += dice.one_of(kBits);
  return out;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

}  // namespace

std::vector<std::string> quoted_lines(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<std::string> lines;
  std::error_code ignored;
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder, ignored)) {
    const auto kind = entry.path().extension();
    if (kind == ".json" || kind == ".cpp") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    std::ostringstream read;
    read << std::ifstream(file, std::ios::binary).rdbuf();
    const std::string text = read.str();
    for (size_t at = text.find('"'); at != std::string::npos; at = text.find('"', at + 1)) {
      size_t end = at + 1;
      while (end < text.size() && text[end] != '"' && text[end] != '\n') end += text[end] == '\\' ? 2 : 1;
      if (end >= text.size()) break;
      if (end > at + 25 && end < at + kLongest) lines.push_back(unescaped({&text[at + 1], end - at - 1}));
      at = end;
    }
  }
  std::sort(lines.begin(), lines.end());
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  return lines;
}

Texts::Texts(std::string_view regex, bool ignore_case, const std::vector<std::string>& lines)
    : lines_(lines) {
  uint32_t groups = 1;
  tree_ = match::read_byte_tree(regex, true, ignore_case, groups);
}

std::string Texts::sample(Dice& dice) const {
  std::string out;
  if (tree_) add_sample(*tree_, dice, out);
  return out;
}

std::string Texts::make(Dice& dice) {
  constexpr int kChangesOfASample = 4;
  const size_t kind = dice.below(16);
  std::string text;
  if (changes_left_-- > 0) {
    text = sample_;
    mutate(dice, text);
  } else if (kind == 0) {
    text = random_text(dice);
  } else if (kind == 1 && !lines_.empty()) {
    text = dice.one_of(lines_);
  } else {
    text = sample_ = tree_ ? sample(dice) : random_text(dice);
    changes_left_ = kChangesOfASample;
  }
  if (dice.one_in(6)) text = random_text(dice) + text;
  if (dice.one_in(6)) text += random_text(dice);
  if (kind > 7 || dice.one_in(6)) {
    for (size_t changes = 1 + dice.below(3); changes > 0; --changes) mutate(dice, text);
  }
  if (dice.one_in(7)) add_foreign(dice, text, dice.below(text.size() + 1));
  return text;
}

}  // namespace sluice::test
