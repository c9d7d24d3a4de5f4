// Cuts a stream of bytes at a delimiter. Whole lines stay where the input read them; only an unfinished one
// is kept.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/arena.hpp"

namespace sluice::plugins {

/// The longest event that a codec takes from a stream; longer ones are cut, so that a peer that never sends a
/// delimiter cannot fill the memory.
inline constexpr size_t kMaxEventBytes = size_t{20} << 20;

/// The cutter of one stream.
class LineSplitter {
 public:
  struct Line {
    std::string_view bytes;  // JsonReader::kPadding readable bytes follow
    bool cut = false;        // longer than the limit: the rest up to the next delimiter is skipped
  };

  /// `unit`: bytes of a character's smallest unit; a delimiter stands at a multiple of it from the line's
  /// start. `keep_delimiter`: it stays part of the line.
  explicit LineSplitter(std::string delimiter = "\n", size_t limit = kMaxEventBytes, size_t unit = 1,
                        bool keep_delimiter = false);

  /// Takes the next line off `rest`. False when there is none left; what remains of `rest` is then kept. A
  /// line that began in an earlier chunk is put together in `arena`, any other is a view of `rest`.
  bool next(std::string_view& rest, Arena& arena, Line& line);
  /// The unfinished line, if there is one.
  bool flush(Arena& arena, Line& line);
  [[nodiscard]] bool pending() const { return !skipping_ && !carry_.empty(); }

 private:
  struct Found {
    bool found = false;
    size_t length = 0;  // of the line, what is carried included
    size_t next = 0;    // in `rest`, behind the delimiter
  };
  [[nodiscard]] Found find(std::string_view rest) const;
  [[nodiscard]] size_t search(std::string_view text, size_t from, size_t line_offset) const;
  std::string_view assemble(std::string_view rest, size_t length, Arena& arena);
  void keep_tail(std::string_view rest);
  void drop_carry();

  std::string delimiter_;
  size_t limit_;
  size_t unit_;
  bool keep_delimiter_;
  std::string carry_;
  size_t skipped_ = 0;  // bytes of the line before carry_, while skipping
  bool skipping_ = false;
};

}  // namespace sluice::plugins
