// The events of one TCP connection. Runs on workers.
#pragma once

#include <memory>
#include <string>

#include "plugin/decoration.hpp"
#include "plugin/input.hpp"
#include "plugins/inputs/host_field.hpp"

namespace sluice::plugins::tcp {

/// Where events say who sent them.
struct Fields {
  bool ecs = false;
  DefaultField host, ip, port, proxy_host, proxy_port, subject;

  Fields() = default;
  explicit Fields(const plugin::Setup& setup);
};

/// What is fixed for all streams of one input.
struct Settings {
  std::string id;
  plugin::Decoration decoration;
  std::unique_ptr<plugin::Codec> codec;
  Fields fields;
  bool proxy = false;
  plugin::PluginMetrics* metrics = nullptr;
};

/// Who is at the other end. Complete before the first chunk of the connection is pushed.
struct Peer {
  std::string name, ip, subject;
  std::string port_text;  // behind a proxy the port stays the text of the header, as in Logstash
  int64_t port = 0;
  std::string proxy_ip, proxy_port;
};

/// Decodes one connection and adds the peer's fields.
class TcpStream : public plugin::CodecStream {
 public:
  TcpStream(std::shared_ptr<const Settings> settings, std::shared_ptr<const Peer> peer);
  void decode(plugin::Chunk& chunk, Batch& batch) override;
  void flush(Batch& batch) override;

 private:
  void prepare(Batch& batch);
  void enrich(Event& event) const;
  void build_metadata(Event& event) const;

  std::shared_ptr<const Settings> settings_;
  std::shared_ptr<const Peer> peer_;
  Value name_, ip_, port_, subject_, proxy_ip_, proxy_port_;  // in the arena of the batch in progress
};

}  // namespace sluice::plugins::tcp
