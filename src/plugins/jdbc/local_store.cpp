#include "plugins/jdbc/local_store.hpp"

#include "base/log.hpp"

namespace sluice::jdbc {
namespace {

constexpr std::string_view kLogger = "logstash.filters.jdbcstatic";
constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY;

std::string quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

// Logstash's memory database tells upper from lower case in LIKE.
Status open_memory(Sqlite& sqlite, std::shared_ptr<Patience> patience) {
  if (auto status = sqlite.open(":memory:", kFlags, std::move(patience)); !status.ok()) return status;
  return sqlite.execute("PRAGMA case_sensitive_like = ON");
}

Result<int64_t> count_rows(Connection& connection, const Loader& loader) {
  Rows rows;
  const auto counting = Statement::positional("SELECT count(*) AS count FROM (" + loader.query + ") AS t1");
  if (auto status = connection.query(counting, {}, rows); !status.ok()) return status;
  if (rows.size() != 1) return Status::error(Fault::output, "the rows cannot be counted");
  return rows.list.as_array()->items[0].as_object()->members[0].value.as_integer();
}

}  // namespace

Status LocalStore::create(const std::vector<Table>& tables) {
  if (auto status = open_memory(tables_, nullptr); !status.ok()) return status;
  for (const auto& table : tables) {
    std::string columns, indexed;
    for (const auto& [name, type] : table.columns)
      columns += (columns.empty() ? "" : ", ") + quoted(name) + " " + type;
    for (const auto& name : table.indexed) indexed += (indexed.empty() ? "" : ", ") + quoted(name);
    auto status = tables_.execute("CREATE TABLE " + quoted(table.name) + " (" + columns + ")");
    if (status.ok() && !indexed.empty())
      status = tables_.execute("CREATE INDEX " + quoted(table.name + "_index") + " ON " + quoted(table.name) +
                               " (" + indexed + ")");
    if (!status.ok())
      return Status::error(Fault::config,
                           "the table `" + table.name + "` cannot be made: " + status.message());
  }
  return {};
}

Status LocalStore::check(const std::string& sql) {
  sqlite3_stmt* made = nullptr;
  if (sqlite3_prepare_v2(tables_.native(), sql.c_str(), -1, &made, nullptr) != SQLITE_OK)
    return Status::config(sqlite3_errmsg(tables_.native()));
  sqlite3_finalize(made);
  return {};
}

Status LocalStore::load(const Loader& loader) {
  const auto failed = [&](const Status& status) {
    return Status::error(Fault::output, "the loader `" + loader.id + "` failed: " + status.message());
  };
  const auto connection = make_connection(loader.settings);
  if (auto status = connection->connect(); !status.ok()) return failed(status);
  const auto count = count_rows(*connection, loader);
  if (!count.ok()) return failed(count.status());
  if (*count == 0 || *count > loader.max_rows) {
    log::warn(kLogger,
              *count == 0 ? "Query returned no results" : "Query returned more than max_rows results",
              {{"lookup_id", loader.id},
               {"query", loader.query},
               {"count", *count},
               {"max_rows", loader.max_rows}});
    return {};
  }
  Rows rows;
  if (auto status = connection->query(Statement::positional(loader.query), {}, rows); !status.ok())
    return failed(status);
  if (auto status = fill(loader, rows); !status.ok()) {
    (void)tables_.execute("ROLLBACK");
    return failed(status);
  }
  log::info(kLogger, "Rows were loaded", {{"loader", loader.id}, {"rows", rows.size()}});
  return {};
}

// By place, as Logstash does: the columns of the query are those of the table, in its order.
Status LocalStore::fill(const Loader& loader, const Rows& rows) {
  if (auto status = tables_.execute("BEGIN"); !status.ok()) return status;
  if (auto status = tables_.execute("DELETE FROM " + quoted(loader.table)); !status.ok()) return status;
  if (rows.size() == 0) return tables_.execute("COMMIT");
  std::vector<Value> values;
  std::string insert = "INSERT INTO " + quoted(loader.table) + " VALUES (";
  const auto columns = rows.list.as_array()->items[0].as_object()->size;
  for (uint32_t i = 0; i < columns; ++i) insert += i == 0 ? "?" : ", ?";
  insert += ")";
  for (const auto& row : rows.list.as_array()->all()) {
    values.clear();
    for (const auto& member : row.as_object()->all()) values.push_back(member.value);
    if (auto status = tables_.execute(insert, values); !status.ok()) return status;
  }
  return tables_.execute("COMMIT");
}

Status LocalStore::publish() {
  auto image = std::make_shared<Image>();
  sqlite3_int64 size = 0;
  image->pages = sqlite3_serialize(tables_.native(), "main", &size, 0);
  image->size = size;
  if (!image->pages && size > 0) return Status::system("no memory for the tables of the lookups");
  std::scoped_lock lock(mutex_);
  image_ = std::move(image);
  return {};
}

std::shared_ptr<const Image> LocalStore::current() const {
  std::scoped_lock lock(mutex_);
  return image_;
}

Status LocalView::refresh() {
  auto image = store_.current();
  if (image == image_) return {};
  if (auto status = open_memory(sqlite_, patience_); !status.ok()) return status;
  if (image && image->pages &&
      sqlite3_deserialize(sqlite_.native(), "main", image->pages, image->size, image->size,
                          SQLITE_DESERIALIZE_READONLY) != SQLITE_OK)
    return Status::error(Fault::output, sqlite3_errmsg(sqlite_.native()));
  image_ = std::move(image);
  return {};
}

}  // namespace sluice::jdbc
