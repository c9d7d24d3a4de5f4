// pipeline explain --cost: which engine each regular expression got, why no faster one, what a text must hold
// before it is searched at all, and where matching can take more than linear time.
#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"
#include "cli/explain_cost.hpp"
#include "match/regex_cost.hpp"

namespace sluice::cli {
namespace {

constexpr size_t kShown = 60;

std::string_view engine(match::Tier tier) {
  switch (tier) {
    case match::Tier::text:
      return "plain text search";
    case match::Tier::native:
      return "machine code";
    case match::Tier::byte_program:
      return "byte program";
    case match::Tier::oniguruma:
      break;
  }
  return "Oniguruma";
}

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string shortened(std::string_view text) {
  if (text.size() <= kShown) return std::string(text);
  size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

/// The named pattern that holds these bytes, the innermost; empty when they stand in the expression itself.
std::string_view named(const plugin::Search& search, size_t begin, size_t end) {
  std::string_view name;
  for (const auto& span : search.spans)
    if (span.begin <= begin && end <= span.end) name = span.name;
  return name;
}

std::string place(const plugin::Search& search, size_t begin, size_t end) {
  const auto name = named(search, begin, end);
  const std::string_view whole = search.pattern == search.written ? "" : " of the expanded pattern";
  return fmt::format("bytes {} to {}{}{}: {}", begin, end, whole,
                     name.empty() ? "" : fmt::format(", in %{{{}}}", name),
                     shortened(std::string_view(search.pattern).substr(begin, end - begin)));
}

std::string place_json(const plugin::Search& search, size_t begin, size_t end) {
  return fmt::format("\"begin\":{},\"end\":{},\"in\":{},\"text\":{}", begin, end,
                     json(named(search, begin, end)),
                     json(std::string_view(search.pattern).substr(begin, end - begin)));
}

std::string quoted_all(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : " ") + json(text);
  return out;
}

std::string json_all(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : ",") + json(text);
  return "[" + out + "]";
}

void line(std::string& out, std::string_view label, std::string_view text) {
  out += fmt::format("  {:<9}{}\n", label, text);
}

void append_text(const PlacedSearch& placed, std::string& out) {
  const auto& search = placed.search;
  out += fmt::format("{}  {}  {}\n  {}\n", placed.place, placed.step, search.option, search.written);
  const auto tier = search.regex.tier();
  line(out, "engine", engine(tier));
  if (tier == match::Tier::oniguruma) {
    if (const auto hindrance = match::find_hindrance(search.pattern, false)) {
      line(out, "because", "no faster engine takes " + hindrance->what);
      line(out, "", place(search, hindrance->begin, hindrance->end));
    }
  }
  if (tier == match::Tier::byte_program) line(out, "because", search.regex.why_not_native());
  const auto& required = search.regex.required();
  if (required.literals.empty() && required.choices.empty())
    line(out, "needs", "nothing that can be looked for first");
  if (!required.literals.empty()) line(out, "needs", quoted_all(required.literals));
  for (const auto& choice : required.choices) line(out, "one of", quoted_all(choice));
  for (const auto& hazard : match::find_hazards(search.pattern, false)) {
    line(out, "slow?", fmt::format("{}: {}", hazard.growth(), hazard.what()));
    line(out, "", place(search, hazard.begin, hazard.end));
    line(out, "remedy", hazard.remedy());
  }
  out += '\n';
}

std::string as_json(const PlacedSearch& placed) {
  const auto& search = placed.search;
  std::string out = fmt::format("{{\"place\":{},\"step\":{},\"option\":{},\"expression\":{},\"engine\":{}",
                                json(placed.place), json(placed.step), json(search.option),
                                json(search.written), json(engine(search.regex.tier())));
  if (search.regex.tier() == match::Tier::oniguruma) {
    if (const auto hindrance = match::find_hindrance(search.pattern, false))
      out += fmt::format(",\"because\":{{\"what\":{},{}}}", json(hindrance->what),
                         place_json(search, hindrance->begin, hindrance->end));
  }
  if (search.regex.tier() == match::Tier::byte_program)
    out += fmt::format(",\"because\":{{\"what\":{}}}", json(search.regex.why_not_native()));
  std::string choices, hazards;
  for (const auto& choice : search.regex.required().choices)
    choices += (choices.empty() ? "" : ",") + json_all(choice);
  for (const auto& hazard : match::find_hazards(search.pattern, false))
    hazards += fmt::format("{}{{\"growth\":{},\"what\":{},{},\"remedy\":{}}}", hazards.empty() ? "" : ",",
                           json(hazard.growth()), json(hazard.what()),
                           place_json(search, hazard.begin, hazard.end), json(hazard.remedy()));
  return out + fmt::format(",\"needs\":{},\"one_of\":[{}],\"slow\":[{}]}}",
                           json_all(search.regex.required().literals), choices, hazards);
}

std::string place_of(const Span& span, const lang::SourceSet& sources) {
  return span.known() ? fmt::format("{}:{}", sources.path(span), span.line) : "";
}

void collect(const lang::Expr& expr, const std::string& place, std::vector<PlacedSearch>& all) {
  for (const auto& operand : expr.operands) collect(operand, place, all);
  if (expr.kind != lang::Expr::Kind::match && expr.kind != lang::Expr::Kind::not_match) return;
  const std::string& written = expr.values[1].text;
  if (auto regex = match::Regex::compile(written); regex.ok())
    all.push_back(
        {place, "if", {expr.kind == lang::Expr::Kind::match ? "=~" : "!~", written, written, *regex}});
}

}  // namespace

std::vector<PlacedSearch> searches_of(const runtime::LoadedConfig& loaded) {
  std::vector<PlacedSearch> all;
  std::vector<std::pair<uint64_t, size_t>> order;  // where each stands in the config
  const auto place_new = [&](const Span& span) {
    while (order.size() < all.size()) order.emplace_back(span.begin, order.size());
  };
  for (const auto& stage : loaded.plan->filters) {
    plugin::Searches searches;
    stage->built.plugin->searches(searches);
    const std::string name = "filter " + loaded.graph->vertices()[stage->vertex].name;
    for (const auto& search : searches.all())
      all.push_back({place_of(stage->span, loaded.sources), name, search});
    place_new(stage->span);
  }
  for (const auto& vertex : loaded.graph->vertices()) {
    if (!vertex.condition) continue;
    collect(*vertex.condition, place_of(vertex.span, loaded.sources), all);
    place_new(vertex.span);
  }
  std::sort(order.begin(), order.end());
  std::vector<PlacedSearch> sorted;
  for (const auto& [begin, index] : order) sorted.push_back(std::move(all[index]));
  return sorted;
}

std::string cost_text(const std::vector<PlacedSearch>& all) {
  std::string out;
  size_t oniguruma = 0, slow = 0;
  for (const auto& placed : all) {
    append_text(placed, out);
    if (placed.search.regex.tier() == match::Tier::oniguruma) ++oniguruma;
    if (!match::find_hazards(placed.search.pattern, false).empty()) ++slow;
  }
  return out +
         fmt::format("{} expressions; {} searched by Oniguruma alone; {} that some text can make slow\n",
                     all.size(), oniguruma, slow);
}

std::string cost_json(const std::vector<PlacedSearch>& all) {
  std::string out = "{\"expressions\":[";
  for (const auto& placed : all) out += (out.back() == '[' ? "\n" : ",\n") + as_json(placed);
  return out + "]}\n";
}

}  // namespace sluice::cli
