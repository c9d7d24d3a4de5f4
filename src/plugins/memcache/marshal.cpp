#include "plugins/memcache/marshal.hpp"

#include <charconv>
#include <cmath>
#include <vector>

namespace sluice::memcache {
namespace {

constexpr std::string_view kVersion("\x04\x08", 2);
constexpr int kDeepest = 100;
constexpr size_t kMostValues = 1 << 20;
constexpr int64_t kSmall = int64_t{1} << 30;  // integers from here on are bignums

void put_number(int64_t n, std::string& out) {
  if (n == 0) {
    out += '\0';
  } else if (n > 0 && n < 123) {
    out += static_cast<char>(n + 5);
  } else if (n < 0 && n > -124) {
    out += static_cast<char>(n - 5);
  } else {
    std::string bytes;
    for (int64_t rest = n; bytes.size() < 4 && rest != 0 && rest != -1; rest >>= 8)
      bytes += static_cast<char>(rest & 255);
    out += static_cast<char>(n < 0 ? -static_cast<int>(bytes.size()) : static_cast<int>(bytes.size()));
    out += bytes;
  }
}

void put_bytes(std::string_view bytes, std::string& out) {
  put_number(static_cast<int64_t>(bytes.size()), out);
  out += bytes;
}

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  Status write(const Value& value, int depth) {
    if (depth > kDeepest) return Status::error(Fault::filter, "the value is nested too deeply");
    switch (value.kind()) {
      case Value::Kind::null:
        out_ += '0';
        return {};
      case Value::Kind::boolean:
        out_ += value.as_bool() ? 'T' : 'F';
        return {};
      case Value::Kind::integer:
        integer(value.as_integer());
        return {};
      case Value::Kind::real:
        real(value.as_real());
        return {};
      case Value::Kind::string:
        text(value.as_text());
        return {};
      case Value::Kind::array:
        out_ += '[';
        put_number(value.as_array()->size, out_);
        for (const auto& item : value.as_array()->all())
          if (auto status = write(item, depth + 1); !status.ok()) return status;
        return {};
      case Value::Kind::object:
        out_ += '{';
        put_number(value.as_object()->size, out_);
        for (const auto& member : value.as_object()->all()) {
          text(member.key.text());
          if (auto status = write(member.value, depth + 1); !status.ok()) return status;
        }
        return {};
      default:
        return Status::error(Fault::filter, "a time or a number of this size cannot be stored");
    }
  }

 private:
  // UTF-8 is an instance variable E => true; the symbol E is written out once.
  void text(std::string_view bytes) {
    out_ += "I\"";
    put_bytes(bytes, out_);
    out_ += '\x06';
    out_ += symbol_written_ ? std::string_view(";\0", 2)
                            : std::string_view(
                                  ":\x06"
                                  "E");
    out_ += 'T';
    symbol_written_ = true;
  }

  void integer(int64_t n) {
    if (n >= -kSmall && n < kSmall) {
      out_ += 'i';
      return put_number(n, out_);
    }
    out_ += 'l';
    out_ += n < 0 ? '-' : '+';
    uint64_t rest = n < 0 ? 0 - static_cast<uint64_t>(n) : static_cast<uint64_t>(n);
    std::string bytes;
    for (; rest != 0; rest >>= 8) bytes += static_cast<char>(rest & 255);
    if (bytes.size() % 2) bytes += '\0';
    put_number(static_cast<int64_t>(bytes.size() / 2), out_);
    out_ += bytes;
  }

  void real(double d) {
    out_ += 'f';
    if (std::isnan(d)) return put_bytes("nan", out_);
    if (std::isinf(d)) return put_bytes(d < 0 ? "-inf" : "inf", out_);
    char digits[40];
    const auto end = std::to_chars(digits, digits + sizeof digits, d).ptr;
    put_bytes({digits, static_cast<size_t>(end - digits)}, out_);
  }

  std::string& out_;
  bool symbol_written_ = false;
};

class Reader {
 public:
  Reader(std::string_view bytes, Arena& arena) : rest_(bytes), arena_(arena) {}

  bool read(Value& out, int depth) {
    char type = 0;
    if (depth > kDeepest || objects_.size() > kMostValues || !take(type)) return false;
    switch (type) {
      case '0':
        out = {};
        return true;
      case 'T':
      case 'F':
        out = Value::boolean(type == 'T');
        return true;
      case 'i':
        return integer(out);
      case 'l':
        return remember(out, bignum(out));
      case 'f':
        return remember(out, real(out));
      case '"':
        return remember(out, text(out));
      case 'I':
        return read(out, depth + 1) && skip_variables(depth);
      case ':':
      case ';':
        return symbol(type, out);
      case '@':
        return linked(out);
      case '[':
        return list(out, depth);
      case '{':
        return hash(out, depth);
      default:
        return false;
    }
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  bool take(char& c) {
    if (rest_.empty()) return false;
    c = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }

  bool number(int64_t& n) {
    char first = 0;
    if (!take(first)) return false;
    const auto c = static_cast<signed char>(first);
    n = c > 4 ? c - 5 : c < -4 ? c + 5 : 0;
    if (c == 0 || c > 4 || c < -4) return true;
    const size_t size = static_cast<size_t>(c < 0 ? -c : c);
    if (rest_.size() < size) return false;
    n = c < 0 ? -1 : 0;
    for (size_t i = 0; i < size; ++i) {
      n &= ~(int64_t{255} << (8 * i));
      n |= static_cast<int64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
    }
    rest_.remove_prefix(size);
    return true;
  }

  bool bytes(std::string_view& out) {
    int64_t size = 0;
    if (!number(size) || size < 0 || static_cast<size_t>(size) > rest_.size()) return false;
    out = rest_.substr(0, static_cast<size_t>(size));
    rest_.remove_prefix(out.size());
    return true;
  }

  // Every value of some size has a number, by which a later one can refer to it.
  bool remember(const Value& value, bool good) {
    objects_.push_back(value);
    return good;
  }

  bool integer(Value& out) {
    int64_t n = 0;
    if (!number(n)) return false;
    out = Value::integer(n);
    return true;
  }

  bool bignum(Value& out) {
    char sign = 0;
    int64_t shorts = 0;
    if (!take(sign) || !number(shorts) || shorts < 0 || shorts > 4 ||
        static_cast<size_t>(shorts) * 2 > rest_.size())
      return false;
    uint64_t n = 0;
    for (size_t i = 0; i < static_cast<size_t>(shorts) * 2; ++i)
      n |= static_cast<uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
    rest_.remove_prefix(static_cast<size_t>(shorts) * 2);
    if (n > static_cast<uint64_t>(INT64_MAX)) return false;
    out = Value::integer(sign == '-' ? -static_cast<int64_t>(n) : static_cast<int64_t>(n));
    return true;
  }

  bool real(Value& out) {
    std::string_view digits;
    if (!bytes(digits)) return false;
    double d = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), d);
    if (error != std::errc() || end == digits.data()) return false;
    out = Value::real(d);
    return true;
  }

  bool text(Value& out) {
    std::string_view content;
    if (!bytes(content)) return false;
    out = Value::string(arena_.copy(content));
    return true;
  }

  bool skip_variables(int depth) {
    int64_t count = 0;
    if (!number(count) || count < 0) return false;
    for (Value ignored; count > 0; --count)
      if (!read(ignored, depth + 1) || !read(ignored, depth + 1)) return false;
    return true;
  }

  bool symbol(char type, Value& out) {
    if (type == ':') {
      if (!text(out) || symbols_.size() > kMostValues) return false;
      symbols_.push_back(out);
      return true;
    }
    int64_t index = 0;
    if (!number(index) || index < 0 || static_cast<size_t>(index) >= symbols_.size()) return false;
    out = symbols_[static_cast<size_t>(index)];
    return true;
  }

  // Only to what is complete: nothing may hold itself.
  bool linked(Value& out) {
    int64_t index = 0;
    if (!number(index) || index < 0 || static_cast<size_t>(index) >= objects_.size()) return false;
    out = objects_[static_cast<size_t>(index)];
    return !out.is_array() && !out.is_object();
  }

  bool list(Value& out, int depth) {
    int64_t size = 0;
    if (!number(size) || size < 0 || static_cast<size_t>(size) > rest_.size()) return false;
    auto* made = Array::make(arena_, static_cast<uint32_t>(size));
    out = Value::array(made);
    objects_.push_back(out);
    for (Value item; size > 0; --size) {
      if (!read(item, depth + 1)) return false;
      made->push(arena_, item);
    }
    return true;
  }

  bool hash(Value& out, int depth) {
    int64_t size = 0;
    if (!number(size) || size < 0 || static_cast<size_t>(size) > rest_.size()) return false;
    auto* made = Object::make(arena_, static_cast<uint32_t>(size));
    out = Value::object(made);
    objects_.push_back(out);
    for (Value key, value; size > 0; --size) {
      if (!read(key, depth + 1) || !key.is_string() || !read(value, depth + 1)) return false;
      made->append(arena_, Key::of(key.as_text(), arena_), value);
    }
    made->merge_duplicates();
    return true;
  }

  std::string_view rest_;
  Arena& arena_;
  std::vector<Value> objects_;
  std::vector<Value> symbols_;
};

}  // namespace

Status dump(const Value& value, std::string& out) {
  out += kVersion;
  return Writer(out).write(value, 0);
}

Status load(std::string_view bytes, Arena& arena, Value& out) {
  if (bytes.starts_with(kVersion)) {
    Reader reader(bytes.substr(kVersion.size()), arena);
    if (reader.read(out, 0) && reader.at_end()) return {};
  }
  return Status::error(Fault::filter, "the value is no dump that can be read");
}

}  // namespace sluice::memcache
