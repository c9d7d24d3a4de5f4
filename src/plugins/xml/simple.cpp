#include "plugins/xml/simple.hpp"

#include <algorithm>
#include <string>

#include "event/field_index.hpp"
#include "plugins/xml/parser.hpp"

namespace sluice::plugins::xml {
namespace {

bool is_text(const xmlNode* node) {
  return node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE;
}

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos; }

class Builder {
 public:
  Builder(const SimpleOptions& options, Arena& arena)
      : options_(options), arena_(arena), content_(Key::intern("content")), anonymous_(Key::intern("anon")) {}

  // As deep as the parser lets documents be.
  Value collapse(const xmlNode* element) {
    auto* object = Object::make(arena_, 4);
    FieldIndex index;
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
      if (attribute->ns && attribute->ns->prefix) {
        name_ = text_of(attribute->ns->prefix);
        name_ += ':';
      }
      name_ += text_of(attribute->name);
      text_.clear();
      for (const auto* part = attribute->children; part; part = part->next) text_ += text_of(part->content);
      index.set(arena_, object, Key::of(name_, arena_), string(text_));
    }
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

  // The texts between elements, as they are written: entities stay.
  void mixed(const xmlNode* element, Object& object, FieldIndex& index) {
    auto* list = Array::make(arena_);
    bool all_blank = true;
    for (const auto* node = element->children; node; node = node->next) {
      if (!is_text(node)) continue;
      const auto text = text_of(node->content);
      all_blank = all_blank && blank(text);
      text_.clear();
      for (const char c : text) {
        if (c == '&' && node->type == XML_TEXT_NODE)
          text_ += "&amp;";
        else if (c == '<' && node->type == XML_TEXT_NODE)
          text_ += "&lt;";
        else
          text_ += c;
      }
      list->push(arena_, string(text_));
    }
    if (!all_blank)
      index.set(arena_, object, content_, list->size == 1 ? list->items[0] : Value::array(list));
  }

  Value text_node(const xmlNode* element, Object& object, FieldIndex& index) {
    text_.clear();
    for (const auto* node = element->children; node; node = node->next)
      if (is_text(node)) text_ += text_of(node->content);
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

  const SimpleOptions& options_;
  Arena& arena_;
  const Key content_, anonymous_;
  std::string name_, text_;
};

}  // namespace

Value simple_value(const xmlDoc& document, const SimpleOptions& options, Arena& arena) {
  const auto* root = xmlDocGetRootElement(&document);
  return root ? Builder(options, arena).collapse(root) : Value{};
}

}  // namespace sluice::plugins::xml
