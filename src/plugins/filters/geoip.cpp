// geoip: the place, network or owner of an address, from a MaxMind database.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/lru_map.hpp"
#include "base/nearest.hpp"
#include "event/batch.hpp"
#include "event/field_layout.hpp"
#include "event/frozen_object.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/geo/record.hpp"

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
    {"cache_size", Type::number, "1000",
     "Answers each worker remembers: records, and addresses other than IPv4."},
    {"tag_on_failure", Type::array, "[\"_geoip_lookup_failure\"]", "Tags for events without a record."},
};

constexpr std::string_view kPlaces[] = {"/usr/share/GeoIP", "/var/lib/GeoIP"};

// Where the database has an address, and the address as it is stored.
struct Entry {
  geo::Found place;
  std::string canonical;
};

struct Config {
  FieldRef source;
  std::string target;
  FieldRef target_ref;
  bool ecs = false;
  bool default_fields = true;             // those that are usual for the kind of the database
  std::vector<const geo::Field*> fields;  // as asked for, or all
  std::vector<FieldRef> places;           // of the fields; empty: the layout leaves the field out
  FieldLayout layout;                     // of the places
  bool below_target = false;              // all of them are below the target
  size_t cache_size = 1000;
  std::vector<std::string> tags;
  std::shared_ptr<geo::WatchedDatabase> database;
};

// What a record says, and the object that it makes of a target that is not there yet.
struct Answer {
  geo::Record record;
  FrozenObject target;
  struct Own {
    geo::Record::Item item;
    size_t member = 0;  // of the target
  };
  std::vector<Own> own;  // what differs from address to address
};

class Worker : public plugin::FilterWorker {
 public:
  explicit Worker(const Config& config)
      : config_(config),
        entries_(config.cache_size),
        answers_(config.cache_size),
        values_(config.places.size()) {}

  void filter(plugin::FilterRun& run) override {
    auto database = config_.database->get();
    if (database != database_) {
      database_ = std::move(database);
      entries_.clear();
      answers_.clear();
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
  using Item = geo::Record::Item;

  bool locate(Event& event) {
    const Value* source = event.get(config_.source);
    if (source && source->is_array())
      source = source->as_array()->size ? &source->as_array()->items[0] : nullptr;
    if (!source || !source->is_string()) return false;
    const auto text = source->as_text();
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return false;
    const Entry& entry = find(text);
    const Answer* answer = entry.place.found ? &answer_of(entry) : nullptr;
    if (answer && answer->target && put_target(event, *answer, entry)) return true;
    // Found or not, there is a target then.
    const Value* target = event.get(config_.target_ref);
    if (!target || target->is_null())
      event.set(config_.target_ref, Value::object(Object::make(event.arena(), 0)));
    if (!answer || !answer->record.found) return false;
    put(event, answer->record, entry);
    return true;
  }

  // False where the event has a target already.
  bool put_target(Event& event, const Answer& answer, const Entry& entry) {
    const Object* target = answer.target.thaw_into(event, config_.target_ref);
    if (!target) return false;
    for (const auto& own : answer.own)
      target->members[own.member].value = value_of(own.item, "", entry, event);
    return true;
  }

  void put(Event& event, const geo::Record& record, const Entry& entry) {
    const char* text = event.arena().copy(record.text).data();
    for (const auto& item : record.items) values_[item.place] = value_of(item, text, entry, event);
    if (!config_.layout.set(event, values_))
      for (size_t i = 0; i < values_.size(); ++i)
        if (!values_[i].is_null()) event.set(config_.places[i], values_[i]);
    for (const auto& item : record.items) values_[item.place] = {};
  }

  Value value_of(const Item& item, const char* text, const Entry& entry, Event& event) const {
    switch (item.kind) {
      case Item::Kind::text:
        return Value::string({text + item.begin, item.size}, item.plain);
      case Item::Kind::point: {
        auto* point = Object::make(event.arena(), 2);
        point->append(event.arena(), lat_, Value::real(item.latitude));
        point->append(event.arena(), lon_, Value::real(item.longitude));
        return Value::object(point);
      }
      case Item::Kind::address:
        return event.text(entry.canonical);
      case Item::Kind::network:
        return event.text(geo::network_text(entry.canonical, entry.place.prefix));
      case Item::Kind::value:
        break;
    }
    return item.value;
  }

  const Entry& find(std::string_view address) {
    if (database_->lookup_ipv4(address, ipv4_.place)) {
      ipv4_.canonical = address;
      return ipv4_;
    }
    if (const Entry* known = entries_.find(address)) return *known;
    Entry entry;
    entry.place = database_->lookup(std::string(address), entry.canonical);
    return entries_.put(address, std::move(entry));
  }

  const Answer& answer_of(const Entry& entry) {
    char key[sizeof entry.place.offset];
    std::memcpy(key, &entry.place.offset, sizeof key);
    const std::string_view name(key, sizeof key);
    if (const Answer* known = answers_.find(name)) return *known;
    Answer answer{read(database_->entry(entry.place.offset)), {}, {}};
    if (answer.record.found && config_.below_target) make_target(answer, entry);
    return answers_.put(name, std::move(answer));
  }

  // Sets the fields in an event without any, and keeps what became of the target.
  void make_target(Answer& answer, const Entry& entry) {
    Event& event = scratch_.make();
    event.set(config_.target_ref, Value::object(Object::make(event.arena(), 0)));
    put(event, answer.record, entry);
    if (const Value* made = event.get(config_.target_ref); made && made->is_object())
      find_own(answer, *made->as_object());
    scratch_.arena().reset();
  }

  void find_own(Answer& answer, const Object& target) const {
    for (const auto& item : answer.record.items) {
      if (item.kind != Item::Kind::address && item.kind != Item::Kind::network) continue;
      const auto& steps = config_.places[item.place].steps();
      const Value* value = target.find(steps.back().key);
      if (!value || steps.size() != config_.target_ref.steps().size() + 1) return;
      const auto is_value = [value](const Member& member) { return &member.value == value; };
      const auto all = target.all();
      answer.own.push_back(
          {item, static_cast<size_t>(std::find_if(all.begin(), all.end(), is_value) - all.begin())});
    }
    answer.target = FrozenObject(target);
  }

  geo::Record read(const MMDB_entry_s& entry) const {
    geo::Record record;
    geo::RecordReader reader(entry);
    const auto kind = database_->kind();
    if ((kind == geo::DatabaseKind::city && !reader.has_point()) || kind == geo::DatabaseKind::unknown)
      return record;
    for (uint32_t i = 0; i < config_.fields.size(); ++i) {
      const auto& field = *config_.fields[i];
      const uint32_t wanted = !config_.default_fields ? field.offered
                              : config_.ecs           ? field.ecs_kinds
                                                      : field.kinds;
      Item item;
      if ((wanted >> static_cast<uint32_t>(kind) & 1) == 0 || !reader.read(field, record, item)) continue;
      record.found = true;
      // A field that the layout leaves out counts as found and is not set.
      item.place = i;
      if (!config_.places[i].empty()) record.items.push_back(item);
    }
    return record;
  }

  const Config& config_;
  std::shared_ptr<const geo::Database> database_;
  Entry ipv4_;                 // of the event at hand
  LruMap<Entry> entries_;      // by address, for those that take long to look up
  LruMap<Answer> answers_;     // by the offset of the record
  std::vector<Value> values_;  // of the places, for one event; null between events
  Batch scratch_;              // holds an event while an answer is made
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

void find_places(Config& config) {
  config.default_fields = config.fields.empty();
  if (config.default_fields)
    for (const auto& field : geo::all_fields()) config.fields.push_back(&field);
  for (const auto* field : config.fields) {
    const std::string place(config.ecs ? field->ecs : field->legacy);
    config.places.push_back(place.empty() ? FieldRef{}
                            : config.ecs  ? joined(config.target, place)
                                          : joined(config.target, "[" + place + "]"));
  }
  config.layout = FieldLayout(config.places);
  config.below_target = std::all_of(config.places.begin(), config.places.end(), [&](const FieldRef& place) {
    return place.empty() || is_below(place, config.target_ref);
  });
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
  if (setup.diagnostics.error_count() != errors) return nullptr;
  find_places(config);
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
