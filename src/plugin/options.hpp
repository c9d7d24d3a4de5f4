// The options of one plugin in a config, validated and coerced.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/span.hpp"
#include "event/field_ref.hpp"
#include "event/template.hpp"
#include "lang/ast.hpp"
#include "lang/diagnostic.hpp"
#include "plugin/option.hpp"

namespace sluice::plugin {

/// Validated options, defaults filled in. Getters return the coerced value; asking for a name that the table
/// does not have is a programming error (asserted).
class Options {
 public:
  /// One option: its value after merging repetitions, coercion and defaults.
  struct Entry {
    const Option* option = nullptr;
    bool given = false;    // written in the config
    bool present = false;  // given, or has a default
    lang::Value value;
    Span span;  // of the value, or of the plugin's name when not given
    Span name_span;
  };

  /// True when the plugin's table has the option.
  [[nodiscard]] bool knows(std::string_view name) const;
  /// True when the config names the option.
  [[nodiscard]] bool given(std::string_view name) const { return entry(name).given; }
  /// True when given or defaulted.
  [[nodiscard]] bool has(std::string_view name) const { return entry(name).present; }

  [[nodiscard]] std::string string(std::string_view name) const;  // empty when unset
  [[nodiscard]] std::optional<std::string> maybe_string(std::string_view name) const;
  [[nodiscard]] double number(std::string_view name, double otherwise = 0) const;
  [[nodiscard]] int64_t integer(std::string_view name, int64_t otherwise = 0) const;
  [[nodiscard]] bool boolean(std::string_view name) const;
  [[nodiscard]] int64_t bytes(std::string_view name) const;
  /// Of a duration option; `unit_millis` is what a bare number counts.
  [[nodiscard]] int64_t millis(std::string_view name, int64_t unit_millis = 1000) const;
  /// The texts of a list (or of one scalar).
  [[nodiscard]] std::vector<std::string> strings(std::string_view name) const;
  /// The items of a list with their spans.
  [[nodiscard]] const std::vector<lang::Value>& items(std::string_view name) const;
  /// The entries of a hash in the order in which Logstash's plugins see them (that of a Java HashMap).
  [[nodiscard]] std::vector<std::pair<std::string, lang::Value>> hash(std::string_view name) const;
  /// The codec written for the option, or null: the plugin takes its default then.
  [[nodiscard]] const lang::Plugin* codec(std::string_view name = "codec") const;

  [[nodiscard]] const Entry& entry(std::string_view name) const;
  [[nodiscard]] Span span(std::string_view name) const { return entry(name).span; }
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  friend Options bind(std::span<const Option>, std::span<const Option>, std::string_view, std::string_view,
                      const lang::Plugin&, lang::Diagnostics&);
  std::vector<Entry> entries_;
};

/// Merges repeated attributes, checks names ("did you mean"), types, choices, required and obsolete options,
/// and fills in defaults. `kind` and `name` are for the messages ("filter", "grok"). Problems go to
/// `diagnostics`.
Options bind(std::span<const Option> own, std::span<const Option> common, std::string_view kind,
             std::string_view name, const lang::Plugin& written, lang::Diagnostics& diagnostics);

/// Reorders `keys` as a java.util.HashMap that they were put into would iterate over them.
std::vector<size_t> java_hash_order(const std::vector<std::string>& keys);

}  // namespace sluice::plugin
