// filter elasticsearch: searches for documents that belong to an event, and copies fields of theirs.
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <unordered_map>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "event/json_read.hpp"
#include "plugin/spec.hpp"
#include "plugins/elastic/response.hpp"
#include "plugins/elastic/settings.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "plugins/lookup/cluster.hpp"
#include "plugins/lookup/esql.hpp"
#include "plugins/lookup/http_options.hpp"
#include "plugins/lookup/request_url.hpp"
#include "plugins/tls/options.hpp"

namespace sluice::plugins {
namespace {

using elastic::member;
using plugin::kList;
using plugin::kObsolete;
using plugin::Type;

constexpr std::string_view kLogger = "logstash.filters.elasticsearch";
constexpr size_t kShown = 300;
constexpr size_t kLargestAnswer = size_t{100} << 20;
constexpr uint32_t kSilenceSeconds = 10;  // Logstash's client gives up on a socket after it

constexpr plugin::Option kSearchOptions[] = {
    {"query", Type::string, {}, "The search, in Elasticsearch's query string syntax; %{field} is filled in."},
    {"query_template",
     Type::path,
     {},
     "A file with the search in Elasticsearch's query DSL (JSON), instead of query; %{field} is filled in."},
    {"query_type", Type::string, "\"dsl\"", "The language of the query.", 0, "esql|dsl"},
    {"query_params", Type::array, "[]",
     "The parameters of an ES|QL query, as hashes with one entry: a [field] or a constant."},
    {"index", Type::string, "\"\"", "The indices to search, separated by commas; %{field} is filled in."},
    {"sort", Type::string, "\"@timestamp:desc\"", "Field and direction of the order, for query."},
    {"enable_sort", Type::boolean, "true", "Whether results are sorted, for query."},
    {"result_size", Type::number, "1", "How many results are asked for, for query."},
    {"fields", Type::array, "[]",
     "Which fields of the found document go into which fields of the event, as a hash; of several documents "
     "a list of values."},
    {"docinfo_fields", Type::hash, "{}", "The same for what surrounds the document, such as _id and _index."},
    {"aggregation_fields", Type::hash, "{}", "Which aggregations go into which fields of the event."},
    {"target", Type::field_reference, {}, "A field that all of them are put into; the root without it."},
    {"tag_on_failure", Type::array, "[\"_elasticsearch_lookup_failure\"]",
     "Tags for events whose search failed."},
    {"retry_on_failure", Type::number, "0", "How often a failed search is tried again, at the next host."},
    {"retry_on_status", Type::number, "[500, 502, 503, 504]", "Status codes that count as such a failure.",
     kList},
    {"hosts", Type::uri, "[\"localhost:9200\"]",
     "The hosts of the cluster, such as https://es1:9200; `embedded` is the engine's own index.", kList},
    {"cloud_id", Type::string, {}, "The id of an Elastic Cloud deployment, instead of hosts."},
    {"user", Type::string, {}, "The user's name."},
    {"password", Type::password, {}, "The user's password."},
    {"api_key", Type::password, {}, "An API key, id:key."},
    {"cloud_auth", Type::password, {}, "user:password of a cloud deployment."},
    {"proxy", Type::string, {}, "An HTTP proxy."},
    {"custom_headers", Type::hash, "{}", "Headers added to every request."},
    {"ssl_enabled", Type::boolean, {}, "Whether hosts without a scheme are reached over TLS."},
    {"ca_trusted_fingerprint",
     Type::string,
     {},
     "SHA-256 of an authority's certificate that is trusted.",
     kList},
    {"ssl", Type::any, {}, {}, kObsolete, {}, "Set `ssl_enabled` instead."},
    {"ca_file", Type::any, {}, {}, kObsolete, {}, "Set `ssl_certificate_authorities` instead."},
    {"keystore", Type::any, {}, {}, kObsolete, {}, "Set `ssl_keystore_path` instead."},
    {"keystore_password", Type::any, {}, {}, kObsolete, {}, "Set `ssl_keystore_password` instead."},
};
constexpr auto kOptions = plugin::join(kSearchOptions, tls::kClientOptions);

/// A value of the answer and the field of the event that it goes into.
struct Copy {
  std::vector<std::string> path;
  FieldRef field;
};

struct Config {
  elastic::ConnectionSettings connection;
  Template index, query, dsl;
  bool has_dsl = false;
  std::string parameters;  // "&size=1&sort=..."
  std::vector<Copy> fields, docinfo, aggregations;
  FieldRef total_hits = FieldRef::of("[@metadata][total_hits]");
  std::vector<std::string> failure_tags;
  lookup::ClusterOptions cluster;
  std::optional<lookup::Esql> esql;
};

Value at_path(const Value& root, const std::vector<std::string>& path) {
  const Value* here = &root;
  for (const auto& name : path)
    if (here = member(*here, name); !here) return {};
  return *here;
}

class ElasticsearchWorker : public plugin::FilterWorker {
 public:
  ElasticsearchWorker(const Config& config, lookup::Cluster& cluster) : config_(config), cluster_(cluster) {}

  void filter(plugin::FilterRun& run) override {
    searches_.clear();
    asked_.clear();
    known_.clear();
    for (auto* event : run.events()) {
      lookup::Search search;
      if (auto status = build(*event, search); !status.ok()) {
        fail(*event, status.message());
        continue;
      }
      // The same search has the same answer: it goes out once for all events of the batch.
      const auto [at, fresh] = known_.emplace(search.path + "\n" + search.body, searches_.size());
      if (fresh) searches_.push_back(std::move(search));
      asked_.emplace_back(event, at->second);
    }
    cluster_.search(searches_);
    for (const auto& [event, search] : asked_) {
      auto status = take(run, *event, searches_[search].response);
      if (!status.ok()) fail(*event, status.message());
    }
  }

 private:
  Status build(const Event& event, lookup::Search& search) const {
    if (config_.esql) {
      search.path = lookup::Esql::kPath;
      search.body = config_.esql->body(event);
      return {};
    }
    const std::string index(config_.index.value(event).as_text());
    search.path = index.empty() ? "/_search" : "/" + elastic::url_encode(index) + "/_search";
    if (!config_.has_dsl) {
      search.path += "?q=" + lookup::form_encode(config_.query.value(event).as_text()) + config_.parameters;
      return {};
    }
    search.body = config_.dsl.value(event).as_text();
    Value parsed;
    if (!JsonReader::local().read(search.body, event.arena(), parsed))
      return Status::error(Fault::filter,
                           "the filled in query is no JSON: " + std::string(JsonReader::local().error()));
    return {};
  }

  Status take(plugin::FilterRun& run, Event& event, const net::HttpClientResponse& response) {
    const auto failed = [](std::string why) { return Status::error(Fault::filter, std::move(why)); };
    if (!response.answered()) return failed(response.error_text);
    if (response.status < 200 || response.status > 299)
      return failed("status " + std::to_string(response.status) + ": " + response.body.substr(0, kShown));
    Value root;
    if (!JsonReader::local().read(response.body, event.arena(), root)) return failed("the answer is no JSON");
    if (config_.esql) {
      const auto status = config_.esql->take(event, root);
      return status.ok() ? run.matched(event) : status;
    }
    const Value *shards = member(root, "_shards"), *hits = member(root, "hits");
    if (!shards || !hits || !hits->is_object()) return failed("the answer is none of a search");
    if (member(*shards, "failures")) return failed("some shards could not search");
    const Value* total = member(*hits, "total");
    if (total && total->is_object()) total = member(*total, "value");
    if (auto s = set(event, config_.total_hits, total ? *total : Value()); !s.ok()) return s;
    bool matched = false;
    const Value* found = member(*hits, "hits");
    if (found && found->is_array() && found->as_array()->size > 0) {
      matched = true;
      if (auto s = copy_hits(event, *found->as_array()); !s.ok()) return s;
    }
    const Value* aggregations = member(root, "aggregations");
    if (aggregations && aggregations->is_object() && aggregations->as_object()->size > 0) {
      matched = true;
      for (const auto& copy : config_.aggregations)
        if (auto s = set(event, copy.field, at_path(*aggregations, copy.path)); !s.ok()) return s;
    }
    return matched ? run.matched(event) : Status();
  }

  Status copy_hits(Event& event, const Array& hits) {
    static const std::vector<std::string> kSource{"_source"};
    for (const auto& copy : config_.fields)
      if (auto s = copy_one(event, hits, &kSource, copy); !s.ok()) return s;
    for (const auto& copy : config_.docinfo)
      if (auto s = copy_one(event, hits, nullptr, copy); !s.ok()) return s;
    return {};
  }

  // The value of the only hit, or a list of those of all.
  static Status copy_one(Event& event, const Array& hits, const std::vector<std::string>* below,
                         const Copy& copy) {
    const auto of = [&](const Value& hit) { return at_path(below ? at_path(hit, *below) : hit, copy.path); };
    if (hits.size == 1) return set(event, copy.field, of(hits.items[0]));
    auto* list = Array::make(event.arena(), hits.size);
    for (const auto& hit : hits.all()) list->push(event.arena(), of(hit));
    return set(event, copy.field, Value::array(list));
  }

  static Status set(Event& event, const FieldRef& field, const Value& value) {
    return set_status(event.set(field, deep_copy(value, event.arena())), field);
  }

  void fail(Event& event, std::string_view why) {
    for (const auto& tag : config_.failure_tags) event.tag(tag);
    uint64_t suppressed = 0;
    if (!warnings_.allow(suppressed)) return;
    log::warn(
        kLogger, "Failed to query elasticsearch for previous event",
        {{"index", config_.index.text()}, {"error", why.substr(0, kShown)}, {"suppressed", suppressed}});
  }

  const Config& config_;
  lookup::Cluster& cluster_;
  std::vector<lookup::Search> searches_;
  std::vector<std::pair<Event*, size_t>> asked_;
  TextMap<size_t> known_;
  WarningLimiter warnings_;
};

// "[a][b]" or "a".
std::vector<std::string> split_path(std::string_view text) {
  std::vector<std::string> path;
  if (!text.starts_with('[') || !text.ends_with(']')) return {std::string(text)};
  text = text.substr(1, text.size() - 2);
  for (size_t at = 0; (at = text.find("][")) != std::string_view::npos; text.remove_prefix(at + 2))
    path.emplace_back(text.substr(0, at));
  path.emplace_back(text);
  return path;
}

class Elasticsearch : public plugin::Filter {
 public:
  explicit Elasticsearch(plugin::Setup& setup) {
    elastic::read_hosts(setup, config_.connection, 443);
    elastic::read_login(setup, config_.connection);
    auto& client = config_.connection.client;
    tls::read_client(setup, client, config_.connection.stores);
    tls::check_strictly(setup, config_.connection.stores);
    tls::read_fingerprint(setup, client);
    client.proxy = lookup::read_proxy(setup);
    const auto& options = setup.options;
    for (const auto& [name, value] : options.hash("custom_headers"))
      config_.connection.headers.emplace_back(name, value.text);
    config_.cluster.retries =
        static_cast<unsigned>(std::clamp<int64_t>(options.integer("retry_on_failure"), 0, 1000));
    for (const auto& status : options.items("retry_on_status"))
      config_.cluster.retry_status.push_back(std::atoi(status.text.c_str()));
    config_.cluster.silence_seconds = kSilenceSeconds;
    config_.cluster.largest_answer = kLargestAnswer;
    config_.failure_tags = options.strings("tag_on_failure");
    config_.index = Template(options.string("index"));
    if (options.string("query_type") == "esql") {
      config_.esql = lookup::Esql::read(setup);
      config_.cluster.least_version = {8, 11};
      return;
    }
    read_query(setup);
    read_copies(setup);
  }

  Status start(plugin::Start& start) override {
    auto cluster = lookup::Cluster::connect(start, config_.connection, config_.cluster);
    if (!cluster.ok()) return cluster.status();
    cluster_ = std::move(cluster).value();
    return {};
  }
  void interrupt() override { cluster_->interrupt(); }
  void stop() override { cluster_.reset(); }

  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<ElasticsearchWorker>(config_, *cluster_);
  }

  void flow(plugin::Flow& flow) const override {
    for (const auto& field : config_.index.fields()) flow.reads(field.text(), "index");
    for (const auto& field : config_.query.fields()) flow.reads(field.text(), "query");
    for (const auto& field : config_.dsl.fields()) flow.reads(field.text(), "query_template");
    for (const auto* copies : {&config_.fields, &config_.docinfo, &config_.aggregations})
      for (const auto& copy : *copies) flow.writes(copy.field.text());
    if (config_.esql) config_.esql->flow(flow);
    flow.writes(config_.esql ? "[@metadata][total_values]" : config_.total_hits.text());
    if (!config_.failure_tags.empty()) flow.writes("tags");
  }

 private:
  void read_query(plugin::Setup& setup) {
    const auto& options = setup.options;
    if (options.given("query_params"))
      setup.error("query_params", "E0307", "`query_params` is for query_type => \"esql\" only", "Remove it.");
    const bool query = options.given("query"), from_file = options.given("query_template");
    if (!query && !from_file)
      setup.error({}, "E0308", "The filter elasticsearch needs `query` or `query_template`",
                  "Add query => \"field:%{field}\".");
    if (query && from_file)
      setup.error("query_template", "E0307", "`query` and `query_template` exclude one another",
                  "Remove one of them.");
    if (from_file) read_template(setup, options.string("query_template"));
    config_.query = Template(options.string("query"));
    config_.parameters = "&size=" + std::to_string(options.integer("result_size"));
    if (options.boolean("enable_sort"))
      config_.parameters += "&sort=" + lookup::form_encode(options.string("sort"));
  }

  void read_template(plugin::Setup& setup, const std::string& path) {
    const auto text = read_file(path);
    if (!text.ok() || text->empty())
      setup.error("query_template", "E0305", "The file " + path + " is empty or cannot be read",
                  "It has to hold a query in Elasticsearch's query DSL.");
    config_.has_dsl = true;
    config_.dsl = Template(text.ok() ? *text : "");
  }

  void read_copies(plugin::Setup& setup) {
    const auto& options = setup.options;
    for (const auto& item : options.items("fields")) {
      if (item.kind == lang::Value::Kind::hash) {
        for (const auto& entry : item.entries)
          add(setup, "fields", entry.key.text, entry.value.text, config_.fields);
      } else if (item.kind == lang::Value::Kind::array && item.items.size() == 2) {
        add(setup, "fields", item.items[0].text, item.items[1].text, config_.fields);
      } else {
        setup.error("fields", "E0306", "`fields` names fields of the document without those of the event",
                    "Write fields => { \"field_of_the_document\" => \"field_of_the_event\" }.");
      }
    }
    for (const auto& [name, field] : options.hash("docinfo_fields"))
      add(setup, "docinfo_fields", name, field.text, config_.docinfo);
    for (const auto& [name, field] : options.hash("aggregation_fields")) {
      add(setup, "aggregation_fields", name, field.text, config_.aggregations);
      config_.aggregations.back().path = {name};  // the name of an aggregation is no path
    }
  }

  static void add(plugin::Setup& setup, std::string_view option, const std::string& from,
                  const std::string& to, std::vector<Copy>& copies) {
    const std::string target = setup.options.string("target");
    auto field = FieldRef::parse(target.empty() ? to : "[" + target + "][" + to + "]");
    if (!field.ok())
      setup.error(option, "E0304", field.message(), "Write a field as `name` or as [outer][inner].");
    copies.push_back({split_path(from), field.ok() ? std::move(field).value() : FieldRef()});
  }

  Config config_;
  std::unique_ptr<lookup::Cluster> cluster_;
};

}  // namespace

extern const plugin::Spec filter_elasticsearch;
const plugin::Spec filter_elasticsearch{
    .kind = plugin::Kind::filter,
    .name = "elasticsearch",
    .summary = "Searches Elasticsearch for what belongs to an event, and copies fields of what it finds.",
    .options = kOptions,
    .example =
        "filter { elasticsearch { hosts => [\"http://localhost:9200\"] index => \"logs\" "
        "query => \"type:start AND id:%{id}\" fields => { \"@timestamp\" => \"started\" } } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Elasticsearch>(setup);
    }};

}  // namespace sluice::plugins
