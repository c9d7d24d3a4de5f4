#include "settings/settings.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/nearest.hpp"
#include "base/time.hpp"

namespace sluice::settings {
namespace {

bool number_ok(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

bool port_ok(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return number_ok(text);
  return number_ok(text.substr(0, dash)) && number_ok(text.substr(dash + 1));
}

std::string_view wanted(Type type, std::string_view value) {
  switch (type) {
    case Type::boolean:
      return value == "true" || value == "false" ? "" : "true or false";
    case Type::number:
      return number_ok(value) ? "" : "a whole number";
    case Type::bytes:
      return parse_bytes(value) ? "" : "a size such as 64mb";
    case Type::duration:
      return parse_duration_millis(value, 1000) ? "" : "a time such as 5s";
    case Type::port_range:
      return port_ok(value) ? "" : "a port or a range of ports such as 9600-9700";
    default:
      return "";
  }
}

// Settings whose text must be one of a few words.
std::string_view words_of(std::string_view name) {
  if (name == "pipeline.ecs_compatibility") return "disabled|v1|v8";
  if (name == "pipeline.ordered") return "auto|true|false";
  if (name == "queue.type") return "memory|persisted";
  if (name == "queue.compression") return "none|speed|balanced|size|disabled";
  if (name == "log.level") return "fatal|error|warn|info|debug|trace";
  if (name == "api.auth.type") return "none|basic|api_key";
  if (name == "api.auth.basic.password_policy.mode") return "WARN|ERROR";
  if (name.starts_with("api.auth.basic.password_policy.include.")) return "REQUIRED|OPTIONAL";
  if (name == "log.format") return "plain|json";
  if (name == "config.field_reference.escape_style") return "none|percent|ampersand";
  if (name == "dead_letter_queue.storage_policy") return "drop_newer|drop_older";
  return {};
}

Status check_words(std::string_view name, std::string_view value, std::string_view where) {
  const auto words = words_of(name);
  if (words.empty()) return {};
  const std::string list = "|" + std::string(words) + "|";
  if (!value.empty() && list.find("|" + std::string(value) + "|") != std::string::npos) return {};
  return Status::config(
      fmt::format("{}: the setting \"{}\" must be one of {}, not \"{}\"", where, name, words, value));
}

Status check_positive(std::string_view name, std::string_view value, std::string_view where) {
  if (name != "pipeline.workers" && name != "pipeline.batch.size") return {};
  if (value.find_first_not_of("0123456789") == std::string_view::npos &&
      value.find_first_not_of('0') != std::string_view::npos)
    return {};
  return Status::config(
      fmt::format("{}: the setting \"{}\" must be at least 1, not \"{}\"", where, name, value));
}

// Settings of numbers that have a least value.
Status check_least(std::string_view name, std::string_view value, std::string_view where) {
  const int64_t least = name == "dead_letter_queue.flush_interval"         ? 1000
                        : name == "dead_letter_queue.flush_check_interval" ? 1
                                                                           : INT64_MIN;
  int64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  if (least == INT64_MIN || number >= least) return {};
  return Status::config(
      fmt::format("{}: the setting \"{}\" must be at least {}, not \"{}\"", where, name, least, value));
}

Status check_age(std::string_view name, std::string_view value, std::string_view where) {
  if (name != "dead_letter_queue.retain.age" || parse_age_millis(value)) return {};
  return Status::config(
      fmt::format("{}: the setting \"{}\" must be a number and d, h, m or s, such as 3d, not \"{}\"", where,
                  name, value));
}

Status check_supported(std::string_view name, std::string_view value, std::string_view where) {
  if (name == "queue.checkpoint.retry" && value == "false")
    return Status::config(fmt::format(
        "{}: queue.checkpoint.retry false is not supported: a checkpoint that failed is always tried again",
        where));
  return {};
}

}  // namespace

Status Settings::set(std::string_view name, std::string value, std::string_view where) {
  const auto* known = find_setting(name);
  if (!known) {
    std::vector<std::string_view> names;
    for (const auto& k : known_settings()) names.push_back(k.name);
    const auto near = nearest(name, names);
    return Status::config(
        fmt::format("{}: Setting \"{}\" doesn't exist. Please check if you haven't made a typo.{}", where,
                    name, near ? " Did you mean " + *near + "?" : ""));
  }
  // A file that spells out what is the case anyway (reloading off, monitoring off) asks for nothing.
  const bool as_is = (known->type == Type::boolean && value == "false") ||
                     (!known->fallback.empty() && value == known->fallback);
  if (!known->refused.empty() && !as_is)
    return Status::config(
        fmt::format("{}: the setting \"{}\" is not supported: {}", where, name, known->refused));
  if (const auto must = wanted(known->type, value); !must.empty())
    return Status::config(
        fmt::format("{}: the setting \"{}\" must be {}, not \"{}\"", where, name, must, value));
  if (auto status = check_words(name, value, where); !status.ok()) return status;
  if (auto status = check_positive(name, value, where); !status.ok()) return status;
  if (auto status = check_least(name, value, where); !status.ok()) return status;
  if (auto status = check_age(name, value, where); !status.ok()) return status;
  if (auto status = check_supported(name, value, where); !status.ok()) return status;
  values_[std::string(name)] = std::move(value);
  return {};
}

std::string Settings::text(std::string_view name) const {
  if (const auto it = values_.find(std::string(name)); it != values_.end()) return it->second;
  const auto* known = find_setting(name);
  return known ? std::string(known->fallback) : std::string{};
}

int64_t Settings::number(std::string_view name) const {
  const auto value = text(name);
  int64_t n = 0;
  std::from_chars(value.data(), value.data() + value.size(), n);
  return n;
}

int64_t Settings::bytes(std::string_view name) const { return parse_bytes(text(name)).value_or(0); }
int64_t Settings::millis(std::string_view name) const {
  return parse_duration_millis(text(name), 1000).value_or(0);
}

void Settings::overlay(const Settings& above) {
  for (const auto& [name, value] : above.values_) values_[name] = value;
}

std::optional<int64_t> parse_age_millis(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  constexpr int64_t kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
  const int64_t millis = unit == "s"   ? kSecond
                         : unit == "m" ? kMinute
                         : unit == "h" ? kHour
                         : unit == "d" ? kDay
                                       : 0;
  constexpr int64_t kLongest = INT32_MAX;  // of each unit, as in Logstash
  if (error != std::errc{} || number < 0 || number > kLongest || millis == 0) return std::nullopt;
  return number * millis;
}

Result<std::string> substitute(std::string_view text, const Variables& variables) {
  std::string out;
  size_t at = 0;
  for (;;) {
    const size_t open = text.find("${", at);
    const size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) {
      out += text.substr(at);
      return out;
    }
    out += text.substr(at, open - at);
    const auto inside = text.substr(open + 2, close - open - 2);
    const size_t colon = inside.find(':');
    const std::string name(inside.substr(0, colon));
    if (const auto value = variables(name))
      out += *value;
    else if (colon != std::string_view::npos)
      out += inside.substr(colon + 1);
    else
      return Status::config(fmt::format(
          "Cannot evaluate `${{{0}}}`. Replacement variable `{0}` is not defined in a Logstash secret store "
          "or an Environment entry and there is no default value given.",
          name));
    at = close + 1;
  }
}

}  // namespace sluice::settings
