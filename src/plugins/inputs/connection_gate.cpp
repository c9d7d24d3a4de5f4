#include "plugins/inputs/connection_gate.hpp"

#include <vector>

#include "plugin/lane.hpp"

namespace sluice::plugins {

void ConnectionGate::add(net::TcpConnection& connection, std::shared_ptr<plugin::Stream> stream) {
  auto& member = open_[&connection] = {std::move(stream)};
  if (shut_)
    connection.pause_reading();
  else if (!plugin::has_room(sink_, *member.stream))
    wait_for_room(connection, member);
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
  if (!at->second.full && !shut_) connection.resume_reading();
}

bool ConnectionGate::full(net::TcpConnection& connection) const {
  const auto at = open_.find(&connection);
  return at != open_.end() && at->second.full;
}

void ConnectionGate::push(net::TcpConnection& connection, plugin::Chunk chunk) {
  const auto at = open_.find(&connection);
  if (at == open_.end() || shut_) return;
  auto& member = at->second;
  if (!sink_.push(member.stream, std::move(chunk)) && !member.full) wait_for_room(connection, member);
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

void ConnectionGate::wait_for_room(net::TcpConnection& connection, Member& member) {
  member.full = true;
  connection.pause_reading();
  plugin::when_room(sink_, *member.stream,
                    [gate = weak_from_this(), &loop = loop_, open = connection.weak_from_this()] {
                      loop.post([gate, open] {
                        const auto self = gate.lock();
                        const auto connection = open.lock();
                        if (self && connection) self->go_on(*connection);
                      });
                    });
}

void ConnectionGate::go_on(net::TcpConnection& connection) {
  const auto at = open_.find(&connection);
  if (at == open_.end()) return;
  at->second.full = false;
  if (!at->second.held && !shut_) connection.resume_reading();
}

}  // namespace sluice::plugins
