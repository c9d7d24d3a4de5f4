#include "net/compress.hpp"

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <string>

namespace sluice::net {

namespace {

struct Free {
  void operator()(libdeflate_compressor* one) const { libdeflate_free_compressor(one); }
  void operator()(libdeflate_decompressor* one) const { libdeflate_free_decompressor(one); }
};

libdeflate_compressor* compressor(int level) {
  thread_local std::array<std::unique_ptr<libdeflate_compressor, Free>, 13> kept;
  auto& one = kept[static_cast<size_t>(std::clamp(level, 0, 12))];
  if (!one) one.reset(libdeflate_alloc_compressor(std::clamp(level, 0, 12)));
  if (!one) throw std::bad_alloc();
  return one.get();
}

// ISA-L's compressor, with the tables of its level 1.
struct FastCompressor {
  isal_zstream stream;
  uint8_t tables[ISAL_DEF_LVL1_DEFAULT];
};

// 0 when ISA-L does not take it.
size_t compress_fast(Compression format, std::string_view bytes, char* out, size_t room) {
  constexpr size_t kMost = UINT32_MAX;  // its sizes have 32 bits
  if (bytes.size() > kMost || room > kMost) return 0;
  thread_local const auto fast = std::make_unique_for_overwrite<FastCompressor>();
  isal_zstream& stream = fast->stream;
  isal_deflate_stateless_init(&stream);
  stream.level = 1;
  stream.level_buf = fast->tables;
  stream.level_buf_size = sizeof fast->tables;
  stream.gzip_flag = format == Compression::gzip ? IGZIP_GZIP : IGZIP_ZLIB;
  stream.end_of_stream = 1;
  stream.next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uint32_t>(bytes.size());
  stream.next_out = reinterpret_cast<uint8_t*>(out);
  stream.avail_out = static_cast<uint32_t>(room);
  return isal_deflate_stateless(&stream) == COMP_OK ? stream.total_out : 0;
}

size_t compress_bound(Compression format, size_t size, int level) {
  return format == Compression::gzip ? libdeflate_gzip_compress_bound(compressor(level), size)
                                     : libdeflate_zlib_compress_bound(compressor(level), size);
}

// `room` is compress_bound() at least. The size of what stands in `out` then.
size_t compress_into(Compression format, std::string_view bytes, int level, char* out, size_t room) {
  if (level == 1)
    if (const size_t size = compress_fast(format, bytes, out, room); size != 0) return size;
  const auto run = format == Compression::gzip ? libdeflate_gzip_compress : libdeflate_zlib_compress;
  return run(compressor(level), bytes.data(), bytes.size(), out, room);
}

libdeflate_decompressor* decompressor() {
  thread_local const std::unique_ptr<libdeflate_decompressor, Free> one(libdeflate_alloc_decompressor());
  if (!one) throw std::bad_alloc();
  return one.get();
}

constexpr std::string_view kOverBound = "the data inflates to more than ";

Status bound_error(size_t max_bytes) {
  return Status::error(Fault::input, std::string(kOverBound) + std::to_string(max_bytes) + " bytes");
}
Status damaged(const char* what) {
  return Status::error(Fault::input, std::string("the ") + what + " data is damaged or cut");
}

using Inflate = libdeflate_result (*)(libdeflate_decompressor*, const void*, size_t, void*, size_t, size_t*,
                                      size_t*);

// Decompresses one stream to the end of `out`, which is replaced by a larger one as often as it must. `out`
// never grows past max_bytes; most data fits the first guess.
libdeflate_result grow_and_inflate(Inflate inflate, std::string_view bytes, size_t max_bytes, SlabRef& out,
                                   size_t& consumed) {
  while (true) {
    size_t produced = 0;
    const size_t room = std::min(out.capacity(), max_bytes) - out.size();
    const auto result = inflate(decompressor(), bytes.data(), bytes.size(), out.data() + out.size(), room,
                                &consumed, &produced);
    if (result == LIBDEFLATE_SUCCESS) out.set_size(out.size() + produced);
    if (result != LIBDEFLATE_INSUFFICIENT_SPACE || out.capacity() >= max_bytes) return result;
    SlabRef larger = SlabRef::allocate(std::min(out.capacity() * 4, max_bytes));
    larger.append(out.view());
    out = std::move(larger);
  }
}

SlabRef first_guess(size_t compressed, size_t max_bytes) {
  return SlabRef::allocate(std::min(std::max<size_t>(compressed * 6, 4096), max_bytes));
}

// The whole of a zlib stream into `out`, which is empty.
Result<SlabRef> decompress_zlib(std::string_view bytes, size_t max_bytes, SlabRef out) {
  size_t consumed = 0;
  switch (grow_and_inflate(libdeflate_zlib_decompress_ex, bytes, max_bytes, out, consumed)) {
    case LIBDEFLATE_SUCCESS:
      return out;
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      return bound_error(max_bytes);
    default:
      return damaged("zlib");
  }
}

Result<SlabRef> decompress_gzip(std::string_view bytes, size_t max_bytes) {
  SlabRef out = first_guess(bytes.size(), max_bytes);
  do {
    size_t consumed = 0;
    switch (grow_and_inflate(libdeflate_gzip_decompress_ex, bytes, max_bytes, out, consumed)) {
      case LIBDEFLATE_SUCCESS:
        break;
      case LIBDEFLATE_INSUFFICIENT_SPACE:
        return bound_error(max_bytes);
      default:
        return damaged("gzip");
    }
    bytes.remove_prefix(consumed);
  } while (bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b');
  return out;
}

}  // namespace

SlabRef compress(Compression format, std::string_view bytes, int level) {
  SlabRef out = SlabRef::allocate(compress_bound(format, bytes.size(), level));
  out.set_size(compress_into(format, bytes, level, out.data(), out.capacity()));
  return out;
}

void compress(Compression format, std::string_view bytes, int level, Buffer& out) {
  const size_t room = compress_bound(format, bytes.size(), level);
  char* at = out.reserve(room);
  out.grow(compress_into(format, bytes, level, at, room));
}

Result<SlabRef> decompress(Compression format, std::string_view bytes, size_t max_bytes) {
  if (format == Compression::gzip) return decompress_gzip(bytes, max_bytes);
  auto zlib = decompress_zlib(bytes, max_bytes, first_guess(bytes.size(), max_bytes));
  if (zlib.ok() || over_bound(zlib.status()) || format == Compression::zlib) return zlib;
  SlabRef out = first_guess(bytes.size(), max_bytes);
  size_t consumed = 0;
  const auto result = grow_and_inflate(libdeflate_deflate_decompress_ex, bytes, max_bytes, out, consumed);
  if (result == LIBDEFLATE_SUCCESS) return out;
  if (result == LIBDEFLATE_INSUFFICIENT_SPACE) return bound_error(max_bytes);
  return damaged("deflate");
}

// libdeflate wants whole streams; zlib gives what there is of an unfinished one.
Result<SlabRef> decompress_flushed(std::string_view bytes, size_t max_bytes, size_t guess) {
  auto whole = decompress_zlib(
      bytes, max_bytes,
      guess == 0 ? first_guess(bytes.size(), max_bytes) : SlabRef::allocate(std::min(guess, max_bytes)));
  if (whole.ok() || over_bound(whole.status())) return whole;
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return Status::system("no memory for zlib");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> ends(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  SlabRef out = first_guess(bytes.size(), max_bytes);
  while (true) {
    const size_t room = std::min(out.capacity(), max_bytes) - out.size();
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + out.size());
    stream.avail_out = static_cast<uInt>(room);
    const int result = inflate(&stream, Z_SYNC_FLUSH);
    out.set_size(out.size() + room - stream.avail_out);
    if (result == Z_STREAM_END) return out;
    if (result != Z_OK && result != Z_BUF_ERROR) return damaged("zlib");
    if (stream.avail_out != 0) {  // all input is used up
      if (stream.avail_in != 0 || out.size() == 0) return damaged("zlib");
      return out;
    }
    if (out.size() >= max_bytes) return bound_error(max_bytes);
    SlabRef larger = SlabRef::allocate(std::min(out.capacity() * 4, max_bytes));
    larger.append(out.view());
    out = std::move(larger);
  }
}

bool over_bound(const Status& status) { return status.message().starts_with(kOverBound); }

}  // namespace sluice::net
