// filter dns: host names become addresses and addresses host names.
#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/ttl_cache.hpp"
#include "plugin/spec.hpp"
#include "plugins/address/ip_address.hpp"
#include "plugins/dns/hosts_file.hpp"
#include "plugins/dns/idn.hpp"
#include "plugins/dns/server_option.hpp"
#include "plugins/filters/mutate_operation.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {
namespace {

using dns::Lookup;
using plugin::Type;
using Kind = Lookup::Kind;
using Outcome = Lookup::Outcome;

constexpr std::string_view kLogger = "logstash.filters.dns";
constexpr size_t kShown = 255;

constexpr plugin::Option kOptions[] = {
    {"resolve", Type::array, {}, "The fields with host names whose addresses are looked up."},
    {"reverse", Type::array, {}, "The fields with addresses whose host names are looked up."},
    {"action", Type::string, "\"append\"", "Whether the answer is added to the field or replaces its value.",
     0, "append|replace"},
    {"nameserver",
     Type::array,
     {},
     "The servers to ask: addresses (with :PORT where it is not 53), or a hash with address, search and "
     "ndots."},
    {"timeout", Type::number, "0.5", "Seconds that a server has for its answer."},
    {"max_retries", Type::number, "2", "How often all servers are asked again when none of them answers."},
    {"hit_cache_size", Type::number, "0", "How many answers are kept."},
    {"hit_cache_ttl", Type::number, "60", "Seconds for which an answer is kept."},
    {"failed_cache_size", Type::number, "0", "How many questions without an answer are kept."},
    {"failed_cache_ttl", Type::number, "5", "Seconds for which a question without an answer is kept."},
    {"hostsfile",
     Type::array,
     {},
     "Files like /etc/hosts to look in before it; without `nameserver`, DNS is not asked then."},
    {"tag_on_timeout", Type::array, "[\"_dnstimeout\"]",
     "Tags for events whose question got no answer in time."},
};

struct Step {
  Kind kind;
  FieldRef field;
};

struct Config {
  std::vector<Step> steps;  // in the order in which they are taken
  bool replace = false;
  bool ask_servers = true;
  dns::ResolverSettings servers;
  std::vector<dns::HostsFile> hosts;
  std::vector<std::string> timeout_tags;
  std::unique_ptr<TtlCache<std::string>> hits, failures;
};

// Resolv::AddressRegex: an address and nothing around it.
bool is_address(std::string_view text) {
  return text.find_first_of("/[") == std::string_view::npos && address::parse(text);
}

class DnsWorker : public plugin::FilterWorker {
 public:
  explicit DnsWorker(const Config& config) : config_(config) {}

  // All questions of the batch go out at once, those of later steps on the guess that the earlier ones
  // succeed; the answers are then applied event by event. What only an answer makes known (a name that a step
  // has put into the field of another) is asked for in a further round.
  void filter(plugin::FilterRun& run) override {
    known_.clear();
    progress_.assign(run.events().size(), 0);
    for (bool waiting = true; waiting;) {
      for (size_t i = 0; i < progress_.size(); ++i) collect(*run.events()[i], progress_[i]);
      ask();
      waiting = false;
      for (size_t i = 0; i < progress_.size(); ++i) {
        if (progress_[i] == kDone) continue;
        advance(*run.events()[i], progress_[i], run);
        waiting = waiting || progress_[i] != kDone;
      }
    }
  }

 private:
  static constexpr size_t kDone = ~size_t{0};

  struct Answer {
    Outcome outcome = Outcome::none;
    bool skipped = false;  // it failed lately
    bool cached = false;   // it is in the cache of hits
    std::string text;
  };

  // The text that a step is about, or nothing when there is none to look up.
  static const Value* subject(const Event& event, const Step& step) {
    const Value* value = event.get(step.field);
    if (value && value->is_array()) value = value->as_array()->size == 1 ? value->as_array()->items : nullptr;
    return value && value->is_string() ? value : nullptr;
  }

  static std::string key_of(Kind kind, std::string_view text) {
    return (kind == Kind::address ? "a" : "n") + std::string(text);
  }

  void collect(const Event& event, size_t first_step) {
    if (first_step == kDone) return;
    for (size_t i = first_step; i < config_.steps.size(); ++i) {
      const auto& step = config_.steps[i];
      const Value* value = subject(event, step);
      if (!value || (step.kind == Kind::name && !is_address(value->as_text()))) continue;
      std::string key = key_of(step.kind, value->as_text());
      if (find(step.kind, value->as_text(), key) || !asked_.insert(key).second) continue;
      Lookup lookup;
      lookup.kind = step.kind;
      lookup.question = value->as_text();
      if (step.kind == Kind::address) lookup.question = *dns::to_ascii(lookup.question);
      keys_.push_back(std::move(key));
      lookups_.push_back(std::move(lookup));
    }
  }

  void ask() {
    if (lookups_.empty()) return;
    if (!resolver_) {
      auto opened = dns::Resolver::open(config_.servers);
      if (opened.ok())
        resolver_ = std::move(opened).value();
      else
        warn("DNS: Encountered SocketError.", {{"message", opened.message()}});
    }
    if (resolver_) resolver_->run(lookups_);
    for (size_t i = 0; i < lookups_.size(); ++i) {
      auto& lookup = lookups_[i];
      Answer& answer = known_[keys_[i]];
      answer.outcome = lookup.outcome;
      answer.text = lookup.kind == Kind::address ? std::move(lookup.answer) : dns::to_unicode(lookup.answer);
    }
    lookups_.clear();
    keys_.clear();
    asked_.clear();
  }

  // What is known of a question; null: it has to be asked. The pointer holds until the next call.
  Answer* find(Kind kind, std::string_view text, const std::string& key) {
    const auto known = known_.find(key);
    if (known != known_.end() && known->second.outcome == Outcome::found) return &known->second;
    if (config_.failures->get(key)) return &skipped_;
    if (known != known_.end()) return &known->second;
    auto fresh = local(kind, text, key);
    return fresh ? &known_.emplace(key, std::move(*fresh)).first->second : nullptr;
  }

  // The answer of the cache or of a hosts file, or that there is none to be had.
  std::optional<Answer> local(Kind kind, std::string_view text, const std::string& key) const {
    if (auto hit = config_.hits->get(key)) return Answer{Outcome::found, false, true, std::move(*hit)};
    std::string question(text);
    if (kind == Kind::address) {
      const auto ascii = dns::to_ascii(text);
      if (!ascii) return Answer{Outcome::refused, false, false, {}};
      if (is_address(*ascii)) return Answer{Outcome::found, false, false, *ascii};
      question = *ascii;
    }
    for (const auto& hosts : config_.hosts)
      if (const auto* found = kind == Kind::address ? hosts.address_of(question) : hosts.name_of(question))
        return Answer{Outcome::found, false, false, kind == Kind::address ? *found : dns::to_unicode(*found)};
    if (!config_.ask_servers) return Answer{Outcome::none, false, false, {}};
    return {};
  }

  // Takes the event's steps from `next` on; stops where an answer is not known yet.
  void advance(Event& event, size_t& next, plugin::FilterRun& run) {
    for (; next < config_.steps.size(); ++next) {
      const Taken taken = take(event, config_.steps[next]);
      if (taken == Taken::waits) return;
      if (taken == Taken::ends) {
        next = kDone;
        return;
      }
    }
    next = kDone;
    if (const Status status = run.matched(event); !status.ok())
      warn("A common option failed", {{"message", status.message()}});
  }

  enum class Taken : uint8_t { goes_on, ends, waits };

  Taken take(Event& event, const Step& step) {
    const bool forward = step.kind == Kind::address;
    const Value* value = event.get(step.field);
    if (!value || value->is_null()) {
      warn(forward ? "DNS filter could not resolve missing field"
                   : "DNS filter could not perform reverse lookup on missing field",
           {{"field", step.field.text()}});
      return Taken::goes_on;
    }
    if (value->is_array() && value->as_array()->size > 1) {
      warn(forward ? "DNS: skipping resolve, can't deal with multiple values"
                   : "DNS: skipping reverse, can't deal with multiple values",
           {{"field", step.field.text()}, {"value", shown(*value)}});
      return Taken::ends;
    }
    const Value* text = subject(event, step);
    if (!text) {
      warn(forward ? "DNS: skipping resolve, can't deal with non-string values"
                   : "DNS: skipping reverse, can't deal with non-string values",
           {{"field", step.field.text()}, {"value", shown(*value)}});
      return Taken::ends;
    }
    if (!forward && !is_address(text->as_text())) {
      debug("DNS: not an address", step, *text);
      return Taken::ends;
    }
    const std::string key = key_of(step.kind, text->as_text());
    Answer* found = find(step.kind, text->as_text(), key);
    if (!found) return Taken::waits;
    if (found->skipped) return Taken::ends;
    if (found->outcome != Outcome::found) {
      fail(event, step, *text, found->outcome, key);
      return Taken::ends;
    }
    if (!std::exchange(found->cached, true)) config_.hits->put(key, found->text);
    store(event, step, found->text);
    return Taken::goes_on;
  }

  void store(Event& event, const Step& step, std::string_view answer) {
    const Value old = *event.get(step.field);
    const Value value = event.text(answer);
    if (config_.replace && !old.is_array()) {
      event.set(step.field, value);
      return;
    }
    auto* list = Array::make(event.arena(), 2);
    if (!config_.replace) list->push(event.arena(), old.is_array() ? old.as_array()->items[0] : old);
    list->push(event.arena(), value);
    event.set(step.field, Value::array(list));
  }

  void fail(Event& event, const Step& step, const Value& text, Outcome outcome, const std::string& key) {
    const bool forward = step.kind == Kind::address;
    if (outcome == Outcome::refused) {
      uint64_t suppressed = 0;
      if (warnings_.allow(suppressed))
        log::error(kLogger, "DNS: Unable to parse address.",
                   {{"field", step.field.text()}, {"value", shown(text)}, {"suppressed", suppressed}});
      return;
    }
    config_.failures->put(key, {});
    if (outcome != Outcome::timeout)
      return debug(forward ? "DNS: couldn't resolve the hostname." : "DNS: couldn't resolve the address.",
                   step, text);
    debug(forward ? "DNS: timeout on resolving the hostname." : "DNS: timeout on resolving address.", step,
          text);
    for (const auto& tag : config_.timeout_tags) event.tag(tag);
  }

  static std::string shown(const Value& value) {
    std::string text;
    append_ruby_text(value, text);
    if (text.size() > kShown) text.resize(kShown);
    return text;
  }

  void warn(std::string_view what, log::Params params) {
    uint64_t suppressed = 0;
    if (!warnings_.allow(suppressed)) return;
    params.emplace_back("suppressed", suppressed);
    log::warn(kLogger, what, params);
  }

  static void debug(std::string_view what, const Step& step, const Value& value) {
    if (log::enabled(log::Level::debug, kLogger))
      log::debug(kLogger, what, {{"field", step.field.text()}, {"value", shown(value)}});
  }

  const Config& config_;
  std::unique_ptr<dns::Resolver> resolver_;
  TextMap<Answer> known_;  // of this batch
  std::vector<Lookup> lookups_;                    // to be asked
  std::vector<std::string> keys_;                  // of lookups_
  std::unordered_set<std::string, TextHash, std::equal_to<>> asked_;          // the same
  Answer skipped_{Outcome::none, true, false, {}};
  std::vector<size_t> progress_;  // the next step of each event
  WarningLimiter warnings_;
};

class Dns : public plugin::Filter {
 public:
  explicit Dns(plugin::Setup& setup) {
    const auto& options = setup.options;
    config_.replace = options.string("action") == "replace";
    config_.timeout_tags = options.strings("tag_on_timeout");
    read_steps(setup, "resolve", Kind::address);
    read_steps(setup, "reverse", Kind::name);
    // As in Logstash: with a hosts file of one's own, DNS is asked only when a server is named.
    const bool named = dns::read_servers(setup, config_.servers);
    config_.ask_servers = named || (!options.given("nameserver") && !options.given("hostsfile"));
    read_hosts(setup);
    config_.hits = cache(options, "hit_cache");
    config_.failures = cache(options, "failed_cache");
  }
  std::unique_ptr<plugin::FilterWorker> worker() override { return std::make_unique<DnsWorker>(config_); }
  void flow(plugin::Flow& flow) const override {
    for (const auto& step : config_.steps)
      flow.reads(step.field.text(), step.kind == Kind::address ? "resolve" : "reverse");
    if (!config_.timeout_tags.empty()) flow.writes("tags");
  }

 private:
  static std::unique_ptr<TtlCache<std::string>> cache(const plugin::Options& options,
                                                      const std::string& name) {
    return std::make_unique<TtlCache<std::string>>(
        static_cast<size_t>(std::max<int64_t>(0, options.integer(name + "_size"))),
        static_cast<int64_t>(options.number(name + "_ttl") * 1e9));
  }

  void read_steps(plugin::Setup& setup, std::string_view option, Kind kind) {
    if (!setup.options.given(option)) return;
    for (const auto& name : setup.options.strings(option)) {
      auto ref = FieldRef::parse(name);
      if (ref.ok())
        config_.steps.push_back({kind, std::move(ref).value()});
      else
        setup.error(option, "E0304", ref.message(), "Write a field as `name` or as [outer][inner].");
    }
  }

  void read_hosts(plugin::Setup& setup) {
    std::vector<std::string> files;
    if (setup.options.given("hostsfile")) files = setup.options.strings("hostsfile");
    for (const auto& path : files) {
      auto hosts = dns::HostsFile::read(path);
      if (hosts.ok())
        config_.hosts.push_back(std::move(hosts).value());
      else
        setup.error("hostsfile", "E0305", "The hosts file cannot be read: " + hosts.message(),
                    "Check the path and who may read it.");
    }
    if (auto hosts = dns::HostsFile::read("/etc/hosts"); hosts.ok())
      config_.hosts.push_back(std::move(hosts).value());
  }

  Config config_;
};

}  // namespace

extern const plugin::Spec filter_dns;
const plugin::Spec filter_dns{
    .kind = plugin::Kind::filter,
    .name = "dns",
    .summary = "Looks up the addresses of host names and the host names of addresses.",
    .options = kOptions,
    .example =
        "filter { dns { reverse => [\"clientip\"] action => \"replace\" hit_cache_size => 4096 "
        "failed_cache_size => 4096 } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Dns>(setup);
    }};

}  // namespace sluice::plugins
