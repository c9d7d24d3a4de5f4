// JSON answers of the monitoring API.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/buffer.hpp"
#include "event/value.hpp"

namespace sluice::monitor {

/// A JSON tree in an arena of its own; dots in a name open objects.
class Tree {
 public:
  Tree() : root_(Object::make(arena_, 16)) {}
  Tree& set(std::string_view path, Value value) {
    Object* at = root_;
    for (size_t dot; (dot = path.find('.')) != std::string_view::npos; path = path.substr(dot + 1))
      at = child(at, path.substr(0, dot));
    at->set(arena_, Key::intern(path), value);
    return *this;
  }
  Tree& set(std::string_view path, uint64_t n) { return set(path, Value::integer(static_cast<int64_t>(n))); }
  Tree& set(std::string_view path, std::string_view text) {
    return set(path, Value::string(arena_.copy(text)));
  }
  Arena& arena() { return arena_; }
  Object* object(std::string_view path) {
    Object* at = root_;
    for (size_t dot; (dot = path.find('.')) != std::string_view::npos; path = path.substr(dot + 1))
      at = child(at, path.substr(0, dot));
    return child(at, path);
  }
  [[nodiscard]] Object* root() const { return root_; }

 private:
  Object* child(Object* parent, std::string_view name) {
    const Key key = Key::intern(name);
    if (auto* known = parent->find(key); known && known->is_object()) return known->as_object();
    auto* made = Object::make(arena_, 8);
    parent->set(arena_, key, Value::object(made));
    return made;
  }
  Arena arena_;
  Object* root_;
};

/// Appends the tree and a newline; `pretty` as `?pretty` gives it.
void write(const Tree& tree, Buffer& out, bool pretty);

}  // namespace sluice::monitor
