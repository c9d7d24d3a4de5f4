#include "plugins/netflow/packet.hpp"

namespace sluice::plugins::netflow {
namespace {

constexpr uint16_t kFirstDataNumber = 256;
constexpr size_t kFlowsetHeader = 4;

bool field(Wire& wire, bool enterprises, bool scope, WireTemplate& out) {
  WireField field;
  field.scope = scope;
  field.number = wire.u16();
  field.length = wire.u16();
  if (enterprises && field.number & 0x8000) {
    field.number &= 0x7fff;
    field.enterprise = wire.u32();
  }
  if (!wire.ok()) return false;
  out.fields.push_back(field);
  return true;
}

bool fields(Wire& wire, size_t count, bool enterprises, bool scope, WireTemplate& out) {
  for (size_t i = 0; i < count; ++i)
    if (!field(wire, enterprises, scope, out)) return false;
  return true;
}

bool v9_options(Wire& wire, WireTemplate& out) {
  const size_t scopes = wire.u16() / 4;
  const size_t options = wire.u16() / 4;
  return fields(wire, scopes, false, true, out) && fields(wire, options, false, false, out);
}

bool ipfix_options(Wire& wire, WireTemplate& out) {
  const size_t count = wire.u16();
  if (count == 0) {
    out.withdrawn = true;
    return wire.ok();
  }
  const size_t scopes = wire.u16();
  if (scopes > count) return false;
  return fields(wire, scopes, true, true, out) && fields(wire, count - scopes, true, false, out);
}

bool plain_template(Wire& wire, bool enterprises, WireTemplate& out) {
  const size_t count = wire.u16();
  out.withdrawn = enterprises && count == 0;
  return wire.ok() && fields(wire, count, enterprises, false, out);
}

}  // namespace

bool read_v9(std::string_view bytes, Packet& out, std::string& problem) {
  Wire wire(bytes);
  (void)wire.take(4);  // version, and a count of records that exporters do not agree on
  out.uptime = wire.u32();
  out.seconds = wire.u32();
  out.sequence = wire.u32();
  out.domain = wire.u32();
  if (!wire.ok()) {
    problem = "end of file reached";
    return false;
  }
  while (wire.left() >= kFlowsetHeader) {
    Flowset set;
    set.number = wire.u16();
    const size_t length = wire.u16();
    if (set.number > 1 && set.number < kFirstDataNumber) {
      problem = "flowset id " + std::to_string(set.number);
      return false;
    }
    if (length == 0) return true;  // nothing but padding follows
    if (length <= kFlowsetHeader) {
      problem = "flowset length " + std::to_string(length);
      return false;
    }
    set.content = wire.take(length - kFlowsetHeader);
    if (!wire.ok()) return true;
    out.flowsets.push_back(set);
  }
  return true;
}

bool read_ipfix(std::string_view bytes, Packet& out, std::string& problem) {
  constexpr size_t kHeader = 16;
  Wire header(bytes.substr(0, kHeader));
  (void)header.u16();
  const size_t length = header.u16();
  out.seconds = header.u32();
  out.sequence = header.u32();
  out.domain = header.u32();
  if (!header.ok() || length < kHeader || length > bytes.size()) {
    problem = header.ok() && length < kHeader ? "length " + std::to_string(length) : "end of file reached";
    return false;
  }
  Wire wire(bytes.substr(kHeader, length - kHeader));
  while (wire.left() > 0) {
    Flowset set;
    set.number = wire.u16();
    const size_t set_length = wire.u16();
    if (set.number != 2 && set.number != 3 && set.number < kFirstDataNumber) {
      problem = "flowset id " + std::to_string(set.number);
      return false;
    }
    if (set_length <= kFlowsetHeader) {
      problem = "flowset length " + std::to_string(set_length);
      return false;
    }
    set.content = wire.take(set_length - kFlowsetHeader);
    if (!wire.ok()) {
      problem = "a flowset is longer than its packet";
      return false;
    }
    out.flowsets.push_back(set);
  }
  return true;
}

bool next_template(TemplateForm form, Wire& wire, WireTemplate& out) {
  out = {};
  out.number = wire.u16();
  if (!wire.ok()) return false;
  if (out.number < kFirstDataNumber) return false;
  switch (form) {
    case TemplateForm::v9:
      return plain_template(wire, false, out);
    case TemplateForm::v9_options:
      return v9_options(wire, out);
    case TemplateForm::ipfix:
      return plain_template(wire, true, out);
    case TemplateForm::ipfix_options:
      return ipfix_options(wire, out);
  }
  return false;
}

}  // namespace sluice::plugins::netflow
