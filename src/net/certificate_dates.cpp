#include "net/certificate_dates.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>
#include <optional>

#include "base/time.hpp"

namespace sluice::net {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;

std::optional<std::tm> moment_of(const ASN1_TIME* time) {
  std::tm moment{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &moment) != 1) return std::nullopt;
  return moment;
}

std::string text_of(const std::tm& moment) {
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &moment)};
}

}  // namespace

std::string certificate_trouble(const std::string& path) {
  const std::unique_ptr<BIO, int (*)(BIO*)> file(BIO_new_file(path.c_str(), "r"), BIO_free);
  const std::unique_ptr<X509, void (*)(X509*)> certificate(
      file ? PEM_read_bio_X509_AUX(file.get(), nullptr, nullptr, nullptr) : nullptr, X509_free);
  ERR_clear_error();
  if (!certificate) return {};
  auto from = moment_of(X509_get0_notBefore(certificate.get()));
  auto to = moment_of(X509_get0_notAfter(certificate.get()));
  const int64_t now = wall_nanos() / kNanosPerSecond;
  if (to && timegm(&*to) < now) return "the certificate " + path + " expired on " + text_of(*to);
  if (from && timegm(&*from) > now)
    return "the certificate " + path + " is not valid before " + text_of(*from);
  return {};
}

}  // namespace sluice::net
