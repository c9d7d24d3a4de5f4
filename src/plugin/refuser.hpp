// How a plugin gives an event up for good, and who keeps it then.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "event/event.hpp"
#include "plugin/metrics.hpp"

namespace sluice::plugin {

/// By whom, where in the config, and why an event was given up.
struct Refusal {
  std::string_view plugin_type, plugin_id;
  std::string_view place;  ///< "main.conf:12:5"
  std::string_view reason;
};

/// The dead letter queue of a pipeline, as those who fill it see it. Thread-safe.
class DeadLetters {
 public:
  virtual ~DeadLetters() = default;
  /// Keeps a copy of `event`, whose batch is confirmed to its sources only when the copy is safe. The caller
  /// holds a reference to the batch. False when it is not kept (the queue is full, or the event came out of
  /// one): it is lost.
  virtual bool keep(const Event& event, const Refusal& refusal) = 0;
  /// Nothing more comes: what is kept is safe, or its batch abandoned, when this returns. Main thread.
  virtual void close() {}

  /// What the monitoring API says of it.
  struct Figures {
    uint64_t bytes = 0, max_bytes = 0;
    uint64_t dropped = 0;  ///< events that max_bytes cost
    uint64_t expired = 0;  ///< events that retain.age cost
    std::string last_error, storage_policy, path;
  };
  [[nodiscard]] virtual Figures figures() const { return {}; }
};

/// One plugin's way to the dead letter queue. Thread-safe; outlives the plugin.
class Refuser {
 public:
  /// `letters` may be null: no dead letter queue is enabled.
  Refuser(std::string type, std::string id, std::string place, std::shared_ptr<DeadLetters> letters,
          Counter& refused, PluginMetrics& metrics)
      : type_(std::move(type)),
        id_(std::move(id)),
        place_(std::move(place)),
        letters_(std::move(letters)),
        refused_(refused),
        metrics_(metrics) {}

  /// Whether a dead letter queue is enabled.
  [[nodiscard]] bool has_letters() const { return letters_ != nullptr; }

  /// The plugin can do nothing with `event` and never will. True: the dead letter queue keeps it. False: it
  /// is lost, which the plugin says in the log. The caller holds a reference to the event's batch.
  bool refuse(const Event& event, std::string_view reason) {
    refused_.add();
    metrics_.counter("events.refused").add();
    return letters_ && letters_->keep(event, {type_, id_, place_, reason});
  }

 private:
  const std::string type_, id_, place_;
  const std::shared_ptr<DeadLetters> letters_;
  Counter& refused_;
  PluginMetrics& metrics_;
};

}  // namespace sluice::plugin
