// Holds a table of pattern names and fields against a shipped set.
#pragma once

#include "match/patterns.hpp"

/// The table: `NAME NAME …` for patterns that capture nothing by themselves, `NAME: field field:int …` for
/// the others (indented lines go on), `#` remarks. Checks that the set has these names and no others, that
/// each text captures these fields, and that the compiled pattern has these and the ones of the patterns
/// inside.
void check_pattern_fields(sluice::match::BuiltinPatterns builtin, const char* table);
