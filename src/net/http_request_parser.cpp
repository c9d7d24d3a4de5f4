#include "net/http_request_parser.hpp"

#include <strings.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

namespace sluice::net {

namespace http = boost::beast::http;

HttpRequestParser::HttpRequestParser(size_t max_header_bytes, size_t max_body_bytes)
    : max_body_bytes_(max_body_bytes) {
  header_limit(static_cast<std::uint32_t>(std::min<size_t>(max_header_bytes, UINT32_MAX)));
  body_limit(max_body_bytes);
}

HttpRequestParser::Outcome HttpRequestParser::feed(std::string_view& bytes) {
  if (header_told_ && is_done()) return Outcome::done;
  if (bytes.empty()) return Outcome::more;
  eager(header_told_);  // the body waits until somebody has looked at the head
  while (true) {
    error_code error;
    const size_t used = put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    bytes.remove_prefix(used);
    if (error == http::error::header_limit) return Outcome::header_too_large;
    if (error == http::error::body_limit || error == http::error::buffer_overflow)
      return Outcome::body_too_large;
    if (error && error != http::error::need_more) {
      problem_ = error.message();
      return Outcome::bad;
    }
    if (is_header_done() && !header_told_) {
      header_told_ = true;
      return Outcome::header;
    }
    if (is_done()) return Outcome::done;
    if (error == http::error::need_more || bytes.empty() || used == 0) return Outcome::more;
  }
}

void HttpRequestParser::on_request_impl(http::verb, string_view method, string_view target, int version,
                                        error_code&) {
  request.method.assign(method.data(), method.size());
  request.target.assign(target.data(), target.size());
  request.version = version;
}

void HttpRequestParser::on_field_impl(http::field field, string_view name, string_view value, error_code&) {
  request.headers.emplace_back(std::string(name.data(), name.size()),
                               std::string(value.data(), value.size()));
  if (field == http::field::expect &&
      strcasecmp(request.headers.back().second.c_str(), "100-continue") == 0) {
    expects_continue = true;
  }
}

void HttpRequestParser::on_body_init_impl(boost::optional<std::uint64_t> const& length, error_code& error) {
  if (length && *length > max_body_bytes_) error = http::error::body_limit;
  // A promised length is believed up to a megabyte; more memory is taken when the bytes are there.
  if (length && !error) body = SlabRef::allocate(std::min<std::uint64_t>(*length, 1 << 20));
}

std::size_t HttpRequestParser::on_body_impl(string_view bytes, error_code& error) {
  const size_t have = body ? body.size() : 0;
  if (have + bytes.size() > max_body_bytes_) {
    error = http::error::body_limit;
    return 0;
  }
  if (!body || body.room() < bytes.size()) {
    SlabRef larger = SlabRef::allocate(std::max(have * 2, have + bytes.size()));
    if (body) larger.append(body.view());
    body = std::move(larger);
  }
  body.append({bytes.data(), bytes.size()});
  return bytes.size();
}

std::size_t HttpRequestParser::on_chunk_body_impl(std::uint64_t, string_view bytes, error_code& error) {
  return on_body_impl(bytes, error);
}

}  // namespace sluice::net
