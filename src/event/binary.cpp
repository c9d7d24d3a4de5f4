// The bytes: length of the events (32 bits), the events, the names, the sources. Integers are LEB128, signed
// ones zigzag; text is its length and its bytes; the other numbers are little-endian.
#include "event/binary.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/block.hpp"

namespace sluice {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they are in memory");

enum class Tag : uint8_t {
  null,
  no,
  yes,
  integer,
  real,
  decimal,
  timestamp,
  text,
  plain_text,
  array,
  object
};

constexpr int kDeepest = 1000;          // what JSON and the codecs let in is less deep
constexpr uint32_t kMostReserved = 64;  // items of a list before they have been read
constexpr size_t kRoom =
    64;  // bytes of what is written without a look at the room: two numbers, tags, a block
constexpr size_t kAtLeast = 4096;

uint64_t zigzag(int64_t n) { return (static_cast<uint64_t>(n) << 1) ^ static_cast<uint64_t>(n >> 63); }
int64_t unzigzag(uint64_t n) { return static_cast<int64_t>(n >> 1) ^ -static_cast<int64_t>(n & 1); }

class Reader {
 public:
  explicit Reader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] size_t left() const { return static_cast<size_t>(end_ - at_); }

  uint64_t varint() {
    uint64_t n = 0;
    for (int shift = 0; shift < 64 && at_ < end_; shift += 7) {
      const auto byte = static_cast<unsigned char>(*at_++);
      n |= uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return n;
    }
    ok_ = false;
    return 0;
  }
  /// A number of things that take at least one byte each.
  uint32_t count() {
    const uint64_t n = varint();
    if (n > left()) ok_ = false;
    return ok_ ? static_cast<uint32_t>(n) : 0;
  }
  std::string_view text() {
    const uint32_t size = count();
    const std::string_view text(at_, size);
    at_ += size;
    return text;
  }
  template <class T>
  T raw() {
    T number{};
    if (left() < sizeof number) {
      ok_ = false;
      return number;
    }
    std::memcpy(&number, at_, sizeof number);
    at_ += sizeof number;
    return number;
  }
  std::string_view bytes(size_t size) {
    if (left() < size) {
      ok_ = false;
      return {};
    }
    at_ += size;
    return {at_ - size, size};
  }
  void fail() { ok_ = false; }

 private:
  const char* at_;
  const char* end_;
  bool ok_ = true;
};

// The events of one record.
class EventReader {
 public:
  EventReader(std::string_view events, std::vector<Key> names, std::vector<uint32_t> sources, Batch& batch)
      : in_(events), names_(std::move(names)), sources_(std::move(sources)), batch_(batch) {}

  bool event() {
    const uint64_t source = in_.varint();
    const uint64_t position = in_.varint();
    // Events of filters and tests may have no source.
    if (!in_.ok() || (source >= sources_.size() && source > 0)) return false;
    auto& event = batch_.make(sources_.empty() ? 0 : sources_[source]);
    event.position = position;
    event.digest = in_.raw<uint64_t>();
    object(event.fields(), 0);
    object(event.metadata(), 0);
    if (in_.ok()) batch_.add(event);
    return in_.ok();
  }
  [[nodiscard]] bool at_end() const { return in_.ok() && in_.left() == 0; }

 private:
  void object(Object& object, int depth) {
    const uint32_t size = in_.count();
    for (uint32_t i = 0; i < size && in_.ok(); ++i) {
      const uint64_t name = in_.varint();
      if (name >= names_.size()) return in_.fail();
      const Value member = value(depth + 1);
      object.append(batch_.arena(), names_[name], member);
    }
  }

  Value array(int depth) {
    const uint32_t size = in_.count();
    auto* array = Array::make(batch_.arena(), std::min(size, kMostReserved));
    for (uint32_t i = 0; i < size && in_.ok(); ++i) array->push(batch_.arena(), value(depth + 1));
    return Value::array(array);
  }

  Value value(int depth) {
    if (depth > kDeepest) in_.fail();
    if (!in_.ok()) return {};
    switch (static_cast<Tag>(in_.raw<uint8_t>())) {
      case Tag::null:
        return {};
      case Tag::no:
        return Value::boolean(false);
      case Tag::yes:
        return Value::boolean(true);
      case Tag::integer:
        return Value::integer(unzigzag(in_.varint()));
      case Tag::real:
        return Value::real(in_.raw<double>());
      case Tag::decimal:
        return Value::decimal(in_.text());
      case Tag::timestamp:
        return Value::timestamp(in_.raw<int64_t>());
      case Tag::text:
        return Value::string(in_.text());
      case Tag::plain_text:
        return Value::string(in_.text(), true);
      case Tag::array:
        return array(depth);
      case Tag::object: {
        auto* inner = Object::make(batch_.arena());
        object(*inner, depth);
        return Value::object(inner);
      }
    }
    in_.fail();
    return {};
  }

  Reader in_;
  const std::vector<Key> names_;
  const std::vector<uint32_t> sources_;
  Batch& batch_;
};

char* put_varint(uint64_t n, char* at) {
  for (; n >= 0x80; n >>= 7) *at++ = static_cast<char>(n | 0x80);
  *at++ = static_cast<char>(n);
  return at;
}

template <class T>
char* put_raw(T number, char* at) {
  std::memcpy(at, &number, sizeof number);
  return at + sizeof number;
}

char* put_tag(Tag tag, char* at) {
  *at = static_cast<char>(tag);
  return at + 1;
}

}  // namespace

// Writes to a Buffer, whose size is brought up to date when it needs more room and at the end. Each function
// gets the place to write at, with kRoom behind it, gives the place behind what it wrote, and leaves kRoom
// there.
class BinaryWriter::Pen {
 public:
  Pen(BinaryWriter& writer, Buffer& out) : writer_(writer), out_(out) {}

  char* begin() { return take(kRoom); }
  void finish(const char* at) { out_.grow(static_cast<size_t>(at - out_.data()) - out_.size()); }

  char* event(const Event& event, char* at) {
    at = put_varint(event.source, at);
    at = put_varint(event.position, at);
    at = put_raw(event.digest, at);
    at = object(event.fields(), room(at, 0));
    return object(event.metadata(), at);
  }

  char* text(std::string_view text, char* at) {
    at = room(put_varint(text.size(), at), text.size());
    copy_blocks(text, at);
    return at + text.size();
  }

  char* number(uint64_t n, char* at) { return room(put_varint(n, at), 0); }

 private:
  // Room for `n` bytes, and kRoom.
  char* room(char* at, size_t n) {
    return static_cast<size_t>(limit_ - at) >= n + kRoom ? at : grow(at, n + kRoom);
  }
  char* grow(const char* at, size_t n) {
    finish(at);
    return take(n);
  }
  char* take(size_t n) {
    char* at = out_.reserve(std::max(n, kAtLeast));
    limit_ = out_.data() + out_.capacity();
    return at;
  }

  char* object(const Object& object, char* at) {
    at = number(object.size, at);
    for (const auto& member : object.all())
      at = value(member.value, put_varint(writer_.number_of(member.key), at));
    return at;
  }

  char* array(const Array& list, char* at) {
    at = number(list.size, at);
    for (const auto& item : list.all()) at = value(item, at);
    return at;
  }

  char* value(const Value& value, char* at) {
    switch (value.kind()) {
      case Value::Kind::null:
        return room(put_tag(Tag::null, at), 0);
      case Value::Kind::boolean:
        return room(put_tag(value.as_bool() ? Tag::yes : Tag::no, at), 0);
      case Value::Kind::integer:
        return number(zigzag(value.as_integer()), put_tag(Tag::integer, at));
      case Value::Kind::real:
        return room(put_raw(value.as_real(), put_tag(Tag::real, at)), 0);
      case Value::Kind::decimal:
        return text(value.as_text(), put_tag(Tag::decimal, at));
      case Value::Kind::timestamp:
        return room(put_raw(value.as_nanos(), put_tag(Tag::timestamp, at)), 0);
      case Value::Kind::string:
        return text(value.as_text(), put_tag(value.plain() ? Tag::plain_text : Tag::text, at));
      case Value::Kind::array:
        return array(*value.as_array(), put_tag(Tag::array, at));
      case Value::Kind::object:
        return object(*value.as_object(), put_tag(Tag::object, at));
    }
    return at;
  }

  BinaryWriter& writer_;
  Buffer& out_;
  const char* limit_ = nullptr;
};

uint32_t BinaryWriter::number_of(Key key) {
  if (!key.interned()) {  // names past the table's cap: seldom the same twice
    names_.push_back(key);
    return static_cast<uint32_t>(names_.size() - 1);
  }
  if (key.id() >= numbers_.size()) numbers_.resize(key.id() + 1);
  uint32_t& number = numbers_[key.id()];
  if (!number) {
    names_.push_back(key);
    number = static_cast<uint32_t>(names_.size());
  }
  return number - 1;
}

void BinaryWriter::write(const Batch& batch, std::span<Event* const> events, Buffer& out) {
  const size_t start = out.size();
  Pen pen(*this, out);
  char* at = pen.begin() + sizeof(uint32_t);  // the length, which is known behind the events
  for (const auto* event : events) at = pen.event(*event, at);
  const auto length = static_cast<uint32_t>(static_cast<size_t>(at - out.data()) - start - sizeof(uint32_t));
  put_raw(length, out.data() + start);
  at = pen.number(names_.size(), at);
  for (const Key name : names_) {
    at = pen.text(name.text(), at);
    if (name.interned()) numbers_[name.id()] = 0;
  }
  names_.clear();
  at = pen.number(batch.sources().size(), at);
  for (const auto& source : batch.sources()) at = pen.text(source.stream, pen.text(source.input_id, at));
  pen.finish(at);
}

bool read_binary(std::string_view bytes, uint32_t count, Batch& batch) {
  Reader in(bytes);
  const std::string_view events = in.bytes(in.raw<uint32_t>());
  std::vector<Key> names(in.count());
  for (auto& name : names) name = Key::of(in.text(), batch.arena());
  std::vector<uint32_t> sources(in.count());
  for (auto& source : sources) {
    const std::string_view input_id = in.text();
    source = batch.add_source({input_id, in.text()});
  }
  if (!in.ok() || in.left()) return false;
  EventReader reader(events, std::move(names), std::move(sources), batch);
  for (uint32_t i = 0; i < count; ++i)
    if (!reader.event()) return false;
  return reader.at_end();
}

}  // namespace sluice
