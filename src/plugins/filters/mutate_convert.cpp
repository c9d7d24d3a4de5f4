// mutate: convert, values to other types.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/log.hpp"
#include "base/nearest.hpp"
#include "base/utf8.hpp"
#include "match/iso8601.hpp"
#include "match/numbers.hpp"
#include "plugins/codecs/ruby_text.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/mutate_operation.hpp"

namespace sluice::plugins {
namespace {

enum class Type : uint8_t { integer, real, string, boolean, integer_eu, real_eu };
constexpr std::array<std::string_view, 6> kTypeNames = {"integer", "float",      "string",
                                                        "boolean", "integer_eu", "float_eu"};

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
         });
}

// `D.0` as the regular expression of Logstash has it: any character stands for the point.
bool digit_any_zero(std::string_view line, char digit) {
  return line.size() >= 3 && line.front() == digit && line.back() == '0' && utf8_length(line) == 3;
}

// True when one line of the text is one of the words; Logstash's expressions are anchored to lines.
template <size_t N>
bool any_line_is(std::string_view text, const std::array<std::string_view, N>& words, char digit) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    for (const auto word : words)
      if (equal_ignoring_case(line, word)) return true;
    if (digit_any_zero(line, digit)) return true;
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return false;
}

std::optional<bool> boolean_of(std::string_view text) {
  static constexpr std::array<std::string_view, 5> kTrue = {"true", "t", "yes", "y", "1"};
  static constexpr std::array<std::string_view, 5> kFalse = {"false", "f", "no", "n", "0"};
  if (any_line_is(text, kTrue, '1')) return true;
  if (text.empty() || any_line_is(text, kFalse, '0')) return false;
  return std::nullopt;
}

Value integer_value(const match::Integer& number, Arena& arena) {
  return number.fits() ? Value::integer(number.value) : Value::decimal(arena.copy(number.big));
}

class Convert : public MutateOperation {
 public:
  explicit Convert(plugin::Setup& setup) {
    for (const auto& [name, value] : setup.options.hash("convert")) {
      const auto type = type_of(setup, value);
      entries_.push_back({FieldName::literal(name), type});
      entries_.back().name.check(setup, "convert", value.span);
    }
  }

  Status apply(Event& event, MutateScratch& scratch) const override {
    for (const auto& entry : entries_) {
      FieldRef made;
      const FieldRef* ref = nullptr;
      if (Status status = entry.name.resolve(event, made, ref); !status.ok()) return status;
      const Value* found = event.get(*ref);
      if (!found || found->is_null() || found->is_object()) continue;
      Value result;
      if (found->is_array()) {
        auto* list = Array::make(event.arena(), found->as_array()->size);
        for (const auto& item : found->as_array()->all()) {
          Value converted;
          if (!item.is_null() && !convert(entry.type, item, event, scratch, converted))
            return refused(entry, item);
          list->push(event.arena(), converted);
        }
        result = Value::array(list);
      } else if (!convert(entry.type, *found, event, scratch, result)) {
        return refused(entry, *found);
      }
      if (const SetError error = event.set(*ref, result); error != SetError::none)
        return set_status(error, *ref);
    }
    return {};
  }

  void flow(plugin::Flow& flow) const override {
    for (const auto& entry : entries_) flow.reads(entry.name.text(), "convert");
  }

 private:
  struct Entry {
    FieldName name;
    Type type;
  };

  static Type type_of(plugin::Setup& setup, const lang::Value& value) {
    const std::string name = value.scalar() ? value.text : std::string();
    const auto it = std::find(kTypeNames.begin(), kTypeNames.end(), name);
    if (it != kTypeNames.end()) return static_cast<Type>(it - kTypeNames.begin());
    const auto near = nearest(name, kTypeNames);
    auto& d = setup.error("convert", "E0306",
                          "Invalid conversion type '" + name +
                              "', expected one of 'string,integer,float,boolean,integer_eu,float_eu'",
                          near               ? "Did you mean `" + *near + "`?"
                          : name == "int"    ? "Did you mean `integer`?"
                          : name == "double" ? "Did you mean `float`?"
                          : name == "bool"   ? "Did you mean `boolean`?"
                          : name == "date"   ? "Dates are read by the filter date."
                                             : "");
    d.span = value.span;
    return Type::string;
  }

  static Status refused(const Entry& entry, const Value& value) {
    std::string text =
        "invalid value for " + std::string(kTypeNames[static_cast<size_t>(entry.type)]) + ": \"";
    append_ruby_text(value, text);
    return Status::error(Fault::filter, text + "\" (field " + entry.name.text() + ")");
  }

  static bool convert(Type type, const Value& value, Event& event, MutateScratch& scratch, Value& out) {
    switch (type) {
      case Type::integer:
        return integer(value, value.is_string() ? value.as_text() : std::string_view{}, event, out);
      case Type::real:
        return real(value, value.is_string() ? value.as_text() : std::string_view{}, out);
      case Type::integer_eu:
        if (value.is_string()) scratch.text = match::swap_decimal_marks(value.as_text());
        return integer(value, scratch.text, event, out);
      case Type::real_eu:
        if (value.is_string()) scratch.text = match::swap_decimal_marks(value.as_text());
        return real(value, scratch.text, out);
      case Type::string: {
        out = value;
        if (value.is_string()) return true;
        scratch.text.clear();
        append_ruby_text(value, scratch.text);
        out = event.text(scratch.text);
        return true;
      }
      case Type::boolean: {
        scratch.text.clear();
        if (!value.is_string()) append_ruby_text(value, scratch.text);
        const auto answer = boolean_of(value.is_string() ? value.as_text() : std::string_view(scratch.text));
        out = answer ? Value::boolean(*answer) : value;
        uint64_t suppressed = 0;
        if (!answer && scratch.warnings.allow(suppressed))
          log::warn("logstash.filters.mutate", "Failed to convert a value into boolean; it stays as it is",
                    {{"suppressed", suppressed}});
        return true;
      }
    }
    return false;
  }

  // `text` is that of a string value.
  static bool integer(const Value& value, std::string_view text, Event& event, Value& out) {
    switch (value.kind()) {
      case Value::Kind::integer:
      case Value::Kind::decimal:
        out = value;
        return true;
      case Value::Kind::boolean:
        out = Value::integer(value.as_bool() ? 1 : 0);
        return true;
      case Value::Kind::real: {
        const auto number = match::convert_to_integer(value.as_real());
        if (number) out = integer_value(*number, event.arena());
        return number.has_value();
      }
      case Value::Kind::string: {
        int64_t simple = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), simple);
        if (error == std::errc{} && end == text.data() + text.size()) {
          out = Value::integer(simple);
          return true;
        }
        const auto number = match::convert_to_integer(text);
        if (number) out = integer_value(*number, event.arena());
        return number.has_value();
      }
      default:
        return false;
    }
  }

  static bool real(const Value& value, std::string_view text, Value& out) {
    switch (value.kind()) {
      case Value::Kind::real:
        out = value;
        return true;
      case Value::Kind::integer:
        out = Value::real(static_cast<double>(value.as_integer()));
        return true;
      case Value::Kind::boolean:
        out = Value::real(value.as_bool() ? 1 : 0);
        return true;
      case Value::Kind::decimal:
        text = value.as_text();
        [[fallthrough]];
      case Value::Kind::string: {
        const auto number = match::convert_to_float(text);
        if (number) out = Value::real(*number);
        return number.has_value();
      }
      default:
        return false;
    }
  }

  std::vector<Entry> entries_;
};

void append_nested(const Value& value, std::string& out) {
  if (value.is_null()) {
    out += "nil";
  } else if (value.is_string()) {
    out += '"';
    append_ruby_escaped(value.as_text(), out);
    out += '"';
  } else {
    append_ruby_text(value, out);
  }
}

}  // namespace

void append_ruby_text(const Value& value, std::string& out) {
  switch (value.kind()) {
    case Value::Kind::real: {
      char text[match::kDoubleTextSize];
      out.append(text, match::ruby_double_text(value.as_real(), text));
      break;
    }
    case Value::Kind::array: {
      out += '[';
      bool first = true;
      for (const auto& item : value.as_array()->all()) {
        if (!std::exchange(first, false)) out += ", ";
        append_nested(item, out);
      }
      out += ']';
      break;
    }
    case Value::Kind::object: {
      out += '{';
      bool first = true;
      for (const auto& member : value.as_object()->all()) {
        if (!std::exchange(first, false)) out += ", ";
        out += '"';
        append_ruby_escaped(member.key.text(), out);
        out += "\"=>";
        append_nested(member.value, out);
      }
      out += '}';
      break;
    }
    default:
      append_text(value, out);
  }
}

void add_convert(plugin::Setup& setup, MutateOperations& operations) {
  if (setup.options.given("convert")) operations.push_back(std::make_unique<Convert>(setup));
}

}  // namespace sluice::plugins
