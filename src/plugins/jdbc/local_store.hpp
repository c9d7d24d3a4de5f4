// The tables in memory that lookups go to: filled by loaders, read by workers.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/span.hpp"
#include "plugins/jdbc/connection.hpp"
#include "plugins/jdbc/sqlite.hpp"

namespace sluice::jdbc {

/// A table to create.
struct Table {
  std::string name;
  std::vector<std::pair<std::string, std::string>> columns;  // name and type
  std::vector<std::string> indexed;
};

/// A query whose rows fill a table.
struct Loader {
  std::string id;
  std::string table;
  std::string query;
  int64_t max_rows = 1'000'000;
  Span where;  // in the config
  Settings settings;
};

/// A state of the tables: SQLite's pages. Immutable, read by any number of workers at once.
struct Image {
  unsigned char* pages = nullptr;
  int64_t size = 0;
  Image() = default;
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;
  ~Image() { sqlite3_free(pages); }
};

/// Writing is for one thread at a time; current() for any.
class LocalStore {
 public:
  /// Creates the tables, empty.
  Status create(const std::vector<Table>& tables);
  /// Replaces the rows of the loader's table by those of its query. Without rows, or with more than max_rows,
  /// the table stays as it is.
  Status load(const Loader& loader);
  /// Makes what was loaded the current state.
  Status publish();

  [[nodiscard]] std::shared_ptr<const Image> current() const;
  /// Whether lookups can use the statement; the error says why not.
  Status check(const std::string& sql);

 private:
  Status fill(const Loader& loader, const Rows& rows);

  Sqlite tables_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Image> image_;
};

/// A worker's view of the store. Not thread-safe.
class LocalView {
 public:
  LocalView(const LocalStore& store, std::shared_ptr<Patience> patience)
      : store_(store), patience_(std::move(patience)) {}
  /// Goes over to the current state.
  Status refresh();
  Status query(const Statement& statement, std::span<const Value> parameters, Rows& rows) {
    return sqlite_.query(statement, parameters, rows, true);
  }

 private:
  const LocalStore& store_;
  std::shared_ptr<Patience> patience_;
  std::shared_ptr<const Image> image_;
  Sqlite sqlite_;
};

}  // namespace sluice::jdbc
