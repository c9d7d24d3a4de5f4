// Connections to databases: statements in, rows out.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/arena.hpp"
#include "base/status.hpp"
#include "base/time.hpp"
#include "event/value.hpp"
#include "plugins/jdbc/statement.hpp"
#include "plugins/jdbc/target.hpp"

namespace sluice::jdbc {

/// The rows of an answer, with the memory that holds them. Names of columns are interned.
struct Rows {
  Arena arena;
  Value list;  // an array of objects
  size_t bytes = 0;

  [[nodiscard]] size_t size() const { return list.is_array() ? list.as_array()->size : 0; }
};

/// Whether a wait may go on: for some seconds after the pipeline was asked to stop. Thread-safe.
class Patience {
 public:
  void interrupt() { since_.store(steady_nanos(), std::memory_order_relaxed); }
  [[nodiscard]] bool over() const {
    const int64_t since = since_.load(std::memory_order_relaxed);
    return since != 0 && steady_nanos() - since > 5'000'000'000;
  }

 private:
  std::atomic<int64_t> since_{0};
};

/// How to connect.
struct Settings {
  Target target;
  std::string user, password;
  bool validate = false;  // connections that were idle, before they are used
  int64_t validate_after_millis = 0;
  int64_t alive_millis = 10'000;    // for an answer that costs the server nothing
  int64_t answer_millis = 300'000;  // for that to a query
  std::shared_ptr<Patience> patience = std::make_shared<Patience>();
};

/// One connection, made at first use and again after it was lost. Not thread-safe.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Runs the statement and adds its rows. Errors are the database's.
  virtual Status query(const Statement& statement, std::span<const Value> parameters, Rows& rows) = 0;
  /// Connects now.
  virtual Status connect() = 0;
};

std::unique_ptr<Connection> make_connection(const Settings& settings);
std::unique_ptr<Connection> make_postgresql(const Settings& settings);
std::unique_ptr<Connection> make_sqlite(const Settings& settings);

/// The most bytes that the rows of one answer may have.
inline constexpr size_t kMostBytes = size_t{1} << 30;

/// A time as SQL writes it: a date with or without time of day and offset. Without an offset it is of the
/// process's time zone. False when `text` is none.
bool parse_sql_time(std::string_view text, int64_t& nanos);
/// UTC, "2026-01-02 03:04:05.678+00".
std::string sql_time(int64_t nanos);
/// A number that may have more digits than a double.
Value sql_number(std::string_view text, Arena& arena);

}  // namespace sluice::jdbc
