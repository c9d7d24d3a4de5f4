#include "plugins/jdbc/sqlite.hpp"

#include <algorithm>
#include <cctype>

namespace sluice::jdbc {
namespace {

constexpr int kBusyMillis = 5000;
constexpr int kLookEvery = 10000;  // of SQLite's steps, at the patience
constexpr size_t kMostPrepared = 64;

void bind(sqlite3_stmt* statement, int index, const Value& value) {
  const auto text = [&](std::string_view t) {
    sqlite3_bind_text64(statement, index, t.data(), t.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  };
  switch (value.kind()) {
    case Value::Kind::boolean:
      sqlite3_bind_int(statement, index, value.as_bool());
      return;
    case Value::Kind::integer:
      sqlite3_bind_int64(statement, index, value.as_integer());
      return;
    case Value::Kind::real:
      sqlite3_bind_double(statement, index, value.as_real());
      return;
    case Value::Kind::timestamp:
      return text(sql_time(value.as_nanos()));
    case Value::Kind::string:
    case Value::Kind::decimal:
      return text(value.as_text());
    default:
      sqlite3_bind_null(statement, index);
  }
}

enum class Shape : uint8_t { as_stored, boolean, time };

// What the declared type of a column says beyond how a value is stored.
Shape shape_of(const char* declared) {
  std::string type = declared ? declared : "";
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return static_cast<char>(std::toupper(c)); });
  if (type.find("BOOL") != std::string::npos) return Shape::boolean;
  if (type.starts_with("DATE") || type.starts_with("TIMESTAMP")) return Shape::time;
  return Shape::as_stored;
}

Value column(sqlite3_stmt* statement, int index, Shape shape, Rows& rows) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER: {
      const int64_t n = sqlite3_column_int64(statement, index);
      if (shape == Shape::boolean) return Value::boolean(n != 0);
      // Java's driver keeps times as milliseconds.
      if (shape == Shape::time && n > -9'000'000'000'000 && n < 9'000'000'000'000)
        return Value::timestamp(n * 1'000'000);
      return Value::integer(n);
    }
    case SQLITE_FLOAT:
      return Value::real(sqlite3_column_double(statement, index));
    case SQLITE_NULL:
      return {};
    default: {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, index));
      const std::string_view text(bytes ? bytes : "",
                                  static_cast<size_t>(sqlite3_column_bytes(statement, index)));
      int64_t nanos = 0;
      if (shape == Shape::time && parse_sql_time(text, nanos)) return Value::timestamp(nanos);
      if (shape == Shape::boolean && (text == "true" || text == "false"))
        return Value::boolean(text == "true");
      rows.bytes += text.size();
      return Value::string(rows.arena.copy(text));
    }
  }
}

struct Reset {
  void operator()(sqlite3_stmt* p) const { sqlite3_reset(p), sqlite3_clear_bindings(p); }
};

class SqliteConnection : public Connection {
 public:
  explicit SqliteConnection(const Settings& settings) : settings_(settings) {}

  Status connect() override {
    if (sqlite_.native()) return {};
    return sqlite_.open(settings_.target.path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                        settings_.patience);
  }
  Status query(const Statement& statement, std::span<const Value> parameters, Rows& rows) override {
    if (auto status = connect(); !status.ok()) return status;
    return sqlite_.query(statement, parameters, rows);
  }

 private:
  const Settings& settings_;
  Sqlite sqlite_;
};

}  // namespace

Status Sqlite::open(const std::string& path, int flags, std::shared_ptr<Patience> patience) {
  sqlite3* made = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &made, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<sqlite3, Close> owned(made);
  if (result != SQLITE_OK)
    return Status::error(Fault::output,
                         "cannot open " + path + ": " + (made ? sqlite3_errmsg(made) : "no memory"));
  sqlite3_busy_timeout(made, kBusyMillis);
  patience_ = std::move(patience);
  if (patience_)
    sqlite3_progress_handler(
        made, kLookEvery, [](void* p) { return static_cast<Patience*>(p)->over() ? 1 : 0; }, patience_.get());
  prepared_.clear();
  database_ = std::move(owned);
  return {};
}

Status Sqlite::error() const { return Status::error(Fault::output, sqlite3_errmsg(native())); }

Result<sqlite3_stmt*> Sqlite::prepare(const std::string& sql) {
  if (const auto known = prepared_.find(sql); known != prepared_.end()) return known->second.get();
  sqlite3_stmt* made = nullptr;
  if (sqlite3_prepare_v2(native(), sql.c_str(), static_cast<int>(sql.size()), &made, nullptr) != SQLITE_OK)
    return error();
  if (!made) return Status::error(Fault::output, "the statement is empty");
  if (prepared_.size() >= kMostPrepared) prepared_.clear();
  return prepared_.emplace(sql, Prepared(made)).first->second.get();
}

Status Sqlite::query(const Statement& statement, std::span<const Value> parameters, Rows& rows,
                     bool lower_case) {
  statement.render(parameters, '?', sql_, bound_);
  auto prepared = prepare(sql_);
  if (!prepared.ok()) return prepared.status();
  const std::unique_ptr<sqlite3_stmt, Reset> running(*prepared);
  for (size_t i = 0; i < bound_.size(); ++i) bind(running.get(), static_cast<int>(i) + 1, bound_[i]);
  auto* list = Array::make(rows.arena);
  rows.list = Value::array(list);
  std::vector<std::pair<Key, Shape>> columns;
  for (int i = 0; i < sqlite3_column_count(running.get()); ++i) {
    std::string name = sqlite3_column_name(running.get(), i);
    if (lower_case)
      std::transform(name.begin(), name.end(), name.begin(),
                     [](char c) { return static_cast<char>(std::tolower(c)); });
    columns.emplace_back(Key::intern(name), shape_of(sqlite3_column_decltype(running.get(), i)));
  }
  for (;;) {
    const int result = sqlite3_step(running.get());
    if (result == SQLITE_DONE) return {};
    if (result != SQLITE_ROW) return error();
    auto* row = Object::make(rows.arena, static_cast<uint32_t>(columns.size()));
    for (size_t i = 0; i < columns.size(); ++i)
      row->set(rows.arena, columns[i].first,
               column(running.get(), static_cast<int>(i), columns[i].second, rows));
    list->push(rows.arena, Value::object(row));
    if ((rows.bytes += 64) > kMostBytes) return Status::error(Fault::output, "the answer is too large");
  }
}

Status Sqlite::execute(const std::string& sql) {
  if (sqlite3_exec(native(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return error();
  return {};
}

Status Sqlite::execute(const std::string& sql, std::span<const Value> values) {
  auto prepared = prepare(sql);
  if (!prepared.ok()) return prepared.status();
  const std::unique_ptr<sqlite3_stmt, Reset> running(*prepared);
  for (size_t i = 0; i < values.size(); ++i) bind(running.get(), static_cast<int>(i) + 1, values[i]);
  return sqlite3_step(running.get()) == SQLITE_DONE ? Status() : error();
}

std::unique_ptr<Connection> make_sqlite(const Settings& settings) {
  return std::make_unique<SqliteConnection>(settings);
}

}  // namespace sluice::jdbc
