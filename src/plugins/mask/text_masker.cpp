#include "plugins/mask/text_masker.hpp"

#include <algorithm>

#include "base/time.hpp"
#include "plugins/mask/masked_form.hpp"

namespace sluice::plugins::mask {
namespace {

constexpr std::string_view kNotSearched = "[not searched]";

}  // namespace

TextMasker::TextMasker(const Settings& settings)
    : settings_(settings), scanner_(settings.kinds, settings.countries) {
  if (!settings.key.empty()) hasher_.emplace(digest::Hash::sha256, settings.key);
}

TextMasker::Outcome TextMasker::mask(std::string_view text) {
  found_.clear();
  if (settings_.kinds) scanner_.scan(text, found_);
  if (!settings_.patterns.empty()) {
    if (!search_patterns(text)) {
      found_.clear();
      result_ = kNotSearched;
      return Outcome::failed;
    }
    merge_overlaps();
  }
  if (found_.empty()) return Outcome::clean;
  result_.clear();
  size_t at = 0;
  for (const auto& span : found_) {
    result_ += text.substr(at, span.begin - at);
    append_masked(span, text.substr(span.begin, span.end - span.begin));
    at = span.end;
  }
  result_ += text.substr(at);
  return Outcome::masked;
}

bool TextMasker::search_patterns(std::string_view text) {
  const match::Subject subject(text);
  for (size_t i = 0; i < settings_.patterns.size(); ++i) {
    const int64_t deadline = steady_nanos() + settings_.timeout_millis * 1'000'000;
    match::Budget budget{settings_.timeout_millis};
    for (size_t from = 0; from <= text.size();) {
      const auto result = settings_.patterns[i].search(subject, captures_, from, budget);
      if (result == match::MatchResult::no_match) break;
      if (result != match::MatchResult::match) return false;
      const auto begin = static_cast<size_t>(captures_.begin(0));
      const auto end = static_cast<size_t>(captures_.end(0));
      if (end > begin) found_.push_back({begin, end, static_cast<uint16_t>(first_own + i)});
      from = end > begin ? end : end + 1;
      if (settings_.timeout_millis == 0) continue;
      budget.millis = (deadline - steady_nanos()) / 1'000'000;
      if (budget.millis <= 0) return false;
    }
  }
  return true;
}

// What two kinds share must not be shown because one of them ends: both become one of the first's kind.
void TextMasker::merge_overlaps() {
  std::stable_sort(found_.begin(), found_.end(),
                   [](const Span& a, const Span& b) { return a.begin < b.begin; });
  size_t kept = 0;
  for (const auto& span : found_) {
    if (kept > 0 && span.begin < found_[kept - 1].end) {
      Span& before = found_[kept - 1];
      if (span.end <= before.end) continue;
      before.end = span.end;
      before.joined = true;
    } else {
      found_[kept++] = span;
    }
  }
  found_.resize(kept);
}

void TextMasker::append_masked(const Span& span, std::string_view found) {
  const Treatment& treatment = settings_.treatments[span.kind];
  if (span.joined || treatment.mode == Mode::redact) {
    result_ += treatment.label;
  } else if (treatment.mode == Mode::partial) {
    append_partial(span.kind, found, result_);
  } else {
    normal_.clear();
    append_normal(span.kind, found, normal_);
    const auto hash = (*hasher_)(normal_);
    ((result_ += '[') += treatment.name) += ':';
    const size_t begin = result_.size();
    digest::append_hex(hash, result_);
    result_.resize(std::min(result_.size(), begin + settings_.hash_length));
    result_ += ']';
  }
}

}  // namespace sluice::plugins::mask
