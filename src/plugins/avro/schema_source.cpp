#include "plugins/avro/schema_source.hpp"

#include <chrono>
#include <future>
#include <thread>

#include "base/log.hpp"
#include "base/time.hpp"
#include "event/json_read.hpp"

namespace sluice::plugins::avro {
namespace {

constexpr std::string_view kLogger = "logstash.codecs.avro";
constexpr int kAttempts = 3;
constexpr auto kFirstPause = std::chrono::milliseconds(250);
constexpr int64_t kRetryAfter = 10'000'000'000;
constexpr uint32_t kTimeoutMillis = 5000;
constexpr size_t kMaxSchemaBytes = 16 << 20;
constexpr size_t kMaxSchemas = 4096;

// The schema in an answer: registries put it as text into an object.
std::string schema_text(const std::string& body) {
  Arena arena;
  Value value;
  JsonReader reader;
  if (!reader.read(body, arena, value) || !value.is_object()) return body;
  for (const auto& member : value.as_object()->all())
    if (member.key.text() == "schema" && member.value.is_string()) return std::string(member.value.as_text());
  return body;
}

// The server may do better next time.
bool passing(const net::HttpClientResponse& response) {
  return !response.answered() || response.status >= 500;
}

}  // namespace

std::shared_ptr<const Schema> SchemaSource::get(uint32_t id) {
  std::scoped_lock lock(mutex_);
  if (!server_.registry) id = 0;
  if (const auto it = entries_.find(id);
      it != entries_.end() && (it->second.schema || steady_nanos() < it->second.retry_at))
    return it->second.schema;
  auto schema = fetch(id);
  if (!schema.ok())
    log::error(kLogger, "A schema cannot be had: " + schema.message(), {{"url", server_.url}, {"id", id}});
  make_room();
  auto& entry = entries_[id];
  entry.schema = schema.ok() ? std::move(*schema) : nullptr;
  entry.retry_at = steady_nanos() + kRetryAfter;
  return entry.schema;
}

// Numbers come with the data, so data can name any number of schemas that are not there.
void SchemaSource::make_room() {
  if (entries_.size() < kMaxSchemas) return;
  std::erase_if(entries_, [](const auto& entry) { return !entry.second.schema; });
  if (entries_.size() >= kMaxSchemas) entries_.clear();
}

Result<std::shared_ptr<const Schema>> SchemaSource::fetch(uint32_t id) const {
  const std::string url = server_.registry ? server_.url + "/schemas/ids/" + std::to_string(id) : server_.url;
  auto response = ask(url);
  auto pause = kFirstPause;
  for (int attempt = 1; attempt < kAttempts && passing(response); ++attempt, pause *= 2) {
    std::this_thread::sleep_for(pause);
    response = ask(url);
  }
  if (!response.answered()) return Status::error(Fault::system, response.error_text, true);
  if (response.status != 200)
    return Status::error(Fault::system, "the server answered with status " + std::to_string(response.status));
  return Schema::parse(schema_text(response.body));
}

// A loop for one request: schemas are few, and a thread that waits for none is one too many.
net::HttpClientResponse SchemaSource::ask(const std::string& url) const {
  net::HttpClientResponse failed;
  failed.error = net::HttpClientResponse::Error::other;
  auto options = server_.client;
  if (const auto status = tls::open_key_stores(server_.stores, options); !status.ok()) {
    failed.error_text = status.message();
    return failed;
  }
  net::Loop loop;
  if (const auto status = loop.start("avro-schema"); !status.ok()) {
    failed.error_text = status.message();
    return failed;
  }
  auto client = net::HttpClient::create(loop, std::move(options));
  if (!client.ok()) {
    failed.error_text = client.message();
    return failed;
  }
  net::HttpClientRequest request;
  request.url = url;
  request.user = server_.user;
  request.password = server_.password;
  request.connect_timeout_millis = request.timeout_millis = kTimeoutMillis;
  request.max_response_bytes = kMaxSchemaBytes;
  request.follow_redirects = true;
  std::promise<net::HttpClientResponse> promise;
  auto answer = promise.get_future();
  (*client)->request(std::move(request), [&promise](net::HttpClientResponse response) {
    promise.set_value(std::move(response));
  });
  return answer.get();
}

}  // namespace sluice::plugins::avro
