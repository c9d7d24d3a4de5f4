// filter syslog_pri: facility and severity from the priority of a syslog message.
#include "base/log.hpp"
#include "match/numbers.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr std::string_view kFailureTag = "_syslogpriparsefailure";
constexpr int64_t kDefaultPriority = 13;  // user-level, notice: RFC 3164, 4.3.3

constexpr plugin::Option kOptions[] = {
    {"use_labels", Type::boolean, "true", "Add the names of facility and severity to their numbers."},
    {"syslog_pri_field_name",
     Type::string,
     {},
     "The field that holds the priority; `syslog_pri`, with ECS `[log][syslog][priority]` by default."},
    {"facility_labels", Type::array,
     "[\"kernel\", \"user-level\", \"mail\", \"daemon\", \"security/authorization\", \"syslogd\", "
     "\"line printer\", \"network news\", \"uucp\", \"clock\", \"security/authorization\", \"ftp\", \"ntp\", "
     "\"log audit\", \"log alert\", \"clock\", \"local0\", \"local1\", \"local2\", \"local3\", \"local4\", "
     "\"local5\", \"local6\", \"local7\"]",
     "The names of the facilities, from number 0 on."},
    {"severity_labels", Type::array,
     "[\"emergency\", \"alert\", \"critical\", \"error\", \"warning\", \"notice\", \"informational\", "
     "\"debug\"]",
     "The names of the severities, from number 0 on."},
};

struct Config {
  FieldRef source;
  FieldRef facility_code, facility_label, severity_code, severity_label;
  std::vector<std::string> facilities, severities;
  bool labels = true;
};

// The priority; nothing for what is no number and for one that 64 bits do not hold.
std::optional<int64_t> priority_of(const Value* value) {
  if (!value) return kDefaultPriority;
  switch (value->kind()) {
    case Value::Kind::null:
      return kDefaultPriority;
    case Value::Kind::boolean:
      return value->as_bool() ? std::nullopt : std::optional(kDefaultPriority);
    case Value::Kind::integer:
      return value->as_integer();
    case Value::Kind::real: {
      const auto whole = match::convert_to_integer(value->as_real());
      return whole && whole->fits() ? std::optional(whole->value) : std::nullopt;
    }
    case Value::Kind::string: {
      const auto number = match::ruby_to_i(value->as_text());
      return number.fits() ? std::optional(number.value) : std::nullopt;
    }
    case Value::Kind::array: {
      const auto& list = *value->as_array();
      if (list.size == 0 || list.items[0].is_null()) return 0;
      return list.items[0].is_array() ? std::nullopt : priority_of(&list.items[0]);
    }
    default:
      return std::nullopt;
  }
}

class SyslogPriWorker : public plugin::FilterWorker {
 public:
  explicit SyslogPriWorker(const Config& config) : config_(config) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      const auto priority = priority_of(event->get(config_.source));
      if (!priority) {
        event->tag(kFailureTag);
        continue;
      }
      Status status = store(*event, *priority);
      if (status.ok()) status = run.matched(*event);
      if (!status.ok()) warn(status);
    }
  }

 private:
  Status store(Event& event, int64_t priority) const {
    const int64_t severity = priority & 7;
    const int64_t facility = priority >> 3;
    Status status = set(event, config_.severity_code, Value::integer(severity));
    if (status.ok()) status = set(event, config_.facility_code, Value::integer(facility));
    if (!status.ok() || !config_.labels) return status;
    const auto count = static_cast<int64_t>(config_.facilities.size());
    if (facility >= count) {
      event.tag(kFailureTag);
      return {};
    }
    // A negative number counts from the end, as in Ruby.
    const int64_t index = facility < 0 ? facility + count : facility;
    if (index >= 0)
      status = set(event, config_.facility_label, event.text(config_.facilities[static_cast<size_t>(index)]));
    if (status.ok() && severity < static_cast<int64_t>(config_.severities.size()))
      status =
          set(event, config_.severity_label, event.text(config_.severities[static_cast<size_t>(severity)]));
    return status;
  }

  static Status set(Event& event, const FieldRef& field, const Value& value) {
    return set_status(event.set(field, value), field);
  }

  void warn(const Status& status) {
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::warn("logstash.filters.syslog_pri", "The event could not be changed",
                {{"exception", status.message()}, {"suppressed", suppressed}});
  }

  const Config& config_;
  WarningLimiter warnings_;
};

class SyslogPri : public plugin::Filter {
 public:
  explicit SyslogPri(plugin::Setup& setup) {
    const bool ecs = setup.ecs();
    const bool named = setup.options.has("syslog_pri_field_name");
    config_.source = named ? setup.field("syslog_pri_field_name")
                           : FieldRef::of(ecs ? "[log][syslog][priority]" : "syslog_pri");
    config_.facility_code = FieldRef::of(ecs ? "[log][syslog][facility][code]" : "syslog_facility_code");
    config_.severity_code = FieldRef::of(ecs ? "[log][syslog][severity][code]" : "syslog_severity_code");
    config_.facility_label = FieldRef::of(ecs ? "[log][syslog][facility][name]" : "syslog_facility");
    config_.severity_label = FieldRef::of(ecs ? "[log][syslog][severity][name]" : "syslog_severity");
    config_.facilities = setup.options.strings("facility_labels");
    config_.severities = setup.options.strings("severity_labels");
    config_.labels = setup.options.boolean("use_labels");
  }
  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<SyslogPriWorker>(config_);
  }
  void flow(plugin::Flow& flow) const override {
    // Without a priority there is a default one, so that nothing has to produce the field.
    flow.always_writes(config_.facility_code.text());
    flow.always_writes(config_.severity_code.text());
    if (config_.labels) {
      flow.writes(config_.facility_label.text());
      flow.writes(config_.severity_label.text());
      flow.writes("tags");
    }
    flow.matches_all();
  }

 private:
  Config config_;
};

}  // namespace

extern const plugin::Spec filter_syslog_pri;
const plugin::Spec filter_syslog_pri{
    .kind = plugin::Kind::filter,
    .name = "syslog_pri",
    .summary = "Splits the priority of a syslog message into facility and severity.",
    .options = kOptions,
    .example = "filter { syslog_pri { syslog_pri_field_name => \"priority\" } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<SyslogPri>(setup);
    }};

}  // namespace sluice::plugins
