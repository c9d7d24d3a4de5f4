// Which indices there are: their files, which of them are open, what names and patterns mean; and what
// belongs to no single index (templates, policies, aliases).
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "index/error.hpp"
#include "index/store.hpp"

namespace sluice::index {

/// Why an index may not have that name; status 0 when it may. Elasticsearch's rules.
Error check_index_name(std::string_view name);

/// Named JSON documents by kind ("index_template", "ilm_policy", "alias" ...), kept in one small file.
/// Thread-safe.
class ClusterState {
 public:
  ClusterState() = default;
  ~ClusterState() { sqlite3_close_v2(db_); }
  ClusterState(const ClusterState&) = delete;
  ClusterState& operator=(const ClusterState&) = delete;
  /// Reads the file at `path`; without one the state is empty, and the first put() makes it.
  Status open(const std::string& path);
  Status put(const std::string& kind, const std::string& name, const Json& value);
  /// False when there was none.
  bool remove(const std::string& kind, const std::string& name);
  [[nodiscard]] std::optional<Json> get(const std::string& kind, const std::string& name) const;
  [[nodiscard]] std::map<std::string, Json> all(const std::string& kind) const;

 private:
  Status connect();
  [[nodiscard]] Status cannot_open() const;

  mutable std::mutex mutex_;
  std::string path_;
  sqlite3* db_ = nullptr;
  std::map<std::string, std::map<std::string, Json>> values_;
};

class Catalogue {
 public:
  struct Settings {
    std::string directory;
    size_t max_open = 64;
    bool sync_every_commit = false;
  };
  struct Damage {
    std::string index, file, message;
  };

  /// Lists the files of the directory (made when missing). Files that are no databases are set aside.
  Status open(const Settings& settings);
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] bool exists(std::string_view name) const;
  /// The index, opened when it is not; an error with status 404 when there is none.
  std::shared_ptr<Store> acquire(const std::string& name, Error& error);
  /// As acquire, creating the index with these settings and mappings when there is none; `created` says so.
  std::shared_ptr<Store> create(const std::string& name, const Json& settings, const Json& mappings,
                                bool& created, Error& error);
  /// Deletes an index and its files.
  Error remove(const std::string& name);
  /// Renames the files of a damaged index to *.damaged and forgets it.
  void set_aside(const std::string& name, const std::string& why);
  [[nodiscard]] std::vector<Damage> damaged() const;
  /// How many files are open now, for tests and metrics (indices, not descriptors).
  [[nodiscard]] size_t open_count() const;
  ClusterState& state() { return state_; }
  [[nodiscard]] const ClusterState& state() const { return state_; }

  /// What an expression in an address means.
  struct Resolve {
    bool ignore_unavailable = false;
    bool allow_no_indices = true;
    bool wildcards = true;  // expand_wildcards other than none
  };
  Error resolve(std::string_view expression, const Resolve& options, std::vector<std::string>& out) const;
  /// Indices of an alias; empty when it is none.
  [[nodiscard]] std::vector<std::string> alias_targets(const std::string& alias) const;

 private:
  struct Entry {
    std::string path;
    std::shared_ptr<Store> store;  // when open
    std::list<std::string>::iterator recent;
  };
  std::shared_ptr<Store> open_entry(const std::string& name, Entry& entry, Error& error);
  void make_room();
  void set_aside_locked(const std::string& name, const std::string& why);
  [[nodiscard]] std::string path_for(std::string_view name) const;

  Settings settings_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::list<std::string> recent_;  // open indices, the last used first
  std::vector<Damage> damaged_;
  ClusterState state_;
};

}  // namespace sluice::index
