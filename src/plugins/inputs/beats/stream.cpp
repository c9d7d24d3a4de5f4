#include "plugins/inputs/beats/stream.hpp"

#include <cstring>
#include <optional>

#include "base/log.hpp"
#include "base/utf8.hpp"
#include "event/field_index.hpp"
#include "event/json_read.hpp"
#include "match/iso8601.hpp"

namespace sluice::plugins::beats {
namespace {

constexpr std::string_view kLogger = "logstash.inputs.beats";
constexpr std::string_view kRawTag = "beats_input_raw_event";

struct Keys {
  Key line = Key::intern("line");
  Key beat = Key::intern("beat");
  Key hostname = Key::intern("hostname");
  FieldRef metadata = FieldRef::of("[@metadata]");
  static const Keys& get() {
    static const Keys keys;
    return keys;
  }
};

}  // namespace

BeatsStream::BeatsStream(std::shared_ptr<const Settings> settings, std::shared_ptr<Peer> peer)
    : settings_(std::move(settings)),
      peer_(std::move(peer)),
      decoder_(settings_->limits),
      codec_(settings_->codec->decoder()) {}

BeatsStream::~BeatsStream() { drop_held(); }

void BeatsStream::decode(plugin::Chunk& chunk, Batch& batch) {
  peer_->undecoded.fetch_sub(1, std::memory_order_relaxed);
  if (broken_) return;
  const size_t before = batch.events().size();
  batch_ = &batch;
  source_ = batch.add_source({settings_->id, {}});
  window_in_batch_ = false;
  slab_in_batch_.reset();
  auto copy = [&](const std::string& text) { return Value::string(batch.arena().copy(text)); };
  ip_ = copy(peer_->facts.ip);
  if (settings_->peer_metadata && peer_->facts.tls) {
    protocol_ = copy(peer_->facts.protocol);
    cipher_ = copy(peer_->facts.cipher);
    subject_ = copy(peer_->facts.subject);
  }
  batch.hold(chunk.ack);
  const Status status = decoder_.feed(chunk.slab, chunk.bytes, *this);
  if (!status.ok()) fail(status.message());
  settings_->metrics->out.add(batch.events().size() - before);
  slab_in_batch_.reset();
  batch_ = nullptr;
}

void BeatsStream::flush(Batch&) {
  // The client is gone before its window was complete: it sends all of it again to whoever it connects to
  // next.
  drop_held();
  window_.reset();
}

void BeatsStream::fail(std::string_view reason) {
  if (broken_) return;
  broken_ = true;
  log::warn(kLogger, "Invalid frame, closing the connection",
            {{"remote", peer_->facts.address}, {"message", std::string(reason)}});
  drop_held();
  window_.abandon();
  window_.reset();
  peer_->fail();
}

void BeatsStream::on_window(char, uint32_t) {
  window_ = peer_->open_window(window_number_);
  window_in_batch_ = false;
}

void BeatsStream::on_json(uint32_t sequence, const SlabRef& slab, std::string_view json) {
  hold_or_emit({sequence, slab, json, {}}, json.size());
}

void BeatsStream::on_pairs(uint32_t sequence, const SlabRef& slab, Pairs pairs) {
  size_t bytes = 0;
  for (const auto& [name, value] : pairs) bytes += name.size() + value.size();
  hold_or_emit({sequence, slab, {}, {pairs.begin(), pairs.end()}}, bytes);
}

void BeatsStream::hold_or_emit(Held held, size_t bytes) {
  if (broken_) return;
  if (settings_->held_bytes.load(std::memory_order_relaxed) + bytes > kMaxHeldBytes) {
    emit_held();
    emit(held);
    return;
  }
  settings_->held_bytes.fetch_add(bytes, std::memory_order_relaxed);
  held_bytes_ += bytes;
  held_.push_back(std::move(held));
}

void BeatsStream::emit_held() {
  for (const auto& held : held_) {
    emit(held);
    if (broken_) break;
  }
  drop_held();
}

void BeatsStream::drop_held() {
  settings_->held_bytes.fetch_sub(held_bytes_, std::memory_order_relaxed);
  held_bytes_ = 0;
  held_.clear();
}

void BeatsStream::on_batch(char version, uint32_t sequence, bool complete) {
  if (broken_) return;
  if (!complete)
    log::warn(kLogger, "A new window began before the last one was complete; the part that came is taken",
              {{"remote", peer_->facts.address}, {"sequence", sequence}});
  emit_held();
  if (broken_) return;
  if (!window_) window_ = peer_->open_window(window_number_);
  peer_->set_ack(window_number_, version, sequence);
  window_.reset();
  window_in_batch_ = false;
}

void BeatsStream::hold_slab(const SlabRef& slab) {
  if (slab_in_batch_ == slab) return;
  slab_in_batch_ = slab;
  batch_->hold(slab);
}

void BeatsStream::emit(const Held& held) {
  hold_slab(held.slab);
  if (!window_) window_ = peer_->open_window(window_number_);
  if (!window_in_batch_) {
    window_in_batch_ = true;
    batch_->hold(window_);
  }
  auto& arena = batch_->arena();
  if (held.json.data()) {
    auto& reader = JsonReader::local();
    Value value;
    if (!reader.read_padded(held.json, arena, value) || !value.is_object()) {
      fail(value.is_null() ? "an event is not valid JSON: " + std::string(reader.error())
                           : std::string("an event is not a JSON object"));
      return;
    }
    make_event(value.as_object(), held.sequence);
    return;
  }
  auto* fields = Object::make(arena, static_cast<uint32_t>(held.pairs.size()) + 4);
  for (const auto& [name, value] : held.pairs) {
    // Version 1 gives texts in whatever encoding the client has; an event holds UTF-8 only.
    fields->append(arena, Key::of(name, arena), Value::string(utf8_scrub(value, arena)));
  }
  fields->merge_duplicates();
  make_event(fields, held.sequence);
}

void BeatsStream::make_event(Object* fields, uint32_t sequence) {
  const auto& names = Names::get();
  sequence_ = sequence;
  Key text_key = names.message;
  Value* text = fields->find(text_key);
  if (!text) {
    text_key = Keys::get().line;
    text = fields->find(text_key);
  }
  if (text && !text->is_null()) {
    if (settings_->default_codec && text->is_string() && text_key == names.message) {
      // What the plain codec would do: the text stays as it is.
      Event& event = make();
      event.fields() = *fields;
      if (settings_->original && !event.get(names.event)) {
        auto* inner = Object::make(event.arena(), 4);
        inner->append(event.arena(), names.original, *text);
        event.set(names.event, Value::object(inner));
      }
      finish(event, true);
      return;
    }
    std::string written;
    if (!text->is_string()) append_text(*text, written);
    const auto bytes = text->is_string() ? text->as_text() : std::string_view(written);
    // The codec looks behind its bytes and keeps views of them.
    char* copy = batch_->arena().array<char>(bytes.size() + SlabRef::kPadding);
    std::memcpy(copy, bytes.data(), bytes.size());
    std::memset(copy + bytes.size(), 0, SlabRef::kPadding);
    fields->remove(text_key);
    decode_text(fields, {copy, bytes.size()});
    return;
  }
  Event& event = make();
  event.fields() = *fields;
  finish(event, false);
}

void BeatsStream::decode_text(Object* fields, std::string_view text) {
  rest_ = fields;
  rest_used_ = false;
  codec_->decode(text, *this);
  codec_->flush(*this);
  rest_ = nullptr;
}

void BeatsStream::add(Event& event) {
  // The client's fields go over those of the codec. The second event of one text needs a copy of its own.
  auto& arena = event.arena();
  Object* fields = rest_used_ ? deep_copy(Value::object(rest_), arena).as_object() : rest_;
  rest_used_ = true;
  FieldIndex index;
  for (const auto& member : fields->all()) index.set(arena, event.fields(), member.key, member.value);
  finish(event, true);
}

void BeatsStream::finish(Event& event, bool decoded) {
  const auto& names = Names::get();
  const auto& s = *settings_;
  event.position = sequence_;
  auto& fields = event.fields();
  if (const Value* metadata = fields.find(names.metadata)) {
    const Value kept = *metadata;
    fields.remove(names.metadata);
    if (kept.is_object()) (void)event.set(Keys::get().metadata, kept);
  }
  if (Value* time = fields.find(names.timestamp); decoded && time && time->kind() != Value::Kind::timestamp) {
    const auto parsed = time->is_string() ? match::parse_event_timestamp(time->as_text()) : std::nullopt;
    *time = parsed ? Value::timestamp(*parsed) : Value{};
  }
  normalize(event);
  set_metadata(event);
  if (!s.decoration.empty()) (void)s.decoration.apply(event);
  if (s.codec_metadata) event.tag(decoded ? std::string_view(s.codec_tag) : kRawTag);
  batch_->add(event);
}

void BeatsStream::set_metadata(Event& event) const {
  const auto& s = *settings_;
  if (s.source_metadata) s.ip.put(event, ip_);
  if (s.add_hostname) {
    const Value* beat = event.get(Keys::get().beat);
    const Value* name = beat && beat->is_object() ? beat->as_object()->find(Keys::get().hostname) : nullptr;
    if (name && !name->is_null()) s.hostname.fill(event, *name);
  }
  if (!s.peer_metadata || !peer_->facts.tls) return;
  if (!s.ecs)
    (void)event.set(s.tls_status, Value::string(peer_->facts.verified ? "verified" : "unverified", true));
  (void)event.set(s.tls_protocol, protocol_);
  if (!peer_->facts.subject.empty()) (void)event.set(s.tls_subject, subject_);
  (void)event.set(s.tls_cipher, cipher_);
}

}  // namespace sluice::plugins::beats
