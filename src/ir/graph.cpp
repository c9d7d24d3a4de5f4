#include "ir/graph.hpp"

namespace sluice::ir {
namespace {

uint64_t mix(uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return (hash ^ 0xff) * 1099511628211ull;
}
constexpr uint64_t kSeed = 14695981039346656037ull;

uint64_t hash_value(uint64_t hash, const lang::Value& value);

uint64_t hash_plugin(uint64_t hash, const lang::Plugin& plugin) {
  hash = mix(hash, plugin.name);
  for (const auto& attribute : plugin.attributes) hash = hash_value(mix(hash, attribute.name), attribute.value);
  return hash;
}

// What brackets a value is part of its content: [a, b] is not {a => b}, and neither is "a" "b" on two options.
uint64_t hash_value(uint64_t hash, const lang::Value& value) {
  if (value.scalar()) return mix(mix(hash, "scalar"), value.text);
  hash = mix(hash, value.kind == lang::Value::Kind::array ? "[" : value.kind == lang::Value::Kind::hash ? "{" : "plugin");
  for (const auto& item : value.items) hash = hash_value(hash, item);
  for (const auto& entry : value.entries) hash = hash_value(hash_value(hash, entry.key), entry.value);
  if (value.plugin) hash = hash_plugin(hash, *value.plugin);
  return mix(hash, "end");
}

uint64_t hash_operand(uint64_t hash, const lang::Rvalue& operand) {
  hash = mix(mix(hash, std::to_string(static_cast<int>(operand.kind))), operand.text);
  for (const auto& item : operand.items) hash = hash_operand(hash, item);
  return mix(hash, "end");
}

// Not of the source text: blanks inside a string count, those between words and comments do not.
uint64_t hash_condition(uint64_t hash, const lang::Expr& expr) {
  hash = mix(hash, std::to_string(static_cast<int>(expr.kind)));
  for (const auto& operand : expr.operands) hash = hash_condition(hash, operand);
  for (const auto& value : expr.values) hash = hash_operand(hash, value);
  return mix(hash, "end");
}

std::string one_line(std::string_view text) {
  std::string out;
  bool blank = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      blank = !out.empty();
      continue;
    }
    if (blank) out += ' ';
    blank = false;
    out += c;
  }
  return out;
}

}  // namespace

class GraphBuilder {
 public:
  GraphBuilder(std::shared_ptr<const lang::Config> config, const lang::SourceSet& sources) : sources_(sources) {
    graph_.config_ = std::move(config);
  }

  Graph build() {
    using Kind = lang::Section::Kind;
    for (const auto& section : graph_.config_->sections)
      if (section.kind == Kind::input) add_inputs(section.body);
    std::vector<Open> ends;
    const VertexId queue = add({Vertex::Kind::queue, "queue", {}, mix(kSeed, "queue"), nullptr, nullptr, {}});
    for (const auto input : graph_.inputs_) graph_.edges_.push_back({input, queue, Edge::When::always});
    ends.push_back({queue, Edge::When::always});
    for (const auto& section : graph_.config_->sections)
      if (section.kind == Kind::filter) add_block(section.body, Vertex::Kind::filter, graph_.filters_, ends);
    const VertexId separator = add({Vertex::Kind::separator, "filter_to_output", {}, mix(kSeed, "separator"), nullptr, nullptr, {}});
    connect(ends, separator);
    for (const auto& section : graph_.config_->sections) {
      if (section.kind != Kind::output) continue;
      add_outputs(section.body, graph_.outputs_, {separator, Edge::When::always});
    }
    graph_.hash_ = kSeed;
    for (const auto& vertex : graph_.vertices_) graph_.hash_ = (graph_.hash_ ^ vertex.hash) * 1099511628211ull;
    // The edges say which branch a step stands in.
    for (const auto& edge : graph_.edges_)
      for (const uint64_t part : {uint64_t{edge.from}, uint64_t{edge.to}, static_cast<uint64_t>(edge.when)})
        graph_.hash_ = (graph_.hash_ ^ part) * 1099511628211ull;
    return std::move(graph_);
  }

 private:
  // An edge that waits for its target.
  struct Open {
    VertexId from;
    Edge::When when;
  };

  VertexId add(Vertex vertex) {
    graph_.vertices_.push_back(std::move(vertex));
    return static_cast<VertexId>(graph_.vertices_.size() - 1);
  }

  [[nodiscard]] std::string place(const Span& span) const {
    return std::string(sources_.path(span)) + ":" + std::to_string(span.line);
  }

  VertexId add_plugin(Vertex::Kind kind, const std::shared_ptr<const lang::Plugin>& plugin) {
    return add({kind, plugin->name, plugin->name_span, hash_plugin(mix(kSeed, std::to_string(static_cast<int>(kind))), *plugin), plugin, nullptr, place(plugin->name_span)});
  }

  VertexId add_condition(const lang::Expr& expr) {
    const auto text = one_line(sources_.text(expr.span));
    return add({Vertex::Kind::branch, text, expr.span, hash_condition(mix(kSeed, "if"), expr), nullptr, &expr, place(expr.span)});
  }

  void connect(std::vector<Open>& ends, VertexId to) {
    for (const auto& end : ends) graph_.edges_.push_back({end.from, to, end.when});
    ends.clear();
  }

  void add_inputs(const std::vector<lang::Statement>& body) {
    for (const auto& statement : body) {
      if (const auto* plugin = std::get_if<std::shared_ptr<const lang::Plugin>>(&statement.node))
        graph_.inputs_.push_back(add_plugin(Vertex::Kind::input, *plugin));
      else
        for (const auto& arm : std::get<std::shared_ptr<const lang::Branch>>(statement.node)->arms) add_inputs(arm.body);
    }
  }

  // Steps one after another; `ends` are the edges that lead into the block, and afterwards those that leave it.
  void add_block(const std::vector<lang::Statement>& body, Vertex::Kind kind, Block& block, std::vector<Open>& ends) {
    for (const auto& statement : body) {
      Block::Step step;
      if (const auto* plugin = std::get_if<std::shared_ptr<const lang::Plugin>>(&statement.node)) {
        step.vertex = add_plugin(kind, *plugin);
        connect(ends, step.vertex);
        ends.push_back({step.vertex, Edge::When::always});
      } else {
        step = add_arms(std::get<std::shared_ptr<const lang::Branch>>(statement.node)->arms, 0, kind, ends);
      }
      block.steps.push_back(std::move(step));
    }
  }

  Block::Step add_arms(const std::vector<lang::Branch::Arm>& arms, size_t at, Vertex::Kind kind, std::vector<Open>& ends) {
    Block::Step step;
    step.vertex = add_condition(*arms[at].condition);
    connect(ends, step.vertex);
    step.yes = std::make_unique<Block>();
    step.no = std::make_unique<Block>();
    std::vector<Open> yes{{step.vertex, Edge::When::yes}}, no{{step.vertex, Edge::When::no}};
    add_block(arms[at].body, kind, *step.yes, yes);
    if (at + 1 < arms.size()) {
      if (arms[at + 1].condition) step.no->steps.push_back(add_arms(arms, at + 1, kind, no));
      else add_block(arms[at + 1].body, kind, *step.no, no);
    }
    ends = std::move(yes);
    ends.insert(ends.end(), no.begin(), no.end());
    return step;
  }

  // Outputs stand side by side: each gets every event that reaches the block.
  void add_outputs(const std::vector<lang::Statement>& body, Block& block, Open from) {
    for (const auto& statement : body) {
      Block::Step step;
      if (const auto* plugin = std::get_if<std::shared_ptr<const lang::Plugin>>(&statement.node)) {
        step.vertex = add_plugin(Vertex::Kind::output, *plugin);
        graph_.edges_.push_back({from.from, step.vertex, from.when});
      } else {
        step = add_output_arms(std::get<std::shared_ptr<const lang::Branch>>(statement.node)->arms, 0, from);
      }
      block.steps.push_back(std::move(step));
    }
  }

  Block::Step add_output_arms(const std::vector<lang::Branch::Arm>& arms, size_t at, Open from) {
    Block::Step step;
    step.vertex = add_condition(*arms[at].condition);
    graph_.edges_.push_back({from.from, step.vertex, from.when});
    step.yes = std::make_unique<Block>();
    step.no = std::make_unique<Block>();
    add_outputs(arms[at].body, *step.yes, {step.vertex, Edge::When::yes});
    if (at + 1 < arms.size()) {
      const Open no{step.vertex, Edge::When::no};
      if (arms[at + 1].condition) step.no->steps.push_back(add_output_arms(arms, at + 1, no));
      else add_outputs(arms[at + 1].body, *step.no, no);
    }
    return step;
  }

  const lang::SourceSet& sources_;
  Graph graph_;
};

Graph build_graph(std::shared_ptr<const lang::Config> config, const lang::SourceSet& sources) {
  return GraphBuilder(std::move(config), sources).build();
}

bool uses_embedded_index(const lang::Config& config) {
  const auto names_it = [](const lang::Value& value) {
    const auto embedded = [](const lang::Value& v) { return v.text == "embedded"; };
    if (embedded(value)) return true;
    for (const auto& item : value.items)
      if (embedded(item)) return true;
    return false;
  };
  const auto in_plugin = [&](const lang::Plugin& plugin) {
    if (plugin.name != "elasticsearch") return false;
    for (const auto& attribute : plugin.attributes)
      if (attribute.name == "hosts" && names_it(attribute.value)) return true;
    return false;
  };
  const auto in_body = [&](const auto& self, const std::vector<lang::Statement>& body) -> bool {
    for (const auto& statement : body) {
      if (const auto* plugin = std::get_if<std::shared_ptr<const lang::Plugin>>(&statement.node)) {
        if (in_plugin(**plugin)) return true;
      } else {
        for (const auto& arm : std::get<std::shared_ptr<const lang::Branch>>(statement.node)->arms)
          if (self(self, arm.body)) return true;
      }
    }
    return false;
  };
  for (const auto& section : config.sections)
    if (in_body(in_body, section.body)) return true;
  return false;
}

}  // namespace sluice::ir
