// JSON documents to events, as the codecs json and json_lines do it.
#pragma once

#include <string_view>

#include "event/field_ref.hpp"
#include "plugin/codec.hpp"
#include "plugins/codecs/charset.hpp"

namespace sluice::plugins {

/// Turns the documents of one stream into events. Used by one worker at a time.
class JsonEvents {
 public:
  /// `target`: where a document goes, empty for the root. `keep_original`: the text of a document that is one
  /// object goes to [event][original] unless it has that field. `logger` is Logstash's name of the codec.
  JsonEvents(const Charset& charset, const FieldRef& target, bool keep_original, std::string_view logger)
      : text_(charset), target_(target), keep_original_(keep_original), logger_(logger) {}

  /// One document, behind which JsonReader::kPadding bytes can be read: an event for an object, one for each
  /// object of an array, none for white space. Anything else becomes an event with the text in `message` and
  /// the tag _jsonparsefailure.
  void decode(std::string_view bytes, plugin::EventSink& sink);
  /// An event for a document that was too long to be read: its begin, tagged.
  void too_long(std::string_view begin, size_t limit, plugin::EventSink& sink);

 private:
  void add(const Value& object, std::string_view original, plugin::EventSink& sink);
  void fail(std::string_view bytes, std::string_view why, plugin::EventSink& sink);

  TextDecoder text_;
  const FieldRef target_;
  bool keep_original_;
  std::string_view logger_;
  bool failed_ = false;
  bool cut_ = false;
};

}  // namespace sluice::plugins
