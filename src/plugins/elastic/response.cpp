#include "plugins/elastic/response.hpp"

#include "base/buffer.hpp"
#include "base/utf8.hpp"
#include "event/json_read.hpp"
#include "event/json_write.hpp"

namespace sluice::elastic {
namespace {

constexpr size_t kLongestReason = 500;

std::string_view text_member(const Value& object, std::string_view name) {
  const Value* value = member(object, name);
  return value && value->is_string() ? value->as_text() : std::string_view();
}

std::string_view shortened(std::string_view text) {
  return text.size() <= kLongestReason ? text
                                       : text.substr(0, utf8_valid_prefix(text.substr(0, kLongestReason)));
}

}  // namespace

const Value* member(const Value& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  for (const auto& one : object.as_object()->all())
    if (one.key.text() == name) return &one.value;
  return nullptr;
}

BulkAnswer look(std::string_view body) {
  // `errors` comes before `items`; a document's own text can only stand behind that.
  const size_t items = body.find("\"items\"");
  const auto head = body.substr(0, items);
  size_t at = head.find("\"errors\"");
  auto where = head;
  if (at == std::string_view::npos) {
    if (items == std::string_view::npos) return BulkAnswer::unreadable;
    return BulkAnswer::some_failed;  // an unusual order: read all of it
  }
  where.remove_prefix(at + 8);
  while (!where.empty() && (where.front() == ' ' || where.front() == ':' || where.front() == '\n'))
    where.remove_prefix(1);
  return where.starts_with("false") ? BulkAnswer::all_ok : BulkAnswer::some_failed;
}

bool parse_items(std::string_view body, Arena& arena, std::vector<ItemResult>& out) {
  out.clear();
  Value root;
  if (!JsonReader::local().read(body, arena, root)) return false;
  const Value* items = member(root, "items");
  if (!items || !items->is_array()) return false;
  for (const auto& item : items->as_array()->all()) {
    if (!item.is_object() || item.as_object()->size == 0) return false;
    const Value& verdict = item.as_object()->members[0].value;
    const Value* status = member(verdict, "status");
    if (!status || status->kind() != Value::Kind::integer) return false;
    ItemResult result;
    result.status = static_cast<int>(status->as_integer());
    if (const Value* error = member(verdict, "error")) {
      if (error->is_string()) result.reason = shortened(error->as_text());
      result.error_type = text_member(*error, "type");
      if (error->is_object()) result.reason = shortened(text_member(*error, "reason"));
    }
    if (result.status >= 300) {
      Buffer text;
      write_json(item, text);
      result.json = arena.copy(text.view());
    }
    out.push_back(result);
  }
  return true;
}

std::string error_text(std::string_view body) {
  Arena arena;
  Value root;
  if (JsonReader::local().read(body, arena, root)) {
    if (const Value* error = member(root, "error")) {
      if (error->is_string()) return std::string(shortened(error->as_text()));
      const auto reason = text_member(*error, "reason"), type = text_member(*error, "type");
      if (!type.empty() || !reason.empty()) return std::string(type) + ": " + std::string(shortened(reason));
    }
  }
  return utf8_scrub(body.substr(0, 200));
}

std::string error_type(std::string_view body) {
  Arena arena;
  Value root;
  if (!JsonReader::local().read(body, arena, root)) return {};
  const Value* error = member(root, "error");
  return error ? std::string(text_member(*error, "type")) : std::string();
}

}  // namespace sluice::elastic
