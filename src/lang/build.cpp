#include "lang/build.hpp"

#include <map>

#include <fmt/format.h>

#include "lang/tree_reader.hpp"

namespace sluice::lang {
namespace {

class Builder : TreeReader {
 public:
  using TreeReader::TreeReader;

  Config config() {
    Config config;
    for (uint32_t i = 0; i < nodes_.size(); i = nodes_[i].next) {
      Section section;
      section.span = span(i);
      const auto word = source(i + 1);
      section.kind = word == "input"    ? Section::Kind::input
                     : word == "filter" ? Section::Kind::filter
                                        : Section::Kind::output;
      codecs_checked_ = section.kind != Section::Kind::filter;
      section.body = body(nodes_[i + 1].next);
      config.sections.push_back(std::move(section));
    }
    return config;
  }

 private:
  // -- statements --

  std::vector<Statement> body(uint32_t block) {
    std::vector<Statement> out;
    children(block, [&](uint32_t c) {
      if (kind(c) == Node::plugin) {
        auto made = std::make_shared<const Plugin>(plugin(c));
        if (!misplaced_word(*made)) out.push_back({std::move(made)});
      } else {
        out.push_back({std::make_shared<const Branch>(branch(c))});
      }
    });
    return out;
  }

  /// `if { }` and a lone `else { }` have the shape of plugins.
  bool misplaced_word(const Plugin& plugin) {
    if (plugin.quoted_name) return false;
    if (plugin.name == "if") {
      diagnostics_.error("E0127", plugin.name_span, "this `if` has no condition",
                         "write what must hold between `if` and `{`, such as: if [status] == 404 { ... }");
    } else if (plugin.name == "else") {
      diagnostics_.error(
          "E0128", plugin.name_span, "this `else` belongs to no `if`",
          "an `else` follows the closing brace of an `if` or `else if`, and there is one at most");
    } else {
      return false;
    }
    return true;
  }

  Branch branch(uint32_t i) {
    Branch branch;
    branch.span = span(i);
    children(i, [&](uint32_t a) {
      Branch::Arm arm;
      uint32_t c = a + 1;
      if (kind(c) == Node::condition) {
        arm.span = span(c);
        arm.condition = ConditionBuilder(*this).condition(c);
        c = nodes_[c].next;
      } else {
        arm.span = text_.span(nodes_[a].begin, nodes_[a].begin + 4);
      }
      arm.body = body(c);
      branch.arms.push_back(std::move(arm));
    });
    return branch;
  }

  Plugin plugin(uint32_t i) {
    Plugin plugin;
    plugin.span = span(i);
    const uint32_t name = i + 1;
    plugin.name_span = span(name);
    plugin.name = std::string(unquoted(name));
    plugin.quoted_name = kind(name) != Node::bare_name;
    if (plugin.quoted_name) {
      auto& d =
          diagnostics_.error("E0148", plugin.name_span, "the name of a plugin is written without quotes",
                             fmt::format("write {} instead of {}", plugin.name, source(name)));
      d.fix = Fix{plugin.name_span, plugin.name, true};
    }
    children(nodes_[name].next, [&](uint32_t a) {
      Attribute attribute;
      attribute.name = std::string(unquoted(a + 1));
      attribute.name_span = span(a + 1);
      attribute.value = value(nodes_[a + 1].next);
      plugin.attributes.push_back(std::move(attribute));
    });
    check_codecs(plugin);
    return plugin;
  }

  void check_codecs(const Plugin& plugin) {
    if (!codecs_checked_) return;
    const Attribute* first = nullptr;
    for (const auto& attribute : plugin.attributes) {
      if (attribute.name != "codec") continue;
      if (first) {
        diagnostics_.error("E0149", attribute.name_span,
                           fmt::format("the plugin {} has a second codec; the first is on line {}",
                                       plugin.name, first->name_span.line),
                           "a plugin has one codec: remove the others");
      } else {
        first = &attribute;
      }
    }
  }

  // -- values --

  Value value(uint32_t i) {
    Value v;
    v.span = span(i);
    switch (kind(i)) {
      case Node::double_quoted:
      case Node::single_quoted:
        v.kind = Value::Kind::string;
        v.quote = source(i).front();
        v.written = unquoted(i);
        v.text = string_text(i);
        break;
      case Node::number:
        v.kind = Value::Kind::number;
        v.written = source(i);
        v.text = number_text(i);
        break;
      case Node::array:
        v.kind = Value::Kind::array;
        children(i, [&](uint32_t c) { v.items.push_back(value(c)); });
        break;
      case Node::hash:
        v.kind = Value::Kind::hash;
        hash(i, v);
        break;
      case Node::plugin:
        v.kind = Value::Kind::plugin;
        v.plugin = std::make_shared<const Plugin>(plugin(i));
        break;
      default:
        v.kind = Value::Kind::bareword;
        v.written = v.text = source(i);
    }
    return v;
  }

  void hash(uint32_t i, Value& v) {
    std::map<std::string_view, uint32_t> seen;
    children(i, [&](uint32_t c) {
      const uint32_t key = c + 1;
      HashEntry entry;
      entry.key = value(key);
      const auto [first, fresh] = seen.emplace(source(key), key);
      if (!fresh) {
        diagnostics_.error("E0140", entry.key.span,
                           fmt::format("the key {} stands twice in this hash; the first is on line {}",
                                       source(key), span(first->second).line),
                           "keep one of them; several values for one key go into a list: [\"a\", \"b\"]");
      }
      if (kind(key) == Node::number) {
        auto& d = diagnostics_.error("E0147", entry.key.span,
                                     fmt::format("the key {} is a number; keys are text", source(key)),
                                     fmt::format("put it in quotes: \"{}\"", source(key)));
        d.fix = Fix{entry.key.span, fmt::format("\"{}\"", source(key)), true};
      }
      entry.value = value(nodes_[key].next);
      v.entries.push_back(std::move(entry));
    });
  }

  bool codecs_checked_ = false;
};

}  // namespace

Config build_config(const SyntaxTree& tree, const ParsedText& text, const ParseOptions& options,
                    Diagnostics& diagnostics) {
  return Builder(tree, text, options, diagnostics).config();
}

}  // namespace sluice::lang
