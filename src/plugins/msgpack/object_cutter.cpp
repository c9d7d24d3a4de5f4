#include "plugins/msgpack/object_cutter.hpp"

#include "plugins/msgpack/header.hpp"

namespace sluice::plugins::msgpack {
namespace {
constexpr size_t kKeepCarry = 64 << 10;  // a buffer that one long object has grown is not kept for ever
}

std::string_view joined(std::string_view a, std::string_view b, Arena& arena) {
  if (b.empty()) return a;
  if (a.empty()) return b;
  if (a.data() + a.size() == b.data()) return {a.data(), a.size() + b.size()};
  auto* const text = static_cast<char*>(arena.allocate(a.size() + b.size(), 1));
  std::memcpy(text, a.data(), a.size());
  std::memcpy(text + a.size(), b.data(), b.size());
  return {text, a.size() + b.size()};
}

ObjectCutter::Outcome ObjectCutter::scan(std::string_view bytes) {
  Header header;
  while (outstanding_ != 0) {
    if (at_ >= bytes.size()) return Outcome::more;
    switch (read_header(bytes.substr(at_), header)) {
      case HeaderOutcome::malformed:
        return Outcome::malformed;
      case HeaderOutcome::incomplete:
        return Outcome::more;
      case HeaderOutcome::ok:
        break;
    }
    at_ += header.size + (header.has_bytes() ? header.length : 0);
    outstanding_ += header.children() - 1;
    // Each object that is to come takes a byte at least.
    if (at_ > limit_ || outstanding_ > limit_ - at_) return Outcome::too_long;
  }
  return at_ <= bytes.size() ? Outcome::object : Outcome::more;
}

void ObjectCutter::restart() {
  if (carry_.capacity() > kKeepCarry) carry_ = std::string();
  carry_.clear();
  at_ = 0;
  outstanding_ = 1;
}

ObjectCutter::Outcome ObjectCutter::next(std::string_view& rest, Arena& arena, std::string_view& object) {
  if (rest.empty()) return Outcome::more;
  const size_t kept = carry_.size();
  if (kept != 0) carry_.append(rest);
  const Outcome outcome = scan(kept != 0 ? std::string_view(carry_) : rest);
  if (outcome == Outcome::object) {
    object = kept != 0 ? arena.copy(std::string_view(carry_).substr(0, at_)) : rest.substr(0, at_);
    rest.remove_prefix(at_ - kept);
    restart();
  } else if (outcome == Outcome::more) {
    if (kept == 0) carry_.assign(rest);
    rest = {};
  } else {
    carry_.resize(kept);
  }
  return outcome;
}

std::string_view ObjectCutter::drop(std::string_view rest, Arena& arena) {
  const std::string_view all = carry_.empty() ? rest : joined(arena.copy(carry_), rest, arena);
  restart();
  return all;
}

}  // namespace sluice::plugins::msgpack
