// Certificates that come in PKCS#12 files, handed to the HTTP client as the PEM files that it reads.
#pragma once

#include "base/status.hpp"
#include "plugins/elastic/settings.hpp"

namespace sluice::elastic {

/// Opens the key store and trust store of `connection`, if it names any, and points `options` at their
/// contents, which live in anonymous memory of this process only. Errors name option, file and reason.
Status open_keystores(const ConnectionSettings& connection, net::HttpClientOptions& options);

}  // namespace sluice::elastic
