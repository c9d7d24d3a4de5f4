#include "plugins/netflow/template.hpp"

#include <unordered_map>

namespace sluice::plugins::netflow {
namespace {

// No counter is wider; the bound keeps the decimal text of a number short.
constexpr uint16_t kWidestNumber = 32;

FieldTime time_of(FieldTable::Protocol protocol, const Field& field) {
  if (field.kind != FieldKind::uint) return FieldTime::none;
  std::string_view name = field.name;
  if (protocol == FieldTable::Protocol::v9)
    return name.ends_with("_switched") ? FieldTime::uptime : FieldTime::none;
  if (name.starts_with("flowStart"))
    name.remove_prefix(9);
  else if (name.starts_with("flowEnd"))
    name.remove_prefix(7);
  else
    return FieldTime::none;
  if (name == "Seconds") return FieldTime::seconds;
  if (name == "Milliseconds") return FieldTime::millis;
  return name == "Microseconds" || name == "Nanoseconds" ? FieldTime::ntp : FieldTime::none;
}

bool application_length(uint16_t length) { return length >= 2 && length <= 9 && length != 6; }

bool readable(FieldKind kind, uint16_t length) {
  switch (kind) {
    case FieldKind::skip:
    case FieldKind::string:
    case FieldKind::octets:
      return true;
    case FieldKind::uint:
    case FieldKind::sint:
      return length <= (kind == FieldKind::uint ? kWidestNumber : 8);
    case FieldKind::application:
      return application_length(length);
    default:
      return length != kVariable;
  }
}

// Bytes of another number than the kind has are shown as they are.
FieldKind fitting(FieldKind kind, uint16_t length) {
  const auto want = [&](uint16_t natural) { return length == natural ? kind : FieldKind::octets; };
  switch (kind) {
    case FieldKind::ip4:
    case FieldKind::mpls:
      return want(4);
    case FieldKind::ip6:
      return want(16);
    case FieldKind::mac:
      return want(6);
    case FieldKind::acl:
      return want(12);
    case FieldKind::forwarding:
      return want(1);
    case FieldKind::real:
      return length == 4 ? kind : want(8);
    default:
      return kind;
  }
}

bool header_name(std::string_view name) {
  return name == "version" || name == "flow_seq_num" || name == "flowset_id";
}

void hide_repeated(std::vector<TemplateField>& fields) {
  std::unordered_map<std::string_view, TemplateField*> seen;
  for (auto& field : fields) {
    if (field.key.null()) continue;
    auto& place = seen[field.key.text()];
    if (place) {
      place->kind = FieldKind::skip;
      place->key = {};
    }
    place = &field;
  }
}

}  // namespace

Result<std::shared_ptr<const Template>> make_template(FieldTable::Protocol protocol,
                                                      const std::vector<FieldSpec>& fields) {
  auto made = std::make_shared<Template>();
  for (const auto& spec : fields) {
    if (spec.length == 0) continue;
    const auto& field = spec.field;
    if (!readable(field.kind, spec.length))
      return Status::error(Fault::input,
                           field.name + " cannot be of " + std::to_string(spec.length) + " bytes");
    TemplateField out;
    out.kind = fitting(field.kind, spec.length);
    out.length = spec.length;
    out.time = out.kind == FieldKind::uint && spec.length <= 8 ? time_of(protocol, field) : FieldTime::none;
    out.in_header = header_name(field.name);
    if (out.kind != FieldKind::skip) out.key = Key::intern(field.name);
    made->min_length += spec.length == kVariable ? 1 : spec.length;
    made->variable |= spec.length == kVariable;
    made->fields.push_back(out);
  }
  if (made->fields.empty()) return Status::error(Fault::input, "it has no fields");
  hide_repeated(made->fields);
  return std::shared_ptr<const Template>(std::move(made));
}

}  // namespace sluice::plugins::netflow
