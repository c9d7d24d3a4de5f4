// filter cidr: does an address lie in one of some networks?
#include "base/log.hpp"
#include "match/text_case.hpp"
#include "plugin/spec.hpp"
#include "plugins/address/network_file.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {
namespace {

using address::IpRange;
using plugin::Type;

constexpr std::string_view kLogger = "logstash.filters.cidr";
constexpr size_t kShown = 100;

constexpr plugin::Option kOptions[] = {
    {"address", Type::array, "[]", "The addresses to check, such as `%{clientip}`."},
    {"address_field", Type::field_reference, {}, "The field with the address, or a list of them, to check."},
    {"network", Type::array, "[]", "The networks to look in; one text may hold several with commas between."},
    {"network_path", Type::path, {}, "A file with the networks to look in, in place of `network`."},
    {"refresh_interval", Type::number, "600", "Seconds after which the file is read again."},
    {"separator", Type::string, {}, "What stands between the networks of the file: a line end by default."},
};

struct Config {
  std::vector<Template> addresses;
  FieldRef address_field;
  address::NetworkSet networks;          // those that are the same for every event
  std::vector<Template> event_networks;  // those that an event names
  std::unique_ptr<address::NetworkFile> file;
};

// Calls `take` with each network of a comma-separated text, and `refuse` with what is none.
template <class Take, class Refuse>
void each_network(std::string_view text, Take take, Refuse refuse) {
  while (!text.empty() && text.back() == ',') text.remove_suffix(1);
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view piece = match::strip(text.substr(0, comma));
    if (const auto network = address::parse(piece))
      take(*network);
    else
      refuse(piece);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
}

class CidrWorker : public plugin::FilterWorker {
 public:
  explicit CidrWorker(const Config& config) : config_(config) {}

  void filter(plugin::FilterRun& run) override {
    if (config_.file) from_file_ = config_.file->get();
    for (auto* event : run.events()) {
      read_addresses(*event);
      if (addresses_.empty() || !inside(*event)) continue;
      if (const Status status = run.matched(*event); !status.ok())
        warn("A common option failed", "reason", status.message());
    }
  }

 private:
  void read_addresses(const Event& event) {
    addresses_.clear();
    for (const auto& address : config_.addresses) {
      text_.clear();
      address.fill(event, text_);
      add_address(text_);
    }
    if (config_.address_field.empty()) return;
    const Value* value = event.get(config_.address_field);
    if (!value || value->is_null()) return;
    if (value->is_array())
      for (const auto& item : value->as_array()->all()) add_address(item);
    else
      add_address(*value);
  }

  void add_address(const Value& value) {
    if (value.is_string())
      add_address(value.as_text());
    else
      warn("Invalid IP address, skipping", "address", "(not a text)");
  }

  void add_address(std::string_view text) {
    if (const auto address = address::parse(text))
      addresses_.push_back(*address);
    else
      warn("Invalid IP address, skipping", "address", text.substr(0, kShown));
  }

  bool inside(const Event& event) {
    const address::NetworkSet& fixed = config_.file ? *from_file_ : config_.networks;
    for (const auto& address : addresses_)
      if (fixed.contains(address)) return true;
    bool found = false;
    for (const auto& networks : config_.event_networks) {
      text_.clear();
      networks.fill(event, text_);
      each_network(
          text_,
          [&](const IpRange& network) {
            for (const auto& address : addresses_) found = found || network.contains(address);
          },
          [&](std::string_view piece) {
            warn("Invalid IP network, skipping", "network", piece.substr(0, kShown));
          });
      if (found) return true;
    }
    return false;
  }

  void warn(std::string_view what, std::string_view name, std::string_view value) {
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed)) log::warn(kLogger, what, {{name, value}, {"suppressed", suppressed}});
  }

  const Config& config_;
  std::shared_ptr<const address::NetworkSet> from_file_;
  std::vector<IpRange> addresses_;
  std::string text_;
  WarningLimiter warnings_;
};

class Cidr : public plugin::Filter {
 public:
  explicit Cidr(plugin::Setup& setup) {
    for (const auto& text : setup.options.strings("address")) config_.addresses.emplace_back(text);
    config_.address_field = setup.field("address_field");
    if (!config_.addresses.empty() && !config_.address_field.empty())
      setup.error("address_field", "E0307",
                  "The configuration options 'address' and 'address_field' are mutually exclusive",
                  "Remove one of the two.");
    read_networks(setup);
    open_file(setup);
  }
  std::unique_ptr<plugin::FilterWorker> worker() override { return std::make_unique<CidrWorker>(config_); }
  void flow(plugin::Flow& flow) const override {
    for (const auto& address : config_.addresses)
      for (const auto& field : address.fields()) flow.reads(field.text(), "address");
    if (!config_.address_field.empty()) flow.reads(config_.address_field.text(), "address_field");
    for (const auto& network : config_.event_networks)
      for (const auto& field : network.fields()) flow.reads(field.text(), "network");
  }

 private:
  void read_networks(plugin::Setup& setup) {
    for (const auto& item : setup.options.items("network")) {
      Template networks(item.text);
      if (!networks.constant()) {
        config_.event_networks.push_back(std::move(networks));
        continue;
      }
      each_network(
          item.text, [&](const IpRange& network) { config_.networks.add(network); },
          [&](std::string_view piece) {
            setup
                .warning("network", "W0306", "`" + std::string(piece) + "` is no network and is skipped",
                         "Write an address with the length of its prefix, such as 10.0.0.0/8 or fe80::/64.")
                .span = item.span;
          });
    }
    config_.networks.seal();
  }

  void open_file(plugin::Setup& setup) {
    const auto& options = setup.options;
    if (!options.given("network_path")) {
      for (const std::string_view option : {"refresh_interval", "separator"})
        if (options.given(option))
          setup.warning(option, "W0308", std::string(option) + " has no effect without network_path");
      return;
    }
    if (!options.items("network").empty())
      setup.error("network_path", "E0307",
                  "The configuration options 'network' and 'network_path' are mutually exclusive",
                  "Remove one of the two.");
    const std::string separator = options.given("separator") ? options.string("separator") : "\n";
    if (separator.empty()) {
      setup.error("separator", "E0306", "`separator` is empty", "Write what stands between two networks.");
      return;
    }
    config_.file = std::make_unique<address::NetworkFile>(
        options.string("network_path"), separator,
        static_cast<int64_t>(options.number("refresh_interval") * 1e9), kLogger);
    if (const Status status = config_.file->load(); !status.ok())
      setup.error("network_path", "E0305", "The file with the networks cannot be read: " + status.message(),
                  "Check the path and who may read it.");
  }

  Config config_;
};

}  // namespace

extern const plugin::Spec filter_cidr;
const plugin::Spec filter_cidr{
    .kind = plugin::Kind::filter,
    .name = "cidr",
    .summary = "Checks whether addresses lie in networks, and decorates the event if so.",
    .options = kOptions,
    .example =
        "filter { cidr { address => [\"%{clientip}\"] network => [\"10.0.0.0/8\", "
        "\"fe80::/64\"] add_tag => [\"internal\"] } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Cidr>(setup);
    }};

}  // namespace sluice::plugins
