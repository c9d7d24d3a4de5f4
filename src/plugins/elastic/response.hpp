// What a bulk response says of each item.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "event/value.hpp"

namespace sluice::elastic {

/// The member of an object, or null; null for what is no object.
const Value* member(const Value& object, std::string_view name);

/// The verdict on one item. The texts live in the response or the arena given to parse_items().
struct ItemResult {
  int status = 0;
  std::string_view error_type;
  std::string_view reason;
  std::string_view json;  // the item as text, for dead letters; may be empty
};

enum class BulkAnswer { all_ok, some_failed, unreadable };

/// Looks at the beginning of a 2xx body only: most say `"errors":false` there.
BulkAnswer look(std::string_view body);

/// The items of a body that has some_failed; false when it is not a bulk response.
bool parse_items(std::string_view body, Arena& arena, std::vector<ItemResult>& out);

/// The reason that an error body gives ({"error": {"type", "reason"}} or {"error": "..."}), shortened, or its
/// beginning.
std::string error_text(std::string_view body);
/// The error type of such a body, or empty.
std::string error_type(std::string_view body);

}  // namespace sluice::elastic
