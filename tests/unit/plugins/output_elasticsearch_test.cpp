// The elasticsearch output against a small server that answers as clusters do, well and badly.
#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/time.hpp"
#include "net/http_server.hpp"
#include "output_fixture.hpp"

using namespace sluice;
using test::OutputTest;

namespace {

using net::HttpRequest;
using net::HttpResponse;

struct Bulk {
  std::string body;
  net::HttpHeaders headers;
  std::string target;
  [[nodiscard]] std::string header(std::string_view name) const {
    const auto* value = net::find_header(headers, name);
    return value ? *value : "";
  }
};

size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

/// What a cluster is: answers for the pages that the output asks, and a bulk page that a test may replace.
class Cluster {
 public:
  explicit Cluster(uint16_t port = 0) {
    REQUIRE(loop_.start("cluster").ok());
    listen(port);
  }
  ~Cluster() {
    server_.reset();
    loop_.stop();
    loop_.join();
  }
  void listen(uint16_t port) {
    net::HttpServerOptions options;
    options.port = port;
    auto server = net::HttpServer::listen(loop_, options,
                                          [this](const HttpRequest& request, net::HttpResponder responder) {
                                            responder.send(handle(request));
                                          });
    REQUIRE_MESSAGE(server.ok(), server.message());
    server_ = std::move(server).value();
    port_ = server_->port();
  }
  void down() { server_.reset(); }

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] uint16_t port() const { return port_; }

  static HttpResponse json(int status, std::string body) {
    return {status, {{"Content-Type", "application/json"}}, net::Bytes(std::move(body))};
  }
  /// An answer in which every item got `status`, or that of `by_text` whose text it holds.
  static HttpResponse verdicts(const std::string& body, int status = 201,
                               const std::vector<std::pair<std::string, int>>& by_text = {}) {
    std::string items;
    bool errors = false;
    size_t at = 0;
    while (at < body.size()) {
      const size_t line = body.find('\n', at);
      const size_t end = body.find('\n', line + 1);
      const std::string item = body.substr(at, end - at);
      at = end + 1;
      int mine = status;
      for (const auto& [text, other] : by_text)
        if (item.find(text) != std::string::npos) mine = other;
      if (!items.empty()) items += ',';
      items += R"({"index":{"status":)" + std::to_string(mine);
      if (mine >= 300) items += R"(,"error":{"type":"some_exception","reason":"because"})";
      items += "}}";
      errors = errors || mine >= 300;
    }
    return json(200,
                std::string(R"({"errors":)") + (errors ? "true" : "false") + R"(,"items":[)" + items + "]}");
  }

  std::function<HttpResponse(const Bulk&, size_t number)> on_bulk = [](const Bulk& bulk, size_t) {
    return verdicts(bulk.body);
  };
  std::function<bool(const HttpRequest&, HttpResponse&)> on_other;
  std::string root = R"({"version":{"number":"8.11.4"},"tagline":"You Know, for Search"})";
  std::string bulk_path = "/_bulk";

  test::Signal happened;
  std::vector<Bulk> bulks;
  std::vector<std::string> others;  // "PUT /x body"

 private:
  HttpResponse handle(const HttpRequest& request) {
    if (request.path() == bulk_path) {
      Bulk bulk{std::string(request.body.view()), request.headers, request.target};
      HttpResponse response;
      happened.change([&] {
        bulks.push_back(bulk);
        response = on_bulk(bulk, bulks.size());
      });
      return response;
    }
    HttpResponse response;
    happened.change([&] {
      others.push_back(request.method + " " + std::string(request.path()) + " " +
                       std::string(request.body.view()));
    });
    if (on_other && on_other(request, response)) return response;
    if (request.path() == "/") return json(200, root);
    if (request.method == "PUT") return json(200, R"({"acknowledged":true})");
    return json(404, "{}");
  }

  net::Loop loop_;
  std::unique_ptr<net::HttpServer> server_;
  uint16_t port_ = 0;
};

const std::string kQuick =
    " retry_initial_interval => 0.01 retry_max_interval => 0.05 resurrect_delay => 0.05 ";

std::string to(const Cluster& cluster, const std::string& options) {
  return "elasticsearch { hosts => \"" + cluster.url() + "\"" + kQuick + options + " }";
}

std::string event(int n) {
  return R"({"@timestamp":"2026-11-21T05:00:00.000Z","@version":"1","n":)" + std::to_string(n) + "}";
}

}  // namespace

TEST_CASE("events are delivered in bulk and confirmed by the answer") {
  Cluster cluster;
  OutputTest t;
  REQUIRE_MESSAGE(t.start(to(cluster, "index => \"logs-%{+YYYY.MM}\" compression_level => 0")), t.problem);
  t.write({event(1), event(2)});
  REQUIRE(t.wait_delivered(1));
  REQUIRE(cluster.bulks.size() == 1);
  const auto& bulk = cluster.bulks[0];
  const std::string head = R"({"index":{"_index":"logs-2026.11"}})"
                           "\n";
  CHECK(bulk.body == head + event(1) + "\n" + head + event(2) + "\n");
  CHECK(bulk.header("content-type") == "application/json");
  CHECK(bulk.header("x-elastic-event-count") == "2");
  CHECK(bulk.header("x-elastic-uncompressed-request-length") == std::to_string(bulk.body.size()));
  CHECK(bulk.header("content-encoding").empty());
  CHECK(bulk.target.find("filter_path=errors,items.*.error,items.*.status") != std::string::npos);
  CHECK(t.counter("documents.successes") == 2);
  CHECK(t.counter("bulk_requests.successes") == 1);
  CHECK(t.counter("bulk_requests.responses.200") == 1);
}

TEST_CASE("bodies are compressed by default") {
  Cluster cluster;
  OutputTest t;
  REQUIRE(t.start(to(cluster, "index => \"x\"")));
  t.write({event(1), event(2)});
  REQUIRE(t.wait_delivered(1));
  CHECK(cluster.bulks[0].header("content-encoding") == "gzip");
  CHECK(count(cluster.bulks[0].body, "\n") == 4);
}

TEST_CASE("only the items that were refused for now are sent again") {
  Cluster cluster;
  cluster.on_bulk = [](const Bulk& bulk, size_t number) {
    return number == 1 ? Cluster::verdicts(bulk.body, 201, {{"\"n\":2}", 429}, {"\"n\":4}", 503}})
                       : Cluster::verdicts(bulk.body);
  };
  OutputTest t;
  REQUIRE(t.start(to(cluster, "index => \"x\"")));
  t.write({event(1), event(2), event(3), event(4)});
  REQUIRE(t.wait_delivered(1));
  REQUIRE(cluster.bulks.size() == 2);
  const std::string head = R"({"index":{"_index":"x"}})"
                           "\n";
  CHECK(cluster.bulks[1].body == head + event(2) + "\n" + head + event(4) + "\n");
  CHECK(t.counter("documents.retryable_failures") == 2);
  CHECK(t.counter("documents.successes") == 4);
  CHECK(t.counter("bulk_requests.with_errors") == 1);
}

TEST_CASE("items refused with 429 lead to fewer and smaller requests, and quick answers to full ones again") {
  Cluster cluster;
  OutputTest t;
  const auto pace = [&](const std::string& name) {
    return t.counter("hosts.127_0_0_1:" + std::to_string(cluster.port()) + "." + name);
  };
  const size_t small = (size_t{1} << 20) / 16;  // halved four times
  cluster.on_bulk = [&](const Bulk& bulk, size_t number) {
    if (number == 5) {
      CHECK(pace("requests_allowed") == 1);
      CHECK(pace("request_bytes") == small);
    }
    return Cluster::verdicts(bulk.body, number <= 4 ? 429 : 201);
  };
  REQUIRE(t.start(to(cluster, "index => \"x\" compression_level => 0")));
  const auto settle = [&] { t.engine.loop.call([] {}); };  // the answer is wholly dealt with
  t.write({event(0)});
  REQUIRE(t.wait_delivered(1));
  settle();
  CHECK(cluster.bulks.size() == 5);
  CHECK(t.counter("documents.retryable_failures") == 4);
  CHECK(pace("request_bytes") == 2 * small);  // one step back

  std::vector<std::string> events;
  for (int n = 0; n < 200; ++n)
    events.push_back(R"({"n":)" + std::to_string(n) + R"(,"t":")" + std::string(10'000, 'a') + "\"}");
  t.write(events);
  REQUIRE(t.wait_delivered(2));
  CHECK(cluster.bulks[5].body.size() < 2 * small + 11'000);
  size_t batches = 2;
  for (; pace("request_bytes") != 1 << 20 && batches < 50; ++batches) {
    t.write(events);
    REQUIRE(t.wait_delivered(batches + 1));
    settle();
  }
  CHECK(pace("request_bytes") == 1 << 20);
  CHECK(pace("requests_allowed") >= 2);
  CHECK(pace("requests_under_way") == 0);
  const size_t before = cluster.bulks.size();
  t.write(events);
  REQUIRE(t.wait_delivered(batches + 1));
  CHECK(cluster.bulks.size() - before <= 3);
}

TEST_CASE("what was refused with 429 many times comes soon once another request has passed") {
  Cluster cluster;
  OutputTest t;
  std::atomic<bool> room{false};
  cluster.on_bulk = [&](const Bulk& bulk, size_t) {
    return Cluster::verdicts(bulk.body, 201, {{"\"n\":0}", room ? 201 : 429}});
  };
  REQUIRE(t.start("elasticsearch { hosts => \"" + cluster.url() +
                  "\" index => \"x\" retry_initial_interval => 0.01 retry_max_interval => 3600 }"));
  t.write({event(0)});
  REQUIRE(cluster.happened.wait([&] { return cluster.bulks.size() >= 9; }));
  room = true;  // the next try would come after 0.5 to 5 seconds
  const int64_t began = steady_nanos();
  t.write({event(1)});
  REQUIRE(t.wait_delivered(2));
  CHECK(steady_nanos() - began < 400'000'000);
  CHECK(cluster.bulks.size() >= 11);
  CHECK(cluster.bulks.size() <= 12);  // the wait may have ended by itself before there was room
}

TEST_CASE("what is refused for good goes to the dead letter queue with the reason") {
  Cluster cluster;
  cluster.on_bulk = [](const Bulk& bulk, size_t) {
    return Cluster::verdicts(bulk.body, 201, {{"\"n\":2}", 400}, {"\"n\":3}", 409}, {"\"n\":4}", 451}});
  };
  OutputTest t;
  REQUIRE(t.start(to(cluster, "index => \"x\" dlq_custom_codes => [451] id => \"es\"")));
  t.write({event(1), event(2), event(3), event(4)});
  REQUIRE(t.wait_delivered(1));
  REQUIRE(t.engine.dead.size() == 2);
  CHECK(t.engine.dead[0].plugin == "elasticsearch");
  CHECK(t.engine.dead[0].id == "es");
  CHECK(t.engine.dead[0].reason ==
        "Could not index event to Elasticsearch. status: 400, action: [\"index\", {\"_index\":\"x\"}], "
        "response: "
        R"({"index":{"status":400,"error":{"type":"some_exception","reason":"because"}}})");
  CHECK(t.counter("documents.dlq_routed") == 2);
  CHECK(t.counter("documents.non_retryable_failures") == 3);
  CHECK(t.counter("documents.version_conflicts") == 1);
}

TEST_CASE("types listed in drop_error_types are dropped, not kept") {
  Cluster cluster;
  cluster.on_bulk = [](const Bulk& bulk, size_t) { return Cluster::verdicts(bulk.body, 400); };
  OutputTest t;
  REQUIRE(t.start(to(cluster, "index => \"x\" drop_error_types => \"some_exception\"")));
  t.write({event(1)});
  REQUIRE(t.wait_delivered(1));
  CHECK(t.engine.dead.empty());
}

TEST_CASE("a whole request that fails is sent again until it passes") {
  for (const int status : {503, 429, 403, 404, 302}) {
    CAPTURE(status);
    Cluster cluster;
    cluster.on_bulk = [status](const Bulk& bulk, size_t number) {
      return number <= 3 ? Cluster::json(status, R"({"error":{"type":"t","reason":"r"}})")
                         : Cluster::verdicts(bulk.body);
    };
    OutputTest t;
    REQUIRE(t.start(to(cluster, "index => \"x\"")));
    t.write({event(1)});
    REQUIRE(t.wait_delivered(1));
    CHECK(cluster.bulks.size() == 4);
    CHECK(cluster.bulks[3].body == cluster.bulks[0].body);
    CHECK(t.counter("bulk_requests.failures") == 3);
    CHECK(t.counter("documents.successes") == 1);
  }
}

TEST_CASE("a host that fails is left alone, then asked by one request at a time, until it answers") {
  Cluster cluster;
  std::atomic<bool> well{false};
  std::string order;  // h: a check, b: a bulk request
  cluster.on_bulk = [&](const Bulk& bulk, size_t) {
    order += 'b';
    return well ? Cluster::verdicts(bulk.body) : Cluster::json(503, "{}");
  };
  cluster.on_other = [&](const HttpRequest& request, HttpResponse&) {
    cluster.happened.change([&] { order += request.method == "HEAD" ? "h" : ""; });
    return false;
  };
  OutputTest t;
  REQUIRE(t.start(to(cluster, "index => \"x\"")));
  const auto& circuit = t.metrics.circuit("127.0.0.1:" + std::to_string(cluster.port()));
  for (int n = 0; n < 10; ++n) t.write({event(n)});
  REQUIRE(cluster.happened.wait([&] { return cluster.bulks.size() >= 12; }));
  CHECK(circuit != plugin::CircuitState::closed);
  well = true;
  REQUIRE(t.wait_delivered(10));
  t.engine.loop.call([] {});
  CHECK(circuit == plugin::CircuitState::closed);
  std::string seen;
  cluster.happened.change([&] { seen = order; });
  // The first requests go out together; once it is open a check comes before each, and one gets through.
  const size_t first_probe = seen.find('h', seen.find('b'));
  REQUIRE(first_probe != std::string::npos);
  CHECK(first_probe <= 6);
  const std::string probes = seen.substr(first_probe, 10);
  CAPTURE(seen);
  CHECK(probes.find("bb") == std::string::npos);
}

TEST_CASE("a server that accepts and never answers is given up in time, and events wait for a better one") {
  Cluster cluster;
  cluster.down();
  const int silent = ::socket(AF_INET, SOCK_STREAM, 0);
  const int yes = 1;
  ::setsockopt(silent, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(cluster.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(silent, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(silent, 100) == 0);
  OutputTest t;
  REQUIRE(t.start(to(cluster, "index => \"x\" timeout => 0.1")));
  const auto& circuit = t.metrics.circuit("127.0.0.1:" + std::to_string(cluster.port()));
  t.write({event(1)});
  const int64_t until = steady_nanos() + 10'000'000'000;
  while (circuit != plugin::CircuitState::open && steady_nanos() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(circuit == plugin::CircuitState::open);
  CHECK(t.delivered == 0);
  ::close(silent);
  cluster.listen(cluster.port());
  REQUIRE(t.wait_delivered(1));
}

TEST_CASE("an answer that is none is a failure") {
  Cluster cluster;
  cluster.on_bulk = [](const Bulk& bulk, size_t number) {
    return number == 1 ? Cluster::json(200, "<html>Login</html>") : Cluster::verdicts(bulk.body);
  };
  OutputTest t;
  REQUIRE(t.start(to(cluster, "index => \"x\"")));
  t.write({event(1)});
  REQUIRE(t.wait_delivered(1));
  CHECK(cluster.bulks.size() == 2);
}

TEST_CASE("nothing is lost when the cluster comes up after the events, or goes and returns") {
  Cluster cluster;
  cluster.down();
  OutputTest t;
  REQUIRE_MESSAGE(t.start(to(cluster, "index => \"x\"")), t.problem);
  t.write({event(1)});
  t.write({event(2)});
  CHECK(t.delivered == 0);
  cluster.listen(cluster.port());
  REQUIRE(t.wait_delivered(2));
  cluster.down();
  t.write({event(3)});
  cluster.listen(cluster.port());
  REQUIRE(t.wait_delivered(3));
  std::string all;
  for (const auto& bulk : cluster.bulks) all += bulk.body;
  for (int n = 1; n <= 3; ++n) CHECK(all.find("\"n\":" + std::to_string(n)) != std::string::npos);
}

TEST_CASE("a request that is too large is halved") {
  Cluster cluster;
  cluster.on_bulk = [](const Bulk& bulk, size_t) {
    return count(bulk.body, "\"n\":") > 2 ? Cluster::json(413, "{}") : Cluster::verdicts(bulk.body);
  };
  OutputTest t;
  REQUIRE(t.start(to(cluster, "index => \"x\"")));
  t.write({event(1), event(2), event(3), event(4), event(5)});
  REQUIRE(t.wait_delivered(1));
  CHECK(t.counter("documents.successes") == 5);
  CHECK(t.engine.dead.empty());
}

TEST_CASE("a request that stays too much for the server goes in parts") {
  Cluster cluster;
  cluster.on_bulk = [](const Bulk& bulk, size_t) {
    return count(bulk.body, "\"n\":") > 1 ? Cluster::json(429, "{}") : Cluster::verdicts(bulk.body);
  };
  OutputTest t;
  REQUIRE(t.start(to(cluster, "index => \"x\"")));
  t.write({event(1), event(2), event(3), event(4), event(5)});
  REQUIRE(t.wait_delivered(1));
  CHECK(t.counter("documents.successes") == 5);
}

TEST_CASE("a single event that the server finds too large is given up with the reason") {
  Cluster cluster;
  cluster.on_bulk = [](const Bulk& bulk, size_t) {
    return bulk.body.find("\"n\":2}") != std::string::npos ? Cluster::json(413, "{}")
                                                           : Cluster::verdicts(bulk.body);
  };
  OutputTest t;
  REQUIRE(t.start(to(cluster, "index => \"x\"")));
  t.write({event(1), event(2), event(3)});
  REQUIRE(t.wait_delivered(1));
  REQUIRE(t.engine.dead.size() == 1);
  CHECK(t.engine.dead[0].reason.find("status: 413") != std::string::npos);
  CHECK(t.counter("documents.successes") == 2);
}

TEST_CASE("one item that the server cannot read does not spoil the others") {
  Cluster cluster;
  cluster.on_bulk = [](const Bulk& bulk, size_t) {
    return bulk.body.find("\"n\":3}") != std::string::npos ? Cluster::json(400, R"({"error":"bad line"})")
                                                           : Cluster::verdicts(bulk.body);
  };
  OutputTest t;
  REQUIRE(t.start(to(cluster, "index => \"x\"")));
  t.write({event(1), event(2), event(3), event(4)});
  REQUIRE(t.wait_delivered(1));
  REQUIRE(t.engine.dead.size() == 1);
  CHECK(t.counter("documents.successes") == 3);
}

TEST_CASE("credentials, headers and parameters are sent with every request") {
  Cluster cluster;
  OutputTest t;
  REQUIRE_MESSAGE(
      t.start(to(
          cluster,
          "index => \"x\" user => \"elastic\" password => \"pa:ss\" custom_headers => { \"X-A\" => \"b\" } "
          "parameters => { \"q\" => \"a b\" }")),
      t.problem);
  t.write({event(1)});
  REQUIRE(t.wait_delivered(1));
  CHECK(cluster.bulks[0].header("authorization") == "Basic ZWxhc3RpYzpwYTpzcw==");
  CHECK(cluster.bulks[0].header("x-a") == "b");
  CHECK(cluster.bulks[0].target.find("&q=a%20b") != std::string::npos);
}

TEST_CASE("user and password of a host's URL count for that host") {
  Cluster cluster;
  OutputTest t;
  REQUIRE(t.start("elasticsearch { hosts => \"http://u:p%40@127.0.0.1:" + std::to_string(cluster.port()) +
                  "\" index => \"x\" }"));
  t.write({event(1)});
  REQUIRE(t.wait_delivered(1));
  CHECK(cluster.bulks[0].header("authorization") == "Basic dTpwQA==");
}

TEST_CASE("a cluster behind a path is reached there") {
  Cluster cluster;
  cluster.bulk_path = "/es/_bulk";
  OutputTest t;
  REQUIRE(t.start(to(cluster, "index => \"x\" path => \"es\"")));
  t.write({event(1)});
  REQUIRE(t.wait_delivered(1));
  Cluster other;
  other.bulk_path = "/my/bulk";
  OutputTest u;
  REQUIRE(u.start(to(other, "index => \"x\" bulk_path => \"/my/bulk\"")));
  u.write({event(1)});
  REQUIRE(u.wait_delivered(1));
}

TEST_CASE("a dead host does not hold the living one up") {
  Cluster cluster, gone;
  const auto dead = gone.url();
  gone.down();
  OutputTest t;
  REQUIRE(t.start("elasticsearch { hosts => [\"" + dead + "\", \"" + cluster.url() + "\"]" + kQuick +
                  "index => \"x\" }"));
  for (int n = 0; n < 10; ++n) t.write({event(n)});
  REQUIRE(t.wait_delivered(10));
  CHECK(t.counter("documents.successes") == 10);
}

TEST_CASE("a host that refuses at once does not draw the requests that others would take") {
  for (const bool whole : {true, false}) {
    CAPTURE(whole);
    Cluster good, busy;
    busy.on_bulk = [whole](const Bulk& bulk, size_t) {
      return whole ? Cluster::json(429, "{}") : Cluster::verdicts(bulk.body, 429);
    };
    OutputTest t;
    REQUIRE(t.start("elasticsearch { hosts => [\"" + busy.url() + "\", \"" + good.url() + "\"]" + kQuick +
                    "index => \"x\" }"));
    const auto started = std::chrono::steady_clock::now();
    for (size_t n = 0; n < 100; ++n) {  // one at a time: both are idle each time
      t.write({event(static_cast<int>(n))});
      REQUIRE(t.wait_delivered(n + 1));
    }
    const auto seconds = std::chrono::steady_clock::now() - started;
    CHECK(t.counter("documents.successes") == 100);
    // Once a second it is asked again; without being spared it would have got some hundred.
    CHECK(busy.bulks.size() <= 2 + static_cast<size_t>(seconds / std::chrono::seconds(1)));
  }
}

TEST_CASE("an event whose index cannot be named is a dead letter, the others go on") {
  Cluster cluster;
  OutputTest t;
  REQUIRE(t.start(to(cluster, "index => \"logs-%{who}\"")));
  t.write({R"({"who":"a"})", R"({"n":1})"});
  REQUIRE(t.wait_delivered(1));
  REQUIRE(t.engine.dead.size() == 1);
  CHECK(t.engine.dead[0].reason.find("[logs-%{who}]") != std::string::npos);
  CHECK(t.counter("documents.successes") == 1);
}

TEST_CASE("dlq_on_failed_indexname_interpolation => false drops it") {
  Cluster cluster;
  OutputTest t;
  REQUIRE(t.start(to(cluster, "index => \"logs-%{who}\" dlq_on_failed_indexname_interpolation => false")));
  t.write({R"({"n":1})"});
  REQUIRE(t.wait_delivered(1));
  CHECK(t.engine.dead.empty());
  CHECK(t.counter("documents.non_retryable_failures") == 1);
}

TEST_CASE("Elasticsearch 8 gets a data stream by default, 7 and OpenSearch the default index") {
  const auto head = [](const std::string& root, const std::string& options = "") {
    Cluster cluster;
    cluster.root = root;
    OutputTest t;
    REQUIRE(t.start(to(cluster, options)));
    t.write({event(1)});
    REQUIRE(t.wait_delivered(1));
    return cluster.bulks[0].body.substr(0, cluster.bulks[0].body.find('\n'));
  };
  CHECK(head(R"({"version":{"number":"9.1.0"}})") == R"({"create":{"_index":"logs-generic-default"}})");
  CHECK(head(R"({"version":{"number":"8.1.0"}})", "ecs_compatibility => disabled ilm_enabled => false") ==
        R"({"index":{"_index":"logstash-2026.11.21"}})");
  CHECK(head(R"({"version":{"number":"7.17.0"}})", "ilm_enabled => false") ==
        R"({"index":{"_index":"ecs-logstash-2026.11.21"}})");
  CHECK(head(R"({"version":{"number":"2.19.0","distribution":"opensearch"}})", "ilm_enabled => false") ==
        R"({"index":{"_index":"ecs-logstash-2026.11.21"}})");
  CHECK(head(R"({"version":{"number":"7.17.0"}})", "index => \"x\" document_type => \"_doc\"") ==
        R"({"index":{"_index":"x","_type":"_doc"}})");
  CHECK(head(R"({"version":{"number":"8.0.0"}})", "index => \"x\" document_type => \"_doc\"") ==
        R"({"index":{"_index":"x"}})");
}

TEST_CASE("a server without a page at / is used all the same") {
  Cluster cluster;
  cluster.on_other = [](const HttpRequest& request, HttpResponse& response) {
    response = Cluster::json(400, R"({"error":"no handler found"})");
    if (request.path() == "/_nodes/_local")
      response = Cluster::json(200, R"({"nodes":{"a":{"version":"8.11.4"}}})");
    return true;
  };
  OutputTest t;
  REQUIRE(t.start(to(cluster, "index => \"x\"")));
  t.write({event(1)});
  REQUIRE(t.wait_delivered(1));
}

TEST_CASE("the template is installed before the first event, in the form of the version") {
  const auto put = [](const std::string& version, const std::string& options) {
    Cluster cluster;
    cluster.root = R"({"version":{"number":")" + version + R"("}})";
    OutputTest t;
    REQUIRE(t.start(to(cluster, options)));
    t.write({event(1)});
    REQUIRE(t.wait_delivered(1));
    for (const auto& line : cluster.others)
      if (line.starts_with("PUT ")) return line.substr(0, line.find(' ', 4));
    return std::string("none");
  };
  CHECK(put("8.11.0", "index => \"x\"") == "PUT /_index_template/ecs-logstash");
  CHECK(put("7.17.0", "index => \"x\" template_name => \"mine\"") == "PUT /_template/mine");
  CHECK(put("8.11.0", "index => \"x\" manage_template => false") == "none");
  CHECK(put("8.11.0", "") == "none");
}

TEST_CASE("with life cycle management events go to the rollover alias") {
  Cluster cluster;
  cluster.root = R"({"version":{"number":"7.17.0"}})";
  cluster.on_other = [](const HttpRequest& request, HttpResponse& response) {
    if (request.method != "GET" || request.path() != "/_ilm/policy/logstash-policy") return false;
    response = Cluster::json(
        404, R"({"error":{"type":"resource_not_found_exception","reason":"missing"},"status":404})");
    return true;
  };
  OutputTest t;
  REQUIRE(t.start(to(cluster, "ilm_rollover_alias => \"Rolled\"")));
  t.write({event(1)});
  REQUIRE(t.wait_delivered(1));
  CHECK(cluster.bulks[0].body.starts_with(R"({"index":{"_index":"Rolled"}})"));
  std::string puts;
  for (const auto& line : cluster.others)
    if (line.starts_with("PUT ")) puts += line.substr(4, line.find(' ', 4) - 4) + "|";
  CHECK(puts == "/_template/Rolled|/_ilm/policy/logstash-policy|/%3CRolled-%7Bnow%2Fd%7D-000001%3E|");
}

TEST_CASE("a cluster without life cycle management gets the plain index") {
  Cluster cluster;
  cluster.root = R"({"version":{"number":"7.17.0"}})";
  OutputTest t;
  REQUIRE(t.start(to(cluster, "")));
  t.write({event(1)});
  REQUIRE(t.wait_delivered(1));
  CHECK(cluster.bulks[0].body.starts_with(R"({"index":{"_index":"ecs-logstash-2026.11.21"}})"));
}

TEST_CASE("events wait for credentials to be accepted, and the log says which they are") {
  Cluster cluster;
  bool open = false;
  cluster.on_other = [&](const HttpRequest&, HttpResponse& response) {
    response = Cluster::json(401, R"({"error":{"type":"security_exception","reason":"missing"}})");
    return !std::exchange(open, true);
  };
  OutputTest t;
  REQUIRE(t.start(to(cluster, "index => \"x\" user => \"u\" password => \"wrong\"")));
  t.write({event(1)});
  REQUIRE(t.wait_delivered(1));
}

TEST_CASE("sniffing finds the other nodes, but not mere masters") {
  Cluster first, second;
  first.on_other = [&](const HttpRequest& request, HttpResponse& response) {
    if (request.path() != "/_nodes/http") return false;
    response =
        Cluster::json(200, R"({"nodes":{"a":{"roles":["data"],"http":{"publish_address":"127.0.0.1:)" +
                               std::to_string(second.port()) +
                               R"("}},"m":{"roles":["master"],"http":{"publish_address":"127.0.0.1:1"}}}})");
    return true;
  };
  OutputTest t;
  REQUIRE(t.start(to(first, "index => \"x\" sniffing => true sniffing_delay => 0.1")));
  int n = 0;
  while (second.happened.wait([] { return true; }) && second.bulks.empty() && n < 5000) {
    t.write({event(++n)});
    REQUIRE(t.wait_delivered(static_cast<size_t>(n)));
  }
  CHECK_FALSE(second.bulks.empty());
}

TEST_CASE("big bodies are cut, and a single bigger event goes alone") {
  Cluster cluster;
  OutputTest t;
  REQUIRE(t.start(to(cluster, "index => \"x\" compression_level => 0")));
  const std::string half(700'000, 'a'), huge(21 << 20, 'b');
  std::vector<std::string> events;
  for (int n = 0; n < 20; ++n) events.push_back(R"({"n":)" + std::to_string(n) + R"(,"t":")" + half + "\"}");
  events.push_back(R"({"n":99,"t":")" + huge + "\"}");
  t.write(events);
  REQUIRE(t.wait_delivered(1));
  size_t items = 0;
  for (const auto& bulk : cluster.bulks) {
    const size_t mine = count(bulk.body, "\"_index\"");
    items += mine;
    if (bulk.body.size() > 20 << 20) CHECK(mine == 1);
  }
  CHECK(items == 21);
  CHECK(cluster.bulks.size() > 3);
}

TEST_CASE("many batches share requests when the server is slow to answer, and stop abandons what is left") {
  Cluster cluster;
  OutputTest t;
  REQUIRE(t.start(to(cluster, "index => \"x\"")));
  for (int n = 0; n < 2000; ++n) t.write({event(n)});
  t.built.plugin->flush();
  REQUIRE(t.wait_delivered(2000));
  CHECK(cluster.bulks.size() < 2000);
  CHECK(t.counter("documents.successes") == 2000);
  cluster.on_bulk = [](const Bulk&, size_t) { return Cluster::json(503, "{}"); };
  t.write({event(1)});
  REQUIRE(cluster.happened.wait(
      [&] { return t.counter("bulk_requests.failures") > 0 || cluster.bulks.size() > 2000; }));
  t.stop();
  CHECK(t.abandoned == 1);
}

TEST_CASE("the host named embedded is the engine's own index") {
  Cluster cluster;
  OutputTest t;
  t.engine.env.embedded_index = cluster.url();
  REQUIRE_MESSAGE(
      t.start("elasticsearch { hosts => [\"embedded\"] index => \"x\" user => \"u\" password => \"p\" }"),
      t.problem);
  t.write({event(1)});
  REQUIRE(t.wait_delivered(1));
  CHECK(cluster.bulks[0].header("authorization").empty());
  OutputTest none;
  CHECK_FALSE(none.start("elasticsearch { hosts => [\"embedded\"] index => \"x\" }"));
  CHECK(none.problem.find("embedded") != std::string::npos);
}
