// Setting the same set of fields on many events: where they go is worked out once.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "event/event.hpp"

namespace sluice {

/// The places of a filter's results. Immutable, shared by workers.
class FieldLayout {
 public:
  FieldLayout() = default;
  /// References that are empty() are places that are never set.
  explicit FieldLayout(std::span<const FieldRef> places);

  /// set() refuses events in which this place has a value already, be it null.
  void keep(size_t place) { places_[place].kept = places_[place].parent != kNone; }

  /// What Event::set() does with each place and its value in turn, in less time; a null value is left out.
  /// False, and nothing is changed, where one of them could fail or do more than that: then they have to be
  /// set one by one. `values` has a value for each place, each for this event alone.
  [[nodiscard]] bool set(Event& event, std::span<const Value> values) const;

 private:
  static constexpr size_t kMostParents = 32;
  static constexpr uint32_t kFields = 0, kMetadata = 1;  // the roots among the parents
  static constexpr uint32_t kNone = UINT32_MAX;
  /// A set of interned names, which may seem to hold others: wide enough that those of one configuration
  /// hardly ever meet.
  class NameSet {
   public:
    void add(Key key) { words_[key.id() / 64 % kWords] |= uint64_t{1} << key.id() % 64; }
    [[nodiscard]] bool may_hold(Key key) const {
      return !key.interned() || (words_[key.id() / 64 % kWords] >> key.id() % 64 & 1) != 0;
    }

   private:
    static constexpr size_t kWords = 16;
    std::array<uint64_t, kWords> words_{};
  };
  /// An object that some place stands in.
  struct Parent {
    uint32_t above = kNone;
    Key key;
    uint32_t size = 0;  // how many places and parents stand in it
    NameSet names;      // of them
  };
  struct Place {
    uint32_t parent = kNone;  // kNone: never set
    Key key;
    uint32_t as_parent = kNone;  // when other places stand below this one
    bool kept = false;           // what stands there already is not replaced
  };
  struct Objects;

  void add(const FieldRef& ref);
  uint32_t parent_of(uint32_t above, Key key);
  void append(Objects& objects, std::span<const Value> values) const;
  [[nodiscard]] bool set_among(Objects& objects, std::span<const Value> values) const;

  std::vector<Parent> parents_;  // behind the ones above them
  std::vector<Place> places_;
  bool place_as_parent_ = false;  // some place has one
  bool simple_ = true;            // each place can be set by its parent and key alone
};

}  // namespace sluice
