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
  // The codec's field layout is its own or the pipeline's: the option of the plugin around it says nothing.
  return build_codec(written, environment, diagnostics);
}

bool Setup::codec_ecs(std::string_view option) const {
  std::string_view layout = environment.ecs_default;
  if (const auto* given = options.codec(option))
    for (const auto& attribute : given->attributes)
      if (attribute.name == "ecs_compatibility") layout = attribute.value.text;
  return layout != "disabled";
}

}  // namespace sluice::plugin
