// Back-pressure for inputs with many connections: those that the pipeline has no room for stop reading, and
// TCP slows their peers down.
#pragma once

#include <memory>
#include <unordered_map>

#include "net/tcp.hpp"
#include "plugin/input.hpp"

namespace sluice::plugins {

/// The open connections of one input, each with the stream that its bytes go to. Used on the loop's thread
/// only. Held by shared_ptr.
class ConnectionGate : public std::enable_shared_from_this<ConnectionGate> {
 public:
  ConnectionGate(net::Loop& loop, plugin::InputSink& sink) : loop_(loop), sink_(sink) {}

  /// A connection is open.
  void add(net::TcpConnection& connection, std::shared_ptr<plugin::Stream> stream);
  /// A connection has ended: finishes its stream.
  void remove(net::TcpConnection& connection);
  /// The connection is not read until release(), whatever the gate does.
  void hold(net::TcpConnection& connection);
  void release(net::TcpConnection& connection);
  /// Pushes a chunk of the connection's stream; the connection is not read while the pipeline has no room for
  /// it.
  void push(net::TcpConnection& connection, plugin::Chunk chunk);
  /// Nothing is read or pushed any more, for good, and all streams are finished (Input::stop()).
  void shut();
  [[nodiscard]] bool shut_down() const { return shut_; }
  /// True while the connection is not read because the pipeline has no room for it.
  [[nodiscard]] bool full(net::TcpConnection& connection) const;
  [[nodiscard]] plugin::InputSink& sink() const { return sink_; }
  [[nodiscard]] size_t size() const { return open_.size(); }
  /// Closes every connection.
  void close_all();

 private:
  struct Member {
    std::shared_ptr<plugin::Stream> stream;
    bool held = false;
    bool full = false;
  };
  void wait_for_room(net::TcpConnection& connection, Member& member);
  void go_on(net::TcpConnection& connection);

  net::Loop& loop_;
  plugin::InputSink& sink_;
  std::unordered_map<net::TcpConnection*, Member> open_;
  bool shut_ = false;
};

}  // namespace sluice::plugins
