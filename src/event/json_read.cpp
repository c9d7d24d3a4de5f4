#include "event/json_read.hpp"

#include <simdjson.h>

#include <cstring>
#include <vector>

#include "event/json_scalars.hpp"

namespace sluice {
namespace {

constexpr int kMaxDepth = 500;
// Up to here a key that may be repeated is looked for among those before it; beyond, all are sorted once at
// the end.
constexpr size_t kNarrow = 64;
// A root object becomes an event: room for the fields that inputs and filters add.
constexpr uint32_t kRootRoom = 8;
constexpr size_t kStackKept = 1u << 12;

bool white(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Documents of a stream have their names in the same order: the name that stood at a place the last time is a
// guess that one comparison of bytes confirms, without a hash.
class NameGuesses {
 public:
  /// Places: behind a name, and first in the object that is a name's value (null: the document).
  static uint32_t behind(Key name) { return 2 * name.id() + 2; }
  static uint32_t first_in(Key name) { return name.null() ? 1 : 2 * name.id() + 3; }

  [[nodiscard]] Key at(uint32_t place) const { return place < names_.size() ? names_[place] : Key{}; }
  void learn(uint32_t place, Key name) {
    if (place >= kPlaces || !name.interned() || !name.json_plain()) return;
    if (place >= names_.size()) names_.resize(place + 64);
    names_[place] = name;
  }

 private:
  static constexpr uint32_t kPlaces = 4 * Key::kCap;
  std::vector<Key> names_;
};

// Knows which names an object in progress may have already: the number of the object that met a name last
// stands with the name. Objects are numbered in the order in which they begin.
class NamesMet {
 public:
  [[nodiscard]] uint64_t begin() { return ++objects_; }
  /// False when `name` is new to the object for sure; an object inside of it may have covered its traces.
  bool met(Key name, uint64_t object) {
    if (!name.interned()) return true;
    if (name.id() >= last_.size()) last_.resize(name.id() + 64);
    return std::exchange(last_[name.id()], object) >= object;
  }

 private:
  uint64_t objects_ = 0;
  std::vector<uint64_t> last_;  // by the name's number
};

template <class T>
void cut(std::vector<T>& stack, size_t size) {
  stack.resize(size);
  if (size == 0 && stack.capacity() > kStackKept) std::vector<T>().swap(stack);
}

}  // namespace

// simdjson's first stage finds where tokens start (brackets, colons, commas, and the first bytes of strings
// and scalars outside of strings), and that the text is UTF-8 and its strings end. The rest is one walk over
// these places.
struct JsonReader::Impl {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> index;
  size_t capacity = 0;
  simdjson::error_code error = simdjson::SUCCESS;
  NameGuesses guesses;
  NamesMet names;

  const char* text = nullptr;
  const char* text_end = nullptr;
  const char* slash = nullptr;   // the first backslash at or behind the last string looked at, or the end
  const uint32_t* at = nullptr;  // the next token
  const uint32_t* end = nullptr;
  Arena* arena = nullptr;
  std::vector<Member> members;  // of the objects in progress
  std::vector<Value> items;     // of the lists in progress

  bool fail(simdjson::error_code e) {
    error = e;
    return false;
  }
  [[nodiscard]] char next() const { return text[*at]; }
  [[nodiscard]] std::string_view token() const;
  [[nodiscard]] bool has_escapes(std::string_view body);

  bool find_tokens();
  bool document(Value& out);
  bool value(Key name, int depth, Value& out);
  bool object(Key name, int depth, Value& out);
  bool array(Key name, int depth, Value& out);
  bool string(Value& out);
  bool atom(std::string_view word, Value known, Value& out);
  bool key(uint32_t place, Key& out);
  bool add(size_t first, uint64_t number, Key name, Value value);
  bool closed(int depth);
};

// The text of the scalar at `at`: up to the next token, without the white space before that.
std::string_view JsonReader::Impl::token() const {
  const char* const first = text + at[0];
  const char* last = text + at[1];
  while (white(last[-1])) --last;
  return {first, static_cast<size_t>(last - first)};
}

bool JsonReader::Impl::has_escapes(std::string_view body) {
  if (slash < body.data()) {
    slash =
        static_cast<const char*>(std::memchr(body.data(), '\\', static_cast<size_t>(text_end - body.data())));
    if (!slash) slash = text_end;
  }
  return slash < body.data() + body.size();
}

bool JsonReader::Impl::find_tokens() {
  const auto size = static_cast<size_t>(text_end - text);
  if (size > UINT32_MAX) return fail(simdjson::CAPACITY);
  if (!index || size > capacity) {
    capacity = std::max<size_t>(size, size_t{4} << 10);
    if (const auto e =
            simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, 1, index))
      return fail(e);
  }
  if (const auto e =
          index->stage1(reinterpret_cast<const uint8_t*>(text), size, simdjson::stage1_mode::regular))
    return fail(e);
  at = index->structural_indexes.get();
  end = at + index->n_structural_indexes;
  return true;
}

// A bracket that closes the root is the last token of a document, so the walk cannot leave the tokens as long
// as it looks for the end behind each bracket that closes something else: see closed().
bool JsonReader::Impl::document(Value& out) {
  const char first = next();
  if (first != '{' && first != '[') return fail(simdjson::INCORRECT_TYPE);
  if (text[end[-1]] != (first == '{' ? '}' : ']')) return fail(simdjson::TAPE_ERROR);
  if (!value(Key{}, 0, out)) return false;
  return at == end || fail(simdjson::TRAILING_CONTENT);
}

bool JsonReader::Impl::value(Key name, int depth, Value& out) {
  switch (next()) {
    case '{':
      ++at;
      return object(name, depth, out);
    case '[':
      ++at;
      return array(name, depth, out);
    case '"':
      return string(out);
    case 't':
      return atom("true", Value::boolean(true), out);
    case 'f':
      return atom("false", Value::boolean(false), out);
    case 'n':
      return atom("null", Value{}, out);
    default:
      if (!read_json_number(token(), *arena, out)) return fail(simdjson::NUMBER_ERROR);
      ++at;
      return true;
  }
}

bool JsonReader::Impl::atom(std::string_view word, Value known, Value& out) {
  if (token() != word) return fail(simdjson::TAPE_ERROR);
  out = known;
  ++at;
  return true;
}

bool JsonReader::Impl::string(Value& out) {
  const char* const first = text + at[0] + 1;
  const char* last = text + at[1] - 1;
  while (*last != '"') --last;
  ++at;
  const std::string_view body(first, static_cast<size_t>(last - first));
  if (!has_escapes(body)) {
    out = Value::string(body, true);
    return true;
  }
  auto* plain = static_cast<char*>(arena->allocate(body.size(), 1));
  const char* const stop = unescape_json(body, plain);
  if (!stop) return fail(simdjson::STRING_ERROR);
  arena->shrink_last(stop);
  out = Value::string({plain, static_cast<size_t>(stop - plain)});
  return true;
}

// Takes a name and its colon.
bool JsonReader::Impl::key(uint32_t place, Key& out) {
  const char* const first = text + at[0] + 1;
  if (first[-1] != '"' || text[at[1]] != ':') return fail(simdjson::TAPE_ERROR);
  const Key guess = guesses.at(place);
  if (!guess.null()) {
    // Reads at most the padding too far: a name of the table that is longer than that is not guessed.
    const std::string_view known = guess.text();
    if (known.size() < kPadding && std::memcmp(first, known.data(), known.size()) == 0 &&
        first[known.size()] == '"') {
      at += 2;
      out = guess;
      return true;
    }
  }
  Value name;
  if (!string(name)) return false;
  ++at;
  out = Key::of(name.as_text(), *arena);
  guesses.learn(place, out);
  return true;
}

// False: the member's name may repeat an earlier one, which only merge_duplicates() finds out.
bool JsonReader::Impl::add(size_t first, uint64_t number, Key name, Value value) {
  bool sure = true;
  if (names.met(name, number)) {
    sure = members.size() - first < kNarrow;
    for (size_t i = first; sure && i < members.size(); ++i) {
      if (!(members[i].key == name)) continue;
      members[i].value = value;
      return true;
    }
  }
  auto& member = members.emplace_back();  // written in place: a copy would wait for its pieces
  member.key = name;
  member.value = value;
  return sure;
}

bool JsonReader::Impl::object(Key name, int depth, Value& out) {
  const size_t first = members.size();
  const uint64_t number = names.begin();
  bool unique = true;
  uint32_t place = NameGuesses::first_in(name);
  if (next() == '}') {
    ++at;
  } else {
    if (depth >= kMaxDepth) return fail(simdjson::DEPTH_ERROR);
    for (char separator = ','; separator == ',';) {
      if (!key(place, name)) return false;
      place = NameGuesses::behind(name);
      Value v;
      if (!value(name, depth + 1, v)) return false;
      unique &= add(first, number, name, v);
      separator = text[*at++];
      if (separator != ',' && separator != '}') return fail(simdjson::TAPE_ERROR);
    }
  }
  const auto size = static_cast<uint32_t>(members.size() - first);
  auto* object = Object::make(*arena, size + (depth == 0 ? kRootRoom : 0));
  if (size) std::memcpy(static_cast<void*>(object->members), &members[first], size * sizeof(Member));
  object->size = size;
  cut(members, first);
  if (!unique) object->merge_duplicates();
  out = Value::object(object);
  return closed(depth);
}

bool JsonReader::Impl::array(Key name, int depth, Value& out) {
  const size_t first = items.size();
  if (next() == ']') {
    ++at;
  } else {
    if (depth >= kMaxDepth) return fail(simdjson::DEPTH_ERROR);
    for (char separator = ','; separator == ',';) {
      Value v;
      if (!value(name, depth + 1, v)) return false;
      items.push_back(v);
      separator = text[*at++];
      if (separator != ',' && separator != ']') return fail(simdjson::TAPE_ERROR);
    }
  }
  const auto size = static_cast<uint32_t>(items.size() - first);
  auto* list = Array::make(*arena, size);
  if (size) std::memcpy(list->items, &items[first], size * sizeof(Value));
  list->size = size;
  cut(items, first);
  out = Value::array(list);
  return closed(depth);
}

// Behind the bracket of anything but the root there is another token.
bool JsonReader::Impl::closed(int depth) { return depth == 0 || at < end || fail(simdjson::TAPE_ERROR); }

JsonReader::JsonReader() : impl_(std::make_unique<Impl>()) {}
JsonReader::~JsonReader() = default;

bool JsonReader::read(std::string_view text, Arena& arena, Value& out) {
  auto* copy = static_cast<char*>(arena.allocate(text.size() + kPadding, 1));
  if (!text.empty()) std::memcpy(copy, text.data(), text.size());
  std::memset(copy + text.size(), 0, kPadding);
  return read_padded({copy, text.size()}, arena, out);
}

bool JsonReader::read_padded(std::string_view text, Arena& arena, Value& out) {
  auto& impl = *impl_;
  impl.error = simdjson::SUCCESS;
  impl.text = impl.slash = text.data();
  impl.text_end = text.data() + text.size();
  impl.arena = &arena;
  const bool good = impl.find_tokens() && impl.document(out);
  cut(impl.members, 0);
  cut(impl.items, 0);
  return good;
}

std::string_view JsonReader::error() const { return simdjson::error_message(impl_->error); }

JsonReader& JsonReader::local() {
  thread_local JsonReader reader;
  return reader;
}

}  // namespace sluice
