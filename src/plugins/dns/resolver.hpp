// DNS lookups by c-ares, many at once.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.hpp"

namespace sluice::plugins::dns {

/// How to ask.
struct ResolverSettings {
  std::vector<std::string> servers;  // ADDRESS or ADDRESS:PORT; empty: those of /etc/resolv.conf
  std::vector<std::string> search;   // domains, when `servers` are given
  int ndots = 1;                     // a name with so many dots is asked for as it is first
  int timeout_millis = 500;          // for one server to answer
  int retries = 2;                   // rounds over the servers after the first one
};

/// One question and its answer.
struct Lookup {
  enum class Kind : uint8_t { address, name };
  enum class Outcome : uint8_t {
    found,
    none,     // there is no answer
    timeout,  // no server answered in time
    refused,  // the question is no name or address
  };
  Kind kind = Kind::address;
  std::string question;  // a host name in ASCII, or an IP address
  Outcome outcome = Outcome::none;
  std::string answer;  // the first address or the first name
};

/// Asks for many names at once. One thread at a time; each worker has its own.
class Resolver {
 public:
  static Result<std::unique_ptr<Resolver>> open(const ResolverSettings& settings);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Sends all questions and waits for their answers: as long as the slowest takes, not their sum.
  void run(std::span<Lookup> lookups);

  /// True when `text` is an address of a server, with or without a port.
  static bool is_server(const std::string& text);

 private:
  struct State;
  explicit Resolver(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::plugins::dns
