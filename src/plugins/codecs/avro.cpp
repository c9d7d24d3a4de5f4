// codec avro: single data of Avro, without a file around them.
#include <openssl/evp.h>


#include "base/file.hpp"
#include "base/log.hpp"
#include "plugin/spec.hpp"
#include "plugins/avro/reader.hpp"
#include "plugins/avro/schema_source.hpp"
#include "plugins/avro/writer.hpp"
#include "plugins/digest/digest.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "plugins/lookup/http_options.hpp"
#include "plugins/tls/options.hpp"
#include "plugins/wire/reader.hpp"
#include "plugins/wire/values.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr std::string_view kLogger = "logstash.codecs.avro";

constexpr plugin::Option kOwnOptions[] = {
    {"schema_uri",
     Type::string,
     {},
     "The schema: a file's path, or an http or https URL that is fetched when the first datum comes."},
    {"schema_registry_url",
     Type::uri,
     {},
     "A registry in Confluent's form in place of schema_uri: each datum names its schema by a zero byte and "
     "four "
     "bytes of number in front."},
    {"schema_registry_id",
     Type::number,
     {},
     "The number of the registry's schema that events are written with."},
    {"encoding", Type::string, "\"base64\"",
     "Whether data are in base64 or as they are; what is no base64 is always read as it is.", 0,
     "base64|binary"},
    {"tag_on_failure", Type::boolean, "false",
     "Whether data that cannot be read become events with the tag _avroparsefailure; else they are left "
     "out."},
    {"target", Type::field_reference, {}, "The field that a datum goes into; the root without it."},
    {"proxy", Type::uri, {}, "The HTTP proxy on the way to the schema."},
    {"username", Type::string, {}, "The user's name for the schema's server."},
    {"password", Type::password, {}, "The user's password."},
    {"ssl_enabled", Type::boolean, {}, "Must not be false with an https URL."},
};
constexpr auto kOptions = plugin::join(kOwnOptions, tls::kClientOptions);

struct Config {
  std::shared_ptr<const avro::Schema> schema;  // of a file; else:
  std::unique_ptr<avro::SchemaSource> source;
  bool registry = false;
  std::optional<uint32_t> write_id;
  bool base64 = true;
  bool tag_on_failure = false;
  bool ecs = false;
  FieldRef target;
};

// Base64 to the letter: whole groups, padded, without line ends.
std::optional<std::string> strict_base64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > INT32_MAX) return std::nullopt;
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  for (const char c : text.substr(0, text.size() - padding)) {
    const bool digit =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
    if (!digit) return std::nullopt;
  }
  std::string out(text.size() / 4 * 3, '\0');
  if (!text.empty() &&
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size())) < 0)
    return std::nullopt;
  out.resize(out.size() - padding);
  return out;
}

/// Finds the schema for a datum and remembers the last: one per decoder or encoder.
class SchemaMemo {
 public:
  explicit SchemaMemo(const Config& config) : config_(config), schema_(config.schema) {}
  const avro::Schema* get(uint32_t id) {
    if (config_.source && (!schema_ || id != id_)) {
      schema_ = config_.source->get(id);
      id_ = id;
    }
    return schema_.get();
  }

 private:
  const Config& config_;
  std::shared_ptr<const avro::Schema> schema_;
  uint32_t id_ = 0;
};

class AvroDecoder : public plugin::Decoder {
 public:
  explicit AvroDecoder(std::shared_ptr<const Config> config) : config_(std::move(config)), memo_(*config_) {}

  void decode(std::string_view bytes, plugin::EventSink& sink) override {
    auto& arena = sink.batch().arena();
    auto datum = bytes;
    if (config_->base64)
      if (const auto plain = strict_base64(bytes)) datum = arena.copy(*plain);
    uint32_t id = 0;
    if (config_->registry) {
      wire::Reader prefix(datum);
      const bool marked = prefix.u8() == 0;
      id = prefix.u32();
      if (!marked || !prefix.ok()) return fail("the datum has no schema's number in front", bytes, sink);
      datum = prefix.rest();
    }
    const avro::Schema* schema = memo_.get(id);
    if (!schema) return fail("there is no schema", bytes, sink);
    avro::Reader reader(datum, arena);
    Value value;
    if (!reader.read(*schema, value)) return fail(reader.problem(), bytes, sink);
    if (!value.is_object() && config_->target.empty())
      return fail("a datum that is no record needs a target", bytes, sink);
    add(value, bytes, sink);
  }

 private:
  void add(const Value& value, std::string_view bytes, plugin::EventSink& sink) {
    static const FieldRef kOriginal = FieldRef::of("[event][original]");
    Event& event = sink.make();
    if (config_->target.empty())
      event.fields() = *value.as_object();
    else
      event.set(config_->target, value);
    if (config_->ecs) event.set(kOriginal, wire::text_value(bytes, event.arena()));
    sink.add(event);
  }

  void fail(std::string_view why, std::string_view bytes, plugin::EventSink& sink) {
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::error(kLogger,
                 config_->tag_on_failure
                     ? "Avro parse error, original data now in message field"
                     : "Avro parse error, the data is left out: set tag_on_failure to keep it",
                 {{"error", why}, {"suppressed", suppressed}});
    if (!config_->tag_on_failure) return;
    Event& event = sink.make();
    event.set(Names::get().message, wire::text_value(bytes, event.arena()));
    event.tag("_avroparsefailure");
    sink.add(event);
  }

  std::shared_ptr<const Config> config_;
  SchemaMemo memo_;
  WarningLimiter warnings_;
};

class AvroEncoder : public plugin::Encoder {
 public:
  explicit AvroEncoder(std::shared_ptr<const Config> config) : config_(std::move(config)), memo_(*config_) {}

  void encode(const Event& event, Buffer& out) override {
    const uint32_t id = config_->write_id.value_or(0);
    const avro::Schema* schema = memo_.get(id);
    if (!schema) return fail("there is no schema");
    datum_.clear();
    if (config_->registry) {
      datum_.append('\0');
      for (int shift = 24; shift >= 0; shift -= 8) datum_.append(static_cast<char>(id >> shift));
    }
    if (!writer_.write(*schema, Value::object(&event.fields()), datum_)) return fail(writer_.problem());
    if (!config_->base64) return out.append(datum_.view());
    text_.clear();
    digest::append_base64({reinterpret_cast<const unsigned char*>(datum_.data()), datum_.size()}, text_);
    out.append(text_);
  }

 private:
  void fail(std::string_view why) {
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::error(kLogger, "Avro encoding error, the event has been discarded",
                 {{"error", why}, {"suppressed", suppressed}});
  }

  std::shared_ptr<const Config> config_;
  SchemaMemo memo_;
  avro::Writer writer_;
  Buffer datum_;
  std::string text_;
  WarningLimiter warnings_;
};

class Avro : public plugin::Codec {
 public:
  explicit Avro(std::shared_ptr<const Config> config) : config_(std::move(config)) {}
  std::string_view name() const override { return "avro"; }
  std::unique_ptr<plugin::Decoder> decoder() const override { return std::make_unique<AvroDecoder>(config_); }
  std::unique_ptr<plugin::Encoder> encoder() const override {
    if (config_->registry && !config_->write_id) return nullptr;
    return std::make_unique<AvroEncoder>(config_);
  }

 private:
  std::shared_ptr<const Config> config_;
};

bool read_schema(plugin::Setup& setup, std::string path, Config& config) {
  if (path.starts_with("file://")) path.erase(0, 7);
  const auto text = read_file(path);
  if (!text.ok() || text->empty()) {
    setup.error("schema_uri", "E0305", "The schema " + path + " cannot be read",
                "Give the path of a file that this user can read, or an http URL.");
    return false;
  }
  auto schema = avro::Schema::parse(*text);
  if (!schema.ok()) {
    setup.error("schema_uri", "E0306", "The schema " + path + " cannot be used: " + schema.message());
    return false;
  }
  config.schema = std::move(*schema);
  return true;
}

bool read_login(plugin::Setup& setup, avro::SchemaServer& server) {
  server.user = setup.options.string("username");
  server.password = setup.options.string("password");
  if (server.user.empty() == server.password.empty()) return true;
  setup.error(server.user.empty() ? "password" : "username", "E0308",
              "`username` and `password` need one another", "Give both or none.");
  return false;
}

// Plain http has no use for what secures https, and a config that names it means something else.
bool check_scheme(plugin::Setup& setup, std::string_view option, bool secure) {
  const auto& options = setup.options;
  if (secure && options.given("ssl_enabled") && !options.boolean("ssl_enabled")) {
    setup.error("ssl_enabled", "E0307", "An https URL needs `ssl_enabled` => true", "Remove the option.");
    return false;
  }
  for (const auto& entry : options.entries()) {
    const auto name = entry.option->name;
    if (secure || !entry.given || !name.starts_with("ssl_") || name == "ssl_enabled") continue;
    setup.error(name, "E0307",
                "`" + std::string(name) + "` is of no use: " + std::string(option) + " is not https",
                "Write the URL with https://, or remove the option.");
    return false;
  }
  return true;
}

bool read_server(plugin::Setup& setup, std::string_view option, std::string url, Config& config) {
  const bool secure = url.starts_with("https://");
  if (!secure && !url.starts_with("http://")) {
    setup.error(option, "E0306", std::string(option) + " must begin with http:// or https://");
    return false;
  }
  while (url.ends_with('/')) url.pop_back();
  avro::SchemaServer server;
  server.url = std::move(url);
  server.registry = config.registry;
  if (!read_login(setup, server) || !check_scheme(setup, option, secure)) return false;
  server.client.proxy = lookup::read_proxy(setup);
  if (secure) {
    tls::read_client(setup, server.client, server.stores);
    tls::check_strictly(setup, server.stores);
  }
  config.source = std::make_unique<avro::SchemaSource>(std::move(server));
  return true;
}

bool read_schema(plugin::Setup& setup, Config& config) {
  const auto uri = setup.options.maybe_string("schema_uri");
  const auto registry = setup.options.maybe_string("schema_registry_url");
  if (uri && registry) {
    setup.error("schema_registry_url", "E0307", "schema_uri and schema_registry_url exclude one another");
    return false;
  }
  if (!uri && !registry) {
    setup.error("schema_uri", "E0308", "avro needs a schema: schema_uri or schema_registry_url",
                "Add schema_uri => \"/path/to/schema.avsc\".");
    return false;
  }
  config.registry = registry.has_value();
  if (registry) return read_server(setup, "schema_registry_url", *registry, config);
  if (uri->starts_with("http://") || uri->starts_with("https://"))
    return read_server(setup, "schema_uri", *uri, config);
  return read_schema(setup, *uri, config);
}

std::unique_ptr<plugin::Codec> make(plugin::Setup& setup) {
  const auto& options = setup.options;
  auto config = std::make_shared<Config>();
  bool good = read_schema(setup, *config);
  if (options.given("schema_registry_id")) {
    const int64_t id = options.integer("schema_registry_id");
    if (!config->registry || id < 0 || id > UINT32_MAX) {
      setup.error("schema_registry_id", config->registry ? "E0306" : "E0308",
                  config->registry ? "schema_registry_id must be between 0 and 4294967295"
                                   : "schema_registry_id needs schema_registry_url");
      good = false;
    }
    config->write_id = static_cast<uint32_t>(id);
  }
  config->base64 = options.string("encoding") == "base64";
  config->tag_on_failure = options.boolean("tag_on_failure");
  config->ecs = setup.ecs();
  config->target = setup.field("target");
  if (!good) return nullptr;
  return std::make_unique<Avro>(std::move(config));
}

}  // namespace

extern const plugin::Spec codec_avro;
const plugin::Spec codec_avro{
    .kind = plugin::Kind::codec,
    .name = "avro",
    .summary = "Single data of Avro, by a schema from a file, a URL or a registry.",
    .options = kOptions,
    .example =
        "output { file { path => \"/tmp/flows\" codec => avro { schema_uri => \"http://localhost/flow.avsc\" "
        "} } }",
    .codec = make,
};

}  // namespace sluice::plugins
