// filter xml: the XML of a field becomes a structure, or fields by XPath.
#include <algorithm>
#include <optional>

#include "base/log.hpp"
#include "plugin/spec.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/mutate_operation.hpp"
#include "plugins/filters/warning_limiter.hpp"
#include "plugins/xml/parser.hpp"
#include "plugins/xml/simple.hpp"
#include "plugins/xml/xpath.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr std::string_view kLogger = "logstash.filters.xml";
constexpr std::string_view kFailureTag = "_xmlparsefailure";
constexpr size_t kShown = 200;

constexpr plugin::Option kOptions[] = {
    {"source",
     Type::string,
     {},
     "The field that holds the XML, a text or a list of one text.",
     plugin::kRequired},
    {"target", Type::string, {}, "The field that the document goes into; needed unless store_xml is false."},
    {"store_xml", Type::boolean, "true", "Store the whole document in `target`."},
    {"xpath", Type::hash, "{}", "XPath expressions and the fields for what they find."},
    {"namespaces", Type::hash, "{}",
     "Prefixes that XPath expressions use and what they stand for; those of the document's root without "
     "any."},
    {"remove_namespaces", Type::boolean, "false",
     "Take the prefixes off all names before XPath expressions."},
    {"parse_options",
     Type::string,
     {},
     "How mistakes are dealt with for XPath: names of libxml2's options such as strict, recover or noblanks, "
     "separated by commas."},
    {"force_array", Type::boolean, "true", "Make lists of single elements and single finds, too."},
    {"force_content", Type::boolean, "false", "Make {\"content\": text} of texts without attributes, too."},
    {"suppress_empty", Type::boolean, "true", "Leave empty elements out."},
};

struct Path {
  std::string expression;
  FieldName field;
};

struct Config {
  FieldRef source, target;
  bool store = true;
  std::vector<Path> paths;
  xml::Namespaces namespaces;
  bool remove_namespaces = false;
  xml::ParseOptions parse;
  xml::SimpleOptions simple;
};

bool blank(std::string_view text) {
  return text.find_first_not_of(std::string_view(" \t\r\n\f\v\0", 7)) == std::string_view::npos;
}

class XmlWorker : public plugin::FilterWorker {
 public:
  explicit XmlWorker(const Config& config)
      : config_(config),
        queried_(xml::Parser::Mode::as_told, config.parse),
        stored_(xml::Parser::Mode::rexml, config.parse) {
    for (const auto& path : config.paths) expressions_.emplace_back(path.expression);
  }

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      const Value* source = event->get(config_.source);
      if (!source || source->is_null() || (source->kind() == Value::Kind::boolean && !source->as_bool()))
        continue;
      Value text = *source;
      if (text.is_array()) {
        if (text.as_array()->size != 1) {
          fail(*event, text, "XML filter expects single item array");
          continue;
        }
        text = text.as_array()->items[0];
      }
      if (!text.is_string()) {
        fail(*event, text, "XML filter expects a string");
        continue;
      }
      if (blank(text.as_text())) continue;
      bool matched = false;
      Status status = take(*event, text.as_text(), matched);
      if (status.ok() && matched) status = run.matched(*event);
      if (!status.ok()) fail(*event, text, status.message());
    }
  }

 private:
  Status take(Event& event, std::string_view text, bool& matched) {
    if (!config_.paths.empty() || config_.parse.strict())
      if (Status status = query(event, text, matched); !status.ok()) return status;
    if (!config_.store) return {};
    const auto document = stored_.read(text);
    if (!document) return Status::error(Fault::filter, stored_.error());
    const auto value = xml::simple_value(*document, stored_, config_.simple, event.arena());
    if (!value.ok()) return value.status();
    matched = true;
    return set_status(event.set(config_.target, *value), config_.target);
  }

  Status query(Event& event, std::string_view text, bool& matched) {
    const auto document = queried_.read(text);
    if (!document) return config_.parse.strict() ? Status::error(Fault::filter, queried_.error()) : Status{};
    if (config_.paths.empty()) return {};
    if (config_.remove_namespaces) xml::remove_namespaces(*document);
    xml::Query query(*document, config_.namespaces);
    for (size_t i = 0; i < config_.paths.size(); ++i) {
      auto* found = Array::make(event.arena(), 4);
      if (!query.find(expressions_[i].get(), event.arena(), *found))
        return Status::error(Fault::filter,
                             "the XPath expression " + config_.paths[i].expression + " cannot be evaluated");
      if (found->size == 0) continue;
      matched = true;
      const Value value =
          found->size == 1 && !config_.simple.force_array ? found->items[0] : Value::array(found);
      if (Status status = store(event, config_.paths[i].field, value); !status.ok()) return status;
    }
    return {};
  }

  static Status store(Event& event, const FieldName& field, const Value& value) {
    FieldRef made;
    const FieldRef* ref = nullptr;
    if (Status status = field.resolve(event, made, ref); !status.ok()) return status;
    return set_status(event.set(*ref, value), *ref);
  }

  void fail(Event& event, const Value& value, std::string_view why) {
    event.tag(kFailureTag);
    uint64_t suppressed = 0;
    if (!warnings_.allow(suppressed)) return;
    log::warn(
        kLogger, "XML Parse Error",
        {{"source", config_.source.text()},
         {"value", value.is_string() ? value.as_text().substr(0, kShown) : std::string_view("(not a text)")},
         {"exception", why},
         {"suppressed", suppressed}});
  }

  const Config& config_;
  xml::Parser queried_, stored_;
  std::vector<xml::Expression> expressions_;
  WarningLimiter warnings_;
};

class Xml : public plugin::Filter {
 public:
  explicit Xml(plugin::Setup& setup) {
    const auto& options = setup.options;
    config_.source = setup.field("source");
    config_.target = setup.field("target");
    config_.store = options.boolean("store_xml");
    config_.remove_namespaces = options.boolean("remove_namespaces");
    config_.simple = {.force_array = options.boolean("force_array"),
                      .force_content = options.boolean("force_content"),
                      .suppress_empty = options.boolean("suppress_empty")};
    if (config_.store && config_.target.empty())
      setup.error("target", "E0308",
                  "When the 'store_xml' configuration option is true, 'target' must also be set",
                  "Name the field for the document, or write store_xml => false when only xpath counts.");
    take_parse_options(setup);
    take_paths(setup);
  }
  std::unique_ptr<plugin::FilterWorker> worker() override { return std::make_unique<XmlWorker>(config_); }
  void flow(plugin::Flow& flow) const override {
    flow.reads(config_.source.text(), "source");
    flow.writes("tags");
    if (config_.store) flow.writes(config_.target.text());
    for (const auto& path : config_.paths) flow.writes(path.field.text());
  }

 private:
  void take_parse_options(plugin::Setup& setup);
  void take_paths(plugin::Setup& setup);

  Config config_;
};

void Xml::take_parse_options(plugin::Setup& setup) {
  const auto text = setup.options.maybe_string("parse_options");
  if (!text) return;
  std::string unknown;
  const auto parsed = xml::ParseOptions::parse(*text, unknown);
  if (!parsed) {
    setup.error("parse_options", "E0306", "unsupported parse option: \"" + unknown + "\"",
                "Options are strict, recover, noent, noerror, nowarning, pedantic, noblanks, nonet, nsclean, "
                "nocdata, "
                "compact, huge and others of libxml2.");
    return;
  }
  config_.parse = *parsed;
  constexpr int kOutside = XML_PARSE_DTDLOAD | XML_PARSE_DTDATTR | XML_PARSE_DTDVALID | XML_PARSE_XINCLUDE;
  if (config_.parse.flags & kOutside)
    setup.warning("parse_options", "W0306", "Files and addresses that a document names are never read",
                  "dtdload, dtdattr, dtdvalid and xinclude see what stands in the text itself only.");
}

void Xml::take_paths(plugin::Setup& setup) {
  for (const auto& [prefix, uri] : setup.options.hash("namespaces"))
    config_.namespaces.emplace_back(prefix.substr(prefix.rfind(':') + 1),
                                    scalar_text(setup, "namespaces", uri));
  for (const auto& [expression, field] : setup.options.hash("xpath")) {
    Path path{expression, FieldName::literal(scalar_text(setup, "xpath", field))};
    path.field.check(setup, "xpath", field.span);
    if (!xml::Expression(expression).valid())
      setup
          .warning("xpath", "W0306", "This is no XPath expression: " + expression,
                   "Every event with XML will get the tag _xmlparsefailure.")
          .span = field.span;
    config_.paths.push_back(std::move(path));
  }
}

}  // namespace

extern const plugin::Spec filter_xml;
const plugin::Spec filter_xml{
    .kind = plugin::Kind::filter,
    .name = "xml",
    .summary = "Turns the XML of a field into a structure, or into fields by XPath.",
    .options = kOptions,
    .example =
        "filter { xml { source => \"message\" target => \"doc\" xpath => { \"/order/@id\" => \"order_id\" } "
        "} }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<Xml>(setup);
    }};

}  // namespace sluice::plugins
