#include "plugins/inputs/file/stream.hpp"

namespace sluice::plugins::file {

FileStream::FileStream(std::shared_ptr<const Settings> settings, std::string path, std::string name)
    : settings_(std::move(settings)),
      path_(std::move(path)),
      name_(std::move(name)),
      decoder_(settings_->codec->decoder()) {}

void FileStream::begin(Batch& batch) {
  batch_ = &batch;
  before_ = batch.events().size();
  // The stream may be gone before the batch, so both texts go into it.
  path_value_ = Value::string(batch.arena().copy(path_));
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
    const size_t length = std::min(found, rest.size());
    position_ = chunk.position + static_cast<uint64_t>(rest.data() - chunk.bytes.data());
    decoder_->decode(rest.substr(0, length), *this);
    rest.remove_prefix(found == std::string_view::npos ? rest.size() : length + delimiter.size());
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

void FileStream::flush(Batch& batch) {
  begin(batch);
  for (auto& ack : kept_) batch.hold(std::move(ack));
  kept_.clear();
  decoder_->flush(*this);
  end();
}

void FileStream::add(Event& event) {
  const Settings& s = *settings_;
  event.position = position_;
  normalize(event);
  s.metadata_path.put(event, path_value_);
  s.metadata_host.put(event, Value::string(s.host_name));
  s.host.fill(event, Value::string(s.host_name));
  s.path.fill(event, path_value_);
  if (!s.decoration.empty()) (void)s.decoration.apply(event);
  batch_->add(event);
}

}  // namespace sluice::plugins::file
