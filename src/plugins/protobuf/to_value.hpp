// Messages to the values of events.
#pragma once

#include "event/value.hpp"
#include "plugins/protobuf/schema.hpp"

namespace sluice::plugins::protobuf {

/// How Logstash's two libraries for Ruby show a message. Version 2: the fields that are set, enumerations as
/// numbers. Version 3: all fields but unset ones that can be told from their defaults, enumerations as names.
enum class Version : uint8_t { two = 2, three = 3 };

class ToValue {
 public:
  ToValue(const Schema& schema, Version version) : schema_(schema), version_(version) {}

  /// The fields of `message`. `chosen`, if not null, becomes an object that says which field of each oneof
  /// was set, below the names of fields for the messages in them.
  Object* object(const pb::Message& message, Arena& arena, Object** chosen) const;

 private:
  struct Shown {
    Value value;
    Value chosen;  // null when there is nothing to say
  };
  Shown field(const pb::Message& message, const pb::FieldDescriptor& field, Arena& arena, bool wants) const;
  Shown list(const pb::Message& message, const pb::FieldDescriptor& field, Arena& arena, bool wants) const;
  Shown map(const pb::Message& message, const pb::FieldDescriptor& field, Arena& arena, bool wants) const;
  Shown sub(const pb::Message& message, Arena& arena, bool wants) const;
  Value scalar(const pb::Message& message, const pb::FieldDescriptor& field, int index, Arena& arena) const;
  [[nodiscard]] bool hidden(const pb::Message& message, const pb::FieldDescriptor& field) const;
  Object* free_struct(const pb::Message& message, Arena& arena) const;
  Value free_value(const pb::Message& message, Arena& arena) const;

  const Schema& schema_;
  const Version version_;
};

}  // namespace sluice::plugins::protobuf
