// gzip and zlib on whole buffers, with a bound where the input is not ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/buffer.hpp"
#include "base/slab.hpp"
#include "base/status.hpp"

namespace sluice::net {

enum class Compression : unsigned char {
  gzip,     // RFC 1952, several members allowed
  zlib,     // RFC 1950
  deflate,  // HTTP's "deflate": zlib, or the raw stream that some clients send instead
};

/// The whole of `bytes` compressed; level 1 (fast) to 12 (small), 0 stores. Any thread; compressors are kept
/// per thread and level. Not for Compression::deflate (taken as zlib).
SlabRef compress(Compression format, std::string_view bytes, int level = 1);
/// The same, behind what `out` holds.
void compress(Compression format, std::string_view bytes, int level, Buffer& out);

/// The whole of `bytes` decompressed, at most `max_bytes` of it. Errors: damaged or cut data, or a result
/// over the bound (Status::message() says "more than N bytes"); memory for it is never taken before data asks
/// for it.
Result<SlabRef> decompress(Compression format, std::string_view bytes, size_t max_bytes);

/// Like decompress() for a zlib stream that its writer flushed but did not finish, and that may be followed
/// by other bytes: gives what there is. For lumberjack. `guess`: how large the result may well be; one that is
/// too small costs a second run, one that is too large address space. 0: nothing is known.
Result<SlabRef> decompress_flushed(std::string_view bytes, size_t max_bytes, size_t guess = 0);

/// True when `status` (of decompress) means that the bound was hit.
bool over_bound(const Status& status);

}  // namespace sluice::net
