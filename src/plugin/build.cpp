// From a plugin's place in the config to the plugin.
#include "base/nearest.hpp"
#include "plugin/codec_metrics.hpp"
#include "plugin/spec.hpp"

namespace sluice::plugin {
namespace {

const Spec* find_spec(Kind kind, const lang::Plugin& written, lang::Diagnostics& diagnostics) {
  const auto& registry = Registry::get();
  if (const auto* spec = written.quoted_name ? nullptr : registry.find(kind, written.name)) return spec;
  const std::string what(kind_name(kind));
  if (known_elsewhere(kind, written.name)) {
    diagnostics.error("E0202", written.name_span,
                      "The " + what + " plugin '" + written.name + "' of Logstash is not supported yet",
                      "Run `pipeline plugins` for the list of what is.");
    return nullptr;
  }
  std::vector<std::string_view> names;
  for (const auto* spec : registry.all())
    if (spec->kind == kind) names.push_back(spec->name);
  auto& d = diagnostics.error("E0201", written.name_span,
                              "Couldn't find any " + what + " plugin named '" + written.name + "'");
  if (const auto near = nearest(written.name, names)) {
    d.help = "Did you mean `" + *near + "`?";
    d.fix = lang::Fix{written.name_span, *near, false};
  } else {
    d.help = "`pipeline plugins` lists what there is.";
    for (const auto other : {Kind::input, Kind::filter, Kind::output, Kind::codec})
      if (registry.find(other, written.name))
        d.help = "There is " + std::string(other == Kind::input || other == Kind::output ? "an " : "a ") +
                 std::string(kind_name(other)) + " of that name: is it in the wrong section?";
  }
  return nullptr;
}

std::string make_id(const Spec& spec, const Options& options, const lang::Plugin& written) {
  if (auto id = options.maybe_string("id")) return *id;
  return std::string(spec.name) + "_" + std::to_string(written.name_span.line) + "_" +
         std::to_string(written.name_span.column);
}

void add_common_flow(const Options& options, Flow& flow) {
  for (const auto& [name, value] : options.hash("add_field")) {
    (void)value;
    if (name.find("%{") != std::string::npos)
      flow.writes_anything();
    else if (flow.all_match())
      flow.always_writes(name);
    else
      flow.writes(name);
  }
  for (const auto& name : options.strings("remove_field"))
    if (name.find("%{") == std::string::npos) flow.removes(name);
  if (!options.strings("add_tag").empty()) flow.writes("tags");
}

template <class T, class Make>
Built<T> build(Kind kind, const lang::Plugin& written, const Environment& environment,
               lang::Diagnostics& diagnostics, Make make) {
  Built<T> built;
  const Spec* spec = find_spec(kind, written, diagnostics);
  if (!spec) return built;
  const size_t errors = diagnostics.error_count();
  const Options options =
      bind(spec->options, common_options(kind), kind_name(kind), spec->name, written, diagnostics);
  if (diagnostics.error_count() != errors) return built;
  Setup setup(*spec, options, environment, make_id(*spec, options, written), written.name_span, diagnostics);
  built.spec = spec;
  built.id = setup.id;
  built.show_metrics = options.boolean("enable_metric");
  make(built, setup);
  if (diagnostics.error_count() != errors) built.plugin.reset();
  return built;
}

}  // namespace

Built<Input> build_input(const lang::Plugin& written, const Environment& environment,
                         lang::Diagnostics& diagnostics) {
  return build<Input>(Kind::input, written, environment, diagnostics,
                      [](auto& built, Setup& setup) { built.plugin = setup.spec.input(setup); });
}

Built<Filter> build_filter(const lang::Plugin& written, const Environment& environment,
                           lang::Diagnostics& diagnostics) {
  return build<Filter>(Kind::filter, written, environment, diagnostics, [](auto& built, Setup& setup) {
    built.decoration = Decoration::filter(setup);
    built.plugin = setup.spec.filter(setup);
    if (built.plugin) built.plugin->flow(built.flow);
    add_common_flow(setup.options, built.flow);
  });
}

Built<Output> build_output(const lang::Plugin& written, const Environment& environment,
                           lang::Diagnostics& diagnostics) {
  return build<Output>(Kind::output, written, environment, diagnostics,
                       [](auto& built, Setup& setup) { built.plugin = setup.spec.output(setup); });
}

std::unique_ptr<Codec> build_codec(const lang::Plugin& written, const Environment& environment,
                                   lang::Diagnostics& diagnostics) {
  auto built = build<Codec>(Kind::codec, written, environment, diagnostics,
                            [](auto& b, Setup& setup) { b.plugin = setup.spec.codec(setup); });
  if (!built.plugin || !built.show_metrics || !environment.codecs) return std::move(built.plugin);
  auto metrics = std::make_shared<CodecMetrics>(std::move(built.id), built.spec->name);
  environment.codecs->push_back(metrics);
  return measured(std::move(built.plugin), std::move(metrics));
}

}  // namespace sluice::plugin
