#include <algorithm>
#include <array>

#include "event/json_read.hpp"
#include "plugin/setup.hpp"
#include "plugins/elastic/settings.hpp"

namespace sluice::elastic {
namespace {

using plugin::Setup;

// Options that say nothing about indices: allowed together with data streams.
constexpr std::string_view kConnectionOptions[] = {
    "user",
    "password",
    "api_key",
    "cloud_auth",
    "path",
    "bulk_path",
    "parameters",
    "ssl_enabled",
    "ssl_verification_mode",
    "ssl_certificate_authorities",
    "ssl_truststore_path",
    "ssl_truststore_type",
    "ssl_truststore_password",
    "ssl_keystore_path",
    "ssl_keystore_type",
    "ssl_keystore_password",
    "ssl_supported_protocols",
    "ssl_certificate",
    "ssl_key",
    "ssl_cipher_suites",
    "sniffing",
    "sniffing_delay",
    "sniffing_path",
    "proxy",
    "timeout",
    "failure_type_logging_whitelist",
    "silence_errors_in_log",
    "pool_max",
    "pool_max_per_route",
    "healthcheck_path",
    "resurrect_delay",
    "validate_after_inactivity",
    "http_compression",
    "compression_level",
    "custom_headers",
    "hosts",
    "cloud_id",
    "retry_initial_interval",
    "retry_max_interval",
    "dlq_custom_codes",
    "drop_error_types",
    "dlq_on_failed_indexname_interpolation",
    "ssl",
    "ssl_certificate_verification",
    "cacert",
    "truststore",
    "keystore",
    "truststore_password",
    "keystore_password",
    "ca_trusted_fingerprint",
    "id",
    "codec",
    "enable_metric",
    "ecs_compatibility",
    "workers",
    "data_stream",
    "routing",
    "pipeline",
};

bool fits_data_streams(const Setup& setup, std::string_view name) {
  if (std::find(std::begin(kConnectionOptions), std::end(kConnectionOptions), name) !=
      std::end(kConnectionOptions))
    return true;
  if (name.starts_with("data_stream_")) return true;
  if (name == "action") return setup.options.string(name) == "create";
  if (name == "manage_template") return !setup.options.boolean(name);
  return false;
}

void check_identifier(Setup& setup, std::string_view option, const std::string& text) {
  if (text.empty() || text.size() > 100 || text.find_first_of("\\/*?\"<>| ,#:") != std::string::npos)
    setup.error(option, "E0306", "`" + text + "` cannot be a part of a data stream's name",
                "It has 1 to 100 bytes and none of \\ / * ? \" < > | , # : and blank.");
}

void read_data_stream(Setup& setup, DocumentSettings& out) {
  const auto& options = setup.options;
  out.ds_type = options.string("data_stream_type");
  out.ds_dataset = options.string("data_stream_dataset");
  out.ds_namespace = options.string("data_stream_namespace");
  out.ds_sync_fields = options.boolean("data_stream_sync_fields");
  out.ds_auto_routing = options.boolean("data_stream_auto_routing");
  check_identifier(setup, "data_stream_dataset", out.ds_dataset);
  check_identifier(setup, "data_stream_namespace", out.ds_namespace);

  std::string misfit, own;
  for (const auto& entry : options.entries()) {
    if (!entry.given) continue;
    const auto name = entry.option->name;
    if (misfit.empty() && !fits_data_streams(setup, name)) misfit = name;
    if (own.empty() && name.starts_with("data_stream_")) own = name;
  }
  const std::string mode = options.has("data_stream") ? options.string("data_stream") : "auto";
  if (mode == "true") {
    out.data_stream = DataStream::yes;
    if (!misfit.empty())
      setup.error(misfit, "E0307", "`" + misfit + "` cannot be used with data_stream => true",
                  "A data stream is named by the data_stream_* options: remove `" + misfit +
                      "`, or set data_stream => false.");
    if (!setup.ecs())
      setup.error("data_stream", "E0308", "Data streams need the field layout of ECS",
                  "Set ecs_compatibility => v8.");
  } else if (mode == "false") {
    if (!own.empty())
      setup.error(own, "E0307", "`" + own + "` has no meaning with data_stream => false",
                  "Remove it, or set data_stream => true.");
  } else {
    out.data_stream = misfit.empty() && setup.ecs() ? DataStream::by_version : DataStream::no;
    if (!own.empty() && out.data_stream == DataStream::no)
      setup.error(own, "E0307",
                  misfit.empty() ? "`" + own + "` is set, but data streams need ecs_compatibility => v8"
                                 : "`" + own + "` and `" + misfit + "` exclude one another",
                  "Say with data_stream => true or false which is meant.");
  }
}

std::optional<Template> maybe_template(Setup& setup, std::string_view option) {
  const auto text = setup.options.maybe_string(option);
  if (!text || text->empty()) return std::nullopt;
  Template made(*text);
  if (!made.problem().empty())
    setup.error(option, "E0306",
                "`" + std::string(option) + "` can never be filled in: " + std::string(made.problem()));
  return made;
}

void read_action(Setup& setup, DocumentSettings& out) {
  if (auto action = maybe_template(setup, "action")) out.action = std::move(*action);
  if (!out.action.constant()) return;
  const std::string& text = out.action.text();
  static constexpr std::array kKnown{"index", "create", "update", "delete"};
  if (std::find(kKnown.begin(), kKnown.end(), text) == kKnown.end())
    setup.error("action", "E0306", "The action `" + text + "` is not known",
                "It is one of index, create, update, delete, or a %{field} that holds one of them.");
  if ((text == "update" || text == "delete") && !out.id)
    setup.error("action", "E0308", "The action `" + text + "` needs `document_id`",
                "Say which document is meant: document_id => \"%{id}\".");
}

void read_update(Setup& setup, DocumentSettings& out) {
  const auto& options = setup.options;
  out.upsert = maybe_template(setup, "upsert");
  out.script = maybe_template(setup, "script");
  out.doc_as_upsert = options.boolean("doc_as_upsert");
  out.scripted_upsert = options.boolean("scripted_upsert");
  if (const auto types = options.strings("script_type"); !types.empty()) out.script_type = types.front();
  out.script_lang = options.string("script_lang");
  out.script_var_name = options.string("script_var_name");
  out.retry_on_conflict = options.integer("retry_on_conflict", 1);
  if (out.scripted_upsert && !out.script)
    setup.error("scripted_upsert", "E0308", "`scripted_upsert` needs `script`");
  if (out.doc_as_upsert && out.scripted_upsert)
    setup.error("doc_as_upsert", "E0307", "`doc_as_upsert` and `scripted_upsert` exclude one another");
  if (out.upsert && out.upsert->constant()) {
    Arena arena;
    Value value;
    if (!JsonReader::local().read(out.upsert->text(), arena, value) || !value.is_object())
      setup.error("upsert", "E0306", "`upsert` is not a JSON object", "Write it such as '{\"count\": 1}'.");
  }
}

void read_install(Setup& setup, DocumentSettings& document, InstallSettings& out) {
  const auto& options = setup.options;
  out.ecs = setup.ecs();
  const std::string fallback = out.ecs ? "ecs-logstash" : "logstash";
  out.manage_template = options.boolean("manage_template");
  if (options.given("manage_template")) out.manage_template_given = out.manage_template;
  out.template_name_given = options.given("template_name");
  out.template_name = out.template_name_given ? options.string("template_name") : fallback;
  out.template_path = options.string("template");
  out.template_overwrite = options.boolean("template_overwrite");
  const std::string api = options.string("template_api"), ilm = options.string("ilm_enabled");
  out.template_api = api == "legacy"       ? TemplateApi::legacy
                     : api == "composable" ? TemplateApi::composable
                                           : TemplateApi::by_version;
  out.ilm = ilm == "true" ? Ilm::on : ilm == "false" ? Ilm::off : Ilm::by_version;
  out.ilm_alias = options.given("ilm_rollover_alias") ? options.string("ilm_rollover_alias") : fallback;
  out.ilm_alias_given = options.given("ilm_rollover_alias") && out.ilm_alias != fallback;
  out.ilm_pattern = options.string("ilm_pattern");
  out.ilm_policy = options.string("ilm_policy");
  // Rolling over concerns the default index, or an alias that was named.
  if (!document.default_index && !out.ilm_alias_given) out.ilm = Ilm::off;
}

}  // namespace

void read_document(Setup& setup, DocumentSettings& out, InstallSettings& install) {
  const auto& options = setup.options;
  const bool ecs = setup.ecs();
  const std::string fallback = ecs ? "ecs-logstash-%{+yyyy.MM.dd}" : "logstash-%{+yyyy.MM.dd}";
  if (auto index = maybe_template(setup, "index"))
    out.index = std::move(*index);
  else
    out.index = Template(fallback);
  out.default_index = out.index.text() == fallback;
  out.auto_id = options.string("document_id") == "auto";
  if (!out.auto_id) out.id = maybe_template(setup, "document_id");
  out.routing = maybe_template(setup, "routing");
  out.pipeline = maybe_template(setup, "pipeline");
  out.version = maybe_template(setup, "version");
  out.version_type = options.string("version_type");
  out.parent = maybe_template(setup, "parent");
  out.document_type = maybe_template(setup, "document_type");
  out.join_field = setup.field("join_field");
  read_action(setup, out);
  read_update(setup, out);
  read_data_stream(setup, out);
  for (const auto& text : options.strings("dlq_custom_codes")) {
    const int code = std::atoi(text.c_str());
    if (code < 300 || code > 599)
      setup.error("dlq_custom_codes", "E0306", "`" + text + "` is not a status code of a refused document",
                  "Codes from 300 to 599 can be listed.");
    out.dlq_codes.push_back(code);
  }
  out.dlq_on_failed_index = options.boolean("dlq_on_failed_indexname_interpolation");
  out.drop_error_types = options.strings("drop_error_types");
  out.silent_error_types = options.strings("silence_errors_in_log");
  for (auto& name : options.strings("failure_type_logging_whitelist"))
    out.silent_error_types.push_back(std::move(name));
  read_install(setup, out, install);
}

}  // namespace sluice::elastic
