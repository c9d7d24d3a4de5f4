// The bytes: length of the events (32 bits), the events, the names, the sources. Integers are LEB128, signed
// ones zigzag; text is its length and its bytes; the other numbers are little-endian.
#include "event/binary.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

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
constexpr size_t kVarintRoom = 10;

void put_varint(uint64_t n, Buffer& out) {
  char* at = out.reserve(kVarintRoom);
  size_t size = 0;
  for (; n >= 0x80; n >>= 7) at[size++] = static_cast<char>(n | 0x80);
  at[size++] = static_cast<char>(n);
  out.grow(size);
}

void put_text(std::string_view text, Buffer& out) {
  put_varint(text.size(), out);
  out.append(text);
}

template <class T>
void put_raw(T number, Buffer& out) {
  out.append({reinterpret_cast<const char*>(&number), sizeof number});
}

void put_tag(Tag tag, Buffer& out) { out.append(static_cast<char>(tag)); }

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

}  // namespace

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

void BinaryWriter::object(const Object& object, Buffer& out) {
  put_varint(object.size, out);
  for (const auto& member : object.all()) {
    put_varint(number_of(member.key), out);
    value(member.value, out);
  }
}

void BinaryWriter::value(const Value& value, Buffer& out) {
  switch (value.kind()) {
    case Value::Kind::null:
      return put_tag(Tag::null, out);
    case Value::Kind::boolean:
      return put_tag(value.as_bool() ? Tag::yes : Tag::no, out);
    case Value::Kind::integer:
      put_tag(Tag::integer, out);
      return put_varint(zigzag(value.as_integer()), out);
    case Value::Kind::real:
      put_tag(Tag::real, out);
      return put_raw(value.as_real(), out);
    case Value::Kind::decimal:
      put_tag(Tag::decimal, out);
      return put_text(value.as_text(), out);
    case Value::Kind::timestamp:
      put_tag(Tag::timestamp, out);
      return put_raw(value.as_nanos(), out);
    case Value::Kind::string:
      put_tag(value.plain() ? Tag::plain_text : Tag::text, out);
      return put_text(value.as_text(), out);
    case Value::Kind::array:
      put_tag(Tag::array, out);
      put_varint(value.as_array()->size, out);
      for (const auto& item : value.as_array()->all()) this->value(item, out);
      return;
    case Value::Kind::object:
      put_tag(Tag::object, out);
      return object(*value.as_object(), out);
  }
}

void BinaryWriter::write(const Batch& batch, std::span<Event* const> events, Buffer& out) {
  const size_t start = out.size();
  put_raw(uint32_t{0}, out);
  for (const auto* event : events) {
    put_varint(event->source, out);
    put_varint(event->position, out);
    put_raw(event->digest, out);
    object(event->fields(), out);
    object(event->metadata(), out);
  }
  const auto length = static_cast<uint32_t>(out.size() - start - sizeof(uint32_t));
  std::memcpy(out.data() + start, &length, sizeof length);
  put_varint(names_.size(), out);
  for (const Key name : names_) {
    put_text(name.text(), out);
    if (name.interned()) numbers_[name.id()] = 0;
  }
  names_.clear();
  put_varint(batch.sources().size(), out);
  for (const auto& source : batch.sources()) {
    put_text(source.input_id, out);
    put_text(source.stream, out);
  }
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
