// Records to event fields.
#pragma once

#include "base/arena.hpp"
#include "event/value.hpp"
#include "plugins/netflow/template.hpp"
#include "plugins/wire/reader.hpp"

namespace sluice::plugins::netflow {

/// What the header of a packet says of time.
struct ExportTime {
  int64_t seconds = 0;  // since 1970
  uint32_t uptime = 0;  // of the exporter, in milliseconds (not IPFIX)
};

/// Reads one record into `into`. False when the bytes end before it does; `into` is then of no use.
bool read_record(const Template& fields, const ExportTime& time, wire::Reader& reader, Object& into,
                 Arena& arena);

/// Texts of addresses, in the arena: 192.0.2.1 of 4 bytes, and of 16 the form that Ruby's IPAddr prints.
Value ip4_value(std::string_view bytes, Arena& arena);
Value ip6_value(std::string_view bytes, Arena& arena);

/// A point in time as ISO 8601 text.
Value time_value(int64_t seconds, int64_t nanos, Arena& arena);

}  // namespace sluice::plugins::netflow
