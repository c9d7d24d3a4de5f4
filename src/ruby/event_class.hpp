// LogStash::Event objects.
#pragma once

#include <mruby.h>

#include <memory>

#include "event/batch.hpp"
#include "ruby/interpreter.hpp"

namespace sluice::ruby {

/// What an event object refers to: an event of the batch in work, or one of its own.
struct EventBox {
  Interpreter* interpreter = nullptr;
  Event* event = nullptr;      // null: the event has gone on, and the object with it
  std::unique_ptr<Batch> own;  // holds the event when it belongs to no batch
};

/// An object for `event`, which lives in the batch of the current work.
mrb_value new_event(mrb_state* mrb, Event& event);
/// An object that stands for one event after the other: set its box's `event` before each use, and to null
/// behind it.
mrb_value new_event_place(mrb_state* mrb);
/// The box of an event object, null for any other value.
EventBox* event_box(mrb_value value);
/// The event of an object as part of the work's batch (copied there when it is its own). Null for a value
/// that is no event, or one that is gone.
Event* event_in_batch(mrb_state* mrb, mrb_value value);
/// Moves an event into memory of its own; the box then outlives the batch.
void detach(EventBox& box);
/// A Ruby block that takes an event and adds it to Work::emitted.
mrb_value new_event_block(mrb_state* mrb);

}  // namespace sluice::ruby
