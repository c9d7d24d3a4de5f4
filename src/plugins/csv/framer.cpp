#include "plugins/csv/framer.hpp"

namespace sluice::plugins::csv {
namespace {

// True when `c` completes `wanted`, of which `met` bytes stand before it.
bool completes(char c, std::string_view wanted, size_t& met) {
  if (wanted.empty()) return false;
  if (c != wanted[met]) met = 0;
  if (c == wanted[met]) ++met;
  if (met < wanted.size()) return false;
  met = 0;
  return true;
}

}  // namespace

void Framer::reset() {
  state_ = State::begin;
  after_return_ = false;
  separator_ = quote_ = 0;
}

void Framer::step(char c) {
  const bool quote = completes(c, dialect_.quote, quote_);
  const bool in_quote = quote_ != 0;  // of a quote character of several bytes
  if (state_ == State::quoted) {
    if (quote) state_ = State::closing;
    return;
  }
  if (completes(c, dialect_.separator, separator_)) {
    state_ = State::begin;
  } else if (quote) {
    state_ = state_ == State::plain ? State::plain : State::quoted;
  } else if (!in_quote && separator_ == 0) {
    state_ = State::plain;
  }
}

size_t Framer::end(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (state_ != State::quoted) {
      if (after_return_ || c == '\n') {
        reset();
        return c == '\n' ? i + 1 : i;
      }
      after_return_ = c == '\r';
      if (after_return_) continue;
    }
    step(c);
  }
  return std::string_view::npos;
}

}  // namespace sluice::plugins::csv
