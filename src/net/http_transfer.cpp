// What one request is to libcurl: its options, its body, its answer, its errors.
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <strings.h>

#include <algorithm>
#include <cstring>

#include "net/certificate_dates.hpp"
#include "net/http_client_impl.hpp"

namespace sluice::net {

namespace {

constexpr long kSendStep = 256L << 10;
constexpr size_t kDefaultSendStep = 64 << 10;  // of curl

size_t read_body(char* into, size_t size, size_t count, void* data) {
  auto& transfer = *static_cast<HttpTransfer*>(data);
  const size_t room = size * count;
  size_t given = 0;
  while (given < room && transfer.part < transfer.request.body.size()) {
    const auto rest = transfer.request.body[transfer.part].view().substr(transfer.offset);
    const size_t now = std::min(rest.size(), room - given);
    std::copy_n(rest.data(), now, into + given);
    given += now;
    transfer.offset += now;
    if (now == rest.size()) {
      ++transfer.part;
      transfer.offset = 0;
    }
  }
  return given;
}

int seek_body(void* data, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<HttpTransfer*>(data);
  if (origin != SEEK_SET || offset != 0) return CURL_SEEKFUNC_FAIL;  // curl only ever starts anew
  transfer.part = transfer.offset = 0;
  return CURL_SEEKFUNC_OK;
}

size_t write_body(char* bytes, size_t size, size_t count, void* data) {
  auto& transfer = *static_cast<HttpTransfer*>(data);
  if (transfer.response.body.size() + size * count > transfer.request.max_response_bytes) {
    transfer.too_large = true;
    return 0;
  }
  transfer.response.body.append(bytes, size * count);
  return size * count;
}

size_t write_header(char* bytes, size_t size, size_t count, void* data) {
  auto& transfer = *static_cast<HttpTransfer*>(data);
  std::string_view line(bytes, size * count);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    transfer.response.headers.clear();  // of a redirect or an interim answer
  } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    auto value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    transfer.response.headers.emplace_back(std::string(line.substr(0, colon)), std::string(value));
  }
  return size * count;
}

// Trusts a certificate authority by its fingerprint: when the peer's chain holds it, the chain is checked
// against it.
int verify_by_fingerprint(X509_STORE_CTX* store, void* data) {
  const auto& wanted = *static_cast<const std::string*>(data);
  STACK_OF(X509)* chain = X509_STORE_CTX_get0_untrusted(store);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    X509* one = sk_X509_value(chain, i);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    X509_digest(one, EVP_sha256(), digest, &length);
    std::string hex;
    for (unsigned k = 0; k < length; ++k) {
      hex += "0123456789abcdef"[digest[k] >> 4];
      hex += "0123456789abcdef"[digest[k] & 15];
    }
    if (strcasecmp(hex.c_str(), wanted.c_str()) != 0) continue;
    STACK_OF(X509)* trusted = sk_X509_new_null();
    sk_X509_push(trusted, one);
    X509_STORE_CTX_set0_trusted_stack(store, trusted);
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(store), X509_V_FLAG_PARTIAL_CHAIN);
    const int result = X509_verify_cert(store);
    sk_X509_free(trusted);
    return result;
  }
  return X509_verify_cert(store);
}

CURLcode on_tls_context(CURL*, void* context, void* data) {
  SSL_CTX_set_cert_verify_callback(static_cast<SSL_CTX*>(context), verify_by_fingerprint, data);
  return CURLE_OK;
}

HttpClientResponse::Error kind_of(CURLcode code) {
  using Error = HttpClientResponse::Error;
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
      return Error::connect;
    case CURLE_OPERATION_TIMEDOUT:
      return Error::timeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED:
      return Error::tls;
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return Error::lost;
    default:
      return Error::other;
  }
}

std::string authority_of(const std::string& url) {
  std::string out = url;
  char* text = nullptr;
  CURLU* parsed = curl_url();
  if (curl_url_set(parsed, CURLUPART_URL, url.c_str(), CURLU_GUESS_SCHEME) == CURLUE_OK &&
      curl_url_get(parsed, CURLUPART_HOST, &text, 0) == CURLUE_OK) {
    out = text;
    curl_free(text);
    if (curl_url_get(parsed, CURLUPART_PORT, &text, CURLU_DEFAULT_PORT) == CURLUE_OK) {
      out.append(":").append(text);
      curl_free(text);
    }
  }
  curl_url_cleanup(parsed);
  return out;
}

std::string text_of(const HttpTransfer& transfer, CURLcode code) {
  const std::string why = transfer.error[0] != 0 ? transfer.error : curl_easy_strerror(code);
  const std::string where = authority_of(transfer.request.url);
  long number = 0;
  curl_easy_getinfo(transfer.easy, CURLINFO_OS_ERRNO, &number);
  switch (kind_of(code)) {
    case HttpClientResponse::Error::connect:
      return "cannot connect to " + where + ": " +
             (code == CURLE_COULDNT_CONNECT && number != 0 ? std::strerror(static_cast<int>(number)) : why);
    case HttpClientResponse::Error::timeout:
      return "no answer from " + where + " in time: " + why;
    case HttpClientResponse::Error::tls:
      return "no TLS connection to " + where + ": " + why;
    default:
      return "the request to " + where + " failed: " + why;
  }
}

long tls_version(const std::vector<std::string>& protocols) {
  const auto has = [&](const char* name) {
    return std::find(protocols.begin(), protocols.end(), name) != protocols.end();
  };
  if (protocols.empty()) return CURL_SSLVERSION_TLSv1_2;
  const long least = has("TLSv1.1")   ? CURL_SSLVERSION_TLSv1_1
                     : has("TLSv1.2") ? CURL_SSLVERSION_TLSv1_2
                                      : CURL_SSLVERSION_TLSv1_3;
  const long most = has("TLSv1.3")   ? CURL_SSLVERSION_MAX_TLSv1_3
                    : has("TLSv1.2") ? CURL_SSLVERSION_MAX_TLSv1_2
                                     : CURL_SSLVERSION_MAX_TLSv1_1;
  return least | most;
}

}  // namespace

void HttpClient::Impl::set_up(HttpTransfer& transfer) {
  CURL* easy = transfer.easy;
  const HttpClientRequest& request = transfer.request;
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout_millis));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_millis));
  if (request.silence_seconds != 0) {
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.silence_seconds));
  }
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, request.follow_redirects ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, static_cast<long>(request.max_redirects));
  if (!options.keep_connections) curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  if (share != nullptr) {
    curl_easy_setopt(easy, CURLOPT_SHARE, share);
    curl_easy_setopt(easy, CURLOPT_COOKIEFILE, "");
  }
  curl_easy_setopt(easy, CURLOPT_PROXY, options.proxy.c_str());  // "" also turns the environment's off
  if (request.accept_compressed) curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  if (!request.user.empty()) {
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(easy, CURLOPT_USERNAME, request.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, request.password.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, write_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, write_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  set_up_body(transfer);
  for (const auto& [name, value] : request.headers) {
    // curl's spelling of a header with an empty value ends in ';'
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    transfer.headers = curl_slist_append(transfer.headers, line.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers);
  set_up_tls(easy);
}

void HttpClient::Impl::set_up_body(HttpTransfer& transfer) {
  CURL* easy = transfer.easy;
  const HttpClientRequest& request = transfer.request;
  for (const auto& part : request.body) transfer.body_size += part.size();
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (transfer.body_size == 0 && request.method != "POST" && request.method != "PUT" &&
      request.method != "PATCH") {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    return;
  }
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.body_size));
  // curl sends in steps of this size; each costs system calls and wakes the peer.
  if (transfer.body_size > kDefaultSendStep) curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kSendStep);
  if (request.body.size() <= 1) {  // curl sends from where it lies
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body[0].view().data());
  } else {
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_body);
    curl_easy_setopt(easy, CURLOPT_READDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek_body);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, &transfer);
  }
  // Neither curl's guess of a type, nor a round trip before each large body.
  if (find_header(request.headers, "content-type") == nullptr) {
    transfer.headers = curl_slist_append(transfer.headers, "Content-Type:");
  }
  if (find_header(request.headers, "expect") == nullptr) {
    transfer.headers = curl_slist_append(transfer.headers, "Expect:");
  }
}

void HttpClient::Impl::set_up_tls(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, options.verify_server ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options.verify_server ? 2L : 0L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, tls_version(options.protocols));
  if (!ciphers.empty()) curl_easy_setopt(easy, CURLOPT_SSL_CIPHER_LIST, ciphers.c_str());
  if (!new_ciphers.empty()) curl_easy_setopt(easy, CURLOPT_TLS13_CIPHERS, new_ciphers.c_str());
  if (!authorities.empty()) {
    curl_blob blob{authorities.data(), authorities.size(), CURL_BLOB_NOCOPY};
    curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
  }
  if (!options.certificate.empty()) {
    curl_easy_setopt(easy, CURLOPT_SSLCERT, options.certificate.c_str());
    curl_easy_setopt(easy, CURLOPT_SSLKEY, options.key.c_str());
    if (!options.key_passphrase.empty())
      curl_easy_setopt(easy, CURLOPT_KEYPASSWD, options.key_passphrase.c_str());
  }
  if (!options.ca_trusted_fingerprint.empty()) {
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls_context);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, &options.ca_trusted_fingerprint);
  }
}

void HttpClient::Impl::finish(HttpTransfer& transfer, CURLcode code) {
  auto found = transfers.find(transfer.id);
  auto owned = std::move(found->second);
  transfers.erase(found);
  HttpClientResponse& response = owned->response;
  long status = 0;
  curl_easy_getinfo(owned->easy, CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  const char* redirect = nullptr;
  curl_easy_getinfo(owned->easy, CURLINFO_REDIRECT_URL, &redirect);
  if (redirect != nullptr) response.redirect_url = redirect;
  if (code != CURLE_OK) {
    response.error = owned->too_large ? HttpClientResponse::Error::too_large : kind_of(code);
    response.error_text = owned->too_large
                              ? "the answer of " + authority_of(owned->request.url) + " is larger than " +
                                    std::to_string(owned->request.max_response_bytes) + " bytes"
                              : text_of(*owned, code);
    // A server that refuses our certificate may do no more than hang up.
    if (!options.certificate.empty() && response.error != HttpClientResponse::Error::connect)
      if (const auto trouble = certificate_trouble(options.certificate); !trouble.empty())
        response.error_text += "; " + trouble;
  }
  curl_multi_remove_handle(multi, owned->easy);
  done(std::move(owned));
}

}  // namespace sluice::net
