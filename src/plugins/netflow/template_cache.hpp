// The templates that exporters have sent, with an age limit, and a file that keeps them over restarts.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/hash.hpp"
#include "event/value.hpp"
#include "plugins/netflow/template.hpp"

namespace sluice::plugins::netflow {

/// Which template: the exporter's domain (source id in v9), the template's number, and the exporter's address
/// where it is known. Its text is the key in the cache file: `domain|number` or `domain|number|address`.
struct TemplateId {
  uint32_t domain = 0;
  uint16_t number = 0;
  std::string_view sender;
};

/// Shared by the decoders of a codec. Thread-safe.
class TemplateCache {
 public:
  /// `path`: the file, or empty for none. Templates older than `ttl_seconds` are forgotten.
  TemplateCache(FieldTable::Protocol protocol, int64_t ttl_seconds, std::string path);
  /// Writes what has changed since the file was last written.
  ~TemplateCache();
  TemplateCache(const TemplateCache&) = delete;
  TemplateCache& operator=(const TemplateCache&) = delete;

  /// Reads the file, which Logstash's codec may have written too. A problem is logged.
  void load();
  /// False when the cache is full: exporters make it grow, so it has a limit.
  bool put(const TemplateId& id, std::shared_ptr<const Template> made);
  /// The template for records of `id`. One that came without a sender's address serves every sender that has
  /// sent none of its own.
  std::shared_ptr<const Template> find(const TemplateId& id);
  /// Forgets one template (IPFIX's withdrawal).
  void remove(const TemplateId& id);

 private:
  struct Entry {
    std::shared_ptr<const Template> made;
    int64_t received = 0;  // steady nanoseconds
  };
  std::shared_ptr<const Template> fetch(const std::string& key);
  void read(std::string_view text);
  void read_entry(std::string_view key, const Value& fields);
  bool store(std::string key, std::shared_ptr<const Template> made);
  void forget_old(int64_t now);
  void changed();
  void save();

  const FieldTable::Protocol protocol_;
  const int64_t ttl_nanos_;
  const std::string path_;
  std::mutex mutex_;
  TextMap<Entry> entries_;
  size_t fields_ = 0;  // of all entries
  bool unsaved_ = false;
  int64_t saved_ = 0;  // steady nanoseconds
};

}  // namespace sluice::plugins::netflow
