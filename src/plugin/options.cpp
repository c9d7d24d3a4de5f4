#include "plugin/options.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>

#include "base/time.hpp"

namespace sluice::plugin {
namespace {

double to_number(const std::string& text, double otherwise) {
  double value = otherwise;
  const char* first = text.data();
  if (!text.empty() && *first == '+') ++first;
  std::from_chars(first, text.data() + text.size(), value);
  return value;
}

const std::vector<lang::Value> kNoItems;

}  // namespace

const Options::Entry& Options::entry(std::string_view name) const {
  for (const auto& entry : entries_)
    if (entry.option->name == name) return entry;
  assert(!"an option that the table does not have");
  static const Entry none;
  return none;
}

bool Options::knows(std::string_view name) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [name](const Entry& entry) { return entry.option->name == name; });
}

std::string Options::string(std::string_view name) const {
  const auto& e = entry(name);
  return e.present ? e.value.text : std::string{};
}

std::optional<std::string> Options::maybe_string(std::string_view name) const {
  const auto& e = entry(name);
  if (!e.present) return std::nullopt;
  return e.value.text;
}

double Options::number(std::string_view name, double otherwise) const {
  const auto& e = entry(name);
  return e.present ? to_number(e.value.text, otherwise) : otherwise;
}

int64_t Options::integer(std::string_view name, int64_t otherwise) const {
  const auto& e = entry(name);
  if (!e.present) return otherwise;
  int64_t value = 0;
  const auto& text = e.value.text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size()) return value;
  return static_cast<int64_t>(to_number(text, static_cast<double>(otherwise)));
}

bool Options::boolean(std::string_view name) const { return string(name) == "true"; }

int64_t Options::bytes(std::string_view name) const { return parse_bytes(string(name)).value_or(0); }

int64_t Options::millis(std::string_view name, int64_t unit_millis) const {
  return parse_duration_millis(string(name), unit_millis).value_or(0);
}

std::vector<std::string> Options::strings(std::string_view name) const {
  const auto& e = entry(name);
  std::vector<std::string> all;
  if (!e.present) return all;
  if (e.value.kind == lang::Value::Kind::array) {
    for (const auto& item : e.value.items) all.push_back(item.text);
  } else if (e.value.scalar()) {
    all.push_back(e.value.text);
  }
  return all;
}

const std::vector<lang::Value>& Options::items(std::string_view name) const {
  const auto& e = entry(name);
  return e.present ? e.value.items : kNoItems;
}

std::vector<std::pair<std::string, lang::Value>> Options::hash(std::string_view name) const {
  const auto& e = entry(name);
  std::vector<std::pair<std::string, lang::Value>> ordered;
  if (!e.present) return ordered;
  std::vector<std::string> keys;
  for (const auto& pair : e.value.entries) keys.push_back(pair.key.text);
  for (const size_t i : java_hash_order(keys)) ordered.emplace_back(keys[i], e.value.entries[i].value);
  return ordered;
}

const lang::Plugin* Options::codec(std::string_view name) const {
  const auto& e = entry(name);
  return e.present ? e.value.plugin.get() : nullptr;
}

}  // namespace sluice::plugin
