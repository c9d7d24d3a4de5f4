#include <thread>

#include "net/compress.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net_test.hpp"

using namespace sluice;
using namespace sluice::net;
using namespace sluice::net::testing;

namespace {

std::unique_ptr<HttpServer> serve(Loop& loop, HttpServer::Handler handler, HttpServerOptions options = {}) {
  auto server = HttpServer::listen(loop, std::move(options), std::move(handler));
  REQUIRE_MESSAGE(server.ok(), server.message());
  return std::move(*server);
}

// Answers with what it understood.
void describe(const HttpRequest& request, const HttpResponder& responder) {
  responder.send(200, "text/plain",
                 request.method + " " + std::string(request.path()) + " [" + std::string(request.query()) +
                     "] " + std::string(request.body.view().substr(0, 100)) + "\n");
}

// Sends raw bytes and gives back all that comes until the server closes (or `until` is seen).
std::string exchange(Loop& loop, uint16_t port, const std::string& bytes, const std::string& until = "\1") {
  Record record;
  auto connection = dial(loop, port, record);
  loop.call([&] { connection->write(bytes); });
  record.watch.wait([&] { return record.closed > 0 || record.data.find(until) != std::string::npos; });
  loop.call([&] { connection->close(); });
  record.wait_closed();
  return record.data;
}

HttpClientResponse fetch(HttpClient& client, HttpClientRequest request) {
  std::promise<HttpClientResponse> promise;
  client.request(std::move(request),
                 [&](HttpClientResponse response) { promise.set_value(std::move(response)); });
  return promise.get_future().get();
}

bool ends_with(const std::string& text, std::string_view end) { return text.ends_with(end); }

}  // namespace

TEST_CASE("requests are answered in order, also when they come together and the answers out of order") {
  std::vector<HttpResponder> waiting;
  Loop loop;
  REQUIRE(loop.start().ok());
  auto server = serve(loop, [&](const HttpRequest& request, HttpResponder responder) {
    if (request.path() == "/slow") {
      waiting.push_back(responder);
      return;
    }
    describe(request, responder);
    for (auto& one : waiting) {
      std::thread([one] { one.send(200, "text/plain", "slow\n"); }).join();
    }
    waiting.clear();
  });
  const std::string answers = exchange(loop, server->port(),
                                       "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"
                                       "POST /b?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
                                       "PUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                                       "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
                                       "HEAD /d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const auto slow = answers.find("slow\n");
  const auto second = answers.find("POST /b [x=1] body\n");
  const auto third = answers.find("PUT /c [] abcde\n");
  REQUIRE(third != std::string::npos);
  CHECK(slow < second);
  CHECK(second < third);
  CHECK(ends_with(answers, "Connection: close\r\n\r\n"));
  CHECK(answers.find("Content-Length: 12\r\n", third) != std::string::npos);
}

TEST_CASE("a request may come byte by byte") {
  Loop loop;
  REQUIRE(loop.start().ok());
  auto server = serve(loop, describe);
  Record record;
  auto connection = dial(loop, server->port(), record);
  for (const char c : std::string("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")) {
    loop.call([&] { connection->write(std::string(1, c)); });
  }
  CHECK(record.watch.wait([&] { return ends_with(record.data, "POST /x [] hi\n"); }));
  loop.call([&] { connection->close(); });
  record.wait_closed();
}

TEST_CASE("a client that asks whether to go on is told so, or told no") {
  Loop loop;
  REQUIRE(loop.start().ok());
  HttpServerOptions options;
  options.max_body_bytes = 10;
  auto server = serve(loop, describe, options);
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ";
  CHECK(exchange(loop, server->port(), head + "5\r\n\r\n", "Continue\r\n\r\n") ==
        "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(exchange(loop, server->port(), head + "11\r\n\r\n", "too large\n").starts_with("HTTP/1.1 413 "));
}

TEST_CASE("bad requests and ones over a limit are refused") {
  Loop loop;
  REQUIRE(loop.start().ok());
  HttpServerOptions options;
  options.max_header_bytes = 1000;
  options.max_body_bytes = 5000;
  auto server = serve(loop, describe, options);
  const auto port = server->port();
  CHECK(exchange(loop, port, "nonsense\r\n\r\n", "\n\n").starts_with("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(exchange(loop, port, "GET / HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n", "too large\n")
            .starts_with("HTTP/1.1 431 "));
  CHECK(exchange(
            loop, port,
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1770\r\n" + std::string(6000, 'x') + "\r\n",
            "too large\n")
            .starts_with("HTTP/1.1 413 "));
  const SlabRef bomb = compress(Compression::gzip, std::string(1 << 20, 'x'), 9);
  CHECK(exchange(loop, port,
                 "POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: " +
                     std::to_string(bomb.size()) + "\r\n\r\n" + std::string(bomb.view()),
                 "bytes\n")
            .starts_with("HTTP/1.1 413 "));
  CHECK(exchange(loop, port, "POST / HTTP/1.1\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx",
                 "supported\n")
            .starts_with("HTTP/1.1 415 "));
}

TEST_CASE("a responder that is dropped answers 500, a stream ends with its last copy") {
  Loop loop;
  REQUIRE(loop.start().ok());
  auto server = serve(loop, [](const HttpRequest& request, HttpResponder responder) {
    if (request.path() != "/stream") return;
    std::thread([responder] {
      HttpStream stream = responder.stream(200, {{"Content-Type", "text/plain"}});
      for (int i = 0; i < 3; ++i) stream.write("piece " + std::to_string(i) + "\n");
    }).detach();
  });
  const auto made = HttpClient::create(loop, {}).value();
  HttpClient& client = *made;
  const std::string base = "http://127.0.0.1:" + std::to_string(server->port());
  CHECK(fetch(client, {.url = base + "/dropped"}).status == 500);
  CHECK(fetch(client, {.url = base + "/stream"}).body == "piece 0\npiece 1\npiece 2\n");
}

TEST_CASE("client and server understand each other") {
  Loop loop;
  REQUIRE(loop.start().ok());
  HttpServerOptions options;
  options.authorize = [](const HttpRequest& request) {
    return credentials_of(request.header("authorization"), "Basic") == "elastic:pass:word";
  };
  std::vector<uint16_t> ports;
  auto server = serve(
      loop,
      [&](const HttpRequest& request, const HttpResponder& responder) {
        ports.push_back(request.peer.port());
        HttpResponse response{201, {{"X-Length", std::to_string(request.body.size())}}, request.body};
        responder.send(std::move(response));
      },
      options);
  auto made = HttpClient::create(loop, {});
  REQUIRE(made.ok());
  HttpClient& client = **made;
  HttpClientRequest request;
  request.method = "POST";
  request.url = "http://127.0.0.1:" + std::to_string(server->port()) + "/_bulk";
  CHECK(fetch(client, request).status == 401);
  ports.clear();
  request.user = "elastic";
  request.password = "pass:word";
  const std::string big(3 << 20, 'b');
  request.body = {Bytes("a"), Bytes::unowned(big), Bytes("c")};
  for (int i = 0; i < 3; ++i) {
    const auto response = fetch(client, request);
    CHECK(response.error_text.empty());
    CHECK(response.status == 201);
    CHECK(*find_header(response.headers, "x-length") == std::to_string(big.size() + 2));
    CHECK(response.body == "a" + big + "c");
  }
  CHECK(ports[0] == ports[2]);  // the connection is kept
  request.headers = {{"Content-Encoding", "gzip"}};
  request.body = {Bytes(compress(Compression::gzip, "packed"))};
  CHECK(fetch(client, request).body == "packed");
  CHECK(client.active() == 0);
}

TEST_CASE("the client says what kind of error it met") {
  using Error = HttpClientResponse::Error;
  std::vector<HttpResponder> held;
  Loop loop;
  REQUIRE(loop.start().ok());
  auto server = serve(loop, [&](const HttpRequest& request, const HttpResponder& responder) {
    if (request.path() == "/big") {
      responder.send(200, "text/plain", std::string(10000, 'x'));
    } else {
      held.push_back(responder);
    }
  });
  const auto port = server->port();
  const std::string base = "http://127.0.0.1:" + std::to_string(port);
  auto client = HttpClient::create(loop, {}).value();
  const auto slow = fetch(*client, {.url = base + "/", .timeout_millis = 50});
  CHECK(slow.error == Error::timeout);
  CHECK(fetch(*client, {.url = base + "/big", .max_response_bytes = 100}).error == Error::too_large);
  CHECK(fetch(*client, {.url = "https://127.0.0.1:" + std::to_string(port) + "/"}).error == Error::tls);
  std::promise<Error> cancelled;
  const auto id =
      client->request({.url = base + "/"}, [&](HttpClientResponse r) { cancelled.set_value(r.error); });
  client->cancel(id);
  CHECK(cancelled.get_future().get() == Error::cancelled);
  std::promise<Error> dropped;
  client->request({.url = base + "/"}, [&](HttpClientResponse r) { dropped.set_value(r.error); });
  client.reset();
  CHECK(dropped.get_future().get() == Error::cancelled);
  client = HttpClient::create(loop, {}).value();
  loop.call([&] { held.clear(); });
  server.reset();
  const auto refused = fetch(*client, {.url = base + "/"});
  CHECK(refused.error == Error::connect);
  CHECK(refused.error_text == "cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
  CHECK(HttpClient::create(loop, {.certificate_authorities = {"/nowhere.pem"}}).message() ==
        "cannot read certificate authority /nowhere.pem: No such file or directory");
}

TEST_CASE("query strings and escapes are decoded") {
  std::string value;
  CHECK(query_parameter("a=1&b=x%20y+z&c", "b", value));
  CHECK(value == "x y z");
  CHECK(query_parameter("a=1&c", "c", value));
  CHECK(value.empty());
  CHECK_FALSE(query_parameter("a=1", "d", value));
  CHECK(url_decode("%4a%zz%4") == "J%zz%4");
}
