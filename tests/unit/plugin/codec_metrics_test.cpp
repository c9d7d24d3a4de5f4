#include "plugin/codec_metrics.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::plugin;

namespace {

// A codec that makes an event of each byte, and keeps one more for flush().
class Bytes : public Codec {
 public:
  class ByteDecoder : public Decoder {
    void decode(std::string_view bytes, EventSink& sink) override {
      for (size_t i = 0; i < bytes.size(); ++i) sink.add(sink.make());
    }
    void flush(EventSink& sink) override { sink.add(sink.make()); }
    bool pending() const override { return true; }
    std::optional<int64_t> flush_after() const override { return 7; }
    void sender(std::string_view address) override { *sender_ = address; }

   public:
    explicit ByteDecoder(std::string* sender) : sender_(sender) {}

   private:
    std::string* sender_;
  };
  class ByteEncoder : public Encoder {
    void encode(const Event&, Buffer& out) override { out.append('x'); }
  };
  std::string_view name() const override { return "bytes"; }
  std::unique_ptr<Decoder> decoder() const override { return std::make_unique<ByteDecoder>(&sender); }
  std::unique_ptr<Encoder> encoder() const override { return std::make_unique<ByteEncoder>(); }
  bool line_based() const override { return true; }
  bool wants_line_ends() const override { return true; }
  bool ordered() const override { return true; }

  mutable std::string sender;
};

struct Sink : EventSink {
  Event& make() override { return batch_->make(); }
  void add(Event& event) override { batch_->add(event); }
  Batch& batch() override { return *batch_; }
  BatchPool pool;
  BatchRef batch_ = pool.take();
};

}  // namespace

TEST_CASE("a measured codec counts calls and events of all its streams, of those that have ended too") {
  auto metrics = std::make_shared<CodecMetrics>("c1", "bytes");
  const auto codec = measured(std::make_unique<Bytes>(), metrics);
  CHECK(codec->name() == "bytes");
  CHECK(codec->line_based());
  Sink sink;
  auto a = codec->decoder();
  const auto b = codec->decoder();
  for (int i = 0; i < 40; ++i) a->decode("xyz", sink);
  b->decode("x", sink);
  b->flush(sink);
  CHECK(b->pending());
  CHECK(b->flush_after() == 7);
  a.reset();
  CHECK(metrics->decoding().in == 41);
  CHECK(metrics->decoding().out == 122);
  const auto encoder = codec->encoder();
  Buffer out;
  encoder->encode(sink.make(), out);
  CHECK(out.view() == "x");
  CHECK(metrics->encoding().in == 1);
  CHECK(metrics->encoding().out == 0);
}

TEST_CASE("a measured codec answers for its streams as the codec does") {
  auto bytes = std::make_unique<Bytes>();
  const Bytes& inner = *bytes;
  const auto codec = measured(std::move(bytes), std::make_shared<CodecMetrics>("c1", "bytes"));
  CHECK(codec->wants_line_ends());
  CHECK(codec->ordered());
  codec->decoder()->sender("192.0.2.7");
  CHECK(inner.sender == "192.0.2.7");
}
