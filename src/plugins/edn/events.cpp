#include "plugins/edn/events.hpp"

#include "base/log.hpp"
#include "plugins/codecs/payload.hpp"
#include "plugins/edn/reader.hpp"
#include "plugins/edn/writer.hpp"

namespace sluice::plugins::edn {
namespace {
constexpr size_t kShown = 200;  // bytes of a bad document in the log
}

void Events::decode(std::string_view bytes, plugin::EventSink& sink) {
  const Value text = text_.text(bytes, sink.batch().arena());
  Value root;
  std::string error;
  auto& event = sink.make();
  if (!read(text.as_text(), sink.batch().arena(), root, error) || !set_payload(event, target_, root)) {
    event.set(Names::get().message, text);
    uint64_t suppressed = 0;
    if (warnings_.allow(suppressed))
      log::warn(logger_, "EDN parse failure. Falling back to plain-text",
                {{"error", error.empty() ? "the document is no map" : error},
                 {"data", text.as_text().substr(0, kShown)},
                 {"suppressed", suppressed}});
  }
  sink.add(event);
}

void Encoder::encode(const Event& event, Buffer& out) {
  write(Value::object(&event.fields()), out);
  out.append(end_);
}

}  // namespace sluice::plugins::edn
