#include "plugins/collectd/types.hpp"

#include <fstream>

namespace sluice::plugins::collectd {
namespace {

// A type and its values in order. Where they are documented: collectd's types.db(5).
constexpr std::string_view kBuiltin[] = {
    "arc_counts demand_data demand_metadata prefetch_data prefetch_metadata",
    "arc_l2_bytes read write",
    "arc_size current target minlimit maxlimit",
    "compression uncompressed compressed",
    "df used free",
    "disk_io_time io_time weighted_io_time",
    "disk_latency read write",
    "disk_merged read write",
    "disk_octets read write",
    "disk_ops read write",
    "disk_time read write",
    "dns_octets queries responses",
    "if_dropped rx tx",
    "if_errors rx tx",
    "if_octets rx tx",
    "if_packets rx tx",
    "io_octets rx tx",
    "io_packets rx tx",
    "load shortterm midterm longterm",
    "memcached_octets rx tx",
    "mysql_octets rx tx",
    "mysql_qcache hits inserts not_cached lowmem_prunes queries_in_cache",
    "mysql_threads running connected cached created",
    "node_octets rx tx",
    "ps_count processes threads",
    "ps_cputime user syst",
    "ps_disk_octets read write",
    "ps_disk_ops read write",
    "ps_pagefaults minflt majflt",
    "serial_octets rx tx",
    "smart_attribute current worst threshold pretty",
    "vmpage_faults minflt majflt",
    "vmpage_io in out",
    "voltage_threshold value threshold",
};

std::string_view next_word(std::string_view& line) {
  constexpr std::string_view kBlank = " \t\r\v\f";
  const auto begin = line.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return line = {};
  line.remove_prefix(begin);
  const auto word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(word.size());
  return word;
}

}  // namespace

Types Types::builtin() {
  Types types;
  for (const auto line : kBuiltin) types.add(line);
  return types;
}

void Types::add(std::string_view line) {
  const auto type = next_word(line);
  if (type.empty() || type[0] == '#') return;
  std::vector<Key> names;
  for (auto word = next_word(line); !word.empty(); word = next_word(line))
    names.push_back(Key::intern(word.substr(0, word.find(':'))));
  types_[std::string(type)] = std::move(names);
}

Status Types::load(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file) return Status::config("it cannot be read");
  while (std::getline(file, line)) add(line);
  return file.bad() || !file.eof() ? Status::config("it cannot be read to its end") : Status{};
}

const std::vector<Key>* Types::find(std::string_view type) const {
  const auto it = types_.find(type);
  return it == types_.end() ? nullptr : &it->second;
}

}  // namespace sluice::plugins::collectd
