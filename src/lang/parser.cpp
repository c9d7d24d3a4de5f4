#include "lang/parser.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "lang/build.hpp"
#include "lang/mistakes.hpp"
#include "lang/syntax_tree.hpp"

namespace sluice::lang {
namespace {

constexpr int kMostErrors = 50;
constexpr size_t kLarge = 256 << 10;  // texts beyond this are not read fifty times
constexpr int kMostErrorsLarge = 10;

/// A copy of the text in which mistakes are mended one by one; every byte knows where it came from.
class WorkingText {
 public:
  explicit WorkingText(const SourceSet& sources)
      : sources_(sources), text_(sources.joined()), origin_(text_.size() + 1) {
    std::iota(origin_.begin(), origin_.end(), 0u);
  }
  [[nodiscard]] ParsedText parsed() const { return {text_, origin_, sources_}; }
  [[nodiscard]] size_t size() const { return text_.size(); }

  void apply(std::vector<Repair> repairs) {
    std::stable_sort(repairs.begin(), repairs.end(),
                     [](const Repair& a, const Repair& b) { return a.begin > b.begin; });
    for (const auto& r : repairs) {
      const auto came_from = origins(r);
      text_.replace(r.begin, r.end - r.begin, r.replacement);
      origin_.erase(origin_.begin() + r.begin, origin_.begin() + r.end);
      origin_.insert(origin_.begin() + r.begin, came_from.begin(), came_from.end());
    }
  }
  /// Spaces in place of what stands there; line ends stay.
  void blank(uint32_t begin, uint32_t end) {
    for (uint32_t i = begin; i < end; ++i) {
      if (text_[i] != '\n') text_[i] = ' ';
    }
  }
  void cut(uint32_t place) {
    text_.resize(place);
    origin_.resize(place + 1);
  }

 private:
  /// Where the bytes of a replacement come from: what it keeps of the old text stays where it was.
  [[nodiscard]] std::vector<uint32_t> origins(const Repair& r) const {
    std::vector<uint32_t> out(r.replacement.size(), origin_[r.begin]);
    if (r.end == r.begin || out.empty()) return out;
    const auto kept = r.replacement.find(text_.substr(r.begin, r.end - r.begin));
    if (kept != std::string::npos) {
      const uint32_t size = r.end - r.begin;
      for (uint32_t i = 0; i < size; ++i) out[kept + i] = origin_[r.begin + i];
      for (size_t i = kept + size; i < out.size(); ++i) out[i] = origin_[r.end - 1];
    } else {
      out.back() = origin_[r.end - 1];
    }
    return out;
  }

  const SourceSet& sources_;
  std::string text_;
  std::vector<uint32_t> origin_;
};

Fix fix_of(const Finding& finding, const ParsedText& parsed) {
  const uint32_t begin = finding.repairs.front().begin;
  const uint32_t end = finding.repairs.back().end;
  std::string text;
  uint32_t done = begin;
  for (const auto& r : finding.repairs) {
    text += parsed.text.substr(done, r.begin - done);
    text += r.replacement;
    done = r.end;
  }
  Span where = parsed.span(begin, end);
  if (begin == end && begin > 0) {
    // An insertion belongs behind the byte in front of it, wherever that came from.
    const Span last = parsed.span(begin - 1, begin);
    where = parsed.sources.span(last.end, last.end);
  }
  return {where, std::move(text), finding.certain};
}

void report(const Finding& finding, const ParsedText& parsed, Diagnostics& diagnostics) {
  auto& d =
      diagnostics.error(finding.code, parsed.span(finding.begin, finding.end), finding.message, finding.help);
  if (finding.offer && !finding.repairs.empty()) d.fix = fix_of(finding, parsed);
}

Finding diagnose(const Scene& scene) {
  if (auto f = find_odd_text(scene)) return std::move(*f);
  if (!scene.failure.too_deep) {
    if (auto f = find_string_mistake(scene)) return std::move(*f);
    if (auto f = find_condition_mistake(scene)) return std::move(*f);
  }
  if (auto f = find_block_mistake(scene)) return std::move(*f);
  if (auto f = find_value_mistake(scene)) return std::move(*f);
  return describe_failure(scene);
}

/// Reads on behind mistakes until the text parses. Returns what could be understood.
Config parse_mending(const SourceSet& sources, const ParseOptions& options, Diagnostics& diagnostics) {
  WorkingText work(sources);
  std::set<std::pair<uint32_t, std::string>> seen;
  const int most = work.size() > kLarge ? kMostErrorsLarge : kMostErrors;
  for (int round = 0;; ++round) {
    const auto parsed = work.parsed();
    const auto tree = match_config(parsed.text);
    if (tree.ok) return build_config(tree, parsed, options, diagnostics);
    const Scene scene(parsed, tree.failure);
    if (round > 2 * most) return {};
    const Finding finding = diagnose(scene);
    const uint32_t place = parsed.span(finding.begin, finding.begin).begin;
    // The same again means that the repair did not help: say nothing new, and step over the place.
    const bool fresh = seen.emplace(place, finding.code).second;
    if (fresh && round < most) {
      report(finding, parsed, diagnostics);
      work.apply(finding.repairs);
      continue;
    }
    const Frame* section = scene.frame(Node::section);
    const uint32_t stop = scene.line_end(scene.at);
    if (round >= most || seen.count({place, "blank"}) || stop <= scene.at) {
      // Keep the sections in front of the one that cannot be read.
      work.cut(section ? section->begin : std::min<uint32_t>(scene.at, static_cast<uint32_t>(work.size())));
    } else {
      seen.emplace(place, "blank");
      work.blank(scene.at, stop);
    }
  }
}

}  // namespace

Finding describe_failure(const Scene& s) {
  std::string wanted;
  std::vector<std::string> words;
  for (const char* w : s.failure.words) {
    const std::string_view text = w;
    if (text == "white space" || text == "a second character") continue;
    if (s.wants(Want::value) && (text == "a name" || text == "`{`")) continue;
    words.emplace_back(text);
  }
  for (size_t i = 0; i < words.size(); ++i)
    wanted += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  uint32_t end = s.at_end() ? s.at : std::max(s.word_end(s.at), s.at + 1);
  while (end < s.text.size() && (static_cast<unsigned char>(s.text[end]) & 0xC0) == 0x80) ++end;
  Finding f{"E0101", s.at, end, "", "", {}};
  f.message =
      s.at_end() ? "the config ends too early" : fmt::format("`{}` cannot stand here", s.slice(s.at, end));
  if (!wanted.empty()) f.help = fmt::format("expected here: {}", wanted);
  f.repairs = {{s.at, s.value_end(s.at), ""}};
  if (s.in_condition()) {
    const uint32_t stop = s.line_end(s.at);
    const auto brace = s.slice(s.at, stop).find('{');
    const bool operand = s.wants(Want::operand) && !s.wants(Want::bool_op);
    f.repairs = {{s.at, brace == std::string_view::npos ? stop : s.at + static_cast<uint32_t>(brace),
                  operand ? " \"x\" " : ""}};
  }
  return f;
}

Config parse(const SourceSet& sources, const ParseOptions& options, Diagnostics& diagnostics) {
  const auto tree = match_config(sources.joined());
  if (tree.ok) return build_config(tree, {sources.joined(), {}, sources}, options, diagnostics);
  return parse_mending(sources, options, diagnostics);
}

}  // namespace sluice::lang
