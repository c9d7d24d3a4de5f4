#include "plugin/lane.hpp"

#include <algorithm>
#include <utility>

namespace sluice::plugin {
namespace {

thread_local const Senders* working_on = nullptr;

}  // namespace

void share_lane(Stream& stream, Stream& other) { StreamState::of(stream).lane = lane_of(other); }

bool has_room(InputSink& sink, Stream& stream) {
  const auto* room = dynamic_cast<const Room*>(&sink);
  return room ? room->has_room(*lane_of(stream)) : sink.ready();
}

void when_room(InputSink& sink, Stream& stream, std::function<void()> resume) {
  if (auto* room = dynamic_cast<Room*>(&sink))
    room->when_room(lane_of(stream), std::move(resume));
  else
    sink.when_ready(std::move(resume));
}

bool wait_room(InputSink& sink, Stream& stream, const std::atomic<bool>& stop) {
  auto* room = dynamic_cast<Room*>(&sink);
  return room ? room->wait_room(lane_of(stream), stop) : sink.wait_ready(stop);
}

Lane* Senders::of(const Event& event) const {
  const auto behind =
      std::upper_bound(ranges_.begin(), ranges_.end(), event.source,
                       [](uint32_t source, const Range& range) { return source < range.first_source; });
  return behind == ranges_.begin() ? nullptr : std::prev(behind)->lane.get();
}

SendersScope::SendersScope(const Senders& senders) { working_on = &senders; }
SendersScope::~SendersScope() { working_on = nullptr; }

Lane* sender_of(const Event& event) { return working_on ? working_on->of(event) : nullptr; }

}  // namespace sluice::plugin
