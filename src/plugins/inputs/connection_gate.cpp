#include "plugins/inputs/connection_gate.hpp"

#include <vector>

namespace sluice::plugins {

void ConnectionGate::add(net::TcpConnection& connection, std::shared_ptr<plugin::Stream> stream) {
  open_[&connection] = {std::move(stream), false};
  if (full_ || shut_) connection.pause_reading();
}

void ConnectionGate::remove(net::TcpConnection& connection) {
  const auto at = open_.find(&connection);
  if (at == open_.end()) return;
  if (!shut_) sink_.finish(std::move(at->second.stream));
  open_.erase(at);
}

void ConnectionGate::hold(net::TcpConnection& connection) {
  const auto at = open_.find(&connection);
  if (at == open_.end()) return;
  at->second.held = true;
  connection.pause_reading();
}

void ConnectionGate::release(net::TcpConnection& connection) {
  const auto at = open_.find(&connection);
  if (at == open_.end() || !at->second.held) return;
  at->second.held = false;
  if (!full_ && !shut_) connection.resume_reading();
}

void ConnectionGate::push(net::TcpConnection& connection, plugin::Chunk chunk) {
  const auto at = open_.find(&connection);
  if (at == open_.end() || shut_) return;
  if (!sink_.push(at->second.stream, std::move(chunk)) && !full_) close_gate();
}

void ConnectionGate::shut() {
  if (shut_) return;
  shut_ = true;
  for (auto& [connection, member] : open_) {
    connection->pause_reading();
    sink_.finish(member.stream);
  }
}

void ConnectionGate::close_all() {
  std::vector<std::shared_ptr<net::TcpConnection>> all;
  for (auto& [connection, member] : open_) all.push_back(connection->shared_from_this());
  for (auto& connection : all) connection->close();
}

void ConnectionGate::close_gate() {
  full_ = true;
  for (auto& [connection, member] : open_) connection->pause_reading();
  sink_.when_ready([gate = weak_from_this(), &loop = loop_] {
    loop.post([gate] {
      if (const auto self = gate.lock()) self->open_gate();
    });
  });
}

void ConnectionGate::open_gate() {
  full_ = false;
  if (shut_) return;
  for (auto& [connection, member] : open_)
    if (!member.held) connection->resume_reading();
}

}  // namespace sluice::plugins
