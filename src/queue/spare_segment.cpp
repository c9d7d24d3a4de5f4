// A delivered segment's file becomes the next segment: its blocks on the disk and its pages in the system's
// memory are there already, which spares more than half of what it costs to write it.
#include <algorithm>
#include <array>

#include "queue/persistent_queue.hpp"

namespace sluice::queue {

std::string PersistentQueue::spare_path() const { return settings_.folder + "/" + std::string(kSpareName); }

// The spare file as a segment, or null. Its header is there before its name is.
std::shared_ptr<Env::File> PersistentQueue::take_spare(const SegmentHeader& header) {
  auto file = std::exchange(spare_, nullptr);
  if (!file) return nullptr;
  const auto size = file->size();
  const auto image = queue::encode(header);
  const auto mark = end_mark({header.number, kSegmentHeader});
  std::array<char, kBlankSegment.size()> begin{};
  std::copy(mark.begin(), mark.end(), std::copy(image.begin(), image.end(), begin.begin()));
  if (size.ok() && file->write(0, {begin.data(), begin.size()}).ok() &&
      env_.rename(spare_path(), path_of(header.number)).ok()) {
    head_size_ = *size;
    return file;
  }
  (void)env_.remove(spare_path());
  return nullptr;
}

// False: the file is as before.
bool PersistentQueue::keep_as_spare(uint64_t number) {
  {
    std::scoped_lock lock(mutex_);
    if (spare_) return false;
  }
  auto file = env_.open(path_of(number));
  if (!file.ok()) return false;
  const auto size = (*file)->size();
  if (!size.ok() || *size > settings_.page_capacity || !env_.rename(path_of(number), spare_path()).ok())
    return false;
  // Its name and its blank header are safe before it is used: a file that came back under its old name, or
  // with its old header, after a loss of power could be taken for a segment of the number that it had in the
  // meantime.
  Status status = env_.sync_folder(settings_.folder);
  if (status.ok()) status = (*file)->write(0, {kBlankSegment.data(), kBlankSegment.size()});
  if (status.ok()) status = (*file)->sync();
  if (status.ok()) {
    std::scoped_lock lock(mutex_);
    spare_ = std::move(*file);
  } else {
    (void)env_.remove(spare_path());
  }
  return true;
}

}  // namespace sluice::queue
