#include "net/http_client.hpp"

#include <filesystem>

#include "base/file.hpp"
#include "net/http_client_impl.hpp"
#include "net/tls.hpp"

namespace sluice::net {

namespace {

void append_file(const std::string& path, std::string& out) {
  if (const auto text = read_file(path); text.ok()) out += *text;
  out += '\n';
}

void append_item(std::string& list, const std::string& item) {
  if (!list.empty()) list += ':';
  list += item;
}

}  // namespace

// Everything is read (and complained about) once, before the first request.
Status HttpClient::Impl::load() {
  TlsConfig config;
  config.certificate = options.certificate;
  config.key = options.key;
  config.key_passphrase = options.key_passphrase;
  config.certificate_authorities = options.certificate_authorities;
  config.protocols = options.protocols;
  config.cipher_suites = options.cipher_suites;
  // Without any setting there is nothing to complain about, and reading the system's authorities takes 25 ms.
  const bool own_settings = !config.certificate.empty() || !config.key.empty() ||
                            !config.certificate_authorities.empty() || !config.protocols.empty() ||
                            !config.cipher_suites.empty();
  if (own_settings)
    if (auto checked = TlsContext::build(config, TlsRole::client); !checked.ok()) return checked.status();
  for (const auto& path : options.certificate_authorities) {
    std::error_code failure;
    if (!std::filesystem::is_directory(path, failure)) {
      append_file(path, authorities);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(path, failure)) {
      if (entry.is_regular_file(failure)) append_file(entry.path(), authorities);
    }
  }
  for (const auto& suite : options.cipher_suites) {
    const std::string name = openssl_cipher_name(suite);
    append_item(name.starts_with("TLS_") ? new_ciphers : ciphers, name);
  }
  return {};
}

void HttpClient::Impl::open() {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)global;
  multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
  curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(options.max_connections));
  curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                    static_cast<long>(options.max_connections_per_host));
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(options.max_connections));
  timer = std::make_unique<Timer>(loop);
  if (!options.cookies) return;
  share = curl_share_init();  // needs no lock: all its users are on the loop's thread
  curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
}

void HttpClient::Impl::Poll::close() {
  client = nullptr;
  uv_poll_stop(&handle);
  uv_close(reinterpret_cast<uv_handle_t*>(&handle),
           [](uv_handle_t* closed) { delete static_cast<Poll*>(static_cast<HandleOwner*>(closed->data)); });
}

int HttpClient::Impl::on_socket(CURL*, curl_socket_t socket, int what, void* self, void* data) {
  auto& client = *static_cast<Impl*>(self);
  auto* poll = static_cast<Poll*>(data);
  if (what == CURL_POLL_REMOVE) {
    if (poll != nullptr) {
      client.polls.erase(poll);
      poll->close();
      curl_multi_assign(client.multi, socket, nullptr);
    }
    return 0;
  }
  if (poll == nullptr) {
    poll = new Poll;
    poll->client = &client;
    poll->socket = socket;
    if (uv_poll_init_socket(client.loop.uv(), &poll->handle, socket) != 0) {
      delete poll;
      return -1;
    }
    poll->handle.data = static_cast<HandleOwner*>(poll);
    client.polls.insert(poll);
    curl_multi_assign(client.multi, socket, poll);
  }
  int events = 0;
  if ((what & CURL_POLL_IN) != 0) events |= UV_READABLE;
  if ((what & CURL_POLL_OUT) != 0) events |= UV_WRITABLE;
  uv_poll_start(&poll->handle, events, [](uv_poll_t* handle, int status, int ready) {
    auto* one = static_cast<Poll*>(static_cast<HandleOwner*>(handle->data));
    // What is wrong with the socket is what reading from it says; curl's own word for it would name no cause.
    int flags = status < 0 ? CURL_CSELECT_IN | CURL_CSELECT_OUT : 0;
    if ((ready & UV_READABLE) != 0) flags |= CURL_CSELECT_IN;
    if ((ready & UV_WRITABLE) != 0) flags |= CURL_CSELECT_OUT;
    if (one->client != nullptr) one->client->act(one->socket, flags);
  });
  return 0;
}

// curl must not be called from inside of its callbacks, so even "now" goes by the timer.
int HttpClient::Impl::on_timer(CURLM*, long millis, void* self) {
  auto& client = *static_cast<Impl*>(self);
  if (!client.timer) return 0;
  if (millis < 0) {
    client.timer->stop();
  } else {
    client.timer->start(static_cast<uint64_t>(millis), [&client] { client.act(CURL_SOCKET_TIMEOUT, 0); });
  }
  return 0;
}

void HttpClient::Impl::act(curl_socket_t socket, int events) {
  const auto keep = shared_from_this();  // a callback may destroy the client
  int running = 0;
  curl_multi_socket_action(multi, socket, events, &running);
  collect();
}

void HttpClient::Impl::collect() {
  int left = 0;
  while (!down) {
    CURLMsg* message = curl_multi_info_read(multi, &left);
    if (message == nullptr) return;
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    HttpTransfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    finish(*transfer, code);
  }
}

void HttpClient::Impl::begin(std::unique_ptr<HttpTransfer> transfer) {
  transfer->began = loop.now_millis();
  if (!down) {
    transfer->easy = curl_easy_init();
    set_up(*transfer);
    HttpTransfer& started = *transfer;
    transfers.emplace(started.id, std::move(transfer));
    curl_multi_add_handle(multi, started.easy);
    return;
  }
  transfer->response.error = HttpClientResponse::Error::cancelled;
  transfer->response.error_text = "cancelled";
  done(std::move(transfer));
}

void HttpClient::Impl::done(std::unique_ptr<HttpTransfer> transfer) {
  --active;
  transfer->response.millis = loop.now_millis() - transfer->began;
  if (transfer->on_done) transfer->on_done(std::move(transfer->response));
}

void HttpClient::Impl::shut_down() {
  if (std::exchange(down, true)) return;
  timer.reset();
  auto open_transfers = std::exchange(transfers, {});
  for (auto& [id, transfer] : open_transfers) {
    curl_multi_remove_handle(multi, transfer->easy);
    transfer->response.error = HttpClientResponse::Error::cancelled;
    transfer->response.error_text = "cancelled";
  }
  curl_multi_cleanup(multi);
  multi = nullptr;
  for (auto* poll : std::exchange(polls, {})) poll->close();
  for (auto& [id, transfer] : open_transfers) done(std::move(transfer));
}

Result<std::unique_ptr<HttpClient>> HttpClient::create(Loop& loop, HttpClientOptions options) {
  auto impl = std::make_shared<Impl>(loop);
  impl->options = std::move(options);
  if (auto status = impl->load(); !status.ok()) return status;
  loop.call([&] { impl->open(); });
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(impl)));
}

HttpClient::~HttpClient() {
  impl_->loop.call([impl = impl_] { impl->shut_down(); });
}

uint64_t HttpClient::request(HttpClientRequest request, OnDone on_done) {
  auto transfer = std::make_shared<std::unique_ptr<HttpTransfer>>(std::make_unique<HttpTransfer>());
  HttpTransfer& one = **transfer;
  const uint64_t id = one.id = ++impl_->last_id;
  one.request = std::move(request);
  one.on_done = std::move(on_done);
  ++impl_->active;
  auto work = [impl = impl_, transfer] { impl->begin(std::move(*transfer)); };
  if (!impl_->loop.post(work)) work();  // the loop has ended: it is cancelled at once
  return id;
}

void HttpClient::cancel(uint64_t id) {
  impl_->loop.post([impl = impl_, id] {
    const auto found = impl->transfers.find(id);
    if (found == impl->transfers.end()) return;
    auto transfer = std::move(found->second);
    impl->transfers.erase(found);
    curl_multi_remove_handle(impl->multi, transfer->easy);
    transfer->response.error = HttpClientResponse::Error::cancelled;
    transfer->response.error_text = "cancelled";
    impl->done(std::move(transfer));
  });
}

size_t HttpClient::active() const { return impl_->active; }

}  // namespace sluice::net
