#include "match/regex.hpp"

#include <fmt/format.h>
#include <oniguruma.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <cstring>
#include <mutex>

#include "base/utf8.hpp"
#include "match/byte_program.hpp"
#include "match/regex_syntax.hpp"
#include "match/search_budget.hpp"

namespace sluice::match {
namespace {

using Clock = std::chrono::steady_clock;

const OnigUChar* bytes(std::string_view text) { return reinterpret_cast<const OnigUChar*>(text.data()); }

void initialise_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    OnigEncoding encodings[] = {ONIG_ENCODING_UTF8, ONIG_ENCODING_ASCII};
    onig_initialize(encodings, 2);
  });
}

struct OnigFree {
  void operator()(regex_t* regex) const { onig_free(regex); }
};
using OnigPointer = std::unique_ptr<regex_t, OnigFree>;

OnigOptionType onig_options(const RegexOptions& options, bool numbered_groups) {
  OnigOptionType bits = ONIG_OPTION_NONE;
  if (options.ignore_case) bits |= ONIG_OPTION_IGNORECASE;
  if (options.dot_all) bits |= ONIG_OPTION_MULTILINE;
  if (options.extended) bits |= ONIG_OPTION_EXTEND;
  if (options.no_numbered_groups && !numbered_groups) bits |= ONIG_OPTION_DONT_CAPTURE_GROUP;
  return bits;
}

int onig_compile(std::string_view pattern, OnigOptionType options, OnigEncoding encoding, OnigPointer& out,
                 OnigErrorInfo& info) {
  initialise_once();
  regex_t* regex = nullptr;
  const OnigUChar* begin = bytes(pattern);
  const int code =
      onig_new(&regex, begin, begin + pattern.size(), options, encoding, ONIG_SYNTAX_RUBY, &info);
  if (code == ONIG_NORMAL) out.reset(regex);
  return code;
}

// Back-references by number and calls need the numbered groups that are dropped otherwise.
bool refers_to_groups(std::string_view pattern) {
  for (RegexToken token = next_regex_token(pattern, 0); token.kind != RegexToken::Kind::end;
       token = next_regex_token(pattern, token.end)) {
    if (token.kind == RegexToken::Kind::escape && token.end > token.begin + 1) {
      const char c = pattern[token.begin + 1];
      if ((c >= '1' && c <= '9') || c == 'k' || c == 'g') return true;
    }
    if (token.kind == RegexToken::Kind::group_open && pattern.substr(token.begin, 3) == "(?(") return true;
  }
  return false;
}

bool plain_text(std::string_view pattern, const RegexOptions& options) {
  return !options.ignore_case && !options.extended && !pattern.empty() &&
         pattern.find_first_of("\\[](){}.*+?^$|") == std::string_view::npos;
}

struct Fault {
  std::string message;
  size_t at = std::string_view::npos;
};

Fault describe(std::string_view pattern, int code, OnigErrorInfo& info) {
  Fault fault;
  OnigUChar text[ONIG_MAX_ERROR_MESSAGE_LEN];
  const int length = onig_error_code_to_str(text, code, &info);
  fault.message.assign(reinterpret_cast<const char*>(text), static_cast<size_t>(std::max(length, 0)));
  if (info.par && info.par < info.par_end) {
    const std::string_view name(reinterpret_cast<const char*>(info.par),
                                static_cast<size_t>(info.par_end - info.par));
    fault.at = pattern.find(name);
  } else if (code == ONIGERR_TARGET_OF_REPEAT_OPERATOR_NOT_SPECIFIED) {
    fault.at = pattern.find_first_of("*+?");
    if (fault.at != 0) fault.at = std::string_view::npos;
  } else {
    fault.at = unmatched_bracket(pattern);
  }
  return fault;
}

}  // namespace

struct Regex::Program {
  std::string pattern;
  std::string spelled;
  OnigOptionType options = ONIG_OPTION_NONE;
  bool literal = false;
  Required required;                   // text without which nothing matches
  std::vector<Needle> needles;         // its literals
  bool bytes_mean_characters = false;  // over ASCII text the pattern means the same byte by byte
  OnigPointer utf8;
  // The same pattern over single bytes: for text that is not UTF-8, which Oniguruma would step out of, and
  // for ASCII, where it is faster by a third.
  mutable std::once_flag bytewise_once;
  mutable OnigPointer bytewise;
  // The engine for ASCII lines, where it knows the pattern.
  bool for_lines = false;
  mutable std::once_flag lines_once;
  mutable std::unique_ptr<ByteProgram> lines;

  const ByteProgram* program_for_lines() const {
    std::call_once(lines_once, [this] {
      // Named groups switch plain ones off.
      const bool plain_groups =
          onig_number_of_names(utf8.get()) == 0 && !(options & ONIG_OPTION_DONT_CAPTURE_GROUP);
      const bool ignore_case = (options & ONIG_OPTION_IGNORECASE) != 0;
      if (for_lines) lines = ByteProgram::compile(pattern, plain_groups, ignore_case);
    });
    return lines.get();
  }

  regex_t* for_bytes() const {
    std::call_once(bytewise_once, [this] {
      OnigErrorInfo info{};
      onig_compile(spelled, options, ONIG_ENCODING_ASCII, bytewise, info);
    });
    return bytewise.get();
  }
};

Captures::Captures()
    : region_(onig_region_new()), param_(onig_new_match_param()), scratch_(std::make_unique<ByteScratch>()) {}

Captures::~Captures() {
  if (region_) onig_region_free(region_, 1);
  if (param_) onig_free_match_param(param_);
}

Captures::Captures(Captures&& other) noexcept
    : region_(std::exchange(other.region_, nullptr)),
      param_(std::exchange(other.param_, nullptr)),
      scratch_(std::move(other.scratch_)),
      text_(std::exchange(other.text_, {})),
      offsets_(std::exchange(other.offsets_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Captures& Captures::operator=(Captures&& other) noexcept {
  std::swap(region_, other.region_);
  std::swap(param_, other.param_);
  std::swap(scratch_, other.scratch_);
  std::swap(text_, other.text_);
  std::swap(offsets_, other.offsets_);
  std::swap(size_, other.size_);
  return *this;
}

// The offsets of a match are the scratch's first slots.
void Captures::set(size_t groups) {
  offsets_ = scratch_->slots.data();
  size_ = groups;
}

Result<Regex> Regex::compile(std::string_view pattern, RegexOptions options, size_t* error_at) {
  if (error_at) *error_at = std::string_view::npos;
  const size_t valid = utf8_valid_prefix(pattern);
  if (valid != pattern.size()) {
    if (error_at) *error_at = valid;
    return Status::config(fmt::format("the regular expression is not valid UTF-8 at byte {}", valid + 1));
  }
  auto program = std::make_shared<Program>();
  program->pattern = pattern;
  program->spelled = spell_out_ascii_classes(pattern);
  program->options = onig_options(options, refers_to_groups(pattern));
  program->literal = plain_text(pattern, options);
  program->for_lines =
      !program->literal && !options.extended && !(options.ignore_case && class_folds_into_ascii(pattern));
  if (program->for_lines && !options.ignore_case) {
    program->required = required_literals(pattern);
    program->required.literals = choose_literals(std::move(program->required.literals));
    for (const auto& literal : program->required.literals) program->needles.emplace_back(literal);
  }
  if (program->literal) program->required.literals = {program->pattern};
  program->bytes_mean_characters = means_same_in_bytes(pattern, options.ignore_case);
  OnigErrorInfo info{};
  const int code = onig_compile(program->spelled, program->options, ONIG_ENCODING_UTF8, program->utf8, info);
  if (code == ONIG_NORMAL) return Regex(std::move(program));
  const Fault fault = describe(pattern, code, info);
  if (error_at) *error_at = fault.at;
  if (error_at || fault.at == std::string_view::npos) return Status::config(fault.message);
  return Status::config(
      fmt::format("{}, at character {}", fault.message, utf8_length(pattern.substr(0, fault.at)) + 1));
}

uint8_t Subject::find_out() const {
  // No two of a process: each thread counts from a place of its own.
  static std::atomic<uint64_t> threads = 0;
  thread_local uint64_t texts = threads.fetch_add(1, std::memory_order_relaxed) << 44;
  serial_ = ++texts;
  uint8_t facts = kKnown;
  walked_ += text_.size();
  if (is_ascii(text_)) {
    facts |= kAscii | kUtf8;
    if (text_.find('\n') == std::string_view::npos) facts |= kLine;
  } else if (utf8_valid_prefix(text_) == text_.size()) {
    facts |= kUtf8;
  }
  return facts_ = facts;
}

MatchResult Regex::search(const Subject& subject, Captures& captures, size_t from, Budget budget) const {
  const std::string_view text = subject.text();
  captures.size_ = 0;
  if (from > text.size()) return MatchResult::no_match;
  captures.text_ = text;
  if (program_->literal) {
    const size_t found = text.find(program_->pattern, from);
    if (found == std::string_view::npos || text.size() > INT32_MAX) return MatchResult::no_match;
    captures.scratch_->slots.assign(
        {static_cast<int32_t>(found), static_cast<int32_t>(found + program_->pattern.size())});
    captures.set(1);
    return MatchResult::match;
  }
  MatchResult result{};
  if (subject.ascii_line() && search_line(subject, captures, from, result)) return result;
  if (!holds_required(subject, from)) return MatchResult::no_match;
  regex_t* onig = program_->utf8.get();
  if (subject.ascii() ? program_->bytes_mean_characters : !subject.utf8()) {
    onig = program_->for_bytes();
    if (!onig && !subject.ascii()) return MatchResult::error;
    if (!onig) onig = program_->utf8.get();
  }
  result = run(onig, text, captures, from, budget);
  if (result != MatchResult::match) return result;
  auto& slots = captures.scratch_->slots;
  slots.clear();
  for (int i = 0; i < captures.region_->num_regs; ++i) {
    slots.push_back(captures.region_->beg[i]);
    slots.push_back(captures.region_->end[i]);
  }
  captures.set(static_cast<size_t>(captures.region_->num_regs));
  return MatchResult::match;
}

bool Regex::holds_required(const Subject& subject, size_t from) const {
  return holds_literals(subject.text().substr(from), program_->needles);
}

// False when Oniguruma has to do it: the pattern is beyond the engine for ASCII lines, or it gave up.
bool Regex::search_line(const Subject& subject, Captures& captures, size_t from, MatchResult& result) const {
  using Answer = ByteProgram::Answer;
  const ByteProgram* program = program_->program_for_lines();
  if (!program) return false;
  ByteScratch& scratch = *captures.scratch_;
  const std::string_view text = subject.text();
  result = MatchResult::no_match;
  Answer answer = Answer::elsewhere;
  // Most lines match at the first place that they can match at. What a match needs is looked for when this
  // one does not.
  if (program->selective()) {
    answer = program->search(text, from, scratch, ByteProgram::Places::first, subject.serial_);
    if (answer == Answer::elsewhere) from = static_cast<size_t>(scratch.slots[0]) + 1;
  }
  if (answer == Answer::elsewhere) {
    if (from > text.size() || !holds_required(subject, from)) return true;
    answer = program->search(text, from, scratch, ByteProgram::Places::all, subject.serial_);
  }
  if (answer == Answer::gave_up) return false;
  if (answer == Answer::no_match) return true;
  captures.set(program->groups());
  result = MatchResult::match;
  return true;
}

namespace {
MatchResult timed_out() {
  count_search_timeout();
  return MatchResult::timeout;
}
}  // namespace

MatchResult Regex::run(void* onig, std::string_view text, Captures& captures, size_t from,
                       Budget budget) const {
  // Oniguruma counts in int.
  if (text.size() > INT_MAX) return MatchResult::error;
  const OnigUChar* begin = bytes(text);
  const OnigUChar* end = begin + text.size();
  unsigned long limit = ULONG_MAX;
  if (budget.millis > 0) {
    limit = static_cast<unsigned long>(std::min<int64_t>(budget.millis, 50)) * 20'000;
  }
  const bool timed = budget.millis > 0;
  bool first = true;
  Clock::time_point started;
  Clock::time_point deadline;
  for (;;) {
    onig_set_retry_limit_in_match_of_match_param(captures.param_, limit);
    onig_set_retry_limit_in_search_of_match_param(captures.param_, timed ? limit : 0);
    const int at = onig_search_with_param(static_cast<regex_t*>(onig), begin, end, begin + from, end,
                                          captures.region_, ONIG_OPTION_NONE, captures.param_);
    if (at >= 0) return MatchResult::match;
    if (at == ONIG_MISMATCH) return MatchResult::no_match;
    if (at != ONIGERR_RETRY_LIMIT_IN_MATCH_OVER && at != ONIGERR_RETRY_LIMIT_IN_SEARCH_OVER) {
      return MatchResult::error;
    }
    if (!timed) return timed_out();
    const Clock::time_point now = Clock::now();
    if (first) {
      deadline = now + std::chrono::milliseconds(budget.millis);
      limit *= 8;
    } else {
      const double spent = std::max(std::chrono::duration<double>(now - started).count(), 1e-6);
      const double left = std::chrono::duration<double>(deadline - now).count();
      const double reachable = static_cast<double>(limit) / spent * left;
      // A search cannot be resumed: what is left must be worth more than what has been tried already.
      if (reachable <= static_cast<double>(limit)) return timed_out();
      limit = static_cast<unsigned long>(std::min(reachable, static_cast<double>(limit) * 8));
    }
    first = false;
    started = now;
  }
}

const std::string& Regex::pattern() const { return program_->pattern; }

bool Regex::is_literal() const { return program_->literal; }

Tier Regex::tier() const {
  if (program_->literal) return Tier::text;
  const ByteProgram* program = program_->program_for_lines();
  if (!program) return Tier::oniguruma;
  return program->native() ? Tier::native : Tier::byte_program;
}

std::string Regex::why_not_native() const {
  const ByteProgram* program = program_->program_for_lines();
  return program ? program->why_not_native() : "";
}

bool Regex::may_match(std::string_view text) const { return holds_literals(text, program_->needles); }

const Required& Regex::required() const { return program_->required; }

std::vector<int> Regex::groups_named(std::string_view name) const {
  int* numbers = nullptr;
  const OnigUChar* begin = bytes(name);
  const int count = onig_name_to_group_numbers(program_->utf8.get(), begin, begin + name.size(), &numbers);
  if (count <= 0) return {};
  return {numbers, numbers + count};
}

}  // namespace sluice::match
