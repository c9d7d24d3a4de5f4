#include "plugins/netflow/template_cache.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "event/json_read.hpp"
#include "event/json_write.hpp"

namespace sluice::plugins::netflow {
namespace {

constexpr std::string_view kLogger = "logstash.codecs.netflow";
constexpr size_t kMaxFields = 1 << 20;  // of all templates: some 40 MiB
constexpr size_t kMaxTemplates = 1 << 16;
constexpr size_t kMaxFileBytes = 256 << 20;
constexpr int64_t kSaveEvery = 1'000'000'000;  // a flood of new templates does not become a flood of files

std::string key_text(uint32_t domain, uint16_t number, std::string_view sender) {
  std::string key = std::to_string(domain) + '|' + std::to_string(number);
  if (!sender.empty()) key.append("|").append(sender);
  return key;
}

std::string type_name(const TemplateField& field) {
  const std::string bits = std::to_string(field.length * 8);
  switch (field.kind) {
    case FieldKind::skip:
      return field.length == kVariable ? "VarSkip" : "skip";
    case FieldKind::uint:
      return "uint" + bits;
    case FieldKind::sint:
      return "int" + bits;
    case FieldKind::real:
      return field.length == 4 ? "float" : "double";
    case FieldKind::string:
      return field.length == kVariable ? "VarString" : "string";
    case FieldKind::octets:
      return "OctetArray";
    case FieldKind::ip4:
      return "ip4_addr";
    case FieldKind::ip6:
      return "ip6_addr";
    case FieldKind::mac:
      return "mac_addr";
    case FieldKind::application:
      return "Application_Id" + bits;
    case FieldKind::acl:
      return "acl_id_asa";
    case FieldKind::mpls:
      return "mpls_label_stack_octets";
    case FieldKind::forwarding:
      return "forwarding_status";
  }
  return {};
}

// ["uint32","in_bytes"], ["string","name",{"length":8,"trim_padding":true}], as Logstash writes a field.
void write_field(const TemplateField& field, Buffer& out) {
  out.append("[");
  write_json_string(type_name(field), false, out);
  out.append(",");
  if (field.key.null())
    out.append("null");
  else
    write_json_string(field.key.text(), field.key.json_plain(), out);
  const std::string length = std::to_string(field.length);
  if (field.kind == FieldKind::octets)
    out.append(",{\"initial_length\":" + length + "}");
  else if (field.kind == FieldKind::string && field.length != kVariable)
    out.append(",{\"length\":" + length + ",\"trim_padding\":true}");
  else if (field.kind == FieldKind::skip && field.length != kVariable)
    out.append(",{\"length\":" + length + "}");
  out.append("]");
}

uint16_t length_parameter(const Array& field) {
  if (field.size < 3 || !field.items[2].is_object()) return kVariable;
  for (const auto& member : field.items[2].as_object()->all()) {
    const auto name = member.key.text();
    if ((name != "length" && name != "initial_length") || member.value.kind() != Value::Kind::integer)
      continue;
    const int64_t length = member.value.as_integer();
    if (length >= 0 && length < kVariable) return static_cast<uint16_t>(length);
  }
  return kVariable;
}

uint16_t bits_length(std::string_view type) {
  const auto digits = type.find_first_of("0123456789");
  if (digits == std::string_view::npos) return 0;
  uint32_t bits = 0;
  for (const char c : type.substr(digits))
    if (c >= '0' && c <= '9' && bits < 1 << 20) bits = bits * 10 + static_cast<uint32_t>(c - '0');
  return static_cast<uint16_t>(bits / 8);
}

uint16_t stored_length(FieldKind kind, std::string_view type, const Array& field) {
  switch (kind) {
    case FieldKind::skip:
    case FieldKind::string:
    case FieldKind::octets:
      return length_parameter(field);
    case FieldKind::uint:
    case FieldKind::sint:
    case FieldKind::application:
      return bits_length(type);
    case FieldKind::real:
      return type == "float" ? 4 : 8;
    case FieldKind::ip4:
    case FieldKind::mpls:
      return 4;
    case FieldKind::ip6:
      return 16;
    case FieldKind::mac:
      return 6;
    case FieldKind::acl:
      return 12;
    case FieldKind::forwarding:
      return 1;
  }
  return 0;
}

bool read_spec(const Value& value, FieldSpec& out) {
  if (!value.is_array()) return false;
  const Array& field = *value.as_array();
  if (field.size < 1 || !field.items[0].is_string()) return false;
  const auto type = field.items[0].as_text();
  const auto kind = kind_of(type);
  if (!kind) return false;
  out.field.kind = *kind;
  out.length = stored_length(*kind, type, field);
  if (field.size > 1 && field.items[1].is_string()) out.field.name = field.items[1].as_text();
  if (out.field.name.empty()) out.field.kind = FieldKind::skip;
  return true;
}

}  // namespace

TemplateCache::TemplateCache(FieldTable::Protocol protocol, int64_t ttl_seconds, std::string path)
    : protocol_(protocol), ttl_nanos_(ttl_seconds * 1'000'000'000), path_(std::move(path)) {}

TemplateCache::~TemplateCache() {
  if (unsaved_) save();
}

void TemplateCache::load() {
  if (path_.empty()) return;
  std::error_code ec;
  if (!std::filesystem::exists(path_, ec)) return log::warn(kLogger, "Template Cache does not exist", {{"file_path", path_}});
  const auto text = read_file(path_, kMaxFileBytes);
  if (!text.ok() || text->size() > kMaxFileBytes)
    return log::error(
        kLogger, "Template Cache could not be loaded",
        {{"file_path", path_}, {"exception", text.ok() ? "it is too large" : text.message()}});
  std::scoped_lock lock(mutex_);
  read(*text);
  unsaved_ = false;
}

void TemplateCache::read(std::string_view text) {
  Arena arena;
  Value root;
  JsonReader reader;
  if (!reader.read(text, arena, root) || !root.is_object())
    return log::error(kLogger, "Template Cache could not be loaded",
                      {{"file_path", path_}, {"exception", "it is not a JSON object"}});
  for (const auto& member : root.as_object()->all()) read_entry(member.key.text(), member.value);
}

void TemplateCache::read_entry(std::string_view key, const Value& fields) {
  if (!fields.is_array()) return;
  std::vector<FieldSpec> specs;
  for (const auto& field : fields.as_array()->all())
    if (!read_spec(field, specs.emplace_back()))
      return log::warn(kLogger, "A template of the Template Cache cannot be read",
                       {{"file_path", path_}, {"template", key}});
  if (auto made = make_template(protocol_, specs); made.ok()) (void)store(std::string(key), std::move(*made));
}

bool TemplateCache::put(const TemplateId& id, std::shared_ptr<const Template> made) {
  std::scoped_lock lock(mutex_);
  return store(key_text(id.domain, id.number, id.sender), std::move(made));
}

bool TemplateCache::store(std::string key, std::shared_ptr<const Template> made) {
  const int64_t now = steady_nanos();
  const auto it = entries_.find(key);
  if (it != entries_.end() && *it->second.made == *made) {
    it->second.received = now;
    if (unsaved_) changed();
    return true;
  }
  if (fields_ + made->fields.size() > kMaxFields || entries_.size() >= kMaxTemplates) {
    forget_old(now);
    if (fields_ + made->fields.size() > kMaxFields || entries_.size() >= kMaxTemplates) return false;
  }
  auto& entry = entries_[std::move(key)];
  if (entry.made) fields_ -= entry.made->fields.size();
  fields_ += made->fields.size();
  entry = {std::move(made), now};
  changed();
  return true;
}

std::shared_ptr<const Template> TemplateCache::find(const TemplateId& id) {
  std::scoped_lock lock(mutex_);
  if (auto made = fetch(key_text(id.domain, id.number, id.sender)); made || id.sender.empty()) return made;
  return fetch(key_text(id.domain, id.number, {}));
}

std::shared_ptr<const Template> TemplateCache::fetch(const std::string& key) {
  const auto it = entries_.find(key);
  if (it == entries_.end()) return nullptr;
  if (steady_nanos() - it->second.received > ttl_nanos_) {
    fields_ -= it->second.made->fields.size();
    entries_.erase(it);
    return nullptr;
  }
  return it->second.made;
}

void TemplateCache::remove(const TemplateId& id) {
  std::scoped_lock lock(mutex_);
  const auto it = entries_.find(key_text(id.domain, id.number, id.sender));
  if (it == entries_.end()) return;
  fields_ -= it->second.made->fields.size();
  entries_.erase(it);
  changed();
}

void TemplateCache::forget_old(int64_t now) {
  for (auto it = entries_.begin(); it != entries_.end();) {
    if (now - it->second.received > ttl_nanos_) {
      fields_ -= it->second.made->fields.size();
      it = entries_.erase(it);
    } else {
      ++it;
    }
  }
}

void TemplateCache::changed() {
  if (path_.empty()) return;
  unsaved_ = true;
  const int64_t now = steady_nanos();
  if (saved_ != 0 && now - saved_ < kSaveEvery) return;
  forget_old(now);
  save();
}

void TemplateCache::save() {
  saved_ = steady_nanos();
  unsaved_ = false;
  Buffer out;
  out.append("{");
  for (const auto& [key, entry] : entries_) {
    if (out.size() > 1) out.append(",");
    write_json_string(key, false, out);
    out.append(":[");
    for (size_t i = 0; i < entry.made->fields.size(); ++i) {
      if (i) out.append(",");
      write_field(entry.made->fields[i], out);
    }
    out.append("]");
  }
  out.append("}");
  // Written beside it and renamed: a reader never sees half of it.
  const std::string beside = path_ + ".new";
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  file.write(out.data(), static_cast<std::streamsize>(out.size()));
  file.close();
  if (!file || std::rename(beside.c_str(), path_.c_str()) != 0)
    log::error(kLogger, "Template Cache could not be saved", {{"file_path", path_}});
}

}  // namespace sluice::plugins::netflow
