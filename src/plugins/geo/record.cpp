#include "plugins/geo/record.hpp"

#include <cstring>

#include "base/utf8.hpp"

namespace sluice::plugins::geo {

bool RecordReader::get(std::string_view path, MMDB_entry_data_s& data) {
  const char* keys[6] = {};
  char words[64];
  std::memcpy(words, path.data(), path.size());
  words[path.size()] = 0;
  size_t n = 0;
  char* rest = nullptr;
  for (char* word = strtok_r(words, " ", &rest); word && n < 5; word = strtok_r(nullptr, " ", &rest))
    keys[n++] = word;
  return MMDB_aget_value(&entry_, &data, keys) == MMDB_SUCCESS && data.has_data;
}

std::string RecordReader::text(std::string_view path) {
  MMDB_entry_data_s data;
  if (!get(path, data) || data.type != MMDB_DATA_TYPE_UTF8_STRING) return {};
  return {data.utf8_string, data.data_size};
}

std::optional<double> RecordReader::number(std::string_view path) {
  MMDB_entry_data_s data;
  if (!get(path, data) || data.type != MMDB_DATA_TYPE_DOUBLE) return std::nullopt;
  return data.double_value;
}

void RecordReader::add_text(Record& record, Record::Item& item, std::string_view text) {
  item.kind = Record::Item::Kind::text;
  item.plain = json_plain(text);
  item.begin = static_cast<uint32_t>(record.text.size());
  item.size = static_cast<uint32_t>(text.size());
  record.text += text;
}

bool RecordReader::read(const Field& field, Record& record, Record::Item& item) {
  if (field.option == "IP") {
    item.kind = Record::Item::Kind::address;
    return true;
  }
  if (field.option == "NETWORK") {
    item.kind = Record::Item::Kind::network;
    return true;
  }
  if (field.option == "REGION_ISO_CODE") {
    const auto country = text("country iso_code"), region = text("subdivisions -1 iso_code");
    if (country.empty() || region.empty()) return false;
    add_text(record, item, country + "-" + region);
    return true;
  }
  if (field.option == "LOCATION") {
    const auto lat = number("location latitude"), lon = number("location longitude");
    item.kind = Record::Item::Kind::point;
    item.latitude = lat.value_or(0);
    item.longitude = lon.value_or(0);
    return lat && lon;
  }
  return read_value(field, record, item);
}

// A flag that the database leaves out is false; other fields that it leaves out are not set.
bool RecordReader::read_value(const Field& field, Record& record, Record::Item& item) {
  MMDB_entry_data_s data;
  // Enterprise databases keep what others have at the top below `traits`.
  if (!get(field.path, data) && !get("traits " + std::string(field.path), data)) {
    item.value = Value::boolean(false);
    return field.path.starts_with("is_");
  }
  switch (data.type) {
    case MMDB_DATA_TYPE_UTF8_STRING:
      add_text(record, item, {data.utf8_string, data.data_size});
      return data.data_size != 0;
    case MMDB_DATA_TYPE_DOUBLE:
      item.value = Value::real(data.double_value);
      return true;
    case MMDB_DATA_TYPE_FLOAT:
      item.value = Value::real(data.float_value);
      return true;
    case MMDB_DATA_TYPE_UINT16:
      item.value = Value::integer(data.uint16);
      return true;
    case MMDB_DATA_TYPE_UINT32:
      item.value = Value::integer(data.uint32);
      return true;
    case MMDB_DATA_TYPE_INT32:
      item.value = Value::integer(data.int32);
      return true;
    case MMDB_DATA_TYPE_UINT64:
      item.value = Value::integer(static_cast<int64_t>(data.uint64));
      return true;
    case MMDB_DATA_TYPE_BOOLEAN:
      item.value = Value::boolean(data.boolean);
      return true;
    default:
      return false;
  }
}

}  // namespace sluice::plugins::geo
