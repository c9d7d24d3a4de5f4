#include "plugins/cef/mapping.hpp"

#include <fmt/format.h>

#include <array>

namespace sluice::plugins::cef {
namespace {

enum : uint8_t {
  kTime = 1,
  kPreferred = 2,  // of several names with one ECS field it is the one that is written
};

// One row of the dictionary of CEF (ArcSight, "Implementing ArcSight Common Event Format", appendix A), and
// the field of the Elastic Common Schema that Logstash gives it.
struct Row {
  std::string_view name;
  std::string_view key = {};  // the short key; empty: the name is the key
  std::string_view ecs = {};
  std::string_view ecs_of_host = {};  // with `device => host`, when it differs
  std::string_view alias = {};        // an older name
  uint8_t flags = 0;
};

constexpr Row kRows[] = {
    {.name = "agentAddress", .key = "agt", .ecs = "[agent][ip]"},
    {.name = "agentDnsDomain", .ecs = "[cef][agent][registered_domain]", .flags = kPreferred},
    {.name = "agentHostName", .key = "ahost", .ecs = "[agent][name]"},
    {.name = "agentId", .key = "aid", .ecs = "[agent][id]"},
    {.name = "agentMacAddress", .key = "amac", .ecs = "[agent][mac]"},
    {.name = "agentNtDomain", .ecs = "[cef][agent][registered_domain]"},
    {.name = "agentReceiptTime", .key = "art", .ecs = "[event][created]", .flags = kTime},
    {.name = "agentTimeZone", .key = "atz", .ecs = "[cef][agent][timezone]"},
    {.name = "agentTranslatedAddress", .ecs = "[cef][agent][nat][ip]"},
    {.name = "agentTranslatedZoneExternalID", .ecs = "[cef][agent][translated_zone][external_id]"},
    {.name = "agentTranslatedZoneURI", .ecs = "[cef][agent][translated_zone][uri]"},
    {.name = "agentType", .key = "at", .ecs = "[agent][type]"},
    {.name = "agentVersion", .key = "av", .ecs = "[agent][version]"},
    {.name = "agentZoneExternalID", .ecs = "[cef][agent][zone][external_id]"},
    {.name = "agentZoneURI", .ecs = "[cef][agent][zone][uri]"},
    {.name = "applicationProtocol", .key = "app", .ecs = "[network][protocol]"},
    {.name = "baseEventCount", .key = "cnt", .ecs = "[cef][base_event_count]"},
    {.name = "bytesIn", .key = "in", .ecs = "[source][bytes]"},
    {.name = "bytesOut", .key = "out", .ecs = "[destination][bytes]"},
    {.name = "categoryDeviceType", .key = "catdt", .ecs = "[cef][device_type]"},
    {.name = "customerExternalID", .ecs = "[organization][id]"},
    {.name = "customerURI", .ecs = "[organization][name]"},
    {.name = "destinationAddress", .key = "dst", .ecs = "[destination][ip]"},
    {.name = "destinationDnsDomain", .ecs = "[destination][registered_domain]", .flags = kPreferred},
    {.name = "destinationGeoLatitude",
     .key = "dlat",
     .ecs = "[destination][geo][location][lat]",
     .alias = "destinationLatitude"},
    {.name = "destinationGeoLongitude",
     .key = "dlong",
     .ecs = "[destination][geo][location][lon]",
     .alias = "destinationLongitude"},
    {.name = "destinationHostName", .key = "dhost", .ecs = "[destination][domain]"},
    {.name = "destinationMacAddress", .key = "dmac", .ecs = "[destination][mac]"},
    {.name = "destinationNtDomain", .key = "dntdom", .ecs = "[destination][registered_domain]"},
    {.name = "destinationPort", .key = "dpt", .ecs = "[destination][port]"},
    {.name = "destinationProcessId", .key = "dpid", .ecs = "[destination][process][pid]"},
    {.name = "destinationProcessName", .key = "dproc", .ecs = "[destination][process][name]"},
    {.name = "destinationServiceName", .ecs = "[destination][service][name]"},
    {.name = "destinationTranslatedAddress", .ecs = "[destination][nat][ip]"},
    {.name = "destinationTranslatedPort", .ecs = "[destination][nat][port]"},
    {.name = "destinationTranslatedZoneExternalID",
     .ecs = "[cef][destination][translated_zone][external_id]"},
    {.name = "destinationTranslatedZoneURI", .ecs = "[cef][destination][translated_zone][uri]"},
    {.name = "destinationUserId", .key = "duid", .ecs = "[destination][user][id]"},
    {.name = "destinationUserName", .key = "duser", .ecs = "[destination][user][name]"},
    {.name = "destinationUserPrivileges", .key = "dpriv", .ecs = "[destination][user][group][name]"},
    {.name = "destinationZoneExternalID", .ecs = "[cef][destination][zone][external_id]"},
    {.name = "destinationZoneURI", .ecs = "[cef][destination][zone][uri]"},
    {.name = "deviceAction", .key = "act", .ecs = "[event][action]"},
    {.name = "deviceAddress", .key = "dvc", .ecs = "[observer][ip]", .ecs_of_host = "[host][ip]"},
    {.name = "deviceDirection", .ecs = "[network][direction]"},
    {.name = "deviceDnsDomain",
     .ecs = "[observer][registered_domain]",
     .ecs_of_host = "[host][registered_domain]",
     .flags = kPreferred},
    {.name = "deviceEventCategory", .key = "cat", .ecs = "[cef][category]"},
    {.name = "deviceExternalId", .ecs = "[observer][name]", .ecs_of_host = "[host][id]"},
    {.name = "deviceFacility", .ecs = "[log][syslog][facility][code]"},
    {.name = "deviceHostName",
     .key = "dvchost",
     .ecs = "[observer][hostname]",
     .ecs_of_host = "[host][name]"},
    {.name = "deviceInboundInterface", .ecs = "[observer][ingress][interface][name]"},
    {.name = "deviceMacAddress", .key = "dvcmac", .ecs = "[observer][mac]", .ecs_of_host = "[host][mac]"},
    {.name = "deviceNtDomain", .ecs = "[cef][nt_domain]"},
    {.name = "deviceOutboundInterface", .ecs = "[observer][egress][interface][name]"},
    {.name = "devicePayloadId", .ecs = "[cef][payload_id]"},
    {.name = "deviceProcessId", .key = "dvcpid", .ecs = "[process][pid]"},
    {.name = "deviceProcessName", .ecs = "[process][name]"},
    {.name = "deviceReceiptTime", .key = "rt", .ecs = "@timestamp", .flags = kTime},
    {.name = "deviceTimeZone", .key = "dtz", .ecs = "[event][timezone]", .alias = "destinationTimeZone"},
    {.name = "deviceTranslatedAddress", .ecs = "[host][nat][ip]"},
    {.name = "deviceTranslatedZoneExternalID", .ecs = "[cef][translated_zone][external_id]"},
    {.name = "deviceTranslatedZoneURI", .ecs = "[cef][translated_zone][uri]"},
    {.name = "deviceVersion", .ecs = "[observer][version]"},
    {.name = "deviceZoneExternalID", .ecs = "[cef][zone][external_id]"},
    {.name = "deviceZoneURI", .ecs = "[cef][zone][uri]"},
    {.name = "endTime", .key = "end", .ecs = "[event][end]", .flags = kTime},
    {.name = "eventId", .ecs = "[event][id]"},
    {.name = "eventOutcome", .key = "outcome", .ecs = "[event][outcome]"},
    {.name = "externalId", .ecs = "[cef][external_id]"},
    {.name = "fileCreateTime", .ecs = "[file][created]"},
    {.name = "fileHash", .ecs = "[file][hash]"},
    {.name = "fileId", .ecs = "[file][inode]"},
    {.name = "fileModificationTime", .ecs = "[file][mtime]", .flags = kTime},
    {.name = "fileName", .key = "fname", .ecs = "[file][name]"},
    {.name = "filePath", .ecs = "[file][path]"},
    {.name = "filePermission", .ecs = "[file][group]"},
    {.name = "fileSize", .key = "fsize", .ecs = "[file][size]"},
    {.name = "fileType", .ecs = "[file][extension]"},
    {.name = "managerReceiptTime", .key = "mrt", .ecs = "[event][ingested]", .flags = kTime},
    {.name = "message", .key = "msg", .ecs = "[message]"},
    {.name = "oldFileCreateTime", .ecs = "[cef][old_file][created]", .flags = kTime},
    {.name = "oldFileHash", .ecs = "[cef][old_file][hash]"},
    {.name = "oldFileId", .ecs = "[cef][old_file][inode]"},
    {.name = "oldFileModificationTime", .ecs = "[cef][old_file][mtime]", .flags = kTime},
    {.name = "oldFileName", .ecs = "[cef][old_file][name]"},
    {.name = "oldFilePath", .ecs = "[cef][old_file][path]"},
    {.name = "oldFilePermission", .ecs = "[cef][old_file][group]"},
    {.name = "oldFileSize", .ecs = "[cef][old_file][size]"},
    {.name = "oldFileType", .ecs = "[cef][old_file][extension]"},
    {.name = "rawEvent", .ecs = "[event][original]"},
    {.name = "Reason", .key = "reason", .ecs = "[event][reason]"},
    {.name = "requestClientApplication", .ecs = "[user_agent][original]"},
    {.name = "requestContext", .ecs = "[http][request][referrer]"},
    {.name = "requestCookies", .ecs = "[cef][request][cookies]"},
    {.name = "requestMethod", .ecs = "[http][request][method]"},
    {.name = "requestUrl", .key = "request", .ecs = "[url][original]"},
    {.name = "sourceAddress", .key = "src", .ecs = "[source][ip]"},
    {.name = "sourceDnsDomain", .ecs = "[source][registered_domain]", .flags = kPreferred},
    {.name = "sourceGeoLatitude",
     .key = "slat",
     .ecs = "[source][geo][location][lat]",
     .alias = "sourceLatitude"},
    {.name = "sourceGeoLongitude",
     .key = "slong",
     .ecs = "[source][geo][location][lon]",
     .alias = "sourceLongitude"},
    {.name = "sourceHostName", .key = "shost", .ecs = "[source][domain]"},
    {.name = "sourceMacAddress", .key = "smac", .ecs = "[source][mac]"},
    {.name = "sourceNtDomain", .key = "sntdom", .ecs = "[source][registered_domain]"},
    {.name = "sourcePort", .key = "spt", .ecs = "[source][port]"},
    {.name = "sourceProcessId", .key = "spid", .ecs = "[source][process][pid]"},
    {.name = "sourceProcessName", .key = "sproc", .ecs = "[source][process][name]"},
    {.name = "sourceServiceName", .ecs = "[source][service][name]"},
    {.name = "sourceTranslatedAddress", .ecs = "[source][nat][ip]"},
    {.name = "sourceTranslatedPort", .ecs = "[source][nat][port]"},
    {.name = "sourceTranslatedZoneExternalID", .ecs = "[cef][source][translated_zone][external_id]"},
    {.name = "sourceTranslatedZoneURI", .ecs = "[cef][source][translated_zone][uri]"},
    {.name = "sourceUserId", .key = "suid", .ecs = "[source][user][id]"},
    {.name = "sourceUserName", .key = "suser", .ecs = "[source][user][name]"},
    {.name = "sourceUserPrivileges", .key = "spriv", .ecs = "[source][user][group][name]"},
    {.name = "sourceZoneExternalID", .ecs = "[cef][source][zone][external_id]"},
    {.name = "sourceZoneURI", .ecs = "[cef][source][zone][uri]"},
    {.name = "startTime", .key = "start", .ecs = "[event][start]", .flags = kTime},
    {.name = "transportProtocol", .key = "proto", .ecs = "[network][transport]"},
    {.name = "type", .ecs = "[cef][type]"},
};

constexpr int kCustomFields = 15;
constexpr std::string_view kTimeZoneField = "[event][timezone]";

// Fields that come in numbered pairs of a value and a label.
struct CustomKind {
  std::string_view name;
  std::string_view key;
  std::string_view ecs;
};
constexpr CustomKind kCustomKinds[] = {
    {"deviceCustomFloatingPoint", "cfp", "device_custom_floating_point"},
    {"deviceCustomIPv6Address", "c6a", "device_custom_ipv6_address"},
    {"deviceCustomNumber", "cn", "device_custom_number"},
    {"deviceCustomString", "cs", "device_custom_string"},
};

std::string_view ecs_field(const Row& row, bool host) {
  return host && !row.ecs_of_host.empty() ? row.ecs_of_host : row.ecs;
}

}  // namespace

void Mapping::add_target(std::string_view key, std::string_view field, bool time, bool time_zone) {
  Target target{FieldRef::of(field), {}, time, time_zone};
  const auto& steps = target.field.steps();
  const bool special = target.field.is_timestamp() || target.field.is_tags() || target.field.metadata();
  if (steps.size() == 1 && !special) target.key = steps[0].key;
  targets_.insert_or_assign(std::string(key), std::move(target));
}

void Mapping::add(const MappingOptions& options, std::string_view name, std::string_view key,
                  std::string_view ecs, std::string_view alias, bool time) {
  const std::string_view field = options.ecs ? ecs : name;
  const bool zone = options.ecs && ecs == kTimeZoneField;
  time = time && options.ecs;
  add_target(key, field, time, zone);
  add_target(name, field, time, zone);
  const std::string written(options.short_keys ? key : name);
  written_[std::string(field)] = written;
  written_[std::string(name)] = written;
  if (alias.empty()) return;
  add_target(alias, options.ecs ? ecs : alias, time, zone);
  written_[std::string(alias)] = std::string(options.short_keys ? key : alias);
}

void Mapping::add_custom_fields(const MappingOptions& options) {
  for (const auto& kind : kCustomKinds) {
    for (int i = 1; i <= kCustomFields; ++i) {
      add(options, fmt::format("{}{}", kind.name, i), fmt::format("{}{}", kind.key, i),
          fmt::format("[cef][{}_{}][value]", kind.ecs, i), {}, false);
      add(options, fmt::format("{}{}Label", kind.name, i), fmt::format("{}{}Label", kind.key, i),
          fmt::format("[cef][{}_{}][label]", kind.ecs, i), {}, false);
    }
  }
}

Mapping::Mapping(const MappingOptions& options) {
  add_custom_fields(options);
  for (const uint8_t preferred : {uint8_t{0}, uint8_t{kPreferred}})
    for (const auto& row : kRows)
      if ((row.flags & kPreferred) == preferred)
        add(options, row.name, row.key.empty() ? row.name : row.key, ecs_field(row, options.host), row.alias,
            row.flags & kTime);
}

std::string Mapping::written_key(const std::string& field) const {
  const auto at = written_.find(field);
  return at == written_.end() ? field : at->second;
}

}  // namespace sluice::plugins::cef
