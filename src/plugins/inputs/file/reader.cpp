#include "plugins/inputs/file/reader.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sluice::plugins::file {
namespace {

constexpr size_t kCompressedRead = 64 << 10;
constexpr size_t kFingerprinted = 1024;

ssize_t read_at(int fd, char* into, size_t size, int64_t position) {
  while (true) {
    const ssize_t n = ::pread(fd, into, size, position);
    if (n >= 0 || errno != EINTR) return n;
  }
}

/// Length of the whole lines at the front of `text`; 0: none.
size_t whole_lines(std::string_view text, const std::string& delimiter) {
  const size_t at = delimiter.size() == 1 ? text.rfind(delimiter[0]) : text.rfind(delimiter);
  return at == std::string_view::npos ? 0 : at + delimiter.size();
}

/// Reads again what has no end yet, instead of keeping it: between two looks at a file nothing is held but a
/// number.
class PlainReader : public Reader {
 public:
  PlainReader(int fd, int64_t position, ReaderLimits limits)
      : Reader(fd), limits_(std::move(limits)), position_(position) {}
  ~PlainReader() override { ::close(fd_); }

  Outcome next(bool final, Piece& piece) override {
    if (skipping_) return skip();
    for (size_t size = limits_.chunk_size;; size = std::min(size * 4, limits_.max_line_bytes)) {
      auto slab = SlabRef::allocate(size);
      const ssize_t n = read_at(fd_, slab.data(), size, position_);
      if (n < 0) return fail();
      const std::string_view text(slab.data(), static_cast<size_t>(n));
      size_t length = whole_lines(text, limits_.delimiter);
      const bool full = text.size() == size;
      if (length == 0 && full && size < limits_.max_line_bytes) continue;
      piece.cut = length == 0 && full;
      if (piece.cut) skipping_ = true;
      if (piece.cut || (length == 0 && final)) length = text.size();
      if (length == 0) return Outcome::nothing;
      piece.bytes = text.substr(0, length);
      piece.slab = std::move(slab);
      piece.position = position_;
      position_ += static_cast<int64_t>(length);
      piece.end = position_;
      return Outcome::piece;
    }
  }

  [[nodiscard]] int64_t position() const override { return position_; }

 private:
  Outcome fail() {
    error_ = std::strerror(errno);
    return Outcome::failed;
  }

  /// Goes on to the end of the line that was cut.
  Outcome skip() {
    char text[32 << 10];
    const ssize_t n = read_at(fd_, text, sizeof text, position_);
    if (n < 0) return fail();
    if (n == 0) return Outcome::nothing;
    const std::string_view read(text, static_cast<size_t>(n));
    const size_t at = read.find(limits_.delimiter);
    if (at != std::string_view::npos) {
      skipping_ = false;
      position_ += static_cast<int64_t>(at + limits_.delimiter.size());
    } else {
      // The delimiter may lie across the end of what was read.
      position_ += static_cast<int64_t>(
          std::max<size_t>(1, read.size() - std::min(read.size(), limits_.delimiter.size() - 1)));
    }
    return Outcome::skipped;
  }

  ReaderLimits limits_;
  int64_t position_;
  bool skipping_ = false;
};

class GzipReader : public Reader {
 public:
  GzipReader(int fd, int64_t file_size, ReaderLimits limits)
      : Reader(fd),
        limits_(std::move(limits)),
        file_size_(file_size),
        input_(SlabRef::allocate(kCompressedRead)) {
    zlib_ = {};
    ready_ = ::inflateInit2(&zlib_, 15 + 16) == Z_OK;
  }
  ~GzipReader() override {
    if (ready_) ::inflateEnd(&zlib_);
    ::close(fd_);
  }

  Outcome next(bool, Piece& piece) override {
    if (!error_.empty()) return Outcome::failed;
    if (finished_ && carried_ == 0) return Outcome::nothing;
    auto slab = SlabRef::allocate(carried_ + limits_.chunk_size);
    if (carried_) std::memcpy(slab.data(), carry_.data() + carry_at_, carried_);
    size_t size = carried_;
    while (true) {
      // What came before the damage is still good.
      if (!finished_ && !fill(slab, size) && whole_lines({slab.data(), size}, limits_.delimiter) == 0)
        return Outcome::failed;
      if (finished_ && size == 0) return Outcome::nothing;
      const std::string_view text(slab.data(), size);
      size_t length = finished_ ? size : whole_lines(text, limits_.delimiter);
      if (skipping_) {
        const size_t at = text.find(limits_.delimiter);
        const size_t gone = at == std::string_view::npos
                                ? (finished_ ? size : size - std::min(size, limits_.delimiter.size() - 1))
                                : at + limits_.delimiter.size();
        skipping_ = at == std::string_view::npos;
        keep(slab, gone, size);
        text_position_ += static_cast<int64_t>(gone);
        return finished_ && carried_ == 0 ? Outcome::nothing : Outcome::skipped;
      }
      if (length == 0 && size < limits_.max_line_bytes) {
        auto larger = SlabRef::allocate(std::max(size * 2, size + limits_.chunk_size));
        std::memcpy(larger.data(), slab.data(), size);
        slab = std::move(larger);
        continue;
      }
      piece.cut = length == 0;
      if (piece.cut) length = limits_.max_line_bytes;
      skipping_ = piece.cut;
      keep(slab, length, size);
      piece.bytes = {slab.data(), length};
      piece.slab = std::move(slab);
      piece.position = text_position_;
      text_position_ += static_cast<int64_t>(length);
      piece.end = finished_ && carried_ == 0 ? file_size_ : 0;
      return Outcome::piece;
    }
  }

  [[nodiscard]] int64_t position() const override { return finished_ && carried_ == 0 ? file_size_ : 0; }

 private:
  void keep(const SlabRef& slab, size_t from, size_t to) {
    // A piece may hold the same slab: its bytes are not changed any more, so the rest can stay in it.
    carry_ = slab;
    carry_at_ = from;
    carried_ = to - from;
  }

  /// Inflates until the slab is full or the archive has ended.
  bool fill(const SlabRef& slab, size_t& size) {
    while (size < slab.capacity() && !finished_) {
      if (zlib_.avail_in == 0) {
        const ssize_t n = read_at(fd_, input_.data(), kCompressedRead, compressed_);
        if (n < 0) return fail(std::strerror(errno));
        if (n == 0 && !between_members_) return fail("the archive ends too early");
        if (n == 0) {
          finished_ = true;
          break;
        }
        compressed_ += n;
        zlib_.next_in = reinterpret_cast<Bytef*>(input_.data());
        zlib_.avail_in = static_cast<uInt>(n);
      }
      if (between_members_ && started_) {
        if (*zlib_.next_in != 0x1f) {  // what follows an archive is padding, as for gzip itself
          finished_ = true;
          break;
        }
        ::inflateReset(&zlib_);
      }
      started_ = true;
      between_members_ = false;
      zlib_.next_out = reinterpret_cast<Bytef*>(slab.data() + size);
      const auto room = static_cast<uInt>(std::min<size_t>(slab.capacity() - size, 1u << 30));
      zlib_.avail_out = room;
      const int result = ::inflate(&zlib_, Z_NO_FLUSH);
      size += room - zlib_.avail_out;
      if (result == Z_STREAM_END)
        between_members_ = true;
      else if (result != Z_OK && result != Z_BUF_ERROR)
        return fail(zlib_.msg ? zlib_.msg : "not a gzip archive");
    }
    return true;
  }

  bool fail(const char* reason) {
    error_ = reason;
    return false;
  }

  ReaderLimits limits_;
  int64_t file_size_;
  SlabRef input_;
  z_stream zlib_;
  bool ready_ = false;
  bool started_ = false;
  bool between_members_ = true;
  bool finished_ = false;
  bool skipping_ = false;
  int64_t compressed_ = 0;
  int64_t text_position_ = 0;
  SlabRef carry_;
  size_t carry_at_ = 0;
  size_t carried_ = 0;
};

}  // namespace

std::unique_ptr<Reader> Reader::plain(int fd, int64_t position, ReaderLimits limits) {
  return std::make_unique<PlainReader>(fd, position, std::move(limits));
}

std::unique_ptr<Reader> Reader::gzip(int fd, int64_t file_size, ReaderLimits limits) {
  return std::make_unique<GzipReader>(fd, file_size, std::move(limits));
}

bool is_gzip_name(std::string_view path) { return path.ends_with(".gz") || path.ends_with(".gzip"); }

Status check_archive(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Status::system(std::strerror(errno));
  const auto reader = Reader::gzip(fd, 1, {"\n", kCompressedRead, size_t{1} << 20});
  Piece piece;
  while (true) {
    const auto outcome = reader->next(true, piece);
    if (outcome == Reader::Outcome::failed) return Status::system(reader->error());
    if (outcome == Reader::Outcome::nothing) return {};
  }
}

uint64_t first_line_fingerprint(int fd, const std::string& delimiter) {
  char text[kFingerprinted];
  const ssize_t n = read_at(fd, text, sizeof text, 0);
  if (n <= 0) return 0;
  const std::string_view read(text, static_cast<size_t>(n));
  const size_t at = read.find(delimiter);
  if (at == std::string_view::npos && read.size() < sizeof text) return 0;
  uint64_t hash = 14695981039346656037ull;  // FNV-1a
  for (const char c : read.substr(0, at)) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return hash ? hash : 1;
}

}  // namespace sluice::plugins::file
