#include "plugin/codec_metrics.hpp"

#include "base/time.hpp"

namespace sluice::plugin {
namespace {

void add(std::atomic<uint64_t>& counter, uint64_t n) {
  counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

void add(CodecMetrics::Totals& sum, const CodecMetrics::Totals& more) {
  sum.in += more.in;
  sum.out += more.out;
  sum.nanos += more.nanos;
}

// A part for as long as its decoder or encoder lives, and the clock.
class Measure {
 public:
  Measure(std::shared_ptr<CodecMetrics> metrics, CodecMetrics::Side& side)
      : metrics_(std::move(metrics)), side_(side), part_(side.take()) {}
  ~Measure() { side_.give_back(part_); }
  Measure(const Measure&) = delete;
  Measure& operator=(const Measure&) = delete;

  void count(uint64_t in, uint64_t out) {
    add(part_->in, in);
    add(part_->out, out);
  }

  /// Runs `call`. Long calls are timed each; of short ones one in kEvery, which counts for all of them: the
  /// clock would cost more than the call.
  template <class Call>
  void time(Call call) {
    if (skip_ != 0) {
      --skip_;
      call();
      return;
    }
    const int64_t begin = steady_nanos();
    call();
    const auto nanos = static_cast<uint64_t>(steady_nanos() - begin);
    add(part_->nanos, nanos * weight_);
    skip_ = nanos < kShort ? kEvery - 1 : 0;
    weight_ = skip_ + 1;
  }

 private:
  static constexpr uint64_t kShort = 10000;
  static constexpr uint64_t kEvery = 16;

  std::shared_ptr<CodecMetrics> metrics_;
  CodecMetrics::Side& side_;
  CodecMetrics::Side::Handle part_;
  uint64_t skip_ = 0;
  uint64_t weight_ = 1;
};

class MeasuredDecoder : public Decoder {
 public:
  MeasuredDecoder(std::unique_ptr<Decoder> inner, std::shared_ptr<CodecMetrics> metrics)
      : inner_(std::move(inner)), measure_(metrics, metrics->decoding_side()) {}

  void decode(std::string_view bytes, EventSink& sink) override {
    const size_t before = sink.batch().events().size();
    measure_.time([&] { inner_->decode(bytes, sink); });
    measure_.count(1, sink.batch().events().size() - before);
  }
  void flush(EventSink& sink) override {
    const size_t before = sink.batch().events().size();
    inner_->flush(sink);
    measure_.count(0, sink.batch().events().size() - before);
  }
  bool pending() const override { return inner_->pending(); }
  std::optional<int64_t> flush_after() const override { return inner_->flush_after(); }
  void sender(std::string_view address) override { inner_->sender(address); }

 private:
  std::unique_ptr<Decoder> inner_;
  Measure measure_;
};

class MeasuredEncoder : public Encoder {
 public:
  MeasuredEncoder(std::unique_ptr<Encoder> inner, std::shared_ptr<CodecMetrics> metrics)
      : inner_(std::move(inner)), measure_(metrics, metrics->encoding_side()) {}

  void encode(const Event& event, Buffer& out) override {
    measure_.time([&] { inner_->encode(event, out); });
    measure_.count(1, 0);
  }

 private:
  std::unique_ptr<Encoder> inner_;
  Measure measure_;
};

class MeasuredCodec : public Codec {
 public:
  MeasuredCodec(std::unique_ptr<Codec> inner, std::shared_ptr<CodecMetrics> metrics)
      : inner_(std::move(inner)), metrics_(std::move(metrics)) {}
  [[nodiscard]] std::string_view name() const override { return inner_->name(); }
  [[nodiscard]] bool line_based() const override { return inner_->line_based(); }
  [[nodiscard]] bool wants_line_ends() const override { return inner_->wants_line_ends(); }
  [[nodiscard]] bool ordered() const override { return inner_->ordered(); }
  [[nodiscard]] std::unique_ptr<Decoder> decoder() const override {
    auto decoder = inner_->decoder();
    if (!decoder) return nullptr;
    return std::make_unique<MeasuredDecoder>(std::move(decoder), metrics_);
  }
  [[nodiscard]] std::unique_ptr<Encoder> encoder() const override {
    auto encoder = inner_->encoder();
    if (!encoder) return nullptr;
    return std::make_unique<MeasuredEncoder>(std::move(encoder), metrics_);
  }

 private:
  std::unique_ptr<Codec> inner_;
  std::shared_ptr<CodecMetrics> metrics_;
};

}  // namespace

CodecMetrics::Totals CodecMetrics::Part::totals() const {
  return {in.load(std::memory_order_relaxed), out.load(std::memory_order_relaxed),
          nanos.load(std::memory_order_relaxed)};
}

CodecMetrics::Side::Handle CodecMetrics::Side::take() {
  std::scoped_lock lock(mutex_);
  return parts_.emplace(parts_.end());
}

void CodecMetrics::Side::give_back(Handle part) {
  std::scoped_lock lock(mutex_);
  add(ended_, part->totals());
  parts_.erase(part);
}

CodecMetrics::Totals CodecMetrics::Side::totals() const {
  std::scoped_lock lock(mutex_);
  Totals sum = ended_;
  for (const auto& part : parts_) add(sum, part.totals());
  return sum;
}

std::unique_ptr<Codec> measured(std::unique_ptr<Codec> codec, std::shared_ptr<CodecMetrics> metrics) {
  return std::make_unique<MeasuredCodec>(std::move(codec), std::move(metrics));
}

}  // namespace sluice::plugin
