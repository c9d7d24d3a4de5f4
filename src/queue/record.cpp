#include "queue/record.hpp"

#include <isa-l/crc.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

namespace sluice::queue {
namespace {

static_assert(std::endian::native == std::endian::little, "headers are copied as they are in memory");

constexpr uint64_t kSegmentMagic = 0x3145554c53515051;  // "QPQSLUE1"
constexpr uint32_t kRecordMagic = 0x52715ff5;           // not text, not zeros
constexpr uint32_t kEndMagic = 0x45715ff5;              // the same
constexpr std::string_view kSegmentPrefix = "segment.";
constexpr size_t kSegmentDigits = 16;

// As they stand on disk.
struct SegmentImage {
  uint64_t magic, number, first;
  char zeros[36];
  uint32_t checksum;  // of the bytes before it
};
static_assert(sizeof(SegmentImage) == kSegmentHeader);

struct RecordImage {
  uint32_t magic;
  uint32_t checksum;  // of the bytes behind it, and the place
  uint32_t payload_checksum, stored, plain, events;
  uint64_t first;
  uint8_t compressed;
  char zeros[7];
};
static_assert(sizeof(RecordImage) == kRecordHeader);

struct EndImage {
  uint32_t magic;
  uint32_t checksum;  // of the place
};
static_assert(sizeof(EndImage) == kEndMark);

template <class Image>
std::string_view bytes_of(const Image& image) {
  return {reinterpret_cast<const char*>(&image), sizeof image};
}

uint32_t continued(uint32_t crc, std::string_view bytes) {
  while (!bytes.empty()) {  // the library counts in int
    const std::string_view piece = bytes.substr(0, size_t{1} << 30);
    auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(piece.data()));
    crc = crc32_iscsi(data, static_cast<int>(piece.size()), crc);
    bytes.remove_prefix(piece.size());
  }
  return crc;
}

uint32_t checksum_of(const SegmentImage& image) {
  return checksum(bytes_of(image).substr(0, offsetof(SegmentImage, checksum)));
}
uint32_t checksum_of(const RecordImage& image, RecordPlace place) {
  const auto fields = bytes_of(image).substr(offsetof(RecordImage, payload_checksum));
  return ~continued(continued(~0U, bytes_of(place)), fields);
}

int level_of(Compression how) {
  switch (how) {
    case Compression::speed:
      return 1;
    case Compression::size:
      return 12;
    default:
      return 3;
  }
}

}  // namespace

uint32_t checksum(std::string_view bytes) { return ~continued(~0U, bytes); }

std::array<char, kSegmentHeader> encode(const SegmentHeader& header) {
  SegmentImage image{kSegmentMagic, header.number, header.first, {}, 0};
  image.checksum = checksum_of(image);
  return std::bit_cast<std::array<char, kSegmentHeader>>(image);
}

std::optional<SegmentHeader> decode_segment_header(std::string_view bytes) {
  SegmentImage image{};
  if (bytes.size() < sizeof image) return std::nullopt;
  std::memcpy(&image, bytes.data(), sizeof image);
  if (image.magic != kSegmentMagic || image.checksum != checksum_of(image)) return std::nullopt;
  if (image.first > kLastSequence) return std::nullopt;
  return SegmentHeader{image.number, image.first};
}

bool is_blank(std::string_view bytes) {
  return bytes.size() >= kSegmentHeader && std::equal(bytes.begin(), bytes.end(), kBlankSegment.begin(),
                                                      kBlankSegment.begin() + kSegmentHeader);
}

std::array<char, kRecordHeader> encode(const RecordHeader& header, RecordPlace place) {
  RecordImage image{};
  image.magic = kRecordMagic;
  image.payload_checksum = header.payload_checksum;
  image.stored = header.stored;
  image.plain = header.plain;
  image.events = header.events;
  image.first = header.first;
  image.compressed = header.compressed;
  image.checksum = checksum_of(image, place);
  return std::bit_cast<std::array<char, kRecordHeader>>(image);
}

std::optional<RecordHeader> decode_record_header(std::string_view bytes, RecordPlace place) {
  RecordImage image{};
  if (bytes.size() < sizeof image) return std::nullopt;
  std::memcpy(&image, bytes.data(), sizeof image);
  if (image.magic != kRecordMagic || image.checksum != checksum_of(image, place)) return std::nullopt;
  if (image.first > kLastSequence) return std::nullopt;
  RecordHeader header;
  header.first = image.first;
  header.events = image.events;
  header.stored = image.stored;
  header.plain = image.plain;
  header.payload_checksum = image.payload_checksum;
  header.compressed = image.compressed != 0;
  return header;
}

std::array<char, kEndMark> end_mark(RecordPlace place) {
  return std::bit_cast<std::array<char, kEndMark>>(EndImage{kEndMagic, checksum(bytes_of(place))});
}

bool compress(std::string_view plain, Compression how, Buffer& out) {
  if (how == Compression::none) return false;
  const size_t bound = ZSTD_compressBound(plain.size());
  const size_t size = ZSTD_compress(out.reserve(bound), bound, plain.data(), plain.size(), level_of(how));
  if (ZSTD_isError(size) || size >= plain.size()) return false;
  out.grow(size);
  return true;
}

Result<SlabRef> decompress(const RecordHeader& header, std::string_view stored) {
  // Memory is taken only for what the bytes can become: each block of them 128 KiB at most (RFC
  // 8878, 3.1.1.2.4).
  constexpr uint32_t kLargestBlock = 128 << 10;
  if (header.plain / kLargestBlock > stored.size() ||
      ZSTD_getFrameContentSize(stored.data(), stored.size()) != header.plain)
    return Status::error(Fault::queue, "the compressed events cannot be read");
  SlabRef plain = SlabRef::allocate(header.plain);
  const size_t size = ZSTD_decompress(plain.data(), header.plain, stored.data(), stored.size());
  if (ZSTD_isError(size) || size != header.plain)
    return Status::error(Fault::queue, "the compressed events cannot be read");
  plain.set_size(size);
  return plain;
}

std::string segment_name(uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < kSegmentDigits) digits.insert(0, kSegmentDigits - digits.size(), '0');
  return std::string(kSegmentPrefix) + digits;
}

std::optional<uint64_t> segment_number(std::string_view name) {
  if (name.substr(0, kSegmentPrefix.size()) != kSegmentPrefix) return std::nullopt;
  name.remove_prefix(kSegmentPrefix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

}  // namespace sluice::queue
