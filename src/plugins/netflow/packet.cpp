#include "plugins/netflow/packet.hpp"

namespace sluice::plugins::netflow {
namespace {

constexpr uint16_t kFirstDataNumber = 256;
constexpr size_t kFlowsetHeader = 4;

bool field(wire::Reader& reader, bool enterprises, bool scope, WireTemplate& out) {
  WireField field;
  field.scope = scope;
  field.number = reader.u16();
  field.length = reader.u16();
  if (enterprises && field.number & 0x8000) {
    field.number &= 0x7fff;
    field.enterprise = reader.u32();
  }
  if (!reader.ok()) return false;
  out.fields.push_back(field);
  return true;
}

bool fields(wire::Reader& reader, size_t count, bool enterprises, bool scope, WireTemplate& out) {
  for (size_t i = 0; i < count; ++i)
    if (!field(reader, enterprises, scope, out)) return false;
  return true;
}

bool v9_options(wire::Reader& reader, WireTemplate& out) {
  const size_t scopes = reader.u16() / 4;
  const size_t options = reader.u16() / 4;
  return fields(reader, scopes, false, true, out) && fields(reader, options, false, false, out);
}

bool ipfix_options(wire::Reader& reader, WireTemplate& out) {
  const size_t count = reader.u16();
  if (count == 0) {
    out.withdrawn = true;
    return reader.ok();
  }
  const size_t scopes = reader.u16();
  if (scopes > count) return false;
  return fields(reader, scopes, true, true, out) && fields(reader, count - scopes, true, false, out);
}

bool plain_template(wire::Reader& reader, bool enterprises, WireTemplate& out) {
  const size_t count = reader.u16();
  out.withdrawn = enterprises && count == 0;
  return reader.ok() && fields(reader, count, enterprises, false, out);
}

}  // namespace

bool read_v9(std::string_view bytes, Packet& out, std::string& problem) {
  wire::Reader reader(bytes);
  (void)reader.take(4);  // version, and a count of records that exporters do not agree on
  out.uptime = reader.u32();
  out.seconds = reader.u32();
  out.sequence = reader.u32();
  out.domain = reader.u32();
  if (!reader.ok()) {
    problem = "end of file reached";
    return false;
  }
  while (reader.left() >= kFlowsetHeader) {
    Flowset set;
    set.number = reader.u16();
    const size_t length = reader.u16();
    if (set.number > 1 && set.number < kFirstDataNumber) {
      problem = "flowset id " + std::to_string(set.number);
      return false;
    }
    if (length == 0) return true;  // nothing but padding follows
    if (length <= kFlowsetHeader) {
      problem = "flowset length " + std::to_string(length);
      return false;
    }
    set.content = reader.take(length - kFlowsetHeader);
    if (!reader.ok()) return true;
    out.flowsets.push_back(set);
  }
  return true;
}

bool read_ipfix(std::string_view bytes, Packet& out, std::string& problem) {
  constexpr size_t kHeader = 16;
  wire::Reader header(bytes.substr(0, kHeader));
  (void)header.u16();
  const size_t length = header.u16();
  out.seconds = header.u32();
  out.sequence = header.u32();
  out.domain = header.u32();
  if (!header.ok() || length < kHeader || length > bytes.size()) {
    problem = header.ok() && length < kHeader ? "length " + std::to_string(length) : "end of file reached";
    return false;
  }
  wire::Reader reader(bytes.substr(kHeader, length - kHeader));
  while (reader.left() > 0) {
    Flowset set;
    set.number = reader.u16();
    const size_t set_length = reader.u16();
    if (set.number != 2 && set.number != 3 && set.number < kFirstDataNumber) {
      problem = "flowset id " + std::to_string(set.number);
      return false;
    }
    if (set_length <= kFlowsetHeader) {
      problem = "flowset length " + std::to_string(set_length);
      return false;
    }
    set.content = reader.take(set_length - kFlowsetHeader);
    if (!reader.ok()) {
      problem = "a flowset is longer than its packet";
      return false;
    }
    out.flowsets.push_back(set);
  }
  return true;
}

bool next_template(TemplateForm form, wire::Reader& reader, WireTemplate& out) {
  out = {};
  out.number = reader.u16();
  if (!reader.ok()) return false;
  if (out.number < kFirstDataNumber) return false;
  switch (form) {
    case TemplateForm::v9:
      return plain_template(reader, false, out);
    case TemplateForm::v9_options:
      return v9_options(reader, out);
    case TemplateForm::ipfix:
      return plain_template(reader, true, out);
    case TemplateForm::ipfix_options:
      return ipfix_options(reader, out);
  }
  return false;
}

}  // namespace sluice::plugins::netflow
