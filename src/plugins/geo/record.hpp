// The fields of one record of a MaxMind database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/value.hpp"
#include "plugins/geo/database.hpp"

namespace sluice::plugins::geo {

/// What a record says, kept apart from any batch: all texts as one, to be copied at one go.
struct Record {
  struct Item {
    /// `address` and `network` stand for what the record does not know: those of the address asked for.
    enum class Kind : uint8_t { value, text, point, address, network };
    Kind kind = Kind::value;
    bool plain = false;            // a text that needs no JSON escaping
    uint32_t place = 0;            // the caller's number for the field
    uint32_t begin = 0, size = 0;  // of a text
    Value value;                   // a number or a flag
    double latitude = 0, longitude = 0;
  };
  bool found = false;  // it has one of the fields at least
  std::string text;
  std::vector<Item> items;
};

class RecordReader {
 public:
  explicit RecordReader(const MMDB_entry_s& entry) : entry_(entry) {}

  /// True when it has a latitude or a longitude.
  bool has_point() { return number("location latitude") || number("location longitude"); }
  /// Reads one field into `item`; its text goes to `record`. False when there is none.
  bool read(const Field& field, Record& record, Record::Item& item);

 private:
  bool get(std::string_view path, MMDB_entry_data_s& data);
  std::string text(std::string_view path);
  std::optional<double> number(std::string_view path);
  static void add_text(Record& record, Record::Item& item, std::string_view text);
  bool read_value(const Field& field, Record& record, Record::Item& item);

  MMDB_entry_s entry_;
};

}  // namespace sluice::plugins::geo
