// codec rubydebug: events as Ruby's amazing_print shows a hash, for people to read.
#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"
#include "match/iso8601.hpp"
#include "match/numbers.hpp"
#include "plugin/spec.hpp"
#include "plugins/codecs/ruby_text.hpp"

namespace sluice::plugins {
namespace {

constexpr size_t kIndent = 4;

constexpr plugin::Option kOptions[] = {
    {"metadata", plugin::Type::boolean, "false", "Whether [@metadata] is shown as well."},
};

constexpr int64_t kMaxExpanded = 1000;  // zeros that a number is written with at most

// A number beyond 64 bits as Ruby shows it: whole ones as they are, others as BigDecimal#to_s("F") does,
// without an exponent.
void write_decimal(std::string_view text, Buffer& out) {
  const size_t e = text.find_first_of("eE");
  const auto exponent = e == std::string_view::npos ? match::Integer{} : match::ruby_to_i(text.substr(e + 1));
  const bool huge = !exponent.fits() || exponent.value > kMaxExpanded || exponent.value < -kMaxExpanded;
  if (huge || text.find_first_of(".eE") == std::string_view::npos) {
    out.append(text);
    return;
  }
  std::string_view mantissa = text.substr(0, e);
  if (mantissa.starts_with('-')) {
    out.append('-');
    mantissa.remove_prefix(1);
  }
  const size_t point = std::min(mantissa.find('.'), mantissa.size());
  std::string digits(mantissa.substr(0, point));
  digits += mantissa.substr(std::min(point + 1, mantissa.size()));
  int64_t whole =
      static_cast<int64_t>(point) + exponent.value;  // how many of the digits stand before the point
  if (whole <= 0) digits.insert(0, static_cast<size_t>(1 - whole), '0');
  whole = std::max<int64_t>(whole, 1);
  if (digits.size() < static_cast<size_t>(whole))
    digits.append(static_cast<size_t>(whole) - digits.size(), '0');
  const size_t lead = std::min(digits.find_first_not_of('0'), static_cast<size_t>(whole) - 1);
  const size_t last = digits.find_last_not_of('0') + 1;  // 0 when there is none
  out.append(std::string_view(digits).substr(lead, static_cast<size_t>(whole) - lead));
  out.append('.');
  out.append(
      last > static_cast<size_t>(whole)
          ? std::string_view(digits).substr(static_cast<size_t>(whole), last - static_cast<size_t>(whole))
          : "0");
}

class RubydebugEncoder : public plugin::Encoder {
 public:
  explicit RubydebugEncoder(bool metadata) : metadata_(metadata) {}

  void encode(const Event& event, Buffer& out) override {
    const Value* metadata = metadata_ && event.metadata().size ? &event.metadata_value() : nullptr;
    write_object(event.fields(), metadata, kIndent, out);
    out.append('\n');
  }

 private:
  static void spaces(size_t n, Buffer& out) {
    std::fill_n(out.reserve(n), n, ' ');
    out.grow(n);
  }

  // A key right-aligned so that the arrows of one hash stand below each other.
  void write_member(std::string_view key, const Value& value, size_t width, size_t indent, bool last,
                    Buffer& out) {
    key_.clear();
    write_ruby_string(key, key_);
    const size_t length = utf8_length(key_.view());
    spaces(width > length ? width - length : 0, out);
    out.append(key_.view());
    out.append(" => ");
    write(value, indent + kIndent, out);
    out.append(last ? "\n" : ",\n");
  }

  // `indent` is where the members stand; the closing brace stands one step to the left.
  void write_object(const Object& object, const Value* metadata, size_t indent, Buffer& out) {
    if (object.size == 0 && !metadata) {
      out.append("{}");
      return;
    }
    size_t width = metadata ? std::string_view("\"@metadata\"").size() : 0;
    for (const auto& member : object.all()) {
      key_.clear();
      write_ruby_string(member.key.text(), key_);
      width = std::max(width, utf8_length(key_.view()));
    }
    width += indent;
    out.append("{\n");
    for (uint32_t i = 0; i < object.size; ++i) {
      const auto& member = object.members[i];
      write_member(member.key.text(), member.value, width, indent, i + 1 == object.size && !metadata, out);
    }
    if (metadata) write_member("@metadata", *metadata, width, indent, true, out);
    spaces(indent - kIndent, out);
    out.append('}');
  }

  void write_array(const Array& list, size_t indent, Buffer& out) {
    if (list.size == 0) {
      out.append("[]");
      return;
    }
    const size_t digits = fmt::formatted_size("{}", list.size - 1);
    out.append("[\n");
    for (uint32_t i = 0; i < list.size; ++i) {
      spaces(indent, out);
      out.append(fmt::format("[{:>{}}] ", i, digits));
      write(list.items[i], indent + kIndent, out);
      out.append(i + 1 == list.size ? "\n" : ",\n");
    }
    spaces(indent - kIndent, out);
    out.append(']');
  }

  void write(const Value& value, size_t indent, Buffer& out) {
    switch (value.kind()) {
      case Value::Kind::null:
        out.append("nil");
        break;
      case Value::Kind::boolean:
        out.append(value.as_bool() ? "true" : "false");
        break;
      case Value::Kind::integer:
        out.append(std::to_string(value.as_integer()));
        break;
      case Value::Kind::real:
        out.append(match::ruby_double_text(value.as_real()));
        break;
      case Value::Kind::decimal:
        write_decimal(value.as_text(), out);
        break;
      case Value::Kind::timestamp: {
        char* at = out.reserve(match::kIso8601Size);
        out.grow(match::format_iso8601(value.as_nanos(), at));
        break;
      }
      case Value::Kind::string:
        write_ruby_string(value.as_text(), out);
        break;
      case Value::Kind::array:
        write_array(*value.as_array(), indent, out);
        break;
      case Value::Kind::object:
        write_object(*value.as_object(), nullptr, indent, out);
        break;
    }
  }

  bool metadata_;
  Buffer key_;
};

class Rubydebug : public plugin::Codec {
 public:
  explicit Rubydebug(bool metadata) : metadata_(metadata) {}
  std::string_view name() const override { return "rubydebug"; }
  std::unique_ptr<plugin::Decoder> decoder() const override { return nullptr; }
  std::unique_ptr<plugin::Encoder> encoder() const override {
    return std::make_unique<RubydebugEncoder>(metadata_);
  }

 private:
  bool metadata_;
};

}  // namespace

extern const plugin::Spec codec_rubydebug;
const plugin::Spec codec_rubydebug{.kind = plugin::Kind::codec,
                                   .name = "rubydebug",
                                   .summary = "Writes events as an indented block for people to read.",
                                   .options = kOptions,
                                   .example = "output { stdout { codec => rubydebug { metadata => true } } }",
                                   .codec = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Codec> {
                                     return std::make_unique<Rubydebug>(setup.options.boolean("metadata"));
                                   }};

}  // namespace sluice::plugins
