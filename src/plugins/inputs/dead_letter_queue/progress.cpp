#include "plugins/inputs/dead_letter_queue/progress.hpp"

#include <charconv>
#include <filesystem>

#include "base/file.hpp"

namespace sluice::plugins::dead_letters {

uint64_t Progress::read(queue::LetterId letter) {
  std::scoped_lock lock(mutex_);
  items_.push_back({letter});
  return first_ + items_.size() - 1;
}

void Progress::read_to_end(uint64_t segment) {
  std::scoped_lock lock(mutex_);
  items_.push_back({{segment, 0}, true, true});
  advance();
}

void Progress::settled(uint64_t letter, bool delivered) {
  if (!delivered) return;
  std::scoped_lock lock(mutex_);
  items_[letter - first_].done = true;
  advance();
}

void Progress::advance() {
  for (; !items_.empty() && items_.front().done; items_.pop_front(), ++first_) {
    const auto& item = items_.front();
    next_ = item.end ? queue::LetterId{item.letter.segment + 1, 0}
                     : queue::LetterId{item.letter.segment, item.letter.index + 1};
  }
}

queue::LetterId Progress::next() const {
  std::scoped_lock lock(mutex_);
  return next_;
}

Result<std::optional<queue::LetterId>> Sincedb::load() const {
  std::error_code error;
  if (!std::filesystem::exists(path_, error) && !error) return std::optional<queue::LetterId>{};
  auto text = read_file(path_, 64);
  if (!text.ok()) return text.status();
  queue::LetterId id;
  const char* const end = text->data() + text->size();
  auto [at, problem] = std::from_chars(text->data(), end, id.segment);
  if (problem == std::errc{} && at != end && *at == ' ') {
    const auto index = std::from_chars(at + 1, end, id.index);
    at = index.ptr, problem = index.ec;
  } else {
    problem = std::errc::invalid_argument;
  }
  if (problem != std::errc{} || std::string_view(at, static_cast<size_t>(end - at)) != "\n")
    return Status::error(Fault::input, "it holds no position of a dead letter queue");
  return std::optional(id);
}

Status Sincedb::save(queue::LetterId next) {
  if (saved_ == next) return {};
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  if (!folder.empty())
    if (auto status = env_.make_folders(folder); !status.ok()) return status;
  const std::string text = std::to_string(next.segment) + " " + std::to_string(next.index) + "\n";
  auto status = replace_file(env_, path_, text);
  if (status.ok()) saved_ = next;
  return status;
}

}  // namespace sluice::plugins::dead_letters
