#include "plugins/jdbc/options.hpp"

namespace sluice::jdbc {

Settings read_connection(plugin::Setup& setup) {
  const auto& options = setup.options;
  Settings out;
  out.user = options.string("jdbc_user");
  out.password = options.string("jdbc_password");
  if (!options.given("jdbc_connection_string")) return out;
  auto target = parse_connection_string(options.string("jdbc_connection_string"));
  if (target.ok())
    out.target = std::move(target).value();
  else
    setup.error(
        "jdbc_connection_string", "E0306", "`jdbc_connection_string` cannot be used: " + target.message(),
        "Write it as jdbc:postgresql://host:5432/name or jdbc:sqlite:/path; for another database keep the "
        "tables that you look up in one of these, or ask it through an HTTP service with the filter http.");
  return out;
}

Value constant(const lang::Value& written, Arena& arena) {
  if (written.kind == lang::Value::Kind::number) return sql_number(written.text, arena);
  if (written.kind == lang::Value::Kind::array) {
    auto* list = Array::make(arena);
    for (const auto& item : written.items) list->push(arena, constant(item, arena));
    return Value::array(list);
  }
  if (written.kind == lang::Value::Kind::hash) {
    auto* object = Object::make(arena);
    for (const auto& entry : written.entries)
      object->set(arena, Key::intern(entry.key.text), constant(entry.value, arena));
    return Value::object(object);
  }
  return Value::string(arena.copy(written.text));
}

}  // namespace sluice::jdbc
