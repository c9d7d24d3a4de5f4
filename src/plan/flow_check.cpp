#include "plan/flow_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/nearest.hpp"

namespace sluice::plan {
namespace {

// A field in one form for comparing: [a][b], also when written as `a`.
std::string canonical(std::string_view text) {
  const auto ref = FieldRef::parse(text);
  if (!ref.ok()) return std::string(text);
  std::string out = ref->metadata() ? "[@metadata]" : "";
  for (const auto& step : ref->steps()) (out += '[') += std::string(step.key.text()) + "]";
  return out;
}

// Whether the name in %{...} is a date pattern: letters of times in runs, a year among them, and only the
// signs that dates are written with. `YYYY.MM.dd` is one, `app` and `Y` are none.
bool is_date_pattern(std::string_view name) {
  static constexpr std::string_view kLetters = "yYxMdDHhmsSwe", kSigns = ".-_/: ";
  bool year = false;
  for (size_t i = 0; i < name.size();) {
    const size_t end = std::min(name.find_first_not_of(name[i], i), name.size());
    if (kLetters.find(name[i]) != std::string_view::npos) {
      if (end - i > 4) return false;
      year = year || ((name[i] == 'y' || name[i] == 'Y') && (end - i == 2 || end - i == 4));
    } else if (kSigns.find(name[i]) == std::string_view::npos) {
      return false;
    }
    i = end;
  }
  return year;
}

// What is known of the fields at a point of the pipeline.
struct Fields {
  bool anything = false;           // fields that cannot be known may be there
  std::set<std::string> possible;  // may be there
  std::set<std::string> certain;   // are there on every event

  [[nodiscard]] static bool covers(const std::string& known, const std::string& wanted) {
    // [a] covers [a][b], and [a][b] makes [a] exist.
    const auto& shorter = known.size() < wanted.size() ? known : wanted;
    const auto& longer = known.size() < wanted.size() ? wanted : known;
    return longer.compare(0, shorter.size(), shorter) == 0;
  }
  [[nodiscard]] bool can_be(const std::string& field) const {
    if (anything) return true;
    return std::any_of(possible.begin(), possible.end(), [&](const auto& p) { return covers(p, field); });
  }
  [[nodiscard]] bool must_be(const std::string& field) const { return certain.count(field) != 0; }
  void remove(const std::string& field) {
    possible.erase(field);
    certain.erase(field);
  }
};

Fields join(const Fields& a, const Fields& b) {
  Fields out;
  out.anything = a.anything || b.anything;
  std::set_union(a.possible.begin(), a.possible.end(), b.possible.begin(), b.possible.end(),
                 std::inserter(out.possible, out.possible.end()));
  std::set_intersection(a.certain.begin(), a.certain.end(), b.certain.begin(), b.certain.end(),
                        std::inserter(out.certain, out.certain.end()));
  return out;
}

const lang::Value* attribute(const lang::Plugin& plugin, std::string_view name) {
  for (const auto& a : plugin.attributes)
    if (a.name == name) return &a.value;
  return nullptr;
}

// Inputs whose codec makes nothing but text events have a known set of fields.
bool text_only(const lang::Plugin& input) {
  static constexpr std::string_view kInputs[] = {"stdin", "tcp", "udp", "file", "generator", "heartbeat"};
  if (std::find(std::begin(kInputs), std::end(kInputs), input.name) == std::end(kInputs)) return false;
  const auto* codec = attribute(input, "codec");
  if (!codec) return true;
  const auto& name = codec->plugin ? codec->plugin->name : codec->text;
  return name == "plain" || name == "line" || name == "multiline";
}

class Checker {
 public:
  Checker(const Plan& plan, const ir::Graph& graph, lang::Diagnostics& diagnostics)
      : plan_(plan), graph_(graph), diagnostics_(diagnostics) {}

  void run() {
    forgotten_plus();
    Fields fields = from_inputs();
    block(plan_.filter_block, fields, true);
    block(plan_.output_block, fields, false);
  }

 private:
  // %{YYYY.MM.dd} names a field, which nobody has; %{+YYYY.MM.dd} is the date.
  void forgotten_plus() {
    for (const auto& vertex : graph_.vertices()) {
      using Kind = ir::Vertex::Kind;
      if ((vertex.kind != Kind::filter && vertex.kind != Kind::output) || vertex.name == "grok") continue;
      for (const auto& option : vertex.plugin->attributes) forgotten_plus(option.value, option.name);
    }
  }
  void forgotten_plus(const lang::Value& value, std::string_view option) {
    for (const auto& item : value.items) forgotten_plus(item, option);
    for (const auto& entry : value.entries) {
      forgotten_plus(entry.key, option);
      forgotten_plus(entry.value, option);
    }
    if (!value.scalar()) return;
    for (size_t at = value.text.find("%{"); at != std::string::npos; at = value.text.find("%{", at + 2)) {
      const size_t end = value.text.find('}', at);
      if (end == std::string::npos) return;
      const auto name = value.text.substr(at + 2, end - at - 2);
      if (!is_date_pattern(name)) continue;
      diagnostics_.warning(
          "W0406", value.span,
          fmt::format("%{{{}}} in `{}` names a field; a date needs a + in front of its pattern", name,
                      option),
          fmt::format("Write %{{+{}}}.", name));
    }
  }

  Fields from_inputs() {
    Fields fields;
    for (const auto name : {"@timestamp", "@version"}) {
      fields.possible.insert(canonical(name));
      fields.certain.insert(canonical(name));
    }
    bool typed = !graph_.inputs().empty();
    fields.anything = graph_.inputs().empty();  // a part of a config, checked for itself
    for (const auto id : graph_.inputs()) {
      const auto& written = *graph_.vertices()[id].plugin;
      if (!text_only(written)) fields.anything = true;
      if (!attribute(written, "type")) typed = false;
      if (const auto* added = attribute(written, "add_field"))
        for (const auto& entry : added->entries) fields.possible.insert(canonical(entry.key.text));
    }
    for (const auto name :
         {"message", "host", "port", "path", "tags", "type", "event", "log", "source", "sequence", "clock",
          "sslsubject", "proxy_host", "proxy_port", "url", "process", "[@metadata]"})
      fields.possible.insert(canonical(name));
    if (typed) fields.certain.insert(canonical("type"));
    return fields;
  }

  void unknown_field(const Fields& fields, const std::string& field, const Span& span,
                     std::string_view where) {
    if (!FieldRef::parse(field).ok()) return;  // said by the plugin
    if (fields.can_be(canonical(field))) return;
    auto& d = diagnostics_.warning(
        "W0404", span,
        fmt::format("The field {} is used {}, and nothing before it can have produced it", field, where));
    std::vector<std::string_view> names(fields.possible.begin(), fields.possible.end());
    if (const auto near = nearest(canonical(field), names))
      d.help = "Did you mean " + *near + "?";
    else
      d.help = "Check the name, or the order of the filters.";
  }

  void filter(const Stage<plugin::Filter>& stage, Fields& fields) {
    const auto& flow = stage.built.flow;
    for (const auto& read : flow.read())
      unknown_field(fields, read.field, option_span(stage, read.option),
                    fmt::format("by {}", stage.built.spec->name));
    if (flow.anything()) fields.anything = true;
    for (const auto& name : flow.written()) fields.possible.insert(canonical(name));
    for (const auto& name : flow.always_written()) fields.certain.insert(canonical(name));
    for (const auto& name : flow.removed()) fields.remove(canonical(name));
  }

  Span option_span(const Stage<plugin::Filter>& stage, std::string_view option) const {
    const auto* value = attribute(*graph_.vertices()[stage.vertex].plugin, option);
    return value ? value->span : stage.span;
  }

  void output(const Stage<plugin::Output>& stage, const Fields& fields) {
    for (const auto& [option, text] : stage.built.plugin->must_resolve()) {
      const auto* value = attribute(*graph_.vertices()[stage.vertex].plugin, option);
      for (const auto& ref : Template(text).fields()) {
        if (fields.must_be(canonical(ref.text())) || is_date_pattern(ref.text())) continue;
        diagnostics_.warning(
            "W0405", value ? value->span : stage.span,
            fmt::format("%{{{}}} in `{}` stays unresolved on events that do not have the field", ref.text(),
                        option),
            fmt::format(
                "Set a default before the output: if ![{0}] {{ mutate {{ add_field => {{ \"{1}\" => \"...\" "
                "}} }} }}",
                ref.text().starts_with('[') ? ref.text().substr(1, ref.text().size() - 2) : ref.text(),
                ref.text()));
      }
    }
  }

  // `[a] in ["x"]`: brackets around one text make a field of it, in Logstash as here.
  void list_of_one(const lang::Expr& expr) {
    for (const auto& operand : expr.operands) list_of_one(operand);
    for (const auto& value : expr.values) {
      if (value.kind != lang::Rvalue::Kind::selector || value.text.size() < 4) continue;
      const char quote = value.text[1];
      if ((quote != '"' && quote != '\'') || value.text[value.text.size() - 2] != quote) continue;
      diagnostics_.warning(
          "W0407", value.span, fmt::format("{} is read as a field, not as a list of one text", value.text),
          fmt::format("Compare with the text itself, == {}, or give the list a second element.",
                      value.text.substr(1, value.text.size() - 2)));
    }
  }

  // Fields that a condition needs to hold. Those that it wants absent or different may well be missing.
  void needs(const lang::Expr& expr, const Fields& fields) {
    using Kind = lang::Expr::Kind;
    if (expr.kind == Kind::not_ || expr.kind == Kind::ne || expr.kind == Kind::not_in ||
        expr.kind == Kind::not_match)
      return;
    for (const auto& operand : expr.operands) needs(operand, fields);
    for (const auto& value : expr.values)
      if (value.kind == lang::Rvalue::Kind::selector && value.text.find_first_of("\"'") == std::string::npos)
        unknown_field(fields, value.text, value.span, "in a condition");
  }

  // What a condition says about fields when it holds (`yes`) or does not.
  static void learn(const lang::Expr& expr, bool yes, Fields& fields) {
    using Kind = lang::Expr::Kind;
    if (expr.kind == Kind::not_) return learn(expr.operands[0], !yes, fields);
    if ((expr.kind == Kind::and_ && yes) || (expr.kind == Kind::or_ && !yes)) {
      for (const auto& operand : expr.operands) learn(operand, yes, fields);
      return;
    }
    const bool proves = (expr.kind == Kind::value || expr.kind == Kind::eq || expr.kind == Kind::match ||
                         expr.kind == Kind::in || expr.kind == Kind::lt || expr.kind == Kind::gt ||
                         expr.kind == Kind::le || expr.kind == Kind::ge)
                            ? yes
                            : expr.kind == Kind::ne && !yes;
    if (!proves) return;
    for (const auto& value : expr.values)
      if (value.kind == lang::Rvalue::Kind::selector) fields.certain.insert(canonical(value.text));
  }

  void block(const Block& steps, Fields& fields, bool filters) {
    for (const auto& step : steps.steps) {
      if (!step.condition) {
        if (filters)
          filter(*plan_.filters[step.stage], fields);
        else
          output(*plan_.outputs[step.stage], fields);
        continue;
      }
      Fields yes = fields, no = fields;
      if (const auto* expr = condition_at(step.span)) {
        list_of_one(*expr);
        needs(*expr, fields);
        learn(*expr, true, yes);
        learn(*expr, false, no);
        for (const auto& value : yes.certain)
          if (!fields.certain.count(value)) yes.possible.insert(value);
      }
      if (step.yes) block(*step.yes, yes, filters);
      if (step.no) block(*step.no, no, filters);
      fields = join(yes, no);
    }
  }

  [[nodiscard]] const lang::Expr* condition_at(const Span& span) const {
    for (const auto& v : graph_.vertices())
      if (v.condition && v.span.begin == span.begin && v.span.end == span.end) return v.condition;
    return nullptr;
  }

  const Plan& plan_;
  const ir::Graph& graph_;
  lang::Diagnostics& diagnostics_;
};

}  // namespace

void check_flow(const Plan& plan, const ir::Graph& graph, lang::Diagnostics& diagnostics) {
  Checker(plan, graph, diagnostics).run();
}

}  // namespace sluice::plan
