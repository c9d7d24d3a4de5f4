// The part of an address after the question mark.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::index {

/// Decodes %XX and, with `plus`, + as a blank.
std::string url_decode(std::string_view text, bool plus);

/// Query parameters, decoded, in their order.
class Params {
 public:
  Params() = default;
  explicit Params(std::string_view query);
  /// The value of `name`, or null.
  [[nodiscard]] const std::string* find(std::string_view name) const;
  [[nodiscard]] std::string get(std::string_view name, std::string_view otherwise = {}) const;
  /// True when the parameter is there without a value, or is "true".
  [[nodiscard]] bool flag(std::string_view name, bool otherwise = false) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const { return all_; }

 private:
  std::vector<std::pair<std::string, std::string>> all_;
};

}  // namespace sluice::index
