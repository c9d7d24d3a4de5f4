#include "plugins/edn/reader.hpp"

#include <algorithm>
#include <array>

#include "base/utf8.hpp"
#include "match/iso8601.hpp"
#include "match/numbers.hpp"

namespace sluice::plugins::edn {
namespace {

constexpr int kMaxDepth = 500;  // as deep as JSON
constexpr uint32_t kWideMap = 16;
constexpr size_t kShown = 20;  // bytes of a text in a message

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool blank(char c) { return c == ' ' || c == ',' || (c >= '\t' && c <= '\r'); }
bool of_symbol(char c) {
  return letter(c) || digit(c) || std::string_view(".#*!-_+?$%&=<>:/|'").find(c) != std::string_view::npos ||
         static_cast<unsigned char>(c) >= 0x80;
}

class Reader {
 public:
  Reader(std::string_view text, Arena& arena, std::string& error)
      : text_(text), arena_(arena), error_(error) {}

  // What was found where an element may stand.
  enum class Found : uint8_t { element, closing, failed };

  /// The next element; `closing` leaves a closing bracket or the end of the text where it is.
  Found next(int depth, Value& out) {
    if (depth > kMaxDepth) {
      fail("it is nested too deeply");
      return Found::failed;
    }
    for (;;) {
      skip_blanks();
      if (at_ == text_.size() || is_closing(text_[at_])) return Found::closing;
      if (text_[at_] == '^' || text_.substr(at_, 2) == "#_") {
        at_ += text_[at_] == '^' ? 1 : 2;
        Value ignored;
        if (!element(depth + 1, ignored)) return Found::failed;
        continue;
      }
      return read(depth, out) ? Found::element : Found::failed;
    }
  }

  bool element(int depth, Value& out) {
    switch (next(depth, out)) {
      case Found::element:
        return true;
      case Found::closing:
        return fail(at_ == text_.size() ? "the text ends too early" : "a bracket closes nothing");
      case Found::failed:
        break;
    }
    return false;
  }

 private:
  static bool is_closing(char c) { return c == ')' || c == ']' || c == '}'; }

  void skip_blanks() {
    while (at_ < text_.size()) {
      if (text_[at_] == ';')
        at_ = std::min(text_.find('\n', at_), text_.size());
      else if (blank(text_[at_]))
        ++at_;
      else
        return;
    }
  }

  bool read(int depth, Value& out) {
    const char c = text_[at_];
    const char after = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    switch (c) {
      case '{':
        return read_map(depth, out);
      case '[':
        return read_list(1, ']', depth, out);
      case '(':
        return read_list(1, ')', depth, out);
      case '"':
        return read_string(out);
      case '\\':
        return read_character(out);
      case '#':
        return after == '{' ? read_list(2, '}', depth, out) : read_tagged(depth, out);
      case ':':
        ++at_;
        out = Value::string(symbol());
        return true;
      default:
        break;
    }
    if (digit(c) || ((c == '-' || c == '+') && digit(after))) return read_number(out);
    const auto word = symbol();
    if (word.empty()) return fail("there is no such element: " + std::string(text_.substr(at_, kShown)));
    if (word == "true" || word == "false")
      out = Value::boolean(word == "true");
    else
      out = word == "nil" ? Value{} : Value::string(word);
    return true;
  }

  std::string_view symbol() {
    const size_t from = at_;
    while (at_ < text_.size() && of_symbol(text_[at_])) ++at_;
    return text_.substr(from, at_ - from);
  }

  bool closes(char closing) {
    if (at_ < text_.size() && text_[at_] == closing) {
      ++at_;
      return true;
    }
    return fail(at_ == text_.size() ? "the text ends too early" : "a bracket closes another one");
  }

  bool read_list(size_t opening, char closing, int depth, Value& out) {
    at_ += opening;
    auto* list = Array::make(arena_);
    Value item;
    Found found;
    while ((found = next(depth + 1, item)) == Found::element) list->push(arena_, item);
    out = Value::array(list);
    return found == Found::closing && closes(closing);
  }

  bool read_map(int depth, Value& out) {
    ++at_;
    auto* object = Object::make(arena_);
    bool wide = false;
    Value key;
    Value value;
    Found found;
    while ((found = next(depth + 1, key)) == Found::element) {
      if (!element(depth + 1, value)) return false;
      std::string scratch;
      const Key name = Key::of(key_text(key, scratch), arena_);
      wide = wide || object->size >= kWideMap;
      if (wide)
        object->append(arena_, name, value);
      else
        object->set(arena_, name, value);
    }
    if (wide) object->merge_duplicates();
    out = Value::object(object);
    return found == Found::closing && closes('}');
  }

  static std::string_view key_text(const Value& key, std::string& scratch) {
    if (key.is_string() || key.kind() == Value::Kind::decimal) return key.as_text();
    switch (key.kind()) {
      case Value::Kind::boolean:
        return key.as_bool() ? "true" : "false";
      case Value::Kind::integer:
        return scratch = std::to_string(key.as_integer());
      case Value::Kind::real:
        return scratch = match::ruby_double_text(key.as_real());
      default:
        return {};
    }
  }

  bool read_string(Value& out) {
    const size_t from = ++at_;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\') ++at_;
    if (at_ < text_.size() && text_[at_] == '"') {
      out = Value::string(text_.substr(from, at_ - from));
      ++at_;
      return true;
    }
    std::string text(text_.substr(from, at_ - from));
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] != '\\')
        text += text_[at_];
      else if (++at_ < text_.size())
        append_escape(text);
    }
    if (at_ >= text_.size()) return fail("a string has no end");
    ++at_;
    out = Value::string(arena_.copy(text));
    return true;
  }

  // The character behind a backslash, at at_; of `uHHHH` the last digit is left for the caller to pass.
  void append_escape(std::string& text) {
    constexpr std::string_view kLetters = "ntrbf";
    constexpr std::string_view kMeanings = "\n\t\r\b\f";
    const char c = text_[at_];
    int code = 0;
    if (const size_t i = kLetters.find(c); i != std::string_view::npos) {
      text += kMeanings[i];
    } else if (c == 'u' && hexadecimal(text_.substr(at_ + 1, 4), code)) {
      utf8_append(text, static_cast<char32_t>(code));
      at_ += 4;
    } else {
      text += c;
    }
  }

  static bool hexadecimal(std::string_view text, int& code) {
    if (text.size() != 4) return false;
    code = 0;
    for (const char c : text) {
      const int value = digit(c) ? c - '0' : letter(c) ? (c | 0x20) - 'a' + 10 : 16;
      if (value > 15) return false;
      code = code * 16 + value;
    }
    return true;
  }

  bool read_character(Value& out) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kNames{
        {{"newline", "\n"}, {"return", "\r"}, {"tab", "\t"}, {"space", " "}}};
    const size_t from = ++at_;
    if (from == text_.size()) return fail("the text ends behind a backslash");
    (void)utf8_next(text_, at_);
    while (at_ < text_.size() && (letter(text_[at_]) || digit(text_[at_]))) ++at_;
    const auto name = text_.substr(from, at_ - from);
    int code = 0;
    for (const auto& [known, meaning] : kNames)
      if (name == known) {
        out = Value::string(meaning);
        return true;
      }
    if (name[0] == 'u' && hexadecimal(name.substr(1), code)) {
      std::string text;
      utf8_append(text, static_cast<char32_t>(code));
      out = Value::string(arena_.copy(text));
      return true;
    }
    out = Value::string(name);
    return utf8_length(name) == 1 ||
           fail("there is no such character: " + std::string(name.substr(0, kShown)));
  }

  bool read_tagged(int depth, Value& out) {
    ++at_;
    const auto tag = symbol();
    if (tag.empty()) return fail("a # stands alone");
    if (!element(depth + 1, out)) return false;
    if (tag != "inst" || !out.is_string()) return true;
    const auto nanos = match::parse_event_timestamp(out.as_text(), match::utc_zone());
    if (!nanos) return fail("an #inst is no time");
    out = Value::timestamp(*nanos);
    return true;
  }

  bool read_number(Value& out) {
    const size_t from = at_++;
    const auto digits = [&] {
      while (at_ < text_.size() && digit(text_[at_])) ++at_;
    };
    digits();
    bool whole = true;
    if (at_ < text_.size() && text_[at_] == '.') {
      whole = false;
      ++at_;
      digits();
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      whole = false;
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) ++at_;
      digits();
    }
    const auto text = text_.substr(from, at_ - from);
    if (at_ < text_.size() && (text_[at_] == 'M' || text_[at_] == 'N')) ++at_;
    if (whole) {
      const auto number = match::ruby_to_i(text);
      out = number.fits() ? Value::integer(number.value) : Value::decimal(arena_.copy(number.big));
    } else {
      out = Value::real(match::ruby_to_f(text));
    }
    return true;
  }

  bool fail(std::string why) {
    error_ = std::move(why);
    return false;
  }

  std::string_view text_;
  Arena& arena_;
  std::string& error_;
  size_t at_ = 0;
};

}  // namespace

bool read(std::string_view text, Arena& arena, Value& out, std::string& error) {
  return Reader(text, arena, error).element(0, out);
}

}  // namespace sluice::plugins::edn
