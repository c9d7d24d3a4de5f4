#include "plugins/inputs/tcp/stream.hpp"

namespace sluice::plugins::tcp {
namespace {

struct Keys {
  Key input = Key::intern("input"), tcp = Key::intern("tcp"), source = Key::intern("source"),
      ip = Key::intern("ip"), name = Key::intern("name"), port = Key::intern("port"),
      proxy = Key::intern("proxy"), tls = Key::intern("tls"), client = Key::intern("client"),
      subject = Key::intern("subject");
  static const Keys& get() {
    static const Keys keys;
    return keys;
  }
};

}  // namespace

Fields::Fields(const plugin::Setup& setup)
    : ecs(setup.ecs()),
      host(setup, "host", "[@metadata][input][tcp][source][name]"),
      ip(setup, "[@metadata][ip_address]", "[@metadata][input][tcp][source][ip]"),
      port(setup, "port", "[@metadata][input][tcp][source][port]"),
      proxy_host(setup, "proxy_host", "[@metadata][input][tcp][proxy][ip]"),
      proxy_port(setup, "proxy_port", "[@metadata][input][tcp][proxy][port]"),
      subject(setup, "sslsubject", "[@metadata][input][tcp][tls][client][subject]") {}

TcpStream::TcpStream(std::shared_ptr<const Settings> settings, std::shared_ptr<const Peer> peer)
    : CodecStream(
          settings->codec->decoder(), settings->decoration, settings->id, [this](Event& e) { enrich(e); }, {},
          settings->metrics),
      settings_(std::move(settings)),
      peer_(std::move(peer)) {}

void TcpStream::decode(plugin::Chunk& chunk, Batch& batch) {
  prepare(batch);
  CodecStream::decode(chunk, batch);
}

void TcpStream::flush(Batch& batch) {
  prepare(batch);
  CodecStream::flush(batch);
}

// The texts are copied to the batch once, not once per event.
void TcpStream::prepare(Batch& batch) {
  auto copy = [&](const std::string& text) { return Value::string(batch.arena().copy(text)); };
  name_ = copy(peer_->name);
  ip_ = copy(peer_->ip);
  port_ = peer_->port_text.empty() ? Value::integer(peer_->port) : copy(peer_->port_text);
  if (!peer_->subject.empty()) subject_ = copy(peer_->subject);
  if (!peer_->proxy_ip.empty()) {
    proxy_ip_ = copy(peer_->proxy_ip);
    proxy_port_ = copy(peer_->proxy_port);
  }
}

void TcpStream::enrich(Event& event) const {
  const Fields& f = settings_->fields;
  if (f.ecs && !event.metadata().find(Keys::get().input)) {
    build_metadata(event);
    return;
  }
  if (!peer_->proxy_ip.empty()) {
    f.proxy_host.fill(event, proxy_ip_);
    f.proxy_port.fill(event, proxy_port_);
  }
  f.host.fill(event, name_);
  f.ip.fill(event, ip_);
  f.port.fill(event, port_);
  if (!peer_->subject.empty()) f.subject.fill(event, subject_);
}

// The usual case of the ECS layout: nothing is there yet, so nothing has to be looked for.
void TcpStream::build_metadata(Event& event) const {
  const auto& k = Keys::get();
  auto& arena = event.arena();
  auto* tcp = Object::make(arena, 3);
  if (!peer_->proxy_ip.empty()) {
    auto* proxy = Object::make(arena, 2);
    proxy->append(arena, k.ip, proxy_ip_);
    proxy->append(arena, k.port, proxy_port_);
    tcp->append(arena, k.proxy, Value::object(proxy));
  }
  auto* source = Object::make(arena, 3);
  source->append(arena, k.name, name_);
  source->append(arena, k.ip, ip_);
  source->append(arena, k.port, port_);
  tcp->append(arena, k.source, Value::object(source));
  if (!peer_->subject.empty()) {
    auto* client = Object::make(arena, 1);
    client->append(arena, k.subject, subject_);
    auto* tls = Object::make(arena, 1);
    tls->append(arena, k.client, Value::object(client));
    tcp->append(arena, k.tls, Value::object(tls));
  }
  auto* input = Object::make(arena, 1);
  input->append(arena, k.tcp, Value::object(tcp));
  event.metadata().append(arena, k.input, Value::object(input));
}

}  // namespace sluice::plugins::tcp
