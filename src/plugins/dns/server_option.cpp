#include "plugins/dns/server_option.hpp"

#include <algorithm>

#include "match/numbers.hpp"
#include "plugins/filters/mutate_operation.hpp"

namespace sluice::plugins::dns {
namespace {

constexpr size_t kMostSearchDomains = 6;
constexpr double kLongestTimeout = 3600;

void refuse(plugin::Setup& setup, const lang::Value& where, std::string what, std::string help) {
  setup.error("nameserver", "E0306", std::move(what), std::move(help)).span = where.span;
}

void add_server(plugin::Setup& setup, const lang::Value& value, ResolverSettings& settings) {
  std::string server = scalar_text(setup, "nameserver", value);
  if (!Resolver::is_server(server))
    refuse(setup, value, "`" + server + "` is not the address of a server",
           "Write an IP address, with a port where it is not 53: 10.0.0.1, 10.0.0.1:5353, [fd00::1]:53.");
  settings.servers.push_back(std::move(server));
}

void read_hash(plugin::Setup& setup, const lang::Value& hash, ResolverSettings& settings) {
  for (const auto& [key, value] : hash.entries) {
    const std::vector<lang::Value> one{value};
    const auto& values = value.kind == lang::Value::Kind::array ? value.items : one;
    if (key.text == "address") {
      for (const auto& item : values) add_server(setup, item, settings);
    } else if (key.text == "search") {
      for (const auto& item : values) settings.search.push_back(scalar_text(setup, "nameserver", item));
      if (values.size() > kMostSearchDomains)
        refuse(setup, value, "There are more than six domains in `search`", "Keep six of them.");
    } else if (key.text == "ndots") {
      const auto number = match::ruby_to_i(scalar_text(setup, "nameserver", value));
      settings.ndots = static_cast<int>(std::clamp<int64_t>(number.value, 0, 128));
      if (settings.ndots < 1) refuse(setup, value, "`ndots` is not above 0", "Write 1, say.");
    } else {
      refuse(setup, key, "`nameserver` has no `" + key.text + "`", "It has address, search and ndots.");
    }
  }
  if (settings.servers.empty())
    refuse(setup, hash, "The hash of `nameserver` has no `address`", "Add address => [\"10.0.0.1\"].");
}

}  // namespace

bool read_servers(plugin::Setup& setup, ResolverSettings& settings) {
  const auto& options = setup.options;
  const double timeout = options.number("timeout");
  if (!(timeout > 0 && timeout <= kLongestTimeout))
    setup.error("timeout", "E0306", "timeout is not a number of seconds above 0", "Write 0.5, say.");
  settings.timeout_millis = std::max(1, static_cast<int>(std::clamp(timeout, 0.0, kLongestTimeout) * 1000));
  settings.retries = static_cast<int>(std::clamp<int64_t>(options.integer("max_retries"), 0, 1000));
  if (!options.given("nameserver")) return false;
  const auto& items = options.items("nameserver");
  if (items.size() == 1 && items[0].kind == lang::Value::Kind::hash)
    read_hash(setup, items[0], settings);
  else
    for (const auto& item : items) add_server(setup, item, settings);
  return !settings.servers.empty();
}

}  // namespace sluice::plugins::dns
