#include "plugins/xml/simple.hpp"

#include <libxml/entities.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "base/utf8.hpp"
#include "event/field_index.hpp"

namespace sluice::plugins::xml {
namespace {

constexpr size_t kMostResolved = 1 << 20;  // bytes that all entities of a document stand for
constexpr int kDeepestEntity = 20;

bool is_text(const xmlNode* node) {
  return node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE ||
         node->type == XML_ENTITY_REF_NODE;
}

// `#65` or `#x41`.
bool append_character(std::string_view digits, std::string& out) {
  const bool hex = digits.starts_with("#x");
  digits.remove_prefix(hex ? 2 : 1);
  uint32_t code = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
  if (error != std::errc{} || end != digits.data() + digits.size()) return false;
  utf8_append(out, code > 0x10FFFF || (code >= 0xD800 && code < 0xE000) ? 0xFFFD : code);
  return true;
}

// The text of an entity with its references resolved; false when it stands for too much.
bool append_resolved(const xmlDoc& document, std::string_view text, int depth, size_t limit,
                     std::string& out) {
  if (depth > kDeepestEntity) return false;
  while (!text.empty()) {
    const size_t start = std::min(text.find('&'), text.size());
    out += text.substr(0, start);
    text.remove_prefix(start);
    if (out.size() > limit) return false;
    if (text.empty()) break;
    const size_t end = text.find(';');
    if (end == std::string_view::npos || end < 2) {
      out += '&';
      text.remove_prefix(1);
      continue;
    }
    const std::string name(text.substr(1, end - 1));
    const auto written = text.substr(0, end + 1);
    text.remove_prefix(end + 1);
    if (name[0] == '#' && append_character(name, out)) continue;
    const auto* entity = xmlGetDocEntity(&document, xml_text(name.c_str()));
    if (!entity || !entity->content)
      out += written;
    else if (entity->etype == XML_INTERNAL_PREDEFINED_ENTITY)
      out += text_of(entity->content);
    else if (!append_resolved(document, text_of(entity->content), depth + 1, limit, out))
      return false;
  }
  return true;
}

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos; }

class Builder {
 public:
  Builder(const xmlDoc& document, const Parser& parser, const SimpleOptions& options, Arena& arena)
      : document_(document),
        parser_(parser),
        options_(options),
        arena_(arena),
        content_(Key::intern("content")),
        anonymous_(Key::intern("anon")) {}

  /// What is wrong with the document; empty when nothing is.
  [[nodiscard]] const std::string& problem() const { return problem_; }

  // As deep as the parser lets documents be.
  Value collapse(const xmlNode* element) {
    auto* object = Object::make(arena_, 4);
    FieldIndex index;
    check_prefix(element->name, element->ns);
    attributes(element, *object, index);
    bool elements = false, texts = false;
    for (const auto* node = element->children; node; node = node->next) {
      elements = elements || node->type == XML_ELEMENT_NODE;
      texts = texts || is_text(node);
    }
    if (elements)
      children(element, *object, index, texts);
    else if (texts)
      return text_node(element, *object, index);
    if (const Value* list = only_list(*object)) return *list;
    if (object->size == 0 && options_.suppress_empty) return {};
    return Value::object(object);
  }

 private:
  Value string(std::string_view text) { return Value::string(arena_.copy(text)); }

  static bool has_attributes(const xmlNode* element) { return element->properties || element->nsDef; }

  void attributes(const xmlNode* element, Object& object, FieldIndex& index) {
    for (const auto* ns = element->nsDef; ns; ns = ns->next) {
      name_ = ns->prefix ? "xmlns:" : "xmlns";
      name_ += text_of(ns->prefix);
      index.set(arena_, object, Key::of(name_, arena_), string(text_of(ns->href)));
    }
    for (const auto* attribute = element->properties; attribute; attribute = attribute->next) {
      name_.clear();
      check_prefix(attribute->name, attribute->ns);
      if (attribute->ns && attribute->ns->prefix) {
        name_ = text_of(attribute->ns->prefix);
        name_ += ':';
      }
      name_ += text_of(attribute->name);
      text_.clear();
      for (const auto* part = attribute->children; part; part = part->next) append_text_of(*part);
      index.set(arena_, object, Key::of(name_, arena_), string(text_));
    }
  }

  // A prefix that is not declared is part of the name.
  void check_prefix(const xmlChar* name, const xmlNs* ns) {
    if (!ns && text_of(name).find(':') != std::string_view::npos)
      problem_ = "the prefix of " + std::string(text_of(name)) + " is not declared";
  }

  void append_text_of(const xmlNode& node) {
    if (node.type != XML_ENTITY_REF_NODE) {
      text_ += text_of(node.content);
      return;
    }
    const auto* entity = xmlGetDocEntity(&document_, node.name);
    const size_t limit = text_.size() + kMostResolved - std::min(resolved_, kMostResolved);
    const size_t before = text_.size();
    if (!entity || !entity->content || !append_resolved(document_, text_of(entity->content), 0, limit, text_))
      problem_ = "the entities of the document stand for too much";
    const size_t written = text_of(node.name).size() + 2;
    resolved_ += std::max(text_.size() - before, written) - written;
  }

  void children(const xmlNode* element, Object& object, FieldIndex& index, bool texts) {
    for (const auto* child = element->children; child; child = child->next) {
      if (child->type != XML_ELEMENT_NODE) continue;
      const Value value = collapse(child);
      // XmlSimple looks at the attributes of the element around the empty one.
      if (options_.suppress_empty && empty(value) && !has_attributes(element)) continue;
      merge(object, index, Key::of(text_of(child->name), arena_), value);
    }
    if (texts) mixed(element, object, index);
  }

  static bool empty(const Value& value) {
    if (value.is_object()) return value.as_object()->size == 0;
    if (value.is_string()) return blank(value.as_text());
    return value.is_null();
  }

  // The texts between elements, as they are written: references stay.
  void mixed(const xmlNode* element, Object& object, FieldIndex& index) {
    auto* list = Array::make(arena_);
    bool all_blank = true;
    const auto end_text = [&] {
      if (text_.empty()) return;
      all_blank = all_blank && blank(text_);
      list->push(arena_, string(text_));
      text_.clear();
    };
    text_.clear();
    for (const auto* node = element->children; node; node = node->next) {
      if (node->type == XML_TEXT_NODE) {
        text_ += parser_.written(*node);
      } else if (node->type == XML_ENTITY_REF_NODE) {
        text_ += '&';
        text_ += text_of(node->name);
        text_ += ';';
      } else {
        end_text();
        if (node->type != XML_CDATA_SECTION_NODE) continue;
        text_ = text_of(node->content);
        end_text();
      }
    }
    end_text();
    if (!all_blank)
      index.set(arena_, object, content_, list->size == 1 ? list->items[0] : Value::array(list));
  }

  Value text_node(const xmlNode* element, Object& object, FieldIndex& index) {
    text_.clear();
    for (const auto* node = element->children; node; node = node->next)
      if (is_text(node)) append_text_of(*node);
    const bool attributes = has_attributes(element);
    if (!attributes && blank(text_)) return Value::object(&object);
    const Value text = string(text_);
    if (!attributes && !options_.force_content) return text;
    merge(object, index, content_, text);
    return Value::object(&object);
  }

  void merge(Object& object, FieldIndex& index, Key key, const Value& value) {
    Value* old = index.find(object, key);
    if (old && old->is_array()) {
      old->as_array()->push(arena_, value);
      return;
    }
    const bool list = old || value.is_array() || (options_.force_array && !(key == content_));
    Value stored = value;
    if (list) {
      auto* items = Array::make(arena_, 2);
      if (old) items->push(arena_, *old);
      items->push(arena_, value);
      stored = Value::array(items);
    }
    index.set(arena_, object, key, stored);
  }

  // An element that holds nothing but <anon> elements stands for their list.
  const Value* only_list(Object& object) const {
    const auto members = object.all();
    const auto lists =
        std::count_if(members.begin(), members.end(), [](const Member& m) { return m.value.is_array(); });
    if (lists != 1) return nullptr;
    const auto found =
        std::find_if(members.begin(), members.end(), [](const Member& m) { return m.value.is_array(); });
    return found->key == anonymous_ ? &found->value : nullptr;
  }

  const xmlDoc& document_;
  const Parser& parser_;
  const SimpleOptions& options_;
  Arena& arena_;
  const Key content_, anonymous_;
  std::string name_, text_, problem_;
  size_t resolved_ = 0;  // bytes that entities have stood for
};

}  // namespace

Result<Value> simple_value(const xmlDoc& document, const Parser& parser, const SimpleOptions& options,
                           Arena& arena) {
  const auto* root = xmlDocGetRootElement(&document);
  if (!root) return Status::error(Fault::filter, "the document has no root");
  Builder builder(document, parser, options, arena);
  const Value value = builder.collapse(root);
  if (!builder.problem().empty()) return Status::error(Fault::filter, builder.problem());
  return value;
}

}  // namespace sluice::plugins::xml
