// Messages that are known by their descriptors alone, as protoc writes them into a file.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.hpp"
#include "base/symbol.hpp"

namespace sluice::plugins::protobuf {

namespace pb = google::protobuf;

/// A field with its name as the key of an event.
struct FieldShape {
  const pb::FieldDescriptor* field;
  Key key;
};

/// A choice of fields (`oneof`) with its name. What proto3 makes of an `optional` field is none.
struct ChoiceShape {
  const pb::OneofDescriptor* choice;
  Key key;
};

struct Shape {
  std::vector<FieldShape> fields;  // in the order of the source
  std::vector<ChoiceShape> choices;
  bool is_struct = false;  // google.protobuf.Struct, whose fields are free
};

/// The types of one descriptor file. Immutable after load(); usable on any thread.
class Schema {
 public:
  Schema() : factory_(&pool_) {}

  /// Reads a FileDescriptorSet (without a path: that of google.protobuf.Struct) and looks `class_name` up,
  /// with the names of packages and outer messages in front, divided by dots or as in Ruby by `::`. The error
  /// says what is missing.
  Status load(const std::string& path, std::string class_name);

  [[nodiscard]] const pb::Descriptor& root() const { return *root_; }
  /// True when a message can lack something: only then the library has to look for it.
  [[nodiscard]] bool has_required() const { return has_required_; }
  /// A message of the class; the caller owns it, and it must not outlive the schema.
  [[nodiscard]] std::unique_ptr<pb::Message> message() const;
  /// Of the root and of everything that it can hold.
  [[nodiscard]] const Shape& shape(const pb::Descriptor& type) const { return shapes_.at(&type); }

 private:
  Status read(const std::string& path, pb::FileDescriptorSet& files);
  Status build(const pb::FileDescriptorSet& files, const std::string& path);
  void describe(const pb::Descriptor& type);

  pb::DescriptorPool pool_;
  mutable pb::DynamicMessageFactory factory_;  // locks itself
  const pb::Descriptor* root_ = nullptr;
  bool has_required_ = false;
  std::unordered_map<const pb::Descriptor*, Shape> shapes_;
  std::vector<std::string> names_;  // of all messages
};

}  // namespace sluice::plugins::protobuf
