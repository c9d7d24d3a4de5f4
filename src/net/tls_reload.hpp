// Certificates that are replaced while the program runs.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/loop.hpp"
#include "net/tls.hpp"

namespace sluice::net {

/// Looks at the files of a TLS configuration every two seconds. When they have changed and lie still, they
/// are loaded anew and handed over, for handshakes from then on; files that cannot be used leave the old ones
/// in force and are named in the log, once. A certificate whose time is not now is named
/// too. Made and destroyed on the loop's thread (or while it does not
/// run); reads the files there, which takes about a millisecond.
class TlsReload {
 public:
  using OnChange = std::function<void(std::shared_ptr<const TlsContext>)>;

  /// `logger` names who speaks in the log.
  TlsReload(Loop& loop, std::shared_ptr<const TlsContext> now, std::string logger, OnChange on_change);

  /// ssl.reload.automatic: without it nothing is looked at. Call before the first is made.
  static void set_enabled(bool enabled);

 private:
  using Prints = std::vector<std::string>;  // of each file: what tells two versions apart
  [[nodiscard]] Prints look() const;
  void check();
  void warn_of_dates() const;

  std::shared_ptr<const TlsContext> now_;
  std::string logger_;
  OnChange on_change_;
  Prints loaded_;  // of what is in force, or was found wanting
  Prints last_;    // of the last look: a change is taken when it is older than one
  Timer timer_;
};

}  // namespace sluice::net
