// Whole lines out of a file, plain or gzip.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/slab.hpp"
#include "base/status.hpp"

namespace sluice::plugins::file {

/// A run of whole lines with their delimiters (the last one may lack it).
struct Piece {
  SlabRef slab;
  std::string_view bytes;
  int64_t position = 0;  // of the first byte, in the text
  int64_t end = 0;       // what is to be saved when these lines are delivered
  bool cut = false;      // a line over the bound, of which this is the beginning
};

struct ReaderLimits {
  std::string delimiter;
  size_t chunk_size;
  size_t max_line_bytes;
};

/// Reads one file from a position on. Owns the descriptor.
class Reader {
 public:
  enum class Outcome : uint8_t {
    piece,
    nothing,  // no whole line is there (yet)
    skipped,  // bytes of a line that was cut went by: position() has moved
    failed,   // see error()
  };
  virtual ~Reader() = default;
  /// The next lines; `final`: the file will not grow, so what is left without a delimiter is a line as well.
  virtual Outcome next(bool final, Piece& piece) = 0;
  /// Where the next piece begins; what must be saved to read it again.
  [[nodiscard]] virtual int64_t position() const = 0;
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] int fd() const { return fd_; }

  static std::unique_ptr<Reader> plain(int fd, int64_t position, ReaderLimits limits);
  /// Reads from the beginning. Pieces end at 0 until the last one, which ends at `file_size`: a compressed
  /// file is delivered as a whole.
  static std::unique_ptr<Reader> gzip(int fd, int64_t file_size, ReaderLimits limits);

 protected:
  explicit Reader(int fd) : fd_(fd) {}
  int fd_;
  std::string error_;
};

/// True for a name that ends in .gz or .gzip.
bool is_gzip_name(std::string_view path);
/// Decompresses the whole file to see whether it can be.
Status check_archive(const std::string& path);
/// A number for the file's first line (of its first KiB), 0 while it has none: tells a new file from an old
/// one that has the same inode.
uint64_t first_line_fingerprint(int fd, const std::string& delimiter);

}  // namespace sluice::plugins::file
