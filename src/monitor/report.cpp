#include "monitor/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/time.hpp"
#include "match/search_budget.hpp"
#include "monitor/process.hpp"
#include "monitor/tree.hpp"

namespace sluice::monitor {
namespace {

using runtime::Pipeline;
using runtime::Trouble;

std::string_view state_name(Pipeline::State state) {
  static constexpr std::string_view kNames[] = {"loading", "running", "draining", "finished", "terminated"};
  return kNames[static_cast<size_t>(state)];
}

template <class Stages>
Value plugin_list(const Stages& stages, Tree& tree) {
  auto* list = Array::make(tree.arena(), 4);
  for (const auto& pointer : stages) {
    const auto& stage = *pointer;
    if (!stage.built.show_metrics) continue;
    Tree one;
    one.set("id", stage.built.id).set("name", stage.built.spec->name);
    one.set("events.in", stage.metrics.in.get()).set("events.out", stage.metrics.out.get());
    one.set("events.duration_in_millis", stage.metrics.nanos.get() / 1000000);
    for (const auto& [name, count] : stage.metrics.snapshot()) one.set(name, count);
    for (auto [destination, state] : stage.metrics.circuits()) {
      std::replace(destination.begin(), destination.end(), '.', '_');  // a dot nests
      one.set("circuits." + destination, plugin::circuit_name(state));
    }
    list->push(tree.arena(), deep_copy(Value::object(one.root()), tree.arena(), true));
  }
  return Value::array(list);
}

template <class Stages>
void add_codecs(const Stages& stages, Array& list, Tree& tree) {
  for (const auto& stage : stages)
    for (const auto& codec : stage->codecs) {
      const auto decoding = codec->decoding();
      const auto encoding = codec->encoding();
      Tree one;
      one.set("id", codec->id()).set("name", codec->name());
      one.set("decode.writes_in", decoding.in).set("decode.out", decoding.out);
      one.set("decode.duration_in_millis", decoding.nanos / 1000000);
      one.set("encode.writes_in", encoding.in).set("encode.duration_in_millis", encoding.nanos / 1000000);
      list.push(tree.arena(), deep_copy(Value::object(one.root()), tree.arena(), true));
    }
}

Value codec_list(const plan::Plan& plan, Tree& tree) {
  auto* list = Array::make(tree.arena(), 4);
  add_codecs(plan.inputs, *list, tree);
  add_codecs(plan.filters, *list, tree);
  add_codecs(plan.outputs, *list, tree);
  return Value::array(list);
}

// Of a persistent queue: events that are not delivered. Of the one in memory: pieces of input.
uint64_t queued(const Pipeline& p) {
  return p.disk_queue() ? p.disk_queue()->figures().events : p.queue().queued_chunks();
}

void queue_stats(const Pipeline& p, Tree& tree) {
  if (!p.disk_queue()) {
    tree.set("queue.type", "memory").set("queue.events_count", queued(p));
    tree.set("queue.queue_size_in_bytes", p.queue().in_flight_bytes())
        .set("queue.max_queue_size_in_bytes", p.queue().limit());
    return;
  }
  const auto& queue = *p.disk_queue();
  const auto& limits = queue.settings();
  const auto figures = queue.figures();
  std::error_code error;
  const auto space = std::filesystem::space(queue.folder(), error);
  tree.set("queue.type", "persisted");
  tree.set("queue.capacity.page_capacity_in_bytes", limits.page_capacity)
      .set("queue.capacity.max_queue_size_in_bytes", limits.max_bytes)
      .set("queue.capacity.queue_size_in_bytes", figures.bytes)
      .set("queue.capacity.max_unread_events", limits.max_events);
  tree.set("queue.data.path", queue.folder());
  if (!error) tree.set("queue.data.free_space_in_bytes", space.available);
  tree.set("queue.events", figures.events).set("queue.events_count", figures.events);
  tree.set("queue.queue_size_in_bytes", figures.bytes).set("queue.max_queue_size_in_bytes", limits.max_bytes);
  tree.set("queue.events_written", figures.written).set("queue.events_delivered", figures.delivered);
  tree.set("queue.syncs", figures.syncs);
  tree.set("queue.damaged_bytes", figures.damaged_bytes).set("queue.events_damaged", figures.lost_events);
}

void pipeline_stats(const Pipeline& p, Tree& tree) {
  const auto running = p.plan();
  const auto& plan = *running;
  tree.set("events.in", p.events_in.get())
      .set("events.filtered", p.events_out.get())
      .set("events.out", p.events_out.get());
  tree.set("events.duration_in_millis", p.busy_nanos.get() / 1000000);
  tree.set("events.queue_push_duration_in_millis", p.queue().paused_nanos() / 1000000);
  if (p.settings().show_metrics) {
    tree.set("plugins.inputs", plugin_list(plan.inputs, tree));
    tree.set("plugins.codecs", codec_list(plan, tree));
    tree.set("plugins.filters", plugin_list(plan.filters, tree));
    tree.set("plugins.outputs", plugin_list(plan.outputs, tree));
  }
  queue_stats(p, tree);
  if (p.dead_letters()) {
    const auto letters = p.dead_letters()->figures();
    tree.set("dead_letter_queue.queue_size_in_bytes", letters.bytes)
        .set("dead_letter_queue.max_queue_size_in_bytes", letters.max_bytes)
        .set("dead_letter_queue.dropped_events", letters.dropped)
        .set("dead_letter_queue.expired_events", letters.expired)
        .set("dead_letter_queue.last_error", letters.last_error)
        .set("dead_letter_queue.storage_policy", letters.storage_policy);
  }
  tree.set("pipeline.workers", p.settings().workers).set("pipeline.batch_size", p.settings().batch_size);
  tree.set("pipeline.batch_delay", Value::integer(p.settings().batch_delay_millis));
  tree.set("state", state_name(p.state()));
  tree.set("batches_in_flight", p.batches_in_flight());
  tree.set("hash", fmt::format("{:016x}", plan.hash));
}

void reload_stats(const runtime::ReloadRecord::Figures& reloads, Tree& tree) {
  const auto when = [](int64_t nanos) { return nanos == 0 ? Value() : Value::timestamp(nanos); };
  tree.set("reloads.successes", reloads.successes).set("reloads.failures", reloads.failures);
  tree.set("reloads.last_success_timestamp", when(reloads.last_success))
      .set("reloads.last_failure_timestamp", when(reloads.last_failure));
  if (reloads.last_error.empty())
    tree.set("reloads.last_error", Value());
  else
    tree.set("reloads.last_error.message", reloads.last_error);
}

void process_stats(Tree& tree, int64_t started) {
  const auto f = read_process();
  tree.set("process.open_file_descriptors", f.open_files).set("process.max_file_descriptors", f.max_files);
  tree.set("process.mem.total_virtual_in_bytes", f.virtual_bytes)
      .set("process.mem.resident_in_bytes", f.resident_bytes);
  tree.set("process.cpu.total_in_millis", f.cpu_millis);
  tree.set("process.cpu.load_average.1m", Value::real(f.load[0]))
      .set("process.cpu.load_average.5m", Value::real(f.load[1]));
  tree.set("process.cpu.load_average.15m", Value::real(f.load[2]));
  tree.set("jvm.threads.count", f.threads);
  tree.set("jvm.uptime_in_millis", static_cast<uint64_t>((steady_nanos() - started) / 1000000));
}

}  // namespace

void Report::head(Tree& tree) const {
  tree.set("host", node_.name)
      .set("version", node_.version)
      .set("http_address", node_.http_address)
      .set("id", node_.id);
  tree.set("name", node_.name).set("ephemeral_id", node_.ephemeral_id).set("snapshot", Value::boolean(false));
  tree.set("status", status());
  tree.set("pipeline.workers", node_.workers).set("pipeline.batch_size", node_.batch_size);
  tree.set("pipeline.batch_delay", Value::integer(node_.batch_delay));
}

void Report::add(const runtime::Pipeline& pipeline, std::shared_ptr<const runtime::ReloadRecord> record) {
  const std::scoped_lock lock(mutex_);
  pipelines_.push_back({&pipeline, std::move(record)});
}

void Report::remove(const runtime::Pipeline& pipeline) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(pipelines_, [&](const Shown& shown) { return shown.pipeline == &pipeline; });
}

void Report::root(Buffer& out, bool pretty) const {
  const std::scoped_lock lock(mutex_);
  Tree tree;
  head(tree);
  tree.set("environment", node_.environment);
  write(tree, out, pretty);
}

bool Report::stats(std::string_view section, Buffer& out, bool pretty) const {
  const std::scoped_lock lock(mutex_);
  Tree tree;
  head(tree);
  const size_t slash = section.find('/');
  const std::string_view name = section.substr(0, slash);
  const std::string_view id =
      slash == std::string_view::npos ? std::string_view{} : section.substr(slash + 1);
  const bool all = name.empty();
  if (!all && name != "pipelines" && name != "events" && name != "process" && name != "jvm" &&
      name != "reloads")
    return false;
  if (all || name == "process" || name == "jvm") process_stats(tree, node_.started_nanos);
  uint64_t in = 0, out_events = 0, nanos = 0, paused = 0, events_queued = 0;
  bool found = id.empty();
  auto* pipelines = all || name == "pipelines" ? tree.object("pipelines") : nullptr;
  uint64_t reloads = 0, failed_reloads = 0;
  for (const auto& [p, record] : pipelines_) {
    const auto reloaded = record ? record->figures() : runtime::ReloadRecord::Figures{};
    reloads += reloaded.successes;
    failed_reloads += reloaded.failures;
    in += p->events_in.get();
    out_events += p->events_out.get();
    nanos += p->busy_nanos.get();
    paused += p->queue().paused_nanos();
    events_queued += queued(*p);
    if (!pipelines || (!id.empty() && id != p->settings().id)) continue;
    found = true;
    Tree one;
    pipeline_stats(*p, one);
    reload_stats(reloaded, one);
    pipelines->set(tree.arena(), Key::intern(p->settings().id),
                   deep_copy(Value::object(one.root()), tree.arena(), true));
  }
  if (all || name == "events") {
    tree.set("events.in", in).set("events.filtered", out_events).set("events.out", out_events);
    tree.set("events.duration_in_millis", nanos / 1000000)
        .set("events.queue_push_duration_in_millis", paused / 1000000);
  }
  if (all || name == "reloads")
    tree.set("reloads.successes", reloads).set("reloads.failures", failed_reloads);
  if (all) tree.set("queue.events_count", events_queued).set("regex.timeouts", match::search_timeouts());
  if (!found) return false;
  write(tree, out, pretty);
  return true;
}

namespace {

std::string label_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

// Families are collected first: Prometheus wants all samples of one name together.
class Families {
 public:
  void add(std::string_view name, std::string_view type, std::string_view help, const std::string& labels,
           double value) {
    auto& family = families_[std::string(name)];
    if (family.empty()) family = fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
    family += labels.empty() ? fmt::format("{} {}\n", name, value)
                             : fmt::format("{}{{{}}} {}\n", name, labels, value);
  }
  void write(Buffer& out) const {
    for (const auto& [name, text] : families_) out.append(text);
  }

 private:
  std::map<std::string, std::string> families_;
};

double count(const std::vector<runtime::Problem>& problems, Trouble kind) {
  return static_cast<double>(
      std::count_if(problems.begin(), problems.end(), [kind](const auto& p) { return p.kind == kind; }));
}

template <class Stages>
void plugin_metrics(Families& f, std::string_view kind, const std::string& pipeline, const Stages& stages) {
  for (const auto& pointer : stages) {
    const auto& stage = *pointer;
    if (!stage.built.show_metrics) continue;
    const auto labels =
        fmt::format("pipeline=\"{}\",kind=\"{}\",plugin=\"{}\",id=\"{}\"", label_text(pipeline), kind,
                    stage.built.spec->name, label_text(stage.built.id));
    f.add("sluice_plugin_events_in_total", "counter", "Events that the plugin was given.", labels,
          static_cast<double>(stage.metrics.in.get()));
    f.add("sluice_plugin_events_out_total", "counter", "Events that the plugin passed on.", labels,
          static_cast<double>(stage.metrics.out.get()));
    f.add("sluice_plugin_seconds_total", "counter", "Time spent in the plugin.", labels,
          static_cast<double>(stage.metrics.nanos.get()) / 1e9);
    for (const auto& [name, count] : stage.metrics.snapshot())
      f.add("sluice_plugin_count", "gauge", "What the plugin counts itself, by name.",
            labels + fmt::format(",name=\"{}\"", label_text(name)), static_cast<double>(count));
    for (const auto& [destination, state] : stage.metrics.circuits())
      f.add("sluice_plugin_circuit", "gauge",
            "Whether a destination is asked: 0 yes, 1 by one request at a time (half open), 2 no (open).",
            labels + fmt::format(",destination=\"{}\"", label_text(destination)), static_cast<double>(state));
  }
}

}  // namespace

void Report::metrics(Buffer& out) const {
  const std::scoped_lock lock(mutex_);
  Families f;
  const auto process = read_process();
  f.add("process_resident_memory_bytes", "gauge", "Resident memory.", "",
        static_cast<double>(process.resident_bytes));
  f.add("process_open_fds", "gauge", "Open file descriptors.", "", static_cast<double>(process.open_files));
  f.add("process_cpu_seconds_total", "counter", "CPU time, user and system.", "",
        static_cast<double>(process.cpu_millis) / 1e3);
  f.add("sluice_info", "gauge", "The engine.",
        fmt::format("version=\"{}\",node=\"{}\"", node_.version, label_text(node_.name)), 1);
  f.add("sluice_regex_timeouts_total", "counter", "Searches that ended because their time was up.", "",
        static_cast<double>(match::search_timeouts()));
  for (const auto& [p, record] : pipelines_) {
    const auto labels = fmt::format("pipeline=\"{}\"", label_text(p->settings().id));
    f.add("sluice_pipeline_up", "gauge", "1 while the pipeline runs.", labels,
          p->state() == Pipeline::State::running ? 1 : 0);
    const auto problems = p->problems();
    for (const auto kind : {Trouble::stalled, Trouble::undelivered, Trouble::blocked, Trouble::circuit})
      f.add("sluice_pipeline_trouble", "gauge", "Components that have stood still for too long.",
            fmt::format("{},kind=\"{}\"", labels, trouble_name(kind)), count(problems, kind));
    if (record) {
      const auto reloads = record->figures();
      f.add("sluice_pipeline_reloads_total", "counter", "Reloads, by what came of them.",
            labels + ",result=\"success\"", static_cast<double>(reloads.successes));
      f.add("sluice_pipeline_reloads_total", "counter", "Reloads, by what came of them.",
            labels + ",result=\"failure\"", static_cast<double>(reloads.failures));
    }
    f.add("sluice_pipeline_events_in_total", "counter", "Events decoded.", labels,
          static_cast<double>(p->events_in.get()));
    f.add("sluice_pipeline_events_out_total", "counter", "Events handed to outputs.", labels,
          static_cast<double>(p->events_out.get()));
    f.add("sluice_pipeline_busy_seconds_total", "counter", "Time that workers spent on batches.", labels,
          static_cast<double>(p->busy_nanos.get()) / 1e9);
    f.add("sluice_pipeline_in_flight_bytes", "gauge", "Input bytes between reading and confirmed delivery.",
          labels, static_cast<double>(p->queue().in_flight_bytes()));
    f.add("sluice_pipeline_in_flight_limit_bytes", "gauge", "Where inputs pause.", labels,
          static_cast<double>(p->queue().limit()));
    f.add("sluice_pipeline_paused_seconds_total", "counter", "Time that inputs were paused.", labels,
          static_cast<double>(p->queue().paused_nanos()) / 1e9);
    f.add("sluice_refused_events_total", "counter",
          "Events given up for good: to the dead letter queue when one is enabled.", labels,
          static_cast<double>(p->refused.get()));
    if (p->dead_letters()) {
      const auto letters = p->dead_letters()->figures();
      f.add("sluice_dead_letter_queue_bytes", "gauge", "Size of the dead letter queue.", labels,
            static_cast<double>(letters.bytes));
      f.add("sluice_dead_letter_queue_limit_bytes", "gauge", "The most that it may have.", labels,
            static_cast<double>(letters.max_bytes));
      f.add("sluice_dead_letter_queue_dropped_total", "counter", "Refused events that its size cost.", labels,
            static_cast<double>(letters.dropped));
      f.add("sluice_dead_letter_queue_expired_total", "counter", "Dead letters that became too old.", labels,
            static_cast<double>(letters.expired));
    }
    f.add("sluice_pipeline_condition_failures_total", "counter",
          "Events dropped because a condition could not be evaluated.", labels,
          static_cast<double>(p->condition_failures.get()));
    if (!p->settings().show_metrics) continue;
    const auto plan = p->plan();
    plugin_metrics(f, "input", p->settings().id, plan->inputs);
    plugin_metrics(f, "filter", p->settings().id, plan->filters);
    plugin_metrics(f, "output", p->settings().id, plan->outputs);
  }
  f.write(out);
}

}  // namespace sluice::monitor
