// Values of events to messages.
#pragma once

#include <string>

#include "event/value.hpp"
#include "plugins/protobuf/schema.hpp"

namespace sluice::plugins::protobuf {

/// Fills messages. Used by one thread at a time.
class FromValue {
 public:
  /// `convert`: text becomes a number where one is wanted and the like, as Logstash does it.
  FromValue(const Schema& schema, bool convert) : schema_(schema), convert_(convert) {}

  /// Sets the fields of `message` to the members of `object`; an @ in a name does not count, and null is
  /// unset. False when a member has no field or does not fit it: problem() then says which.
  bool fill(const Object& object, pb::Message& message);
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  bool member(const pb::FieldDescriptor& field, const Value& value, pb::Message& message);
  bool list(const pb::FieldDescriptor& field, const Value& value, pb::Message& message);
  bool map(const pb::FieldDescriptor& field, const Value& value, pb::Message& message);
  bool free_struct(const Object& object, pb::Message& message);
  bool free_value(const Value& value, pb::Message& message);
  /// Sets the field, or adds an element to its list.
  bool one(const pb::FieldDescriptor& field, const Value& value, pb::Message& message, bool add);
  bool integer(const pb::FieldDescriptor& field, const Value& value, pb::Message& message, bool add);
  bool real(const pb::FieldDescriptor& field, const Value& value, pb::Message& message, bool add);
  bool boolean(const pb::FieldDescriptor& field, const Value& value, pb::Message& message, bool add);
  bool enumeration(const pb::FieldDescriptor& field, const Value& value, pb::Message& message, bool add);
  bool text(const pb::FieldDescriptor& field, const Value& value, pb::Message& message, bool add);
  bool misfit(const pb::FieldDescriptor& field);

  const Schema& schema_;
  const bool convert_;
  std::string problem_;
};

}  // namespace sluice::plugins::protobuf
