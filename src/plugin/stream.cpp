#include "plugin/filter.hpp"
#include "plugin/input.hpp"

namespace sluice::plugin {

class CodecStream::Sink : public EventSink {
 public:
  Sink(CodecStream& stream, Batch& batch, uint32_t source, uint64_t position)
      : stream_(stream), batch_(batch), source_(source), position_(position) {}

  Event& make() override { return batch_.make(source_); }
  void add(Event& event) override {
    event.position = position_++;
    normalize(event, now_);
    if (stream_.enrich_) stream_.enrich_(event);
    if (!stream_.decoration_.empty()) (void)stream_.decoration_.apply(event);
    batch_.add(event);
  }
  Batch& batch() override { return batch_; }

 private:
  CodecStream& stream_;
  Batch& batch_;
  uint32_t source_;
  uint64_t position_;
  ArrivalTime now_;
};

CodecStream::CodecStream(std::unique_ptr<Decoder> decoder, const Decoration& decoration,
                         std::string_view input_id, Enrich enrich, std::string name, PluginMetrics* metrics)
    : decoder_(std::move(decoder)),
      decoration_(decoration),
      input_id_(input_id),
      enrich_(std::move(enrich)),
      name_(std::move(name)),
      metrics_(metrics) {}

void CodecStream::decode(Chunk& chunk, Batch& batch) {
  const size_t before = batch.events().size();
  for (const auto& ack : held_) batch.hold(ack);
  batch.hold(chunk.ack);
  if (chunk.slab) batch.hold(std::move(chunk.slab));
  Sink sink(*this, batch, batch.add_source({input_id_, name_}), chunk.position);
  decoder_->decode(chunk.bytes, sink);
  if (flush_each_) decoder_->flush(sink);
  // What is kept comes from this chunk, or from earlier ones too when this one completed no event.
  if (!decoder_->pending() || batch.events().size() != before) held_.clear();
  if (decoder_->pending() && chunk.ack) held_.push_back(std::move(chunk.ack));
  if (metrics_) metrics_->out.add(batch.events().size() - before);
}

void CodecStream::flush(Batch& batch) {
  const size_t before = batch.events().size();
  Sink sink(*this, batch, batch.add_source({input_id_, name_}), 0);
  decoder_->flush(sink);
  for (auto& ack : held_) batch.hold(std::move(ack));
  held_.clear();
  if (metrics_) metrics_->out.add(batch.events().size() - before);
}

void FilterRun::emit(Event& event, Event& parent) {
  event.origin = parent.origin;
  event.source = parent.source;
  event.position = parent.position;
  event.digest = parent.digest;
  // An odd factor keeps the parts of different parents apart.
  event.part = parent.part * 0x9E3779B97F4A7C15U + ++parent.children;
  emitted_.push_back({&parent, &event});
}

void FilterRun::emit(Event& event) { emitted_.push_back({nullptr, &event}); }

}  // namespace sluice::plugin
