// The pipeline as a graph: inputs -> queue -> filters and ifs -> separator -> outputs. What `pipeline
// explain` prints, what reload compares, and what the plan is compiled from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lang/ast.hpp"
#include "lang/source.hpp"

namespace sluice::ir {

using VertexId = uint32_t;

/// One step of the pipeline.
struct Vertex {
  enum class Kind : uint8_t { input, queue, filter, separator, output, branch };
  Kind kind = Kind::queue;
  std::string name;   // "grok"; of a branch: its condition as written
  Span span;          // of the plugin's name or of the condition
  uint64_t hash = 0;  // of the content, without its place: the same step in another file has the same hash
  std::shared_ptr<const lang::Plugin> plugin;  // input, filter, output
  const lang::Expr* condition = nullptr;       // branch; lives in the config
  std::string place;                           // FILE:LINE of the span; empty for queue and separator
};

struct Edge {
  enum class When : uint8_t { always, yes, no };
  VertexId from = 0;
  VertexId to = 0;
  When when = When::always;
};

/// A sequence of steps; a branch step has two sequences below it. `else if` is a branch in the `no` sequence.
struct Block {
  struct Step {
    VertexId vertex = 0;
    std::unique_ptr<Block> yes, no;  // of a branch
  };
  std::vector<Step> steps;
};

/// The graph and, beside it, the nesting that the config wrote. Immutable.
class Graph {
 public:
  [[nodiscard]] const std::vector<Vertex>& vertices() const { return vertices_; }
  [[nodiscard]] const std::vector<Edge>& edges() const { return edges_; }
  [[nodiscard]] const std::vector<VertexId>& inputs() const { return inputs_; }
  [[nodiscard]] const Block& filters() const { return filters_; }
  [[nodiscard]] const Block& outputs() const { return outputs_; }
  [[nodiscard]] const lang::Config& config() const { return *config_; }
  /// Hash of the whole pipeline.
  [[nodiscard]] uint64_t hash() const { return hash_; }

 private:
  friend class GraphBuilder;
  std::shared_ptr<const lang::Config> config_;
  std::vector<Vertex> vertices_;
  std::vector<Edge> edges_;
  std::vector<VertexId> inputs_;
  Block filters_, outputs_;
  uint64_t hash_ = 0;
};

/// Builds the graph; conditions written in an input section are accepted and have no effect, as in Logstash.
Graph build_graph(std::shared_ptr<const lang::Config> config, const lang::SourceSet& sources);

/// How `pipeline explain` shows a graph.
enum class Format : uint8_t { text, dot, mermaid, json };
std::string draw(const Graph& graph, const lang::SourceSet& sources, Format format);

/// True when an elasticsearch output or filter names the host `embedded`.
bool uses_embedded_index(const lang::Config& config);

}  // namespace sluice::ir
