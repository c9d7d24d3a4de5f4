#include "queue/checkpoint.hpp"

#include <cstring>

#include "base/file.hpp"
#include "queue/record.hpp"

namespace sluice::queue {
namespace {

constexpr uint64_t kMagic = 0x31544b4350515053;  // "SPQPCKT1"
constexpr size_t kMostRanges = 4096;
constexpr size_t kLargest = (4 + 2 * kMostRanges) * sizeof(uint64_t);

std::string path_of(const std::string& folder) { return folder + "/checkpoint"; }

void put(uint64_t number, std::string& out) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

uint64_t number_at(std::string_view bytes, size_t index) {
  uint64_t number = 0;
  std::memcpy(&number, bytes.data() + index * sizeof number, sizeof number);
  return number;
}

// Words of 64 bits: magic, mark, next, the ranges, and the checksum of all that.
std::string encode(const Checkpoint& checkpoint) {
  std::string bytes;
  put(kMagic, bytes);
  put(checkpoint.acknowledged.mark(), bytes);
  put(checkpoint.next, bytes);
  size_t ranges = 0;
  for (const auto& [first, end] : checkpoint.acknowledged.above()) {
    if (++ranges > kMostRanges) break;
    put(first, bytes);
    put(end, bytes);
  }
  put(checksum(bytes), bytes);
  return bytes;
}

std::optional<Checkpoint> decode(std::string_view bytes) {
  const size_t words = bytes.size() / sizeof(uint64_t);
  if (bytes.size() % sizeof(uint64_t) || words < 4 || words % 2 || number_at(bytes, 0) != kMagic)
    return std::nullopt;
  if (number_at(bytes, words - 1) != checksum(bytes.substr(0, (words - 1) * sizeof(uint64_t))))
    return std::nullopt;
  Checkpoint checkpoint{Acknowledged(number_at(bytes, 1)), number_at(bytes, 2)};
  // What has been delivered has a number below `next`, or else events to come would count as delivered.
  if (checkpoint.next > kLastSequence || checkpoint.acknowledged.mark() > checkpoint.next)
    return std::nullopt;
  for (size_t i = 3; i + 2 < words; i += 2) {
    const Range range{number_at(bytes, i), number_at(bytes, i + 1)};
    if (range.end > checkpoint.next) return std::nullopt;
    checkpoint.acknowledged.add(range);
  }
  return checkpoint;
}

}  // namespace

Status save(Env& env, const std::string& folder, const Checkpoint& checkpoint) {
  return replace_file(env, path_of(folder), encode(checkpoint));
}

LoadedCheckpoint load_checkpoint(Env& env, const std::string& folder) {
  auto names = env.list(folder);
  if (!names.ok()) return {};
  bool there = false;
  for (const auto& name : *names) there = there || name == "checkpoint";
  if (!there) return {};
  auto file = env.open(path_of(folder));
  if (!file.ok()) return {.checkpoint = {}, .damaged = true};
  std::string bytes(kLargest + 1, '\0');
  const auto size = (*file)->read(0, bytes.data(), bytes.size());
  LoadedCheckpoint loaded;
  if (size.ok()) loaded.checkpoint = decode(std::string_view(bytes).substr(0, *size));
  loaded.damaged = !loaded.checkpoint;
  return loaded;
}

}  // namespace sluice::queue
