#include "match/byte_program.hpp"

#include <doctest/doctest.h>
#include <oniguruma.h>

#include <random>

#include "match/byte_syntax.hpp"
#include "match/grok_expand.hpp"
#include "match/patterns.hpp"
#include "match/regex_syntax.hpp"

using namespace sluice::match;

namespace {

using Answer = ByteProgram::Answer;

// Oniguruma as the judge, over single bytes.
class Judge {
 public:
  Judge(std::string_view pattern, bool plain_groups, bool ignore_case) {
    const std::string spelled = spell_out_ascii_classes(pattern);
    OnigOptionType options = ONIG_OPTION_MULTILINE;
    if (!plain_groups) options |= ONIG_OPTION_DONT_CAPTURE_GROUP;
    if (ignore_case) options |= ONIG_OPTION_IGNORECASE;
    OnigErrorInfo info{};
    if (onig_new(&regex_, bytes(spelled), bytes(spelled) + spelled.size(), options, ONIG_ENCODING_ASCII,
                 ONIG_SYNTAX_RUBY, &info) != ONIG_NORMAL)
      regex_ = nullptr;
    onig_set_retry_limit_in_match_of_match_param(param_, 200'000);
    onig_set_retry_limit_in_search_of_match_param(param_, 200'000);
  }
  ~Judge() {
    if (regex_) onig_free(regex_);
    onig_region_free(region_, 1);
    onig_free_match_param(param_);
  }
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  [[nodiscard]] bool valid() const { return regex_ != nullptr; }
  // Begins and ends of the groups, "none", or nothing when it took too long.
  std::string search(std::string_view text, size_t from) {
    const OnigUChar* end = bytes(text) + text.size();
    const int at = onig_search_with_param(regex_, bytes(text), end, bytes(text) + from, end, region_,
                                          ONIG_OPTION_NONE, param_);
    if (at == ONIG_MISMATCH) return "none";
    if (at < 0) return "";
    std::string result;
    for (int i = 0; i < region_->num_regs; ++i)
      result += std::to_string(region_->beg[i]) + "-" + std::to_string(region_->end[i]) + " ";
    return result;
  }

 private:
  static const OnigUChar* bytes(std::string_view text) {
    return reinterpret_cast<const OnigUChar*>(text.data());
  }
  regex_t* regex_ = nullptr;
  OnigRegion* region_ = onig_region_new();
  OnigMatchParam* param_ = onig_new_match_param();
};

std::string told(Answer answer, const ByteProgram& program, const ByteScratch& scratch) {
  if (answer == Answer::gave_up) return "gave up";
  if (answer == Answer::no_match) return "none";
  std::string result;
  for (size_t i = 0; i < program.groups(); ++i) {
    const int32_t begin = scratch.slots[2 * i];
    result += std::to_string(begin) + "-" + std::to_string(begin < 0 ? -1 : scratch.slots[2 * i + 1]) + " ";
  }
  return result;
}

// One pattern, held against Oniguruma both ways.
class Comparison {
 public:
  Comparison(const std::string& pattern, bool plain_groups = false, bool ignore_case = false)
      : pattern_(pattern),
        judge_(pattern, plain_groups, ignore_case),
        program_(ByteProgram::compile(pattern, plain_groups, ignore_case)) {
    if (program_) program_->native();
  }

  [[nodiscard]] bool possible() const { return judge_.valid() && program_; }
  [[nodiscard]] const ByteProgram& program() const { return *program_; }

  // Returns what the judge says.
  std::string compare(const std::string& text, size_t from = 0) {
    const std::string expected = judge_.search(text, from);
    if (expected.empty()) return expected;
    const std::string native = told(program_->search(text, from, scratch_), *program_, scratch_);
    const std::string walked = told(program_->interpret(text, from, scratch_), *program_, scratch_);
    CHECK_MESSAGE((native == expected || native == "gave up"), "native: ", native, " for /", pattern_,
                  "/ on \"", text, "\" from ", from, ", expected ", expected);
    CHECK_MESSAGE((walked == expected || walked == "gave up"), "interpreter: ", walked, " for /", pattern_,
                  "/ on \"", text, "\" from ", from, ", expected ", expected);
    for (const bool interpreted : {false, true}) {
      const std::string steps = in_steps(text, from, interpreted);
      CHECK_MESSAGE((steps == expected || steps == "gave up"), "in steps: ", steps, " for /", pattern_,
                    "/ on \"", text, "\" from ", from, ", expected ", expected);
    }
    return native == "gave up" || walked == "gave up" ? "gave up" : expected;
  }

 private:
  // One place after the other.
  std::string in_steps(const std::string& text, size_t from, bool interpreted) {
    constexpr auto kFirst = ByteProgram::Places::first;
    Answer answer = Answer::elsewhere;
    for (; answer == Answer::elsewhere && from <= text.size(); from = scratch_.slots[0] + 1) {
      answer = interpreted ? program_->interpret(text, from, scratch_, kFirst)
                           : program_->search(text, from, scratch_, kFirst);
    }
    return told(answer == Answer::elsewhere ? Answer::no_match : answer, *program_, scratch_);
  }

  std::string pattern_;
  Judge judge_;
  std::unique_ptr<ByteProgram> program_;
  ByteScratch scratch_;
};

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  int pick(size_t below) { return static_cast<int>(random_() % below); }
  const char* one_of(std::initializer_list<const char*> list) { return list.begin()[pick(list.size())]; }

  std::string pattern(int depth = 0) {
    std::string out;
    for (int i = 1 + pick(4); i > 0; --i) {
      out += part(depth);
      if (pick(depth > 0 ? 6 : 16) == 0) out += "|";
    }
    return out;
  }

  std::string text(size_t longest = 14) {
    std::string out;
    for (int i = pick(longest); i > 0; --i)
      out += one_of({"a", "a", "b", "c", "ab", "abc", " ", ".", "1", "aaaaaaaaaaaaaaaaaa", "bc", "A"});
    return out;
  }

  // A text that the tree could match, or nearly so.
  void sample(const ByteTree& tree, std::string& out) {
    using Kind = ByteTree::Kind;
    if (out.size() > 2000) return;
    if (tree.kind == Kind::look) return;
    if (tree.kind == Kind::alternatives) return sample(tree.children[random_() % tree.children.size()], out);
    if (tree.kind == Kind::set) {
      for (int i = 0; i < 200; ++i) {
        const auto c = static_cast<unsigned char>(i < 100 ? 0x20 + random_() % 0x5f : random_() % 0x80);
        if (tree.set[c] && c != '\n') return out.push_back(static_cast<char>(c));
      }
      return;
    }
    int32_t count = 1;
    if (tree.kind == Kind::repeat) {
      count = tree.min + pick(pick(4) == 0 ? 20 : 3);
      if (tree.max >= 0) count = std::min(count, tree.max);
    }
    for (; count > 0; --count)
      for (const auto& child : tree.children) sample(child, out);
  }

  void damage(std::string& text) {
    for (int i = pick(3); i > 0 && !text.empty(); --i) {
      const size_t at = random_() % text.size();
      const int how = pick(5);
      const char c = " ab1.:/-[]\"'"[pick(12)];
      if (how == 0) text[at] = c;
      if (how == 1) text.erase(at, 1);
      if (how == 2) text.insert(at, 1, c);
      if (how == 3) text.resize(at);
      if (how == 4) text.insert(0, text.substr(at));
    }
  }

 private:
  std::string part(int depth) {
    std::string out;
    if (depth < 4 && pick(3) == 0) {
      const std::string open = one_of({"(", "(?:", "(?:", "(?<n>", "(?<m>", "(?>", "(?=", "(?!", "(?<="});
      if (open == "(?<=")
        return one_of({"(?<=a)", "(?<!a)", "(?<![ab])", "(?<=bc)", "(?<!ab|bc)", "(?<=a.)"});
      out = open + pattern(depth + 1) + ")";
    } else {
      out = one_of({"a",    "b",   "c",   "ab",    "abc",   "\\.", ".",     "[ab]",
                    "[^c]", "\\w", " ",   "[a-c]", "\\S",   "\\s", "\\d",   "^",
                    "$",    "\\b", "\\B", "1",     "[^ab]", "\\W", "[ac1]", "[^\\w.]"});
    }
    if (pick(5) < 2) {
      out += one_of({"+",  "*",  "?",     "{2}",   "{0,2}",  "{,1}", "+?",    "*?",     "??",   "++",
                     "*+", "?+", "{2,3}", "{1,4}", "{2,5}?", "{3,}", "{1,}?", "{0,40}", "{17}", "{1,200}"});
    }
    return out;
  }

  std::mt19937 random_;
};

}  // namespace

TEST_CASE("machine code, interpreter and Oniguruma agree on made-up patterns") {
  int compared = 0;
  int matched = 0;
  int gave_up = 0;
  int native = 0;
  const unsigned long seeds = std::getenv("SEEDS") ? std::stoul(std::getenv("SEEDS")) : 8000;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    Maker make(seed);
    const std::string pattern = make.pattern();
    const bool named = pattern.find("(?<n>") != pattern.npos || pattern.find("(?<m>") != pattern.npos;
    const bool plain_groups = !named && seed % 2 == 0;
    Comparison comparison(pattern, plain_groups, seed % 5 == 0);
    if (!comparison.possible()) continue;
    native += comparison.program().native() != nullptr;
    uint32_t groups = 1;
    const auto tree = read_byte_tree(pattern, plain_groups, seed % 5 == 0, groups);
    for (int i = 0; i < 8; ++i) {
      std::string text = i % 2 ? make.text() : "";
      if (i % 2 == 0) {
        make.sample(*tree, text);
        make.damage(text);
      }
      const std::string answer = comparison.compare(text, text.empty() || i < 6 ? 0 : make.pick(text.size()));
      if (answer.empty()) continue;
      ++compared;
      matched += answer != "none" && answer != "gave up";
      gave_up += answer == "gave up";
    }
  }
  MESSAGE(compared, " compared, ", matched, " matched, ", gave_up, " given up, ", native, " native");
  CHECK(compared > 20'000);
  CHECK(matched > compared / 4);
  CHECK(gave_up < compared / 100);
}

TEST_CASE("machine code, interpreter and Oniguruma agree on all shipped patterns") {
  const int rounds = std::getenv("ROUNDS") ? std::stoi(std::getenv("ROUNDS")) : 6;
  for (const BuiltinPatterns builtin : {BuiltinPatterns::legacy, BuiltinPatterns::ecs_v1}) {
    const PatternSet set(builtin);
    int compiled = 0;
    int matched = 0;
    Maker make(static_cast<unsigned>(builtin));
    for (const std::string_view name : set.names()) {
      const auto expanded = expand_grok("%{" + std::string(name) + ":whole}", set, true);
      REQUIRE(expanded.ok());
      const std::string pattern = rename_groups(*expanded).regex;
      Comparison comparison(pattern);
      uint32_t groups = 1;
      const auto tree = read_byte_tree(pattern, false, false, groups);
      if (!comparison.possible() || !tree) continue;
      ++compiled;
#if defined(__x86_64__)
      CHECK_MESSAGE(comparison.program().native(), name, ": ", comparison.program().why_not_native());
#endif
      for (int i = 0; i < rounds; ++i) {
        std::string text;
        make.sample(*tree, text);
        if (i % 3 > 0) make.damage(text);
        const std::string answer = comparison.compare(text);
        matched += answer != "none" && !answer.empty() && answer != "gave up";
      }
    }
    MESSAGE(compiled, " patterns, ", matched, " matched");
    CHECK(compiled > 100);
    CHECK(matched > compiled);
  }
}

TEST_CASE("machine code takes over when a pattern has been used some times, with the same answers") {
  const auto program = ByteProgram::compile("(?<a>[a-z]+)(?:-(?<b>\\d+))?", false, false);
  REQUIRE(program);
  ByteScratch scratch;
  for (int i = 0; i < 100; ++i) {
    CHECK(told(program->search("..abc-12", 0, scratch), *program, scratch) == "2-8 2-5 6-8 ");
    CHECK(told(program->search("..abc-x", 0, scratch), *program, scratch) == "2-5 2-5 -1--1 ");
  }
#if defined(__x86_64__)
  CHECK_MESSAGE(program->native() != nullptr, program->why_not_native());
#endif
}

TEST_CASE("runs end where they must at every length of the text") {
  for (const char* pattern :
       {"\\w+", "[^ ]*x", ".*", ".*?$", "\\w{3,20}", "\\w{0,17}?1", "(?<a>\\S+)(?<b>\\w)", "[^\"\\\\]+$"}) {
    Comparison comparison(pattern);
    REQUIRE(comparison.possible());
    for (size_t length = 0; length < 70; ++length) {
      for (const char* tail : {"", " ", "x", "1", "\"", " x1"}) {
        comparison.compare(std::string(length, 'w') + tail);
        comparison.compare(std::string(length, 'w') + tail, length / 2);
        comparison.compare(" " + std::string(length, 'w') + tail + std::string(length, '1'));
      }
    }
  }
}

TEST_CASE("hostile patterns end, and both ways agree when they answer") {
  std::string nested = "a";
  for (int i = 0; i < 90; ++i) nested = i % 3 == 0 ? "(?>" + nested + "|b)" : "(?:" + nested + "c?)+";
  std::string branches = "(?:";
  for (int i = 0; i < 2000; ++i) branches += "a" + std::to_string(i) + "(?<g" + std::to_string(i) + ">b)?|";
  const std::vector<std::string> patterns = {nested,
                                             branches + "c)+d",
                                             "(?:a|aa)+$",
                                             "(?:a|a)*b",
                                             "(?:.*,){20}x",
                                             "(?:.*?,){11}P",
                                             "(?:x+x+)+y",
                                             "(?:(?:(?:(?:a{1,50}){1,50}){1,50}){1,50})$",
                                             "(?:(?:ab|a){300,900}c){200,900}",
                                             "(?:\\w+ ?)*!",
                                             "(?:(?<n>a)|b)*c",
                                             "(?>(?:(?<n>a)|b)*)c",
                                             ".*.*.*.*.*=.*",
                                             "(?:a|b|ab)*?c",
                                             "(?=(?:a+)+$)b",
                                             "(?<!aaaaaaaaaaaaaaaaaaaaaaaaaaaa)a{900}",
                                             "(?:[ab]{1,3}[bc]{2,}){5,}d",
                                             "\\b(?:\\B.)*\\b.$"};
  std::vector<std::string> texts = {"", "a", std::string(40, 'a') + "b", std::string(5000, 'a')};
  std::string words;
  for (int i = 0; i < 4000; ++i) words += "ab,c x1 ";
  texts.push_back(words);
  texts.push_back(words + std::string(NativeRegex::kLongest - words.size(), 'a'));
  texts.push_back(words + std::string(NativeRegex::kLongest + 1 - words.size(), 'b'));
  for (const std::string& pattern : patterns) {
    const auto program = ByteProgram::compile(pattern, false, false);
    if (!program) continue;
    program->native();
    ByteScratch scratch;
    for (const std::string& text : texts) {
      const std::string native = told(program->search(text, 0, scratch), *program, scratch);
      const std::string walked = told(program->interpret(text, 0, scratch), *program, scratch);
      const bool open = native == "gave up" || walked == "gave up";
      CHECK_MESSAGE((open || native == walked), pattern.substr(0, 80), " on ", text.size(),
                    " bytes: ", native, ", interpreted ", walked);
    }
  }
}
