#include "index/json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "base/utf8.hpp"

namespace sluice::index {

Json::Json() = default;
Json::~Json() = default;
Json::Json(const Json&) = default;
Json& Json::operator=(const Json&) = default;
Json::Json(Json&&) noexcept = default;
Json& Json::operator=(Json&&) noexcept = default;

const Json* Json::find(std::string_view key) const {
  for (const auto& [name, value] : members)
    if (name == key) return &value;
  return nullptr;
}

Json* Json::find(std::string_view key) { return const_cast<Json*>(std::as_const(*this).find(key)); }

Json& Json::set(std::string_view key, Json value) {
  kind = Kind::object;
  if (Json* old = find(key)) {
    *old = std::move(value);
    return *old;
  }
  members.emplace_back(std::string(key), std::move(value));
  return members.back().second;
}

std::string Json::scalar_text() const {
  switch (kind) {
    case Kind::string:
      return text;
    case Kind::boolean:
      return boolean ? "true" : "false";
    case Kind::integer:
      return std::to_string(integer);
    case Kind::real: {
      std::string out;
      append_double(out, real);
      return out;
    }
    default:
      return {};
  }
}

void Json::write(std::string& out) const {
  JsonWriter w(out);
  switch (kind) {
    case Kind::null:
      out += "null";
      break;
    case Kind::boolean:
      out += boolean ? "true" : "false";
      break;
    case Kind::integer:
      fmt::format_to(std::back_inserter(out), "{}", integer);
      break;
    case Kind::real:
      append_double(out, real);
      break;
    case Kind::string:
      append_quoted(out, text);
      break;
    case Kind::array:
      w.begin_array();
      for (const auto& item : items) w.json(item);
      w.end_array();
      break;
    case Kind::object:
      w.begin_object();
      for (const auto& [name, value] : members) w.key(name).json(value);
      w.end_object();
      break;
  }
}

void Json::merge(const Json& other) {
  if (!is_object() || !other.is_object()) {
    *this = other;
    return;
  }
  for (const auto& [name, value] : other.members) {
    if (Json* mine = find(name))
      mine->merge(value);
    else
      members.emplace_back(name, value);
  }
}

Json to_json(simdjson::dom::element element) {
  using simdjson::dom::element_type;
  Json out;
  switch (element.type()) {
    case element_type::ARRAY:
      out.kind = Json::Kind::array;
      for (auto item : simdjson::dom::array(element.get_array().value_unsafe()))
        out.items.push_back(to_json(item));
      break;
    case element_type::OBJECT:
      out.kind = Json::Kind::object;
      for (auto [key, value] : simdjson::dom::object(element.get_object().value_unsafe()))
        out.set(key, to_json(value));
      break;
    case element_type::INT64:
      out.kind = Json::Kind::integer;
      out.integer = element.get_int64().value_unsafe();
      break;
    case element_type::UINT64:
      out.kind = Json::Kind::real;
      out.real = static_cast<double>(element.get_uint64().value_unsafe());
      break;
    case element_type::DOUBLE:
      out.kind = Json::Kind::real;
      out.real = element.get_double().value_unsafe();
      break;
    case element_type::STRING:
      out.kind = Json::Kind::string;
      out.text = element.get_string().value_unsafe();
      break;
    case element_type::BOOL:
      out.kind = Json::Kind::boolean;
      out.boolean = element.get_bool().value_unsafe();
      break;
    default:
      break;
  }
  return out;
}

Result<Json> parse_json(std::string_view text) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (auto error = parser.parse(text.data(), text.size()).get(root))
    return Status::error(Fault::input, simdjson::error_message(error));
  return to_json(root);
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  if (json_plain(text)) {
    out += text;
  } else {
    const std::string scrubbed = utf8_valid(text) ? std::string(text) : utf8_scrub(text);
    for (char c : scrubbed) {
      switch (c) {
        case '"':
          out += "\\\"";
          break;
        case '\\':
          out += "\\\\";
          break;
        case '\n':
          out += "\\n";
          break;
        case '\r':
          out += "\\r";
          break;
        case '\t':
          out += "\\t";
          break;
        default:
          if (static_cast<unsigned char>(c) < 0x20)
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<int>(c));
          else
            out += c;
      }
    }
  }
  out += '"';
}

void append_double(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  const size_t at = out.size();
  fmt::format_to(std::back_inserter(out), "{}", value);
  if (out.find_first_of(".e", at) == std::string::npos) out += ".0";
}

void append_element(std::string& out, simdjson::dom::element element) {
  using simdjson::dom::element_type;
  JsonWriter w(out);
  switch (element.type()) {
    case element_type::ARRAY:
      w.begin_array();
      for (auto item : simdjson::dom::array(element.get_array().value_unsafe())) {
        w.raw("");
        append_element(out, item);
      }
      w.end_array();
      break;
    case element_type::OBJECT:
      w.begin_object();
      for (auto [key, value] : simdjson::dom::object(element.get_object().value_unsafe())) {
        w.key(key).raw("");
        append_element(out, value);
      }
      w.end_object();
      break;
    case element_type::STRING:
      append_quoted(out, element.get_string().value_unsafe());
      break;
    case element_type::UINT64:
      out += std::to_string(element.get_uint64().value_unsafe());
      break;
    case element_type::INT64:
      out += std::to_string(element.get_int64().value_unsafe());
      break;
    case element_type::DOUBLE:
      append_double(out, element.get_double().value_unsafe());
      break;
    case element_type::BOOL:
      out += element.get_bool().value_unsafe() ? "true" : "false";
      break;
    default:
      out += "null";
  }
}

JsonWriter& JsonWriter::integer(int64_t value) {
  comma();
  fmt::format_to(std::back_inserter(out_), "{}", value);
  return done();
}

namespace {

using Path = std::vector<std::string_view>;

bool glob(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

/// Where a set of paths stands after one more key: `whole` when one of them ends here.
struct Step {
  std::vector<std::pair<const Path*, size_t>> live;
  bool whole = false;
};

Step advance(const Step& from, std::string_view key) {
  Step to;
  auto put = [&](const Path* path, size_t at) {
    if (at == path->size())
      to.whole = true;
    else
      to.live.emplace_back(path, at);
  };
  for (auto [path, at] : from.live) {
    if ((*path)[at] == "**") {
      put(path, at);  // ** swallows this key and stays
      if (at + 1 < path->size() && glob((*path)[at + 1], key)) put(path, at + 2);
      if (at + 1 == path->size()) to.whole = true;
    } else if (glob((*path)[at], key)) {
      put(path, at + 1);
    }
  }
  return to;
}

/// Appends what is left of `element`; false (and nothing appended) when nothing is.
bool filter(std::string& out, simdjson::dom::element element, const Step& in, const Step& ex, bool included) {
  using simdjson::dom::element_type;
  const bool all = included || in.whole;
  if (element.type() == element_type::ARRAY) {
    const size_t start = out.size();
    bool any = false;
    out += '[';
    for (auto item : simdjson::dom::array(element.get_array().value_unsafe())) {
      const size_t mark = out.size();
      if (any) out += ',';
      if (filter(out, item, in, ex, all))
        any = true;
      else
        out.resize(mark);
    }
    out += ']';
    if (any || (all && out.size() == start + 2)) return true;
    out.resize(start);
    return false;
  }
  if (element.type() != element_type::OBJECT) {
    if (!all) return false;
    append_element(out, element);
    return true;
  }
  const size_t start = out.size();
  bool any = false, had = false;
  out += '{';
  for (auto [key, value] : simdjson::dom::object(element.get_object().value_unsafe())) {
    had = true;
    Step in_next = all ? Step{} : advance(in, key);
    Step ex_next = advance(ex, key);
    if (ex_next.whole) continue;
    if (!all && !in_next.whole && in_next.live.empty()) continue;
    const size_t mark = out.size();
    if (any) out += ',';
    append_quoted(out, key);
    out += ':';
    if (filter(out, value, in_next, ex_next, all))
      any = true;
    else
      out.resize(mark);
  }
  out += '}';
  if (any || (all && !had)) return true;
  out.resize(start);
  return false;
}

}  // namespace

std::string apply_filter_path(std::string_view json, std::string_view filter_path) {
  std::vector<Path> include, exclude;
  while (!filter_path.empty()) {
    auto comma = filter_path.find(',');
    auto one = filter_path.substr(0, comma);
    filter_path = comma == std::string_view::npos ? std::string_view{} : filter_path.substr(comma + 1);
    if (one.empty()) continue;
    auto& to = one.front() == '-' ? exclude : include;
    if (one.front() == '-') one.remove_prefix(1);
    Path path;
    for (size_t at = 0; at <= one.size();) {
      auto dot = one.find('.', at);
      if (dot == std::string_view::npos) dot = one.size();
      path.push_back(one.substr(at, dot - at));
      at = dot + 1;
    }
    to.push_back(std::move(path));
  }
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(json.data(), json.size()).get(root)) return std::string(json);
  Step in, ex;
  for (const auto& path : include) in.live.emplace_back(&path, 0);
  for (const auto& path : exclude) ex.live.emplace_back(&path, 0);
  std::string out;
  out.reserve(json.size());
  if (!filter(out, root, in, ex, include.empty())) out = "{}";
  return out;
}

std::string pretty_json(std::string_view json) {
  std::string out;
  int depth = 0;
  bool quoted = false;
  auto newline = [&] {
    out += '\n';
    out.append(static_cast<size_t>(depth) * 2, ' ');
  };
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (quoted) {
      out += c;
      if (c == '\\' && i + 1 < json.size())
        out += json[++i];
      else if (c == '"')
        quoted = false;
      continue;
    }
    if (c == '"') {
      quoted = true;
      out += c;
    } else if (c == '{' || c == '[') {
      out += c;
      if (i + 1 < json.size() && (json[i + 1] == '}' || json[i + 1] == ']')) {
        out += ' ';
        out += json[++i];
      } else {
        ++depth;
        newline();
      }
    } else if (c == '}' || c == ']') {
      --depth;
      newline();
      out += c;
    } else if (c == ',') {
      out += c;
      newline();
    } else if (c == ':') {
      out += " : ";
    } else if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
      out += c;
    }
  }
  out += '\n';
  return out;
}

}  // namespace sluice::index
