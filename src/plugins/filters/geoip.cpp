// geoip: the place, network or owner of an address, from a MaxMind database.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <cstring>
#include <unordered_map>

#include "base/lru_map.hpp"
#include "base/nearest.hpp"
#include "plugin/spec.hpp"
#include "plugins/geo/database.hpp"

namespace sluice::plugins {
namespace {

using plugin::Option;
using plugin::Setup;
using plugin::Type;

constexpr Option kOptions[] = {
    {"source", Type::string, {}, "The field with the address.", plugin::kRequired},
    {"target",
     Type::string,
     {},
     "Where the fields go: `geoip` by default, with ECS the parent of a source that ends in [ip]."},
    {"database",
     Type::path,
     {},
     "A MaxMind database (.mmdb): City, Country, ASN, ISP, Domain, Enterprise or Anonymous-IP."},
    {"default_database_type", Type::string, "\"City\"",
     "Which database to look for when `database` is not set.", 0, "City|ASN"},
    {"fields", Type::array, {}, "The fields to set; the database's usual ones by default."},
    {"cache_size", Type::number, "1000", "Addresses whose answer each worker remembers."},
    {"tag_on_failure", Type::array, "[\"_geoip_lookup_failure\"]", "Tags for events without an answer."},
};

constexpr std::string_view kPlaces[] = {"/usr/share/GeoIP", "/var/lib/GeoIP"};

// What a look-up found, kept apart from any batch.
struct Answer {
  struct Item {
    const FieldRef* place = nullptr;
    Value value;                         // a number or a flag
    std::string text;                    // else a text, when there is one
    double latitude = 0, longitude = 0;  // else a point
  };
  bool found = false;
  std::vector<Item> items;
};

struct Config {
  FieldRef source;
  std::string target;
  FieldRef target_ref;
  bool ecs = false;
  std::vector<const geo::Field*> fields;  // as asked for; empty: the database's defaults
  size_t cache_size = 1000;
  std::vector<std::string> tags;
  std::unordered_map<const geo::Field*, FieldRef> places;  // of the fields that the layout has
  std::shared_ptr<geo::WatchedDatabase> database;
};

class Reader {
 public:
  explicit Reader(const MMDB_lookup_result_s& found) : entry_(found.entry) {}

  bool get(std::string_view path, MMDB_entry_data_s& data) {
    const char* keys[6] = {};
    char words[64];
    std::memcpy(words, path.data(), path.size());
    words[path.size()] = 0;
    size_t n = 0;
    char* rest = nullptr;
    for (char* word = strtok_r(words, " ", &rest); word && n < 5; word = strtok_r(nullptr, " ", &rest))
      keys[n++] = word;
    return MMDB_aget_value(&entry_, &data, keys) == MMDB_SUCCESS && data.has_data;
  }
  std::string text(std::string_view path) {
    MMDB_entry_data_s data;
    if (!get(path, data) || data.type != MMDB_DATA_TYPE_UTF8_STRING) return {};
    return {data.utf8_string, data.data_size};
  }
  std::optional<double> number(std::string_view path) {
    MMDB_entry_data_s data;
    if (!get(path, data) || data.type != MMDB_DATA_TYPE_DOUBLE) return std::nullopt;
    return data.double_value;
  }

 private:
  MMDB_entry_s entry_;
};

// The network that the answer is about: the address with the bits behind the prefix cleared.
std::string network_text(const std::string& canonical, int prefix) {
  unsigned char bytes[16] = {};
  const bool v6 = inet_pton(AF_INET6, canonical.c_str(), bytes) == 1;
  if (!v6 && inet_pton(AF_INET, canonical.c_str(), bytes) != 1) return {};
  const int bits = v6 ? 128 : 32;
  for (int i = prefix; i < bits; ++i) bytes[i / 8] &= static_cast<unsigned char>(~(0x80 >> (i % 8)));
  if (v6) {
    in6_addr address{};
    std::memcpy(&address, bytes, sizeof address);
    return fmt::format("{}/{}", geo::ipv6_text(address), prefix);
  }
  return fmt::format("{}.{}.{}.{}/{}", bytes[0], bytes[1], bytes[2], bytes[3], prefix);
}

class Worker : public plugin::FilterWorker {
 public:
  explicit Worker(const Config& config) : config_(config), cache_(config.cache_size) {}

  void filter(plugin::FilterRun& run) override {
    auto database = config_.database->get();
    if (database != database_) {
      database_ = std::move(database);
      cache_.clear();
    }
    for (auto* event : run.events()) {
      if (locate(*event)) {
        (void)run.matched(*event);
      } else {
        for (const auto& tag : config_.tags) event->tag(tag);
      }
    }
  }

 private:
  bool locate(Event& event) {
    const Value* source = event.get(config_.source);
    if (source && source->is_array())
      source = source->as_array()->size ? &source->as_array()->items[0] : nullptr;
    if (!source || !source->is_string()) return false;
    const auto text = source->as_text();
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return false;
    const Answer& answer = ask(text);
    // Found or not, there is a target then.
    const Value* target = event.get(config_.target_ref);
    if (!target || target->is_null())
      event.set(config_.target_ref, Value::object(Object::make(event.arena(), 4)));
    if (!answer.found) return false;
    for (const auto& item : answer.items) put(event, item);
    return true;
  }

  void put(Event& event, const Answer::Item& item) const {
    Value value = item.value;
    if (!item.text.empty()) {
      value = event.text(item.text);
    } else if (value.is_null()) {
      auto& arena = event.arena();
      auto* point = Object::make(arena, 2);
      point->append(arena, lat_, Value::real(item.latitude));
      point->append(arena, lon_, Value::real(item.longitude));
      value = Value::object(point);
    }
    event.set(*item.place, value);
  }

  const Answer& ask(std::string_view address) {
    if (const Answer* known = cache_.find(address)) return *known;
    return cache_.put(address, look_up(std::string(address)));
  }

  Answer look_up(const std::string& address) {
    Answer answer;
    std::string canonical;
    int prefix = 0;
    const auto found = database_->lookup(address, canonical, prefix);
    if (!found.found_entry) return answer;
    Reader reader(found);
    const bool placeless = database_->kind() == geo::DatabaseKind::city &&
                           !reader.number("location latitude") && !reader.number("location longitude");
    if (placeless || database_->kind() == geo::DatabaseKind::unknown) return answer;
    const uint32_t kind = 1u << static_cast<uint32_t>(database_->kind());
    if (config_.fields.empty()) {
      for (const auto& field : geo::all_fields())
        if ((config_.ecs ? field.ecs_kinds : field.kinds) & kind)
          add(answer, field, reader, canonical, prefix);
    } else {
      for (const auto* field : config_.fields)
        if (geo::offers(database_->kind(), *field)) add(answer, *field, reader, canonical, prefix);
    }
    return answer;
  }

  void add(Answer& answer, const geo::Field& field, Reader& reader, const std::string& canonical,
           int prefix) const {
    Answer::Item item;
    if (!find(field, reader, canonical, prefix, item)) return;
    answer.found = true;
    // A field that the layout leaves out counts as found and is not set.
    const auto place = config_.places.find(&field);
    if (place == config_.places.end()) return;
    item.place = &place->second;
    answer.items.push_back(std::move(item));
  }

  static bool find(const geo::Field& field, Reader& reader, const std::string& canonical, int prefix,
                   Answer::Item& item) {
    if (field.option == "IP") {
      item.text = canonical;
      return true;
    }
    if (field.option == "NETWORK") {
      item.text = network_text(canonical, prefix);
      return true;
    }
    if (field.option == "REGION_ISO_CODE") {
      const auto country = reader.text("country iso_code"), region = reader.text("subdivisions -1 iso_code");
      item.text = country + "-" + region;
      return !country.empty() && !region.empty();
    }
    if (field.option == "LOCATION") {
      const auto lat = reader.number("location latitude"), lon = reader.number("location longitude");
      item.latitude = lat.value_or(0);
      item.longitude = lon.value_or(0);
      return lat && lon;
    }
    return read(field, reader, item);
  }

  // A flag that the database leaves out is false; other fields that it leaves out are not set.
  static bool read(const geo::Field& field, Reader& reader, Answer::Item& item) {
    MMDB_entry_data_s data;
    // Enterprise databases keep what others have at the top below `traits`.
    if (!reader.get(field.path, data) && !reader.get("traits " + std::string(field.path), data)) {
      item.value = Value::boolean(false);
      return field.path.starts_with("is_");
    }
    switch (data.type) {
      case MMDB_DATA_TYPE_UTF8_STRING:
        item.text.assign(data.utf8_string, data.data_size);
        return !item.text.empty();
      case MMDB_DATA_TYPE_DOUBLE:
        item.value = Value::real(data.double_value);
        return true;
      case MMDB_DATA_TYPE_FLOAT:
        item.value = Value::real(data.float_value);
        return true;
      case MMDB_DATA_TYPE_UINT16:
        item.value = Value::integer(data.uint16);
        return true;
      case MMDB_DATA_TYPE_UINT32:
        item.value = Value::integer(data.uint32);
        return true;
      case MMDB_DATA_TYPE_INT32:
        item.value = Value::integer(data.int32);
        return true;
      case MMDB_DATA_TYPE_UINT64:
        item.value = Value::integer(static_cast<int64_t>(data.uint64));
        return true;
      case MMDB_DATA_TYPE_BOOLEAN:
        item.value = Value::boolean(data.boolean);
        return true;
      default:
        return false;
    }
  }

  const Config& config_;
  std::shared_ptr<const geo::Database> database_;
  LruMap<Answer> cache_;
  const Key lat_ = Key::intern("lat"), lon_ = Key::intern("lon");
};

class Geoip : public plugin::Filter {
 public:
  explicit Geoip(Config config, std::string path) : config_(std::move(config)), path_(std::move(path)) {}

  Status start(plugin::Start&) override {
    if (path_.empty())
      return Status::config(
          fmt::format("no GeoIP database: set `database` to a .mmdb file, or put GeoLite2-City.mmdb into {}",
                      kPlaces[0]));
    auto database = geo::Database::open(path_);
    if (!database.ok()) return database.status();
    config_.database = std::make_shared<geo::WatchedDatabase>(std::move(database).value());
    return {};
  }
  std::unique_ptr<plugin::FilterWorker> worker() override { return std::make_unique<Worker>(config_); }
  void flow(plugin::Flow& flow) const override {
    flow.reads(config_.source.text(), "source");
    flow.writes(config_.target);
    flow.writes("tags");
  }

 private:
  Config config_;
  std::string path_;
};

FieldRef joined(const std::string& target, std::string_view rest) {
  const std::string base = target.empty() ? "" : target.front() == '[' ? target : "[" + target + "]";
  return FieldRef::of(base + std::string(rest));
}

// With ECS the fields stand beside the address: [client][ip] gives [client][geo].
std::string default_target(Setup& setup, const std::string& source) {
  if (!setup.ecs()) return "geoip";
  constexpr std::string_view kEnd = "[ip]";
  if (source.size() > kEnd.size() && source.ends_with(kEnd))
    return source.substr(0, source.size() - kEnd.size());
  setup.error("source", "E0308",
              "GeoIP Filter in ECS-Compatiblity mode requires a `target` when `source` is not an `ip` "
              "sub-field, eg. [client][ip]",
              "Add `target => \"client\"`, or another parent for the geo fields.");
  return {};
}

// The schema knows geo fields below these names only.
void check_ecs_target(Setup& setup, std::string_view target) {
  if (target.size() > 2 && target.front() == '[' && target.find(']') == target.size() - 1)
    target = target.substr(1, target.size() - 2);
  for (const auto name : {"client", "destination", "host", "observer", "server", "source"})
    if (target == name) return;
  setup.warning(
      "target", "W0306",
      fmt::format("ECS expects `target` to be client, destination, host, observer, server or source: "
                  "{} is none of them",
                  target),
      "Store the fields below one of these, so that others find them.");
}

std::string find_database(Setup& setup) {
  if (setup.options.given("database")) return setup.options.string("database");
  const auto file = "GeoLite2-" + setup.options.string("default_database_type") + ".mmdb";
  for (const auto place : kPlaces) {
    const auto path = std::string(place) + "/" + file;
    if (FILE* f = std::fopen(path.c_str(), "rb")) {
      std::fclose(f);
      return path;
    }
  }
  return {};
}

void take_fields(Setup& setup, Config& config) {
  if (!setup.options.has("fields")) return;
  for (const auto& item : setup.options.items("fields")) {
    if (const auto* field = geo::find_field(item.text)) {
      config.fields.push_back(field);
      continue;
    }
    std::vector<std::string_view> names;
    for (const auto& field : geo::all_fields()) names.push_back(field.option);
    const auto near = nearest(item.text, names);
    setup.diagnostics.error(
        "E0306", item.span, fmt::format("`{}` is no field of a GeoIP database", item.text),
        near ? fmt::format("Did you mean `{}`?", *near) : "`pipeline plugins geoip` says more.");
  }
}

// What the database cannot give is said before the first event comes.
void check_database(Setup& setup, const Config& config) {
  const auto opened = geo::Database::open(setup.options.string("database"));
  if (!opened.ok()) {
    setup.error("database", "E0305", opened.message(), "Give the path of a MaxMind database (.mmdb).");
    return;
  }
  const auto& database = **opened;
  if (database.kind() == geo::DatabaseKind::unknown) {
    setup.warning(
        "database", "W0306",
        fmt::format("The provided database type {} is not supported: every event gets the failure tag",
                    database.type_name()),
        "Use a database of the type City, Country, Domain, ASN, ISP, Enterprise or Anonymous-IP.");
    return;
  }
  for (const auto* field : config.fields)
    if (!geo::offers(database.kind(), *field))
      setup.warning(
          "fields", "W0306",
          fmt::format("A database of the type {} does not give {}", database.type_name(), field->legacy),
          "Leave the field out, or use another database.");
}

std::unique_ptr<plugin::Filter> make(Setup& setup) {
  Config config;
  const size_t errors = setup.diagnostics.error_count();
  config.source = setup.field("source");
  config.ecs = setup.ecs();
  config.target = setup.options.has("target") ? setup.options.string("target")
                                              : default_target(setup, setup.options.string("source"));
  if (config.ecs && setup.options.has("target")) check_ecs_target(setup, config.target);
  auto target = FieldRef::parse(config.target);
  if (!target.ok())
    setup.error("target", "E0304", target.message());
  else
    config.target_ref = std::move(target).value();
  take_fields(setup, config);
  if (setup.options.given("database") && setup.diagnostics.error_count() == errors)
    check_database(setup, config);
  config.cache_size = static_cast<size_t>(std::max<int64_t>(1, setup.options.integer("cache_size")));
  config.tags = setup.options.strings("tag_on_failure");
  for (const auto& field : geo::all_fields()) {
    const auto place = config.ecs ? field.ecs : field.legacy;
    if (place.empty()) continue;
    config.places[&field] =
        joined(config.target, config.ecs ? std::string(place) : "[" + std::string(place) + "]");
  }
  if (setup.diagnostics.error_count() != errors) return nullptr;
  return std::make_unique<Geoip>(std::move(config), find_database(setup));
}

}  // namespace

extern const plugin::Spec filter_geoip;
const plugin::Spec filter_geoip{
    .kind = plugin::Kind::filter,
    .name = "geoip",
    .summary = "Adds the place, network or owner of an address from a MaxMind database.",
    .options = kOptions,
    .example = "filter { geoip { source => \"[client][ip]\" } }",
    .filter = make,
};

}  // namespace sluice::plugins
