// A document as the structure that Ruby's XmlSimple makes of it.
#pragma once

#include <libxml/tree.h>

#include "event/value.hpp"

namespace sluice::plugins::xml {

struct SimpleOptions {
  bool force_array = true;     // elements become lists even when there is one only
  bool force_content = false;  // texts become {"content": text} even without attributes
  bool suppress_empty = true;  // empty elements are left out
};

/// The value for the document's root; everything is copied to `arena`. Null when the document has no root.
Value simple_value(const xmlDoc& document, const SimpleOptions& options, Arena& arena);

}  // namespace sluice::plugins::xml
