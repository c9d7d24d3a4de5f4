// Batches, events and JSON for the tests of this folder.
#pragma once

#include <string>
#include <string_view>

#include "event/batch.hpp"
#include "event/json_read.hpp"
#include "event/json_write.hpp"

namespace sluice {

/// A batch and an event in it, made from JSON.
struct OneEvent {
  explicit OneEvent(std::string_view json = "{}") : batch(pool.take()), event(batch->make()) {
    Value root;
    if (JsonReader::local().read(json, batch->arena(), root) && root.is_object())
      event.fields() = *root.as_object();
  }
  std::string json() const {
    Buffer out;
    write_json(event, out);
    return std::string(out.view());
  }
  Value string(std::string_view text) const { return event.text(text); }

  BatchPool pool;
  BatchRef batch;
  Event& event;
};

/// The JSON of `value`.
inline std::string to_json(const Value& value) {
  Buffer out;
  write_json(value, out);
  return std::string(out.view());
}

/// What the reader makes of `text`, written again; "error" when it is refused.
inline std::string reread(std::string_view text) {
  Arena arena;
  Value value;
  JsonReader reader;
  return reader.read(text, arena, value) ? to_json(value) : "error";
}

}  // namespace sluice
