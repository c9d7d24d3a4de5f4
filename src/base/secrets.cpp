#include "base/secrets.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "base/utf8.hpp"

namespace sluice::secrets {
namespace {

constexpr size_t kShortest = 4;

struct Secret {
  std::string value, shown;
};

struct State {
  std::atomic<bool> any{false};
  std::shared_mutex mutex;
  std::vector<Secret> kept;  // the longest first: one may hold another
};

State& state() {
  static State instance;
  return instance;
}

}  // namespace

void keep(std::string_view name, std::string_view value) {
  if (value.size() < kShortest) return;
  std::string quoted;
  append_json_string(quoted, value);
  auto& s = state();
  const std::unique_lock lock(s.mutex);
  for (const auto form : {value, std::string_view(quoted).substr(1, quoted.size() - 2)}) {
    const bool known =
        std::any_of(s.kept.begin(), s.kept.end(), [form](const auto& one) { return one.value == form; });
    if (!known) s.kept.push_back({std::string(form), "${" + std::string(name) + "}"});
  }
  std::stable_sort(s.kept.begin(), s.kept.end(),
                   [](const auto& a, const auto& b) { return a.value.size() > b.value.size(); });
  s.any = true;
}

bool any() { return state().any.load(std::memory_order_acquire); }

std::string masked(std::string_view text) {
  if (!any()) return std::string(text);
  auto& s = state();
  const std::shared_lock lock(s.mutex);
  std::string out;
  while (!text.empty()) {
    const auto found = std::find_if(s.kept.begin(), s.kept.end(),
                                    [text](const auto& secret) { return text.starts_with(secret.value); });
    if (found == s.kept.end()) {
      out += text.front();
      text.remove_prefix(1);
    } else {
      out += found->shown;
      text.remove_prefix(found->value.size());
    }
  }
  return out;
}

}  // namespace sluice::secrets
