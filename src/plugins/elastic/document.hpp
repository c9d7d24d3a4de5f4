// From an event to the two lines of a bulk action.
#pragma once

#include <string>

#include "base/arena.hpp"
#include "base/buffer.hpp"
#include "event/event.hpp"
#include "plugins/elastic/document_id.hpp"
#include "plugins/elastic/index_name.hpp"
#include "plugins/elastic/settings.hpp"

namespace sluice::elastic {

/// Writes action lines and sources. One per worker; `settings` and `target` outlive it.
class DocumentWriter {
 public:
  DocumentWriter(const DocumentSettings& settings, const Target& target, plugin::Counter* renamed);

  /// Appends the lines for `event`. False when the event can never be sent: `out` is as before, problem()
  /// says why.
  bool write(const Event& event, Buffer& out);
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// The problem is an index name that could not be filled in.
  [[nodiscard]] bool index_problem() const { return index_problem_; }

 private:
  enum class Action : uint8_t { index, create, update, remove };

  bool write_action(const Event& event, Buffer& out, Action& action);
  bool find_action(const Event& event, std::string_view& name, Action& action);
  bool write_id(const Event& event, const Object* override_, Action action, Buffer& out);
  bool write_version(const Event& event, const Object* override_, Buffer& out);
  void write_member(std::string_view name, std::string_view text, Buffer& out);
  std::string_view fill(const Template& text, const Event& event);
  std::string_view text_of(const Object* object, Key key);
  bool write_update(const Event& event, Buffer& out);
  void write_source(const Event& event, Buffer& out);
  void write_joined(const Event& event, Buffer& out);
  void write_data_stream(const Event& event, Buffer& out);
  bool fail(std::string reason) {
    problem_ = std::move(reason);
    return false;
  }

  const DocumentSettings& settings_;
  const Target& target_;
  IndexNamer names_;
  bool plain_;  // the action line is the index's head and nothing else
  bool index_problem_ = false;
  std::string problem_, scratch_, action_;
  DocumentIds ids_;
  Arena arena_, upsert_arena_;
  Key ingest_document_, target_pipeline_, data_stream_, id_, index_, pipeline_, routing_, version_,
      version_type_;
  Key type_, dataset_, namespace_;
};

}  // namespace sluice::elastic
