// codec netflow: flow records of NetFlow v5, v9 and IPFIX.
#include <algorithm>

#include "base/log.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "plugins/netflow/packet.hpp"
#include "plugins/netflow/record.hpp"
#include "plugins/netflow/template_cache.hpp"
#include "plugins/netflow/v5.hpp"

namespace sluice::plugins {
namespace {

using namespace netflow;
using plugin::Type;

constexpr std::string_view kLogger = "logstash.codecs.netflow";

constexpr plugin::Option kOptions[] = {
    {"cache_ttl", Type::number, "4000", "How many seconds a template is used after it was last received."},
    {"cache_save_path",
     Type::path,
     {},
     "The directory where templates are kept over restarts, in netflow_templates.cache and "
     "ipfix_templates.cache."},
    {"target", Type::string, "\"netflow\"", "The field that a flow record goes into."},
    {"include_flowset_id", Type::boolean, "false",
     "Whether events from IPFIX hold the number of their template as flowset_id; those from v9 always do."},
    {"versions", Type::array, "[5, 9, 10]", "The versions that are read; 10 is IPFIX."},
    {"netflow_definitions",
     Type::path,
     {},
     "A YAML file that adds fields of v9 or changes built-in ones: a number with the list of kind and name."},
    {"ipfix_definitions",
     Type::path,
     {},
     "A YAML file that adds fields of IPFIX or changes built-in ones: the number of an enterprise (0 for "
     "IANA) "
     "with "
     "numbers and lists of kind and name."},
};

/// What the decoders of a codec share. The templates lock themselves, the rest does not change.
struct Shared {
  Shared(int64_t ttl, const std::string& netflow_cache, const std::string& ipfix_cache)
      : netflow_templates(FieldTable::Protocol::v9, ttl, netflow_cache),
        ipfix_templates(FieldTable::Protocol::ipfix, ttl, ipfix_cache) {}

  FieldTable netflow_fields{FieldTable::Protocol::v9};
  FieldTable ipfix_fields{FieldTable::Protocol::ipfix};
  TemplateCache netflow_templates;
  TemplateCache ipfix_templates;
  FieldRef target;
  std::vector<int64_t> versions;
  bool include_flowset_id = false;
};

constexpr std::string_view kScopes[] = {"scope_system", "scope_interface", "scope_line_card",
                                        "scope_netflow_cache", "scope_template"};

struct HeaderKeys {
  Key version = Key::intern("version");
  Key sequence = Key::intern("flow_seq_num");
  Key flowset = Key::intern("flowset_id");
};

class NetflowDecoder : public plugin::Decoder {
 public:
  explicit NetflowDecoder(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  void sender(std::string_view address) override { sender_ = address; }

  // One packet is read, as in Logstash: what follows it in a datagram is no flow.
  void decode(std::string_view bytes, plugin::EventSink& sink) override { (void)packet(bytes, sink); }

 private:
  bool packet(std::string_view bytes, plugin::EventSink& sink) {
    if (bytes.size() < 2) return invalid("end of file reached");
    const auto version = static_cast<int64_t>(wire::Reader::number(bytes.substr(0, 2)));
    const auto& wanted = shared_->versions;
    if (std::find(wanted.begin(), wanted.end(), version) == wanted.end())
      return warn("Ignoring Netflow version v" + std::to_string(version));
    std::string problem;
    packet_.flowsets.clear();
    switch (version) {
      case 5:
        return read_v5(bytes, shared_->target, sink, problem) || invalid(problem);
      case 9:
        if (!read_v9(bytes, packet_, problem)) return invalid(problem);
        for (const auto& set : packet_.flowsets) v9(set, sink);
        return true;
      case 10:
        if (!read_ipfix(bytes, packet_, problem)) return invalid(problem);
        for (const auto& set : packet_.flowsets) ipfix(set, sink);
        return true;
      default:
        return warn("Unsupported Netflow version v" + std::to_string(version));
    }
  }

  void v9(const Flowset& set, plugin::EventSink& sink) {
    auto& cache = shared_->netflow_templates;
    if (set.number < 2)
      return templates(set, set.number == 0 ? TemplateForm::v9 : TemplateForm::v9_options, cache,
                       shared_->netflow_fields);
    if (const auto made = known(set, cache, "source id")) records(*made, set, 9, sink);
  }

  void ipfix(const Flowset& set, plugin::EventSink& sink) {
    auto& cache = shared_->ipfix_templates;
    if (set.number < 4)
      return templates(set, set.number == 2 ? TemplateForm::ipfix : TemplateForm::ipfix_options, cache,
                       shared_->ipfix_fields);
    if (const auto made = known(set, cache, "observation domain id")) records(*made, set, 10, sink);
  }

  std::shared_ptr<const Template> known(const Flowset& set, TemplateCache& cache, std::string_view domain) {
    auto made = cache.find({packet_.domain, set.number, sender_});
    if (!made)
      warn("Can't (yet) decode flowset id " + std::to_string(set.number) + " from " + std::string(domain) +
           ' ' + std::to_string(packet_.domain) +
           ", because no template to decode it with has been received. This message will usually go away "
           "after 1 "
           "minute.");
    return made;
  }

  void templates(const Flowset& set, TemplateForm form, TemplateCache& cache, const FieldTable& table) {
    wire::Reader reader(set.content);
    WireTemplate received;
    while (next_template(form, reader, received)) {
      const TemplateId id{packet_.domain, received.number, sender_};
      if (received.withdrawn) {
        cache.remove(id);
        continue;
      }
      if (!describe(received, form, table)) continue;
      auto made = make_template(table.protocol(), specs_);
      if (!made.ok())
        warn("Template " + std::to_string(received.number) + " is ignored: " + made.message());
      else if (!cache.put(id, std::move(*made)))
        warn("Template " + std::to_string(received.number) + " is ignored: there are too many templates");
    }
  }

  // The meaning of each field of a template into specs_. False when a field has none: its template is ignored
  // as a whole.
  bool describe(const WireTemplate& received, TemplateForm form, const FieldTable& table) {
    specs_.clear();
    for (const auto& field : received.fields) {
      FieldSpec spec;
      spec.length = field.length;
      if (form == TemplateForm::v9_options && field.scope) {
        if (field.number >= 1 && field.number <= std::size(kScopes))
          spec.field = {FieldKind::uint, std::string(kScopes[field.number - 1])};
      } else if (auto meaning = table.find(field.enterprise, field.number)) {
        spec.field = std::move(*meaning);
      } else if (field.length > 0 || form != TemplateForm::v9) {
        return warn("Unsupported field in template " + std::to_string(received.number),
                    {{"type", field.number}, {"enterprise", field.enterprise}, {"length", field.length}});
      }
      specs_.push_back(std::move(spec));
    }
    return true;
  }

  void records(const Template& made, const Flowset& set, int version, plugin::EventSink& sink) {
    if (made.min_length > set.content.size()) {
      warn("Template length exceeds flowset length, skipping", {{"template_id", set.number},
                                                                {"template_length", made.min_length},
                                                                {"record_length", set.content.size()}});
      return;
    }
    const ExportTime time{packet_.seconds, packet_.uptime};
    wire::Reader reader(set.content);
    while (reader.left() >= made.min_length) {
      auto& arena = sink.batch().arena();
      auto* flow = Object::make(arena, static_cast<uint32_t>(made.fields.size() + 3));
      header(version, set.number, *flow, arena);
      if (!read_record(made, time, reader, *flow, arena)) return;  // padding
      Event& event = sink.make();
      event.set_timestamp(time.seconds * 1'000'000'000);
      event.set(shared_->target, Value::object(flow));
      sink.add(event);
    }
  }

  void header(int version, uint16_t flowset, Object& flow, Arena& arena) const {
    flow.append(arena, keys_.version, Value::integer(version));
    if (version == 9) flow.append(arena, keys_.sequence, Value::integer(packet_.sequence));
    if (version == 9 || shared_->include_flowset_id)
      flow.append(arena, keys_.flowset, Value::integer(flowset));
  }

  bool invalid(const std::string& problem) {
    return warn("Invalid netflow packet received (" + problem + ")");
  }

  bool warn(const std::string& text, log::Params params = {}) {
    uint64_t suppressed = 0;
    if (!warnings_.allow(suppressed)) return false;
    if (suppressed) params.emplace_back("suppressed", suppressed);
    if (!sender_.empty()) params.emplace_back("sender", sender_);
    log::warn(kLogger, text, params);
    return false;
  }

  std::shared_ptr<Shared> shared_;
  HeaderKeys keys_;
  std::string sender_;
  Packet packet_;
  std::vector<FieldSpec> specs_;
  WarningLimiter warnings_;
};

class Netflow : public plugin::Codec {
 public:
  explicit Netflow(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  std::string_view name() const override { return "netflow"; }
  std::unique_ptr<plugin::Decoder> decoder() const override {
    return std::make_unique<NetflowDecoder>(shared_);
  }
  std::unique_ptr<plugin::Encoder> encoder() const override { return nullptr; }
  bool ordered() const override { return true; }

 private:
  std::shared_ptr<Shared> shared_;
};

std::vector<int64_t> versions_option(plugin::Setup& setup) {
  std::vector<int64_t> versions;
  for (const auto& text : setup.options.strings("versions")) {
    const bool digits =
        !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string::npos;
    if (!digits)
      setup.error("versions", "E0306", "versions holds \"" + text + "\", which is not a version's number",
                  "Give a list of 5, 9 and 10 (IPFIX).");
    else
      versions.push_back(std::stoll(text));
  }
  return versions;
}

bool load_definitions(plugin::Setup& setup, std::string_view option, FieldTable& table) {
  const auto path = setup.options.maybe_string(option);
  if (!path) return true;
  const Status status = table.load(*path);
  if (!status.ok())
    setup.error(option, "E0305", "The field definitions cannot be read: " + status.message(),
                table.protocol() == FieldTable::Protocol::v9
                    ? "A field is written so, with its number in front: 40100: [:uint32, :name]"
                    : "A field stands below the number of its enterprise: 5951: {128: [:uint32, :name]}");
  return status.ok();
}

std::unique_ptr<plugin::Codec> make(plugin::Setup& setup) {
  const auto& options = setup.options;
  const int64_t ttl = options.integer("cache_ttl");
  const bool ttl_fits = ttl >= 0 && ttl <= 1'000'000'000;
  if (!ttl_fits) setup.error("cache_ttl", "E0306", "cache_ttl must be between 0 and 1000000000 seconds");
  std::string folder = options.string("cache_save_path");
  const auto file = [&](const char* name) { return folder.empty() ? folder : folder + "/" + name; };
  auto shared = std::make_shared<Shared>(ttl, file("netflow_templates.cache"), file("ipfix_templates.cache"));
  shared->target = setup.field("target");
  shared->versions = versions_option(setup);
  shared->include_flowset_id = options.boolean("include_flowset_id");
  const bool netflow = load_definitions(setup, "netflow_definitions", shared->netflow_fields);
  const bool ipfix = load_definitions(setup, "ipfix_definitions", shared->ipfix_fields);
  if (!ttl_fits || !netflow || !ipfix) return nullptr;
  if (!setup.environment.check_only) {
    shared->netflow_templates.load();
    shared->ipfix_templates.load();
  }
  return std::make_unique<Netflow>(std::move(shared));
}

}  // namespace

extern const plugin::Spec codec_netflow;
const plugin::Spec codec_netflow{
    .kind = plugin::Kind::codec,
    .name = "netflow",
    .summary = "Flow records of NetFlow v5, v9 and IPFIX.",
    .options = kOptions,
    .example = "input { udp { port => 2055 codec => netflow } }",
    .codec = make,
};

}  // namespace sluice::plugins
