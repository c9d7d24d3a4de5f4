// When a certificate counts.
#pragma once

#include <string>

namespace sluice::net {

/// What is wrong with the first certificate of a PEM file today: "the certificate /x expired on
/// 2026-11-20T22:01:06Z", or that it is not valid yet. Empty when nothing is, and when it cannot be read.
/// Blocks while it reads.
std::string certificate_trouble(const std::string& path);

}  // namespace sluice::net
