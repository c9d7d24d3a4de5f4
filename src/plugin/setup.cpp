#include "plugin/setup.hpp"

#include "plugin/spec.hpp"

namespace sluice::plugin {

lang::Diagnostic& Setup::error(std::string_view option, std::string code, std::string message,
                               std::string help) {
  return diagnostics.error(std::move(code), option.empty() ? span : options.span(option), std::move(message),
                           std::move(help));
}

lang::Diagnostic& Setup::warning(std::string_view option, std::string code, std::string message,
                                 std::string help) {
  return diagnostics.warning(std::move(code), option.empty() ? span : options.span(option),
                             std::move(message), std::move(help));
}

bool Setup::ecs() const {
  const auto own = options.maybe_string("ecs_compatibility");
  return (own ? *own : environment.ecs_default) != "disabled";
}

FieldRef Setup::field(std::string_view option) {
  const auto text = options.maybe_string(option);
  if (!text) return {};
  auto ref = FieldRef::parse(*text);
  if (ref.ok()) return std::move(ref).value();
  error(option, "E0304", ref.message(),
        "Write a field as `name` or as [outer][inner], every bracket closed.");
  return {};
}

std::unique_ptr<Codec> Setup::codec(std::string_view fallback, bool streaming, std::string_view option) {
  lang::Plugin written;
  if (const auto* given = options.codec(option)) {
    written = *given;
  } else {
    written.name = fallback;
    written.name_span = written.span = span;
  }
  // A stream cuts its bytes nowhere, so the codec has to: Logstash's stream inputs make the same exchange.
  if (streaming && written.name == "plain") written.name = "line";
  if (streaming && written.name == "json") written.name = "json_lines";
  // The plugin's field layout is its codec's unless the codec has one of its own.
  Environment inner = environment;
  if (const auto own = options.maybe_string("ecs_compatibility")) inner.ecs_default = *own;
  return build_codec(written, inner, diagnostics);
}

}  // namespace sluice::plugin
