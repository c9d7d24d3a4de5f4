// Which fields a step reads and produces: what the flow check of `pipeline --test` reasons with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::plugin {

/// Filled by a filter: field references as written, such as `clientip` or `[geo][location]`.
class Flow {
 public:
  /// The step needs the field to have an effect; `option` is where the config says so.
  void reads(std::string_view field, std::string_view option) {
    reads_.push_back({std::string(field), std::string(option)});
  }
  /// The field exists after the step, on some events at least.
  void writes(std::string_view field) { writes_.emplace_back(field); }
  /// The field exists after the step on every event that passes it.
  void always_writes(std::string_view field) {
    writes_.emplace_back(field);
    always_.emplace_back(field);
  }
  /// The field is gone after the step.
  void removes(std::string_view field) { removes_.emplace_back(field); }
  /// The step can produce fields that cannot be known (json, kv, ruby).
  void writes_anything() { anything_ = true; }

  /// Every event matches, so that the common options (add_field and so on) take effect on all of them.
  void matches_all() { matches_all_ = true; }

  struct Read {
    std::string field;
    std::string option;
  };
  [[nodiscard]] const std::vector<Read>& read() const { return reads_; }
  [[nodiscard]] const std::vector<std::string>& written() const { return writes_; }
  [[nodiscard]] const std::vector<std::string>& always_written() const { return always_; }
  [[nodiscard]] const std::vector<std::string>& removed() const { return removes_; }
  [[nodiscard]] bool anything() const { return anything_; }
  [[nodiscard]] bool all_match() const { return matches_all_; }

 private:
  std::vector<Read> reads_;
  std::vector<std::string> writes_;
  std::vector<std::string> always_;
  std::vector<std::string> removes_;
  bool anything_ = false;
  bool matches_all_ = false;
};

}  // namespace sluice::plugin
