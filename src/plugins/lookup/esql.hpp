// ES|QL queries of the filter elasticsearch: what is sent, and where the rows of the answer go.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "event/event.hpp"
#include "plugin/flow.hpp"
#include "plugin/setup.hpp"

namespace sluice::lookup {

/// One query with its parameters. Immutable, shared by workers.
class Esql {
 public:
  static constexpr std::string_view kPath = "/_query?format=json&drop_null_columns=true";

  /// Reads `query`, `query_params` and `target`. Problems are reported at their option.
  static Esql read(plugin::Setup& setup);

  /// The body of the request for `event`.
  [[nodiscard]] std::string body(const Event& event) const;
  /// Puts the rows of the answer into the event: all of them as a list into `target`, or the first one.
  Status take(Event& event, const Value& answer) const;
  void flow(plugin::Flow& flow) const;

 private:
  struct Parameter {
    std::string name;
    FieldRef field;    // empty: a constant
    std::string json;  // of a constant
  };
  void read_parameter(plugin::Setup& setup, const lang::Value& written);
  void check_placeholders(plugin::Setup& setup) const;

  std::string query_;
  std::vector<Parameter> parameters_;  // those of fields first, as Logstash sends them
  FieldRef target_;
};

}  // namespace sluice::lookup
