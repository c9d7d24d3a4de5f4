// The graph as text for a terminal, as DOT, as Mermaid, and as JSON.
#include <fmt/format.h>

#include "ir/graph.hpp"

namespace sluice::ir {
namespace {

std::string_view kind_text(Vertex::Kind kind) {
  static constexpr std::string_view kTexts[] = {"input", "queue", "filter", "separator", "output", "if"};
  return kTexts[static_cast<size_t>(kind)];
}

std::string label(const Vertex& v) {
  switch (v.kind) {
    case Vertex::Kind::queue: return "queue";
    case Vertex::Kind::separator: return "filters to outputs";
    case Vertex::Kind::branch: return "if " + v.name;
    default: return std::string(kind_text(v.kind)) + " " + v.name;
  }
}

std::string place(const Vertex& v, const lang::SourceSet& sources) {
  return v.span.known() ? fmt::format("{}:{}", sources.path(v.span), v.span.line) : std::string{};
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') out += ' ';
    else if (static_cast<unsigned char>(c) < 0x20) out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else out += c;
  }
  return out + '"';
}

// Mermaid reads quotes as entities.
std::string mermaid_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"') out += "#quot;";
    else if (c == '<') out += "#lt;";
    else if (c == '>') out += "#gt;";
    else out += c;
  }
  return out;
}

class TextDrawing {
 public:
  TextDrawing(const Graph& graph, const lang::SourceSet& sources) : graph_(graph), sources_(sources) {}
  std::string draw() {
    for (const auto id : graph_.inputs()) line(0, graph_.vertices()[id]);
    out_ += "queue\n";
    block(graph_.filters(), 1);
    out_ += "outputs\n";
    block(graph_.outputs(), 1);
    return std::move(out_);
  }

 private:
  void line(int depth, const Vertex& v) {
    const auto text = fmt::format("{:{}}{}", "", depth * 2, label(v));
    const auto where = place(v, sources_);
    out_ += where.empty() ? text + "\n" : fmt::format("{:<56} {}\n", text, where);
  }
  void block(const Block& b, int depth) {
    for (const auto& step : b.steps) {
      line(depth, graph_.vertices()[step.vertex]);
      if (!step.yes) continue;
      block(*step.yes, depth + 1);
      if (step.no->steps.empty()) continue;
      out_ += fmt::format("{:{}}else\n", "", depth * 2);
      block(*step.no, depth + 1);
    }
  }
  const Graph& graph_;
  const lang::SourceSet& sources_;
  std::string out_;
};

std::string_view when_text(Edge::When when) {
  return when == Edge::When::yes ? "true" : when == Edge::When::no ? "false" : "";
}

std::string draw_dot(const Graph& graph, const lang::SourceSet& sources) {
  static constexpr std::string_view kShapes[] = {"invhouse", "cylinder", "box", "point", "house", "diamond"};
  std::string out = "digraph pipeline {\n  node [fontname=\"monospace\"];\n";
  for (size_t i = 0; i < graph.vertices().size(); ++i) {
    const auto& v = graph.vertices()[i];
    out += fmt::format("  v{} [label={}, shape={}, tooltip={}];\n", i, quoted(label(v)),
                       kShapes[static_cast<size_t>(v.kind)], quoted(place(v, sources)));
  }
  for (const auto& e : graph.edges()) {
    out += fmt::format("  v{} -> v{}", e.from, e.to);
    if (e.when != Edge::When::always) out += fmt::format(" [label=\"{}\"]", when_text(e.when));
    out += ";\n";
  }
  return out + "}\n";
}

std::string draw_mermaid(const Graph& graph) {
  std::string out = "flowchart TD\n";
  for (size_t i = 0; i < graph.vertices().size(); ++i) {
    const auto& v = graph.vertices()[i];
    const auto text = mermaid_text(label(v));
    if (v.kind == Vertex::Kind::branch) out += fmt::format("  v{}{{\"{}\"}}\n", i, text);
    else if (v.kind == Vertex::Kind::queue) out += fmt::format("  v{}[(\"{}\")]\n", i, text);
    else out += fmt::format("  v{}[\"{}\"]\n", i, text);
  }
  for (const auto& e : graph.edges()) {
    if (e.when == Edge::When::always) out += fmt::format("  v{} --> v{}\n", e.from, e.to);
    else out += fmt::format("  v{} -->|{}| v{}\n", e.from, when_text(e.when), e.to);
  }
  return out;
}

std::string draw_json(const Graph& graph, const lang::SourceSet& sources) {
  std::string out = fmt::format("{{\"hash\":\"{:016x}\",\"vertices\":[", graph.hash());
  for (size_t i = 0; i < graph.vertices().size(); ++i) {
    const auto& v = graph.vertices()[i];
    out += fmt::format("{}{{\"id\":{},\"type\":{},\"name\":{},\"hash\":\"{:016x}\"", i ? "," : "", i,
                       quoted(kind_text(v.kind)), quoted(v.name), v.hash);
    if (v.span.known())
      out += fmt::format(",\"source\":{{\"file\":{},\"line\":{},\"column\":{}}}", quoted(sources.path(v.span)), v.span.line,
                         v.span.column);
    out += '}';
  }
  out += "],\"edges\":[";
  for (size_t i = 0; i < graph.edges().size(); ++i) {
    const auto& e = graph.edges()[i];
    out += fmt::format("{}{{\"from\":{},\"to\":{}", i ? "," : "", e.from, e.to);
    if (e.when != Edge::When::always) out += fmt::format(",\"when\":{}", when_text(e.when));
    out += '}';
  }
  return out + "]}\n";
}

}  // namespace

std::string draw(const Graph& graph, const lang::SourceSet& sources, Format format) {
  switch (format) {
    case Format::text: return TextDrawing(graph, sources).draw();
    case Format::dot: return draw_dot(graph, sources);
    case Format::mermaid: return draw_mermaid(graph);
    case Format::json: return draw_json(graph, sources);
  }
  return {};
}

}  // namespace sluice::ir
