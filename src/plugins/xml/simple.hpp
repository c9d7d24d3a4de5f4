// A document as the structure that Ruby's XmlSimple makes of it.
#pragma once

#include "base/status.hpp"
#include "event/value.hpp"
#include "plugins/xml/parser.hpp"

namespace sluice::plugins::xml {

struct SimpleOptions {
  bool force_array = true;     // elements become lists even when there is one only
  bool force_content = false;  // texts become {"content": text} even without attributes
  bool suppress_empty = true;  // empty elements are left out
};

/// The value for the root of the last document that `parser` has read in mode rexml; everything is copied to
/// `arena`. An error for a prefix that is not declared and for entities that stand for too much.
Result<Value> simple_value(const xmlDoc& document, const Parser& parser, const SimpleOptions& options,
                           Arena& arena);

}  // namespace sluice::plugins::xml
