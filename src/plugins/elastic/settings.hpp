// What the options of an elasticsearch output come to: how to reach the cluster, and what becomes of an
// event.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "event/field_ref.hpp"
#include "event/template.hpp"
#include "net/http_client.hpp"
#include "plugins/elastic/url.hpp"
#include "plugins/tls/client.hpp"

namespace sluice::plugin {
class Setup;
}

namespace sluice::elastic {

/// How to reach the cluster.
struct ConnectionSettings {
  std::vector<Url> hosts;  // scheme and port filled in; user and password are those of the URL
  bool embedded = false;   // one of `hosts` names the engine's own index: its URL is known at start only
  std::string user;
  std::string password;
  net::HttpHeaders headers;  // custom headers, and Authorization for an API key
  std::string credential;    // the option that a 401 or 403 is about; empty: none is set
  net::HttpClientOptions client;
  tls::KeyStores stores;
  std::string query;             // `parameters`, encoded: "a=b&c=d"
  std::string bulk_path;         // absolute when given; else the host's path and /_bulk
  std::string healthcheck_path;  // likewise
  std::string sniffing_path;     // likewise
  bool sniffing = false;
  uint32_t sniffing_delay_millis = 5000;
  uint32_t resurrect_delay_millis = 5000;
  uint32_t timeout_millis = 60000;
  int compression_level = 1;  // 0: none
  uint32_t retry_initial_millis = 2000;
  uint32_t retry_max_millis = 64000;
};

enum class DataStream : uint8_t { no, yes, by_version };
enum class TemplateApi : uint8_t { by_version, legacy, composable };
enum class Ilm : uint8_t { off, on, by_version };

/// What becomes of an event. Unset templates are nullopt.
struct DocumentSettings {
  Template action{"index"};
  Template index;
  bool default_index = false;
  bool auto_id = false;  // `document_id` is "auto": DocumentIds
  std::optional<Template> id, routing, pipeline, version, parent, document_type;
  std::optional<Template> upsert, script;
  FieldRef join_field;
  std::string version_type;
  bool doc_as_upsert = false;
  bool scripted_upsert = false;
  std::string script_type = "inline";
  std::string script_lang = "painless";
  std::string script_var_name = "event";
  int64_t retry_on_conflict = 1;
  DataStream data_stream = DataStream::no;
  std::string ds_type, ds_dataset, ds_namespace;
  bool ds_sync_fields = true;
  bool ds_auto_routing = true;
  std::vector<int> dlq_codes;  // beside 400 and 404
  bool dlq_on_failed_index = true;
  std::vector<std::string> drop_error_types;
  std::vector<std::string> silent_error_types;
};

/// What has to stand in the cluster before the first event: templates, policies, aliases.
struct InstallSettings {
  bool ecs = false;
  bool manage_template = true;
  std::optional<bool> manage_template_given;
  std::string template_name;
  bool template_name_given = false;
  std::string template_path;  // empty: our own
  bool template_overwrite = false;
  TemplateApi template_api = TemplateApi::by_version;
  Ilm ilm = Ilm::by_version;
  std::string ilm_alias;
  bool ilm_alias_given = false;
  std::string ilm_pattern;
  std::string ilm_policy;
};

/// Everything. Immutable after it is read.
struct Settings {
  ConnectionSettings connection;
  DocumentSettings document;
  InstallSettings install;
};

/// Reads and checks the options; problems are reported to `setup`.
Settings read_settings(plugin::Setup& setup);
/// `hosts` or `cloud_id`, with `ssl_enabled` (and `path`, where the plugin has it). `https_port`: of a host
/// that is written with https:// and without a port.
void read_hosts(plugin::Setup& setup, ConnectionSettings& out, uint16_t https_port);
/// `user` and `password`, `api_key` or `cloud_auth`; after read_hosts.
void read_login(plugin::Setup& setup, ConnectionSettings& out);
/// The two halves of it.
void read_connection(plugin::Setup& setup, ConnectionSettings& out);
void read_document(plugin::Setup& setup, DocumentSettings& out, InstallSettings& install);

/// What the cluster turned out to be, and what follows from that.
struct Target {
  int major = 8;
  std::string version;  // empty: unknown
  bool opensearch = false;
  bool serverless = false;
  bool data_stream = false;
  bool types = false;          // the action line needs _type
  std::string rollover_alias;  // with ILM: written to instead of `index`
};

}  // namespace sluice::elastic
