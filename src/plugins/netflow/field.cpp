#include "plugins/netflow/field.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/file.hpp"

namespace sluice::plugins::netflow {
namespace {

struct Builtin {
  uint32_t enterprise;
  uint16_t number;
  FieldKind kind;
  std::string_view name;
};

constexpr Builtin kV9[] = {
#define FIELD(number, kind, name) {0, number, FieldKind::kind, name},
#include "plugins/netflow/fields_v9.def"
#undef FIELD
};
constexpr Builtin kIana[] = {
#define FIELD(number, kind, name) {0, number, FieldKind::kind, name},
#include "plugins/netflow/fields_iana.def"
#undef FIELD
};
constexpr Builtin kEnterprise[] = {
#define FIELD(enterprise, number, kind, name) {enterprise, number, FieldKind::kind, name},
#include "plugins/netflow/fields_enterprise.def"
#undef FIELD
};

// RFC 5103: the fields of the way back have IANA's numbers below this enterprise.
constexpr uint32_t kReverse = 29305;

constexpr bool before(const Builtin& a, const Builtin& b) {
  return a.enterprise != b.enterprise ? a.enterprise < b.enterprise : a.number < b.number;
}
static_assert(std::is_sorted(std::begin(kV9), std::end(kV9), before));
static_assert(std::is_sorted(std::begin(kIana), std::end(kIana), before));
static_assert(std::is_sorted(std::begin(kEnterprise), std::end(kEnterprise), before));

template <size_t N>
const Builtin* search(const Builtin (&table)[N], uint32_t enterprise, uint16_t number) {
  const Builtin wanted{enterprise, number, FieldKind::skip, {}};
  const auto* found = std::lower_bound(std::begin(table), std::end(table), wanted, before);
  return found != std::end(table) && !before(wanted, *found) ? found : nullptr;
}

std::string reverse_name(std::string_view name) {
  std::string text = "reverse" + std::string(name);
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') text[7] = static_cast<char>(name[0] - 'a' + 'A');
  return text;
}

template <class Number>
std::optional<Number> number_of(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Ruby's symbols are written with a colon in front.
std::string_view without_colon(std::string_view word) {
  if (word.starts_with(':')) word.remove_prefix(1);
  return word;
}

std::string at(const std::string& path, const YAML::Node& node) {
  return path + ":" + std::to_string(node.Mark().line + 1) + ": ";
}

using Own = std::map<std::pair<uint32_t, uint16_t>, Field>;

Status read_field(const std::string& path, uint32_t enterprise, const YAML::Node& key,
                  const YAML::Node& value, Own& own) {
  const auto number = key.IsScalar() ? number_of<uint16_t>(key) : std::nullopt;
  if (!number) return Status::config(at(path, key) + "a field's number (0 to 65535) is expected");
  if (!value.IsSequence() || value.size() == 0 || !value[0].IsScalar())
    return Status::config(at(path, value) + "field " + std::to_string(*number) +
                          " needs a list of its kind and its name, such as [:uint32, :name]");
  Field field;
  const auto kind = kind_of(value[0].Scalar());
  if (!kind)
    return Status::config(at(path, value) + "field " + std::to_string(*number) + " has the unknown kind " +
                          value[0].Scalar());
  field.kind = *kind;
  if (field.kind != FieldKind::skip) {
    if (value.size() < 2 || !value[1].IsScalar())
      return Status::config(at(path, value) + "field " + std::to_string(*number) + " has no name");
    field.name = without_colon(value[1].Scalar());
  }
  own[{enterprise, *number}] = std::move(field);
  return {};
}

Status read_fields(const std::string& path, uint32_t enterprise, const YAML::Node& node, Own& own) {
  if (!node.IsMap())
    return Status::config(at(path, node) + "field numbers with their definitions are expected");
  for (const auto& entry : node)
    if (auto status = read_field(path, enterprise, entry.first, entry.second, own); !status.ok())
      return status;
  return {};
}

Status read_enterprises(const std::string& path, const YAML::Node& node, Own& own) {
  if (!node.IsMap())
    return Status::config(at(path, node) + "enterprise numbers with their fields are expected");
  for (const auto& entry : node) {
    const auto enterprise = entry.first.IsScalar() ? number_of<uint32_t>(entry.first) : std::nullopt;
    if (!enterprise) return Status::config(at(path, entry.first) + "an enterprise's number is expected");
    if (auto status = read_fields(path, *enterprise, entry.second, own); !status.ok()) return status;
  }
  return {};
}

}  // namespace

std::optional<FieldKind> kind_of(std::string_view word) {
  struct Word {
    std::string_view text;
    FieldKind kind;
  };
  constexpr Word kWords[] = {
      {"skip", FieldKind::skip},         {"string", FieldKind::string},
      {"ip4_addr", FieldKind::ip4},      {"ip6_addr", FieldKind::ip6},
      {"mac_addr", FieldKind::mac},      {"octetarray", FieldKind::octets},
      {"float", FieldKind::real},        {"double", FieldKind::real},
      {"acl_id_asa", FieldKind::acl},    {"application_id", FieldKind::application},
      {"VarString", FieldKind::string},  {"mpls_label_stack_octets", FieldKind::mpls},
      {"VarSkip", FieldKind::skip},      {"forwarding_status", FieldKind::forwarding},
      {"OctetArray", FieldKind::octets},
  };
  word = without_colon(word);
  for (const auto& known : kWords)
    if (known.text == word) return known.kind;
  if (word.starts_with("Application_Id")) return FieldKind::application;
  FieldKind kind = FieldKind::uint;
  if (word.starts_with("uint")) {
    word.remove_prefix(4);
  } else if (word.starts_with("int")) {
    word.remove_prefix(3);
    kind = FieldKind::sint;
  }
  const bool digits =
      !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits ? std::optional(kind) : std::nullopt;
}

Status FieldTable::load(const std::string& path) {
  const auto text = read_file(path);
  if (!text.ok()) return Status::config(path + ": " + text.message());
  try {
    const YAML::Node root = YAML::Load(*text);
    if (root.IsNull()) return {};
    return protocol_ == Protocol::v9 ? read_fields(path, 0, root, own_) : read_enterprises(path, root, own_);
  } catch (const YAML::ParserException& e) {
    return Status::config(path + ":" + std::to_string(e.mark.line + 1) + ": " + e.msg);
  } catch (const YAML::Exception& e) {
    return Status::config(path + ": " + e.msg);
  }
}

std::optional<Field> FieldTable::find(uint32_t enterprise, uint16_t number) const {
  if (const auto it = own_.find({enterprise, number}); it != own_.end()) return it->second;
  const Builtin* found = nullptr;
  if (protocol_ == Protocol::v9)
    found = search(kV9, 0, number);
  else if (enterprise == 0 || enterprise == kReverse)
    found = search(kIana, 0, number);
  else
    found = search(kEnterprise, enterprise, number);
  if (!found) return std::nullopt;
  return Field{found->kind, enterprise == kReverse && found->kind != FieldKind::skip
                                ? reverse_name(found->name)
                                : std::string(found->name)};
}

}  // namespace sluice::plugins::netflow
