#include "net/lumberjack.hpp"

#include <doctest/doctest.h>

#include <random>

#include "net/compress.hpp"

using namespace sluice;
using namespace sluice::net;

namespace {

// Writes down what the decoder says, one line each.
struct Script : LumberjackSink {
  std::string text;
  std::vector<SlabRef> held;
  std::vector<std::string_view> views;
  void on_window(char version, uint32_t count) override {
    text += std::string("W") + version + " " + std::to_string(count) + "\n";
  }
  void on_json(uint32_t sequence, const SlabRef& slab, std::string_view json) override {
    text += "J " + std::to_string(sequence) + " " + std::string(json) + "\n";
    held.push_back(slab);
    views.push_back(json);
  }
  void on_pairs(uint32_t sequence, const SlabRef&, Pairs pairs) override {
    text += "D " + std::to_string(sequence);
    for (const auto& [name, value] : pairs) text.append(" ").append(name).append("=").append(value);
    text += "\n";
  }
  void on_batch(char version, uint32_t sequence, bool complete) override {
    text += std::string("B") + version + " " + std::to_string(sequence) + (complete ? "\n" : " partial\n");
  }
};

std::string run(const std::string& bytes, size_t step, Status* status = nullptr,
                LumberjackLimits limits = {}) {
  LumberjackDecoder decoder(limits);
  Script script;
  for (size_t at = 0; at < bytes.size(); at += step) {
    const SlabRef slab = SlabRef::copy_of(std::string_view(bytes).substr(at, step));
    const Status one = decoder.feed(slab, slab.view(), script);
    if (one.ok()) continue;
    if (status != nullptr) *status = one;
    return script.text;
  }
  for (size_t i = 0; i < script.views.size(); ++i) {  // views live as long as their slabs
    const auto* from = script.held[i].data();
    CHECK(script.views[i].data() >= from);
    CHECK(script.views[i].data() + script.views[i].size() <= from + script.held[i].capacity());
  }
  return script.text;
}

std::string error_of(const std::string& bytes, LumberjackLimits limits = {}) {
  Status status;
  run(bytes, bytes.size(), &status, limits);
  return status.message();
}

}  // namespace

TEST_CASE("windows and events come out alike wherever reads cut them, compressed or not") {
  const std::pair<std::string_view, std::string_view> pairs[] = {{"line", "hello"}, {"host", ""}};
  const std::string bytes =
      LumberjackWriter().window(2).json("{\"a\":1}").json("{\"b\":2}").take() +
      LumberjackWriter().window(2).json("{\"c\":3}").json("{}").compress_frames().take() +
      LumberjackWriter('1').window(1).pairs(pairs).take() +
      LumberjackWriter('1').window(1).pairs(pairs).compress_frames().take() +
      LumberjackWriter().window(0).take();
  const std::string expected =
      "W2 2\nJ 1 {\"a\":1}\nJ 2 {\"b\":2}\nB2 2\nW2 2\nJ 1 {\"c\":3}\nJ 2 {}\nB2 2\n"
      "W1 1\nD 1 line=hello host=\nB1 1\nW1 1\nD 1 line=hello host=\nB1 1\nW2 0\nB2 0\n";
  for (const size_t step : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, size_t{50}, bytes.size()}) {
    CHECK(run(bytes, step) == expected);
  }
}

TEST_CASE("a new window ends one that is not full, with the highest sequence it had") {
  CHECK(run(LumberjackWriter().window(3).json("{}").json("{}").take() +
                LumberjackWriter().window(1).json("{}").take(),
            9999) == "W2 3\nJ 1 {}\nJ 2 {}\nB2 2 partial\nW2 1\nJ 1 {}\nB2 1\n");
}

TEST_CASE("a large frame is gathered over many reads") {
  const std::string json = "\"" + std::string(3 << 20, 'x') + "\"";
  const std::string bytes = LumberjackWriter().window(1).json(json).take();
  CHECK(run(bytes, 65536) == "W2 1\nJ 1 " + json + "\nB2 1\n");
  CHECK(run(LumberjackWriter().window(1).json(json).compress_frames().take(), 700) ==
        "W2 1\nJ 1 " + json + "\nB2 1\n");
}

TEST_CASE("what cannot be understood is refused") {
  using std::string_literals::operator""s;
  CHECK(error_of("GET / HTTP/1.1") == "lumberjack: unknown protocol version 0x47");
  CHECK(error_of("2X") == "lumberjack: unknown frame type 0x58");
  CHECK(error_of("2J\0\0\0\1\0\0\0\0"s) == "lumberjack: a JSON frame without payload");
  CHECK(error_of("1D\0\0\0\1\0\0\0\0"s) == "lumberjack: a data frame without fields");
  CHECK(error_of("2J\0\0\0\1\0\0\1\0"s, {.max_frame_bytes = 255}) ==
        "lumberjack: a frame of 256 bytes is longer than the limit of 255");
  CHECK(error_of("1D\0\0\0\1\xff\xff\xff\xff"s) == "lumberjack: a data frame without fields");
  CHECK(error_of("1D\0\0\0\1\0\xff\xff\xff"s).find("the limit is") != std::string::npos);
  CHECK(error_of("1D\0\0\0\1\0\0\0\1\xff\xff\xff\xff"s).find("longer than the limit") != std::string::npos);
  CHECK(error_of("2C\0\0\0\4abcd"s) == "lumberjack: the zlib data is damaged or cut");
  CHECK(error_of(LumberjackWriter().window(1).json("{}").compress_frames().compress_frames().take()).empty());
  const std::string inner = LumberjackWriter().json("{}").compress_frames().take();
  CHECK(error_of("2W\0\0\0\1"s + [&] {
          const SlabRef packed = compress(Compression::zlib, inner);
          return "2C\0\0\0"s + static_cast<char>(packed.size()) + std::string(packed.view());
        }()) == "lumberjack: a compressed frame inside of a compressed frame");
  const SlabRef cut = compress(Compression::zlib, "2J\0\0\0\1\0\0\0\7{"s);
  CHECK(error_of("2C\0\0\0"s + static_cast<char>(cut.size()) + std::string(cut.view())) ==
        "lumberjack: a compressed frame ends within a frame");
}

TEST_CASE("a compressed frame cannot inflate without bound, nor a length make the decoder take memory") {
  const std::string bomb =
      LumberjackWriter().window(1).json(std::string(16 << 20, ' ')).compress_frames(9).take();
  CHECK(bomb.size() < 100'000);
  CHECK(error_of(bomb, {.max_inflated_bytes = 1 << 20}) ==
        "lumberjack: the data inflates to more than 1048576 bytes");
  LumberjackDecoder decoder;
  Script script;
  const SlabRef promise = SlabRef::copy_of(std::string_view("2J\0\0\0\1\1\0\0\0....", 14));
  const size_t before = SlabPool::shared().stats().in_use_bytes;
  CHECK(decoder.feed(promise, promise.view(), script).ok());
  CHECK(SlabPool::shared().stats().in_use_bytes - before <= 64 << 10);
  CHECK(decoder.pending_bytes() == 14);
  CHECK_FALSE(decoder.idle());
}

TEST_CASE("compressed frames that become larger by very different factors follow each other") {
  std::string bytes, expected;
  uint32_t random = 1;
  for (const size_t size :
       {size_t{10}, size_t{1} << 20, size_t{0}, size_t{3} << 20, size_t{100}, size_t{50'000}}) {
    std::string text(size, 'x');
    if (size == 50'000)  // hardly smaller than it is
      for (char& c : text) c = static_cast<char>('a' + ((random = random * 1664525 + 1013904223) >> 27) % 26);
    text = "\"" + text + "\"";
    bytes += LumberjackWriter().window(1).json(text).compress_frames().take();
    expected += "W2 1\nJ 1 " + text + "\nB2 1\n";
  }
  CHECK((run(bytes, bytes.size()) == expected));
  CHECK((run(bytes, 4096) == expected));
}

TEST_CASE("acknowledgements are written and read") {
  const auto ack = lumberjack_ack('2', 0x01020304);
  const std::string_view bytes(ack.data(), ack.size());
  CHECK(bytes == "2A\1\2\3\4");
  CHECK(parse_lumberjack_ack(bytes) == 0x01020304u);
  CHECK_FALSE(parse_lumberjack_ack("2W....").has_value());
}

TEST_CASE("compression goes both ways, with a bound and with damage found") {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "line " + std::to_string(i) + "\n";
  for (const auto format : {Compression::gzip, Compression::zlib, Compression::deflate}) {
    const SlabRef packed = compress(format, text, 1);
    CHECK(packed.size() < text.size() / 2);
    CHECK(decompress(format, packed.view(), 1 << 20)->view() == text);
    CHECK(over_bound(decompress(format, packed.view(), text.size() - 1).status()));
    CHECK(decompress(format, packed.view(), text.size()).ok());
    CHECK_FALSE(decompress(format, packed.view().substr(0, packed.size() - 9), 1 << 20).ok());
    CHECK(decompress(format, compress(format, "").view(), 10)->size() == 0);
  }
  const std::string twice = std::string(compress(Compression::gzip, "one ").view()) +
                            std::string(compress(Compression::gzip, "two").view());
  CHECK(decompress(Compression::gzip, twice, 100)->view() == "one two");
  const SlabRef whole = compress(Compression::zlib, text);
  const auto part = decompress_flushed(whole.view().substr(0, whole.size() / 2), 1 << 20);
  REQUIRE(part.ok());
  CHECK(text.starts_with(part->view()));
}

TEST_CASE("whatever is compressed comes out again, at every level, behind what was there") {
  std::minstd_rand random(7);
  for (const size_t size : {0u, 1u, 2u, 100u, 32768u, 65535u, 65536u, 70000u, 300000u})
    for (const unsigned kinds : {1u, 4u, 60u, 256u}) {  // of bytes: from nothing but one to noise
      std::string text;
      while (text.size() < size) text += static_cast<char>(random() % kinds);
      for (int level = 0; level <= 12; ++level)
        for (const auto format : {Compression::gzip, Compression::zlib}) {
          Buffer out;
          out.append("before");
          compress(format, text, level, out);
          REQUIRE(out.view().starts_with("before"));
          const auto back = decompress(format, out.view().substr(6), size + 1);
          REQUIRE(back.ok());
          REQUIRE(back->view() == text);
        }
    }
}
