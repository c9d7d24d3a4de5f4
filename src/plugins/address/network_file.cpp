#include "plugins/address/network_file.hpp"

#include <vector>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/time.hpp"

namespace sluice::plugins::address {
namespace {

constexpr size_t kShown = 100;

// Ruby's String#split: empty pieces at the end do not count.
std::vector<std::string_view> pieces_of(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> pieces;
  size_t kept = 0;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    pieces.push_back(text.substr(begin, end - begin));
    if (end > begin) kept = pieces.size();
    begin = end + separator.size();
  }
  pieces.resize(kept);
  return pieces;
}

}  // namespace

Status NetworkFile::load() {
  std::shared_ptr<const NetworkSet> networks;
  if (Status status = read(networks); !status.ok()) return status;
  networks_ = networks ? std::move(networks) : std::make_shared<const NetworkSet>();
  next_read_ = steady_nanos() + refresh_nanos_;
  return {};
}

std::shared_ptr<const NetworkSet> NetworkFile::get() {
  const int64_t now = steady_nanos();
  int64_t due = next_read_.load(std::memory_order_relaxed);
  // One worker reads; the others go on with what there is.
  if (due < now && next_read_.compare_exchange_strong(due, now + refresh_nanos_)) {
    std::shared_ptr<const NetworkSet> fresh;
    if (const Status status = read(fresh); !status.ok())
      log::error(logger_, "Error while opening/parsing the file", {{"reason", status.message()}});
    std::scoped_lock lock(mutex_);
    if (fresh) networks_ = std::move(fresh);
    return networks_;
  }
  std::scoped_lock lock(mutex_);
  return networks_;
}

Status NetworkFile::read(std::shared_ptr<const NetworkSet>& networks) const {
  const auto text = read_file(path_);
  if (!text.ok()) return Status::config(path_ + ": " + text.message());
  const auto pieces = pieces_of(*text, separator_);
  if (pieces.empty()) return {};
  auto fresh = std::make_shared<NetworkSet>();
  size_t skipped = 0;
  std::string_view first;
  for (const auto piece : pieces) {
    if (const auto network = parse(piece))
      fresh->add(*network);
    else if (skipped++ == 0)
      first = piece;
  }
  fresh->seal();
  if (skipped)
    log::warn(logger_, "Invalid IP network, skipping",
              {{"file", path_}, {"network", first.substr(0, kShown)}, {"skipped", skipped}});
  networks = std::move(fresh);
  return {};
}

}  // namespace sluice::plugins::address
