#include "net/tls_session.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace sluice::net {

namespace {
constexpr size_t kRecord = 17 << 10;  // a TLS record and its overhead

bool is_ip(const std::string& text) {
  unsigned char raw[16];
  return inet_pton(AF_INET, text.c_str(), raw) == 1 || inet_pton(AF_INET6, text.c_str(), raw) == 1;
}
}  // namespace

// A BIO of our own: reads straight from the bytes just received, writes straight into slabs.
BIO_METHOD* TlsSession::method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "slabs");
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_ctrl);
    BIO_meth_set_create(made, [](BIO* bio) {
      BIO_set_init(bio, 1);
      return 1;
    });
    return made;
  }();
  return method;
}

int TlsSession::bio_read(BIO* bio, char* into, int size) {
  auto* self = static_cast<TlsSession*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self->input_.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t count = std::min(self->input_.size(), static_cast<size_t>(size));
  std::copy_n(self->input_.data(), count, into);
  self->input_.remove_prefix(count);
  return static_cast<int>(count);
}

int TlsSession::bio_write(BIO* bio, const char* from, int size) {
  auto* self = static_cast<TlsSession*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const auto count = static_cast<size_t>(size);
  if (self->output_.empty() || self->output_.back().room() < count) {
    // Short answers (acknowledgements, alerts) take a small slab, a stream of records large ones.
    const bool bulk = count > (4 << 10) || !self->output_.empty();
    self->output_.push_back(SlabRef::allocate(std::max(count, bulk ? size_t{64} << 10 : size_t{4} << 10)));
  }
  self->output_.back().append({from, count});
  return size;
}

long TlsSession::bio_ctrl(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, const std::string& server_name)
    : context_(std::move(context)), ssl_(SSL_new(context_->native())) {
  BIO* bio = BIO_new(method());
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (context_->role() == TlsRole::server) {
    SSL_set_accept_state(ssl_.get());
    return;
  }
  SSL_set_connect_state(ssl_.get());
  if (is_ip(server_name)) {
    if (context_->config().verify_server) {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), server_name.c_str());
    }
  } else if (!server_name.empty()) {
    SSL_set_tlsext_host_name(ssl_.get(), server_name.c_str());
    if (context_->config().verify_server) SSL_set1_host(ssl_.get(), server_name.c_str());
  }
}

void TlsSession::fail(const char* what) {
  const long verify = SSL_get_verify_result(ssl_.get());
  const unsigned long code = ERR_peek_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  error_ = what;
  if (verify != X509_V_OK) {
    error_ += std::string(": the peer's certificate is refused: ") + X509_verify_cert_error_string(verify);
  } else if (reason != nullptr) {
    error_ += std::string(": ") + reason;
  }
  ERR_clear_error();
}

TlsSession::Step TlsSession::handshake(std::string_view wire) {
  input_ = wire;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return Step::done;
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Step::more;
  fail("TLS handshake failed");
  return Step::failed;
}

TlsSession::Step TlsSession::read(std::string_view wire, ReadSlabs& slabs, SlabRef& slab,
                                  std::string_view& plain) {
  if (!wire.empty()) input_ = wire;  // else: what the handshake left
  // Everything comes out at once: plain text is never longer than its records, and at most one record began
  // before.
  const size_t need = input_.size() + kRecord;
  const bool shared = need <= ReadSlabs::kSlabSize;
  char* at;
  size_t room;
  if (shared) {
    at = slabs.room(need, room);
  } else {
    slab = SlabRef::allocate(need);
    at = slab.data();
    room = slab.capacity();
  }
  size_t total = 0;
  Step step = Step::more;
  ERR_clear_error();
  while (true) {
    size_t count = 0;
    if (SSL_read_ex(ssl_.get(), at + total, room - total, &count) == 1) {
      total += count;
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), 0);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) break;
    step = error == SSL_ERROR_ZERO_RETURN ? Step::ended : Step::failed;
    if (step == Step::failed) fail("TLS connection broken");
    break;
  }
  if (shared) {
    plain = slabs.take(total);
    slab = slabs.slab();
  } else {
    slab.set_size(total);
    plain = slab.view();
  }
  return step;
}

bool TlsSession::write(std::string_view plain) {
  ERR_clear_error();
  while (!plain.empty()) {
    size_t count = 0;
    if (SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &count) != 1) {
      fail("TLS connection broken");
      return false;
    }
    plain.remove_prefix(count);
  }
  return true;
}

void TlsSession::shutdown() {
  if (SSL_is_init_finished(ssl_.get())) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

std::vector<Bytes> TlsSession::take_output() {
  std::vector<Bytes> bytes;
  bytes.reserve(output_.size());
  for (auto& slab : output_) bytes.emplace_back(std::move(slab));
  output_.clear();
  return bytes;
}

TlsPeer TlsSession::peer() const {
  TlsPeer peer;
  peer.protocol = SSL_get_version(ssl_.get());
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_.get())) {
    peer.cipher = SSL_CIPHER_standard_name(cipher);
  }
  if (X509* certificate = SSL_get0_peer_certificate(ssl_.get())) {
    peer.has_certificate = true;
    peer.verified =
        SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE && SSL_get_verify_result(ssl_.get()) == X509_V_OK;
    peer.subject = java_subject(X509_get_subject_name(certificate));
  }
  return peer;
}

namespace {
std::string_view java_keyword(int nid) {
  switch (nid) {
    case NID_commonName:
      return "CN";
    case NID_countryName:
      return "C";
    case NID_localityName:
      return "L";
    case NID_stateOrProvinceName:
      return "ST";
    case NID_organizationName:
      return "O";
    case NID_organizationalUnitName:
      return "OU";
    case NID_streetAddress:
      return "STREET";
    case NID_domainComponent:
      return "DC";
    case NID_userId:
      return "UID";
    default:
      return {};
  }
}

void append_value(std::string& out, const ASN1_STRING* value) {
  unsigned char* utf8 = nullptr;
  const int length = ASN1_STRING_to_UTF8(&utf8, value);
  const std::string_view text(reinterpret_cast<char*>(utf8), length > 0 ? static_cast<size_t>(length) : 0);
  for (size_t i = 0; i < text.size(); ++i) {
    const bool edge_space = text[i] == ' ' && (i == 0 || i + 1 == text.size());
    if (edge_space || (i == 0 && text[i] == '#') ||
        std::string_view(",+\"\\<>;").find(text[i]) != std::string_view::npos)
      out += '\\';
    out += text[i];
  }
  OPENSSL_free(utf8);
}

void append_entry(std::string& out, const X509_NAME_ENTRY* entry) {
  const ASN1_OBJECT* type = X509_NAME_ENTRY_get_object(entry);
  ASN1_STRING* value = X509_NAME_ENTRY_get_data(entry);
  if (const auto keyword = java_keyword(OBJ_obj2nid(type)); !keyword.empty()) {
    out.append(keyword) += '=';
    append_value(out, value);
    return;
  }
  char oid[128];
  OBJ_obj2txt(oid, sizeof oid, type, 1);
  out.append(oid).append("=#");
  ASN1_TYPE any{};
  any.type = ASN1_STRING_type(value);
  any.value.asn1_string = value;
  unsigned char* der = nullptr;
  const int length = i2d_ASN1_TYPE(&any, &der);
  for (int i = 0; i < length; ++i) {
    out += "0123456789abcdef"[der[i] >> 4];
    out += "0123456789abcdef"[der[i] & 15];
  }
  OPENSSL_free(der);
}
}  // namespace

std::string java_subject(const X509_NAME* name) {
  std::string out;
  const int count = X509_NAME_entry_count(name);
  for (int i = count - 1; i >= 0; --i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    if (!out.empty()) {
      const int later = X509_NAME_ENTRY_set(X509_NAME_get_entry(name, i + 1));
      out += later == X509_NAME_ENTRY_set(entry) ? '+' : ',';
    }
    append_entry(out, entry);
  }
  return out;
}

}  // namespace sluice::net
