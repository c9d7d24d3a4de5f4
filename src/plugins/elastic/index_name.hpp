// Index names: filled in once per tenant and day (or hour) instead of once per event, and made legal.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.hpp"
#include "event/template.hpp"
#include "plugin/metrics.hpp"
#include "plugins/elastic/settings.hpp"

namespace sluice::elastic {

/// `name` as Elasticsearch takes it: lower case, none of \ / * ? " < > | , # : and blank (they become `_`),
/// not starting with `-`, `_` or `+`, at most 255 bytes, valid UTF-8. Date-math names (`<logs-{now/d}>`) stay
/// as they are. `out` is empty when nothing legal is left.
void make_legal_index_name(std::string_view name, std::string& out);

/// A name, ready for the action line.
struct IndexName {
  std::string name;
  std::string quoted;    // as JSON
  std::string head;      // {"index":{"_index":"...", for a constant action; not closed
  std::string problem;   // not empty: no index can be named for the event, and why
  bool renamed = false;  // the legal name is not the one that was filled in
};

/// Names the index of events. One per worker.
class IndexNamer {
 public:
  /// `action`: of the action line's head; empty when the action varies. `counter`: events whose index was
  /// renamed.
  IndexNamer(const DocumentSettings& settings, const Target& target, std::string_view action,
             plugin::Counter* renamed);

  /// Valid until the next call.
  const IndexName& of(const Event& event);
  /// For a name that comes from elsewhere ([@metadata][_ingest_document][index]).
  const IndexName& of_text(std::string_view name);

 private:
  struct Slot {
    bool used = false;
    int64_t periods = 0;  // since the epoch
    std::string key;
    IndexName name;
  };
  std::string_view key_of(const Event& event);
  bool time_of(const Event& event, int64_t& periods) const;
  void fill(const Event& event, IndexName& out);
  void finish(std::string_view filled, IndexName& out);

  const DocumentSettings& settings_;
  const bool data_stream_;
  Template template_;
  std::string action_;
  plugin::Counter* renamed_;
  std::vector<FieldRef> fields_;  // that the name depends on
  int64_t period_ = 0;            // and the day or hour of @timestamp, in nanoseconds; 0: not on the time
  bool cacheable_ = true;
  bool verbatim_;  // an alias, which may have capitals
  std::string key_, scratch_;
  Buffer quoted_;
  IndexName single_;  // constant, or not cacheable
  std::unique_ptr<std::array<Slot, 256>> slots_;
};

}  // namespace sluice::elastic
