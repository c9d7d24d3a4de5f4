// The extension keys of CEF: their short keys, their long names, and the fields that they become.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/field_ref.hpp"

namespace sluice::plugins::cef {

struct MappingOptions {
  bool ecs = false;
  bool host = false;        // the device is [host], not [observer]; only with ecs
  bool short_keys = false;  // written keys are the short ones (reverse_mapping)
};

/// Where keys go when read and which keys fields get when written. Immutable.
class Mapping {
 public:
  /// What a known key becomes.
  struct Target {
    FieldRef field;
    Key key;                 // of a top-level field; null for others
    bool time = false;       // in ECS mode its value is read as a time
    bool time_zone = false;  // in ECS mode its value is the zone of the event's times
  };

  explicit Mapping(const MappingOptions& options);

  /// The target of a short key or long name; null for a key that CEF does not have.
  [[nodiscard]] const Target* target(std::string_view key) const {
    const auto at = targets_.find(key);
    return at == targets_.end() ? nullptr : &at->second;
  }
  /// The key to write for a field, named as the config names it; the field's own name when there is none.
  [[nodiscard]] std::string written_key(const std::string& field) const;

 private:
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  void add(const MappingOptions& options, std::string_view name, std::string_view key, std::string_view field,
           std::string_view alias, bool time);
  void add_custom_fields(const MappingOptions& options);
  void add_target(std::string_view key, std::string_view field, bool time, bool time_zone);

  std::unordered_map<std::string, Target, TextHash, std::equal_to<>> targets_;
  std::unordered_map<std::string, std::string> written_;
};

}  // namespace sluice::plugins::cef
