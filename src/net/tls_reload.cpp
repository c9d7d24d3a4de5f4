#include "net/tls_reload.hpp"

#include <sys/stat.h>

#include <atomic>

#include "base/log.hpp"
#include "net/certificate_dates.hpp"

namespace sluice::net {
namespace {

constexpr uint64_t kLookMillis = 2000;
std::atomic<bool> enabled_{true};

// Follows links: a Kubernetes secret is replaced by turning a link.
std::string print_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  const auto number = [](auto value) { return std::to_string(value) + ","; };
  return number(info.st_dev) + number(info.st_ino) + number(info.st_size) + number(info.st_mtim.tv_sec) +
         number(info.st_mtim.tv_nsec) + number(info.st_ctim.tv_sec) + number(info.st_ctim.tv_nsec);
}

}  // namespace

void TlsReload::set_enabled(bool enabled) { enabled_ = enabled; }

TlsReload::TlsReload(Loop& loop, std::shared_ptr<const TlsContext> now, std::string logger,
                     OnChange on_change)
    : now_(std::move(now)), logger_(std::move(logger)), on_change_(std::move(on_change)), timer_(loop) {
  warn_of_dates();
  if (!now_ || !enabled_) return;
  loaded_ = last_ = look();
  timer_.start(
      kLookMillis, [this] { check(); }, kLookMillis);
}

void TlsReload::warn_of_dates() const {
  if (!now_ || now_->config().certificate.empty()) return;
  if (const auto trouble = certificate_trouble(now_->config().certificate); !trouble.empty())
    log::warn(logger_, "Peers will refuse our certificate: " + trouble + "; replace it",
              {{"certificate", now_->config().certificate}});
}

TlsReload::Prints TlsReload::look() const {
  const auto& config = now_->config();
  Prints prints{print_of(config.certificate), print_of(config.key)};
  for (const auto& path : config.certificate_authorities) prints.push_back(print_of(path));
  for (const auto& path : config.extra_chain_certificates) prints.push_back(print_of(path));
  return prints;
}

void TlsReload::check() {
  auto prints = look();
  const bool still = prints == last_;
  last_ = std::move(prints);
  // Certificate and key are two files, written one after the other: wait until both are there.
  if (!still || last_ == loaded_) return;
  loaded_ = last_;
  const auto& config = now_->config();
  auto fresh = TlsContext::build(config, now_->role());
  if (!fresh.ok()) {
    log::error(logger_, "The certificates have changed and cannot be used; the old ones stay in force",
               {{"certificate", config.certificate}, {"reason", fresh.message()}});
    return;
  }
  now_ = std::move(fresh).value();
  log::info(logger_, "Certificates were loaded anew", {{"certificate", now_->config().certificate}});
  warn_of_dates();
  on_change_(now_);
}

}  // namespace sluice::net
