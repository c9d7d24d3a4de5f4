// filter http: asks a server about each event, and keeps its answer.
#include <algorithm>
#include <cctype>
#include <map>

#include "base/log.hpp"
#include "event/json_read.hpp"
#include "event/json_write.hpp"
#include "plugin/spec.hpp"
#include "plugins/codecs/charset.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "plugins/lookup/exchange.hpp"
#include "plugins/lookup/http_options.hpp"
#include "plugins/lookup/request_url.hpp"
#include "plugins/lookup/value_template.hpp"
#include "plugins/tls/options.hpp"

namespace sluice::plugins {
namespace {

using plugin::kObsolete;
using plugin::Type;

constexpr std::string_view kLogger = "logstash.filters.http";
constexpr size_t kShown = 200;
constexpr size_t kLargestAnswer = size_t{100} << 20;

constexpr plugin::Option kOwnOptions[] = {
    {"url", Type::string, {}, "The URL; %{field} is filled in.", plugin::kRequired},
    {"verb", Type::string, "\"GET\"", "The method of the request.", 0, "GET|HEAD|PATCH|DELETE|POST|PUT"},
    {"headers", Type::hash, "{}", "Headers of the request; %{field} is filled in."},
    {"query", Type::hash, "{}", "Parameters added to the URL's query; %{field} is filled in."},
    {"body",
     Type::any,
     {},
     "The body: a text, or a list or hash that is sent as JSON; %{field} is filled in."},
    {"body_format", Type::string, "\"text\"", "Whether the body is a text, or a list or hash sent as JSON.",
     0, "text|json"},
    {"target_body",
     Type::field_reference,
     {},
     "The field that the answer's body goes into; `body` by default, but with ECS it has to be named."},
    {"target_headers",
     Type::field_reference,
     {},
     "The field that the answer's headers go into; `headers` by default, and with ECS "
     "[@metadata][filter][http][response][headers]."},
    {"tag_on_request_failure", Type::array, "[\"_httprequestfailure\"]",
     "Tags for events whose request was not answered with a status of 2xx."},
    {"tag_on_json_failure", Type::array, "[\"_jsonparsefailure\"]",
     "Tags for events whose answer says that it is JSON and is not."},
};

constexpr plugin::Option kFormerOptions[] = {
    {"cacert", Type::any, {}, {}, kObsolete, {}, "Use `ssl_certificate_authorities` instead."},
    {"client_cert", Type::any, {}, {}, kObsolete, {}, "Use `ssl_certificate` instead."},
    {"client_key", Type::any, {}, {}, kObsolete, {}, "Use `ssl_key` instead."},
    {"keystore", Type::any, {}, {}, kObsolete, {}, "Use `ssl_keystore_path` instead."},
    {"keystore_password", Type::any, {}, {}, kObsolete, {}, "Use `ssl_keystore_password` instead."},
    {"keystore_type", Type::any, {}, {}, kObsolete, {}, "Use `ssl_keystore_type` instead."},
    {"truststore", Type::any, {}, {}, kObsolete, {}, "Use `ssl_truststore_path` instead."},
    {"truststore_password", Type::any, {}, {}, kObsolete, {}, "Use `ssl_truststore_password` instead."},
    {"truststore_type", Type::any, {}, {}, kObsolete, {}, "Use `ssl_truststore_type` instead."},
};

constexpr auto kOptions =
    plugin::join(kOwnOptions, lookup::kHttpOptions, tls::kClientOptions, kFormerOptions);

struct Config {
  lookup::HttpSettings http;
  std::string verb;
  Template url;
  lookup::ValueTemplate headers, query, body;
  bool json = false;
  FieldRef target_body, target_headers;
  std::vector<std::string> request_failure, json_failure;
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return out;
}

std::string_view strip(std::string_view text) {
  constexpr std::string_view kBlank("\0\t\n\v\f\r ", 7);
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) + 1 - first);
}

// What an event makes of a header must not end it.
std::string one_line(const Value& value) {
  std::string out;
  append_text(value, out);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
  return out;
}

template <class F>
void each_pair(const Value& hash, F&& take) {
  if (!hash.is_object()) return;
  for (const auto& member : hash.as_object()->all()) {
    if (!member.value.is_array()) {
      take(Value::string(member.key.text()), member.value);
      continue;
    }
    for (const auto& item : member.value.as_array()->all()) take(Value::string(member.key.text()), item);
  }
}

class HttpWorker : public plugin::FilterWorker {
 public:
  HttpWorker(const Config& config, lookup::Exchange& exchange) : config_(config), exchange_(exchange) {}

  void filter(plugin::FilterRun& run) override {
    calls_.clear();
    asked_.clear();
    for (auto* event : run.events()) {
      lookup::Call call;
      if (auto status = build(*event, call.request); status.ok()) {
        calls_.push_back(std::move(call));
        asked_.push_back(event);
      } else {
        fail(*event, config_.url.text(), status.message());
      }
    }
    exchange_.run(calls_, [this](lookup::Call& call) { return lookup::once_more(config_.http, call); });
    for (size_t i = 0; i < calls_.size(); ++i) finish(run, *asked_[i], calls_[i]);
  }

 private:
  Status build(const Event& event, net::HttpClientRequest& request) {
    request = config_.http.request;
    request.method = config_.verb;
    request.max_response_bytes = kLargestAnswer;
    request.follow_redirects =
        config_.http.follow_redirects && (config_.verb == "GET" || config_.verb == "HEAD");
    std::vector<std::pair<std::string, std::string>> query;
    each_pair(config_.query.make(event), [&query](const Value& name, const Value& value) {
      std::string text;
      append_text(value, text);
      query.emplace_back(name.as_text(), std::move(text));
    });
    auto url = lookup::request_url(config_.url.value(event).as_text(), query);
    if (!url.ok()) return url.status();
    request.url = std::move(url).value();
    each_pair(config_.headers.make(event), [&request](const Value& name, const Value& value) {
      request.headers.emplace_back(one_line(name), one_line(value));
    });
    if (!net::find_header(request.headers, "content-type"))
      request.headers.emplace_back("content-type", config_.json ? "application/json" : "text/plain");
    if (config_.body.empty() || config_.verb == "HEAD") return {};
    return add_body(config_.body.make(event), request);
  }

  Status add_body(const Value& body, net::HttpClientRequest& request) {
    if (!body.is_array() && !body.is_object()) {
      std::string text;
      append_text(body, text);
      request.body.emplace_back(std::move(text));
      return {};
    }
    if (!config_.json) return Status::error(Fault::filter, "a list or hash is no body of the format text");
    json_.clear();
    write_json(body, json_);
    request.body.emplace_back(std::string(json_.view()));
    return {};
  }

  void finish(plugin::FilterRun& run, Event& event, const lookup::Call& call) {
    const auto& response = call.response;
    if (!response.answered()) return fail(event, call.request.url, response.error_text);
    if (response.status < 200 || response.status > 299)
      return fail(event, call.request.url, "it was answered with status " + std::to_string(response.status));
    auto status = keep(event, response);
    if (status.ok()) status = run.matched(event);
    if (!status.ok()) fail(event, call.request.url, status.message());
  }

  Status keep(Event& event, const net::HttpClientResponse& response) {
    const Value headers = header_fields(event, response.headers);
    if (auto s = set_status(event.set(config_.target_headers, headers), config_.target_headers); !s.ok())
      return s;
    const int status = response.status;
    if (config_.verb == "HEAD" || status == 204 || status == 205) return {};  // there is no body
    Value body;
    if (!says_json(response.headers)) {
      body = text(event, strip(response.body));
    } else if (strip(response.body).empty() ||
               !JsonReader::local().read(response.body, event.arena(), body)) {
      for (const auto& tag : config_.json_failure) event.tag(tag);
      warn("JSON parsing error", {}, JsonReader::local().error());
      return {};
    }
    return set_status(event.set(config_.target_body, body), config_.target_body);
  }

  Value text(Event& event, std::string_view bytes) {
    return decoder_.text(event.arena().copy(bytes), event.arena());
  }

  // A header that is there twice becomes a list. What describes the compressed form of the body is left out.
  Value header_fields(Event& event, const net::HttpHeaders& headers) {
    Arena& arena = event.arena();
    const auto* encoding = net::find_header(headers, "content-encoding");
    const bool packed = encoding && (*encoding == "gzip" || *encoding == "x-gzip" || *encoding == "deflate");
    auto* all = Object::make(arena, static_cast<uint32_t>(headers.size()));
    for (const auto& [written, content] : headers) {
      const auto name = lower(written);
      if (packed && (name == "content-encoding" || name == "content-length" || name == "content-md5"))
        continue;
      const Key key = Key::of(name, arena);
      const Value value = text(event, content);
      Value* known = all->find(key);
      if (!known) {
        all->append(arena, key, value);
      } else if (known->is_array()) {
        known->as_array()->push(arena, value);
      } else {
        auto* list = Array::make(arena, 2);
        list->push(arena, *known);
        list->push(arena, value);
        *known = Value::array(list);
      }
    }
    return Value::object(all);
  }

  static bool says_json(const net::HttpHeaders& headers) {
    const auto is_type = [](const auto& header) { return lower(header.first) == "content-type"; };
    const bool several = std::count_if(headers.begin(), headers.end(), is_type) > 1;
    for (const auto& header : headers) {
      if (!is_type(header)) continue;
      std::string_view rest = header.second;
      while (!rest.empty()) {
        const size_t end = several ? rest.size() : std::min(rest.find(';'), rest.size());
        if (strip(rest.substr(0, end)) == "application/json") return true;
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
    }
    return false;
  }

  void fail(Event& event, std::string_view url, std::string_view why) {
    for (const auto& tag : config_.request_failure) event.tag(tag);
    warn("error during HTTP request", url, why);
  }

  void warn(std::string_view what, std::string_view url, std::string_view why) {
    uint64_t suppressed = 0;
    if (!warnings_.allow(suppressed)) return;
    log::Params params{{"exception", why.substr(0, kShown)}, {"suppressed", suppressed}};
    if (!url.empty()) params.insert(params.begin(), {"url", url.substr(0, kShown)});
    log::warn(kLogger, what, params);
  }

  const Config& config_;
  lookup::Exchange& exchange_;
  std::vector<lookup::Call> calls_;
  std::vector<Event*> asked_;
  Buffer json_;
  TextDecoder decoder_{Charset::utf8()};
  WarningLimiter warnings_;
};

class Http : public plugin::Filter {
 public:
  explicit Http(plugin::Setup& setup) {
    const auto& options = setup.options;
    config_.http = lookup::read_http(setup);
    config_.verb = options.string("verb");
    config_.url = Template(options.string("url"));
    config_.headers = lookup::ValueTemplate(options.entry("headers").value);
    config_.query = lookup::ValueTemplate(options.entry("query").value);
    if (options.given("body")) config_.body = lookup::ValueTemplate(options.entry("body").value);
    config_.json = options.string("body_format") == "json";
    config_.target_body = target(setup, "target_body", setup.ecs() ? "" : "[body]");
    config_.target_headers = target(
        setup, "target_headers", setup.ecs() ? "[@metadata][filter][http][response][headers]" : "[headers]");
    config_.request_failure = options.strings("tag_on_request_failure");
    config_.json_failure = options.strings("tag_on_json_failure");
    check(setup);
  }

  Status start(plugin::Start& start) override {
    auto options = config_.http.client;
    if (auto status = tls::open_key_stores(config_.http.stores, options); !status.ok()) return status;
    auto client = net::HttpClient::create(start.engine.output_loop(), std::move(options));
    if (!client.ok()) return client.status();
    exchange_ = std::make_unique<lookup::Exchange>(std::move(client).value(), config_.http.concurrency);
    return {};
  }
  void interrupt() override { exchange_->interrupt(); }
  void stop() override { exchange_.reset(); }

  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<HttpWorker>(config_, *exchange_);
  }

  void flow(plugin::Flow& flow) const override {
    for (const auto& field : config_.url.fields()) flow.reads(field.text(), "url");
    const std::pair<const lookup::ValueTemplate*, const char*> others[] = {
        {&config_.headers, "headers"}, {&config_.query, "query"}, {&config_.body, "body"}};
    for (const auto& [value, option] : others) {
      std::vector<FieldRef> fields;
      value->fields(fields);
      for (const auto& field : fields) flow.reads(field.text(), option);
    }
    flow.writes(config_.target_body.text());
    flow.writes(config_.target_headers.text());
    if (!config_.request_failure.empty() || !config_.json_failure.empty()) flow.writes("tags");
  }

 private:
  static FieldRef target(plugin::Setup& setup, std::string_view option, std::string_view fallback) {
    if (setup.options.given(option) || fallback.empty()) return setup.field(option);
    return FieldRef::of(fallback);
  }

  void check(plugin::Setup& setup) const {
    const auto& options = setup.options;
    if (setup.ecs() && !options.given("target_body"))
      setup.error({}, "E0308", "The filter http needs `target_body` when ecs_compatibility is on",
                  "Add target_body => \"[http][answer]\", or another field for the body of the answer.");
    if (config_.body.container() && !config_.json)
      setup.warning("body", "W0306", "A list or hash is no body of the format text: every request will fail",
                    "Add body_format => \"json\".");
    if (config_.url.constant() && !lookup::request_url(config_.url.text(), {}).ok())
      setup.warning("url", "W0306",
                    "`url` cannot be used: " + lookup::request_url(config_.url.text(), {}).message(),
                    "Write it as http://name/path; every request will fail otherwise.");
  }

  Config config_;
  std::unique_ptr<lookup::Exchange> exchange_;
};

}  // namespace

extern const plugin::Spec filter_http;
const plugin::Spec filter_http{.kind = plugin::Kind::filter,
                               .name = "http",
                               .summary = "Asks an HTTP server about each event and keeps its answer.",
                               .options = kOptions,
                               .example =
                                   "filter { http { url => \"http://inventory.example:8080/hosts/%{host}\" "
                                   "target_body => \"[asset]\" } }",
                               .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
                                 return std::make_unique<Http>(setup);
                               }};

}  // namespace sluice::plugins
