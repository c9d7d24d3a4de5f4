// libFuzzer: a line of syslog, taken apart as a config does it: grok with the shipped patterns, syslog_pri,
// date. Any line must end in an event that can be written. A zero byte ends one line and begins the next.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "event/json_write.hpp"
#include "plugin_text.hpp"
#include "plugins/registry.hpp"

namespace {

using namespace sluice;

constexpr const char* kFilters[] = {
    R"(filter { grok { match => { "message" => [
      "<%{NONNEGINT:priority}>%{SYSLOGTIMESTAMP:time} %{SYSLOGHOST:host} %{SYSLOGPROG}: %{GREEDYDATA:text}",
      "%{SYSLOG5424LINE}", "%{SYSLOGLINE}", "%{CISCOFW106001}"] } } })",
    R"(filter { syslog_pri { syslog_pri_field_name => "priority" } })",
    R"(filter { date { match => ["time", "MMM  d HH:mm:ss", "MMM dd HH:mm:ss", "ISO8601"] } })"};

std::array<std::unique_ptr<test::FilterText>, std::size(kFilters)> built() {
  log::Options quiet;
  quiet.level = log::Level::fatal;
  log::configure(quiet);
  plugins::register_all();
  plugin::Environment environment;
  environment.ecs_default = "disabled";
  std::array<std::unique_ptr<test::FilterText>, std::size(kFilters)> filters;
  for (size_t i = 0; i < filters.size(); ++i) {
    filters[i] = std::make_unique<test::FilterText>(kFilters[i], environment);
    if (!filters[i]->worker) std::abort();
  }
  return filters;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto filters = built();
  BatchPool pool;
  const BatchRef batch = pool.take();
  std::vector<Event*> events;
  for (std::string_view rest(reinterpret_cast<const char*>(data), size);;) {
    const auto line = rest.substr(0, rest.find('\0'));
    auto& event = batch->make();
    event.set(Key::intern("message"), event.text(line));
    normalize(event);
    batch->add(event);
    events.push_back(&event);
    if (line.size() == rest.size()) break;
    rest.remove_prefix(line.size() + 1);
  }
  for (const auto& filter : filters) {
    plugin::FilterRun run(events, *batch, filter->built.decoration, filter->metrics);
    filter->worker->filter(run);
  }
  Buffer out;
  for (const auto* event : events) write_json(*event, out);
  return 0;
}
