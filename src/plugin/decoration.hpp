// The common options: add_field, remove_field, add_tag, remove_tag, and for inputs type and tags.
#pragma once

#include <string>
#include <vector>

#include "event/event.hpp"
#include "event/template.hpp"
#include "plugin/options.hpp"

namespace sluice::plugin {

class Setup;

/// Applies a filter's or an input's common options to an event. Immutable, shared by workers.
class Decoration {
 public:
  static Decoration filter(Setup& setup);
  static Decoration input(Setup& setup);

  [[nodiscard]] bool empty() const { return empty_; }
  /// In Logstash's order. An illegal field reference that sprintf produced gives an error text (the rest is
  /// skipped).
  Status apply(Event& event) const;

 private:
  struct Addition {
    Template name;
    FieldRef ref;  // compiled when the name is constant
    std::vector<Template> values;
  };
  void take_additions(Setup& setup);
  Status add(Event& event, const Addition& addition) const;

  std::vector<Addition> add_fields_;
  std::vector<Template> remove_fields_;
  std::vector<FieldRef> remove_refs_;  // compiled when all names are constant
  std::vector<Template> add_tags_;
  std::vector<Template> remove_tags_;
  std::string type_;               // inputs: set when the event has none
  std::vector<std::string> tags_;  // inputs
  bool empty_ = true;
};

/// Adds `value` to the field as add_field and grok do: a new field is set, a scalar becomes a list, a list
/// grows.
Status append_to_field(Event& event, const FieldRef& ref, Value value);

}  // namespace sluice::plugin
