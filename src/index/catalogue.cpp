#include "index/catalogue.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/log.hpp"
#include "base/time.hpp"
#include "index/text.hpp"

namespace sluice::index {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kLogger = "sluice.index";
constexpr size_t kLongestPlainName = 180;  // leaves room for suffixes within a file name's 255 bytes

std::string hash_of(std::string_view text) {
  uint64_t h = 14695981039346656037ULL;
  for (char c : text) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return fmt::format("{:016x}", h);
}

/// The index name in a file's name: what is not plain is %XX.
std::string file_stem(std::string_view name) {
  std::string out;
  for (char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                       (c == '.' && !out.empty());
    if (plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  if (out.size() > kLongestPlainName) out = out.substr(0, kLongestPlainName - 20) + "~" + hash_of(name);
  return out;
}

std::string name_of_stem(std::string_view stem) {
  std::string out;
  for (size_t i = 0; i < stem.size(); ++i) {
    if (stem[i] == '%' && i + 2 < stem.size()) {
      out += static_cast<char>(std::stoi(std::string(stem.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += stem[i];
    }
  }
  return out;
}

/// The name that a file with a cut name keeps inside.
std::string stored_name(const std::string& path) {
  sqlite3* db = nullptr;
  std::string out;
  if (sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK) {
    Statement s;
    if (s.prepare(db, "SELECT value FROM meta WHERE key='name'") == SQLITE_OK && s.step() == SQLITE_ROW)
      out = s.bytes(0);
  }
  sqlite3_close_v2(db);
  return out;
}

bool has_header(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  char head[16] = {};
  in.read(head, sizeof head);
  return in.gcount() == 0 || (in.gcount() == 16 && std::string_view(head, 15) == "SQLite format 3");
}

}  // namespace

Error check_index_name(std::string_view name) {
  const auto bad = [&](const std::string& why) {
    return Error::bad("invalid_index_name_exception", fmt::format("Invalid index name [{}], {}", name, why));
  };
  if (name.empty()) return bad("must not be empty");
  if (name.find_first_of(std::string_view("\\/*?\"<>| ,\0", 11)) != std::string_view::npos)
    return bad("must not contain the following characters [ , \", *, \\, <, |, ,, >, /, ?]");
  if (name.find('#') != std::string_view::npos) return bad("must not contain '#'");
  if (name.find(':') != std::string_view::npos) return bad("must not contain ':'");
  if (name.front() == '_' || name.front() == '-' || name.front() == '+')
    return bad("must not start with '_', '-', or '+'");
  if (lower_case(name) != name) return bad("must be lowercase");
  if (name.size() > 255) return bad(fmt::format("index name is too long, ({} > 255)", name.size()));
  if (name == "." || name == "..") return bad("must not be '.' or '..'");
  return {};
}

Status ClusterState::open(const std::string& path) {
  path_ = path;
  std::error_code failed;
  if (!fs::exists(path, failed) && !failed) return {};
  if (auto status = connect(); !status.ok()) return status;
  Statement all;
  if (all.prepare(db_, "SELECT kind, name, value FROM kv") != SQLITE_OK) return cannot_open();
  while (all.step() == SQLITE_ROW) {
    auto json = parse_json(all.bytes(2));
    if (json.ok()) values_[std::string(all.bytes(0))][std::string(all.bytes(1))] = std::move(*json);
  }
  return {};
}

// A new file waits for the disk six times, which a start need not do: the first put() makes it.
Status ClusterState::connect() {
  if (db_) return {};
  if (sqlite3_open_v2(path_.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
                      nullptr) == SQLITE_OK) {
    sqlite3_busy_timeout(db_, 10000);
    if (sqlite3_exec(db_,
                     "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; CREATE TABLE IF NOT EXISTS kv(kind "
                     "TEXT, name TEXT, value TEXT, PRIMARY KEY(kind, name))",
                     nullptr, nullptr, nullptr) == SQLITE_OK)
      return {};
  }
  auto status = cannot_open();
  sqlite3_close_v2(std::exchange(db_, nullptr));
  return status;
}

Status ClusterState::cannot_open() const {
  return Status::system(fmt::format("cannot open {}: {}", path_, sqlite3_errmsg(db_)));
}

Status ClusterState::put(const std::string& kind, const std::string& name, const Json& value) {
  std::lock_guard lock(mutex_);
  if (auto status = connect(); !status.ok()) return status;
  Statement s;
  const std::string text = value.dump();
  s.prepare(db_, "INSERT INTO kv VALUES(?1,?2,?3) ON CONFLICT(kind, name) DO UPDATE SET value=?3");
  s.bind(1, kind);
  s.bind(2, name);
  s.bind(3, text);
  if (s.step() != SQLITE_DONE)
    return Status::system(fmt::format("cannot store {} [{}]: {}", kind, name, sqlite3_errmsg(db_)));
  values_[kind][name] = value;
  return {};
}

bool ClusterState::remove(const std::string& kind, const std::string& name) {
  std::lock_guard lock(mutex_);
  if (!db_) return false;
  Statement s;
  s.prepare(db_, "DELETE FROM kv WHERE kind=? AND name=?");
  s.bind(1, kind);
  s.bind(2, name);
  s.step();
  return values_[kind].erase(name) > 0;
}

std::optional<Json> ClusterState::get(const std::string& kind, const std::string& name) const {
  std::lock_guard lock(mutex_);
  const auto group = values_.find(kind);
  if (group == values_.end()) return std::nullopt;
  const auto it = group->second.find(name);
  return it == group->second.end() ? std::nullopt : std::optional(it->second);
}

std::map<std::string, Json> ClusterState::all(const std::string& kind) const {
  std::lock_guard lock(mutex_);
  const auto group = values_.find(kind);
  return group == values_.end() ? std::map<std::string, Json>{} : group->second;
}

std::string Catalogue::path_for(std::string_view name) const {
  return settings_.directory + "/" + file_stem(name) + ".db";
}

Status Catalogue::open(const Settings& settings) {
  settings_ = settings;
  std::error_code failed;
  fs::create_directories(settings.directory, failed);
  if (failed)
    return Status::system(fmt::format(
        "the embedded index cannot make its directory {}: {}. Set path.data to a place that can be written.",
        settings.directory, failed.message()));
  if (::access(settings.directory.c_str(), W_OK) != 0)
    return Status::system(
        fmt::format("the embedded index cannot write to its directory {}: {}. Set path.data to a place that "
                    "can be written.",
                    settings.directory, std::strerror(errno)));
  if (auto status = state_.open(settings.directory + "/_cluster.state"); !status.ok()) return status;
  std::vector<std::pair<std::string, std::string>> broken;
  for (const auto& file : fs::directory_iterator(settings.directory, failed)) {
    const auto path = file.path();
    if (path.extension() == ".damaged" || path.extension() != ".db") continue;
    const std::string stem = path.stem().string();
    const std::string name =
        stem.find('~') == std::string::npos ? name_of_stem(stem) : stored_name(path.string());
    entries_[name.empty() ? stem : name].path = path.string();
    if (!has_header(path.string())) broken.emplace_back(name, "it is not an SQLite file");
  }
  if (failed)
    return Status::system(
        fmt::format("the embedded index cannot read {}: {}", settings.directory, failed.message()));
  for (const auto& [name, why] : broken) set_aside(name, why);
  return {};
}

std::vector<std::string> Catalogue::names() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  out.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) out.push_back(name);
  return out;
}

bool Catalogue::exists(std::string_view name) const {
  std::lock_guard lock(mutex_);
  return entries_.find(name) != entries_.end();
}

size_t Catalogue::open_count() const {
  std::lock_guard lock(mutex_);
  return recent_.size();
}

std::vector<Catalogue::Damage> Catalogue::damaged() const {
  std::lock_guard lock(mutex_);
  return damaged_;
}

/// Closes the indices that were not used for longest, but none that a request holds: two stores of one file
/// would give the same numbers twice.
void Catalogue::make_room() {
  for (auto it = recent_.end(); recent_.size() >= settings_.max_open && it != recent_.begin();) {
    --it;
    Entry& entry = entries_.find(*it)->second;
    if (entry.store.use_count() > 1) continue;
    entry.store.reset();
    it = recent_.erase(it);
  }
}

std::shared_ptr<Store> Catalogue::open_entry(const std::string& name, Entry& entry, Error& error) {
  if (entry.store) {
    recent_.splice(recent_.begin(), recent_, entry.recent);
    return entry.store;
  }
  make_room();
  auto opened = Store::open(entry.path, {name, settings_.sync_every_commit});
  if (!opened.ok()) {
    const auto status = opened.status();
    error = {status.retriable() ? 503 : 500, "exception", status.message(), {}, {}, name, false};
    if (!status.retriable()) {
      set_aside_locked(name, status.message());
      error = {404,
               "index_not_found_exception",
               "no such index [" + name + "] (its file was damaged and has been set aside)",
               {},
               {},
               name,
               false};
    }
    return nullptr;
  }
  entry.store = std::move(opened.value());
  recent_.push_front(name);
  entry.recent = recent_.begin();
  return entry.store;
}

std::shared_ptr<Store> Catalogue::acquire(const std::string& name, Error& error) {
  std::lock_guard lock(mutex_);
  const auto it = entries_.find(name);
  if (it == entries_.end()) {
    error = {404, "index_not_found_exception", "no such index [" + name + "]", {}, {}, name, false};
    return nullptr;
  }
  return open_entry(name, it->second, error);
}

std::shared_ptr<Store> Catalogue::create(const std::string& name, const Json& settings, const Json& mappings,
                                         bool& created, Error& error) {
  std::lock_guard lock(mutex_);
  created = false;
  if (const auto it = entries_.find(name); it != entries_.end()) return open_entry(name, it->second, error);
  error = check_index_name(name);
  if (error) return nullptr;
  // The mapping is tried before the file is made: a wrong one leaves nothing behind.
  Mapping trial;
  std::vector<std::string> warnings;
  trial.settings(settings);
  error = trial.put(mappings, warnings);
  if (error) return nullptr;
  Entry& entry = entries_[name];
  entry.path = path_for(name);
  auto store = open_entry(name, entry, error);
  if (store) {
    auto writing = store->lock_for_writing();
    Status status = store->begin();
    if (status.ok()) {
      store->set_settings(settings);
      store->working_mapping() = std::move(trial);
      store->mapping_changed();
      status = store->commit();
    }
    if (!status.ok()) error = {503, "exception", status.message(), {}, {}, name, false};
  }
  if (error) {
    entries_.erase(name);
    recent_.remove(name);
    return nullptr;
  }
  created = true;
  for (const auto& warning : warnings) log::debug(kLogger, warning, {{"index", name}});
  return store;
}

Error Catalogue::remove(const std::string& name) {
  std::lock_guard lock(mutex_);
  const auto it = entries_.find(name);
  if (it == entries_.end())
    return {404, "index_not_found_exception", "no such index [" + name + "]", {}, {}, name, false};
  if (it->second.store) recent_.erase(it->second.recent);
  const std::string path = it->second.path;
  entries_.erase(it);  // a request that still holds the store goes on with the unlinked file
  std::error_code failed;
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(path + suffix, failed);
  for (auto& [alias, targets] : state_.all("alias")) {
    Json left = targets;
    std::erase_if(left.members, [&](const auto& m) { return m.first == name; });
    if (left.members.size() == targets.members.size()) continue;
    if (left.members.empty())
      state_.remove("alias", alias);
    else if (auto status = state_.put("alias", alias, left); !status.ok())
      log::warn(kLogger, status.message());
  }
  return {};
}

void Catalogue::set_aside(const std::string& name, const std::string& why) {
  std::lock_guard lock(mutex_);
  set_aside_locked(name, why);
}

void Catalogue::set_aside_locked(const std::string& name, const std::string& why) {
  const auto it = entries_.find(name);
  if (it == entries_.end()) return;
  if (it->second.store) recent_.erase(it->second.recent);
  const std::string path = it->second.path;
  entries_.erase(it);
  std::error_code failed;
  std::string target = path + ".damaged";
  for (int n = 1; fs::exists(target, failed); ++n) target = fmt::format("{}.{}.damaged", path, n);
  fs::rename(path, target, failed);
  for (const char* suffix : {"-wal", "-shm"}) fs::rename(path + suffix, target + suffix, failed);
  damaged_.push_back({name, target, why});
  log::error(kLogger, "An index is damaged and has been set aside; the others go on",
             {{"index", name}, {"file", target}, {"reason", why}});
}

std::vector<std::string> Catalogue::alias_targets(const std::string& alias) const {
  std::vector<std::string> out;
  if (const auto targets = state_.get("alias", alias))
    for (const auto& [name, options] : targets->members) out.push_back(name);
  return out;
}

Error Catalogue::resolve(std::string_view expression, const Resolve& options,
                         std::vector<std::string>& out) const {
  const auto known = names();
  const auto aliases = state_.all("alias");
  const auto add = [&](const std::string& name) {
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
  };
  const auto missing = [&](std::string_view name) {
    return Error{
        404,  "index_not_found_exception", fmt::format("no such index [{}]", name), {}, {}, std::string(name),
        false};
  };
  if (expression.empty() || expression == "_all") expression = "*";
  bool seen_wildcard = false;
  for (std::string_view rest = expression; !rest.empty();) {
    const auto comma = rest.find(',');
    std::string_view one = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    const bool exclude = seen_wildcard && one.size() > 1 && one.front() == '-';
    if (exclude) one.remove_prefix(1);
    if (one.find('*') != std::string_view::npos || exclude) {
      seen_wildcard = true;
      if (!options.wildcards) continue;
      if (exclude) {
        std::erase_if(out, [&](const std::string& name) { return wildcard_match(one, name); });
        continue;
      }
      const size_t before = out.size();
      for (const auto& name : known)
        if (wildcard_match(one, name) && (name.front() != '.' || one.front() == '.')) add(name);
      for (const auto& [alias, targets] : aliases)
        if (wildcard_match(one, alias))
          for (const auto& [name, how] : targets.members) add(name);
      if (out.size() == before && !options.allow_no_indices) return missing(one);
      continue;
    }
    if (std::binary_search(known.begin(), known.end(), one)) {
      add(std::string(one));
    } else if (const auto it = aliases.find(std::string(one)); it != aliases.end()) {
      for (const auto& [name, how] : it->second.members) add(name);
    } else if (!options.ignore_unavailable) {
      if (auto error = one.front() == '_' ? check_index_name(one) : Error{}) return error;
      return missing(one);
    }
  }
  return {};
}

}  // namespace sluice::index
