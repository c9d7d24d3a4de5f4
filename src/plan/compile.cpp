#include <fmt/format.h>

#include <map>

#include "plan/flow_check.hpp"
#include "plan/plan.hpp"

namespace sluice::plan {
namespace {

class Compiler {
 public:
  Compiler(const ir::Graph& graph, const plugin::Environment& environment, lang::Diagnostics& diagnostics)
      : graph_(graph), environment_(environment), diagnostics_(diagnostics) {}

  std::unique_ptr<Plan> compile() {
    auto plan = std::make_unique<Plan>();
    plan->hash = graph_.hash();
    for (const auto id : graph_.inputs())
      add(plan->inputs, id,
          [&](const lang::Plugin& p) { return plugin::build_input(p, environment_, diagnostics_); });
    block(graph_.filters(), plan->filter_block, [&](ir::VertexId id) {
      return add(plan->filters, id,
                 [&](const lang::Plugin& p) { return plugin::build_filter(p, environment_, diagnostics_); });
    });
    block(graph_.outputs(), plan->output_block, [&](ir::VertexId id) {
      return add(plan->outputs, id,
                 [&](const lang::Plugin& p) { return plugin::build_output(p, environment_, diagnostics_); });
    });
    check_ids(*plan);
    check_ports();
    if (diagnostics_.has_errors()) return nullptr;
    check_flow(*plan, graph_, diagnostics_);
    return plan;
  }

 private:
  template <class T, class Build>
  size_t add(Stages<T>& stages, ir::VertexId id, Build build) {
    const auto& v = graph_.vertices()[id];
    auto& stage = *stages.emplace_back(std::make_shared<Stage<T>>());
    environment_.codecs = &stage.codecs;
    stage.built = build(*v.plugin);
    stage.span = v.span;
    stage.vertex = id;
    stage.hash = v.hash;
    return stages.size() - 1;
  }

  template <class AddPlugin>
  void block(const ir::Block& from, Block& to, AddPlugin add_plugin) {
    for (const auto& step : from.steps) {
      const auto& v = graph_.vertices()[step.vertex];
      if (v.kind != ir::Vertex::Kind::branch) {
        Block::Step compiled;
        compiled.span = v.span;
        compiled.stage = add_plugin(step.vertex);
        to.steps.push_back(std::move(compiled));
        continue;
      }
      branch(step, v, to, add_plugin);
    }
  }

  template <class AddPlugin>
  void branch(const ir::Block::Step& step, const ir::Vertex& v, Block& to, AddPlugin add_plugin) {
    auto condition = Condition::compile(*v.condition, diagnostics_);
    const auto constant = condition ? condition->constant() : std::nullopt;
    if (constant && from_variable(*v.condition)) {
      // A switch in the environment: what it turns off need not be complete (a file that is not there, say).
      block(*constant ? *step.yes : *step.no, to, add_plugin);
      return;
    }
    auto yes = std::make_unique<Block>(), no = std::make_unique<Block>();
    block(*step.yes, *yes, add_plugin);
    block(*step.no, *no, add_plugin);
    if (!condition) return;
    if (constant) {
      report_constant(*constant, step, v);
      auto& taken = *constant ? *yes : *no;
      for (auto& inner : taken.steps) to.steps.push_back(std::move(inner));
      return;
    }
    Block::Step compiled;
    compiled.condition = std::move(condition);
    compiled.span = v.span;
    if (!yes->steps.empty()) compiled.yes = std::move(yes);
    if (!no->steps.empty()) compiled.no = std::move(no);
    to.steps.push_back(std::move(compiled));
  }

  static bool from_variable(const lang::Expr& expr) {
    for (const auto& operand : expr.operands)
      if (from_variable(operand)) return true;
    for (const auto& value : expr.values)
      if (value.substituted) return true;
    return false;
  }

  void report_constant(bool value, const ir::Block::Step& step, const ir::Vertex& v) {
    if (!value)
      diagnostics_.warning("W0403", v.span,
                           fmt::format("The branch can never be taken: `{}` is always false", v.name),
                           constant_help(*v.condition));
    else if (!step.no->steps.empty())
      diagnostics_.warning("W0403", v.span,
                           fmt::format("The else branch can never be taken: `{}` is always true", v.name),
                           constant_help(*v.condition));
  }

  static std::string constant_help(const lang::Expr& expr) {
    using Kind = lang::Expr::Kind;
    if (expr.kind == Kind::in || expr.kind == Kind::not_in)
      return "Neither side is a field: Logstash compares two constants for equality here. Write the field in "
             "brackets: [name].";
    return "Write a field in brackets, [name], to compare its value.";
  }

  void check_ids(const Plan& plan) {
    std::map<std::string, ir::VertexId> seen;
    const auto check = [&](const auto& stage) {
      if (stage.built.id.empty()) return;
      const auto [it, fresh] = seen.emplace(stage.built.id, stage.vertex);
      if (!fresh)
        diagnostics_.error("E0401", stage.span, fmt::format("Two plugins have the id '{}'", stage.built.id),
                           fmt::format("The other stands at {}: give each plugin its own id.",
                                       graph_.vertices()[it->second].place));
    };
    for (const auto& s : plan.inputs) check(*s);
    for (const auto& s : plan.filters) check(*s);
    for (const auto& s : plan.outputs) check(*s);
  }

  // Two inputs that would listen on the same port of the same protocol.
  void check_ports() {
    std::map<std::string, ir::VertexId> seen;
    for (const auto id : graph_.inputs()) {
      const auto& plugin = *graph_.vertices()[id].plugin;
      const auto* spec = plugin::Registry::get().find(plugin::Kind::input, plugin.name);
      if (!spec || spec->listens.empty()) continue;
      std::string port, host = "0.0.0.0";
      Span span = plugin.name_span;
      bool client = false;
      for (const auto& a : plugin.attributes) {
        if (a.name == "port") {
          port = a.value.text;
          span = a.value.span;
        }
        if (a.name == "host") host = a.value.text;
        if (a.name == "mode" && a.value.text == "client") client = true;
      }
      if (port.empty() || port == "0" || client) continue;
      const auto key = fmt::format("{} {} {}", spec->listens, host, port);
      const auto [it, fresh] = seen.emplace(key, id);
      if (fresh) continue;
      const auto& other = graph_.vertices()[it->second];
      diagnostics_.error(
          "E0402", span,
          fmt::format("Port {} is already used by the {} input at {}", port, other.name, other.place),
          "Give each input a port of its own.");
    }
  }

  const ir::Graph& graph_;
  plugin::Environment environment_;
  lang::Diagnostics& diagnostics_;
};

}  // namespace

std::unique_ptr<Plan> compile(const ir::Graph& graph, const plugin::Environment& environment,
                              lang::Diagnostics& diagnostics) {
  return Compiler(graph, environment, diagnostics).compile();
}

}  // namespace sluice::plan
