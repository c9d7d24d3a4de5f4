#include "plugins/filters/tenant_name.hpp"

#include <algorithm>

#include "base/utf8.hpp"
#include "match/text_case.hpp"

namespace sluice::plugins {
namespace {

bool illegal(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == 0x7F ||
         std::string_view("\\/*?\"<>|,#:").find(c) != std::string_view::npos;
}

bool illegal_start(char c) { return c == '-' || c == '_' || c == '+' || c == '.'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// One `NAME=VALUE` of a subject that starts at `at`; moves `at` behind it and its separator.
void next_attribute(std::string_view subject, std::string_view separators, size_t& at, std::string_view& name,
                    std::string& value) {
  value.clear();
  name = {};
  const size_t equals = subject.find('=', at);
  if (equals == std::string_view::npos) {
    at = subject.size();
    return;
  }
  name = trimmed(subject.substr(at, equals - at));
  bool quoted = false;
  size_t keep = 0;  // length up to the last character that is no unescaped blank
  for (at = equals + 1; at < subject.size(); ++at) {
    const char c = subject[at];
    if (c == '"') {
      quoted = !quoted;
      keep = value.size();
    } else if (c == '\\' && at + 1 < subject.size()) {
      const int high = hex(subject[at + 1]), low = at + 2 < subject.size() ? hex(subject[at + 2]) : -1;
      const bool pair = high >= 0 && low >= 0;
      value += pair ? static_cast<char>(high * 16 + low) : subject[at + 1];
      at += pair ? 2 : 1;
      keep = value.size();
    } else if (!quoted && separators.find(c) != std::string_view::npos) {
      ++at;
      break;
    } else if (quoted || c != ' ') {
      value += c;
      keep = value.size();
    } else if (!value.empty()) {
      value += c;
    }
  }
  value.resize(keep);
}

}  // namespace

bool tenant_name_legal(std::string_view name) {
  if (name.empty() || name.size() > kMaxTenantBytes || illegal_start(name.front()) || !utf8_valid(name))
    return false;
  if (std::any_of(name.begin(), name.end(), illegal)) return false;
  return match::lower(name) == name;
}

bool normalize_tenant(std::string_view found, std::string& name) {
  name.clear();
  if (utf8_valid(found))
    match::append_lower(found, name);
  else
    match::append_lower(utf8_scrub(found), name);
  std::replace_if(name.begin(), name.end(), illegal, '-');
  const auto start = std::find_if_not(name.begin(), name.end(), illegal_start);
  name.erase(name.begin(), start);
  return !name.empty() && name.size() <= kMaxTenantBytes;
}

bool subject_attribute(std::string_view subject, std::string_view attribute, std::string& value) {
  subject = trimmed(subject);
  const bool slashes = subject.starts_with('/');
  std::string_view name;
  for (size_t at = slashes ? 1 : 0; at < subject.size();) {
    next_attribute(subject, slashes ? "/" : ",;+", at, name, value);
    if (equal_ignoring_case(name, attribute) && !value.empty()) return true;
  }
  value.clear();
  return false;
}

}  // namespace sluice::plugins
