// filter extractnumbers: the numbers among the words of a text, as int1, int2, ... and float1, float2, ...
#include <cmath>
#include <cstdlib>
#include <optional>

#include "match/numbers.hpp"
#include "plugin/spec.hpp"

namespace sluice::plugins {
namespace {

constexpr plugin::Option kOptions[] = {
    {"source", plugin::Type::field_reference, "\"message\"",
     "The field with the text; of a list its first element."},
};

constexpr std::string_view kBlanks = " \t\n\v\f\r";
constexpr size_t kLongestNumber = 4096;  // characters; a longer word is no number

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

/// The digits of `text` in `base` without the underscores, which may stand singly between two digits; false
/// when anything else stands there, or nothing.
bool digits_of(std::string_view text, int base, std::string& digits) {
  bool digit_before = false;
  for (const char c : text) {
    if (c == '_' && digit_before) {
      digit_before = false;
    } else if (digit_of(c) < base) {
      digits += c;
      digit_before = true;
    } else {
      return false;
    }
  }
  return digit_before;
}

/// Takes the base that the begin of a whole number names: 0x, 0b, 0o, 0d, or 0 for octal.
int take_base(std::string_view& text) {
  if (text.size() < 2 || text[0] != '0') return 10;
  const char letter = static_cast<char>(text[1] | 0x20);
  const int base = letter == 'x' ? 16 : letter == 'b' ? 2 : letter == 'o' ? 8 : letter == 'd' ? 10 : 0;
  if (base != 0) {
    text.remove_prefix(2);
    return base;
  }
  return 8;
}

/// A whole number as Ruby's Integer() reads it: signs, bases and underscores, and nothing else.
std::optional<Value> integer_of(std::string_view word, Arena& arena) {
  const bool negative = word.starts_with('-');
  if (negative || word.starts_with('+')) word.remove_prefix(1);
  const int base = take_base(word);
  thread_local std::string digits;
  digits.assign(negative ? "-" : "");
  if (!digits_of(word, base, digits)) return std::nullopt;
  if (base == 10) {
    auto number = match::ruby_to_i(digits);
    return number.fits() ? Value::integer(number.value) : Value::decimal(arena.copy(number.big));
  }
  errno = 0;
  const long long value = std::strtoll(digits.c_str(), nullptr, base);
  if (errno == 0) return Value::integer(value);
  // Beyond 64 bits: decimal digits by repeated multiplication.
  std::string big = "0";
  for (const char c : digits) {
    if (c == '-') continue;
    int carry = digit_of(c);
    for (size_t i = big.size(); i-- > 0;) {
      carry += (big[i] - '0') * base;
      big[i] = static_cast<char>('0' + carry % 10);
      carry /= 10;
    }
    for (; carry; carry /= 10) big.insert(big.begin(), static_cast<char>('0' + carry % 10));
  }
  return Value::decimal(arena.copy((negative ? "-" : "") + big));
}

/// A number as Ruby's Float() reads it; nothing for what is none and for what no float can hold.
std::optional<Value> float_of(std::string_view word) {
  std::string_view body = word;
  if (body.starts_with('-') || body.starts_with('+')) body.remove_prefix(1);
  const bool hex = body.size() > 2 && body[0] == '0' && (body[1] | 0x20) == 'x';
  if (hex) body.remove_prefix(2);
  const size_t exponent = std::min(body.find_first_of(hex ? "pP" : "eE"), body.size());
  std::string_view mantissa = body.substr(0, exponent), fraction;
  std::string unused;
  if (exponent < body.size()) {
    std::string_view power = body.substr(exponent + 1);
    if (power.starts_with('-') || power.starts_with('+')) power.remove_prefix(1);
    if (!digits_of(power, 10, unused)) return std::nullopt;
  }
  const int base = hex ? 16 : 10;
  if (const size_t point = mantissa.find('.'); point != std::string_view::npos) {
    fraction = mantissa.substr(point + 1);
    mantissa = mantissa.substr(0, point);
    if (!digits_of(fraction, base, unused)) return std::nullopt;
    if (hex && mantissa.empty()) return std::nullopt;
  }
  if (!(mantissa.empty() && !fraction.empty()) && !digits_of(mantissa, base, unused)) return std::nullopt;
  thread_local std::string plain;
  plain.assign(word);
  std::erase(plain, '_');
  const double value = std::strtod(plain.c_str(), nullptr);
  return std::isfinite(value) ? std::optional(Value::real(value)) : std::nullopt;
}

/// The field names int1, int2, ... or float1, float2, ...
class NumberedKeys {
 public:
  explicit NumberedKeys(std::string_view name) : name_(name) {
    for (size_t i = 0; i < kReady; ++i) ready_.push_back(Key::intern(text(i + 1)));
  }
  [[nodiscard]] Key key(size_t number, Arena& arena) const {
    return number <= kReady ? ready_[number - 1] : Key::of(text(number), arena);
  }

 private:
  static constexpr size_t kReady = 16;
  [[nodiscard]] std::string text(size_t number) const { return std::string(name_) + std::to_string(number); }
  std::string_view name_;
  std::vector<Key> ready_;
};

class ExtractNumbersWorker : public plugin::FilterWorker {
 public:
  explicit ExtractNumbersWorker(const FieldRef& source) : source_(source) {}

  // Logstash's filter never reports success, so the common options take no effect here either.
  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      const Value* value = event->get(source_);
      if (value && value->is_array())
        value = value->as_array()->size ? &value->as_array()->items[0] : nullptr;
      if (value && value->is_string()) extract(*event, value->as_text());
    }
  }

 private:
  void extract(Event& event, std::string_view text) {
    integers_.clear();
    floats_.clear();
    while (true) {
      const size_t begin = text.find_first_not_of(kBlanks);
      if (begin == std::string_view::npos) break;
      text.remove_prefix(begin);
      const auto word = text.substr(0, text.find_first_of(kBlanks));
      text.remove_prefix(word.size());
      const char first = word[0];
      const bool maybe = (first >= '0' && first <= '9') || first == '-' || first == '+' || first == '.';
      if (!maybe || word.size() > kLongestNumber) continue;
      if (const auto whole = integer_of(word, event.arena()))
        integers_.push_back(*whole);
      else if (const auto real = float_of(word))
        floats_.push_back(*real);
    }
    store(event, integers_, integer_keys_);
    store(event, floats_, float_keys_);
  }

  static void store(Event& event, const std::vector<Value>& numbers, const NumberedKeys& keys) {
    for (size_t i = 0; i < numbers.size(); ++i) event.set(keys.key(i + 1, event.arena()), numbers[i]);
  }

  const FieldRef& source_;
  const NumberedKeys integer_keys_{"int"}, float_keys_{"float"};
  std::vector<Value> integers_, floats_;
};

class ExtractNumbers : public plugin::Filter {
 public:
  explicit ExtractNumbers(plugin::Setup& setup) : source_(setup.field("source")) {
    for (const std::string_view option : {"add_field", "add_tag", "remove_field", "remove_tag"})
      if (setup.options.given(option))
        setup.warning(option, "W0308", std::string(option) + " has no effect on extractnumbers",
                      "The filter reports no success, as Logstash's does not: put a mutate behind it.");
  }
  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<ExtractNumbersWorker>(source_);
  }
  void flow(plugin::Flow& flow) const override {
    flow.reads(source_.text(), "source");
    flow.writes_anything();
  }

 private:
  FieldRef source_;
};

}  // namespace

extern const plugin::Spec filter_extractnumbers;
const plugin::Spec filter_extractnumbers{
    .kind = plugin::Kind::filter,
    .name = "extractnumbers",
    .summary = "Takes the numbers out of a text into the fields int1, int2, ... and float1, float2, ...",
    .options = kOptions,
    .example = "filter { extractnumbers { source => \"message\" } }",
    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
      return std::make_unique<ExtractNumbers>(setup);
    }};

}  // namespace sluice::plugins
