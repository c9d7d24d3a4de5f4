// XPath expressions over a document, and what Nokogiri's to_s makes of what they find.
#pragma once

#include <libxml/xpath.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/value.hpp"
#include "plugins/xml/parser.hpp"

namespace sluice::plugins::xml {

/// Prefixes and what they stand for.
using Namespaces = std::vector<std::pair<std::string, std::string>>;

struct FreeContext {
  void operator()(xmlXPathContext* context) const { xmlXPathFreeContext(context); }
};

/// The expressions that are asked of one document.
class Query {
 public:
  /// `namespaces`: those that expressions know; when there are none, those of the document's root.
  Query(xmlDoc& document, const Namespaces& namespaces);

  /// Appends the texts of what `expression` finds to `found`, in `arena`. False when the expression is not
  /// valid, names an unknown prefix, or takes too long.
  bool find(xmlXPathCompExpr* expression, Arena& arena, Array& found);

 private:
  void add_node(xmlNode& node, Arena& arena, Array& found) const;
  xmlDoc& document_;
  std::unique_ptr<xmlXPathContext, FreeContext> context_;
};

/// A compiled expression. Evaluating it changes it, so each worker has its own.
class Expression {
 public:
  explicit Expression(const std::string& text);
  [[nodiscard]] xmlXPathCompExpr* get() const { return compiled_.get(); }
  /// False when the text is no expression.
  [[nodiscard]] bool valid() const { return compiled_ != nullptr; }

 private:
  struct Free {
    void operator()(xmlXPathCompExpr* expression) const { xmlXPathFreeCompExpr(expression); }
  };
  std::unique_ptr<xmlXPathCompExpr, Free> compiled_;
};

/// Takes all namespaces off the elements and attributes.
void remove_namespaces(xmlDoc& document);

}  // namespace sluice::plugins::xml
