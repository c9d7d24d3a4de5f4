// What the codecs plain and line share: a message out of bytes, and an event as one line of text.
#pragma once

#include <optional>
#include <string>

#include "event/field_ref.hpp"
#include "event/template.hpp"
#include "plugin/codec.hpp"
#include "plugin/setup.hpp"

namespace sluice::plugins {

/// Puts `text` into the event's `message`, and in ECS mode into [event][original] as well.
class MessageFields {
 public:
  explicit MessageFields(bool ecs) : ecs_(ecs) {}
  void fill(Event& event, Value text) const;

 private:
  bool ecs_;
};

/// Writes the option `format` filled in, or `TIMESTAMP HOST MESSAGE` without one, and then a delimiter.
class TextEncoder : public plugin::Encoder {
 public:
  TextEncoder(const std::optional<Template>& format, std::string delimiter)
      : format_(format), delimiter_(std::move(delimiter)) {}
  void encode(const Event& event, Buffer& out) override;

 private:
  const std::optional<Template> format_;
  std::string delimiter_;
  std::string scratch_;
};

/// The option `format`; reports a template that can never be filled in.
std::optional<Template> format_option(plugin::Setup& setup);

/// The option `delimiter`, which must not be empty.
std::string delimiter_option(plugin::Setup& setup);

}  // namespace sluice::plugins
