// The dictionary that a translate filter uses, and how it is read again.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "plugins/translate/dictionary_file.hpp"

namespace sluice::plugins::translate {

/// Shared by the workers and the background job.
class Source {
 public:
  // Set before the first load().
  FileOptions file;
  Matching matching = Matching::exact;
  bool replace = false;  // what is read again takes the place of the old dictionary
  double interval = 0;   // seconds between two looks at the file; 0 for never

  std::shared_ptr<const Dictionary> get() const;
  void set(std::shared_ptr<const Dictionary> dictionary);

  /// Reads the file. After an error, and when there is none, the dictionary stays as it is.
  Status load();
  /// True when it is time for refresh(), for one caller.
  bool due();
  /// The background job: reads the file when it has to be read.
  void refresh();

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Dictionary> current_;
  Stamp stamp_;  // of what was read last; the constructor's thread and then the background's
  std::atomic<int64_t> next_{0};
  std::atomic<bool> busy_{false};
};

}  // namespace sluice::plugins::translate
