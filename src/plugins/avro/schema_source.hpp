// Schemas that a server has: one under a URL, or many in a registry.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "net/http_client.hpp"
#include "plugins/avro/schema.hpp"
#include "plugins/tls/client.hpp"

namespace sluice::plugins::avro {

/// Where schemas come from, and how.
struct SchemaServer {
  std::string url;        // of the schema, or of the registry without a / at its end
  bool registry = false;  // GET url/schemas/ids/ID, as Confluent's has it
  net::HttpClientOptions client;
  tls::KeyStores stores;
  std::string user, password;
};

/// Fetches a schema when it is first needed, and keeps it. Thread-safe: who needs a schema that another
/// fetches waits for it.
class SchemaSource {
 public:
  explicit SchemaSource(SchemaServer server) : server_(std::move(server)) {}

  /// The schema of the registry's number (any number for a single schema). Null when it cannot be had: the
  /// reason is logged, and the server is left alone for some seconds.
  std::shared_ptr<const Schema> get(uint32_t id);

 private:
  struct Entry {
    std::shared_ptr<const Schema> schema;
    int64_t retry_at = 0;  // steady nanoseconds, when there is no schema
  };
  Result<std::shared_ptr<const Schema>> fetch(uint32_t id) const;
  net::HttpClientResponse ask(const std::string& url) const;
  void make_room();

  const SchemaServer server_;
  std::mutex mutex_;
  std::unordered_map<uint32_t, Entry> entries_;
};

}  // namespace sluice::plugins::avro
