// The options by which the jdbc plugins reach a database.
#pragma once

#include "plugin/option.hpp"
#include "plugin/setup.hpp"
#include "plugins/jdbc/connection.hpp"

namespace sluice::jdbc {

inline constexpr plugin::Option kConnectionOptions[] = {
    {"jdbc_connection_string",
     plugin::Type::string,
     {},
     "The database: jdbc:postgresql://host:port/name or jdbc:sqlite:/path.",
     plugin::kRequired},
    {"jdbc_user", plugin::Type::string, {}, "The user's name."},
    {"jdbc_password", plugin::Type::password, {}, "The user's password."},
    {"jdbc_driver_class",
     plugin::Type::string,
     {},
     "The class of Logstash's Java driver; not needed, because the drivers are built in."},
    {"jdbc_driver_library",
     plugin::Type::string,
     {},
     "The file of Logstash's Java driver; not needed, because the drivers are built in."},
};

/// Reads them. Problems are reported at their option.
Settings read_connection(plugin::Setup& setup);

/// A value of the config as a constant: texts, numbers, lists and hashes.
Value constant(const lang::Value& written, Arena& arena);

}  // namespace sluice::jdbc
