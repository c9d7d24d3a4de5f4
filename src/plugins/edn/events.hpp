// EDN documents to events and back, as the codecs edn and edn_lines do it.
#pragma once

#include "event/field_ref.hpp"
#include "plugin/codec.hpp"
#include "plugins/codecs/charset.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins::edn {

/// Turns the documents of one stream into events. Used by one worker at a time.
class Events {
 public:
  /// `target`: where a document goes, empty for the root. `logger` is Logstash's name of the codec.
  Events(const FieldRef& target, std::string_view logger)
      : text_(Charset::utf8()), target_(target), logger_(logger) {}

  /// One document. What is no map (or, in a target, no EDN) becomes an event with the text in `message`.
  void decode(std::string_view bytes, plugin::EventSink& sink);

 private:
  TextDecoder text_;
  const FieldRef& target_;
  std::string_view logger_;
  WarningLimiter warnings_;
};

/// Writes events as EDN maps, with `end` behind each.
class Encoder : public plugin::Encoder {
 public:
  explicit Encoder(std::string_view end) : end_(end) {}
  void encode(const Event& event, Buffer& out) override;

 private:
  std::string_view end_;
};

}  // namespace sluice::plugins::edn
