// The elasticsearch output: its options, and the worker's side of the bulk engine in plugins/elastic/.
#include "plugin/spec.hpp"
#include "plugins/elastic/bulk.hpp"
#include "plugins/tls/options.hpp"

namespace sluice::plugins {
namespace {

using plugin::kDeprecated;
using plugin::kList;
using plugin::Type;

constexpr plugin::Option kReachOptions[] = {
    // Where to
    {"hosts", Type::uri, "[\"//127.0.0.1\"]",
     "The hosts of the cluster, such as https://es1:9200; `embedded` is the engine's own index.", kList},
    {"cloud_id", Type::string, {}, "The id of an Elastic Cloud deployment, instead of hosts."},
    {"path", Type::string, {}, "What stands before every path, when a proxy wants that."},
    {"bulk_path", Type::string, {}, "The path of bulk requests; path and /_bulk by default."},
    {"healthcheck_path",
     Type::string,
     {},
     "The path that a HEAD request asks to find out whether a host is there."},
    {"sniffing", Type::boolean, "false", "Whether the nodes of the cluster are looked up and used."},
    {"sniffing_delay", Type::number, "5", "Seconds between two such look-ups."},
    {"sniffing_path", Type::string, {}, "The path of the look-up; /_nodes/http by default."},
    {"proxy", Type::uri, {}, "An HTTP proxy."},
    {"parameters", Type::hash, {}, "Parameters added to the query of every request."},
    {"custom_headers", Type::hash, "{}", "Headers added to every request."},
    // Who
    {"user", Type::string, {}, "The user's name."},
    {"password", Type::password, {}, "The user's password."},
    {"api_key", Type::password, {}, "An API key, id:key."},
    {"cloud_auth", Type::password, {}, "user:password of a cloud deployment."},
    // TLS
    {"ssl_enabled", Type::boolean, {}, "Whether hosts without a scheme are reached over TLS."},
};

constexpr plugin::Option kOwnOptions[] = {
    {"ca_trusted_fingerprint",
     Type::string,
     {},
     "SHA-256 of an authority's certificate that is trusted.",
     kList},
    {"ssl", Type::boolean, {}, "Former name of ssl_enabled.", kDeprecated, {}, "Use `ssl_enabled` instead."},
    {"ssl_certificate_verification",
     Type::boolean,
     "true",
     "Former form of ssl_verification_mode.",
     kDeprecated,
     {},
     "Use `ssl_verification_mode` (full or none) instead."},
    {"cacert",
     Type::path,
     {},
     "Former name of ssl_certificate_authorities.",
     kDeprecated,
     {},
     "Use `ssl_certificate_authorities` instead."},
    {"truststore",
     Type::path,
     {},
     "Former name of ssl_truststore_path.",
     kDeprecated,
     {},
     "Use `ssl_truststore_path` instead."},
    {"truststore_password",
     Type::password,
     {},
     "Former name of ssl_truststore_password.",
     kDeprecated,
     {},
     "Use `ssl_truststore_password` instead."},
    {"keystore",
     Type::path,
     {},
     "Former name of ssl_keystore_path.",
     kDeprecated,
     {},
     "Use `ssl_keystore_path` instead."},
    {"keystore_password",
     Type::password,
     {},
     "Former name of ssl_keystore_password.",
     kDeprecated,
     {},
     "Use `ssl_keystore_password` instead."},
    // What
    {"action",
     Type::string,
     {},
     "What is done with the document: index, create, update, delete, or a %{field} that says so."},
    {"index", Type::string, {}, "The index; %{field} and %{+date} are filled in."},
    {"document_id",
     Type::string,
     {},
     "The document's id; Elasticsearch makes one by default. With auto it is made from the place that the "
     "event "
     "came from, so that what is sent again, by this output or by the event's source, ends in one document."},
    {"document_type",
     Type::string,
     {},
     "The mapping type, sent to Elasticsearch 6 and 7 only.",
     kDeprecated,
     {},
     "Elasticsearch has no mapping types any more: remove it."},
    {"routing", Type::string, {}, "The shard's routing value."},
    {"pipeline", Type::string, {}, "The ingest pipeline."},
    {"version", Type::string, {}, "The document's version."},
    {"version_type",
     Type::string,
     {},
     "How versions are compared.",
     0,
     "internal|external|external_gt|external_gte|force"},
    {"parent", Type::string, {}, "The id of the parent document."},
    {"join_field", Type::string, {}, "The join field of parent and child documents."},
    {"upsert", Type::string, "\"\"", "The document, as JSON, that an update makes when there is none."},
    {"doc_as_upsert", Type::boolean, "false",
     "Whether an update makes the event itself the document when there is none."},
    {"script", Type::string, "\"\"", "The script of an update."},
    {"script_type", Type::string, "[\"inline\"]",
     "What `script` holds: the source, or the id of a stored script.", kList, "inline|indexed|file"},
    {"script_lang", Type::string, "\"painless\"", "The script's language."},
    {"script_var_name", Type::string, "\"event\"", "The name that the event has in the script's params."},
    {"scripted_upsert", Type::boolean, "false", "Whether the script also runs when there is no document."},
    {"retry_on_conflict", Type::number, "1", "How often Elasticsearch repeats an update that meets another."},
    {"data_stream",
     Type::string,
     {},
     "Whether events go to a data stream; auto: on Elasticsearch 8 and newer if no option says otherwise.",
     0,
     "true|false|auto"},
    {"data_stream_type", Type::string, "\"logs\"", "First part of the data stream's name.", 0,
     "logs|metrics|synthetics|traces"},
    {"data_stream_dataset", Type::string, "\"generic\"", "Second part of the data stream's name."},
    {"data_stream_namespace", Type::string, "\"default\"", "Third part of the data stream's name."},
    {"data_stream_sync_fields", Type::boolean, "true",
     "Whether the document's data_stream fields are set to the stream's name."},
    {"data_stream_auto_routing", Type::boolean, "true",
     "Whether the event's data_stream fields name its stream."},
    // Templates and life cycle
    {"manage_template", Type::boolean, "true",
     "Whether an index template is installed (with data streams: only if set)."},
    {"template", Type::path, {}, "A file with the template to install."},
    {"template_name", Type::string, {}, "The template's name; logstash or ecs-logstash by default."},
    {"template_overwrite", Type::boolean, "false", "Whether an existing template of that name is replaced."},
    {"template_api", Type::string, "\"auto\"",
     "Which kind of template; auto: composable on Elasticsearch 8 and newer.", 0, "auto|legacy|composable"},
    {"ilm_enabled", Type::string, "\"auto\"",
     "Whether the index is a rollover alias under a life cycle policy.", 0, "true|false|auto"},
    {"ilm_rollover_alias", Type::string, {}, "The alias; logstash or ecs-logstash by default."},
    {"ilm_pattern", Type::string, "\"{now/d}-000001\"",
     "What is behind the alias in the first index's name."},
    {"ilm_policy", Type::string, "\"logstash-policy\"",
     "The policy; only the default one is created when it is not there."},
    // How
    {"compression_level", Type::number, "1", "gzip level of request bodies, 0 (off) to 9."},
    {"http_compression",
     Type::boolean,
     "true",
     "Former form of compression_level.",
     kDeprecated,
     {},
     "Use `compression_level` instead: 1 for true, 0 for false."},
    {"timeout", Type::number, "60", "Seconds until a request without an answer counts as failed."},
    {"pool_max", Type::number, "1000", "Most connections in all."},
    {"pool_max_per_route", Type::number, "100", "Most connections to one host."},
    {"validate_after_inactivity", Type::number, "10000",
     "Kept connections are checked before every use, whatever this says."},
    {"resurrect_delay", Type::number, "5", "The most seconds between two checks of a host that does not answer; the first come sooner."},
    {"retry_initial_interval", Type::number, "2", "Seconds before a first retry; doubled each time."},
    {"retry_max_interval", Type::number, "64", "The longest time between two retries."},
    {"dlq_custom_codes", Type::number, "[]",
     "Status codes, beside 400 and 404, of documents that go to the dead letter queue.", kList},
    {"dlq_on_failed_indexname_interpolation", Type::boolean, "true",
     "Whether events whose index stays unresolved go to the dead letter queue."},
    {"drop_error_types", Type::string, "[]", "Error types of documents that are dropped.", kList},
    {"silence_errors_in_log", Type::array, "[]", "Error types that are not logged."},
    {"failure_type_logging_whitelist",
     Type::array,
     "[]",
     "Former name of silence_errors_in_log.",
     kDeprecated,
     {},
     "Use `silence_errors_in_log` instead."},
};
constexpr auto kOptions = plugin::join(kReachOptions, tls::kClientOptions, kOwnOptions);

class Worker : public plugin::OutputWorker {
 public:
  explicit Worker(elastic::Bulk& bulk) : bulk_(bulk), open_(bulk.gatherer()) {}

  void write(std::span<Event* const> events, const BatchRef& batch) override {
    if (events.empty()) return;
    const auto* target = bulk_.target();
    if (!target && bulk_.defer(events, batch)) return;
    if (!writer_) writer_.emplace(bulk_.settings().document, *bulk_.target(), &bulk_.metrics().renamed);
    elastic::BodyPtr body;
    {
      std::scoped_lock lock(open_->mutex);
      for (const auto* event : events) add(*event, batch);
      const auto& open = open_->body;
      if (open && !open->empty() && (open->wanted || bulk_.idle())) body = std::move(open_->body);
    }
    if (body) cut(std::move(body));
  }

 private:
  void add(const Event& event, const BatchRef& batch) {
    auto& body = open_->body;
    if (!body) body = bulk_.bodies().take();
    const auto begin = static_cast<uint32_t>(body->size());
    if (!writer_->write(event, body->bytes)) {
      const bool keep = !writer_->index_problem() || bulk_.settings().document.dlq_on_failed_index;
      bulk_.refuse(event, writer_->problem(), keep);
      return;
    }
    const auto& limits = bulk_.limits();
    if (body->size() > limits.most_body_bytes && !body->empty()) {  // too big together: a request of its own
      auto alone = bulk_.bodies().take();
      alone->bytes.append(body->bytes.view().substr(begin));
      body->bytes.truncate(begin);
      alone->items.push_back({&event, 0});
      alone->hold(batch);
      cut(std::move(alone));
      return;
    }
    body->items.push_back({&event, begin});
    body->hold(batch);
    if (body->size() >= bulk_.body_bytes()) cut(std::move(body));
  }

  void cut(elastic::BodyPtr body) {
    bulk_.compress(*body);
    bulk_.hand_over(std::move(body));
  }

  elastic::Bulk& bulk_;
  std::shared_ptr<elastic::Gatherer> open_;
  std::optional<elastic::DocumentWriter> writer_;
};

class Elasticsearch : public plugin::Output {
 public:
  explicit Elasticsearch(elastic::Settings settings) : settings_(std::move(settings)), bulk_(settings_, {}) {}

  Status start(plugin::Start& start) override { return bulk_.start(start); }
  std::unique_ptr<plugin::OutputWorker> worker() override { return std::make_unique<Worker>(bulk_); }
  [[nodiscard]] bool names_events() const override { return settings_.document.auto_id; }
  void flush() override { bulk_.flush(); }
  void stop() override { bulk_.stop(); }

  [[nodiscard]] std::vector<std::pair<std::string, std::string>> must_resolve() const override {
    std::vector<std::pair<std::string, std::string>> all;
    const auto& document = settings_.document;
    if (document.data_stream != elastic::DataStream::yes) all.emplace_back("index", document.index.text());
    const std::pair<const char*, const std::optional<Template>*> others[] = {{"document_id", &document.id},
                                                                             {"routing", &document.routing},
                                                                             {"version", &document.version},
                                                                             {"parent", &document.parent}};
    for (const auto& [name, text] : others)
      if (*text) all.emplace_back(name, (*text)->text());
    return all;
  }

 private:
  elastic::Settings settings_;
  elastic::Bulk bulk_;
};

std::unique_ptr<plugin::Output> make(plugin::Setup& setup) {
  auto settings = elastic::read_settings(setup);
  return std::make_unique<Elasticsearch>(std::move(settings));
}

}  // namespace

extern const plugin::Spec output_elasticsearch;
const plugin::Spec output_elasticsearch{
    .kind = plugin::Kind::output,
    .name = "elasticsearch",
    .summary = "Writes events into Elasticsearch or OpenSearch.",
    .options = kOptions,
    .example = "elasticsearch { hosts => [\"http://localhost:9200\"] index => \"logs-%{+YYYY.MM}\" }",
    .output = make,
};

}  // namespace sluice::plugins
