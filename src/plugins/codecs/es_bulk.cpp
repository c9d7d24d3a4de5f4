// codec es_bulk: the body of a _bulk request of Elasticsearch.
#include "base/log.hpp"
#include "event/json_read.hpp"
#include "plugin/spec.hpp"
#include "plugins/codecs/line_splitter.hpp"
#include "plugins/codecs/payload.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {
namespace {

constexpr plugin::Option kOptions[] = {
    {"target",
     plugin::Type::field_reference,
     {},
     "The field that a document goes into; the root without it."},
};

constexpr size_t kShown = 200;  // bytes of a bad line in the log

struct Config {
  FieldRef target;
  FieldRef metadata;  // where the action line goes
};

class EsBulkDecoder : public plugin::Decoder {
 public:
  explicit EsBulkDecoder(const Config& config) : config_(config) {}

  void decode(std::string_view bytes, plugin::EventSink& sink) override {
    resume(sink.batch().arena());
    LineSplitter::Line line;
    while (lines_.next(bytes, sink.batch().arena(), line)) take(line.bytes, sink);
    suspend();
  }
  void flush(plugin::EventSink& sink) override {
    resume(sink.batch().arena());
    LineSplitter::Line line;
    if (lines_.flush(sink.batch().arena(), line)) take(line.bytes, sink);
    action_ = nullptr;
    suspend();
  }
  bool pending() const override { return !kept_action_.empty() || lines_.pending(); }

 private:
  // An action whose document comes with the next chunk is kept as text: its values live in a batch.
  void suspend() { kept_action_.assign(action_ ? action_line_ : std::string_view{}); }
  void resume(Arena& arena) {
    if (kept_action_.empty()) return;
    Value root;
    action_line_ = arena.copy(kept_action_);
    action_ = JsonReader::local().read(action_line_, arena, root) ? action_of(root, arena) : nullptr;
  }

  void take(std::string_view line, plugin::EventSink& sink) {
    auto& arena = sink.batch().arena();
    Value root;
    const bool empty = line.find_first_not_of(" \t\r\n") == std::string_view::npos;
    auto& reader = JsonReader::local();
    if (!empty && !reader.read_padded(line, arena, root)) {
      fail(line, reader.error());
    } else if (action_) {
      if (add(root, sink))
        action_ = nullptr;
      else
        fail(line, "the document is no object");
    } else if (!empty) {
      action_ = action_of(root, arena);
      action_line_ = line;
      if (!action_) fail(line, "the line is no action");
      if (action_ && is_delete(root) && add(Value{}, sink)) action_ = nullptr;
    }
  }

  static bool is_delete(const Value& root) { return root.as_object()->members[0].key.text() == "delete"; }

  // The object of the line's first key, with that key as its `action`.
  static Object* action_of(const Value& root, Arena& arena) {
    static const Key name = Key::intern("action");
    if (!root.is_object() || root.as_object()->size == 0) return nullptr;
    const Member& first = root.as_object()->members[0];
    if (!first.value.is_object()) return nullptr;
    first.value.as_object()->set(arena, name, Value::string(arena.copy(first.key.text())));
    return first.value.as_object();
  }

  bool add(const Value& document, plugin::EventSink& sink) {
    auto& event = sink.make();
    const bool no_document = document.is_null();
    if (!no_document && !set_payload(event, config_.target, document)) return false;
    // A document may bring @metadata of its own, which the action's replaces.
    normalize(event);
    event.set(config_.metadata, Value::object(action_));
    sink.add(event);
    return true;
  }

  void fail(std::string_view line, std::string_view why) {
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::error("logstash.codecs.esbulk", "JSON parse failure. ES Bulk messages must in be UTF-8 JSON",
                 {{"error", why}, {"data", line.substr(0, kShown)}, {"suppressed", suppressed}});
  }

  const Config& config_;
  LineSplitter lines_;
  Object* action_ = nullptr;  // of the action whose document comes next; lives in the batch
  std::string_view action_line_;
  std::string kept_action_;
  WarningLimiter warnings_;
};

class EsBulk : public plugin::Codec {
 public:
  explicit EsBulk(Config config) : config_(std::move(config)) {}
  std::string_view name() const override { return "es_bulk"; }
  bool wants_line_ends() const override { return true; }
  std::unique_ptr<plugin::Decoder> decoder() const override {
    return std::make_unique<EsBulkDecoder>(config_);
  }
  std::unique_ptr<plugin::Encoder> encoder() const override { return nullptr; }

 private:
  Config config_;
};

}  // namespace

extern const plugin::Spec codec_es_bulk;
const plugin::Spec codec_es_bulk{
    .kind = plugin::Kind::codec,
    .name = "es_bulk",
    .summary = "Reads the body of an Elasticsearch _bulk request: an event for each action.",
    .options = kOptions,
    .example = "input { tcp { port => 5000 codec => es_bulk } }",
    .codec = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Codec> {
      return std::make_unique<EsBulk>(Config{
          setup.field("target"), FieldRef::of(setup.ecs() ? "[@metadata][codec][es_bulk]" : "[@metadata]")});
    }};

}  // namespace sluice::plugins
