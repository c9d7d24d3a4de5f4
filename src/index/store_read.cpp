// The reading half of a store: looking documents up and scanning candidates.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "index/store.hpp"

namespace sluice::index {
namespace {

Row row_of(Statement& s) {
  Row row;
  row.seq = s.integer(0);
  row.version = s.integer(1);
  row.id = s.bytes(2);
  row.source = s.bytes(3);
  if (sqlite3_column_type(*s, 4) != SQLITE_NULL) row.timestamp = s.integer(4);
  return row;
}

}  // namespace

Status Store::get(std::string_view id, const std::function<void(const Row&)>& f) {
  std::lock_guard lock(read_mutex_);
  Statement find;
  if (find.prepare(reader_, "SELECT seq, version, id, src, ts FROM docs WHERE id=?") != SQLITE_OK)
    return failed(reader_, "cannot look up a document");
  find.bind(1, id);
  const int rc = find.step();
  if (rc == SQLITE_ROW) f(row_of(find));
  return rc == SQLITE_ROW || rc == SQLITE_DONE ? Status{} : failed(reader_, "cannot look up a document");
}

Status Store::scan_with(Statement& statement, const std::function<bool(const Row&)>& f, bool& stopped) {
  int rc;
  while ((rc = statement.step()) == SQLITE_ROW)
    if (!f(row_of(statement))) {
      stopped = true;
      return {};
    }
  return rc == SQLITE_DONE ? Status{} : failed(reader_, "cannot search");
}

Status Store::scan(const Narrow& narrow, Order order, const std::function<bool(const Row&)>& f) {
  if (narrow.none) return {};
  std::lock_guard lock(read_mutex_);
  const bool timed = narrow.timed && !irregular_;
  const std::string columns = "SELECT d.seq, d.version, d.id, d.src, d.ts FROM ";
  bool stopped = false;
  const auto run = [&](const std::string& sql, std::string_view text) -> Status {
    Statement s;
    if (s.prepare(reader_, sql.c_str()) != SQLITE_OK) return failed(reader_, "cannot search");
    int at = 1;
    if (!text.empty()) s.bind(at++, text);
    if (timed) {
      s.bind(at++, narrow.from);
      s.bind(at++, narrow.to);
    }
    return scan_with(s, f, stopped);
  };
  const std::string in_time = timed ? " AND d.ts BETWEEN ? AND ?" : "";
  if (narrow.ids) {
    auto ids = *narrow.ids;
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    for (const auto& id : ids) {
      if (stopped) break;
      if (auto s = run(columns + "docs d WHERE d.id=?" + in_time, id); !s.ok()) return s;
    }
    return {};
  }
  if (!narrow.words.empty())
    return run(columns + "words w CROSS JOIN docs d ON d.seq=w.rowid WHERE words MATCH ?" + in_time,
               narrow.words);
  if (order != Order::written) {
    const char* direction = order == Order::time_descending ? "DESC" : "ASC";
    auto s = run(columns + "docs d INDEXED BY docs_ts WHERE " +
                     (timed ? "d.ts BETWEEN ? AND ?" : "d.ts IS NOT NULL") + " ORDER BY d.ts " + direction,
                 "");
    if (!s.ok() || stopped || timed) return s;
    return run(columns + "docs d WHERE d.ts IS NULL", "");
  }
  return run(
      columns + (timed ? "docs d INDEXED BY docs_ts WHERE d.ts BETWEEN ? AND ?" : "docs d ORDER BY d.seq"),
      "");
}

Status Store::count(const Narrow& narrow, int64_t& out) {
  std::lock_guard lock(read_mutex_);
  Statement s;
  if (s.prepare(reader_, "SELECT count(*) FROM docs INDEXED BY docs_ts WHERE ts BETWEEN ? AND ?") !=
      SQLITE_OK)
    return failed(reader_, "cannot count");
  s.bind(1, narrow.from);
  s.bind(2, narrow.to);
  if (s.step() != SQLITE_ROW) return failed(reader_, "cannot count");
  out = s.integer(0);
  return {};
}

int64_t Store::word_frequency(std::string_view word) {
  std::lock_guard lock(read_mutex_);
  Statement s;
  if (s.prepare(reader_, "SELECT doc FROM temp.vocabulary WHERE term=?") != SQLITE_OK) return 0;
  s.bind(1, word);
  return s.step() == SQLITE_ROW ? s.integer(0) : 0;
}

Store::FieldLength Store::field_length(const std::string& field) {
  std::lock_guard lock(read_mutex_);
  Statement s;
  if (s.prepare(reader_, "SELECT documents, words FROM lengths WHERE field=?") != SQLITE_OK) return {};
  s.bind(1, field);
  if (s.step() != SQLITE_ROW) return {};
  return {s.integer(0), s.integer(1)};
}

Status Store::time_range(std::optional<int64_t>& oldest, std::optional<int64_t>& newest) {
  std::lock_guard lock(read_mutex_);
  Statement s;
  if (s.prepare(reader_, "SELECT (SELECT min(ts) FROM docs), (SELECT max(ts) FROM docs)") != SQLITE_OK)
    return failed(reader_, "cannot read its times");
  if (s.step() != SQLITE_ROW) return failed(reader_, "cannot read its times");
  if (sqlite3_column_type(*s, 0) != SQLITE_NULL) oldest = s.integer(0);
  if (sqlite3_column_type(*s, 1) != SQLITE_NULL) newest = s.integer(1);
  return {};
}

int64_t Store::bytes_on_disk() const {
  int64_t total = 0;
  for (const char* suffix : {"", "-wal"}) {
    struct stat info {};
    if (::stat((path_ + suffix).c_str(), &info) == 0) total += info.st_size;
  }
  return total;
}

}  // namespace sluice::index
