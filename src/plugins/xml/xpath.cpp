#include "plugins/xml/xpath.hpp"

#include <libxml/xmlsave.h>
#include <libxml/xpathInternals.h>

#include "match/numbers.hpp"

namespace sluice::plugins::xml {
namespace {

// Steps that one expression may take: a second or a few.
constexpr unsigned long kMostSteps = 10'000'000;

void ignore_error(void*, xmlError*) {}

void clear_namespace(xmlNode* node) {
  node->ns = nullptr;
  if (node->type != XML_ELEMENT_NODE) return;
  for (auto* attribute = node->properties; attribute; attribute = attribute->next) attribute->ns = nullptr;
}

}  // namespace

Expression::Expression(const std::string& text) {
  const std::unique_ptr<xmlXPathContext, FreeContext> context(xmlXPathNewContext(nullptr));
  if (!context) return;
  context->error = ignore_error;
  compiled_.reset(xmlXPathCtxtCompile(context.get(), xml_text(text.c_str())));
}

Query::Query(xmlDoc& document, const Namespaces& namespaces)
    : document_(document), context_(xmlXPathNewContext(&document)) {
  if (!context_) return;
  context_->error = ignore_error;
  context_->opLimit = kMostSteps;
  for (const auto& [prefix, uri] : namespaces)
    xmlXPathRegisterNs(context_.get(), xml_text(prefix.c_str()), xml_text(uri.c_str()));
  const auto* root = namespaces.empty() ? xmlDocGetRootElement(&document) : nullptr;
  for (const auto* ns = root ? root->nsDef : nullptr; ns; ns = ns->next)
    xmlXPathRegisterNs(context_.get(), ns->prefix ? ns->prefix : xml_text("xmlns"), ns->href);
}

bool Query::find(xmlXPathCompExpr* expression, Arena& arena, Array& found) {
  if (!context_ || !expression) return false;
  context_->opCount = 0;
  context_->node = reinterpret_cast<xmlNode*>(&document_);
  const std::unique_ptr<xmlXPathObject, void (*)(xmlXPathObject*)> result(
      xmlXPathCompiledEval(expression, context_.get()), xmlXPathFreeObject);
  if (!result) return false;
  switch (result->type) {
    case XPATH_NODESET:
      for (int i = 0; result->nodesetval && i < result->nodesetval->nodeNr; ++i)
        add_node(*result->nodesetval->nodeTab[i], arena, found);
      return true;
    case XPATH_STRING:
      found.push(arena, Value::string(arena.copy(text_of(result->stringval))));
      return true;
    case XPATH_NUMBER:
      found.push(arena, Value::string(arena.copy(match::ruby_double_text(result->floatval))));
      return true;
    case XPATH_BOOLEAN:
      if (result->boolval) found.push(arena, Value::string("true", true));
      return true;
    default:
      return false;
  }
}

// Attributes are their value, everything else is written as XML.
void Query::add_node(xmlNode& node, Arena& arena, Array& found) const {
  if (node.type == XML_NAMESPACE_DECL) {
    const auto& ns = reinterpret_cast<const xmlNs&>(node);
    found.push(arena, Value::string(arena.copy(text_of(ns.href))));
    return;
  }
  if (node.type == XML_ATTRIBUTE_NODE) {
    const std::unique_ptr<xmlChar, void (*)(void*)> text(xmlNodeGetContent(&node), xmlFree);
    found.push(arena, Value::string(arena.copy(text_of(text.get()))));
    return;
  }
  const std::unique_ptr<xmlBuffer, void (*)(xmlBuffer*)> buffer(xmlBufferCreate(), xmlBufferFree);
  if (!buffer) return;
  if (auto* save = xmlSaveToBuffer(buffer.get(), "UTF-8", XML_SAVE_FORMAT | XML_SAVE_AS_XML)) {
    if (node.type == XML_DOCUMENT_NODE)
      xmlSaveDoc(save, &document_);
    else
      xmlSaveTree(save, &node);
    xmlSaveClose(save);
  }
  found.push(arena, Value::string(arena.copy(text_of(xmlBufferContent(buffer.get())))));
}

void remove_namespaces(xmlDoc& document) {
  auto* root = xmlDocGetRootElement(&document);
  for (const bool declarations : {false, true}) {  // nothing may point to a declaration that is freed
    for (auto* node = root; node;) {
      if (!declarations) {
        clear_namespace(node);
      } else if (node->type == XML_ELEMENT_NODE && node->nsDef) {
        xmlFreeNsList(node->nsDef);
        node->nsDef = nullptr;
      }
      if (node->type == XML_ELEMENT_NODE && node->children) {
        node = node->children;
        continue;
      }
      while (node && node != root && !node->next) node = node->parent;
      node = node && node != root ? node->next : nullptr;
    }
  }
}

}  // namespace sluice::plugins::xml
