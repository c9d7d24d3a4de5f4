// Attributes as written to options as declared.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>

#include "base/nearest.hpp"
#include "base/time.hpp"
#include "lang/parser.hpp"
#include "plugin/options.hpp"

namespace sluice::plugin {
namespace {

using lang::Value;

bool is_number(std::string_view text) {
  double value;
  if (text.empty()) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

std::string shown(const Value& value) {
  switch (value.kind) {
    case Value::Kind::array:
      return "a list";
    case Value::Kind::hash:
      return "a hash";
    case Value::Kind::plugin:
      return "a plugin";
    default:
      return "\"" + (value.substituted ? value.written : value.text) + "\"";
  }
}

Value list_of(Value item) {
  Value list;
  list.kind = Value::Kind::array;
  list.span = item.span;
  list.items.push_back(std::move(item));
  return list;
}

// Adds an entry; a key that is there gathers its values in a list.
void gather(Value& hash, lang::HashEntry entry) {
  for (auto& known : hash.entries) {
    if (known.key.text != entry.key.text) continue;
    if (known.value.kind != Value::Kind::array) known.value = list_of(std::move(known.value));
    if (entry.value.kind == Value::Kind::array) {
      for (auto& item : entry.value.items) known.value.items.push_back(std::move(item));
    } else {
      known.value.items.push_back(std::move(entry.value));
    }
    return;
  }
  hash.entries.push_back(std::move(entry));
}

bool same_scalar(const Value& a, const Value& b) { return a.scalar() && b.scalar() && a.text == b.text; }

// The second writing of an option: hashes merge, lists join, different scalars become a list.
void merge(Value& into, const Value& more) {
  if (into.kind == Value::Kind::hash && more.kind == Value::Kind::hash) {
    for (const auto& entry : more.entries) gather(into, entry);
    return;
  }
  if (same_scalar(into, more)) return;
  if (into.kind != Value::Kind::array) into = list_of(into);
  if (more.kind == Value::Kind::array)
    into.items.insert(into.items.end(), more.items.begin(), more.items.end());
  else
    into.items.push_back(more);
}

class Binder {
 public:
  Binder(std::string_view kind, std::string_view name, const lang::Plugin& written,
         lang::Diagnostics& diagnostics)
      : kind_(kind), name_(name), written_(written), diagnostics_(diagnostics) {}

  bool coerce(const Option& option, Value& value);
  void unknown(const lang::Attribute& attribute, std::span<const Option> own, std::span<const Option> common);
  void check_use(const Option& option, const lang::Attribute& attribute);
  void missing(const Option& option);

 private:
  bool bad(const Option& option, const Value& value, std::string_view wanted);
  bool coerce_scalar(const Option& option, Value& value);
  bool coerce_hash(const Option& option, Value& value);
  bool check_choice(const Option& option, const Value& value);
  bool check_path(const Option& option, const Value& value);

  std::string_view kind_, name_;
  const lang::Plugin& written_;
  lang::Diagnostics& diagnostics_;
  std::vector<std::string> suggested_;
};

bool Binder::bad(const Option& option, const Value& value, std::string_view wanted) {
  diagnostics_.error(
      "E0205", value.span,
      fmt::format("Invalid setting for {} {} plugin: `{}` must be {}, got {}", name_, kind_, option.name,
                  wanted, option.type == Type::password ? "<password>" : shown(value)));
  return false;
}

bool Binder::check_choice(const Option& option, const Value& value) {
  std::vector<std::string_view> choices;
  for (std::string_view rest = option.choices; !rest.empty();) {
    const size_t bar = rest.find('|');
    choices.push_back(rest.substr(0, bar));
    rest = bar == std::string_view::npos ? std::string_view{} : rest.substr(bar + 1);
  }
  if (choices.empty() || std::find(choices.begin(), choices.end(), value.text) != choices.end()) return true;
  std::string list;
  for (const auto choice : choices) list += (list.empty() ? "" : ", ") + std::string(choice);
  auto& d = diagnostics_.error("E0205", value.span,
                               fmt::format("Invalid setting for {} {} plugin: `{}` must be one of {}, got {}",
                                           name_, kind_, option.name, list, shown(value)));
  if (const auto near = nearest(value.text, choices)) {
    d.help = "Did you mean `" + *near + "`?";
    d.fix = lang::Fix{value.span,
                      value.kind == Value::Kind::string ? value.quote + *near + value.quote : *near, false};
  }
  return false;
}

bool Binder::check_path(const Option& option, const Value& value) {
  std::error_code ec;
  if (std::filesystem::exists(value.text, ec)) return true;
  diagnostics_.error("E0305", value.span,
                     fmt::format("`{}` of the {} {} names a file that does not exist: {}", option.name, name_,
                                 kind_, value.text),
                     "Give the path of a file that this user can read.");
  return false;
}

bool Binder::coerce_scalar(const Option& option, Value& value) {
  if (value.kind == Value::Kind::plugin) return bad(option, value, "a value");
  if (value.kind == Value::Kind::array && value.items.size() == 1) value = Value(value.items[0]);
  if (!value.scalar()) return bad(option, value, option.type == Type::number ? "a number" : "one value");
  switch (option.type) {
    case Type::boolean:
      if (value.text != "true" && value.text != "false") return bad(option, value, "true or false");
      return true;
    case Type::number:
      return is_number(value.text) || bad(option, value, "a number");
    case Type::bytes:
      return parse_bytes(value.text) || bad(option, value, "a size such as \"10 MiB\"");
    case Type::duration:
      return parse_duration_millis(value.text, 1000) || bad(option, value, "a time such as \"5 s\"");
    case Type::path:
      return check_path(option, value);
    default:
      return check_choice(option, value);
  }
}

bool Binder::coerce_hash(const Option& option, Value& value) {
  if (value.kind == Value::Kind::hash) return true;
  if (value.kind == Value::Kind::array && value.items.size() % 2 == 0) {
    Value hash;
    hash.kind = Value::Kind::hash;
    hash.span = value.span;
    for (size_t i = 0; i + 1 < value.items.size(); i += 2) gather(hash, {value.items[i], value.items[i + 1]});
    value = std::move(hash);
    return true;
  }
  // Repeated hash options may have met a list, or hashes stand in a list: take their entries one by one.
  if (value.kind == Value::Kind::array &&
      std::all_of(value.items.begin(), value.items.end(),
                  [](const Value& v) { return v.kind == Value::Kind::hash; })) {
    Value hash;
    hash.kind = Value::Kind::hash;
    hash.span = value.span;
    for (auto& item : value.items)
      for (auto& entry : item.entries) gather(hash, entry);
    value = std::move(hash);
    return true;
  }
  return bad(option, value, "a hash: { \"name\" => \"value\" }");
}

bool Binder::coerce(const Option& option, Value& value) {
  if (option.type == Type::any) return true;
  if (option.type == Type::hash) return coerce_hash(option, value);
  if (option.type == Type::codec) {
    if (value.kind == Value::Kind::plugin) return true;
    if (!value.scalar()) return bad(option, value, "a codec: its name, or its name with options in braces");
    auto codec = std::make_shared<lang::Plugin>();
    codec->name = value.text;
    codec->name_span = codec->span = value.span;
    value.plugin = std::move(codec);
    value.kind = Value::Kind::plugin;
    return true;
  }
  if (option.type == Type::array || (option.flags & kList)) {
    if (value.kind == Value::Kind::hash || value.kind == Value::Kind::plugin) {
      if (option.type == Type::array && value.kind == Value::Kind::hash) {
        value = list_of(value);
        return true;
      }
      return bad(option, value, "a list");
    }
    if (value.scalar()) value = list_of(value);
    if (option.type == Type::array && option.choices.empty()) return true;
    return std::all_of(value.items.begin(), value.items.end(),
                       [&](Value& item) { return coerce_scalar(option, item); });
  }
  return coerce_scalar(option, value);
}

void Binder::unknown(const lang::Attribute& attribute, std::span<const Option> own,
                     std::span<const Option> common) {
  std::vector<std::string_view> names;
  for (const auto& option : own)
    if (!(option.flags & kObsolete)) names.push_back(option.name);
  for (const auto& option : common)
    if (!(option.flags & kObsolete)) names.push_back(option.name);
  auto& d = diagnostics_.error("E0203", attribute.name_span,
                               fmt::format("Unknown setting '{}' for {}", attribute.name, name_));
  if (const auto near = nearest(attribute.name, names)) {
    d.help = "Did you mean `" + *near + "`?";
    d.fix = lang::Fix{attribute.name_span, *near, false};
    suggested_.push_back(*near);
  } else {
    d.help = fmt::format("`pipeline plugins {}` lists its options.", name_);
  }
}

void Binder::check_use(const Option& option, const lang::Attribute& attribute) {
  if (option.flags & kObsolete)
    diagnostics_.error(
        "E0206", attribute.name_span,
        fmt::format("The setting `{}` in plugin `{}` is obsolete and is no longer available. {}", option.name,
                    name_, option.note));
  else if (option.flags & kUnsupported)
    diagnostics_.error("E0207", attribute.name_span,
                       fmt::format("The setting `{}` of the {} {} is not supported: {}", option.name, name_,
                                   kind_, option.note));
  else if (option.flags & kDeprecated)
    diagnostics_.warning(
        "W0206", attribute.name_span,
        fmt::format("The setting `{}` in plugin `{}` is deprecated. {}", option.name, name_, option.note));
}

void Binder::missing(const Option& option) {
  // Its name was misspelt, and that has been said.
  if (std::find(suggested_.begin(), suggested_.end(), option.name) != suggested_.end()) return;
  diagnostics_.error(
      "E0204", written_.name_span,
      fmt::format("Missing a required setting for the {} {} plugin: {}", name_, kind_, option.name),
      fmt::format("Add `{} => ...` between its braces.", option.name));
}

// A default is written in config syntax; parse it as the value of an option once.
Value default_value(const Option& option) {
  lang::SourceSet sources;
  sources.add("default", "filter { x { y => " + std::string(option.fallback) + " } }");
  lang::Diagnostics ignored;
  auto config = lang::parse(sources, {}, ignored);
  for (const auto& section : config.sections)
    for (const auto& statement : section.body)
      if (const auto* plugin = std::get_if<std::shared_ptr<const lang::Plugin>>(&statement.node))
        if (!(*plugin)->attributes.empty()) return (*plugin)->attributes[0].value;
  Value value;  // a bareword of one letter, or any other text
  value.kind = Value::Kind::string;
  value.text = value.written = option.fallback;
  return value;
}

// Scalars are by far the most: keep the parser for lists, hashes and quoted texts with escapes.
Value quick_default(const Option& option) {
  const auto text = option.fallback;
  if (text.front() == '[' || text.front() == '{') {
    if (text == "[]" || text == "{}") {
      Value value;
      value.kind = text[0] == '[' ? Value::Kind::array : Value::Kind::hash;
      return value;
    }
    return default_value(option);
  }
  Value value;
  value.kind = Value::Kind::string;
  const bool quoted =
      text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  value.text = quoted ? text.substr(1, text.size() - 2) : text;
  value.written = value.text;
  return value;
}

}  // namespace

namespace {

// A path or password that a variable left empty.
bool left_empty(const Option& option, const Value& value) {
  if (option.type != Type::path && option.type != Type::password && option.name != "user") return false;
  return value.scalar() && value.substituted && value.text.empty();
}

}  // namespace

Options bind(std::span<const Option> own, std::span<const Option> common, std::string_view kind,
             std::string_view name, const lang::Plugin& written, lang::Diagnostics& diagnostics) {
  Options options;
  Binder binder(kind, name, written, diagnostics);
  const auto declare = [&](const Option& option) {
    for (const auto& known : options.entries_)
      if (known.option->name == option.name) return;  // a plugin may refine a common option
    Options::Entry entry;
    entry.option = &option;
    entry.span = entry.name_span = written.name_span;
    options.entries_.push_back(std::move(entry));
  };
  for (const auto& option : own) declare(option);
  for (const auto& option : common) declare(option);

  for (const auto& attribute : written.attributes) {
    const auto it = std::find_if(options.entries_.begin(), options.entries_.end(),
                                 [&](const auto& entry) { return entry.option->name == attribute.name; });
    if (it == options.entries_.end()) {
      binder.unknown(attribute, own, common);
      continue;
    }
    binder.check_use(*it->option, attribute);
    if (it->given && it->option->type == Type::codec) continue;  // E0149 has said it
    if (it->given) {
      merge(it->value, attribute.value);
    } else {
      it->value = attribute.value;
      it->span = attribute.value.span;
      it->name_span = attribute.name_span;
    }
    it->given = it->present = true;
  }
  for (auto& entry : options.entries_) {
    if (entry.given && left_empty(*entry.option, entry.value)) {
      // `ca => "${CA_FILE:}"` with nothing in the variable is a file that nobody named.
      entry.given = entry.present = false;
      entry.value = Value{};
    }
    if (entry.given) {
      if (!(entry.option->flags & (kObsolete | kUnsupported))) binder.coerce(*entry.option, entry.value);
    } else if (!entry.option->fallback.empty()) {
      entry.value = quick_default(*entry.option);
      entry.present = true;
      if (entry.option->type == Type::codec || entry.option->type == Type::array ||
          (entry.option->flags & kList) || entry.option->type == Type::hash)
        binder.coerce(*entry.option, entry.value);
    } else if (entry.option->flags & kRequired) {
      binder.missing(*entry.option);
    }
  }
  return options;
}

}  // namespace sluice::plugin
