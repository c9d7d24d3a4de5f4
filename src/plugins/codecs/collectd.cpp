// codec collectd: the binary protocol of collectd's network plugin.
// Source: https://collectd.org/wiki/index.php/Binary_protocol
#include <bit>
#include <cmath>
#include <filesystem>

#include "base/log.hpp"
#include "plugin/spec.hpp"
#include "plugins/collectd/auth.hpp"
#include "plugins/collectd/types.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "plugins/wire/reader.hpp"
#include "plugins/wire/values.hpp"

namespace sluice::plugins {
namespace {

using namespace collectd;
using plugin::Type;

constexpr std::string_view kLogger = "logstash.codecs.collectd";
constexpr std::string_view kSystemTypes = "/usr/share/collectd/types.db";

constexpr plugin::Option kOptions[] = {
    {"typesdb",
     Type::array,
     {},
     "Files in the form of collectd's types.db that name the values of types with several; without it the "
     "types "
     "of collectd 5 are known, and those of /usr/share/collectd/types.db when there is one."},
    {"prune_intervals", Type::boolean, "true", "Whether intervals make no events of their own."},
    {"security_level", Type::string, "\"None\"",
     "What a packet must be: nothing in particular, signed (or encrypted), or encrypted.", 0,
     "None|Sign|Encrypt"},
    {"authfile",
     Type::string,
     {},
     "The file with a line `user: password` for each sender; needed to check signatures and to decrypt."},
    {"nan_handling", Type::string, "\"change_value\"",
     "What happens to a value that is not a number: it becomes nan_value, the same with a warning, or its "
     "event is "
     "dropped.",
     0, "change_value|warn|drop"},
    {"nan_value", Type::number, "0", "What stands in for a value that is not a number."},
    {"nan_tag", Type::string, "\"_collectdNaN\"", "The tag of an event with such a value; empty for none."},
    {"target", Type::field_reference, {}, "The field that the values go into; the root without it."},
};

enum class Security : uint8_t { none, sign, encrypt };
enum class NanHandling : uint8_t { change, warn, drop };

struct Config {
  Types types;
  std::unique_ptr<AuthFile> auth;
  Security security = Security::none;
  NanHandling nan_handling = NanHandling::change;
  Value nan_value;
  std::string nan_tag;
  bool prune_intervals = true;
  FieldRef target;
};

// Numbers of the parts of a packet.
enum Part : uint16_t {
  kHost = 0,
  kTime = 1,
  kPlugin = 2,
  kPluginInstance = 3,
  kType = 4,
  kTypeInstance = 5,
  kValues = 6,
  kInterval = 7,
  kTimeHigh = 8,
  kIntervalHigh = 9,
  kMessage = 256,
  kSeverity = 257,
  kSignature = 512,
  kEncryption = 528,
};

struct Keys {
  Key host = Key::intern("host"), plugin = Key::intern("plugin"),
      plugin_instance = Key::intern("plugin_instance"), type = Key::intern("collectd_type"),
      type_instance = Key::intern("type_instance"), interval = Key::intern("interval"),
      message = Key::intern("message"), severity = Key::intern("severity"), value = Key::intern("value"),
      values = Key::intern("values");
};

/// What the parts have said so far. It holds for the events that follow in the packet, but for the severity.
struct State {
  std::string_view host, plugin, plugin_instance, type, type_instance;
  bool has_host = false, has_plugin = false, has_plugin_instance = false, has_type = false,
       has_type_instance = false;
  std::optional<int64_t> nanos;
  std::optional<uint64_t> severity;
};

class CollectdDecoder : public plugin::Decoder {
 public:
  explicit CollectdDecoder(std::shared_ptr<const Config> config) : config_(std::move(config)) {}

  void decode(std::string_view bytes, plugin::EventSink& sink) override {
    state_ = {};
    trusted_ = config_->security == Security::none;
    wire::Reader reader(bytes);
    while (reader.left() > 0) {
      const uint16_t part = reader.u16();
      const size_t length = reader.u16();
      if (!reader.ok() || length < 4) return fail("a part has no header");
      const auto body = reader.take(length - 4);
      if (!reader.ok()) return fail("a part is longer than its packet");
      if (part == kSignature) {
        if (!check_signature(body, reader.rest())) return;
      } else if (part == kEncryption) {
        const auto plain = decrypt(body);
        if (!plain) return;
        reader = wire::Reader(sink.batch().arena().copy(*plain));
        trusted_ = true;
      } else if (!trusted_) {
        return fail("a packet is not secured as security_level wants it");
      } else if (!take_part(part, body, sink)) {
        return;
      }
    }
  }

 private:
  bool take_part(uint16_t part, std::string_view body, plugin::EventSink& sink) {
    switch (part) {
      case kHost:
        return take_text(body, state_.host, state_.has_host);
      case kPlugin:
        return take_text(body, state_.plugin, state_.has_plugin);
      case kPluginInstance:
        return take_text(body, state_.plugin_instance, state_.has_plugin_instance);
      case kType:
        return take_text(body, state_.type, state_.has_type);
      case kTypeInstance:
        return take_text(body, state_.type_instance, state_.has_type_instance);
      case kTime:
      case kTimeHigh:
        return take_time(part, body);
      case kInterval:
      case kIntervalHigh:
        return take_interval(part, body, sink);
      case kSeverity:
        if (body.size() < 8) return cut();
        state_.severity = wire::Reader::number(body.substr(0, 8));
        return true;
      case kMessage:
        add_message(body, sink);
        return true;
      case kValues:
        return take_values(body, sink);
      default:
        warn("Unknown typenumber: " + std::to_string(part));
        return true;
    }
  }

  // Texts end in a NUL.
  static std::string_view text_of(std::string_view body) {
    return body.empty() ? body : body.substr(0, body.size() - 1);
  }

  static bool take_text(std::string_view body, std::string_view& text, bool& known) {
    text = text_of(body);
    known = true;
    return true;
  }

  // Seconds, or fractions of 2^-30 seconds.
  bool take_time(uint16_t part, std::string_view body) {
    constexpr uint64_t kLastSecond = 9'000'000'000;  // its nanoseconds fit 64 bits
    if (body.size() < 8) return cut();
    const uint64_t number = wire::Reader::number(body.substr(0, 8));
    const bool high = part == kTimeHigh;
    const uint64_t seconds = high ? number >> 30 : number;
    const uint64_t fraction = high ? number & ((1U << 30) - 1) : 0;
    if (seconds > kLastSecond)
      state_.nanos.reset();
    else
      state_.nanos = static_cast<int64_t>(seconds * 1'000'000'000 + (fraction * 1'000'000'000 >> 30));
    return true;
  }

  bool take_interval(uint16_t part, std::string_view body, plugin::EventSink& sink) {
    if (body.size() < 8) return cut();
    const uint64_t number = wire::Reader::number(body.substr(0, 8));
    if (!config_->prune_intervals) {
      auto& arena = sink.batch().arena();
      Object& fields = begin(arena, 1);
      fields.append(arena, keys_.interval,
                    wire::unsigned_value(part == kIntervalHigh ? number >> 30 : number, arena));
      finish(fields, false, sink);
    }
    state_.severity.reset();
    return true;
  }

  void add_message(std::string_view body, plugin::EventSink& sink) {
    auto& arena = sink.batch().arena();
    Object& fields = begin(arena, 1);
    fields.append(arena, keys_.message, wire::text_value(text_of(body), arena));
    finish(fields, false, sink);
  }

  // A count that is not looked at, a byte of kind for each value, then eight bytes for each.
  bool take_values(std::string_view body, plugin::EventSink& sink) {
    if (body.size() < 2) return cut();
    body.remove_prefix(2);
    auto& arena = sink.batch().arena();
    const size_t count = body.size() / 9;
    Object& fields = begin(arena, static_cast<uint32_t>(count));
    if (body.size() % 9 != 0) {
      warn("Incorrect number of data fields for collectd record");
      fields.append(arena, keys_.values, {});
      finish(fields, false, sink);
      return true;
    }
    if (count == 0) fields.append(arena, keys_.value, {});
    const auto* names = count > 1 ? config_->types.find(state_.type) : nullptr;
    bool nan = false;
    for (size_t i = 0; i < count; ++i) {
      Value value;
      if (!read_value(static_cast<uint8_t>(body[i]), body.substr(count + i * 8, 8), arena, value, nan))
        return false;
      if (count == 1)
        fields.append(arena, keys_.value, value);
      else if (names && i < names->size())
        fields.set(arena, (*names)[i], value);
      else
        warn("The type " + std::string(state_.type) + " has no name for value " + std::to_string(i) +
             ": its file is missing in typesdb");
    }
    if (nan && config_->nan_handling == NanHandling::drop)
      state_.severity.reset();
    else
      finish(fields, nan, sink);
    return true;
  }

  bool read_value(uint8_t kind, std::string_view bytes, Arena& arena, Value& out, bool& nan) {
    const uint64_t number = wire::Reader::number(bytes);
    switch (kind) {
      case 0:  // counter
      case 3:  // absolute
        out = wire::unsigned_value(number, arena);
        return true;
      case 1: {  // gauge, the one number with its least byte first
        const auto real = std::bit_cast<double>(__builtin_bswap64(number));
        out = Value::real(real);
        if (!std::isnan(real)) return true;
        nan = true;
        out = config_->nan_value;
        if (config_->nan_handling == NanHandling::warn) warn("NaN replaced by the value of nan_value");
        return true;
      }
      case 2:  // derive
        out = Value::integer(static_cast<int64_t>(number));
        return true;
      default:
        fail("a value is of the unknown kind " + std::to_string(kind));
        return false;
    }
  }

  // An object with what the parts before have said, and room for `more`.
  Object& begin(Arena& arena, uint32_t more) {
    if (state_.has_plugin_instance && state_.plugin_instance.empty()) state_.has_plugin_instance = false;
    if (state_.has_type_instance && state_.type_instance.empty()) state_.has_type_instance = false;
    auto* fields = Object::make(arena, 7 + more);
    const auto put = [&](bool known, Key key, std::string_view text) {
      if (known) fields->append(arena, key, wire::text_value(text, arena));
    };
    put(state_.has_host, keys_.host, state_.host);
    if (state_.nanos) fields->append(arena, Names::get().timestamp, Value::timestamp(*state_.nanos));
    put(state_.has_plugin, keys_.plugin, state_.plugin);
    put(state_.has_plugin_instance, keys_.plugin_instance, state_.plugin_instance);
    put(state_.has_type, keys_.type, state_.type);
    put(state_.has_type_instance, keys_.type_instance, state_.type_instance);
    if (state_.severity) fields->append(arena, keys_.severity, wire::unsigned_value(*state_.severity, arena));
    return *fields;
  }

  void finish(Object& fields, bool nan, plugin::EventSink& sink) {
    Event& event = sink.make();
    if (config_->target.empty())
      event.fields() = fields;
    else
      event.set(config_->target, Value::object(&fields));
    if (nan && !config_->nan_tag.empty()) event.tag(config_->nan_tag);
    sink.add(event);
    state_.severity.reset();
  }

  bool check_signature(std::string_view body, std::string_view content) {
    constexpr size_t kHmac = 32;
    if (body.size() <= kHmac) {
      fail(body.size() < kHmac ? "a signature is too short" : "a signature has no user");
      return false;
    }
    if (config_->security == Security::none) return true;
    const auto user = body.substr(kHmac);
    const auto password = password_of(user);
    if (!password || !signed_by(user, *password, body.substr(0, kHmac), content)) {
      if (password) warn("A signature does not fit its packet", {{"user", user}});
      return false;
    }
    if (config_->security == Security::sign) trusted_ = true;
    return true;
  }

  std::optional<std::string> decrypt(std::string_view body) {
    wire::Reader reader(body);
    const auto user = reader.take(reader.u16());
    const auto iv = reader.take(16);
    if (!reader.ok()) {
      fail("an encrypted part is cut short");
      return std::nullopt;
    }
    const auto password = password_of(user);
    if (!password) return std::nullopt;
    auto plain = decrypted(*password, iv, reader.rest());
    if (!plain) warn("Unable to decrypt packet, checksum mismatch", {{"user", user}});
    return plain;
  }

  std::optional<std::string> password_of(std::string_view user) {
    if (!config_->auth) {
      fail("an encrypted packet came, and security_level is None");
      return std::nullopt;
    }
    auto password = config_->auth->password(user);
    if (!password) warn("User is not found in the authfile", {{"user", user}});
    return password;
  }

  bool cut() {
    fail("a part is shorter than its kind");
    return false;
  }

  void fail(const std::string& why) { warn("The rest of a packet is left out: " + why); }

  void warn(const std::string& text, log::Params params = {}) {
    uint64_t suppressed = 0;
    if (!warnings_.allow(suppressed)) return;
    if (suppressed) params.emplace_back("suppressed", suppressed);
    log::warn(kLogger, text, params);
  }

  std::shared_ptr<const Config> config_;
  Keys keys_;
  State state_;
  bool trusted_ = true;  // the packet is as secure as it has to be
  WarningLimiter warnings_;
};

class Collectd : public plugin::Codec {
 public:
  explicit Collectd(std::shared_ptr<const Config> config) : config_(std::move(config)) {}
  std::string_view name() const override { return "collectd"; }
  std::unique_ptr<plugin::Decoder> decoder() const override {
    return std::make_unique<CollectdDecoder>(config_);
  }
  std::unique_ptr<plugin::Encoder> encoder() const override { return nullptr; }

 private:
  std::shared_ptr<const Config> config_;
};

bool load_types(plugin::Setup& setup, Types& types) {
  if (!setup.options.given("typesdb")) {
    types = Types::builtin();
    std::error_code ec;
    if (std::filesystem::exists(kSystemTypes, ec)) (void)types.load(std::string(kSystemTypes));
    return true;
  }
  bool good = true;
  for (const auto& path : setup.options.strings("typesdb")) {
    const Status status = types.load(path);
    good &= status.ok();
    if (!status.ok())
      setup.error("typesdb", "E0305", "The types in " + path + " cannot be loaded: " + status.message(),
                  "Give the path of a types.db, which collectd has in /usr/share/collectd.");
  }
  return good;
}

bool load_auth(plugin::Setup& setup, Config& config) {
  if (config.security == Security::none) return true;
  const auto path = setup.options.maybe_string("authfile");
  if (!path) {
    setup.error("security_level", "E0308",
                "security_level " + setup.options.string("security_level") + " needs the option authfile",
                "Name a file with a line `user: password` for each sender.");
    return false;
  }
  config.auth = std::make_unique<AuthFile>(*path);
  const Status status = config.auth->load();
  if (!status.ok())
    setup.error("authfile", "E0305", "The authfile " + *path + " cannot be used: " + status.message(),
                "Name a file that this user can read.");
  return status.ok();
}

std::unique_ptr<plugin::Codec> make(plugin::Setup& setup) {
  const auto& options = setup.options;
  auto config = std::make_shared<Config>();
  const auto security = options.string("security_level");
  config->security = security == "Sign"      ? Security::sign
                     : security == "Encrypt" ? Security::encrypt
                                             : Security::none;
  const auto handling = options.string("nan_handling");
  config->nan_handling = handling == "drop"   ? NanHandling::drop
                         : handling == "warn" ? NanHandling::warn
                                              : NanHandling::change;
  const double nan_value = options.number("nan_value");
  const bool whole = nan_value == std::trunc(nan_value) && std::abs(nan_value) < 1e15;
  config->nan_value = whole ? Value::integer(static_cast<int64_t>(nan_value)) : Value::real(nan_value);
  config->nan_tag = options.string("nan_tag");
  config->prune_intervals = options.boolean("prune_intervals");
  config->target = setup.field("target");
  const bool types = load_types(setup, config->types);
  if (!load_auth(setup, *config) || !types) return nullptr;
  return std::make_unique<Collectd>(std::move(config));
}

}  // namespace

extern const plugin::Spec codec_collectd;
const plugin::Spec codec_collectd{
    .kind = plugin::Kind::codec,
    .name = "collectd",
    .summary = "Measurements and notifications in collectd's binary protocol.",
    .options = kOptions,
    .example = "input { udp { port => 25826 buffer_size => 1452 codec => collectd } }",
    .codec = make,
};

}  // namespace sluice::plugins
