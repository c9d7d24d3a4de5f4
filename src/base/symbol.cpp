#include "base/symbol.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/hash.hpp"
#include "base/utf8.hpp"

namespace sluice {
namespace {

size_t quoted_room(std::string_view text) {
  return (text.size() + 3 + Key::kQuotedStep - 1) / Key::kQuotedStep * Key::kQuotedStep;
}

size_t entry_bytes(std::string_view text) { return offsetof(Key::Entry, quoted) + quoted_room(text); }

void fill(Key::Entry* entry, std::string_view text, uint32_t id) {
  entry->length = static_cast<uint32_t>(text.size());
  entry->id = id;
  entry->json_plain = json_plain(text);
  char* const quoted = entry->quoted;
  quoted[0] = '"';
  if (!text.empty()) std::memcpy(quoted + 1, text.data(), text.size());
  quoted[text.size() + 1] = '"';
  quoted[text.size() + 2] = ':';
  std::memset(quoted + text.size() + 3, 0, quoted_room(text) - text.size() - 3);
}

std::string_view text_of(const Key::Entry& entry) { return {entry.quoted + 1, entry.length}; }

// Names come from outside: who sends them must not know which of them share a place, or all of them would.
class Table {
 public:
  const Key::Entry* find_or_add(std::string_view text, bool always) {
    std::scoped_lock lock(mutex_);
    if (auto it = index_.find(text); it != index_.end()) return it->second;
    if (!always && from_input_ >= Key::kCap) return nullptr;
    if (!always) ++from_input_;
    auto bytes = std::make_unique<char[]>(entry_bytes(text));
    auto* entry = reinterpret_cast<Key::Entry*>(bytes.get());
    fill(entry, text, static_cast<uint32_t>(storage_.size()));
    storage_.push_back(std::move(bytes));
    index_.emplace(text_of(*entry), entry);
    return entry;
  }
  uint32_t size() {
    std::scoped_lock lock(mutex_);
    return static_cast<uint32_t>(storage_.size());
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string_view, const Key::Entry*, TextHash> index_;
  std::vector<std::unique_ptr<char[]>> storage_;
  uint32_t from_input_ = 0;
};

Table& table() {
  static Table instance;
  return instance;
}

// Direct-mapped per-thread cache: the names of a stream repeat, so nearly every look-up ends here.
struct Cache {
  struct Slot {
    uint64_t hash = 0;
    const Key::Entry* entry = nullptr;
  };
  std::array<Slot, 2048> slots;
};

Cache& cache() {
  thread_local auto instance = std::make_unique<Cache>();
  return *instance;
}

}  // namespace

Key Key::of(std::string_view text, Arena& arena) {
  const uint64_t h = hash_bytes(text);
  auto& slot = cache().slots[h % 2048];
  if (slot.hash == h && slot.entry && text_of(*slot.entry) == text) return Key(slot.entry);
  if (const auto* entry = table().find_or_add(text, false)) {
    slot = {h, entry};
    return Key(entry);
  }
  auto* entry = static_cast<Entry*>(arena.allocate(entry_bytes(text), alignof(Entry)));
  fill(entry, text, ~0u);
  return Key(entry);
}

Key Key::intern(std::string_view text) { return Key(table().find_or_add(text, true)); }

uint32_t interned_key_count() { return table().size(); }

}  // namespace sluice
