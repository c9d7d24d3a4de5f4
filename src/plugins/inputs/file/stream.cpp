#include "plugins/inputs/file/stream.hpp"

#include <cstring>

#include "base/utf8.hpp"

namespace sluice::plugins::file {

FileStream::FileStream(std::shared_ptr<const Settings> settings, std::string path, std::string name)
    : settings_(std::move(settings)),
      path_(std::move(path)),
      name_(std::move(name)),
      decoder_(settings_->codec->decoder()),
      host_value_(Value::string(settings_->host_name, json_plain(settings_->host_name))),
      line_ends_(settings_->codec->wants_line_ends()) {}

void FileStream::begin(Batch& batch) {
  batch_ = &batch;
  before_ = batch.events().size();
  arrived_ = {};
  // The stream may be gone before the batch, so both texts go into it.
  path_value_ = Value::string(batch.arena().copy(path_), json_plain(path_));
  source_ = batch.add_source({settings_->id, batch.arena().copy(name_)});
}

void FileStream::end() {
  settings_->metrics->out.add(batch_->events().size() - before_);
  batch_ = nullptr;
}

void FileStream::decode(plugin::Chunk& chunk, Batch& batch) {
  begin(batch);
  for (const auto& ack : kept_) batch.hold(ack);
  batch.hold(chunk.ack);
  if (chunk.slab) batch.hold(std::move(chunk.slab));
  const std::string& delimiter = settings_->delimiter;
  std::string_view rest = chunk.bytes;
  while (!rest.empty()) {
    const size_t found = delimiter.size() == 1 ? rest.find(delimiter[0]) : rest.find(delimiter);
    const bool ended = found != std::string_view::npos;
    const size_t length = ended ? found + delimiter.size() : rest.size();
    position_ = chunk.position + static_cast<uint64_t>(rest.data() - chunk.bytes.data());
    const std::string_view line = rest.substr(0, length);
    const bool begins = !decoder_->pending();
    if (begins) begin_group(line);
    extra_ = 0;
    decode_line(line, ended);
    if (extra_ && !begins) begin_group(line);
    rest.remove_prefix(length);
  }
  const bool some = batch.events().size() != before_;
  if (!decoder_->pending()) {
    kept_.clear();
  } else {
    // An event ends what was kept before this chunk; without one it all is still in the codec.
    if (some) kept_.clear();
    kept_.push_back(std::move(chunk.ack));
  }
  end();
}

// The line's text counts beside its place: another file may come to the number that this one has in its
// folder.
void FileStream::begin_group(std::string_view line) {
  group_ = position_;
  if (!settings_->name_events) return;
  digest_.add(name_).add({reinterpret_cast<const char*>(&position_), sizeof position_}).add(line);
  group_digest_ = digest_.finish()[0];
}

void FileStream::decode_line(std::string_view line, bool ended) {
  const std::string& delimiter = settings_->delimiter;
  if (ended && line_ends_ && delimiter == "\n") {
    decoder_->decode(line, *this);
    return;
  }
  if (ended) line.remove_suffix(delimiter.size());
  if (!line_ends_) {
    decoder_->decode(line, *this);
    return;
  }
  char* copy = batch_->arena().array<char>(line.size() + 1 + SlabRef::kPadding);
  std::memcpy(copy, line.data(), line.size());
  copy[line.size()] = '\n';
  std::memset(copy + line.size() + 1, 0, SlabRef::kPadding);
  decoder_->decode({copy, line.size() + 1}, *this);
}

void FileStream::flush(Batch& batch) {
  begin(batch);
  for (auto& ack : kept_) batch.hold(std::move(ack));
  kept_.clear();
  extra_ = 0;
  decoder_->flush(*this);
  end();
}

void FileStream::add(Event& event) {
  const Settings& s = *settings_;
  event.digest = group_digest_;
  event.position = group_ + extra_++;
  normalize(event, arrived_);
  s.metadata_path.put(event, path_value_);
  s.metadata_host.put(event, host_value_);
  s.host.fill(event, host_value_);
  s.path.fill(event, path_value_);
  if (!s.decoration.empty()) (void)s.decoration.apply(event);
  batch_->add(event);
}

}  // namespace sluice::plugins::file
