#include "plugins/translate/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <istream>
#include <map>
#include <streambuf>

#include "event/event.hpp"
#include "plugins/translate/yaml_scalar.hpp"

namespace sluice::plugins::translate {
namespace {

constexpr size_t kDeepest = 200;
constexpr size_t kMostNodes = 1'000'000;  // of one value, what aliases stand for included

/// Reads memory that is not its own.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

// Why the document cannot be a dictionary; leaves the parser as an exception.
struct Refused {
  std::string reason;
};

/// Builds values from the parser's events. Entries of the outermost mapping go into the dictionary as they
/// are complete.
class Builder : public YAML::EventHandler {
 public:
  Builder(bool streaming, bool text_keys, Dictionary& into)
      : streaming_(streaming), text_keys_(text_keys), into_(into) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    take({Value{}, 1}, false, anchor, mark);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (streaming_ || known == anchors_.end()) refuse(mark, "an alias cannot be resolved");
    take(known->second, false, 0, mark);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    const bool merge = tag == "?" && text == "<<" && !streaming_;
    take({scalar(tag, text), 1}, merge, anchor, mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Value::array(Array::make(memory_)), anchor, mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Value::object(Object::make(memory_)), anchor, mark);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Node {
    Value value;
    size_t nodes = 1;
  };
  struct Level {
    Node node;
    YAML::anchor_t anchor = 0;
    YAML::Mark mark;
    Value key;
    bool has_key = false, merge = false;
  };

  [[noreturn]] static void refuse(const YAML::Mark& mark, std::string_view why) {
    throw Refused{"line " + std::to_string(mark.line + 1) + ": " + std::string(why)};
  }

  Value scalar(const std::string& tag, const std::string& text) {
    const bool plain = tag == "?" || tag == "tag:yaml.org,2002:int" || tag == "tag:yaml.org,2002:float" ||
                       tag == "tag:yaml.org,2002:bool" || tag == "tag:yaml.org,2002:null";
    if (!plain) return Value::string(memory_.copy(text));
    return streaming_ ? simple_yaml_scalar(text, memory_) : yaml_scalar(text, memory_);
  }

  void open(Value value, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (levels_.size() >= kDeepest) refuse(mark, "the document is nested too deeply");
    levels_.push_back({{value, 1}, anchor, mark, {}, false, false});
  }

  void close() {
    Level done = std::move(levels_.back());
    levels_.pop_back();
    if (!levels_.empty()) take(done.node, false, done.anchor, done.mark);
  }

  // A complete value goes where it belongs in the level that is open.
  void take(Node node, bool merge, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (anchor != 0) anchors_[anchor] = node;
    if (levels_.empty()) return;
    auto& level = levels_.back();
    level.node.nodes += node.nodes;
    if (node.nodes > kMostNodes) refuse(mark, "a value is too big with what its aliases stand for");
    if (level.node.value.is_array()) {
      level.node.value.as_array()->push(memory_, node.value);
    } else if (!level.has_key) {
      level.key = node.value;
      level.merge = merge;
      level.has_key = true;
    } else {
      level.has_key = false;
      if (level.merge)
        merge_into(level, node.value, mark);
      else
        put(level, level.key, node.value, mark);
    }
  }

  void merge_into(Level& level, const Value& value, const YAML::Mark& mark) {
    if (value.is_array()) {
      for (const auto& item : value.as_array()->all())
        if (item.is_object()) merge_into(level, item, mark);
    } else if (value.is_object()) {
      for (const auto& member : value.as_object()->all())
        put(level, Value::string(member.key.text()), member.value, mark);
    }
  }

  void put(Level& level, const Value& key, const Value& value, const YAML::Mark& mark) {
    if (levels_.size() > 1) {
      std::string name;
      append_text(key, name);
      level.node.value.as_object()->set(memory_, Key::of(name, memory_), value);
    } else if (key.is_string()) {
      into_.put(key.as_text(), value);
      level.node.nodes = 1;
    } else if (text_keys_) {
      refuse(mark, "a key is no text: write it between quotes");
    }
  }

  bool streaming_, text_keys_;
  Dictionary& into_;
  Arena memory_;
  std::vector<Level> levels_;
  std::map<YAML::anchor_t, Node> anchors_;
};

}  // namespace

Status read_yaml_dictionary(std::string_view text, bool streaming, bool text_keys, Dictionary& into) {
  ViewBuffer buffer(text);
  std::istream stream(&buffer);
  try {
    YAML::Parser parser(stream);
    Builder builder(streaming, text_keys, into);
    parser.HandleNextDocument(builder);
    return {};
  } catch (const Refused& refused) {
    return Status::config(refused.reason);
  } catch (const YAML::Exception& error) {
    return Status::config("line " + std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
}

}  // namespace sluice::plugins::translate
