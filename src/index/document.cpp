#include "index/document.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>

#include "base/utf8.hpp"
#include "index/text.hpp"

namespace sluice::index {

using simdjson::dom::element_type;

namespace {

bool parse_double(std::string_view text, double& out) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty() && std::isfinite(out);
}

/// A JSON scalar as text, as keyword and text fields index it.
std::string_view as_text(simdjson::dom::element value, std::string& scratch) {
  switch (value.type()) {
    case element_type::STRING:
      return value.get_string().value_unsafe();
    case element_type::BOOL:
      return value.get_bool().value_unsafe() ? "true" : "false";
    default:
      scratch.clear();
      append_element(scratch, value);
      return scratch;
  }
}

bool to_integer(const Field& field, double d, Scalar& out) {
  const double whole = std::trunc(d);  // coercion cuts the fraction off, as Elasticsearch does
  if (whole < -9223372036854775808.0 || whole >= 9223372036854775808.0) return false;
  out.kind = Scalar::Kind::integer;
  out.integer = static_cast<int64_t>(whole);
  return out.integer >= field.min && out.integer <= field.max;
}

bool convert_integer(const Field& field, simdjson::dom::element value, Scalar& out) {
  out.kind = Scalar::Kind::integer;
  switch (value.type()) {
    case element_type::INT64:
      out.integer = value.get_int64().value_unsafe();
      return out.integer >= field.min && out.integer <= field.max;
    case element_type::DOUBLE:
      return to_integer(field, value.get_double().value_unsafe(), out);
    case element_type::STRING: {
      const std::string_view text = value.get_string().value_unsafe();
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.integer);
      if (error == std::errc{} && end == text.data() + text.size())
        return out.integer >= field.min && out.integer <= field.max;
      double d = 0;
      return parse_double(text, d) && to_integer(field, d, out);
    }
    default:
      return false;
  }
}

bool convert_real(const Field& field, simdjson::dom::element value, Scalar& out) {
  out.kind = Scalar::Kind::real;
  switch (value.type()) {
    case element_type::INT64:
      out.real = static_cast<double>(value.get_int64().value_unsafe());
      break;
    case element_type::UINT64:
      out.real = static_cast<double>(value.get_uint64().value_unsafe());
      break;
    case element_type::DOUBLE:
      out.real = value.get_double().value_unsafe();
      break;
    case element_type::STRING:
      if (!parse_double(value.get_string().value_unsafe(), out.real)) return false;
      break;
    default:
      return false;
  }
  if (field.single) out.real = static_cast<double>(static_cast<float>(out.real));
  if (field.scaling > 0) out.real = std::round(out.real * field.scaling) / field.scaling;
  return std::isfinite(out.real);
}

bool convert_date(const Field& field, simdjson::dom::element value, Scalar& out) {
  out.kind = Scalar::Kind::integer;
  std::string scratch;
  if (value.type() == element_type::BOOL) return false;
  if (value.type() == element_type::DOUBLE) {
    const double d = value.get_double().value_unsafe();
    scratch = fmt::format("{:.0f}", std::trunc(d));
  }
  const auto text = scratch.empty() ? as_text(value, scratch) : std::string_view(scratch);
  if (auto ms = parse_date(text, field.formats)) {
    out.integer = *ms;
    return true;
  }
  return false;
}

}  // namespace

bool parse_ip(std::string_view text, std::array<char, 16>& out) {
  char buffer[64];
  if (text.empty() || text.size() >= sizeof buffer) return false;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = 0;
  in_addr four{};
  if (inet_pton(AF_INET, buffer, &four) == 1) {
    out.fill(0);
    out[10] = out[11] = static_cast<char>(0xff);
    std::memcpy(out.data() + 12, &four, 4);
    return true;
  }
  return inet_pton(AF_INET6, buffer, out.data()) == 1;
}

std::string format_ip(std::string_view bytes) {
  char buffer[INET6_ADDRSTRLEN] = {};
  static constexpr char kMapped[12] = {
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, static_cast<char>(0xff), static_cast<char>(0xff)};
  if (bytes.size() != 16) return {};
  if (std::memcmp(bytes.data(), kMapped, 12) == 0)
    inet_ntop(AF_INET, bytes.data() + 12, buffer, sizeof buffer);
  else
    inet_ntop(AF_INET6, bytes.data(), buffer, sizeof buffer);
  return buffer;
}

bool convert(const Field& field, simdjson::dom::element value, Scratch& scratch, Scalar& out) {
  switch (field.type) {
    case Type::text:
      out.kind = Scalar::Kind::text;
      out.text = as_text(value, scratch.text);
      return true;
    case Type::keyword:
      out.kind = Scalar::Kind::text;
      out.text = as_text(value, scratch.text);
      return out.text.size() <= field.ignore_above || utf8_length(out.text) <= field.ignore_above;
    case Type::integer:
      return convert_integer(field, value, out);
    case Type::real:
      return convert_real(field, value, out);
    case Type::boolean: {
      out.kind = Scalar::Kind::integer;
      if (value.type() == element_type::BOOL) {
        out.integer = value.get_bool().value_unsafe() ? 1 : 0;
        return true;
      }
      if (value.type() != element_type::STRING) return false;
      const std::string_view text = value.get_string().value_unsafe();
      out.integer = text == "true" ? 1 : 0;
      return text == "true" || text == "false" || text.empty();
    }
    case Type::date:
      return convert_date(field, value, out);
    case Type::ip: {
      if (value.type() != element_type::STRING) return false;
      if (!parse_ip(value.get_string().value_unsafe(), scratch.address)) return false;
      out.kind = Scalar::Kind::text;
      out.text = {scratch.address.data(), scratch.address.size()};
      return true;
    }
    default:
      return false;
  }
}

Error Analyser::analyse(Element root, std::string_view id, Analysed& out) {
  id_ = id;
  out_ = &out;
  out.words.clear();
  out.lengths.clear();
  out.has_timestamp = out.irregular = false;
  saved_valid_ = false;
  Error error = object(root, mapping_.root(), mapping_.root().dynamic);
  if (saved_valid_) {
    if (error)
      mapping_ = std::move(saved_);
    else
      changed_ = true;
  }
  return error;
}

void Analyser::before_change() {
  if (saved_valid_) return;
  saved_ = mapping_;
  saved_valid_ = true;
}

Error Analyser::object(Element element, Field& at, Field::Dynamic dynamic) {
  dynamic = Mapping::effective(at, dynamic);
  const uint64_t instance = ++instances_;
  for (auto [key, child] : simdjson::dom::object(element.get_object().value_unsafe()))
    if (auto error = member(key, child, at, dynamic, instance)) return error;
  return {};
}

Error Analyser::member(std::string_view key, Element element, Field& at, Field::Dynamic dynamic,
                       uint64_t instance) {
  if (key.empty()) return Error::bad("document_parsing_exception", "field name cannot be an empty string");
  if (const auto dot = key.find('.'); dot != std::string_view::npos) {
    const auto first = key.substr(0, dot), rest = key.substr(dot + 1);
    if (first.empty() || rest.empty() || rest.front() == '.')
      return Error::bad(
          "document_parsing_exception",
          fmt::format("field name starting or ending with a [.] makes object resolution ambiguous: [{}]",
                      key));
    auto it = at.properties.find(first);
    Field* child = it == at.properties.end() ? nullptr : &it->second;
    if (child == nullptr) {
      if (dynamic == Field::Dynamic::no) return {};
      before_change();
      Error error;
      if (dynamic == Field::Dynamic::strict)
        return Error::bad(
            "strict_dynamic_mapping_exception",
            fmt::format("mapping set to strict, dynamic introduction of [{}] within [{}] is not allowed",
                        first, at.name.empty() ? "_doc" : at.name));
      child = mapping_.add_dynamic(at, first, "object", error);
      if (child == nullptr) return error;
    }
    if (child->type == Type::opaque) return {};
    if (child->type != Type::object)
      return Error::bad("document_parsing_exception",
                        fmt::format("Could not dynamically add mapping for field [{}]. Existing mapping for "
                                    "[{}] must be of type object "
                                    "but found [{}].",
                                    at.name.empty() ? std::string(key) : at.name + "." + std::string(key),
                                    child->name, child->type_name));
    return member(rest, element, *child, Mapping::effective(*child, dynamic), instance);
  }
  auto it = at.properties.find(key);
  Field* field = it == at.properties.end() ? nullptr : &it->second;
  if (field == nullptr) {
    if (&at == &mapping_.root() && key.front() == '_') {
      static constexpr std::string_view kMeta[] = {"_id",          "_index",     "_source",     "_routing",
                                                   "_field_names", "_ignored",   "_seq_no",     "_version",
                                                   "_tier",        "_doc_count", "_nested_path"};
      for (auto name : kMeta)
        if (name == key)
          return Error::bad(
              "document_parsing_exception",
              fmt::format(
                  "Field [{}] is a metadata field and cannot be added inside a document. Use the index API "
                  "request parameters.",
                  key));
    }
    Error error;
    field = dynamic_child(key, element, at, dynamic, error);
    if (field == nullptr) return error;
  }
  if (field->id >= seen_.size()) seen_.resize(field->id + 16, 0);
  if (seen_[field->id] == instance)
    return Error::bad("document_parsing_exception", fmt::format("Duplicate field '{}'", key));
  seen_[field->id] = instance;
  return value(element, *field, dynamic);
}

Field* Analyser::dynamic_child(std::string_view key, Element element, Field& at, Field::Dynamic dynamic,
                               Error& error) {
  Element sample = element;
  while (sample.type() == element_type::ARRAY) {  // the first value that is not null decides
    bool found = false;
    for (auto item : simdjson::dom::array(sample.get_array().value_unsafe())) {
      if (item.type() == element_type::NULL_VALUE) continue;
      sample = item;
      found = true;
      break;
    }
    if (!found) return nullptr;
  }
  if (sample.type() == element_type::NULL_VALUE || dynamic == Field::Dynamic::no) return nullptr;
  if (dynamic == Field::Dynamic::strict) {
    error = Error::bad(
        "strict_dynamic_mapping_exception",
        fmt::format("mapping set to strict, dynamic introduction of [{}] within [{}] is not allowed", key,
                    at.name.empty() ? "_doc" : at.name));
    return nullptr;
  }
  std::string_view kind = "object";
  switch (sample.type()) {
    case element_type::STRING:
      kind = mapping_.date_detection() && looks_like_date(sample.get_string().value_unsafe()) ? "date"
                                                                                              : "string";
      break;
    case element_type::BOOL:
      kind = "boolean";
      break;
    case element_type::INT64:
      kind = "long";
      break;
    case element_type::UINT64:
      error = Error::bad("document_parsing_exception",
                         fmt::format("failed to parse: Numeric value ({}) out of range of long",
                                     sample.get_uint64().value_unsafe()));
      return nullptr;
    case element_type::DOUBLE:
      kind = "double";
      break;
    default:
      break;
  }
  before_change();
  return mapping_.add_dynamic(at, key, kind, error);
}

Error Analyser::value(Element element, Field& field, Field::Dynamic dynamic) {
  if (field.type == Type::opaque) {
    for (const auto& entry : field.fields) {
      const Field& sub = entry.second;  // no structured binding: clang 14 cannot capture one
      if (sub.type == Type::text || sub.type == Type::keyword) {
        std::string scratch;
        each_element(element, {}, [&](Element one) { text(sub, as_text(one, scratch)); });
        break;
      }
    }
    return {};
  }
  switch (element.type()) {
    case element_type::NULL_VALUE:
      return {};
    case element_type::ARRAY:
      for (auto item : simdjson::dom::array(element.get_array().value_unsafe()))
        if (auto error = value(item, field, dynamic)) return error;
      return {};
    case element_type::OBJECT:
      if (field.type == Type::object) return object(element, field, dynamic);
      if (field.type == Type::alias) break;
      if (field.ignore_malformed && field.type != Type::text && field.type != Type::keyword) return {};
      return bad_value(field, element, "illegal_state_exception",
                       field.type == Type::text || field.type == Type::keyword || field.type == Type::date
                           ? "Can't get text on a START_OBJECT"
                           : "Cannot parse object as a value");
    default:
      break;
  }
  if (field.type == Type::object)
    return Error::bad(
        "document_parsing_exception",
        fmt::format("object mapping for [{}] tried to parse field [{}] as object, but found a concrete value",
                    field.name, field.name.substr(field.name.rfind('.') + 1)));
  if (field.type == Type::alias)
    return Error::bad("document_parsing_exception",
                      fmt::format("Cannot write to a field alias [{}].", field.name));
  return scalar(element, field);
}

Error Analyser::bad_value(const Field& field, Element element, std::string type, std::string reason) const {
  std::string preview;
  if (element.type() == element_type::STRING)
    preview = std::string(std::string_view(element.get_string().value_unsafe()));
  else
    append_element(preview, element);
  if (preview.size() > 100) preview = preview.substr(0, utf8_valid_prefix(preview.substr(0, 100))) + "...";
  Error error = Error::bad(
      "document_parsing_exception",
      fmt::format(
          "failed to parse field [{}] of type [{}] in document with id '{}'. Preview of field's value: '{}'",
          field.name, field.type_name, id_, preview));
  error.cause_type = std::move(type);
  error.cause_reason = std::move(reason);
  return error;
}

void Analyser::text(const Field& field, std::string_view text) {
  const size_t words = append_words(out_->words, text);
  if (field.type != Type::text) return;
  for (auto& length : out_->lengths)
    if (length.field == field.id) {
      length.words += static_cast<uint32_t>(words);
      return;
    }
  out_->lengths.push_back({field.id, static_cast<uint32_t>(words)});
}

Error Analyser::scalar(Element element, Field& field) {
  Scratch scratch;
  Scalar value;
  if (field.type == Type::text || field.type == Type::keyword) {
    const auto whole = as_text(element, scratch.text);
    if (field.type == Type::keyword && whole.size() > 32766 && field.ignore_above > whole.size())
      return Error::illegal(fmt::format(
          "Document contains at least one immense term in field=\"{}\" (whose UTF8 encoding is longer than "
          "the max length 32766)",
          field.name));
    text(field, whole);
    return {};
  }
  const bool empty_text =
      element.type() == element_type::STRING && element.get_string().value_unsafe().empty();
  if (empty_text && (field.type == Type::integer || field.type == Type::real)) return {};  // coerced to null
  if (!convert(field, element, scratch, value)) {
    if (field.ignore_malformed) return {};
    std::string shown(as_text(element, scratch.text));
    switch (field.type) {
      case Type::date:
        return bad_value(
            field, element, "illegal_argument_exception",
            fmt::format("failed to parse date field [{}] with format [{}]", shown,
                        field.format.empty() ? "strict_date_optional_time||epoch_millis" : field.format));
      case Type::boolean:
        return bad_value(
            field, element, "illegal_argument_exception",
            fmt::format("Failed to parse value [{}] as only [true] or [false] are allowed.", shown));
      case Type::ip:
        return bad_value(field, element, "illegal_argument_exception",
                         fmt::format("'{}' is not an IP string literal.", shown));
      default:
        return bad_value(field, element, "illegal_argument_exception",
                         fmt::format("For input string: \"{}\"", shown));
    }
  }
  if (field.type == Type::integer) {
    fmt::format_to(std::back_inserter(out_->words), "{} ", value.integer);
  } else if (field.type == Type::real) {
    append_double(out_->words, value.real);
    out_->words += ' ';
  } else if (field.type == Type::ip) {
    out_->words += format_ip(value.text);
    out_->words += ' ';
  } else if (field.type == Type::date && field.name == "@timestamp") {
    out_->irregular = out_->irregular || out_->has_timestamp;
    out_->has_timestamp = true;
    out_->timestamp = value.integer;
  }
  // A number, date or address may have a text or keyword sub-field, which is searched by the text as it came.
  for (const auto& [name, sub] : field.fields)
    if (sub.type == Type::text || sub.type == Type::keyword) {
      text(sub, as_text(element, scratch.text));
      break;
    }
  return {};
}

}  // namespace sluice::index
