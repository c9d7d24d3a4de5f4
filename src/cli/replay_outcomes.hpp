// What became of the dead letters of a replay.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/dlq_letters.hpp"
#include "event/event.hpp"
#include "queue/letters.hpp"

namespace sluice::cli {

/// One worker runs the letters, each in a batch of its own, so that whatever happens on the worker between
/// two letters belongs to the first; an output's thread names the letter by its batch. Thread-safe until the
/// run is over; the figures are for afterwards.
class Outcomes {
 public:
  enum class Fate : uint8_t { dropped, passed, tagged, refused };

  // On the worker.
  void begin(queue::LetterId letter, std::set<std::string, std::less<>> tags) {
    std::scoped_lock lock(mutex_);
    current_ = letter;
    tags_before_ = std::move(tags);
    fates_.emplace(letter, Fate::dropped);
  }
  void reached_output(const Event& event) {
    std::scoped_lock lock(mutex_);
    Fate fate = Fate::passed;
    for_each_failure_tag(event, [&](std::string_view tag) {
      if (tags_before_.contains(tag)) return;
      fate = Fate::tagged;
      ++failure_tags_[std::string(tag)];
    });
    raise(fate);
  }
  void refused(std::string_view reason) {
    std::scoped_lock lock(mutex_);
    ++reasons_[kind_of_reason(reason)];
    raise(Fate::refused);
  }
  // On any thread.
  void settled(queue::LetterId letter, bool delivered) {
    std::scoped_lock lock(mutex_);
    ++settled_;
    if (delivered) delivered_.insert(letter);
  }
  void note_reason(std::string_view reason) {
    std::scoped_lock lock(mutex_);
    ++reasons_[kind_of_reason(reason)];
  }
  // Letters of this segment have not been replayed.
  void unreadable(const std::string& segment, std::string_view why) {
    std::scoped_lock lock(mutex_);
    unreadable_.push_back(segment + " cannot be read: " + std::string(why));
  }

  template <class F>
  static void for_each_failure_tag(const Event& event, F&& f) {
    const Value* tags = event.get(Names::get().tags);
    if (!tags || !tags->is_array()) return;
    for (const auto& tag : tags->as_array()->all())
      if (tag.is_string() && tag.as_text().starts_with('_')) f(tag.as_text());
  }

  // After the run.
  [[nodiscard]] uint64_t count(Fate fate) const {
    return static_cast<uint64_t>(
        std::count_if(fates_.begin(), fates_.end(), [&](const auto& one) { return one.second == fate; }));
  }
  [[nodiscard]] uint64_t letters() const { return settled_; }
  [[nodiscard]] bool delivered(queue::LetterId letter) const { return delivered_.contains(letter); }
  [[nodiscard]] uint64_t delivered() const { return delivered_.size(); }
  [[nodiscard]] const std::vector<std::string>& unreadable() const { return unreadable_; }
  [[nodiscard]] const std::map<std::string, uint64_t>& reasons() const { return reasons_; }
  [[nodiscard]] const std::map<std::string, uint64_t>& failure_tags() const { return failure_tags_; }

 private:
  void raise(Fate fate) {
    const auto found = fates_.find(current_);
    if (found != fates_.end()) found->second = std::max(found->second, fate);
  }

  mutable std::mutex mutex_;
  queue::LetterId current_;
  std::set<std::string, std::less<>> tags_before_;
  std::map<queue::LetterId, Fate> fates_;
  std::set<queue::LetterId> delivered_;
  uint64_t settled_ = 0;
  std::map<std::string, uint64_t> reasons_, failure_tags_;
  std::vector<std::string> unreadable_;
};

}  // namespace sluice::cli
