#include "ir/diff.hpp"

#include <algorithm>

namespace sluice::ir {
namespace {

using Kind = DiffStep::Kind;

struct Item {
  const Vertex* vertex;  // null: `else`
  size_t depth;

  [[nodiscard]] uint64_t hash() const { return vertex ? vertex->hash : 0; }
  friend bool operator==(const Item& a, const Item& b) {
    return a.depth == b.depth && a.hash() == b.hash() && (a.vertex == nullptr) == (b.vertex == nullptr);
  }
};

void flatten(const Graph& graph, const Block& block, size_t depth, std::vector<Item>& items) {
  for (const auto& step : block.steps) {
    items.push_back({&graph.vertices()[step.vertex], depth});
    if (step.yes) flatten(graph, *step.yes, depth + 1, items);
    if (!step.no || step.no->steps.empty()) continue;
    items.push_back({nullptr, depth});
    flatten(graph, *step.no, depth + 1, items);
  }
}

std::vector<Item> items_of(const Graph& graph, Vertex::Kind section) {
  std::vector<Item> items;
  if (section == Vertex::Kind::filter) flatten(graph, graph.filters(), 0, items);
  if (section == Vertex::Kind::output) flatten(graph, graph.outputs(), 0, items);
  if (section == Vertex::Kind::input)
    for (const auto id : graph.inputs()) items.push_back({&graph.vertices()[id], 0});
  return items;
}

// The longest common subsequence, from the table of its lengths.
std::vector<DiffStep> align(const std::vector<Item>& a, const std::vector<Item>& b, Vertex::Kind section) {
  const size_t width = b.size() + 1;
  std::vector<uint32_t> length((a.size() + 1) * width, 0);
  for (size_t i = a.size(); i-- > 0;)
    for (size_t j = b.size(); j-- > 0;)
      length[i * width + j] = a[i] == b[j] ? length[(i + 1) * width + j + 1] + 1
                                           : std::max(length[(i + 1) * width + j], length[i * width + j + 1]);
  std::vector<DiffStep> steps;
  const auto add = [&](Kind kind, const Item* before, const Item* behind) {
    const Item& item = behind ? *behind : *before;
    steps.push_back({kind, section, item.depth, before ? before->vertex : nullptr,
                     behind ? behind->vertex : nullptr, item.vertex == nullptr});
  };
  size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j])
      add(Kind::same, &a[i++], &b[j++]);
    else if (j == b.size() || (i < a.size() && length[(i + 1) * width + j] >= length[i * width + j + 1]))
      add(Kind::removed, &a[i++], nullptr);
    else
      add(Kind::added, nullptr, &b[j++]);
  }
  return steps;
}

bool replaces(const DiffStep& removed, const DiffStep& added) {
  return removed.kind == Kind::removed && added.kind == Kind::added && removed.depth == added.depth &&
         removed.before && added.behind && removed.before->plugin && added.behind->plugin &&
         removed.before->name == added.behind->name;
}

// Between two steps that are the same, a plugin that went and one of the same name that came are one.
void pair_up(std::vector<DiffStep>& steps) {
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].kind != Kind::removed) continue;
    for (size_t j = i + 1; j < steps.size() && steps[j].kind != Kind::same; ++j) {
      if (!replaces(steps[i], steps[j])) continue;
      steps[j].kind = Kind::changed;
      steps[j].before = steps[i].before;
      steps.erase(steps.begin() + static_cast<ptrdiff_t>(i--));
      break;
    }
  }
}

// Each option as it is written; what stands several times, in its order.
std::vector<std::string> options_of(const Vertex& vertex, const lang::SourceSet& sources) {
  std::vector<std::string> options;
  for (const auto& attribute : vertex.plugin->attributes)
    options.push_back(attribute.name + " => " + std::string(sources.text(attribute.value.span)));
  return options;
}

void append_options(const DiffStep& step, const lang::SourceSet& before, const lang::SourceSet& behind,
                    std::string& out) {
  const auto old_options = options_of(*step.before, before), new_options = options_of(*step.behind, behind);
  const std::string indent(8 + 2 * step.depth, ' ');
  const auto append = [&](const auto& from, const auto& without, std::string_view sign) {
    for (const auto& option : from)
      if (std::find(without.begin(), without.end(), option) == without.end())
        out += indent + std::string(sign) + option + '\n';
  };
  append(old_options, new_options, "- ");
  append(new_options, old_options, "+ ");
}

std::string_view section_name(Vertex::Kind section) {
  return section == Vertex::Kind::input ? "input" : section == Vertex::Kind::filter ? "filter" : "output";
}

std::string described(const Vertex& vertex) { return vertex.plugin ? vertex.name : "if " + vertex.name; }

}  // namespace

std::vector<DiffStep> compare(const Graph& before, const Graph& behind) {
  std::vector<DiffStep> all;
  for (const auto section : {Vertex::Kind::input, Vertex::Kind::filter, Vertex::Kind::output}) {
    auto steps = align(items_of(before, section), items_of(behind, section), section);
    pair_up(steps);
    all.insert(all.end(), steps.begin(), steps.end());
  }
  return all;
}

std::string diff_text(const std::vector<DiffStep>& steps, const lang::SourceSet& before,
                      const lang::SourceSet& behind) {
  std::string out;
  std::string_view section;
  for (const auto& step : steps) {
    if (step.kind == Kind::same) continue;
    if (section != section_name(step.section)) {
      section = section_name(step.section);
      out += std::string(section) + '\n';
    }
    constexpr std::string_view kSigns = "=-+~";
    out += "  ";
    out += kSigns[static_cast<size_t>(step.kind)];
    out += ' ' + std::string(2 * step.depth, ' ');
    if (step.otherwise) {
      out += "else\n";
      continue;
    }
    out += described(step.behind ? *step.behind : *step.before) + "  ";
    if (step.before) out += step.before->place;
    if (step.before && step.behind) out += " -> ";
    if (step.behind) out += step.behind->place;
    out += '\n';
    if (step.kind == Kind::changed) append_options(step, before, behind, out);
  }
  return out;
}

}  // namespace sluice::ir
