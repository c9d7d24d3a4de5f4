#include "plugins/inputs/dead_letter_queue/stream.hpp"

#include "queue/letters.hpp"

namespace sluice::plugins::dead_letters {
namespace {

struct Names {
  Key queue = Key::intern("dead_letter_queue");
  Key plugin_type = Key::intern("plugin_type"), plugin_id = Key::intern("plugin_id");
  Key reason = Key::intern("reason"), entry_time = Key::intern("entry_time");
  static const Names& get() {
    static const Names names;
    return names;
  }
};

}  // namespace

void LetterStream::decode(plugin::Chunk& chunk, Batch& batch) {
  batch.hold(chunk.slab);
  batch.hold(chunk.ack);
  const auto letter = queue::decode_letter(chunk.bytes, batch);
  if (!letter) {
    metrics_.counter("unreadable").add();
    return;
  }
  const auto& names = Names::get();
  const auto refusal = letter->refusal();
  auto& arena = batch.arena();
  auto* why = Object::make(arena, 4);
  why->append(arena, names.plugin_type, Value::string(refusal.plugin_type));
  why->append(arena, names.plugin_id, Value::string(refusal.plugin_id));
  why->append(arena, names.reason, Value::string(refusal.reason));
  why->append(arena, names.entry_time, Value::timestamp(letter->entry_time()));
  letter->event->metadata().set(arena, names.queue, Value::object(why));
  if (!decoration_.empty()) (void)decoration_.apply(*letter->event);
  batch.add(*letter->event);
  metrics_.out.add();
}

}  // namespace sluice::plugins::dead_letters
