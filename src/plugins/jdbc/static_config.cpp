#include "plugins/jdbc/static_config.hpp"

#include <algorithm>
#include <charconv>
#include <functional>

#include "plugins/jdbc/options.hpp"

namespace sluice::jdbc {
namespace {

using lang::Value;
using Kind = lang::Value::Kind;

/// One hash of such an option, key by key.
class Section {
 public:
  Section(plugin::Setup& setup, std::string_view option, const Value& written)
      : setup_(setup), option_(option), written_(written) {
    if (written.kind != Kind::hash) error("an entry is no hash", "Write it as { name => value ... }.");
  }

  const Value* find(std::string_view key) {
    known_.emplace_back(key);
    for (const auto& entry : written_.entries)
      if (entry.key.text == key) return &entry.value;
    return nullptr;
  }
  std::string text(std::string_view key, bool required = false) {
    const Value* value = find(key);
    if (value && value->scalar()) return value->text;
    if (value || required)
      error("`" + std::string(key) + "` " + (value ? "has to be a text" : "is missing"),
            "Add " + std::string(key) + " => \"...\".");
    return {};
  }
  std::vector<std::string> texts(std::string_view key) {
    std::vector<std::string> all;
    const Value* value = find(key);
    if (value && value->scalar()) all.push_back(value->text);
    if (value)
      for (const auto& item : value->items) all.push_back(item.text);
    return all;
  }
  [[nodiscard]] Span span() const { return written_.span; }
  void error(const std::string& what, const std::string& help) {
    setup_.diagnostics.error("E0306", written_.span, "`" + std::string(option_) + "`: " + what, help);
  }
  /// To be called last: keys that nobody asked for are mistakes.
  void refuse_others() {
    for (const auto& entry : written_.entries)
      if (std::find(known_.begin(), known_.end(), entry.key.text) == known_.end())
        setup_.diagnostics.error("E0306", entry.key.span,
                                 "`" + std::string(option_) + "` knows no `" + entry.key.text + "`",
                                 "Remove it.");
  }

 private:
  plugin::Setup& setup_;
  std::string_view option_;
  const Value& written_;
  std::vector<std::string> known_;
};

void each(plugin::Setup& setup, std::string_view option, const std::function<void(Section&)>& read) {
  const auto& entry = setup.options.entry(option);
  if (!entry.present) return;
  const auto one = [&](const Value& value) {
    Section section(setup, option, value);
    read(section);
    if (value.kind == Kind::hash) section.refuse_others();
  };
  if (entry.value.kind == Kind::array)
    for (const auto& item : entry.value.items) one(item);
  else
    one(entry.value);
}

Table read_table(Section& section) {
  Table table;
  table.name = section.text("name", true);
  section.find("preserve_existing");  // the tables never exist before
  const auto* columns = section.find("columns");
  for (size_t i = 0; columns && i < columns->items.size(); ++i) {
    const auto& column = columns->items[i];
    if (column.kind == Kind::array && column.items.size() == 2 && column.items[0].scalar() &&
        column.items[1].scalar())
      table.columns.emplace_back(column.items[0].text, column.items[1].text);
    else
      section.error("a column of `" + table.name + "` is not a list of two texts",
                    "Write columns => [[\"ip\", \"varchar(64)\"], [\"name\", \"varchar(64)\"]].");
  }
  if (!columns || columns->items.empty())
    section.error("`columns` of `" + table.name + "` is missing",
                  "Add columns => [[\"ip\", \"varchar(64)\"]].");
  table.indexed = section.texts("index_columns");
  for (const auto& name : table.indexed)
    if (std::none_of(table.columns.begin(), table.columns.end(),
                     [&](const auto& c) { return c.first == name; }))
      section.error("`index_columns` names `" + name + "`, which is no column of `" + table.name + "`",
                    "Name columns of the table.");
  return table;
}

Loader read_loader(Section& section, const Settings& settings) {
  Loader loader;
  loader.table = section.text("local_table", true);
  loader.query = section.text("query", true);
  loader.id = section.text("id");
  if (loader.id.empty()) loader.id = loader.table;
  if (const auto rows = section.text("max_rows"); !rows.empty()) {
    const auto [end, error] = std::from_chars(rows.data(), rows.data() + rows.size(), loader.max_rows);
    if (error != std::errc() || end != rows.data() + rows.size())
      section.error("`max_rows` has to be a number", "Write max_rows => 10000.");
  }
  loader.settings = settings;
  loader.where = section.span();
  if (const auto where = section.text("jdbc_connection_string"); !where.empty()) {
    auto target = parse_connection_string(where);
    if (target.ok())
      loader.settings.target = std::move(target).value();
    else
      section.error("`jdbc_connection_string` cannot be used: " + target.message(),
                    "Write it as jdbc:postgresql://host:5432/name or jdbc:sqlite:/path.");
  }
  if (const auto user = section.text("jdbc_user"); !user.empty()) loader.settings.user = user;
  if (const auto password = section.text("jdbc_password"); !password.empty())
    loader.settings.password = password;
  section.find("jdbc_driver_class"), section.find("jdbc_driver_library");  // the drivers are built in
  return loader;
}

void add_parameter(Section& section, const std::string& written, Lookup& lookup) {
  auto parameter = Parameter::field_or_text(written);
  if (parameter.ok())
    lookup.parameters.push_back(std::move(parameter).value());
  else
    section.error(parameter.message(), "Write a field as `name` or as [outer][inner].");
}

void read_parameters(Section& section, const std::string& query, Lookup& lookup) {
  const auto *named = section.find("parameters"), *prepared = section.find("prepared_parameters");
  std::vector<std::string> names;
  if (named && prepared) {
    section.error("`parameters` and `prepared_parameters` exclude one another", "Remove one of them.");
  } else if (prepared) {
    lookup.statement = Statement::positional(query);
    for (const auto& written : section.texts("prepared_parameters")) add_parameter(section, written, lookup);
    if (lookup.parameters.size() != lookup.statement.placeholders())
      section.error("the query has " + std::to_string(lookup.statement.placeholders()) +
                        " placeholders `?`, and " + std::to_string(lookup.parameters.size()) +
                        " parameters are given for them",
                    "Give one parameter for each `?`.");
    return;
  } else if (named && named->kind != Kind::hash) {
    section.error("`parameters` has to be a hash", "Write parameters => { \"ip\" => \"[source][ip]\" }.");
  } else if (named) {
    for (const auto& entry : named->entries) {
      names.push_back(entry.key.text);
      add_parameter(section, entry.value.text, lookup);
    }
  }
  lookup.statement = Statement::named(query, names);
}

Lookup read_lookup(Section& section, size_t number, const plugin::Options& options, Arena& arena) {
  Lookup lookup;
  lookup.where = section.span();
  lookup.id = section.text("id");
  if (lookup.id.empty()) lookup.id = "lookup-" + std::to_string(number);
  const auto target = section.text("target");
  auto field = FieldRef::parse(target.empty() ? lookup.id : target);
  if (field.ok())
    lookup.target = std::move(field).value();
  else
    section.error(field.message(), "Write a field as `name` or as [outer][inner].");
  read_parameters(section, section.text("query", true), lookup);
  const auto* fallback = section.find("default_hash");
  if (fallback && !fallback->entries.empty()) {
    auto* list = Array::make(arena, 1);
    list->push(arena, constant(*fallback, arena));
    lookup.fallback = sluice::Value::array(list);
  }
  lookup.failure_tags =
      section.find("tag_on_failure") ? section.texts("tag_on_failure") : options.strings("tag_on_failure");
  lookup.default_tags = section.find("tag_on_default_use") ? section.texts("tag_on_default_use")
                                                           : options.strings("tag_on_default_use");
  return lookup;
}

void check_lookups(plugin::Setup& setup, const StaticConfig& config) {
  for (size_t i = 0; i < config.lookups.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (config.lookups[i].id == config.lookups[k].id)
        setup.error("local_lookups", "E0306", "Two lookups have the id `" + config.lookups[i].id + "`",
                    "Give each an id of its own.");
      else if (config.lookups[i].target.text() == config.lookups[k].target.text())
        setup.error("local_lookups", "E0306",
                    "Two lookups have the target `" + config.lookups[i].target.text() + "`",
                    "Give each a target of its own.");
    }
  }
}

// The tables can be made here and now, and then the queries be tried.
void try_statements(plugin::Setup& setup, const StaticConfig& config) {
  LocalStore store;
  if (auto status = store.create(config.tables); !status.ok()) {
    setup.error("local_db_objects", "E0306", "`local_db_objects`: " + status.message(),
                "Correct the names and types.");
    return;
  }
  for (const auto& loader : config.loaders)
    if (auto status = store.check("SELECT * FROM \"" + loader.table + "\""); !status.ok())
      setup.diagnostics.error("E0306", loader.where,
                              "The loader `" + loader.id + "` has no table: " + status.message(),
                              "Add the table `" + loader.table + "` to local_db_objects.");
  for (const auto& lookup : config.lookups) {
    std::string sql;
    std::vector<sluice::Value> bound;
    lookup.statement.render({}, '?', sql, bound);
    if (auto status = store.check(sql); !status.ok())
      setup.diagnostics.error(
          "E0306", lookup.where, "The query of `" + lookup.id + "` cannot be used: " + status.message(),
          "The local tables are SQLite's: write the query in its SQL, about tables of local_db_objects.");
  }
}

}  // namespace

StaticConfig read_static(plugin::Setup& setup, const Settings& settings, Arena& arena) {
  StaticConfig config;
  const size_t errors = setup.diagnostics.error_count();
  each(setup, "local_db_objects", [&](Section& section) { config.tables.push_back(read_table(section)); });
  each(setup, "loaders", [&](Section& section) { config.loaders.push_back(read_loader(section, settings)); });
  each(setup, "local_lookups", [&](Section& section) {
    config.lookups.push_back(read_lookup(section, config.lookups.size() + 1, setup.options, arena));
  });
  check_lookups(setup, config);
  if (setup.diagnostics.error_count() == errors) try_statements(setup, config);
  return config;
}

}  // namespace sluice::jdbc
