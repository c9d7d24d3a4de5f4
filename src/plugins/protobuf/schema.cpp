#include "plugins/protobuf/schema.hpp"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cctype>

#include "base/file.hpp"
#include "base/nearest.hpp"

namespace sluice::plugins::protobuf {
namespace {

/// Collects what the pool has to say instead of having it printed.
class Problems : public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const pb::Message* /*descriptor*/,
                ErrorLocation /*location*/, const std::string& message) override {
    if (text.empty()) text = file + ": " + element + ": " + message;
  }
  std::string text;
};

std::string with_dots(std::string name) {
  for (size_t at = 0; (at = name.find("::", at)) != std::string::npos;) name.replace(at, 2, ".");
  if (name.starts_with('.')) name.erase(0, 1);
  return name;
}

// Ruby's classes begin with capitals where a package does not.
bool same_but_for_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

void names_of(const pb::Descriptor& type, std::vector<std::string>& names) {
  if (type.options().map_entry()) return;
  names.push_back(type.full_name());
  for (int i = 0; i < type.nested_type_count(); ++i) names_of(*type.nested_type(i), names);
}

std::string listed(const std::vector<std::string>& names) {
  constexpr size_t kMost = 10;
  std::string text;
  for (size_t i = 0; i < names.size() && i < kMost; ++i) text += (i ? ", " : "") + names[i];
  return text + (names.size() > kMost ? ", ..." : "");
}

}  // namespace

Status Schema::build(const pb::FileDescriptorSet& files, const std::string& path) {
  for (const auto& file : files.file()) {
    Problems problems;
    const auto* built = pool_.BuildFileCollectingErrors(file, &problems);
    if (!built)
      return Status::config(
          "the descriptors in " + path + " do not fit together: " + problems.text +
          ". Write the file with protoc's --include_imports, so that it holds what it needs.");
    for (int i = 0; i < built->message_type_count(); ++i) names_of(*built->message_type(i), names_);
  }
  return {};
}

Status Schema::read(const std::string& path, pb::FileDescriptorSet& files) {
  if (path.empty()) {
    pb::Struct::descriptor()->file()->CopyTo(files.add_file());
    return {};
  }
  const auto bytes = read_file(path);
  if (bytes.ok() && files.ParsePartialFromString(*bytes) && files.file_size() > 0) return {};
  return Status::config(
      path + " holds no descriptors. Make it with: protoc --include_imports --descriptor_set_out=" + path +
      " YOUR.proto");
}

Status Schema::load(const std::string& path, std::string class_name) {
  // Else the library prints a line of its own for each message with invalid UTF-8.
  static const auto quiet = pb::SetLogHandler(nullptr);
  (void)quiet;
  pb::FileDescriptorSet files;
  if (auto status = read(path, files); !status.ok()) return status;
  if (auto status = build(files, path); !status.ok()) return status;
  class_name = with_dots(std::move(class_name));
  root_ = pool_.FindMessageTypeByName(class_name);
  for (size_t i = 0; !root_ && i < names_.size(); ++i)
    if (same_but_for_case(names_[i], class_name)) root_ = pool_.FindMessageTypeByName(names_[i]);
  if (!root_) {
    const std::vector<std::string_view> known(names_.begin(), names_.end());
    const auto near = nearest(class_name, known);
    return Status::config("there is no message " + class_name +
                          (path.empty() ? " that needs no descriptor_file. " : " in " + path + ". ") +
                          (near ? "Did you mean " + *near + "?" : "It has: " + listed(names_)));
  }
  describe(*root_);
  return {};
}

void Schema::describe(const pb::Descriptor& root) {
  std::vector<const pb::Descriptor*> open{&root};
  while (!open.empty()) {
    const auto* type = open.back();
    open.pop_back();
    if (shapes_.contains(type)) continue;
    Shape& shape = shapes_[type];
    shape.is_struct = type->full_name() == "google.protobuf.Struct";
    for (int i = 0; i < type->field_count(); ++i) {
      const auto* field = type->field(i);
      shape.fields.push_back({field, Key::intern(field->name())});
      has_required_ |= field->is_required();
      if (field->message_type()) open.push_back(field->message_type());
    }
    for (int i = 0; i < type->real_oneof_decl_count(); ++i)
      shape.choices.push_back({type->oneof_decl(i), Key::intern(type->oneof_decl(i)->name())});
  }
}

std::unique_ptr<pb::Message> Schema::message() const {
  return std::unique_ptr<pb::Message>(factory_.GetPrototype(root_)->New());
}

}  // namespace sluice::plugins::protobuf
