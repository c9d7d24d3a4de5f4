#include "lang/diagnostic.hpp"

#include <algorithm>
#include <tuple>

namespace sluice::lang {

Diagnostic& Diagnostics::error(std::string code, Span span, std::string message, std::string help) {
  ++errors_;
  return items_.emplace_back(Diagnostic{
      Diagnostic::Severity::error, std::move(code), span, std::move(message), std::move(help), {}});
}

Diagnostic& Diagnostics::warning(std::string code, Span span, std::string message, std::string help) {
  return items_.emplace_back(Diagnostic{
      Diagnostic::Severity::warning, std::move(code), span, std::move(message), std::move(help), {}});
}

void Diagnostics::sort() {
  const auto key = [](const Diagnostic& d) {
    return std::make_tuple(!d.span.known(), d.span.file, d.span.begin,
                           d.severity == Diagnostic::Severity::warning);
  };
  std::stable_sort(items_.begin(), items_.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return key(a) < key(b); });
  const auto same = [](const Diagnostic& a, const Diagnostic& b) {
    return a.code == b.code && a.span.begin == b.span.begin && a.span.known() == b.span.known() &&
           a.message == b.message;
  };
  // Text that could not be read as it stands has no type or value either: only the cause is worth saying.
  const auto follows = [this](const Diagnostic& d) {
    return d.span.known() && !d.code.starts_with("E01") &&
           std::any_of(items_.begin(), items_.end(), [&](const Diagnostic& cause) {
             return cause.code.starts_with("E01") && cause.span.known() && cause.span.begin >= d.span.begin &&
                    cause.span.begin < d.span.end;
           });
  };
  std::vector<Diagnostic> kept;
  for (const auto& item : items_) {
    if (!follows(item) &&
        std::none_of(kept.rbegin(), kept.rend(), [&](const Diagnostic& k) { return same(k, item); }))
      kept.push_back(item);
  }
  items_ = std::move(kept);
  errors_ = static_cast<size_t>(std::count_if(items_.begin(), items_.end(), [](const Diagnostic& d) {
    return d.severity == Diagnostic::Severity::error;
  }));
}

}  // namespace sluice::lang
