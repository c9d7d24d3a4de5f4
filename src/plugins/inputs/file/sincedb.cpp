#include "plugins/inputs/file/sincedb.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/file.hpp"
#include "base/time.hpp"

namespace sluice::plugins::file {
namespace {

constexpr int64_t kNanosPerMicro = 1000;

std::string_view next_word(std::string_view& line) {
  const size_t end = std::min(line.find(' '), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

template <class T>
bool number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

bool parse_line(std::string_view line, FileId& id, Sincedb::Record& record) {
  if (!number(next_word(line), id.inode) || !number(next_word(line), id.major) ||
      !number(next_word(line), id.minor) || !number(next_word(line), record.position) || record.position < 0)
    return false;
  if (line.empty()) return true;  // the first version ends here
  double seconds = 0;
  if (!number(next_word(line), seconds)) return false;
  // A file written by hand may hold any time; what nanoseconds cannot hold is as late as they go.
  constexpr double kLastSecond = 9.2e9;
  if (!(seconds >= 0)) seconds = 0;
  record.last_active_nanos = std::llround(std::min(seconds, kLastSecond) * 1e6) * kNanosPerMicro;
  record.path = line;
  return true;
}

// A device or pipe, which can be neither replaced nor synced.
Status write_to_device(const std::string& path, std::string_view text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : 0;
  while (n >= 0 && !text.empty()) {
    n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) n = 0;
    text.remove_prefix(static_cast<size_t>(std::max<ssize_t>(n, 0)));
  }
  auto status = n < 0 ? Status::system(std::strerror(errno)) : Status{};
  if (fd >= 0) ::close(fd);
  return status;
}

}  // namespace

Status Sincedb::load(size_t& skipped) {
  skipped = 0;
  FileInfo info;
  if (!look_at(path_, info) || !info.regular) return {};
  std::ifstream in(path_);
  if (!in) return Status::system("cannot read " + path_ + ": " + std::strerror(errno));
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    FileId id;
    Record record;
    if (parse_line(line, id, record))
      records_[id] = std::move(record);
    else
      ++skipped;
  }
  return {};
}

Sincedb::Record* Sincedb::find(const FileId& id) {
  const auto at = records_.find(id);
  return at == records_.end() ? nullptr : &at->second;
}

std::string Sincedb::text(int64_t keep_millis) {
  std::ostringstream out;
  out.precision(6);
  out << std::fixed;
  const int64_t oldest = wall_nanos() - keep_millis * 1'000'000;
  for (auto at = records_.begin(); at != records_.end();) {
    auto& [id, record] = *at;
    if (record.live) {
      record.position = record.live->delivered();
      record.last_active_nanos = std::max(record.last_active_nanos, record.live->last_active());
    }
    const bool settled = !record.live || record.live->idle();
    if (!record.watched && settled && record.last_active_nanos && record.last_active_nanos < oldest) {
      at = records_.erase(at);
      continue;
    }
    out << id.inode << ' ' << id.major << ' ' << id.minor << ' ' << record.position;
    if (record.last_active_nanos)
      out << ' ' << static_cast<double>(record.last_active_nanos) / 1e9 << ' ' << record.path;
    out << '\n';
    ++at;
  }
  return out.str();
}

Status Sincedb::save(int64_t keep_millis) {
  std::string now = text(keep_millis);
  if (now == saved_) return {};
  FileInfo info;
  const bool there = look_at(path_, info);
  Status status;
  if (path_ == "/dev/null") {
    // Keeps none.
  } else if (there && !info.regular) {
    status = write_to_device(path_, now);
  } else {
    if (!there) (void)env_.make_folders(std::filesystem::path(path_).parent_path().string());
    status = replace_file(env_, path_, now);
  }
  if (!status.ok()) return Status::system("cannot write " + path_ + ": " + status.message());
  saved_ = std::move(now);
  return {};
}

std::string Sincedb::default_path(const std::string& path_data, const std::vector<std::string>& paths) {
  std::string joined;
  for (const auto& path : paths) joined += (joined.empty() ? "" : ",") + path;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(joined.data(), joined.size(), digest, &size, EVP_md5(), nullptr);
  std::string hex;
  constexpr char kDigits[] = "0123456789abcdef";
  for (unsigned i = 0; i < size; ++i) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return path_data + "/plugins/inputs/file/.sincedb_" + hex;
}

}  // namespace sluice::plugins::file
