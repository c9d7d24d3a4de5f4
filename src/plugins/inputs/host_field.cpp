#include "plugins/inputs/host_field.hpp"

#include <unistd.h>

namespace sluice::plugins {

std::string host_name(const plugin::Environment& environment) {
  if (!environment.node_name.empty()) return environment.node_name;
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

}  // namespace sluice::plugins
