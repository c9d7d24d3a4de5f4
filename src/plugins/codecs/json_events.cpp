#include "plugins/codecs/json_events.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "event/json_read.hpp"
#include "plugins/codecs/payload.hpp"

namespace sluice::plugins {
namespace {

constexpr size_t kShown = 200;         // bytes of a bad document in the log
constexpr size_t kKeptOfLong = 16384;  // bytes of a document over the limit in its event

const FieldRef& original_field() {
  static const FieldRef ref = FieldRef::of("[event][original]");
  return ref;
}

bool blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) <= ' '; });
}

bool all_objects(const Array& list) {
  return std::all_of(list.items, list.items + list.size, [](const Value& v) { return v.is_object(); });
}

}  // namespace

void JsonEvents::decode(std::string_view bytes, plugin::EventSink& sink) {
  auto& arena = sink.batch().arena();
  const std::string_view text = text_.padded(bytes, arena);
  if (blank(text)) return;
  Value root;
  auto& reader = JsonReader::local();
  if (!reader.read_padded(text, arena, root)) {
    fail(bytes, reader.error(), sink);
  } else if (root.is_object()) {
    add(root, keep_original_ ? text : std::string_view{}, sink);
  } else if (root.is_array() && all_objects(*root.as_array())) {
    const auto items = root.as_array()->all();
    for (const auto& item : items)
      add(item, keep_original_ && items.size() == 1 ? text : std::string_view{}, sink);
  } else {
    fail(bytes, "the document is neither an object nor a list of objects", sink);
  }
}

void JsonEvents::add(const Value& object, std::string_view original, plugin::EventSink& sink) {
  auto& event = sink.make();
  (void)set_payload(event, target_, object);
  if (original.data() && !event.has(original_field())) event.set(original_field(), Value::string(original));
  sink.add(event);
}

void JsonEvents::fail(std::string_view bytes, std::string_view why, plugin::EventSink& sink) {
  auto& event = sink.make();
  const Value text = text_.text(bytes, event.arena());
  event.set(Names::get().message, text);
  event.tag("_jsonparsefailure");
  if (!std::exchange(failed_, true))
    log::warn(logger_,
              "JSON parse error, original data now in message field; more of this stream are not logged",
              {{"message", why}, {"data", text.as_text().substr(0, kShown)}});
  sink.add(event);
}

void JsonEvents::too_long(std::string_view begin, size_t limit, plugin::EventSink& sink) {
  auto& event = sink.make();
  event.set(Names::get().message, text_.text(begin.substr(0, kKeptOfLong), event.arena()));
  event.tag("_jsonparsefailure");
  event.tag("_line_too_long");
  if (!std::exchange(cut_, true))
    log::warn(logger_,
              "A line is longer than decode_size_limit_bytes: its begin is kept as an event tagged "
              "_line_too_long. More of this stream are not logged.",
              {{"decode_size_limit_bytes", limit}});
  sink.add(event);
}

}  // namespace sluice::plugins
