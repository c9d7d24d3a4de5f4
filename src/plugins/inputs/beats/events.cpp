#include "plugins/inputs/beats/events.hpp"

#include <cstring>
#include <optional>
#include <string>

#include "base/utf8.hpp"
#include "event/field_index.hpp"
#include "event/json_read.hpp"
#include "match/iso8601.hpp"

namespace sluice::plugins::beats {
namespace {

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

EventStream::EventStream(std::shared_ptr<const Settings> settings, std::shared_ptr<Peer> peer)
    : settings_(std::move(settings)), peer_(std::move(peer)), codec_(settings_->codec->decoder()) {}

EventStream::~EventStream() {
  for (auto& run : runs_) run.window.abandon();
}

void EventStream::give(EventRun run) {
  std::scoped_lock lock(mutex_);
  runs_.push_back(std::move(run));
}

EventRun EventStream::take() {
  std::scoped_lock lock(mutex_);
  EventRun run = std::move(runs_.front());
  runs_.pop_front();
  return run;
}

void EventStream::decode(plugin::Chunk&, Batch& batch) {
  EventRun run = take();
  if (broken_) {
    run.window.abandon();
    return;
  }
  const size_t before = batch.events().size();
  begin(batch);
  batch.hold(run.slab);
  batch.hold(run.window);
  Pairs pairs = run.pairs;
  for (const auto& item : run.events) {
    if (!emit(item, pairs.first(item.pairs))) {
      broken_ = true;
      run.window.abandon();
      break;
    }
    pairs = pairs.subspan(item.pairs);
  }
  settings_->metrics->out.add(batch.events().size() - before);
  batch_ = nullptr;
}

void EventStream::begin(Batch& batch) {
  batch_ = &batch;
  now_ = {};
  source_ = batch.add_source({settings_->id, {}});
  auto copy = [&](const std::string& text) { return Value::string(batch.arena().copy(text)); };
  ip_ = copy(peer_->facts.ip);
  if (!settings_->peer_metadata || !peer_->facts.tls) return;
  protocol_ = copy(peer_->facts.protocol);
  cipher_ = copy(peer_->facts.cipher);
  subject_ = copy(peer_->facts.subject);
}

// False: the client sent what cannot be understood.
bool EventStream::emit(const EventRun::Item& item, Pairs pairs) {
  auto& arena = batch_->arena();
  name(item, pairs);
  if (item.pairs == 0) {
    auto& reader = JsonReader::local();
    Value value;
    if (!reader.read_padded(item.json, arena, value) || !value.is_object()) {
      peer_->refuse(value.is_null() ? "an event is not valid JSON: " + std::string(reader.error())
                                    : std::string("an event is not a JSON object"));
      return false;
    }
    make_event(value.as_object());
    return true;
  }
  auto* fields = Object::make(arena, item.pairs + 4);
  for (const auto& [name, value] : pairs) {
    // Version 1 gives texts in whatever encoding the client has; an event holds UTF-8 only.
    fields->append(arena, Key::of(name, arena), Value::string(utf8_scrub(value, arena)));
  }
  fields->merge_duplicates();
  make_event(fields);
  return true;
}

// A client that sends a window again sends the same bytes, though the window and its numbers may be others.
void EventStream::name(const EventRun::Item& item, Pairs pairs) {
  made_ = 0;
  name_ = {0, item.sequence};
  if (!settings_->name_events) return;
  if (item.pairs == 0) digest_.add(item.json);
  for (const auto& [name, value] : pairs) digest_.add(name).add(value);
  name_ = digest_.finish();
}

void EventStream::make_event(Object* fields) {
  const auto& names = Names::get();
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

void EventStream::decode_text(Object* fields, std::string_view text) {
  rest_ = fields;
  rest_used_ = false;
  codec_->decode(text, *this);
  codec_->flush(*this);
  rest_ = nullptr;
}

void EventStream::add(Event& event) {
  // The client's fields go over those of the codec. The second event of one text needs a copy of its own.
  auto& arena = event.arena();
  Object* fields = rest_used_ ? deep_copy(Value::object(rest_), arena).as_object() : rest_;
  rest_used_ = true;
  FieldIndex index;
  for (const auto& member : fields->all()) index.set(arena, event.fields(), member.key, member.value);
  finish(event, true);
}

void EventStream::finish(Event& event, bool decoded) {
  const auto& names = Names::get();
  const auto& s = *settings_;
  event.digest = name_[0];
  event.position = name_[1] + made_++;
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
  normalize(event, now_);
  set_metadata(event);
  if (!s.decoration.empty()) (void)s.decoration.apply(event);
  if (s.codec_metadata) event.tag(decoded ? std::string_view(s.codec_tag) : kRawTag);
  batch_->add(event);
}

void EventStream::set_metadata(Event& event) const {
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
