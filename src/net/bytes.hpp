// Bytes on their way out: a view with whatever keeps it alive.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/slab.hpp"

namespace sluice::net {

/// An immutable run of bytes, shared without copying. Copyable, usable on any thread.
class Bytes {
 public:
  Bytes() = default;
  /// Takes the text over.
  Bytes(std::string text) {  // NOLINT: implicit by intent, bodies are often built as text
    auto owned = std::make_shared<const std::string>(std::move(text));
    view_ = *owned;
    owner_ = std::move(owned);
  }
  Bytes(const char* text) : Bytes(std::string(text)) {}  // NOLINT: implicit by intent
  /// The bytes in use of a slab.
  Bytes(SlabRef slab) : view_(slab ? slab.view() : std::string_view{}), slab_(std::move(slab)) {}  // NOLINT
  /// A part of a slab.
  Bytes(std::string_view view, SlabRef slab) : view_(view), slab_(std::move(slab)) {}
  /// A view kept alive by `owner`.
  Bytes(std::string_view view, std::shared_ptr<const void> owner) : view_(view), owner_(std::move(owner)) {}
  /// A view of something that outlives every use, such as a literal.
  static Bytes unowned(std::string_view view) {
    Bytes bytes;
    bytes.view_ = view;
    return bytes;
  }

  [[nodiscard]] std::string_view view() const { return view_; }
  [[nodiscard]] size_t size() const { return view_.size(); }
  [[nodiscard]] bool empty() const { return view_.empty(); }
  [[nodiscard]] const SlabRef& slab() const { return slab_; }
  /// The same bytes without the first `count`.
  [[nodiscard]] Bytes skip(size_t count) const {
    Bytes rest = *this;
    rest.view_.remove_prefix(count);
    return rest;
  }

 private:
  std::string_view view_;
  SlabRef slab_;
  std::shared_ptr<const void> owner_;
};

}  // namespace sluice::net
