// libFuzzer: whatever a segment of the persistent queue has become, the queue opens, gives back what is
// intact, and goes on. The first byte says how the rest becomes a folder: as the bytes of a segment file, as
// the numbers of a checkpoint, or as records. The last two get checksums that are right, so that what is
// behind the checksums is reached with any bytes too.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "queue/letters.hpp"
#include "queue/persistent_queue.hpp"
#include "queue/simulated_env.hpp"

namespace {

using namespace sluice;
using namespace sluice::queue;

constexpr int kMostRecords = 100'000;  // far more than a segment of the longest input can hold

enum Form : uint8_t { segment_bytes, checkpoint_words, records, forms };

// Takes bytes from the front; zeros behind the end.
struct Bytes {
  uint64_t number(size_t bytes) {
    uint64_t n = 0;
    for (size_t i = 0; i < bytes; ++i) n = n << 8 | static_cast<uint8_t>(i < left.size() ? left[i] : 0);
    left.remove_prefix(std::min(bytes, left.size()));
    return n;
  }
  std::string_view text(size_t size) {
    const auto part = left.substr(0, size);
    left.remove_prefix(part.size());
    return part;
  }
  std::string_view left;
};

// Records that say of themselves what the input wants them to say.
std::string segment_of(Bytes bytes) {
  const auto head = encode(SegmentHeader{1, 1});
  std::string file(head.data(), head.size());
  for (uint64_t next = 1; !bytes.left.empty();) {
    const auto flags = bytes.number(1);
    RecordHeader header;
    header.first = flags & 1 ? bytes.number(8) : next;
    header.events = static_cast<uint32_t>(bytes.number(flags & 2 ? 4 : 1));
    const auto payload = bytes.text(bytes.number(2));
    header.stored = static_cast<uint32_t>(payload.size());
    header.compressed = (flags & 4) != 0;
    header.plain = flags & 8 ? static_cast<uint32_t>(bytes.number(4)) : header.stored;
    header.payload_checksum = checksum(payload);
    next = header.end();
    const auto image = encode(header, {1, file.size()});
    file.append(image.data(), image.size()).append(payload);
    file.resize((file.size() + kRecordAlign - 1) / kRecordAlign * kRecordAlign);
  }
  return file;
}

// A checkpoint of any numbers.
std::string checkpoint_of(std::string_view numbers) {
  constexpr uint64_t kMagic = 0x31544b4350515053;
  std::string file(reinterpret_cast<const char*>(&kMagic), sizeof kMagic);
  file.append(numbers);
  file.resize(sizeof kMagic + std::max<size_t>(16, numbers.size() / 16 * 16));
  const uint64_t sum = checksum(file);
  return file.append(reinterpret_cast<const char*>(&sum), sizeof sum);
}

void put(Env& env, const std::string& path, std::string_view bytes) {
  auto file = env.create(path);
  if (!file.ok() || !(*file)->write(0, bytes).ok()) std::abort();
}

PersistentQueueSettings settings() {
  PersistentQueueSettings s;
  s.folder = "/q";
  s.page_capacity = 1 << 16;
  s.max_bytes = 0;
  s.background = false;
  return s;
}

int read_all(PersistentQueue& queue, BatchPool& pool, bool deliver) {
  for (int count = 0; count < kMostRecords; ++count) {
    const BatchRef batch = pool.take();
    const auto found = queue.read(*batch);
    if (!found.ok()) std::abort();  // the disk in memory has no errors
    if (!*found) return count;
    if (!deliver) batch->abandon();
  }
  std::abort();
}

void append_one(PersistentQueue& queue, BatchPool& pool) {
  RecordWriter writer;
  const BatchRef batch = pool.take();
  auto& event = batch->make();
  event.set(Key::intern("n"), Value::integer(1));
  batch->add(event);
  if (!queue.append(writer, *batch, false).ok()) std::abort();
}

void run_queue(Env& env) {
  BatchPool pool;
  int before = 0;
  for (const bool deliver : {false, true}) {
    auto queue = PersistentQueue::open(env, settings());
    if (!queue.ok()) std::abort();
    const int count = read_all(**queue, pool, deliver);
    // What was not delivered comes again, and what could not be read is set aside once.
    if (deliver && count != before) std::abort();
    before = count + 1;
    append_one(**queue, pool);
    if (read_all(**queue, pool, deliver) != 1) std::abort();
    if (!(*queue)->close().ok()) std::abort();
  }
}

void run_letters(Env& env) {
  auto reader = LetterReader::open(env, "/letters", {1, false});
  if (!reader.ok()) return;
  BatchPool pool;
  Record record;
  for (int count = 0; count < kMostRecords; ++count) {
    const auto found = (*reader)->next(record);
    if (!found.ok() || !*found) return;
    const BatchRef batch = pool.take();
    if (const auto letter = decode_letter(record.payload.view(), *batch)) {
      (void)letter->refusal();
      (void)letter->entry_time();
    }
  }
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool quiet = [] {
    log::Options options;
    options.level = log::Level::fatal;
    log::configure(options);
    return true;
  }();
  (void)quiet;
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto form = static_cast<Form>(data[0] % forms);
  test::SimulatedEnv env;
  const std::string file = form == records            ? segment_of({rest})
                           : form == checkpoint_words ? checkpoint_of(rest)
                                                      : std::string(rest);
  put(env, form == checkpoint_words ? std::string("/q/checkpoint") : "/q/" + segment_name(1), file);
  put(env, "/letters/" + segment_name(1), file);
  run_queue(env);
  run_letters(env);
  return 0;
}
