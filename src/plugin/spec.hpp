// What a plugin declares of itself, and the registry of all plugins.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "plugin/codec.hpp"
#include "plugin/filter.hpp"
#include "plugin/input.hpp"
#include "plugin/option.hpp"
#include "plugin/output.hpp"
#include "plugin/setup.hpp"
#include "plugin/when_full.hpp"

namespace sluice::plugin {

enum class Kind : uint8_t { input, codec, filter, output };
std::string_view kind_name(Kind kind);

/// One plugin: its name, its options, and how to build it. A factory returns null after it has reported an
/// error.
struct Spec {
  Kind kind;
  std::string_view name;
  std::string_view summary;         // one sentence
  std::span<const Option> options;  // without the common ones
  std::string_view example;         // a config snippet that `--test` accepts
  std::string_view listens = {};    // "tcp" or "udp": what an input's option `port` opens a port of
  std::unique_ptr<Input> (*input)(Setup&) = nullptr;
  std::unique_ptr<Codec> (*codec)(Setup&) = nullptr;
  std::unique_ptr<Filter> (*filter)(Setup&) = nullptr;
  std::unique_ptr<Output> (*output)(Setup&) = nullptr;
};

/// The options that every plugin of the kind has.
std::span<const Option> common_options(Kind kind);

/// All plugins, filled once before any config is read (plugins::register_all).
class Registry {
 public:
  static Registry& get();
  void add(const Spec& spec) { specs_.push_back(&spec); }
  [[nodiscard]] const Spec* find(Kind kind, std::string_view name) const;
  [[nodiscard]] std::span<const Spec* const> all() const { return specs_; }

 private:
  std::vector<const Spec*> specs_;
};

/// True for a plugin that Logstash has and this version does not.
bool known_elsewhere(Kind kind, std::string_view name);

/// A plugin built from its place in a config. `plugin` is null after an error was reported.
template <class T>
struct Built {
  std::unique_ptr<T> plugin;
  const Spec* spec = nullptr;
  std::string id;
  bool show_metrics = true;  // enable_metric
  Decoration decoration;     // of a filter: what FilterRun::matched() does
  Flow flow;                 // of a filter, the common options included
  WhenFull when_full;        // of an output: what the runtime does when it cannot take more
};

Built<Input> build_input(const lang::Plugin& written, const Environment& environment,
                         lang::Diagnostics& diagnostics);
Built<Filter> build_filter(const lang::Plugin& written, const Environment& environment,
                           lang::Diagnostics& diagnostics);
Built<Output> build_output(const lang::Plugin& written, const Environment& environment,
                           lang::Diagnostics& diagnostics);
std::unique_ptr<Codec> build_codec(const lang::Plugin& written, const Environment& environment,
                                   lang::Diagnostics& diagnostics);

}  // namespace sluice::plugin
