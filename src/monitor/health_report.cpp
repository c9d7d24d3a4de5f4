#include <fmt/format.h>

#include <algorithm>

#include "base/time.hpp"
#include "monitor/report.hpp"
#include "monitor/tree.hpp"

namespace sluice::monitor {
namespace {

using runtime::Pipeline;
using runtime::Problem;
using runtime::Trouble;

bool severe(const Problem& problem) {
  return problem.kind == Trouble::not_running || problem.kind == Trouble::stalled;
}

std::string_view status_of(const std::vector<Problem>& problems) {
  if (std::any_of(problems.begin(), problems.end(), severe)) return "red";
  return problems.empty() ? "green" : "yellow";
}

std::string_view worse(std::string_view a, std::string_view b) {
  if (a == "red" || b == "red") return "red";
  return a == "yellow" || b == "yellow" ? "yellow" : "green";
}

// The states that Logstash's report knows.
std::string_view state_of(const Pipeline& pipeline) {
  switch (pipeline.state()) {
    case Pipeline::State::loading:
      return "LOADING";
    case Pipeline::State::running:
    case Pipeline::State::draining:
      return "RUNNING";
    case Pipeline::State::finished:
      return "FINISHED";
    case Pipeline::State::terminated:
      return "TERMINATED";
  }
  return "UNKNOWN";
}

std::string_view remedy(Trouble kind) {
  switch (kind) {
    case Trouble::not_running:
      return "The log says why; mend that and start the engine again.";
    case Trouble::stalled:
      return "Look at what the plugin waits for or computes; `pipeline explain --cost` shows slow patterns.";
    case Trouble::undelivered:
      return "Look at the destination and at the log lines of this output. Events wait until it takes them.";
    case Trouble::blocked:
      return "Mend the component that is named beside this, or give the pipeline more workers or memory.";
    case Trouble::circuit:
      return "Look at the destination and at the log lines of the plugin. It is asked again by itself.";
  }
  return {};
}

std::string_view consequence(Trouble kind) {
  switch (kind) {
    case Trouble::not_running:
      return "The pipeline takes no events.";
    case Trouble::stalled:
      return "The events of a worker's batch do not get on, and there is a worker less.";
    case Trouble::undelivered:
      return "Events arrive late, and inputs will be held up when the queue is full.";
    case Trouble::blocked:
      return "Senders wait, and those that cannot wait lose events.";
    case Trouble::circuit:
      return "Other hosts have more to do; without one, events wait.";
  }
  return {};
}

Value texts_of(const std::vector<Problem>& problems, Tree& tree, bool impacts) {
  auto* list = Array::make(tree.arena(), static_cast<uint32_t>(problems.size()));
  for (const auto& problem : problems) {
    Tree one;
    one.set("id", fmt::format("sluice:pipeline:{}", trouble_name(problem.kind)));
    if (impacts) {
      one.set("severity", uint64_t{severe(problem) ? 1U : 2U}).set("description", consequence(problem.kind));
      auto* areas = Array::make(one.arena(), 1);
      areas->push(one.arena(), Value::string("pipeline_execution"));
      one.set("impact_areas", Value::array(areas));
    } else {
      one.set("cause", problem.text).set("action", remedy(problem.kind)).set("component", problem.component);
    }
    list->push(tree.arena(), deep_copy(Value::object(one.root()), tree.arena(), true));
  }
  return Value::array(list);
}

void describe(const Pipeline& pipeline, const std::vector<Problem>& problems, Tree& tree) {
  tree.set("status", status_of(problems));
  if (problems.empty()) {
    tree.set("symptom", "The pipeline is healthy: events move.");
  } else {
    tree.set("symptom", problems.size() == 1
                            ? problems.front().text
                            : fmt::format("{}, and {} more", problems.front().text, problems.size() - 1));
    tree.set("diagnosis", texts_of(problems, tree, false)).set("impacts", texts_of(problems, tree, true));
  }
  tree.set("details.status.state", state_of(pipeline));
}

}  // namespace

std::string_view Report::status() const {
  std::string_view status = "green";
  for (const auto& shown : pipelines_) status = worse(status, status_of(shown.pipeline->problems()));
  return status;
}

std::string Report::problems(bool only_severe) const {
  const std::scoped_lock lock(mutex_);
  std::string lines;
  for (const auto& shown : pipelines_)
    for (const auto& problem : shown.pipeline->problems())
      if (only_severe ? severe(problem) : runtime::stops_events(problem.kind)) lines += problem.text + "\n";
  return lines;
}

void Report::health(Buffer& out, bool pretty) const {
  const std::scoped_lock lock(mutex_);
  Tree tree;
  tree.set("host", node_.name).set("version", node_.version).set("http_address", node_.http_address);
  tree.set("id", node_.id).set("name", node_.name).set("ephemeral_id", node_.ephemeral_id);
  tree.set("snapshot", Value::boolean(false)).set("timestamp", Value::timestamp(wall_nanos()));
  std::string_view whole = "green";
  size_t ill = 0;
  auto* each = tree.object("indicators.pipelines.indicators");
  for (const auto& shown : pipelines_) {
    const auto problems = shown.pipeline->problems();
    whole = worse(whole, status_of(problems));
    ill += problems.empty() ? 0 : 1;
    Tree one;
    describe(*shown.pipeline, problems, one);
    each->set(tree.arena(), Key::intern(shown.pipeline->settings().id),
              deep_copy(Value::object(one.root()), tree.arena(), true));
  }
  const std::string symptom = ill == 0
                                  ? "1 indicator is healthy (`pipelines`)"
                                  : fmt::format("{} of {} pipelines have problems", ill, pipelines_.size());
  tree.set("status", whole).set("symptom", symptom);
  tree.set("indicators.pipelines.status", whole).set("indicators.pipelines.symptom", symptom);
  write(tree, out, pretty);
}

}  // namespace sluice::monitor
