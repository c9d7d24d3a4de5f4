// What a request or one item of it is refused with, in Elasticsearch's terms.
#pragma once

#include <string>
#include <utility>

#include "index/json.hpp"

namespace sluice::index {

/// Status 0 is "no error".
struct Error {
  int status = 0;
  std::string type;
  std::string reason;
  std::string cause_type;  // empty: no caused_by
  std::string cause_reason;
  std::string index;   // empty: not about one index
  bool shard = false;  // fails one index of a search, not the whole search

  explicit operator bool() const { return status != 0; }

  static Error bad(std::string type, std::string reason) {
    return {400, std::move(type), std::move(reason), {}, {}, {}, false};
  }
  /// For what Elasticsearch has and this index has not.
  static Error unsupported(const std::string& what) {
    return bad("unsupported_operation_exception", what + " is not supported by the embedded index");
  }
  static Error parsing(std::string reason) { return bad("parsing_exception", std::move(reason)); }
  static Error illegal(std::string reason) { return bad("illegal_argument_exception", std::move(reason)); }

  /// The members of an `error` object, without its braces.
  void write_members(JsonWriter& w) const {
    w.field("type", type).field("reason", reason);
    if (!index.empty()) w.field("index_uuid", "_na_").field("index", index);
    if (!cause_type.empty()) {
      w.key("caused_by").begin_object().field("type", cause_type).field("reason", cause_reason).end_object();
    }
  }
};

}  // namespace sluice::index
