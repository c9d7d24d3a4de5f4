#include "plugin/spec.hpp"

#include <vector>

#include "base/nearest.hpp"

namespace sluice::plugin {
namespace {

constexpr std::string_view kDroppedFilter =
    "Put the plugin into an `if` instead: if [type] == \"x\" or if \"tag\" in [tags].";

constexpr Option kInputOptions[] = {
    {"id", Type::string, {}, "A name for this plugin in logs and in the monitoring API."},
    {"type", Type::string, {}, "Sets the field `type` on events that have none."},
    {"tags", Type::array, {}, "Tags added to every event."},
    {"add_field", Type::hash, "{}", "Fields added to every event."},
    {"codec", Type::codec, {}, "How bytes become events."},
    {"enable_metric", Type::boolean, "true", "Whether the monitoring API shows the plugin."},
    {"ecs_compatibility",
     Type::string,
     {},
     "The field layout: disabled, v1 or v8; the pipeline's setting by default.",
     0,
     "disabled|v1|v8"},
    {"debug", Type::any, {}, {}, kObsolete, {}, "It has had no effect for years: remove it."},
    {"format", Type::any, {}, {}, kObsolete, {}, "Use `codec` instead."},
    {"charset",
     Type::any,
     {},
     {},
     kObsolete,
     {},
     "Set the charset of the codec: codec => plain { charset => \"...\" }."},
    {"message_format", Type::any, {}, {}, kObsolete, {}, "Use `codec` instead."},
};

constexpr Option kFilterOptions[] = {
    {"id", Type::string, {}, "A name for this plugin in logs and in the monitoring API."},
    {"add_field", Type::hash, "{}", "Fields added when the filter succeeds."},
    {"remove_field", Type::array, "[]", "Fields removed when the filter succeeds."},
    {"add_tag", Type::array, "[]", "Tags added when the filter succeeds."},
    {"remove_tag", Type::array, "[]", "Tags removed when the filter succeeds."},
    {"enable_metric", Type::boolean, "true", "Whether the monitoring API shows the plugin."},
    {"periodic_flush", Type::boolean, "false", "Whether the filter is flushed every five seconds."},
    {"ecs_compatibility",
     Type::string,
     {},
     "The field layout: disabled, v1 or v8; the pipeline's setting by default.",
     0,
     "disabled|v1|v8"},
    {"type", Type::any, {}, {}, kObsolete, {}, kDroppedFilter},
    {"tags", Type::any, {}, {}, kObsolete, {}, kDroppedFilter},
    {"exclude_tags", Type::any, {}, {}, kObsolete, {}, kDroppedFilter},
};

constexpr Option kOutputOptions[] = {
    {"id", Type::string, {}, "A name for this plugin in logs and in the monitoring API."},
    {"codec", Type::codec, {}, "How events become bytes."},
    {"enable_metric", Type::boolean, "true", "Whether the monitoring API shows the plugin."},
    {"ecs_compatibility",
     Type::string,
     {},
     "The field layout: disabled, v1 or v8; the pipeline's setting by default.",
     0,
     "disabled|v1|v8"},
    {"workers",
     Type::number,
     {},
     "Has no effect.",
     kDeprecated,
     {},
     "Outputs run on all workers of the pipeline."},
    {"type", Type::any, {}, {}, kObsolete, {}, kDroppedFilter},
    {"tags", Type::any, {}, {}, kObsolete, {}, kDroppedFilter},
    {"exclude_tags", Type::any, {}, {}, kObsolete, {}, kDroppedFilter},
};

constexpr Option kCodecOptions[] = {
    {"id", Type::string, {}, "A name for this codec in logs and in the monitoring API."},
    {"enable_metric", Type::boolean, "true",
     "Codecs are not shown by themselves; the setting is for Logstash's configs."},
    {"ecs_compatibility",
     Type::string,
     {},
     "The field layout: disabled, v1 or v8; the pipeline's setting by default.",
     0,
     "disabled|v1|v8"},
};

struct Elsewhere {
  Kind kind;
  std::string_view names;  // between blanks
};
// Plugins of a Logstash installation that this version does not have.
constexpr Elsewhere kElsewhere[] = {
    {Kind::input,
     " azure_event_hubs couchdb_changes elasticsearch exec ganglia gelf graphite http "
     "http_poller jms"
     " pipe redis syslog twitter unix elastic_serverless_forwarder kafka s3 sqs cloudwatch jdbc rabbitmq "
     "snmp snmptrap"
     " logstash pipeline java_generator java_stdin "},
    {Kind::codec, " cloudtrail cloudfront "},
    {Kind::filter, " elastic_integration yaml "},
    {Kind::output,
     " csv email graphite http lumberjack nagios redis webhdfs kafka s3 sns sqs cloudwatch rabbitmq logstash "
     "pipeline"
     " java_stdout google_cloud_storage pipe elastic_app_search elastic_workplace_search "},
};

}  // namespace

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::input:
      return "input";
    case Kind::codec:
      return "codec";
    case Kind::filter:
      return "filter";
    case Kind::output:
      return "output";
  }
  return "";
}

std::span<const Option> common_options(Kind kind) {
  switch (kind) {
    case Kind::input:
      return kInputOptions;
    case Kind::codec:
      return kCodecOptions;
    case Kind::filter:
      return kFilterOptions;
    case Kind::output:
      return kOutputOptions;
  }
  return {};
}

Registry& Registry::get() {
  static Registry registry;
  return registry;
}

const Spec* Registry::find(Kind kind, std::string_view name) const {
  for (const auto* spec : specs_)
    if (spec->kind == kind && spec->name == name) return spec;
  return nullptr;
}

bool known_elsewhere(Kind kind, std::string_view name) {
  const std::string wanted = " " + std::string(name) + " ";
  for (const auto& list : kElsewhere)
    if (list.kind == kind && list.names.find(wanted) != std::string_view::npos) return true;
  return false;
}

}  // namespace sluice::plugin
