// SQLite as a database of its own, and as the memory of lookups.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <span>
#include <string>
#include <unordered_map>

#include "plugins/jdbc/connection.hpp"

namespace sluice::jdbc {

/// An open database with its prepared statements. Not thread-safe.
class Sqlite {
 public:
  /// `flags` are sqlite3_open_v2's.
  Status open(const std::string& path, int flags, std::shared_ptr<Patience> patience);
  [[nodiscard]] sqlite3* native() const { return database_.get(); }

  /// Runs one statement and adds its rows. `lower_case`: names of columns are made so.
  Status query(const Statement& statement, std::span<const Value> parameters, Rows& rows,
               bool lower_case = false);
  /// Runs statements without parameters and without rows.
  Status execute(const std::string& sql);
  /// Runs `sql` once with these values.
  Status execute(const std::string& sql, std::span<const Value> values);

 private:
  struct Close {
    void operator()(sqlite3* p) const { sqlite3_close_v2(p); }
    void operator()(sqlite3_stmt* p) const { sqlite3_finalize(p); }
  };
  using Prepared = std::unique_ptr<sqlite3_stmt, Close>;
  Result<sqlite3_stmt*> prepare(const std::string& sql);
  Status error() const;

  std::unique_ptr<sqlite3, Close> database_;
  std::unordered_map<std::string, Prepared> prepared_;  // goes first
  std::shared_ptr<Patience> patience_;
  std::string sql_;
  std::vector<Value> bound_;
};

}  // namespace sluice::jdbc
