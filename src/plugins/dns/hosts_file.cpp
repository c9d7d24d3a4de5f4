#include "plugins/dns/hosts_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace sluice::plugins::dns {
namespace {

const std::string* found_in(const std::unordered_map<std::string, std::string>& all, const std::string& key) {
  const auto found = all.find(key);
  return found == all.end() ? nullptr : &found->second;
}

}  // namespace

Result<HostsFile> HostsFile::read(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Status::config(path + ": " + std::strerror(errno));
  HostsFile hosts;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string address, name;
    if (!(words >> address)) continue;
    while (words >> name) {
      hosts.names_.try_emplace(address, name);
      hosts.addresses_[name] = address;
    }
  }
  if (file.bad()) return Status::config(path + " cannot be read");
  return hosts;
}

const std::string* HostsFile::address_of(const std::string& name) const { return found_in(addresses_, name); }
const std::string* HostsFile::name_of(const std::string& address) const { return found_in(names_, address); }

}  // namespace sluice::plugins::dns
