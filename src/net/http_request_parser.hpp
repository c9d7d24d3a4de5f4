// Inside of net only: Beast's parser, gathering a request into our own types.
#pragma once

// Beast asserts that the last chunk of a body comes in pieces of no less than five bytes. That is for the
// sender to say, and without the assertion the parser waits for more as it should.
#define BOOST_DISABLE_ASSERTS
#include <boost/beast/http/basic_parser.hpp>
#include <string>
#include <string_view>

#include "base/slab.hpp"
#include "net/http_server.hpp"

namespace sluice::net {

/// Parses one request incrementally. The body is gathered in a slab that grows as bytes come.
class HttpRequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  HttpRequestParser(size_t max_header_bytes, size_t max_body_bytes);

  enum class Outcome : unsigned char { more, header, done, bad, header_too_large, body_too_large };
  /// Parses the beginning of `bytes` and removes what was used. `header` comes once, when the head is
  /// complete and before any of the body is read.
  Outcome feed(std::string_view& bytes);

  HttpRequest request;
  SlabRef body;
  bool expects_continue = false;
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb verb, string_view method, string_view target, int version,
                       error_code& error) override;
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(boost::beast::http::field field, string_view name, string_view value,
                     error_code& error) override;
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const& length, error_code& error) override;
  std::size_t on_body_impl(string_view bytes, error_code& error) override;
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t remain, string_view bytes, error_code& error) override;
  void on_finish_impl(error_code&) override {}

  size_t max_body_bytes_;
  std::string problem_;
  bool header_told_ = false;
};

}  // namespace sluice::net
