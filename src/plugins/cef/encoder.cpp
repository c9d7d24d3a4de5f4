#include "plugins/cef/encoder.hpp"

#include <algorithm>
#include <cmath>

#include "event/json_write.hpp"
#include "match/numbers.hpp"
#include "plugins/cef/message.hpp"

namespace sluice::plugins::cef {
namespace {

constexpr std::string_view kHeaderOptions[] = {"vendor", "product", "version", "signature", "name"};

bool digit(char c) { return c >= '0' && c <= '9'; }

// Pipes and backslashes get a backslash, line ends (a CR LF once) become a blank.
void write_header(std::string_view text, Buffer& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (c == '\\' || c == '|') out.append('\\');
    out.append(c == '\n' || c == '\r' ? ' ' : c);
  }
}

// Backslashes and equals signs get a backslash, a line end (a CR LF once) becomes `\n`.
void write_escaped(std::string_view text, Buffer& out) {
  for (;;) {
    const size_t at = std::min(text.find_first_of("\\=\n\r"), text.size());
    out.append(text.substr(0, at));
    if (at == text.size()) return;
    const char c = text[at];
    text.remove_prefix(at + 1);
    if (c == '\r' && text.starts_with('\n')) continue;
    out.append('\\');
    out.append(c == '\n' || c == '\r' ? 'n' : c);
  }
}

// Digits with single underscores between them, as Ruby writes numbers; the length of them.
size_t digits(std::string_view text, std::string& plain) {
  size_t at = 0;
  while (at < text.size() && (digit(text[at]) || (text[at] == '_' && at > 0 && at + 1 < text.size() &&
                                                  digit(text[at - 1]) && digit(text[at + 1])))) {
    if (text[at] != '_') plain += text[at];
    ++at;
  }
  return at;
}

// Ruby's Float(text) of a text without blanks around it, as far as severities go: no hexadecimal digits.
bool whole_severity(std::string_view text) {
  std::string plain;
  if (text.starts_with('-') || text.starts_with('+')) {
    if (text[0] == '-') plain += '-';
    text.remove_prefix(1);
  }
  const size_t whole = digits(text, plain);
  text.remove_prefix(whole);
  if (whole == 0) return false;
  if (text.starts_with('.')) {
    plain += '.';
    text.remove_prefix(1);
    const size_t fraction = digits(text, plain);
    if (fraction == 0) return false;
    text.remove_prefix(fraction);
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    plain += 'e';
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) {
      plain += text[0];
      text.remove_prefix(1);
    }
    const size_t exponent = digits(text, plain);
    if (exponent == 0) return false;
    text.remove_prefix(exponent);
  }
  const double value = match::ruby_to_f(plain);
  return text.empty() && value >= 0 && value <= 10 && std::floor(value) == value;
}

Template filled(plugin::Setup& setup, std::string_view option) {
  Template text(setup.options.string(option));
  if (!text.problem().empty())
    setup.error(option, "E0306", "The text cannot be filled in: " + std::string(text.problem()));
  return text;
}

// Keys are letters and digits only.
std::string legal_key(std::string key) {
  std::erase_if(key, [](char c) { return !digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z'); });
  return key;
}

}  // namespace

EncoderOptions EncoderOptions::from(plugin::Setup& setup, const Mapping& mapping, std::string delimiter) {
  EncoderOptions result;
  for (size_t i = 0; i < result.headers.size(); ++i) {
    const auto& option = *setup.options.entry(kHeaderOptions[i]).option;
    const auto fallback = option.fallback;  // in quotes
    result.headers[i] = {filled(setup, option.name), std::string(fallback.substr(1, fallback.size() - 2))};
  }
  result.severity = filled(setup, "severity");
  result.delimiter = std::move(delimiter);
  for (const auto& name : setup.options.items("fields")) {
    auto field = FieldRef::parse(name.text);
    if (!field.ok()) {
      setup.error("fields", "E0304", field.message(), "Write it as `name` or as [outer][inner].").span =
          name.span;
      continue;
    }
    result.fields.push_back({std::move(field).value(), legal_key(mapping.written_key(name.text))});
  }
  return result;
}

void Encoder::write_severity(const Event& event, Buffer& out) {
  scratch_.clear();
  options_.severity.fill(event, scratch_);
  const auto text = strip(scratch_);
  out.append(whole_severity(text) ? std::to_string(match::ruby_to_i(text).value) : "6");
}

void Encoder::write_value(const Value& value, Buffer& out) {
  if (value.is_string()) {
    write_escaped(value.as_text(), out);
  } else if (value.is_array() || value.is_object()) {
    json_.clear();
    write_json(value, json_);
    write_escaped(json_.view(), out);
  } else if (value.kind() == Value::Kind::real) {
    out.append(match::ruby_double_text(value.as_real()));
  } else {
    scratch_.clear();
    append_text(value, scratch_);
    out.append(scratch_);
  }
}

void Encoder::encode(const Event& event, Buffer& out) {
  out.append("CEF:0|");
  for (const auto& header : options_.headers) {
    scratch_.clear();
    header.text.fill(event, scratch_);
    write_header(scratch_.empty() ? std::string_view(header.fallback) : scratch_, out);
    out.append('|');
  }
  write_severity(event, out);
  out.append('|');
  bool first = true;
  for (const auto& [field, key] : options_.fields) {
    const Value* value = event.get(field);
    if (!value || value->is_null()) continue;
    if (!first) out.append(' ');
    first = false;
    out.append(key);
    out.append('=');
    write_value(*value, out);
  }
  out.append(options_.delimiter);
}

}  // namespace sluice::plugins::cef
