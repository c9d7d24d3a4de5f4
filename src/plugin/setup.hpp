// What a plugin gets when it is built from its config, and when it starts.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "event/event.hpp"
#include "lang/diagnostic.hpp"
#include "plugin/metrics.hpp"
#include "plugin/options.hpp"
#include "plugin/refuser.hpp"

namespace sluice::net {
class Loop;
}

namespace sluice::plugin {

class Codec;
class CodecMetrics;
class Decoration;
struct Spec;

/// Settings of the pipeline that plugins read.
struct Environment {
  std::string pipeline_id = "main";
  std::string ecs_default = "v8";  // pipeline.ecs_compatibility
  std::string path_data;           // path.data
  std::string node_name;           // node.name: the host's name
  size_t workers = 1;
  size_t batch_size = 0;
  bool check_only = false;  // --test: open nothing that has an effect
  /// http://HOST:PORT of the engine's own index for the host named `embedded`; empty when there is none.
  std::string embedded_index;
  /// Where the codecs that are built put their figures; null: nobody wants them.
  std::vector<std::shared_ptr<CodecMetrics>>* codecs = nullptr;
};

/// Building: options in, a plugin out. Construction checks everything that can be known without traffic and
/// reports problems here; it opens no socket and writes no file.
class Setup {
 public:
  Setup(const Spec& spec, const Options& options, const Environment& environment, std::string id, Span span,
        lang::Diagnostics& diagnostics)
      : spec(spec),
        options(options),
        environment(environment),
        id(std::move(id)),
        span(span),
        diagnostics(diagnostics) {}

  const Spec& spec;
  const Options& options;
  const Environment& environment;
  std::string id;  // the plugin's id, given or made
  Span span;       // of the plugin's name
  lang::Diagnostics& diagnostics;

  /// An error at the value of `option` (or at the plugin's name when the option is not written).
  lang::Diagnostic& error(std::string_view option, std::string code, std::string message,
                          std::string help = {});
  lang::Diagnostic& warning(std::string_view option, std::string code, std::string message,
                            std::string help = {});

  /// ecs_compatibility of the plugin or of the pipeline: true for v1 and v8.
  [[nodiscard]] bool ecs() const;

  /// The field reference that `option` holds; an error is reported when it is illegal. Unset: an empty
  /// reference.
  FieldRef field(std::string_view option);

  /// Builds the codec of `option`, or `fallback` when none is written. `streaming`: the input cuts nothing,
  /// so plain becomes line and json becomes json_lines, as Logstash's stream inputs do. Null after an error.
  std::unique_ptr<Codec> codec(std::string_view fallback, bool streaming = false,
                               std::string_view option = "codec");
  /// What ecs() is for the codec of `option`: its own ecs_compatibility or the pipeline's, never this
  /// plugin's.
  [[nodiscard]] bool codec_ecs(std::string_view option = "codec") const;
};

/// Starting: what the running engine offers. Given to start() on the main thread, outlives the plugin.
class Engine {
 public:
  virtual ~Engine() = default;
  /// The loop for input sockets, and the one for output sockets.
  virtual net::Loop& input_loop() = 0;
  virtual net::Loop& output_loop() = 0;
  /// Runs `job` on the pipeline's background thread (file checks, database reloads); not for waiting.
  virtual void background(std::function<void()> job) = 0;
  virtual const Environment& environment() const = 0;
  /// Says what the plugin listens on ("tcp", "0.0.0.0:5000"), for the start-up lines.
  virtual void listening(std::string_view what, std::string_view address) = 0;
};

/// One plugin's place in the running engine.
struct Start {
  Engine& engine;
  PluginMetrics& metrics;
  std::string id;
  Refuser& refuser;  // outlives the plugin
  bool name_events = false;  // of an input: an output asks for Event::digest
};

}  // namespace sluice::plugin
