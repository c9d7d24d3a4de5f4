#include "plugins/elastic/bootstrap.hpp"

#include "base/file.hpp"
#include "event/json_read.hpp"
#include "plugins/elastic/response.hpp"
#include "plugins/elastic/templates.hpp"

namespace sluice::elastic {
namespace {

constexpr std::string_view kLogger = "logstash.outputs.elasticsearch";
constexpr uint64_t kRetryMillis = 2000;
constexpr std::string_view kDefaultPolicy = "logstash-policy";

std::string text_at(const Value& root, std::initializer_list<std::string_view> path) {
  const Value* at = &root;
  for (const auto name : path) {
    at = at && at->is_object() ? at->as_object()->find(Key::intern(name)) : nullptr;
    if (!at) return {};
  }
  return at->is_string() ? std::string(at->as_text()) : std::string();
}

}  // namespace

void Bootstrap::go() {
  if (running_ || done_) return;
  running_ = true;
  target_ = {};
  ask_version();
}

void Bootstrap::later() {
  running_ = false;
  retry_.start(kRetryMillis, [this] { go(); });
}

void Bootstrap::ask(std::string_view method, std::string path, std::string body, Then then) {
  const auto host = pool_.choose_any();
  if (!host) {
    running_ = false;  // go() is called when one comes to life
    return;
  }
  std::vector<net::Bytes> content;
  net::HttpHeaders headers;
  if (!body.empty()) {
    content.emplace_back(std::move(body));
    headers.emplace_back("Content-Type", "application/json");
  }
  pool_.send(host, method, path, std::move(content), std::move(headers),
             [this, host, path, then](const Response& r) {
               if (r.error == Response::Error::cancelled) return;
               if (!r.answered()) {
                 pool_.failed(host, r);
                 return later();
               }
               if (r.status < 500)
                 pool_.worked(host);
               else
                 pool_.failed(host, r);
               if (r.status == 401 || r.status == 429 || r.status >= 500) {
                 complain("Elasticsearch is not ready to be set up", r);
                 return later();
               }
               then(r);
             });
}

void Bootstrap::complain(const std::string& what, const Response& response) {
  const bool refused = response.status == 401 || response.status == 403;
  const std::string credential =
      settings_.connection.credential.empty() ? "none are set" : settings_.connection.credential;
  log_.write(log::Level::error, what,
             refused ? what + ": the credentials (" + credential + ") are refused or lack a privilege" : what,
             {{"status", response.status}, {"reason", error_text(response.body)}});
}

void Bootstrap::ask_version() {
  ask("GET", "/", {}, [this](const Response& r) {
    Arena arena;
    Value root;
    if (r.status == 200 && JsonReader::local().read(r.body, arena, root)) {
      const std::string number = text_at(root, {"version", "number"});
      if (!number.empty())
        return version_known(number, text_at(root, {"version", "distribution"}) == "opensearch",
                             text_at(root, {"version", "build_flavor"}) == "serverless");
    }
    ask_node_version();
  });
}

// Some servers and proxies have no page at `/`; the nodes know their version too.
void Bootstrap::ask_node_version() {
  ask("GET", "/_nodes/_local?filter_path=nodes.*.version", {}, [this](const Response& r) {
    Arena arena;
    Value root;
    if (r.status == 200 && JsonReader::local().read(r.body, arena, root) && root.is_object()) {
      const Value* nodes = root.as_object()->find(Key::intern("nodes"));
      if (nodes && nodes->is_object())
        for (const auto& node : nodes->as_object()->all())
          if (const auto number = text_at(node.value, {"version"}); !number.empty())
            return version_known(number, false, false);
    }
    log::warn(kLogger, "The server does not tell its version; it is taken for an Elasticsearch 8");
    version_known({}, false, false);
  });
}

void Bootstrap::version_known(const std::string& number, bool opensearch, bool serverless) {
  target_.version = number;
  target_.opensearch = opensearch;
  target_.serverless = serverless;
  if (!number.empty()) target_.major = std::max(1, std::atoi(number.c_str()));
  // OpenSearch counts its own versions; to a client it is an Elasticsearch 7.
  if (opensearch) target_.major = 7;
  if (serverless) pool_.add_header("Elastic-Api-Version", "2023-10-31");
  const auto& document = settings_.document;
  target_.data_stream = document.data_stream == DataStream::yes ||
                        (document.data_stream == DataStream::by_version && target_.major >= 8);
  target_.types = target_.major < 7 || (target_.major == 7 && !opensearch && document.document_type);
  if (!number.empty())
    log::info(kLogger, "Elasticsearch version determined",
              {{"version", number},
               {"distribution", opensearch ? "opensearch" : "elasticsearch"},
               {"data_stream", target_.data_stream}});
  ilm_ =
      !target_.data_stream && !serverless &&
      (settings_.install.ilm == Ilm::on || (settings_.install.ilm == Ilm::by_version && target_.major >= 7));
  if (ilm_)
    ask_policy();
  else
    install_template();
}

void Bootstrap::ask_policy() {
  const std::string name = settings_.install.ilm_policy;
  ask("GET", "/_ilm/policy/" + url_encode(name), {}, [this, name](const Response& r) {
    policy_exists_ = r.status == 200;
    const bool known =
        r.status == 200 || (r.status == 404 && error_type(r.body) == "resource_not_found_exception");
    if (!known) {
      const bool wanted = settings_.install.ilm == Ilm::on;
      log::write(wanted ? log::Level::error : log::Level::info, kLogger,
                 "The cluster has no index life cycle management; events go to the plain index",
                 {{"status", r.status}});
      ilm_ = false;
    } else if (!policy_exists_ && name != kDefaultPolicy) {
      log_.write(log::Level::error, "policy",
                 "The policy of `ilm_policy` does not exist in the cluster: create it; events wait",
                 {{"policy", name}});
      return later();
    }
    install_template();
  });
}

void Bootstrap::install_template() {
  const auto& install = settings_.install;
  const bool wanted = install.manage_template_given.value_or(!target_.data_stream);
  if (!wanted || target_.data_stream) return put_policy(policy_exists_);
  const bool composable =
      install.template_api == TemplateApi::composable ||
      (install.template_api == TemplateApi::by_version && (target_.major >= 8 || target_.opensearch));
  const std::string name = ilm_ && !install.template_name_given ? install.ilm_alias : install.template_name;
  const std::string path = (composable ? "/_index_template/" : "/_template/") + url_encode(name);
  if (install.template_overwrite) return put_template(path, composable);
  ask("HEAD", path, {}, [this, path, composable](const Response& r) {
    if (r.status == 200)
      put_policy(policy_exists_);
    else
      put_template(path, composable);
  });
}

void Bootstrap::put_template(const std::string& path, bool composable) {
  TemplateWish wish;
  wish.ecs = settings_.install.ecs;
  wish.composable = composable;
  wish.major = target_.major;
  if (target_.major < 7)
    wish.mapping_type = settings_.document.document_type ? settings_.document.document_type->text() : "doc";
  if (!settings_.install.template_path.empty())
    if (auto text = read_file(settings_.install.template_path); text.ok()) wish.text = std::move(*text);
  if (ilm_) {
    wish.ilm_policy = settings_.install.ilm_policy;
    wish.ilm_alias = settings_.install.ilm_alias;
  }
  auto body = template_body(wish);
  if (!body.ok()) {
    log::error(kLogger, "Failed to install template",
               {{"template", settings_.install.template_path}, {"reason", body.message()}});
    return put_policy(policy_exists_);
  }
  ask("PUT", path, std::move(body).value(), [this, path](const Response& r) {
    if (r.status >= 300)
      complain("Failed to install template", r);
    else
      log::info(kLogger, "Installed the index template", {{"path", path}});
    put_policy(policy_exists_);
  });
}

void Bootstrap::put_policy(bool exists) {
  if (!ilm_) return ready();
  if (exists) return ensure_alias();
  ask("PUT", "/_ilm/policy/" + std::string(kDefaultPolicy),
      R"({"policy":{"phases":{"hot":{"actions":{"rollover":{"max_size":"50gb","max_age":"30d"}}}}}})",
      [this](const Response& r) {
        if (r.status >= 300) {
          complain("The life cycle policy could not be created", r);
          return later();
        }
        ensure_alias();
      });
}

void Bootstrap::ensure_alias() {
  const std::string alias = settings_.install.ilm_alias;
  target_.rollover_alias = alias;
  if (!settings_.document.default_index)
    log::warn(kLogger, "`index` is not used: events go to the rollover alias",
              {{"index", settings_.document.index.text()}, {"alias", alias}});
  ask("HEAD", "/" + url_encode(alias), {}, [this, alias](const Response& r) {
    if (r.status == 200) return ready();
    const std::string first = "<" + alias + "-" + settings_.install.ilm_pattern + ">";
    ask("PUT", "/" + url_encode(first), R"({"aliases":{")" + alias + R"(":{"is_write_index":true}}})",
        [this](const Response& made) {
          if (made.status >= 300 && error_type(made.body) != "resource_already_exists_exception") {
            complain("The rollover alias could not be created", made);
            return later();
          }
          ready();
        });
  });
}

void Bootstrap::ready() {
  done_ = true;
  running_ = false;
  on_ready_(target_);
}

}  // namespace sluice::elastic
