// Templates: what an exporter said of the records that it is going to send.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "base/symbol.hpp"
#include "plugins/netflow/field.hpp"

namespace sluice::plugins::netflow {

/// The length of an IPFIX field that each record says for itself.
constexpr uint16_t kVariable = 0xffff;

/// Fields that become a point in time as ISO 8601 text.
enum class FieldTime : uint8_t {
  none,
  uptime,   // milliseconds of the exporter's uptime (v9: first_switched, last_switched)
  seconds,  // since 1970
  millis,   // since 1970
  ntp       // seconds since 1900 and a binary fraction, 32 bits each
};

/// One field as an exporter sends it, before the template is made.
struct FieldSpec {
  Field field;
  uint16_t length = 0;
};

struct TemplateField {
  FieldKind kind = FieldKind::skip;
  FieldTime time = FieldTime::none;
  uint16_t length = 0;
  bool in_header = false;  // has the name of a field that every event has already, and takes its place
  Key key;                 // null when skipped

  friend bool operator==(const TemplateField& a, const TemplateField& b) {
    return a.kind == b.kind && a.length == b.length && a.key.null() == b.key.null() &&
           (a.key.null() || a.key == b.key);
  }
};

/// The fields of a record. Immutable and shared between the decoders of a codec.
struct Template {
  std::vector<TemplateField> fields;
  size_t min_length = 0;  // bytes of the shortest record, at least 1
  bool variable = false;  // some field is of variable length

  friend bool operator==(const Template& a, const Template& b) { return a.fields == b.fields; }
};

/// Compiles a template; the error says which field cannot be read. Fields of no length are left out. Of two
/// fields of one name the last is shown.
Result<std::shared_ptr<const Template>> make_template(FieldTable::Protocol protocol,
                                                      const std::vector<FieldSpec>& fields);

}  // namespace sluice::plugins::netflow
