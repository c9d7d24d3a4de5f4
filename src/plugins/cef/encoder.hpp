// Events as CEF messages.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "event/template.hpp"
#include "plugin/codec.hpp"
#include "plugin/setup.hpp"
#include "plugins/cef/mapping.hpp"

namespace sluice::plugins::cef {

/// What is written, from the options of the codec.
struct EncoderOptions {
  struct Header {
    Template text;
    std::string fallback;  // when the text comes out empty
  };
  struct Field {
    FieldRef field;
    std::string key;
  };
  std::array<Header, 5> headers;  // vendor, product, version, signature, name
  Template severity;
  std::vector<Field> fields;
  std::string delimiter;

  /// Reports templates and fields that can never be right.
  static EncoderOptions from(plugin::Setup& setup, const Mapping& mapping, std::string delimiter);
};

class Encoder : public plugin::Encoder {
 public:
  explicit Encoder(const EncoderOptions& options) : options_(options) {}
  void encode(const Event& event, Buffer& out) override;

 private:
  void write_severity(const Event& event, Buffer& out);
  void write_value(const Value& value, Buffer& out);

  const EncoderOptions& options_;
  std::string scratch_;
  Buffer json_;
};

}  // namespace sluice::plugins::cef
