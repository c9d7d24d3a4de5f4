// The named patterns that `%{NAME}` in a grok expression stands for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.hpp"

namespace sluice::match {

/// The two sets that ship with the engine.
enum class BuiltinPatterns : uint8_t {
  legacy,  ///< field names of old (`clientip`); ECS compatibility disabled
  ecs_v1,  ///< Elastic Common Schema names (`[source][address]`); ECS compatibility v1 and v8
};

/// A name → regular expression table: a shipped set, over it pattern files, over them definitions of one
/// config. What is added later overrides what was there. Copies share the shipped set, which is indexed at
/// its first use.
class PatternSet {
 public:
  /// No pattern at all.
  PatternSet() = default;
  explicit PatternSet(BuiltinPatterns builtin);

  /// Adds the files that `path` names: those of a directory that fit `glob`, or a file, or a glob of files.
  /// Files come in name order; directories among them are skipped. A path that matches nothing adds nothing,
  /// as in Logstash. Fails when a file cannot be read.
  Status add_path(const std::string& path, const std::string& glob = "*");
  /// Adds the definitions of one file's text: a line is NAME, white space, regular expression up to the
  /// line's end; blank lines, `#` lines and lines with a name only are skipped.
  void add_text(std::string_view text);
  void define(std::string_view name, std::string_view regex);

  /// The expression behind a name; valid until the set is changed or destroyed.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  /// Every name, sorted.
  [[nodiscard]] std::vector<std::string_view> names() const;
  /// The known name nearest to a mistyped one.
  [[nodiscard]] std::optional<std::string> nearest_name(std::string_view name) const;

 private:
  using Index = std::unordered_map<std::string_view, std::string_view>;
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  static const Index& index_of(BuiltinPatterns builtin);

  const Index* builtin_ = nullptr;
  std::unordered_map<std::string, std::string, Hash, std::equal_to<>> own_;
};

/// The embedded text of a shipped set: the files of patterns/legacy or patterns/ecs-v1, one after the other.
std::string_view embedded_patterns(BuiltinPatterns builtin);

}  // namespace sluice::match
