// Inside of net only: libcurl's multi interface on a loop.
#pragma once

#include <curl/curl.h>
#include <uv.h>

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "net/http_client.hpp"
#include "net/loop_impl.hpp"

namespace sluice::net {

/// One request under way.
struct HttpTransfer {
  uint64_t id = 0;
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  HttpClientRequest request;
  HttpClient::OnDone on_done;
  HttpClientResponse response;
  uint64_t began = 0;
  size_t body_size = 0;
  size_t part = 0;  // where sending the body has got to
  size_t offset = 0;
  bool too_large = false;
  char error[CURL_ERROR_SIZE] = {};

  ~HttpTransfer() {
    if (easy != nullptr) curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
  }
};

struct HttpClient::Impl : std::enable_shared_from_this<HttpClient::Impl> {
  explicit Impl(Loop& on) : loop(on) {}
  ~Impl() {
    if (share != nullptr) curl_share_cleanup(share);  // no transfer is left that uses it
  }

  // A socket that curl wants watched.
  struct Poll : HandleOwner {
    uv_poll_t handle{};
    Impl* client = nullptr;
    curl_socket_t socket = 0;
    void close();
    void loop_stopped() override {
      if (client != nullptr) client->shut_down();
    }
  };

  Loop& loop;
  HttpClientOptions options;
  std::string authorities;  // PEM, everything that is trusted
  std::string ciphers;      // OpenSSL's list, up to TLS 1.2
  std::string new_ciphers;  // TLS 1.3
  CURLM* multi = nullptr;
  CURLSH* share = nullptr;  // the cookies, when there are to be any
  std::unique_ptr<Timer> timer;
  std::unordered_map<uint64_t, std::unique_ptr<HttpTransfer>> transfers;
  std::unordered_set<Poll*> polls;
  std::atomic<uint64_t> last_id{0};
  std::atomic<size_t> active{0};
  bool down = false;

  Status load();
  void open();
  void shut_down();
  void begin(std::unique_ptr<HttpTransfer> transfer);
  void set_up(HttpTransfer& transfer);
  void set_up_body(HttpTransfer& transfer);
  void set_up_tls(CURL* easy);
  void act(curl_socket_t socket, int events);
  void collect();
  void finish(HttpTransfer& transfer, CURLcode code);
  void done(std::unique_ptr<HttpTransfer> transfer);

  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* poll);
  static int on_timer(CURLM* multi, long millis, void* self);
};

}  // namespace sluice::net
