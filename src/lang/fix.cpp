// Applying certain fixes, and showing what they change.
#include <algorithm>

#include <fmt/format.h>

#include "lang/diagnostic.hpp"

namespace sluice::lang {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

struct Step {
  char sign;  // ' ', '-', '+'
  std::string_view line;
};

/// The longest common subsequence of what lies between the equal head and tail; a plain replacement when that
/// is too large for a table.
void middle_steps(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b, size_t head,
                  size_t a_end, size_t b_end, std::vector<Step>& steps) {
  const size_t n = a_end - head;
  const size_t m = b_end - head;
  if (n * m > 4'000'000) {
    for (size_t i = head; i < a_end; ++i) steps.push_back({'-', a[i]});
    for (size_t j = head; j < b_end; ++j) steps.push_back({'+', b[j]});
    return;
  }
  std::vector<uint32_t> common((n + 1) * (m + 1), 0);
  const auto at = [&](size_t i, size_t j) -> uint32_t& { return common[i * (m + 1) + j]; };
  for (size_t i = n; i-- > 0;) {
    for (size_t j = m; j-- > 0;) {
      at(i, j) = a[head + i] == b[head + j] ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
    }
  }
  size_t i = 0;
  size_t j = 0;
  while (i < n || j < m) {
    if (i < n && j < m && a[head + i] == b[head + j]) {
      steps.push_back({' ', a[head + i]});
      ++i, ++j;
    } else if (i < n && (j == m || at(i + 1, j) >= at(i, j + 1))) {
      steps.push_back({'-', a[head + i++]});
    } else {
      steps.push_back({'+', b[head + j++]});
    }
  }
}

std::vector<Step> compare(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  size_t head = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  size_t a_end = a.size();
  size_t b_end = b.size();
  while (a_end > head && b_end > head && a[a_end - 1] == b[b_end - 1]) --a_end, --b_end;
  std::vector<Step> steps;
  for (size_t i = 0; i < head; ++i) steps.push_back({' ', a[i]});
  middle_steps(a, b, head, a_end, b_end, steps);
  for (size_t i = a_end; i < a.size(); ++i) steps.push_back({' ', a[i]});
  return steps;
}

}  // namespace

std::vector<FixedFile> apply_certain_fixes(const Diagnostics& diagnostics, const SourceSet& sources) {
  std::vector<const Fix*> fixes;
  for (const auto& d : diagnostics.items()) {
    if (d.fix && d.fix->certain && d.fix->where.known()) fixes.push_back(&*d.fix);
  }
  std::stable_sort(fixes.begin(), fixes.end(),
                   [](const Fix* a, const Fix* b) { return a->where.begin < b->where.begin; });
  std::vector<FixedFile> out;
  for (uint32_t file = 0; file < sources.files().size(); ++file) {
    const auto& source = sources.files()[file];
    std::string text;
    size_t done = 0;
    bool changed = false;
    for (const Fix* fix : fixes) {
      if (fix->where.file != file || fix->where.begin < source.offset + done) continue;
      const size_t begin = fix->where.begin - source.offset;
      const size_t end = std::min<size_t>(fix->where.end - source.offset, source.text.size());
      if (begin > end) continue;
      text.append(source.text, done, begin - done);
      text += fix->replacement;
      done = end;
      changed = true;
    }
    text.append(source.text, done);
    if (changed && text != source.text) out.push_back({file, std::move(text)});
  }
  return out;
}

std::string unified_diff(std::string_view path, std::string_view before, std::string_view after) {
  if (before == after) return {};
  constexpr size_t kContext = 3;
  const auto a = lines_of(before);
  const auto b = lines_of(after);
  const auto steps = compare(a, b);
  std::string out = fmt::format("--- {}\n+++ {}\n", path, path);
  size_t old_line = 0;
  size_t new_line = 0;
  for (size_t i = 0; i < steps.size();) {
    size_t next = i;
    while (next < steps.size() && steps[next].sign == ' ') ++next;
    if (next == steps.size()) break;
    const size_t begin = std::max(i, next > kContext ? next - kContext : 0);
    old_line += begin - i, new_line += begin - i;
    size_t end = next;
    for (size_t quiet = 0; end < steps.size() && quiet <= 2 * kContext; ++end)
      quiet = steps[end].sign == ' ' ? quiet + 1 : 0;
    while (end > next && steps[end - 1].sign == ' ') --end;
    end = std::min(end + kContext, steps.size());
    std::string body;
    size_t old_count = 0;
    size_t new_count = 0;
    for (size_t k = begin; k < end; ++k) {
      body += steps[k].sign;
      body += steps[k].line;
      if (!steps[k].line.ends_with('\n')) body += "\n\\ No newline at end of file\n";
      old_count += steps[k].sign != '+';
      new_count += steps[k].sign != '-';
    }
    out += fmt::format("@@ -{},{} +{},{} @@\n", old_count ? old_line + 1 : old_line, old_count,
                       new_count ? new_line + 1 : new_line, new_count);
    out += body;
    old_line += old_count, new_line += new_count;
    i = end;
  }
  return out;
}

}  // namespace sluice::lang
