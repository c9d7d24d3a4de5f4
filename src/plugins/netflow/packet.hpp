// The packets of NetFlow v5, v9 and IPFIX, cut into their parts. Sources: Cisco's "NetFlow Export Datagram
// Format", RFC 3954, RFC 7011.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/wire/reader.hpp"

namespace sluice::plugins::netflow {

/// A run of templates or of records behind its own header of number and length.
struct Flowset {
  uint16_t number = 0;
  std::string_view content;
};

/// A packet of v9 or IPFIX.
struct Packet {
  uint32_t uptime = 0;  // milliseconds; v9 only
  uint32_t seconds = 0;
  uint32_t sequence = 0;
  uint32_t domain = 0;  // source id, observation domain
  std::vector<Flowset> flowsets;
};

/// Both read the packet at the begin of `bytes`. False when it is none: `problem` says why. As in Logstash a
/// v9 packet may be cut short, an IPFIX one may not.
bool read_v9(std::string_view bytes, Packet& out, std::string& problem);
bool read_ipfix(std::string_view bytes, Packet& out, std::string& problem);

/// A field as a template of the wire has it.
struct WireField {
  uint32_t enterprise = 0;
  uint16_t number = 0;
  uint16_t length = 0;
  bool scope = false;  // of an options template
};

struct WireTemplate {
  uint16_t number = 0;
  bool withdrawn = false;
  std::vector<WireField> fields;
};

enum class TemplateForm : uint8_t { v9, v9_options, ipfix, ipfix_options };

/// Takes the next template off a template flowset. False at the end, at padding, and at one that is cut
/// short.
bool next_template(TemplateForm form, wire::Reader& reader, WireTemplate& out);

}  // namespace sluice::plugins::netflow
