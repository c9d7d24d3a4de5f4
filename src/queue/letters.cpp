#include "queue/letters.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/log.hpp"

namespace sluice::queue {
namespace {

constexpr std::string_view kOpen = ".open";
constexpr size_t kMostSetAside = 64 << 20;  // bytes of one stretch

struct NoteNames {
  Key plugin_type = Key::intern("plugin_type"), plugin_id = Key::intern("plugin_id");
  Key place = Key::intern("place"), reason = Key::intern("reason"), entry_time = Key::intern("entry_time");
  static const NoteNames& get() {
    static const NoteNames names;
    return names;
  }
};

std::string_view text_of(const Event& note, Key key) {
  const Value* value = note.get(key);
  return value && value->is_string() ? value->as_text() : std::string_view{};
}

RecordHeader header_of(std::string_view payload, uint64_t index) {
  RecordHeader header;
  header.first = index;
  header.events = kLetterEvents;
  header.stored = header.plain = static_cast<uint32_t>(payload.size());
  header.payload_checksum = checksum(payload);
  return header;
}

bool number_of(std::string_view text, uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

}  // namespace

std::string to_string(LetterId id) { return std::to_string(id.segment) + "." + std::to_string(id.index); }

std::optional<LetterId> parse_letter_id(std::string_view text) {
  const size_t dot = text.find('.');
  LetterId id;
  if (dot == std::string_view::npos || !number_of(text.substr(0, dot), id.segment) ||
      !number_of(text.substr(dot + 1), id.index))
    return std::nullopt;
  return id;
}

plugin::Refusal Letter::refusal() const {
  const auto& names = NoteNames::get();
  return {text_of(*note, names.plugin_type), text_of(*note, names.plugin_id), text_of(*note, names.place),
          text_of(*note, names.reason)};
}

int64_t Letter::entry_time() const {
  const Value* value = note->get(NoteNames::get().entry_time);
  return value && value->kind() == Value::Kind::timestamp ? value->as_nanos() : 0;
}

void LetterEncoder::encode(const Event& event, const plugin::Refusal& refusal, int64_t entry_time,
                           Buffer& out) {
  const BatchRef batch = pool_.take();
  const auto& names = NoteNames::get();
  auto& note = batch->make();
  note.set(names.plugin_type, Value::string(refusal.plugin_type));
  note.set(names.plugin_id, Value::string(refusal.plugin_id));
  note.set(names.place, Value::string(refusal.place));
  note.set(names.reason, Value::string(refusal.reason));
  note.set(names.entry_time, Value::timestamp(entry_time));
  const auto& sources = event.batch().sources();
  const bool known = event.source < sources.size();
  const uint32_t source = batch->add_source(known ? sources[event.source] : BatchSource{});
  auto& copy = batch->clone(event);
  copy.source = source;
  Event* const both[] = {&note, &copy};
  writer_.write(*batch, both, out);
}

std::optional<Letter> decode_letter(std::string_view payload, Batch& batch) {
  auto& events = batch.event_list();
  const size_t before = events.size();
  const bool whole = read_binary(payload, kLetterEvents, batch) && events.size() == before + kLetterEvents;
  std::optional<Letter> letter;
  if (whole) letter = Letter{events[before], events[before + 1]};
  events.resize(before);
  return letter;
}

std::string LetterSegment::name() const { return segment_name(number) + (open ? std::string(kOpen) : ""); }

Result<std::vector<LetterSegment>> letter_segments(Env& env, const std::string& folder) {
  auto names = env.list(folder);
  if (!names.ok()) return names.status();
  std::map<uint64_t, bool> found;
  for (const std::string_view name : *names) {
    const bool open = name.ends_with(kOpen);
    const auto number = segment_number(open ? name.substr(0, name.size() - kOpen.size()) : name);
    if (!number) continue;
    const auto [at, fresh] = found.emplace(*number, open);
    if (!fresh) at->second = false;
  }
  std::vector<LetterSegment> segments;
  for (const auto& [number, open] : found) segments.push_back({number, open});
  return segments;
}

LetterReader::LetterReader(std::unique_ptr<Env::File> file, uint64_t number, uint64_t size)
    : reader_(std::move(file), number), size_(size) {
  reader_.set_end(size);
}

Result<std::unique_ptr<LetterReader>> LetterReader::open(Env& env, const std::string& folder,
                                                         const LetterSegment& segment) {
  auto file = env.open(folder + "/" + segment.name());
  if (!file.ok()) return file.status();
  const auto size = (*file)->size();
  if (!size.ok()) return size.status();
  return std::unique_ptr<LetterReader>(new LetterReader(std::move(*file), segment.number, *size));
}

Result<bool> LetterReader::next(Record& record) {
  for (;;) {
    const auto step = reader_.next(record, [this](const Damage& damage) {
      damaged_ += damage.size;
      stretches_.push_back(damage);
    });
    if (!step.ok()) return step.status();
    if (*step == SegmentReader::Step::end) return false;
    if (record.header.events == kLetterEvents) return true;
  }
}

std::string LetterReader::damaged() {
  std::string bytes;
  for (const auto& stretch : stretches_) bytes += reader_.bytes(stretch, kMostSetAside);
  return bytes;
}

uint64_t record_size(size_t payload) {
  RecordHeader header;
  header.stored = static_cast<uint32_t>(payload);
  return header.extent();
}

void append_record(std::string_view payload, uint64_t index, RecordPlace place, Buffer& out) {
  const RecordHeader header = header_of(payload, index);
  const auto image = encode(header, place);
  out.append({image.data(), image.size()});
  out.append(payload);
  for (uint64_t n = kRecordHeader + payload.size(); n < header.extent(); ++n) out.append('\0');
}

namespace {

// A new file with these bytes that survives a loss of power, under a name that nobody looks at.
Status write_fresh(Env& env, const std::string& path, std::string_view bytes) {
  (void)env.remove(path);  // of a run that was stopped here
  auto file = env.create(path);
  if (!file.ok()) return file.status();
  if (auto status = (*file)->write(0, bytes); !status.ok()) return status;
  return (*file)->sync();
}

Status set_aside(Env& env, const std::string& folder, uint64_t segment, std::string_view bytes) {
  const std::string damaged = folder + "/damaged";
  if (auto status = env.make_folders(damaged); !status.ok()) return status;
  if (auto status = write_fresh(env, damaged + "/" + segment_name(segment), bytes); !status.ok())
    return status;
  return env.sync_folder(damaged);
}

}  // namespace

Status rewrite_letters(Env& env, const std::string& folder, const LetterSegment& from,
                       const std::function<bool(const Record&)>& keep, uint64_t& kept) {
  kept = 0;
  auto reader = LetterReader::open(env, folder, from);
  if (!reader.ok()) return reader.status();
  Buffer bytes;
  const auto header = encode(SegmentHeader{from.number, 0});
  bytes.append({header.data(), header.size()});
  for (Record record;;) {
    const auto more = (*reader)->next(record);
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (!keep(record)) continue;
    append_record(record.payload.view(), record.header.first, {from.number, bytes.size()}, bytes);
    ++kept;
  }
  const std::string sealed = folder + "/" + segment_name(from.number);
  if (kept == 0) {
    if (auto status = env.remove(folder + "/" + from.name()); !status.ok()) return status;
  } else {
    const std::string fresh = folder + "/rewritten." + std::to_string(from.number);
    if (auto status = write_fresh(env, fresh, bytes.view()); !status.ok()) return status;
    if (auto status = env.rename(fresh, sealed); !status.ok()) return status;
    if (from.open)
      if (auto status = env.remove(folder + "/" + from.name()); !status.ok()) return status;
  }
  return env.sync_folder(folder);
}

Status seal_left_open(Env& env, const std::string& folder) {
  auto names = env.list(folder);
  if (!names.ok()) return names.status();
  for (const std::string_view name : *names) {
    if (!name.ends_with(kOpen)) continue;
    const auto number = segment_number(name.substr(0, name.size() - kOpen.size()));
    if (!number) continue;
    const std::string path = folder + "/" + std::string(name);
    if (std::find(names->begin(), names->end(), segment_name(*number)) != names->end()) {
      // The sealed form was made of it, and then the process was stopped.
      if (auto status = env.remove(path); !status.ok()) return status;
      continue;
    }
    const LetterSegment segment{*number, true};
    auto reader = LetterReader::open(env, folder, segment);
    if (!reader.ok()) return reader.status();
    uint64_t letters = 0;
    for (Record record;; ++letters) {
      const auto more = (*reader)->next(record);
      if (!more.ok()) return more.status();
      if (!*more) break;
    }
    if (const uint64_t damaged = (*reader)->damaged_bytes(); damaged || letters == 0) {
      if (damaged) {
        log::warn("logstash.dlq", "Bytes of dead letters that were not written to the end are set aside",
                  {{"segment", path}, {"bytes", damaged}});
        if (auto status = set_aside(env, folder, *number, (*reader)->damaged()); !status.ok()) return status;
      }
      uint64_t kept = 0;
      if (auto status = rewrite_letters(
              env, folder, segment, [](const Record&) { return true; }, kept);
          !status.ok())
        return status;
    } else if (auto status = env.rename(path, folder + "/" + segment_name(*number)); !status.ok()) {
      return status;
    }
  }
  return env.sync_folder(folder);
}

Result<std::unique_ptr<Env::Lock>> lock_letters(Env& env, const std::string& folder) {
  return env.lock(folder + "/.lock");
}

}  // namespace sluice::queue
