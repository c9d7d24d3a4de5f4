#include "plugins/jdbc/target.hpp"

#include <algorithm>

#include "net/http_server.hpp"

namespace sluice::jdbc {
namespace {

constexpr std::string_view kScheme = "jdbc:";
constexpr std::string_view kDrivers = "the drivers that are built in are those of PostgreSQL and SQLite";

// A parameter of PostgreSQL's JDBC driver, and libpq's keyword for it.
constexpr std::pair<std::string_view, std::string_view> kParameters[] = {
    {"user", "user"},
    {"password", "password"},
    {"sslmode", "sslmode"},
    {"sslrootcert", "sslrootcert"},
    {"sslcert", "sslcert"},
    {"sslkey", "sslkey"},
    {"sslpassword", "sslpassword"},
    {"ApplicationName", "application_name"},
    {"connectTimeout", "connect_timeout"},
    {"loginTimeout", "connect_timeout"},
    {"options", "options"},
};

Status add_parameter(std::string_view name, const std::string& value, Target& target) {
  if (name == "ssl") {
    if (value != "false") target.keywords.emplace_back("sslmode", "verify-full");
    return {};
  }
  const auto known = std::find_if(std::begin(kParameters), std::end(kParameters),
                                  [&](const auto& p) { return p.first == name; });
  if (known == std::end(kParameters))
    return Status::config("its parameter `" + std::string(name) + "` is not supported");
  target.keywords.emplace_back(known->second, value);
  return {};
}

// "//host:port,host:port/database?parameters", "/database" or "database"
Result<Target> parse_postgresql(std::string_view text) {
  Target target;
  target.kind = Target::Kind::postgresql;
  const size_t mark = std::min(text.find('?'), text.size());
  std::string_view query = mark < text.size() ? text.substr(mark + 1) : std::string_view{};
  text = text.substr(0, mark);
  std::string_view hosts = "localhost", database = text;
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const size_t slash = std::min(text.find('/'), text.size());
    hosts = text.substr(0, slash);
    database = slash < text.size() ? text.substr(slash + 1) : std::string_view{};
  } else if (database.starts_with('/')) {
    database.remove_prefix(1);
  }
  std::string names, ports;
  while (!hosts.empty()) {
    const size_t comma = std::min(hosts.find(','), hosts.size());
    auto one = hosts.substr(0, comma);
    hosts.remove_prefix(std::min(comma + 1, hosts.size()));
    const size_t colon = one.starts_with('[') ? one.find(':', one.find(']')) : one.find(':');
    auto name = one.substr(0, colon);
    if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
    if (!names.empty()) names += ',', ports += ',';
    names += name;
    ports += colon == std::string_view::npos ? "5432" : std::string(one.substr(colon + 1));
  }
  target.keywords.emplace_back("host", names.empty() ? "localhost" : names);
  target.keywords.emplace_back("port", ports.empty() ? "5432" : ports);
  if (!database.empty()) target.keywords.emplace_back("dbname", net::url_decode(database, false));
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const auto one = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const size_t equals = std::min(one.find('='), one.size());
    const auto value = equals < one.size() ? net::url_decode(one.substr(equals + 1), false) : std::string();
    if (auto status = add_parameter(one.substr(0, equals), value, target); !status.ok()) return status;
  }
  return target;
}

}  // namespace

Result<Target> parse_connection_string(std::string_view text) {
  if (!text.starts_with(kScheme)) return Status::config("it does not begin with jdbc:");
  const auto rest = text.substr(kScheme.size());
  const auto driver = rest.substr(0, rest.find(':'));
  if (driver.size() == rest.size()) return Status::config("it names no driver");
  const auto where = rest.substr(driver.size() + 1);
  if (driver == "postgresql") return parse_postgresql(where);
  if (driver != "sqlite")
    return Status::config("there is no driver for `" + std::string(driver) + "`: " + std::string(kDrivers));
  Target target;
  target.path = where.substr(0, where.find('?'));
  if (where.find('?') != std::string_view::npos)
    return Status::config("parameters of SQLite are not supported");
  if (target.path.empty()) target.path = ":memory:";
  return target;
}

}  // namespace sluice::jdbc
