#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.hpp"
#include "cli/commands.hpp"
#include "plugin/spec.hpp"

namespace sluice::cli {
namespace {

using plugin::Kind;
using plugin::Option;
using plugin::Type;

std::string_view type_name(Type type) {
  static constexpr std::string_view kNames[] = {"string", "number",   "boolean", "array", "hash",
                                                "path",   "password", "uri",     "bytes", "duration",
                                                "codec",  "field",    "any"};
  return kNames[static_cast<size_t>(type)];
}

std::string option_line(const Option& option) {
  std::string type(option.choices.empty() ? type_name(option.type) : option.choices);
  if (option.flags & plugin::kList) type = "list of " + type;
  std::string extra;
  if (option.flags & plugin::kRequired)
    extra = "required";
  else if (!option.fallback.empty())
    extra = fmt::format("= {}", option.fallback);
  std::string doc(option.doc);
  if (option.flags & plugin::kDeprecated) doc = fmt::format("Deprecated. {}", option.note);
  if (option.flags & plugin::kObsolete) doc = fmt::format("Obsolete. {}", option.note);
  if (option.flags & plugin::kUnsupported) doc = fmt::format("Not supported: {}", option.note);
  return fmt::format("  {:<34} {} {}\n      {}\n", option.name, type, extra, doc);
}

void print_plugin(const plugin::Spec& spec) {
  fmt::print("{} {}\n{}\n\nOptions\n", plugin::kind_name(spec.kind), spec.name, spec.summary);
  for (const auto& option : spec.options) fmt::print("{}", option_line(option));
  fmt::print("\nOptions of every {}\n", plugin::kind_name(spec.kind));
  for (const auto& option : plugin::common_options(spec.kind))
    if (!(option.flags & plugin::kObsolete)) fmt::print("{}", option_line(option));
  fmt::print("\nExample\n{}\n", spec.example);
}

// The reference in docs/, made from the same tables: `pipeline plugins --format markdown`.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

void print_markdown() {
  fmt::print("# Plugin reference\n\nMade by `pipeline plugins --format markdown`; do not edit by hand.\n");
  for (const auto kind : {Kind::input, Kind::codec, Kind::filter, Kind::output}) {
    for (const auto* spec : plugin::Registry::get().all()) {
      if (spec->kind != kind) continue;
      fmt::print("\n## {} {}\n\n{}\n\n```\n{}\n```\n\n| option | type | default | |\n|---|---|---|---|\n",
                 plugin::kind_name(kind), spec->name, spec->summary, spec->example);
      for (const auto& o : spec->options) {
        const auto type = o.choices.empty() ? std::string(type_name(o.type)) : std::string(o.choices);
        std::string doc(o.doc);
        if (o.flags & plugin::kDeprecated) doc = fmt::format("Deprecated. {}", o.note);
        if (o.flags & plugin::kObsolete) doc = fmt::format("Obsolete. {}", o.note);
        if (o.flags & plugin::kUnsupported) doc = fmt::format("Not supported: {}", o.note);
        fmt::print("| `{}` | {}{} | {} | {} |\n", o.name, (o.flags & plugin::kList) ? "list of " : "",
                   cell(type),
                   (o.flags & plugin::kRequired) ? "required"
                   : o.fallback.empty()          ? ""
                                                 : "`" + cell(o.fallback) + "`",
                   cell(doc));
      }
    }
    fmt::print("\n### Options of every {}\n\n", plugin::kind_name(kind));
    for (const auto& o : plugin::common_options(kind))
      if (!(o.flags & plugin::kObsolete)) fmt::print("- `{}`: {}\n", o.name, o.doc);
  }
}

}  // namespace

int plugins(const Arguments& args) {
  const auto all = plugin::Registry::get().all();
  if (args.format == "markdown") {
    print_markdown();
    return 0;
  }
  if (args.operands.empty()) {
    for (const auto kind : {Kind::input, Kind::codec, Kind::filter, Kind::output})
      for (const auto* spec : all)
        if (spec->kind == kind)
          fmt::print("{:<8} {:<16} {}\n", plugin::kind_name(kind), spec->name, spec->summary);
    return 0;
  }
  bool found = false;
  std::vector<std::string_view> names;
  for (const auto* spec : all) {
    names.push_back(spec->name);
    if (spec->name != args.operands.back()) continue;
    if (args.operands.size() == 2 && plugin::kind_name(spec->kind) != args.operands[0]) continue;
    if (found) fmt::print("\n");
    print_plugin(*spec);
    found = true;
  }
  if (found) return 0;
  const auto near = nearest(args.operands.back(), names);
  return fail(fmt::format("there is no plugin named {}.{}", args.operands.back(),
                          near ? " Did you mean " + *near + "?" : ""));
}

}  // namespace sluice::cli
