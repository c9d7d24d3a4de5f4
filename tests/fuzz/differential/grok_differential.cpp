// Compares the engines in front of Oniguruma with Oniguruma itself: over all shipped patterns, expressions
// made of them, and generated regular expressions, on texts made from the pattern, changed ones, bytes, and
// lines of the tests. Match or none and the place of every group have to be the same.
//
//   grok_differential [--comparisons N] [--seed S] [--jobs J] [--expression NUMBER]
//
// A comparison is one answer of one engine: where machine code is searched with, the interpreter behind it is
// asked too. The same numbers give the same comparisons. Closes with `N passed, N failed`: N of the sources
// of patterns.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/utf8.hpp"
#include "judge.hpp"
#include "match/byte_program.hpp"
#include "match/literal_filter.hpp"
#include "patterns.hpp"
#include "texts.hpp"

namespace sluice::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTextsOfAnExpression = 400;
constexpr size_t kMostReports = 20;

struct Options {
  uint64_t comparisons = 1'000'000;
  uint64_t seed = 1;
  unsigned jobs = 1;
  std::optional<uint64_t> expression;
};

/// What a run has counted; the workers share it.
struct Counts {
  std::atomic<uint64_t> next{0};      // number of an expression
  std::atomic<uint64_t> compared{0};  // answers, each with Oniguruma's
  std::atomic<uint64_t> searches{0}, matched{0}, lines{0}, undecided{0}, expressions{0}, refused{0};
  std::atomic<uint64_t> interpreted{0};          // of them the interpreter beside machine code
  std::array<std::atomic<uint64_t>, 4> tiers{};  // comparisons by match::Tier
  std::array<std::atomic<uint64_t>, 3> differences{};
  std::mutex reports;
  size_t reported = 0;
};

std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte >= ' ' && byte < 0x7f && c != '\\' ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
  }
  return out;
}

std::string shown(Verdict verdict, const Offsets& offsets) {
  if (verdict == Verdict::no_match) return "no match";
  if (verdict == Verdict::undecided) return "no answer";
  std::string out;
  for (size_t i = 0; i < offsets.size(); i += 2) out += fmt::format("{}-{} ", offsets[i], offsets[i + 1]);
  return out;
}

class Worker {
 public:
  Worker(const Options& options, const Patterns& patterns, const std::vector<std::string>& lines,
         Counts& counts)
      : options_(options), patterns_(patterns), lines_(lines), counts_(counts) {}

  void run() {
    if (options_.expression) return compare(*options_.expression);
    while (counts_.compared < options_.comparisons) compare(counts_.next++);
  }

 private:
  void compare(uint64_t number) {
    Expression expression;
    if (!patterns_.make(number, expression)) return;
    auto regex = match::Regex::compile(expression.regex, expression.options);
    Judge judge(expression.regex, expression.options);
    if (!regex.ok() || !judge.valid()) {
      ++counts_.refused;
      return;
    }
    ++counts_.expressions;
    Texts texts(expression.regex, expression.options.ignore_case, lines_);
    const match::LiteralFilter filter({&regex->required(), 1});
    interpreter_.reset();
    if (regex->tier() == match::Tier::native)
      interpreter_ =
          match::ByteProgram::compile(expression.regex, judge.plain_groups(), expression.options.ignore_case);
    Dice dice(options_.seed ^ (number * 0xD1B54A32D192ED03u));
    for (int i = 0; i < kTextsOfAnExpression; ++i) {
      const std::string text = texts.make(dice);
      const size_t from = dice.one_in(12) ? dice.below(text.size() + 1) : 0;
      if (!compare(number, expression, *regex, judge, filter, text, from)) break;
    }
  }

  // False when the expression is not worth more texts.
  bool compare(uint64_t number, const Expression& expression, const match::Regex& regex, Judge& judge,
               const match::LiteralFilter& filter, const std::string& text, size_t from) {
    const match::Subject facts(text);
    // Oniguruma wants to begin between two characters.
    if (facts.utf8())
      while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80) ++from;
    const Verdict wanted = judge.search(text, facts.utf8(), from, wanted_);
    if (wanted == Verdict::undecided) return ++counts_.undecided % 2 == 0;
    const Verdict got = search(regex, facts, from);
    ++counts_.compared;
    ++counts_.searches;
    if (facts.ascii_line()) ++counts_.lines;
    ++counts_.tiers[static_cast<size_t>(facts.ascii_line() ? regex.tier() : match::Tier::oniguruma)];
    if (wanted == Verdict::match) ++counts_.matched;
    std::string_view what = "the answer";
    if (got == wanted && (got != Verdict::match || got_ == wanted_)) {
      filter.scan(text, found_);
      what = "the filter of required texts";
      if (wanted != Verdict::match || filter.possible(0, found_)) {
        if (!facts.ascii_line() || same_by_interpreter(text, from, wanted)) return true;
        what = "the interpreter";
      }
    }
    ++counts_.differences[static_cast<size_t>(expression.source)];
    const std::lock_guard lock(counts_.reports);
    if (counts_.reported++ < kMostReports)
      fmt::print(
          "DIFFERENT: {} of expression {}\n  {}\n  /{}/\n  on \"{}\" from {}\n  Oniguruma: {}\n  here:      "
          "{}\n",
          what, number, expression.written, expression.regex, shown(text), from, shown(wanted, wanted_),
          shown(got, got_));
    return false;
  }

  Verdict search(const match::Regex& regex, const match::Subject& facts, size_t from) {
    switch (regex.search(facts, captures_, from)) {
      case match::MatchResult::match:
        break;
      case match::MatchResult::no_match:
        return Verdict::no_match;
      default:
        return Verdict::undecided;
    }
    got_.clear();
    for (size_t i = 0; i < captures_.size(); ++i) {
      got_.push_back(static_cast<int>(captures_.begin(i)));
      got_.push_back(static_cast<int>(captures_.end(i)));
    }
    return Verdict::match;
  }

  // Machine code answers in its place, but for the machines where there is none.
  bool same_by_interpreter(std::string_view text, size_t from, Verdict wanted) {
    using Answer = match::ByteProgram::Answer;
    if (!interpreter_) return true;
    const Answer answer = interpreter_->interpret(text, from, scratch_);
    if (answer == Answer::gave_up) return true;
    ++counts_.interpreted;
    ++counts_.compared;
    if (answer == Answer::no_match) return wanted == Verdict::no_match;
    if (wanted != Verdict::match || wanted_.size() != 2 * interpreter_->groups()) return false;
    for (size_t i = 0; i < wanted_.size(); i += 2) {
      const bool none = scratch_.slots[i] < 0;
      if (none != (wanted_[i] < 0)) return false;
      if (!none && (scratch_.slots[i] != wanted_[i] || scratch_.slots[i + 1] != wanted_[i + 1])) return false;
    }
    return true;
  }

  const Options& options_;
  const Patterns& patterns_;
  const std::vector<std::string>& lines_;
  Counts& counts_;
  match::Captures captures_;
  std::unique_ptr<match::ByteProgram> interpreter_;
  match::ByteScratch scratch_;
  match::LiteralFilter::Found found_;
  Offsets wanted_, got_;
};

void show_progress(const Counts& counts, Clock::time_point started) {
  const double seconds = std::chrono::duration<double>(Clock::now() - started).count();
  const auto compared = static_cast<double>(counts.compared);
  const auto searches = static_cast<double>(std::max<uint64_t>(1, counts.searches));
  fmt::print("{} comparisons, {:.0f} a second; {} expressions, {} texts, {:.0f} % matched\n",
             counts.compared.load(), compared / seconds, counts.expressions.load(), counts.searches.load(),
             100 * static_cast<double>(counts.matched) / searches);
  std::fflush(stdout);
}

int run(const Options& options) {
  const Patterns patterns(options.seed);
  const auto lines = quoted_lines(TEST_SOURCES);
  Counts counts;
  const auto started = Clock::now();
  std::atomic<unsigned> running{options.jobs};
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < options.jobs; ++i)
    workers.emplace_back([&] {
      Worker(options, patterns, lines, counts).run();
      --running;
    });
  for (int ticks = 0; running > 0; ++ticks) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (ticks % 100 == 99) show_progress(counts, started);
  }
  for (auto& worker : workers) worker.join();
  show_progress(counts, started);
  fmt::print("seed {}; {} lines of tests; every one of {} shipped patterns: {}; on an ASCII line: {}; ",
             options.seed, lines.size(), patterns.shipped(),
             counts.next >= 4 * patterns.shipped() ? "yes" : "no", counts.lines.load());
  fmt::print(
      "plain text {}, native {}, byte program {}, Oniguruma {}; interpreted too {}; undecided {}; no "
      "expressions {}\n",
      counts.tiers[0].load(), counts.tiers[1].load(), counts.tiers[2].load(), counts.tiers[3].load(),
      counts.interpreted.load(), counts.undecided.load(), counts.refused.load());
  int failed = 0;
  for (const auto& differences : counts.differences) failed += differences > 0 ? 1 : 0;
  fmt::print("{} passed, {} failed\n", 3 - failed, failed);
  return failed == 0 ? 0 : 1;
}

bool read_options(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; i += 2) {
    const std::string_view flag = argv[i];
    char* end = nullptr;
    const uint64_t number = i + 1 < argc ? std::strtoull(argv[i + 1], &end, 10) : 0;
    if (!end || *end || end == argv[i + 1]) return false;
    if (flag == "--comparisons")
      options.comparisons = number;
    else if (flag == "--seed")
      options.seed = number;
    else if (flag == "--jobs" && number > 0 && number < 256)
      options.jobs = static_cast<unsigned>(number);
    else if (flag == "--expression")
      options.expression = number;
    else
      return false;
  }
  return true;
}

}  // namespace
}  // namespace sluice::test

int main(int argc, char** argv) {
  sluice::test::Options options;
  if (!sluice::test::read_options(argc, argv, options)) {
    fmt::print(stderr,
               "usage: grok_differential [--comparisons N] [--seed S] [--jobs J] [--expression NUMBER]\n");
    return 2;
  }
  return sluice::test::run(options);
}
