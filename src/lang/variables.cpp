// ${NAME} and ${NAME:default}, in the two passes that Logstash makes. The first replaces a value that is one
// placeholder and nothing else, and leaves what it puts there alone. The second replaces the placeholders
// that are left inside longer texts, and then reads the result again: it may turn out quoted, or a list.
#include <cstdlib>

#include <fmt/format.h>

#include "lang/parser.hpp"

namespace sluice::lang {
namespace {

bool name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.'; }
bool name_rest(char c) { return name_start(c) || (c >= '0' && c <= '9'); }

struct Placeholder {
  std::string_view name;
  std::optional<std::string_view> fallback;
  size_t length;
};

/// The placeholder that begins at `text[at]`, if one does.
std::optional<Placeholder> placeholder(std::string_view text, size_t at) {
  if (!text.substr(at).starts_with("${")) return std::nullopt;
  size_t i = at + 2;
  if (i >= text.size() || !name_start(text[i])) return std::nullopt;
  while (i < text.size() && name_rest(text[i])) ++i;
  Placeholder p{text.substr(at + 2, i - at - 2), std::nullopt, 0};
  if (i < text.size() && text[i] == ':') {
    const size_t end = text.find('}', i);
    if (end == std::string_view::npos) return std::nullopt;
    p.fallback = text.substr(i + 1, end - i - 1);
    i = end;
  }
  if (i >= text.size() || text[i] != '}') return std::nullopt;
  p.length = i + 1 - at;
  return p;
}

std::string_view unquoted(std::string_view text, char quote) {
  return text.size() >= 2 && text.front() == quote && text.back() == quote ? text.substr(1, text.size() - 2)
                                                                           : text;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const size_t first = text.find_first_not_of(kSpace);
  return first == std::string_view::npos ? std::string_view{}
                                         : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

class Substitution {
 public:
  Substitution(const VariableLookup& lookup, Diagnostics& diagnostics)
      : lookup_(lookup), diagnostics_(diagnostics) {}

  void walk(std::vector<Statement>& body) {
    for (auto& statement : body) {
      if (auto* plugin = std::get_if<std::shared_ptr<const Plugin>>(&statement.node)) {
        *plugin = replaced(**plugin);
      } else if (auto* branch = std::get_if<std::shared_ptr<const Branch>>(&statement.node)) {
        auto copy = std::make_shared<Branch>(**branch);
        for (auto& arm : copy->arms) {
          if (arm.condition) condition(*arm.condition);
          walk(arm.body);
        }
        *branch = std::move(copy);
      }
    }
  }

 private:
  std::shared_ptr<const Plugin> replaced(const Plugin& plugin) {
    auto copy = std::make_shared<Plugin>(plugin);
    for (auto& attribute : copy->attributes) value(attribute.value);
    return copy;
  }

  void value(Value& v) {
    if (v.kind == Value::Kind::string || v.kind == Value::Kind::bareword) {
      if (whole(v.text, v.substituted, v.span)) inside(v);
    }
    for (auto& item : v.items) value(item);
    for (auto& entry : v.entries) value(entry.value);
    if (v.plugin) v.plugin = replaced(*v.plugin);
  }

  void condition(Expr& e) {
    for (auto& operand : e.operands) condition(operand);
    for (auto& operand : e.values) constant(operand);
  }

  void constant(Rvalue& r) {
    if (r.kind == Rvalue::Kind::string) whole(r.text, r.substituted, r.span);
    for (auto& item : r.items) constant(item);
  }

  /// The first pass; false when the variable is not set.
  bool whole(std::string& text, bool& substituted, const Span& span) {
    const auto p = placeholder(text, 0);
    if (!p || p->length != text.size()) return true;
    auto found = find(*p, span);
    if (!found) return false;
    text = std::move(*found);
    substituted = true;
    return true;
  }

  /// The second pass.
  void inside(Value& v) {
    std::string out;
    bool changed = false;
    for (size_t at = 0; at < v.text.size();) {
      if (const auto p = placeholder(v.text, at)) {
        auto found = find(*p, v.span);
        if (!found) return;
        out += *found;
        at += p->length;
        changed = true;
      } else {
        out += v.text[at++];
      }
    }
    if (!changed) return;
    v.substituted = true;
    std::string_view text = unquoted(unquoted(out, '\''), '"');
    if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
      list(v, text.substr(1, text.size() - 2));
    } else {
      v.text = std::string(text);
    }
  }

  static void list(Value& v, std::string_view body) {
    v.kind = Value::Kind::array;
    v.items.clear();
    while (!trimmed(body).empty()) {
      const size_t comma = body.find(',');
      Value item;
      item.kind = Value::Kind::string;
      item.span = v.span;
      item.quote = '"';
      item.written = v.written;
      item.text = std::string(unquoted(unquoted(trimmed(body.substr(0, comma)), '\''), '"'));
      item.substituted = true;
      v.items.push_back(std::move(item));
      body = comma == std::string_view::npos ? std::string_view{} : body.substr(comma + 1);
    }
    v.text.clear();
  }

  std::optional<std::string> find(const Placeholder& p, const Span& span) {
    if (auto value = lookup_(p.name)) return value;
    if (p.fallback) return std::string(*p.fallback);
    diagnostics_.error(
        "E0160", span,
        fmt::format("the variable {} is not set, neither in the keystore nor in the environment", p.name),
        fmt::format("set it, or give a default that is used without it: ${{{}:default}}", p.name));
    return std::nullopt;
  }

  const VariableLookup& lookup_;
  Diagnostics& diagnostics_;
};

}  // namespace

void substitute_variables(Config& config, const VariableLookup& lookup, Diagnostics& diagnostics) {
  Substitution substitution(lookup, diagnostics);
  for (auto& section : config.sections) substitution.walk(section.body);
}

std::optional<std::string> environment_lookup(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

}  // namespace sluice::lang
