#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/arena.hpp"
#include "base/buffer.hpp"
#include "base/hash.hpp"
#include "base/lru_map.hpp"
#include "base/ring.hpp"
#include "base/slab.hpp"
#include "base/symbol.hpp"

using namespace sluice;

TEST_CASE("an arena hands out aligned memory that does not overlap") {
  Arena arena;
  struct Piece {
    unsigned char* at;
    size_t size;
  };
  std::vector<Piece> pieces;
  for (size_t i = 1; i < 3000; ++i) {
    const size_t align = size_t{1} << (i % 5);
    auto* at = static_cast<unsigned char*>(arena.allocate(i % 700 + 1, align));
    CHECK_MESSAGE(reinterpret_cast<uintptr_t>(at) % align == 0, i);
    std::memset(at, static_cast<int>(i % 251), i % 700 + 1);
    pieces.push_back({at, i % 700 + 1});
  }
  for (size_t i = 1; i < 3000; ++i)
    for (size_t j = 0; j < pieces[i - 1].size; ++j) REQUIRE(pieces[i - 1].at[j] == i % 251);
}

TEST_CASE("a reset arena keeps its blocks, except the very large") {
  Arena arena;
  for (int i = 0; i < 100; ++i) arena.allocate(10'000);
  const size_t held = arena.capacity();
  CHECK(held >= 1'000'000);
  for (int round = 0; round < 3; ++round) {
    arena.reset();
    for (int i = 0; i < 100; ++i) arena.allocate(10'000);
    CHECK(arena.capacity() == held);
  }
  auto* big = static_cast<char*>(arena.allocate(64 << 20));
  big[(64 << 20) - 1] = 1;
  CHECK(arena.capacity() > (64 << 20));
  arena.reset();
  CHECK(arena.capacity() < (64 << 20));
}

TEST_CASE("the unused tail of the newest allocation can be given back") {
  Arena arena;
  auto* first = static_cast<char*>(arena.allocate(100, 1));
  arena.shrink_last(first + 10);
  CHECK(static_cast<char*>(arena.allocate(5, 1)) == first + 10);
  CHECK(arena.copy("").empty());
  CHECK(arena.copy("").data() != nullptr);
  const std::string text = "abc";
  const auto copy = arena.copy(text);
  CHECK(copy == text);
  CHECK(copy.data() != text.data());
}

TEST_CASE("a buffer grows without losing bytes and keeps its memory when cleared") {
  Buffer buffer;
  std::string expected;
  for (int i = 0; i < 5000; ++i) {
    buffer.append(std::to_string(i));
    buffer.append(',');
    expected += std::to_string(i) + ",";
  }
  CHECK(buffer.view() == expected);
  const size_t held = buffer.capacity();
  buffer.clear();
  CHECK(buffer.empty());
  CHECK(buffer.capacity() == held);
  char* at = buffer.reserve(3);
  std::memcpy(at, "xyz", 3);
  buffer.grow(2);
  CHECK(buffer.view() == "xy");
  Buffer moved(std::move(buffer));
  CHECK(moved.view() == "xy");
}

TEST_CASE("slabs go back to their pool with the last reference and are used again") {
  SlabPool pool(1 << 20);
  auto slab = pool.allocate(1000);
  CHECK(slab.capacity() >= 1000);
  CHECK(slab.size() == 0);
  slab.append("hello");
  CHECK(slab.view() == "hello");
  const char* bytes = slab.data();
  SlabRef second = slab;
  CHECK_FALSE(slab.sole_owner());
  slab.reset();
  CHECK(second.view() == "hello");
  CHECK(pool.stats().in_use_bytes >= 1000);
  std::thread([ref = std::move(second)] {}).join();
  CHECK(pool.stats().in_use_bytes == 0);
  const auto again = pool.allocate(1000);
  CHECK(again.data() == bytes);
  CHECK(again.size() == 0);
  CHECK(pool.stats().allocations == 1);
}

TEST_CASE("a pool frees the slabs that were not needed since it was trimmed last") {
  SlabPool pool(1 << 20);
  { const auto one = pool.allocate(1000), two = pool.allocate(1000), three = pool.allocate(1000); }
  const size_t all = pool.stats().free_bytes;
  CHECK(pool.trim() == 0);  // all three were in use a moment ago
  { const auto one = pool.allocate(1000); }
  CHECK(pool.trim() == all / 3 * 2);
  CHECK(pool.stats().free_bytes == all / 3);
  CHECK(pool.trim() == all / 3);
  CHECK(pool.stats().free_bytes == 0);
  CHECK(pool.allocate(1000).capacity() == all / 3);
}

TEST_CASE("a ring gives back what went in, in order, however it wraps and grows") {
  Ring<std::unique_ptr<int>> ring;
  int in = 0, out = 0;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < round % 7 + 1; ++i) ring.push_back(std::make_unique<int>(in++));
    while (ring.size() > static_cast<size_t>(round % 5)) {
      CHECK(*ring.front() == out);
      CHECK(*ring.pop_front() == out++);
    }
  }
  while (!ring.empty()) CHECK(*ring.pop_front() == out++);
  CHECK(out == in);
}

TEST_CASE("keys are equal when their texts are, interned or not") {
  Arena arena;
  const Key a = Key::intern("symbol_test_a");
  CHECK(a == Key::of("symbol_test_a", arena));
  CHECK_FALSE(a == Key::intern("symbol_test_b"));
  CHECK(a.text() == "symbol_test_a");
  CHECK(a.json_plain());
  CHECK_FALSE(Key::intern("with \"quote\"").json_plain());
  CHECK_FALSE(Key::intern("with \xff").json_plain());
  CHECK(Key{}.null());
  CHECK(Key::of("", arena) == Key::intern(""));
}

TEST_CASE("threads that meet new names at once agree on their keys") {
  constexpr int kThreads = 4, kNames = 2000;
  std::vector<std::vector<Key>> keys(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([t, &keys] {
      Arena arena;
      for (int i = 0; i < kNames; ++i) keys[t].push_back(Key::of("threads_" + std::to_string(i), arena));
    });
  for (auto& thread : threads) thread.join();
  for (int i = 0; i < kNames; ++i)
    for (int t = 0; t < kThreads; ++t) {
      REQUIRE(keys[t][i].interned());
      REQUIRE(keys[t][i].id() == keys[0][i].id());
    }
}

// Last in this file: it fills the table.
TEST_CASE("past the cap new names stay in their arena and still compare by text") {
  Arena arena, other;
  const uint32_t before = interned_key_count();
  for (uint32_t i = 0; i < Key::kCap + 1000; ++i) Key::of("cap_" + std::to_string(i), arena);
  CHECK(interned_key_count() - before <= Key::kCap);
  const Key late = Key::of("too_late", arena);
  CHECK_FALSE(late.interned());
  CHECK(late == Key::of("too_late", other));
  CHECK_FALSE(late == Key::of("too_late_2", other));
  CHECK_FALSE(late == Key::intern("symbol_test_a"));
  // A name of the config is interned all the same, and is the same name.
  const Key config = Key::intern("too_late");
  CHECK(config.interned());
  CHECK(config == late);
  CHECK(late == config);
}

namespace {

// Names of 16 bytes that a multiplicative hash without a seed, h = (h ^ word) * odd, gives one value: the
// second word undoes what the first did.
std::vector<std::string> names_of_one_hash(size_t count) {
  std::vector<std::string> names;
  for (uint64_t i = 1; i <= count; ++i) {
    uint64_t h = (0x9E3779B97F4A7C15ull ^ 16 ^ i) * 0xff51afd7ed558ccdull;
    h ^= h >> 32;
    const uint64_t words[] = {i, h};
    names.emplace_back(reinterpret_cast<const char*>(words), sizeof words);
  }
  return names;
}

// The same for std::hash of GCC's library, which is MurmurHash64A with a seed that everybody knows: its steps
// can be undone, so the second word can be chosen for what the first has made of the hash.
std::vector<std::string> names_of_one_std_hash(size_t count) {
  constexpr uint64_t kFactor = 0xc6a4a7935bd1e995;
  uint64_t inverse = kFactor;  // modulo 2^64, by Newton's steps
  for (int i = 0; i < 6; ++i) inverse *= 2 - kFactor * inverse;
  const auto mixed = [](uint64_t v) { return v ^ v >> 47; };  // undoes itself
  std::vector<std::string> names;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t start = 0xc70f6907 ^ 16 * kFactor;
    const uint64_t behind_first = (start ^ mixed(i * kFactor) * kFactor) * kFactor;
    const uint64_t words[] = {i, mixed(behind_first * inverse) * inverse};
    names.emplace_back(reinterpret_cast<const char*>(words), sizeof words);
  }
  return names;
}

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

TEST_CASE("names that were made to share a place in the table cost no more than others") {
  const auto seconds = [](const std::vector<std::string>& names) {
    const double begin = processor_seconds();
    for (const auto& name : names) Key::intern(name);
    return processor_seconds() - begin;
  };
  constexpr size_t kNames = 10'000;
  std::vector<std::string> others;
  for (size_t i = 0; i < kNames; ++i) others.push_back("place_" + std::to_string(1'000'000'000 + i));
  const double usual = seconds(others);
  CHECK(seconds(names_of_one_hash(kNames)) < 10 * usual);
}

TEST_CASE("a map of keys from outside is as fast with keys that were made to share a place") {
  const auto seconds = [](const std::vector<std::string>& names) {
    TextMap<int> map;
    const double begin = processor_seconds();
    for (const auto& name : names) map.emplace(name, 1);
    CHECK(map.size() == names.size());
    return processor_seconds() - begin;
  };
  const auto made = names_of_one_std_hash(20'000);
#ifdef __GLIBCXX__
  CHECK(std::hash<std::string>{}(made.front()) == std::hash<std::string>{}(made.back()));
#endif
  std::vector<std::string> others;
  for (size_t i = 0; i < made.size(); ++i) others.push_back("place_" + std::to_string(1'000'000'000 + i));
  const double usual = seconds(others);
  CHECK(seconds(made) < 10 * usual);
}

TEST_CASE("a bounded map forgets what was asked for least recently") {
  LruMap<int> map(2);
  map.put("a", 1);
  map.put("b", 2);
  REQUIRE(map.find("a"));
  map.put("c", 3);
  CHECK_FALSE(map.find("b"));
  CHECK(*map.find("a") == 1);
  CHECK(*map.find("c") == 3);
  CHECK(map.size() == 2);
  map.clear();
  CHECK_FALSE(map.find("a"));
  LruMap<int> one(0);
  one.put("x", 1);
  one.put("y", 2);
  CHECK_FALSE(one.find("x"));
  CHECK(*one.find("y") == 2);
}

TEST_CASE("a bounded map is what a list in order of use is") {
  constexpr size_t kCapacity = 40;
  LruMap<int> map(kCapacity);
  std::vector<std::pair<std::string, int>> used;  // the newest last
  const auto place = [&used](const std::string& key) {
    return std::find_if(used.begin(), used.end(), [&key](const auto& entry) { return entry.first == key; });
  };
  uint64_t random = 1;
  for (int step = 0; step < 20000; ++step) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const std::string key(random >> 60, static_cast<char>('a' + (random >> 40) % 6));
    const auto known = place(key);
    if (random >> 33 & 3) {
      const int* found = map.find(key);
      REQUIRE((found != nullptr) == (known != used.end()));
      if (found) {
        REQUIRE(*found == known->second);
        std::rotate(known, known + 1, used.end());
        continue;
      }
      if (used.size() == kCapacity) used.erase(used.begin());
      used.emplace_back(key, step);
      map.put(key, step);
    } else {
      REQUIRE(map.erase(key) == (known != used.end()));
      if (known != used.end()) used.erase(known);
    }
    REQUIRE(map.size() == used.size());
  }
}

TEST_CASE("a hash depends on every byte and on the length") {
  std::set<uint64_t> seen;
  std::string text;
  for (int length = 0; length < 70; ++length) {
    seen.insert(hash_bytes(text));
    for (auto& c : text) {
      c ^= 1;
      seen.insert(hash_bytes(text));
      c ^= 1;
    }
    text += '\0';
  }
  CHECK(seen.size() == 70 + 70 * 69 / 2);
  CHECK(hash_bytes(text) == hash_bytes(std::string(text)));
}
