#include "plugins/xml/parser.hpp"

#include <libxml/SAX2.h>
#include <libxml/dict.h>
#include <libxml/xmlerror.h>

#include <algorithm>
#include <array>
#include <limits>
#include <mutex>

namespace sluice::plugins::xml {
namespace {

// Names of elements that a parser keeps before a new one takes its place: they come from outside.
constexpr int kMostNames = 10'000;
// libxml2 compares every attribute of an element with every other.
constexpr int kMostAttributes = 4096;

struct Flag {
  std::string_view name;
  int value;
};
constexpr std::array<Flag, 21> kFlags = {{{"STRICT", 0},
                                          {"RECOVER", XML_PARSE_RECOVER},
                                          {"NOENT", XML_PARSE_NOENT},
                                          {"DTDLOAD", XML_PARSE_DTDLOAD},
                                          {"DTDATTR", XML_PARSE_DTDATTR},
                                          {"DTDVALID", XML_PARSE_DTDVALID},
                                          {"NOERROR", XML_PARSE_NOERROR},
                                          {"NOWARNING", XML_PARSE_NOWARNING},
                                          {"PEDANTIC", XML_PARSE_PEDANTIC},
                                          {"NOBLANKS", XML_PARSE_NOBLANKS},
                                          {"SAX1", XML_PARSE_SAX1},
                                          {"XINCLUDE", XML_PARSE_XINCLUDE},
                                          {"NONET", XML_PARSE_NONET},
                                          {"NODICT", XML_PARSE_NODICT},
                                          {"NSCLEAN", XML_PARSE_NSCLEAN},
                                          {"NOCDATA", XML_PARSE_NOCDATA},
                                          {"NOXINCNODE", XML_PARSE_NOXINCNODE},
                                          {"COMPACT", XML_PARSE_COMPACT},
                                          {"OLD10", XML_PARSE_OLD10},
                                          {"NOBASEFIX", XML_PARSE_NOBASEFIX},
                                          {"HUGE", XML_PARSE_HUGE}}};

// What a document refers to outside of itself is never read.
xmlParserInput* refuse_outside(const char*, const char*, xmlParserCtxt*) { return nullptr; }

void initialize() {
  static std::once_flag once;
  std::call_once(once, [] {
    xmlInitParser();
    xmlSetExternalEntityLoader(refuse_outside);
  });
}

void declare_internal_only(void* context, const xmlChar* name, int type, const xmlChar* public_id,
                           const xmlChar* system_id, xmlChar* content) {
  if (type == XML_INTERNAL_GENERAL_ENTITY || type == XML_INTERNAL_PARAMETER_ENTITY)
    xmlSAX2EntityDecl(context, name, type, public_id, system_id, content);
}

// An entity that is not known stands for its own reference.
xmlEntity* known_or_written(void* context, const xmlChar* name) {
  if (auto* known = xmlSAX2GetEntity(context, name)) return known;
  auto* document = static_cast<xmlParserCtxt*>(context)->myDoc;
  if (!document) return nullptr;
  if (!document->intSubset) xmlCreateIntSubset(document, xml_text("entities"), nullptr, nullptr);
  const std::string written = "&#38;" + std::string(text_of(name)) + ";";
  return xmlAddDocEntity(document, name, XML_INTERNAL_GENERAL_ENTITY, nullptr, nullptr,
                         xml_text(written.c_str()));
}

// The reference that ends where the parser stands; empty when a plain text ends there. Texts that are part of
// the input are none.
std::string_view reference_before(const xmlParserInput& input, const xmlChar* text) {
  constexpr std::ptrdiff_t kLongest = 32;
  if (text >= input.base && text < input.end) return {};
  const auto* end = input.cur;
  if (end == input.base || end[-1] != ';') return {};
  for (const auto* at = end - 2; at >= input.base && end - at < kLongest; --at) {
    if (*at == '&') return {reinterpret_cast<const char*>(at), static_cast<size_t>(end - at)};
    if (*at == ';' || *at == '<' || *at == '>') break;
  }
  return {};
}

// True when no element can have very many attributes: between two `<` stand at most so many beginnings of a
// value.
bool attributes_bounded(std::string_view text) {
  int count = 0;
  size_t from = 0;
  for (size_t at = text.find('='); at != std::string_view::npos; at = text.find('=', at + 1)) {
    if (text.substr(from, at - from).find('<') != std::string_view::npos) count = 0;
    from = at;
    const size_t value = text.find_first_not_of(" \t\r\n", at + 1);
    if (value == std::string_view::npos) break;
    if ((text[value] == '"' || text[value] == '\'') && ++count > kMostAttributes) return false;
  }
  return true;
}

std::string constant_name(std::string_view text) {
  std::string name;
  for (const char c : text)
    if (c != '_' && c != ' ' && (c < '\t' || c > '\r'))
      name += c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c;
  return name;
}

}  // namespace

std::optional<ParseOptions> ParseOptions::parse(std::string_view text, std::string& unknown) {
  ParseOptions options{0};
  while (true) {
    const size_t end = text.find_first_of(",|");
    const auto written = text.substr(0, end);
    if (const std::string name = constant_name(written); !name.empty()) {
      const auto flag =
          std::find_if(kFlags.begin(), kFlags.end(), [&](const Flag& f) { return f.name == name; });
      if (flag == kFlags.end()) {
        unknown = written;
        return std::nullopt;
      }
      options.flags |= flag->value;
    }
    if (end == std::string_view::npos) return options;
    text.remove_prefix(end + 1);
  }
}

Parser::Parser(Mode mode, ParseOptions options) : mode_(mode), options_(options) {
  initialize();
  if (mode_ == Mode::rexml) options_.flags = 0;
  options_.flags |= XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
}

Parser::~Parser() { xmlFreeParserCtxt(context_); }

void Parser::renew() {
  if (context_ && (!context_->dict || xmlDictSize(context_->dict) < kMostNames)) return;
  xmlFreeParserCtxt(context_);
  context_ = xmlNewParserCtxt();
  if (!context_ || !context_->sax) return;
  context_->sax->entityDecl = declare_internal_only;
  if (mode_ != Mode::rexml) return;
  context_->sax->getEntity = known_or_written;
  context_->sax->characters = context_->sax->ignorableWhitespace = take_characters;
}

void Parser::take_characters(void* context, const xmlChar* text, int size) {
  auto* parsing = static_cast<xmlParserCtxt*>(context);
  auto* self = static_cast<Parser*>(parsing->_private);
  xmlSAX2Characters(context, text, size);
  // The contents of entities are parsed in contexts of their own.
  if (self && parsing == self->context_ && parsing->input)
    self->note_written({reinterpret_cast<const char*>(text), static_cast<size_t>(size)},
                       reference_before(*parsing->input, text));
}

void Parser::note_written(std::string_view text, std::string_view reference) {
  auto* node = context_->node ? context_->node->last : nullptr;
  if (!node || node->type != XML_TEXT_NODE || (reference.empty() && !node->_private)) return;
  if (!node->_private) {
    const auto content = text_of(node->content);
    written_.emplace_back(content.substr(0, content.size() - std::min(text.size(), content.size())));
    node->_private = reinterpret_cast<void*>(written_.size());
  }
  written_[reinterpret_cast<size_t>(node->_private) - 1] += reference.empty() ? text : reference;
}

std::string_view Parser::written(const xmlNode& text) const {
  const auto number = reinterpret_cast<size_t>(text._private);
  return number == 0 || number > written_.size() ? text_of(text.content) : written_[number - 1];
}

Document Parser::read(std::string_view text) {
  renew();
  written_.clear();
  if (!context_ || text.size() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    error_ = "there is no memory for the document";
    return nullptr;
  }
  if (!attributes_bounded(text)) {
    error_ = "an element has too many attributes";
    return nullptr;
  }
  context_->_private = this;
  Document document(xmlCtxtReadMemory(context_, text.data(), static_cast<int>(text.size()), nullptr, "UTF-8",
                                      options_.flags));
  if (document && (context_->wellFormed != 0 || !options_.strict())) return document;
  const auto* error = xmlCtxtGetLastError(context_);
  error_ = error && error->message ? error->message : "the text is no XML document";
  while (!error_.empty() && error_.back() == '\n') error_.pop_back();
  return nullptr;
}

}  // namespace sluice::plugins::xml
