// filter memcached: fields from and to the keys of memcached.
#include <unordered_map>

#include "base/hash.hpp"
#include "base/log.hpp"
#include "net/compress.hpp"
#include "plugin/spec.hpp"
#include "plugins/codecs/charset.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "plugins/memcache/connections.hpp"
#include "plugins/memcache/marshal.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr std::string_view kLogger = "logstash.filters.memcached";
constexpr uint32_t kDumped = 1, kCompressed = 2;  // flags of Ruby's client
constexpr size_t kCompressFrom = 4096;            // bytes, as Ruby's client
constexpr size_t kLargest = size_t{64} << 20;     // bytes of a value that was compressed
constexpr int64_t kLongestRelative = 30 * 24 * 3600;

constexpr plugin::Option kOptions[] = {
    {"hosts", Type::array, "[\"localhost\"]",
     "The servers: host, host:port, host:port:weight, [::1]:port, or the path of a socket."},
    {"namespace", Type::string, {}, "What stands before every key, with a colon behind it."},
    {"get", Type::hash, {}, "Which keys go into which fields; %{field} is filled in in the keys."},
    {"set", Type::hash, {}, "Which fields go into which keys; %{field} is filled in in the keys."},
    {"ttl", Type::number, "0", "Seconds that a key lives that was set; 0: for ever."},
    {"tag_on_failure", Type::string, "\"_memcached_failure\"",
     "The tag of events for which memcached failed."},
};

struct Pair {
  Template key;
  FieldRef field;
};

struct Config {
  std::vector<memcache::Server> servers;
  std::string name_space;
  std::vector<Pair> get, set;
  int64_t ttl = 0;
  std::string failure_tag;
};

class MemcachedWorker : public plugin::FilterWorker {
 public:
  MemcachedWorker(const Config& config, const memcache::Ring& ring)
      : config_(config), connections_(config.servers, ring) {}

  // An event sees what events before it have set, so events go one by one unless all of them only ask.
  void filter(plugin::FilterRun& run) override {
    const auto events = run.events();
    if (config_.set.empty()) return work(run, events);
    for (size_t i = 0; i < events.size(); ++i) work(run, events.subspan(i, 1));
  }

 private:
  struct Wish {
    size_t event;
    const FieldRef* field;
    size_t key;
  };

  void work(plugin::FilterRun& run, std::span<Event* const> events) {
    std::vector<Status> problems(events.size());
    std::vector<bool> done(events.size());
    for (size_t i = 0; i < events.size() && !config_.set.empty(); ++i) {
      bool any = false;
      problems[i] = set(*events[i], any);
      done[i] = any;
    }
    if (!config_.get.empty()) get(events, problems, done);
    for (size_t i = 0; i < events.size(); ++i) {
      if (problems[i].ok() && done[i]) problems[i] = run.matched(*events[i]);
      if (!problems[i].ok()) fail(*events[i], problems[i].message());
    }
  }

  Result<std::string> key_of(const Event& event, const Template& text) const {
    auto key = memcache::full_key(config_.name_space, text.value(event).as_text());
    if (key.empty()) return Status::error(Fault::filter, "a key is blank");
    return key;
  }

  Status set(const Event& event, bool& any) {
    std::vector<std::pair<std::string, memcache::Stored>> wanted;
    for (const auto& pair : config_.set) {
      const Value* value = event.get(pair.field);
      if (!value || value->is_null()) continue;
      auto key = key_of(event, pair.key);
      if (!key.ok()) return key.status();
      memcache::Stored stored{{}, kDumped};
      if (auto status = memcache::dump(*value, stored.bytes); !status.ok()) return status;
      if (stored.bytes.size() >= kCompressFrom) {
        const auto packed = net::compress(net::Compression::zlib, stored.bytes);
        stored = {std::string(packed.view()), kDumped | kCompressed};
      }
      wanted.emplace_back(std::move(*key), std::move(stored));
    }
    const int64_t expires =
        config_.ttl > kLongestRelative ? wall_nanos() / 1'000'000'000 + config_.ttl : config_.ttl;
    for (const auto& [key, stored] : wanted)
      if (auto status = connections_.set(key, stored, expires); !status.ok()) return status;
    any = !wanted.empty();
    return {};
  }

  void get(std::span<Event* const> events, std::vector<Status>& problems, std::vector<bool>& done) {
    std::vector<std::string> keys;
    TextMap<size_t> known;
    std::vector<Wish> wishes;
    for (size_t i = 0; i < events.size(); ++i) {
      if (!problems[i].ok()) continue;
      const size_t before = wishes.size();
      for (const auto& pair : config_.get) {
        auto key = key_of(*events[i], pair.key);
        if (!key.ok()) {
          problems[i] = key.status();
          wishes.resize(before);
          break;
        }
        const auto [at, fresh] = known.emplace(*key, keys.size());
        if (fresh) keys.push_back(std::move(*key));
        wishes.push_back({i, &pair.field, at->second});
      }
    }
    const auto found = connections_.get(keys);
    for (const auto& wish : wishes) {
      auto& problem = problems[wish.event];
      if (!problem.ok()) continue;
      if (found.failed[wish.key]) {
        problem = Status::error(Fault::output, connections_.problem());
      } else if (found.values[wish.key]) {
        problem = take(*events[wish.event], *wish.field, *found.values[wish.key]);
        done[wish.event] = true;
      }
    }
  }

  Status take(Event& event, const FieldRef& field, const memcache::Stored& stored) {
    std::string_view bytes = stored.bytes;
    Result<SlabRef> plain = SlabRef();
    if (stored.flags & kCompressed) {
      plain = net::decompress(net::Compression::zlib, bytes, kLargest);
      if (!plain.ok()) return plain.status();
      bytes = plain->view();
    }
    Value value;
    if (stored.flags & kDumped) {
      if (auto status = memcache::load(bytes, event.arena(), value); !status.ok()) return status;
    } else {
      value = decoder_.text(event.arena().copy(bytes), event.arena());
    }
    return set_status(event.set(field, value), field);
  }

  void fail(Event& event, std::string_view why) {
    event.tag(config_.failure_tag);
    uint64_t suppressed = 0;
    if (!warnings_.allow(suppressed)) return;
    log::error(kLogger, "memcached communication error", {{"message", why}, {"suppressed", suppressed}});
  }

  const Config& config_;
  memcache::Connections connections_;
  TextDecoder decoder_{Charset::utf8()};
  WarningLimiter warnings_;
};

class Memcached : public plugin::Filter {
 public:
  explicit Memcached(plugin::Setup& setup) : config_(read(setup)), ring_(config_.servers) {}

  Status start(plugin::Start&) override { return memcache::Connections(config_.servers, ring_).check(); }
  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<MemcachedWorker>(config_, ring_);
  }

  void flow(plugin::Flow& flow) const override {
    for (const auto& pair : config_.get) {
      for (const auto& field : pair.key.fields()) flow.reads(field.text(), "get");
      flow.writes(pair.field.text());
    }
    for (const auto& pair : config_.set) {
      flow.reads(pair.field.text(), "set");
      for (const auto& field : pair.key.fields()) flow.reads(field.text(), "set");
    }
    flow.writes("tags");
  }

 private:
  static Config read(plugin::Setup& setup) {
    const auto& options = setup.options;
    Config config;
    for (const auto& text : options.strings("hosts")) {
      auto server = memcache::parse_server(text);
      if (server.ok())
        config.servers.push_back(std::move(server).value());
      else
        setup.error("hosts", "E0306", "The host `" + text + "` cannot be read: " + server.message(),
                    "Write it as name:11211.");
    }
    if (options.strings("hosts").empty())
      setup.error("hosts", "E0306", "`hosts` is empty", "Name at least one server.");
    config.name_space = options.string("namespace");
    config.ttl = options.integer("ttl");
    if (config.ttl < 0) setup.error("ttl", "E0306", "`ttl` cannot be negative", "0 keeps keys for ever.");
    config.failure_tag = options.string("tag_on_failure");
    for (const auto& [key, field] : options.hash("get"))
      config.get.push_back({Template(key), reference(setup, "get", field.text)});
    for (const auto& [field, key] : options.hash("set"))
      config.set.push_back({Template(key.text), reference(setup, "set", field)});
    return config;
  }

  static FieldRef reference(plugin::Setup& setup, std::string_view option, const std::string& text) {
    auto ref = FieldRef::parse(text);
    if (ref.ok()) return std::move(ref).value();
    setup.error(option, "E0304", ref.message(), "Write a field as `name` or as [outer][inner].");
    return {};
  }

  const Config config_;
  const memcache::Ring ring_;
};

}  // namespace

extern const plugin::Spec filter_memcached;
const plugin::Spec filter_memcached{
    .kind = plugin::Kind::filter,
    .name = "memcached",
    .summary = "Copies values of memcached into fields, and fields into memcached.",
    .options = kOptions,
    .example =
        "filter { memcached { hosts => [\"localhost:11211\"] namespace => \"threats\" "
        "get => { \"host/%{host}\" => \"[threat][host]\" } } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Memcached>(setup);
    }};

}  // namespace sluice::plugins
