#include "plugins/dns/resolver.hpp"

#include <ares.h>
#include <ares_nameser.h>
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <cstring>

#include "plugins/address/ip_address.hpp"

namespace sluice::plugins::dns {
namespace {

// Questions under way at once: what comes back must fit into the receive buffer of one socket.
constexpr size_t kInFlight = 256;

// A server that refuses at once is asked again from inside the answer, so this bounds a recursion.
constexpr int kMostRetries = 100;

// IPv6 addresses are of use where the machine has one itself.
bool has_ipv6() {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return false;
  bool found = false;
  for (const auto* one = all; one; one = one->ifa_next) {
    if (!one->ifa_addr || one->ifa_addr->sa_family != AF_INET6) continue;
    const auto& address = reinterpret_cast<const sockaddr_in6*>(one->ifa_addr)->sin6_addr;
    found = found || (!IN6_IS_ADDR_LOOPBACK(&address) && !IN6_IS_ADDR_LINKLOCAL(&address));
  }
  freeifaddrs(all);
  return found;
}

// d.c.b.a.in-addr.arpa, or the same of nibbles; empty for what is no address.
std::string pointer_name(std::string_view text) {
  const auto range = address::parse(text);
  if (!range || range->first != range->last) return {};
  const auto& ip = range->first;
  std::string name;
  if (!ip.v6) {
    for (int i = 0; i < 4; ++i) name += std::to_string(ip.low >> (8 * i) & 255) + '.';
    return name + "in-addr.arpa";
  }
  for (const uint64_t half : {ip.low, ip.high})
    for (int i = 0; i < 16; ++i) (name += "0123456789abcdef"[half >> (4 * i) & 15]) += '.';
  return name + "ip6.arpa";
}

struct Channel {
  ares_channel ares = nullptr;
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() {
    if (ares) ares_destroy(ares);
  }
};

Status ares_status(int code) { return Status::config(std::string("c-ares: ") + ares_strerror(code)); }

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) (out += out.empty() ? "" : ",") += text;
  return out;
}

}  // namespace

struct Resolver::State {
  // A lookup on its way: the names that it may mean, and how often the one being asked for was asked.
  struct Query {
    State* state;
    Lookup* lookup;
    std::vector<std::string> candidates;
    size_t candidate = 0;
    int type = ns_t_a;
    int tries = 0;
  };

  std::vector<pollfd> sockets;
  std::vector<std::string> search;
  int ndots = 1;
  int retries = 0;
  bool ipv6 = false;

  std::vector<Query> queries;  // one for each lookup of a run
  size_t in_flight = 0;
  Channel channel;  // closed first: it still says what becomes of its sockets

  Status open(const ResolverSettings& settings);
  void watch(ares_socket_t socket, bool readable, bool writable);
  void begin(Query& query);
  void send(Query& query);
  void answered(Query& query, int status, const unsigned char* reply, int size);
  void failed(Query& query, int status);
  void finish(Query& query, Lookup::Outcome outcome);
  void wait();
  [[nodiscard]] std::vector<std::string> candidates_of(const std::string& name) const;
};

Status Resolver::State::open(const ResolverSettings& settings) {
  static const int initialized = ares_library_init(ARES_LIB_INIT_ALL);
  if (initialized != ARES_SUCCESS) return ares_status(initialized);
  ares_options options{};
  options.flags = ARES_FLAG_NOCHECKRESP;  // a server's refusal is an answer, not silence
  options.timeout = settings.timeout_millis;
  options.tries = 1;
  options.sock_state_cb = [](void* state, ares_socket_t socket, int readable, int writable) {
    static_cast<State*>(state)->watch(socket, readable != 0, writable != 0);
  };
  options.sock_state_cb_data = this;
  const int mask =
      ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_NOROTATE;
  if (const int code = ares_init_options(&channel.ares, &options, mask)) return ares_status(code);
  retries = std::min(settings.retries, kMostRetries);
  ipv6 = has_ipv6();
  if (!settings.servers.empty()) {
    search = settings.search;
    ndots = settings.ndots;
    const int code = ares_set_servers_ports_csv(channel.ares, joined(settings.servers).c_str());
    return code ? ares_status(code) : Status{};
  }
  ares_options read{};
  int read_mask = 0;
  if (const int code = ares_save_options(channel.ares, &read, &read_mask)) return ares_status(code);
  ndots = read.ndots;
  for (int i = 0; i < read.ndomains; ++i) search.emplace_back(read.domains[i]);
  ares_destroy_options(&read);
  return {};
}

void Resolver::State::watch(ares_socket_t socket, bool readable, bool writable) {
  const auto events = static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
  const auto known =
      std::find_if(sockets.begin(), sockets.end(), [&](const pollfd& p) { return p.fd == socket; });
  if (known != sockets.end()) {
    if (events)
      known->events = events;
    else
      sockets.erase(known);
  } else if (events) {
    sockets.push_back({socket, events, 0});
  }
}

std::vector<std::string> Resolver::State::candidates_of(const std::string& name) const {
  if (name.ends_with('.')) return {name};
  std::vector<std::string> all;
  const bool first = std::count(name.begin(), name.end(), '.') >= ndots;
  if (first) all.push_back(name);
  for (const auto& domain : search) all.push_back(name + "." + domain);
  if (!first) all.push_back(name);
  return all;
}

void Resolver::State::begin(Query& query) {
  ++in_flight;
  if (query.lookup->kind == Lookup::Kind::address) {
    query.candidates = candidates_of(query.lookup->question);
  } else {
    query.type = ns_t_ptr;
    query.candidates = {pointer_name(query.lookup->question)};
  }
  if (query.candidates[0].empty())
    finish(query, Lookup::Outcome::refused);
  else
    send(query);
}

void Resolver::State::send(Query& query) {
  const auto callback = [](void* arg, int status, int, unsigned char* reply, int size) {
    auto& mine = *static_cast<Query*>(arg);
    mine.state->answered(mine, status, reply, size);
  };
  ares_query(channel.ares, query.candidates[query.candidate].c_str(), ns_c_in, query.type, callback, &query);
}

void Resolver::State::answered(Query& query, int status, const unsigned char* reply, int size) {
  if (status != ARES_SUCCESS) return failed(query, status);
  auto& answer = query.lookup->answer;
  char text[INET6_ADDRSTRLEN] = "";
  int count = 1;
  if (query.type == ns_t_a) {
    ares_addrttl first{};
    status = ares_parse_a_reply(reply, size, nullptr, &first, &count);
    if (status == ARES_SUCCESS && count > 0) answer = inet_ntop(AF_INET, &first.ipaddr, text, sizeof text);
  } else if (query.type == ns_t_aaaa) {
    ares_addr6ttl first{};
    status = ares_parse_aaaa_reply(reply, size, nullptr, &first, &count);
    if (status == ARES_SUCCESS && count > 0) answer = inet_ntop(AF_INET6, &first.ip6addr, text, sizeof text);
  } else {
    hostent* host = nullptr;
    status = ares_parse_ptr_reply(reply, size, nullptr, 0, AF_INET, &host);
    if (status == ARES_SUCCESS) answer = host->h_aliases[0] ? host->h_aliases[0] : host->h_name;
    if (host) ares_free_hostent(host);
  }
  if (status != ARES_SUCCESS || answer.empty()) return failed(query, status ? status : ARES_ENODATA);
  finish(query, Lookup::Outcome::found);
}

void Resolver::State::failed(Query& query, int status) {
  switch (status) {
    case ARES_ETIMEOUT:
    case ARES_ECONNREFUSED:
      if (query.tries++ < retries) return send(query);
      return finish(query, Lookup::Outcome::timeout);
    case ARES_ENOTFOUND:
      if (++query.candidate >= query.candidates.size()) return finish(query, Lookup::Outcome::none);
      query.tries = 0;
      return send(query);
    case ARES_ENODATA:
      if (query.type != ns_t_a || !ipv6) return finish(query, Lookup::Outcome::none);
      query.type = ns_t_aaaa;
      query.tries = 0;
      return send(query);
    case ARES_EBADNAME:
      return finish(query, Lookup::Outcome::refused);
    default:
      return finish(query, Lookup::Outcome::none);
  }
}

void Resolver::State::finish(Query& query, Lookup::Outcome outcome) {
  query.lookup->outcome = outcome;
  --in_flight;
}

void Resolver::State::wait() {
  timeval longest{1, 0}, left{};
  const timeval* timeout = ares_timeout(channel.ares, &longest, &left);
  const auto millis = static_cast<int>(timeout->tv_sec * 1000 + (timeout->tv_usec + 999) / 1000);
  if (::poll(sockets.data(), sockets.size(), millis) <= 0) {
    ares_process_fd(channel.ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    return;
  }
  const auto ready = sockets;  // the callbacks change the list
  for (const auto& one : ready) {
    if (one.revents == 0) continue;
    const bool read = (one.revents & (POLLIN | POLLERR | POLLHUP)) != 0;
    ares_process_fd(channel.ares, read ? one.fd : ARES_SOCKET_BAD,
                    one.revents & POLLOUT ? one.fd : ARES_SOCKET_BAD);
  }
}

Resolver::Resolver(std::unique_ptr<State> state) : state_(std::move(state)) {}
Resolver::~Resolver() = default;

Result<std::unique_ptr<Resolver>> Resolver::open(const ResolverSettings& settings) {
  auto state = std::make_unique<State>();
  if (Status status = state->open(settings); !status.ok()) return status;
  return std::unique_ptr<Resolver>(new Resolver(std::move(state)));
}

void Resolver::run(std::span<Lookup> lookups) {
  State& state = *state_;
  state.queries.clear();
  state.queries.reserve(lookups.size());
  for (auto& lookup : lookups) state.queries.push_back({&state, &lookup, {}});
  for (size_t next = 0; next < lookups.size() || state.in_flight > 0;) {
    while (next < lookups.size() && state.in_flight < kInFlight) state.begin(state.queries[next++]);
    if (state.in_flight > 0) state.wait();
  }
}

bool Resolver::is_server(const std::string& text) {
  std::string_view host = text;
  if (const size_t colon = host.rfind(':');
      colon != std::string_view::npos && (host.find(':') == colon || host[colon - 1] == ']')) {
    const auto port = host.substr(colon + 1);
    if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string_view::npos)
      return false;
    host = host.substr(0, colon);
  }
  const auto range = address::parse(host);
  return range && host.find('/') == std::string_view::npos;
}

}  // namespace sluice::plugins::dns
