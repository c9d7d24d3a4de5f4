#include "base/symbol.hpp"

#include <array>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/utf8.hpp"

namespace sluice {
namespace {

uint64_t hash_of(std::string_view text) {
  uint64_t h = 0x9E3779B97F4A7C15ull ^ text.size();
  const char* p = text.data();
  size_t n = text.size();
  while (n >= 8) {
    uint64_t w;
    std::memcpy(&w, p, 8);
    h = (h ^ w) * 0xff51afd7ed558ccdull;
    h ^= h >> 32;
    p += 8;
    n -= 8;
  }
  uint64_t w = 0;
  if (n != 0) std::memcpy(&w, p, n);
  h = (h ^ w) * 0xff51afd7ed558ccdull;
  return h ^ (h >> 29);
}

void fill(Key::Entry* entry, std::string_view text, uint32_t id) {
  entry->length = static_cast<uint32_t>(text.size());
  entry->id = id;
  entry->json_plain = json_plain(text);
  if (!text.empty()) std::memcpy(entry->text, text.data(), text.size());
}

struct TextHash {
  size_t operator()(std::string_view text) const { return hash_of(text); }
};

class Table {
 public:
  const Key::Entry* find_or_add(std::string_view text, bool always) {
    std::scoped_lock lock(mutex_);
    if (auto it = index_.find(text); it != index_.end()) return it->second;
    if (!always && from_input_ >= Key::kCap) return nullptr;
    if (!always) ++from_input_;
    auto bytes = std::make_unique<char[]>(sizeof(Key::Entry) + text.size());
    auto* entry = reinterpret_cast<Key::Entry*>(bytes.get());
    fill(entry, text, static_cast<uint32_t>(storage_.size()));
    storage_.push_back(std::move(bytes));
    index_.emplace(std::string_view(entry->text, entry->length), entry);
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
  const uint64_t h = hash_of(text);
  auto& slot = cache().slots[h % 2048];
  if (slot.hash == h && slot.entry && std::string_view(slot.entry->text, slot.entry->length) == text)
    return Key(slot.entry);
  if (const auto* entry = table().find_or_add(text, false)) {
    slot = {h, entry};
    return Key(entry);
  }
  auto* entry = static_cast<Entry*>(arena.allocate(sizeof(Entry) + text.size(), alignof(Entry)));
  fill(entry, text, ~0u);
  return Key(entry);
}

Key Key::intern(std::string_view text) { return Key(table().find_or_add(text, true)); }

uint32_t interned_key_count() { return table().size(); }

}  // namespace sluice
