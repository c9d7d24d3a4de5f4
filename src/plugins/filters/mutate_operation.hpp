// The operations of the mutate filter. Each is compiled from its option once and shared by the workers.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.hpp"
#include "event/event.hpp"
#include "match/regex.hpp"
#include "plugin/flow.hpp"
#include "plugin/searches.hpp"
#include "plugin/setup.hpp"
#include "plugins/filters/warning_limiter.hpp"

namespace sluice::plugins {

/// What a worker keeps for the operations between events.
struct MutateScratch {
  std::string text, other;
  match::Captures captures;
  std::unordered_map<std::string, match::Regex> regexes;  // of gsub patterns that are made per event; bounded
  WarningLimiter warnings;
};

/// One operation of one mutate filter, such as all of its `convert`.
class MutateOperation {
 public:
  virtual ~MutateOperation() = default;
  /// Changes the event. After an error the rest of the filter is skipped; what was done stays.
  virtual Status apply(Event& event, MutateScratch& scratch) const = 0;
  virtual void flow(plugin::Flow& flow) const = 0;
  /// Names the regular expressions that it searches with.
  virtual void searches(plugin::Searches& searches) const { (void)searches; }
};

using MutateOperations = std::vector<std::unique_ptr<const MutateOperation>>;

/// Each adds the operation of its options when they are given, and reports what is wrong with them.
void add_coerce(plugin::Setup& setup, MutateOperations& operations);
void add_rename(plugin::Setup& setup, MutateOperations& operations);
void add_update(plugin::Setup& setup, MutateOperations& operations);
void add_replace(plugin::Setup& setup, MutateOperations& operations);
void add_convert(plugin::Setup& setup, MutateOperations& operations);
void add_gsub(plugin::Setup& setup, MutateOperations& operations);
void add_text_case(plugin::Setup& setup, std::string_view option, MutateOperations& operations);
void add_strip(plugin::Setup& setup, MutateOperations& operations);
void add_split(plugin::Setup& setup, MutateOperations& operations);
void add_join(plugin::Setup& setup, MutateOperations& operations);
void add_merge(plugin::Setup& setup, MutateOperations& operations);
void add_copy(plugin::Setup& setup, MutateOperations& operations);

/// Ruby's to_s of a value: floats as 1.0e+21, hashes and lists in Ruby's notation, null as nothing.
void append_ruby_text(const Value& value, std::string& out);

/// The text of a scalar in a hash option; an error (E0306) for lists and hashes.
std::string scalar_text(plugin::Setup& setup, std::string_view option, const lang::Value& value);

}  // namespace sluice::plugins
