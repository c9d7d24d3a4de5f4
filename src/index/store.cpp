#include "index/store.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <random>

#include "base/time.hpp"

namespace sluice::index {
namespace {

// The words of a document come separated already; this FTS5 tokenizer only cuts at the spaces.
int tokenizer_create(void*, const char**, int, Fts5Tokenizer** out) {
  static int nothing = 0;
  *out = reinterpret_cast<Fts5Tokenizer*>(&nothing);
  return SQLITE_OK;
}
void tokenizer_delete(Fts5Tokenizer*) {}
int tokenizer_run(Fts5Tokenizer*, void* context, int, const char* text, int length,
                  int (*token)(void*, int, const char*, int, int, int)) {
  int start = 0;
  for (int at = 0; at <= length; ++at) {
    if (at != length && text[at] != ' ') continue;
    if (at > start)
      if (int rc = token(context, 0, text + start, at - start, start, at); rc != SQLITE_OK) return rc;
    start = at + 1;
  }
  return SQLITE_OK;
}

int register_tokenizer(sqlite3* db) {
  fts5_api* api = nullptr;
  Statement get;
  if (int rc = get.prepare(db, "SELECT fts5(?1)"); rc != SQLITE_OK) return rc;
  sqlite3_bind_pointer(*get, 1, &api, "fts5_api_ptr", nullptr);
  get.step();
  if (api == nullptr) return SQLITE_ERROR;
  fts5_tokenizer tokenizer{tokenizer_create, tokenizer_delete, tokenizer_run};
  return api->xCreateTokenizer(api, "sluice_words", nullptr, &tokenizer, nullptr);
}

constexpr const char* kSchema =
    "CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS docs(seq INTEGER PRIMARY KEY, id TEXT NOT NULL, version INTEGER NOT NULL, ts "
    "INTEGER, src BLOB NOT NULL);"
    "CREATE UNIQUE INDEX IF NOT EXISTS docs_id ON docs(id);"
    "CREATE INDEX IF NOT EXISTS docs_ts ON docs(ts);"
    "CREATE TABLE IF NOT EXISTS lengths(field TEXT PRIMARY KEY, documents INTEGER, words INTEGER) WITHOUT "
    "ROWID;"
    "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(t, content='', detail=none, columnsize=0, "
    "tokenize='sluice_words');";

std::string random_uuid() {
  static constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::random_device device;
  std::string out(22, 'A');
  for (auto& c : out) c = kLetters[device() % 64];
  return out;
}

}  // namespace

void Narrow::both(const Narrow& other) {
  none = none || other.none;
  if (!other.words.empty()) words = words.empty() ? other.words : "(" + words + ") AND (" + other.words + ")";
  if (other.timed) {
    from = timed ? std::max(from, other.from) : other.from;
    to = timed ? std::min(to, other.to) : other.to;
    timed = true;
  }
  if (other.ids && !ids) ids = other.ids;
  if (timed && from > to) none = true;
}

void Narrow::either(const Narrow& other) {
  if (other.none) return;
  if (none) {
    *this = other;
    return;
  }
  words = words.empty() || other.words.empty() ? "" : "(" + words + ") OR (" + other.words + ")";
  timed = timed && other.timed;
  from = std::min(from, other.from);
  to = std::max(to, other.to);
  if (ids && other.ids)
    ids->insert(ids->end(), other.ids->begin(), other.ids->end());
  else
    ids.reset();
}

Status Store::failed(sqlite3* db, const char* doing) const {
  const int code = sqlite3_errcode(db) & 0xff;
  const bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
  return Status::error(Fault::system, fmt::format("index {}: {}: {}", name_, doing, sqlite3_errmsg(db)),
                       !damaged);
}

Result<std::unique_ptr<Store>> Store::open(const std::string& path, const Settings& settings) {
  std::unique_ptr<Store> store(new Store);
  if (auto status = store->prepare(path, settings); !status.ok()) return status;
  return store;
}

Store::~Store() {
  for (auto* s : {&begin_, &commit_, &rollback_, &find_, &find_source_, &insert_, &words_, &remove_, &meta_,
                  &length_}) {
    s->prepare(writer_, "");  // finalizes, so that the connection closes
  }
  sqlite3_close_v2(reader_);
  sqlite3_close_v2(writer_);
}

Status Store::prepare(const std::string& path, const Settings& settings) {
  name_ = settings.name;
  path_ = path;
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  for (auto** db : {&writer_, &reader_}) {
    if (sqlite3_open_v2(path.c_str(), db, kFlags, nullptr) != SQLITE_OK) return failed(*db, "cannot open");
    sqlite3_busy_timeout(*db, 10000);
    if (register_tokenizer(*db) != SQLITE_OK)
      return Status::error(Fault::system, "this SQLite has no FTS5, which the embedded index needs", true);
    const std::string pragmas = fmt::format(
        "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous={}; PRAGMA cache_size=-{}; "
        "PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864; PRAGMA temp_store=MEMORY;",
        settings.sync_every_commit ? "FULL" : "NORMAL", db == &writer_ ? 8000 : 4000);
    if (sqlite3_exec(*db, pragmas.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
      return failed(*db, "cannot set up");
    if (db == &writer_ && sqlite3_exec(*db, kSchema, nullptr, nullptr, nullptr) != SQLITE_OK)
      return failed(*db, "cannot create its tables");
  }
  if (sqlite3_exec(reader_, "CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, words, row)", nullptr,
                   nullptr, nullptr) != SQLITE_OK)
    return failed(reader_, "cannot read its words");
  if (auto status = load(settings); !status.ok()) return status;
  return prepare_statements();
}

Status Store::load(const Settings&) {
  Statement all;
  if (all.prepare(writer_, "SELECT key, value FROM meta") != SQLITE_OK) return failed(writer_, "cannot read");
  auto mapping = std::make_shared<Mapping>();
  Json mapping_json;
  int rc;
  while ((rc = all.step()) == SQLITE_ROW) {
    const auto key = all.bytes(0);
    if (key == "next_seq") next_seq_ = all.integer(1);
    if (key == "documents") documents_ = all.integer(1);
    if (key == "irregular") irregular_ = all.integer(1) != 0;
    if (key == "created") created_ms_ = all.integer(1);
    if (key == "uuid") uuid_ = std::string(all.bytes(1));
    if (key == "mapping" || key == "settings") {
      auto json = parse_json(all.bytes(1));
      if (!json.ok())
        return Status::error(Fault::system, fmt::format("index {}: its {} is not JSON", name_, key));
      (key == "mapping" ? mapping_json : settings_) = std::move(json.value());
    }
  }
  if (rc != SQLITE_DONE) return failed(writer_, "cannot read");
  mapping->settings(settings_);
  std::vector<std::string> warnings;
  if (auto error = mapping->put(mapping_json, warnings))
    return Status::error(Fault::system,
                         fmt::format("index {}: its mapping cannot be read: {}", name_, error.reason));
  working_ = std::make_unique<Mapping>(*mapping);
  mapping_ = std::move(mapping);
  if (uuid_.empty()) {
    uuid_ = random_uuid();
    created_ms_ = wall_nanos() / 1000000;
    Statement put;
    if (put.prepare(writer_, "INSERT INTO meta VALUES('uuid', ?), ('created', ?), ('name', ?)") != SQLITE_OK)
      return failed(writer_, "cannot write");
    put.bind(1, uuid_);
    put.bind(2, created_ms_);
    put.bind(3, name_);
    if (put.step() != SQLITE_DONE) return failed(writer_, "cannot write");
  }
  return {};
}

Status Store::prepare_statements() {
  const std::pair<Statement*, const char*> all[] = {
      {&begin_, "BEGIN IMMEDIATE"},
      {&commit_, "COMMIT"},
      {&rollback_, "ROLLBACK"},
      {&find_, "SELECT seq, version FROM docs WHERE id=?"},
      {&find_source_, "SELECT seq, version, src FROM docs WHERE id=?"},
      {&insert_, "INSERT INTO docs(seq, id, version, ts, src) VALUES(?,?,?,?,?)"},
      {&words_, "INSERT INTO words(rowid, t) VALUES(?,?)"},
      {&remove_, "DELETE FROM docs WHERE seq=?"},
      {&meta_, "INSERT INTO meta VALUES(?1,?2) ON CONFLICT(key) DO UPDATE SET value=?2"},
      {&length_,
       "INSERT INTO lengths VALUES(?1,?2,?3) ON CONFLICT(field) DO UPDATE SET documents=documents+?2, "
       "words=words+?3"},
  };
  for (auto [statement, sql] : all)
    if (statement->prepare(writer_, sql) != SQLITE_OK) return failed(writer_, "cannot prepare");
  return {};
}

std::shared_ptr<const Mapping> Store::mapping() const {
  std::lock_guard lock(state_mutex_);
  return mapping_;
}

Json Store::settings() const {
  std::lock_guard lock(state_mutex_);
  return settings_;
}

Status Store::begin() {
  pending_seq_ = next_seq_;
  pending_documents_ = 0;
  pending_irregular_ = false;
  pending_lengths_.clear();
  Run run(begin_);
  return begin_.step() == SQLITE_DONE ? Status{} : failed(writer_, "cannot begin to write");
}

void Store::set_settings(const Json& settings) {
  std::lock_guard lock(state_mutex_);
  settings_ = settings;
  settings_changed_ = true;
}

Status Store::put_meta(std::string_view key, std::string_view value) {
  Run run(meta_);
  meta_.bind(1, key);
  meta_.bind(2, value);
  return meta_.step() == SQLITE_DONE ? Status{} : failed(writer_, "cannot write");
}

Status Store::save_meta() {
  const auto number = [this](std::string_view key, int64_t value) {
    Run run(meta_);
    meta_.bind(1, key);
    meta_.bind(2, value);
    return meta_.step() == SQLITE_DONE ? Status{} : failed(writer_, "cannot write");
  };
  if (pending_seq_ != next_seq_) {
    if (auto s = number("next_seq", pending_seq_); !s.ok()) return s;
    if (auto s = number("documents", documents_ + pending_documents_); !s.ok()) return s;
  }
  if (pending_irregular_ && !irregular_)
    if (auto s = number("irregular", 1); !s.ok()) return s;
  if (mapping_changed_)
    if (auto s = put_meta("mapping", working_->to_json().dump()); !s.ok()) return s;
  if (settings_changed_)
    if (auto s = put_meta("settings", settings_.dump()); !s.ok()) return s;
  return {};
}

Status Store::save_lengths() {
  if (pending_lengths_.empty()) return {};
  Status status;
  working_->each_leaf([&](const Field& field) {
    const auto it = pending_lengths_.find(field.id);
    if (it == pending_lengths_.end() || !status.ok()) return;
    Run run(length_);
    length_.bind(1, field.name);
    length_.bind(2, it->second.documents);
    length_.bind(3, it->second.words);
    if (length_.step() != SQLITE_DONE) status = failed(writer_, "cannot write");
  });
  return status;
}

Status Store::commit() {
  Status status = save_lengths();
  if (status.ok()) status = save_meta();
  if (status.ok()) {
    Run run(commit_);
    if (commit_.step() != SQLITE_DONE) status = failed(writer_, "cannot commit");
  }
  if (!status.ok()) {
    rollback();
    return status;
  }
  next_seq_ = pending_seq_;
  documents_ += pending_documents_;
  if (pending_irregular_) irregular_ = true;
  settings_changed_ = false;
  if (mapping_changed_) {
    auto published = std::make_shared<const Mapping>(*working_);
    std::lock_guard lock(state_mutex_);
    mapping_ = std::move(published);
    mapping_changed_ = false;
  }
  return {};
}

void Store::rollback() {
  Run run(rollback_);
  if (sqlite3_get_autocommit(writer_) == 0) rollback_.step();
  if (mapping_changed_) *working_ = *mapping_;
  mapping_changed_ = false;
}

Status Store::find_for_update(std::string_view id, bool with_source, Found& out) {
  Statement& find = with_source ? find_source_ : find_;
  Run run(find);
  find.bind(1, id);
  const int rc = find.step();
  out.found = rc == SQLITE_ROW;
  if (out.found) {
    out.seq = find.integer(0);
    out.version = find.integer(1);
    if (with_source) out.source = find.bytes(2);
  }
  return rc == SQLITE_ROW || rc == SQLITE_DONE ? Status{} : failed(writer_, "cannot look up a document");
}

Status Store::insert(std::string_view id, int64_t version, std::string_view source, const Analysed& analysed,
                     int64_t& seq) {
  seq = pending_seq_++;
  {
    Run run(insert_);
    insert_.bind(1, seq);
    insert_.bind(2, id);
    insert_.bind(3, version);
    if (analysed.has_timestamp)
      insert_.bind(4, analysed.timestamp);
    else
      insert_.bind_null(4);
    insert_.bind_blob(5, source);
    if (insert_.step() != SQLITE_DONE) return failed(writer_, "cannot store a document");
  }
  {
    Run run(words_);
    words_.bind(1, seq);
    words_.bind(2, analysed.words);
    if (words_.step() != SQLITE_DONE) return failed(writer_, "cannot index a document");
  }
  ++pending_documents_;
  pending_irregular_ = pending_irregular_ || analysed.irregular;
  for (auto [field, words] : analysed.lengths) {
    auto& length = pending_lengths_[field];
    ++length.documents;
    length.words += words;
  }
  return {};
}

Status Store::remove_replaced(int64_t stored_seq) {
  Run run(remove_);
  remove_.bind(1, stored_seq);
  if (remove_.step() != SQLITE_DONE) return failed(writer_, "cannot delete a document");
  --pending_documents_;
  return {};
}

Status Store::remove(int64_t stored_seq, int64_t& seq) {
  if (auto status = remove_replaced(stored_seq); !status.ok()) return status;
  seq = pending_seq_++;
  return {};
}

}  // namespace sluice::index
