// "Did you mean": the known name nearest to a mistyped one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// Edit distance with transpositions (optimal string alignment), case-insensitive.
size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `name`, if it is near enough to be a typing mistake (distance at most a third of
/// the longer name, and at least 1 allowed).
std::optional<std::string> nearest(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace sluice
