#include "event/binary.hpp"

#include <doctest/doctest.h>

#include <random>

#include "fixture.hpp"

using namespace sluice;

namespace {

std::string written(const Batch& batch) {
  BinaryWriter writer;
  Buffer out;
  writer.write(batch, batch.events(), out);
  return std::string(out.view());
}

// Three events with every kind of value, two sources, metadata, and names beyond ASCII.
void fill(Batch& batch) {
  const uint32_t a = batch.add_source({"in1", "file:7"});
  const uint32_t b = batch.add_source({"in2", ""});
  const char* const documents[] = {
      R"({"a":null,"b":true,"c":false,"n":-9223372036854775808,"m":9223372036854775807,"r":0.1,"big":1e400,)"
      R"("text":"x\"y","plain":"xyz","list":[1,[2,{"k":[]}],""],"deep":{"a":{"a":{"a":1}}},"":"empty name"})",
      R"({"größe":"日本","a":{"b":{}},"n":0})",
      R"({})",
  };
  for (const char* text : documents) {
    auto& event = batch.make(batch.events().empty() ? a : b);
    Value value;
    REQUIRE(JsonReader::local().read(text, batch.arena(), value));
    event.fields() = *value.as_object();
    event.set_timestamp(1700000000123456789);
    event.metadata().set(batch.arena(), Key::intern("tenant"), Value::string("acme"));
    event.position = 1000 + batch.events().size();
    batch.add(event);
  }
}

}  // namespace

TEST_CASE("events come back from their bytes as they were, with their metadata and their sources") {
  BatchPool pool;
  const BatchRef before = pool.take(), after = pool.take();
  fill(*before);
  const std::string bytes = written(*before);
  REQUIRE(read_binary(bytes, 3, *after));
  REQUIRE(after->events().size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    const Event& a = *before->events()[i];
    const Event& b = *after->events()[i];
    CHECK(to_json(Value::object(&b.fields())) == to_json(Value::object(&a.fields())));
    CHECK(to_json(b.metadata_value()) == to_json(a.metadata_value()));
    CHECK(b.position == a.position);
    CHECK(after->sources()[b.source].input_id == before->sources()[a.source].input_id);
    CHECK(after->sources()[b.source].stream == before->sources()[a.source].stream);
  }
}

TEST_CASE("a writer forgets the names of one call before the next") {
  BatchPool pool;
  const BatchRef batch = pool.take();
  fill(*batch);
  BinaryWriter writer;
  Buffer first, second;
  writer.write(*batch, batch->events().subspan(0, 1), first);
  writer.write(*batch, batch->events().subspan(1, 1), second);
  const BatchRef after = pool.take();
  REQUIRE(read_binary(second.view(), 1, *after));
  CHECK(to_json(Value::object(&after->events()[0]->fields())).find("größe") != std::string::npos);
}

TEST_CASE("bytes that no writer wrote are refused, and read within their bounds") {
  BatchPool pool;
  const BatchRef before = pool.take();
  fill(*before);
  const std::string bytes = written(*before);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const BatchRef batch = pool.take();
    const std::string cut = bytes.substr(0, size);
    CHECK_FALSE(read_binary(cut, 3, *batch));
  }
  CHECK_FALSE(read_binary(bytes, 2, *pool.take()));
  CHECK_FALSE(read_binary(bytes, 4, *pool.take()));
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = bytes;
    for (int i = 0; i < 1 + round % 4; ++i) damaged[random() % damaged.size()] = static_cast<char>(random());
    const BatchRef batch = pool.take();
    if (read_binary(damaged, 3, *batch))
      for (const auto* event : batch->events()) CHECK(to_json(Value::object(&event->fields())).size() > 1);
  }
}

TEST_CASE("nesting without end is refused") {
  std::string events(std::string(2, '\0'));  // source and position
  events += std::string("\1\0", 2);          // one member, of the first name
  for (int i = 0; i < 100'000; ++i) events += std::string("\x09\x01", 2);
  const auto size = static_cast<uint32_t>(events.size());
  std::string bytes(reinterpret_cast<const char*>(&size), 4);
  bytes += events + std::string("\1\1a\0", 4);
  BatchPool pool;
  CHECK_FALSE(read_binary(bytes, 1, *pool.take()));
}
