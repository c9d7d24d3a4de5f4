// The nested options of jdbc_static: loaders, local_db_objects, local_lookups.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "event/field_ref.hpp"
#include "plugin/setup.hpp"
#include "plugins/jdbc/local_store.hpp"
#include "plugins/jdbc/parameter.hpp"

namespace sluice::jdbc {

/// One query to the local tables.
struct Lookup {
  std::string id;
  FieldRef target;
  Statement statement;
  std::vector<Parameter> parameters;
  Value fallback;  // a list of one row, or null
  std::vector<std::string> failure_tags, default_tags;
  Span where;  // in the config
};

struct StaticConfig {
  std::vector<Table> tables;
  std::vector<Loader> loaders;
  std::vector<Lookup> lookups;
};

/// Reads the three options; `arena` holds the constants. Problems are reported at their place.
StaticConfig read_static(plugin::Setup& setup, const Settings& settings, Arena& arena);

}  // namespace sluice::jdbc
