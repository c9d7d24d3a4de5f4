#include "plugins/codecs/text_codec.hpp"

namespace sluice::plugins {
namespace {

// Java's toString of a field: {k=v} for objects, ConvertedList{delegate=[...]} for lists, which is what
// stands in the default line of Logstash.
void append_java_text(const Value& value, std::string& out) {
  if (value.is_object()) {
    out += '{';
    bool first = true;
    for (const auto& member : value.as_object()->all()) {
      if (!first) out += ", ";
      first = false;
      out += member.key.text();
      out += '=';
      append_java_text(member.value, out);
    }
    out += '}';
  } else if (value.is_array()) {
    out += "ConvertedList{delegate=[";
    bool first = true;
    for (const auto& item : value.as_array()->all()) {
      if (!first) out += ", ";
      first = false;
      append_java_text(item, out);
    }
    out += "]}";
  } else if (value.is_null()) {
    out += "null";
  } else {
    append_text(value, out);
  }
}

void append_field(const Event& event, Key key, std::string_view placeholder, std::string& out) {
  const Value* value = event.get(key);
  if (!value || value->is_null())
    out += placeholder;
  else
    append_java_text(*value, out);
}

}  // namespace

void MessageFields::fill(Event& event, Value text) const {
  const auto& names = Names::get();
  auto& arena = event.arena();
  event.fields().append(arena, names.message, text);
  if (!ecs_) return;
  auto* inner = Object::make(arena, 2);
  inner->append(arena, names.original, text);
  event.fields().append(arena, names.event, Value::object(inner));
}

void TextEncoder::encode(const Event& event, Buffer& out) {
  scratch_.clear();
  if (format_) {
    format_->fill(event, scratch_);
  } else {
    if (event.has_timestamp()) {
      append_text(Value::timestamp(event.timestamp()), scratch_);
      scratch_ += ' ';
    }
    append_field(event, Names::get().host, "%{host}", scratch_);
    scratch_ += ' ';
    append_field(event, Names::get().message, "%{message}", scratch_);
  }
  out.append(scratch_);
  out.append(delimiter_);
}

std::optional<Template> format_option(plugin::Setup& setup) {
  const auto text = setup.options.maybe_string("format");
  if (!text) return std::nullopt;
  Template format(*text);
  if (!format.problem().empty())
    setup.error("format", "E0306", "The format cannot be filled in: " + std::string(format.problem()));
  return format;
}

std::string delimiter_option(plugin::Setup& setup) {
  std::string delimiter = setup.options.string("delimiter");
  if (delimiter.empty())
    setup.error("delimiter", "E0306", "The delimiter is empty, so nothing would ever be cut",
                "Leave it out for a line feed, or use the codec plain.");
  return delimiter;
}

}  // namespace sluice::plugins
