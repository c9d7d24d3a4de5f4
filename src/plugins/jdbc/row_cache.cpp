#include "plugins/jdbc/row_cache.hpp"

namespace sluice::jdbc {

std::shared_ptr<const Answer> RowCache::find(const std::string& key) {
  std::scoped_lock lock(mutex_);
  const auto place = places_.find(key);
  if (place == places_.end()) return nullptr;
  const auto entry = place->second;
  if (steady_nanos() - entry->since > expires_) {
    entries_.erase(entry);
    places_.erase(place);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, entry);
  return entry->answer;
}

void RowCache::put(const std::string& key, std::shared_ptr<const Answer> answer) {
  std::scoped_lock lock(mutex_);
  if (const auto place = places_.find(key); place != places_.end()) {
    entries_.erase(place->second);
    places_.erase(place);
  }
  entries_.push_front({key, std::move(answer), steady_nanos()});
  places_[key] = entries_.begin();
  while (entries_.size() > size_) {
    places_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

}  // namespace sluice::jdbc
