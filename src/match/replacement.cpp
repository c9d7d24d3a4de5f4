// Regex::gsub and what it puts in place of a match.
#include <fmt/format.h>
#include <time.h>

#include "match/regex.hpp"
#include "match/search_budget.hpp"

namespace sluice::match {
namespace {

constexpr unsigned kLook = 16;

int64_t coarse_millis() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

MatchResult Regex::gsub(std::string_view text, const Replacement& replacement, std::string& out,
                        Captures& captures, Budget budget) const {
  const Subject subject(text);
  MatchResult result = search(subject, captures, 0, budget);
  if (result != MatchResult::match) return result;
  out.clear();
  size_t copied = 0;
  // The budget is for all searches of the text together. The clock is read at every kLook-th match, so each
  // search in between gets that part of what is left.
  const int64_t deadline = budget.millis > 0 ? coarse_millis() + budget.millis : 0;
  Budget part{(budget.millis + kLook - 1) / kLook};
  unsigned matches = 0;
  while (result == MatchResult::match) {
    const auto begin = static_cast<size_t>(captures.begin(0));
    const auto end = static_cast<size_t>(captures.end(0));
    out.append(text.substr(copied, begin - copied));
    replacement.append(out, text, captures);
    copied = end;
    size_t next = end;
    if (begin == end) {
      // An empty match moves on by one character, which is kept.
      if (end >= text.size()) break;
      ++next;
      while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80) ++next;
    }
    if (deadline != 0 && ++matches % kLook == 0) {
      const int64_t left = deadline - coarse_millis();
      if (left <= 0) {
        count_search_timeout();
        return MatchResult::timeout;
      }
      part.millis = (left + kLook - 1) / kLook;
    }
    result = search(subject, captures, next, part);
  }
  if (result == MatchResult::timeout || result == MatchResult::error) return result;
  out.append(text.substr(copied));
  return MatchResult::match;
}

Result<Replacement> Replacement::parse(std::string_view text, const Regex& regex) {
  Replacement result;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) result.pieces_.push_back({Kind::literal, std::move(literal), {}});
    literal.clear();
  };
  const auto add = [&](Kind kind, std::vector<int> groups) {
    flush();
    result.pieces_.push_back({kind, {}, std::move(groups)});
  };
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '\\' || i + 1 >= text.size()) {
      literal += text[i++];
      continue;
    }
    const char c = text[i + 1];
    if (c >= '0' && c <= '9') {
      add(Kind::group, {c - '0'});
    } else if (c == '&') {
      add(Kind::group, {0});
    } else if (c == '`') {
      add(Kind::before, {});
    } else if (c == '\'') {
      add(Kind::after, {});
    } else if (c == '\\') {
      literal += '\\';
    } else if (c == 'k' && i + 2 < text.size() && text[i + 2] == '<' &&
               text.find('>', i + 3) != std::string_view::npos) {
      const size_t close = text.find('>', i + 3);
      const std::string_view name = text.substr(i + 3, close - i - 3);
      std::vector<int> groups = regex.groups_named(name);
      if (groups.empty()) {
        return Status::config(fmt::format(
            "the replacement refers to \\k<{}>, and /{}/ has no group of that name", name, regex.pattern()));
      }
      add(Kind::group, std::move(groups));
      i = close + 1;
      continue;
    } else {
      literal.append(text.substr(i, 2));
    }
    i += 2;
  }
  flush();
  return result;
}

void Replacement::append(std::string& out, std::string_view text, const Captures& match) const {
  for (const Piece& piece : pieces_) {
    switch (piece.kind) {
      case Kind::literal:
        out += piece.literal;
        break;
      case Kind::before:
        out.append(text.substr(0, static_cast<size_t>(match.begin(0))));
        break;
      case Kind::after:
        out.append(text.substr(static_cast<size_t>(match.end(0))));
        break;
      case Kind::group:
        for (size_t i = piece.groups.size(); i-- > 0;) {
          const auto group = static_cast<size_t>(piece.groups[i]);
          if (!match.participated(group)) continue;
          out.append(match.group(group));
          break;
        }
        break;
    }
  }
}

}  // namespace sluice::match
