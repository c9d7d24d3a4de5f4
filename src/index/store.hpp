// One index in one SQLite file.
//
// A document is a row: its number (also its place in the write order), id, version, @timestamp and its bytes.
// An FTS5 table without content holds the words of all its fields together, and only narrows a search: every
// candidate is then looked at itself, so that what the table says too much (other fields, documents replaced
// since) never reaches an answer. A replaced document gets a new number, so nothing is ever taken out of the
// FTS5 table.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.hpp"
#include "index/document.hpp"
#include "index/mapping.hpp"

namespace sluice::index {

/// A prepared statement, reset after each use.
class Statement {
 public:
  Statement() = default;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }
  int prepare(sqlite3* db, const char* sql) {
    sqlite3_finalize(statement_);
    return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  }
  sqlite3_stmt* operator*() const { return statement_; }
  void bind(int at, int64_t value) { sqlite3_bind_int64(statement_, at, value); }
  void bind(int at, std::string_view text) {
    sqlite3_bind_text(statement_, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  }
  void bind_blob(int at, std::string_view bytes) {
    sqlite3_bind_blob(statement_, at, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
  }
  void bind_null(int at) { sqlite3_bind_null(statement_, at); }
  int step() { return sqlite3_step(statement_); }
  void reset() { sqlite3_reset(statement_); }
  [[nodiscard]] int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  [[nodiscard]] std::string_view bytes(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return {data, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

/// Runs a statement that answers nothing.
class Run {
 public:
  explicit Run(Statement& statement) : statement_(statement) {}
  ~Run() { statement_.reset(); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

 private:
  Statement& statement_;
};

/// A document as it is stored. The bytes live until the statement that gave them moves on.
struct Row {
  int64_t seq = 0;
  int64_t version = 0;
  std::string_view id;
  std::string_view source;
  std::optional<int64_t> timestamp;
};

/// What a query lets through at most, for choosing how to look for it.
struct Narrow {
  bool none = false;
  std::string words;  // FTS5 expression; empty: no limit
  int64_t from = std::numeric_limits<int64_t>::min();
  int64_t to = std::numeric_limits<int64_t>::max();
  bool timed = false;  // from and to count
  std::optional<std::vector<std::string>> ids;

  void both(const Narrow& other);    // documents of both
  void either(const Narrow& other);  // documents of one or the other
};

class Store {
 public:
  struct Settings {
    std::string name;
    bool sync_every_commit = false;  // PRAGMA synchronous=FULL
  };
  enum class Order : uint8_t { written, time_ascending, time_descending };

  /// Opens or creates the file. An error that is not retriable means that the file is damaged.
  static Result<std::unique_ptr<Store>> open(const std::string& path, const Settings& settings);
  ~Store();

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::shared_ptr<const Mapping> mapping() const;
  [[nodiscard]] int64_t documents() const { return documents_.load(); }
  [[nodiscard]] int64_t created_ms() const { return created_ms_; }
  [[nodiscard]] const std::string& uuid() const { return uuid_; }
  [[nodiscard]] Json settings() const;
  [[nodiscard]] bool irregular_times() const { return irregular_.load(); }

  /// Relevance statistics of a text field: documents that have it, words in all of them.
  struct FieldLength {
    int64_t documents = 0;
    int64_t words = 0;
  };

  // --- Writing: all between begin() and commit() or rollback(), by the thread that holds the lock. ---
  std::unique_lock<std::mutex> lock_for_writing() { return std::unique_lock(write_mutex_); }
  Status begin();
  Status commit();
  void rollback();
  /// The writer's own copy of the mapping; mapping_changed() makes commit() save and publish it.
  Mapping& working_mapping() { return *working_; }
  void mapping_changed() { mapping_changed_ = true; }
  void set_settings(const Json& settings);
  /// The stored document of that id; its bytes are copied. `found` false when there is none.
  struct Found {
    bool found = false;
    int64_t seq = 0;
    int64_t version = 0;
    std::string source;
  };
  Status find_for_update(std::string_view id, bool with_source, Found& out);
  Status insert(std::string_view id, int64_t version, std::string_view source, const Analysed& analysed,
                int64_t& seq);
  /// Takes a document out; gives the number of the deletion in the write order.
  Status remove(int64_t stored_seq, int64_t& seq);
  /// Uses up a number of the write order without a write.
  int64_t skip_number() { return pending_seq_++; }
  /// As remove(), for a document that is about to be replaced (takes no number of its own).
  Status remove_replaced(int64_t stored_seq);

  // --- Reading, by one thread at a time (it locks). ---
  Status get(std::string_view id, const std::function<void(const Row&)>& f);
  /// Calls `f` for each candidate until it returns false.
  Status scan(const Narrow& narrow, Order order, const std::function<bool(const Row&)>& f);
  /// How many documents have a timestamp in the narrow's range (only for narrows that say nothing else).
  Status count(const Narrow& narrow, int64_t& out);
  /// In how many documents a word occurs, in any field.
  int64_t word_frequency(std::string_view word);
  FieldLength field_length(const std::string& field);
  /// The oldest and newest @timestamp; nothing when no document has one.
  Status time_range(std::optional<int64_t>& oldest, std::optional<int64_t>& newest);
  /// Bytes on disk, write-ahead log included.
  [[nodiscard]] int64_t bytes_on_disk() const;

 private:
  Store() = default;
  Status prepare(const std::string& path, const Settings& settings);
  Status load(const Settings& settings);
  Status prepare_statements();
  Status failed(sqlite3* db, const char* doing) const;
  Status put_meta(std::string_view key, std::string_view value);
  Status save_meta();
  Status save_lengths();
  Status scan_with(Statement& statement, const std::function<bool(const Row&)>& f, bool& stopped);

  std::string name_, path_, uuid_;
  int64_t created_ms_ = 0;
  sqlite3* writer_ = nullptr;
  sqlite3* reader_ = nullptr;
  std::mutex write_mutex_, read_mutex_;
  mutable std::mutex state_mutex_;  // of mapping_ and settings_
  std::shared_ptr<const Mapping> mapping_;
  std::unique_ptr<Mapping> working_;  // the writer's
  bool mapping_changed_ = false;
  Json settings_ = Json::object();
  bool settings_changed_ = false;
  std::atomic<int64_t> documents_{0};
  std::atomic<bool> irregular_{false};
  // What the open transaction has changed so far.
  int64_t next_seq_ = 0, pending_seq_ = 0, pending_documents_ = 0;
  bool pending_irregular_ = false;
  std::unordered_map<uint32_t, FieldLength> pending_lengths_;
  Statement begin_, commit_, rollback_, find_, find_source_, insert_, words_, remove_, meta_, length_;
};

}  // namespace sluice::index
