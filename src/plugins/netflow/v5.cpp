#include "plugins/netflow/v5.hpp"

#include "match/civil.hpp"
#include "plugins/netflow/record.hpp"
#include "plugins/wire/reader.hpp"

namespace sluice::plugins::netflow {
namespace {

constexpr size_t kHeaderBytes = 24;
constexpr size_t kRecordBytes = 48;
constexpr size_t kMaxRecords = 30;

struct Header {
  uint16_t records;
  uint32_t uptime, seconds, nanos, sequence;
  uint8_t engine_type, engine_id;
  uint16_t sampling;  // two bits of algorithm, then the interval
};

Header read_header(wire::Reader reader) {
  Header h{};
  (void)reader.u16();
  h.records = reader.u16();
  h.uptime = reader.u32();
  h.seconds = reader.u32();
  h.nanos = reader.u32();
  h.sequence = reader.u32();
  h.engine_type = reader.u8();
  h.engine_id = reader.u8();
  h.sampling = reader.u16();
  return h;
}

enum class Form : uint8_t { number, ip4, uptime, skip };

struct Column {
  Form form;
  uint8_t width;
  Key key;
};

// The names are those of Logstash's events.
const Column* columns() {
  const auto named = [](Form form, uint8_t width, std::string_view name) {
    return Column{form, width, Key::intern(name)};
  };
  static const Column kColumns[] = {
      named(Form::ip4, 4, "ipv4_src_addr"),    named(Form::ip4, 4, "ipv4_dst_addr"),
      named(Form::ip4, 4, "ipv4_next_hop"),    named(Form::number, 2, "input_snmp"),
      named(Form::number, 2, "output_snmp"),   named(Form::number, 4, "in_pkts"),
      named(Form::number, 4, "in_bytes"),      named(Form::uptime, 4, "first_switched"),
      named(Form::uptime, 4, "last_switched"), named(Form::number, 2, "l4_src_port"),
      named(Form::number, 2, "l4_dst_port"),   {Form::skip, 1, {}},
      named(Form::number, 1, "tcp_flags"),     named(Form::number, 1, "protocol"),
      named(Form::number, 1, "src_tos"),       named(Form::number, 2, "src_as"),
      named(Form::number, 2, "dst_as"),        named(Form::number, 1, "src_mask"),
      named(Form::number, 1, "dst_mask"),      {Form::skip, 2, {}},
  };
  return kColumns;
}
constexpr size_t kColumnCount = 20;

struct HeaderKeys {
  Key version = Key::intern("version");
  Key sequence = Key::intern("flow_seq_num");
  Key engine_type = Key::intern("engine_type");
  Key engine_id = Key::intern("engine_id");
  Key algorithm = Key::intern("sampling_algorithm");
  Key interval = Key::intern("sampling_interval");
  Key records = Key::intern("flow_records");
};

void put_header(const Header& h, Object& flow, Arena& arena) {
  static const HeaderKeys keys;
  const auto put = [&](Key key, int64_t number) { flow.append(arena, key, Value::integer(number)); };
  put(keys.version, 5);
  put(keys.sequence, h.sequence);
  put(keys.engine_type, h.engine_type);
  put(keys.engine_id, h.engine_id);
  put(keys.algorithm, h.sampling >> 14);
  put(keys.interval, h.sampling & 0x3fff);
  put(keys.records, h.records);
}

// Milliseconds of the exporter's uptime as a point in time. As in Logstash, a fraction that would need a
// second to be borrowed comes out one second late.
Value switched(const Header& h, uint32_t at, Arena& arena) {
  const int64_t millis = static_cast<int64_t>(h.uptime) - at;
  int64_t micros = h.nanos / 1000 - match::floor_mod(millis, 1000) * 1000;
  if (micros < 0) micros += 1'000'000;
  return time_value(h.seconds - match::floor_div(millis, 1000), micros * 1000, arena);
}

Value column_value(const Column& column, std::string_view bytes, const Header& h, Arena& arena) {
  switch (column.form) {
    case Form::ip4:
      return ip4_value(bytes, arena);
    case Form::uptime:
      return switched(h, static_cast<uint32_t>(wire::Reader::number(bytes)), arena);
    default:
      return Value::integer(static_cast<int64_t>(wire::Reader::number(bytes)));
  }
}

}  // namespace

bool read_v5(std::string_view bytes, const FieldRef& target, plugin::EventSink& sink, std::string& problem) {
  const Header h = read_header(wire::Reader(bytes));
  const size_t size = kHeaderBytes + h.records * kRecordBytes;
  if (bytes.size() < kHeaderBytes || bytes.size() < size) {
    problem = "end of file reached";
    return false;
  }
  if (h.records < 1 || h.records > kMaxRecords) {
    problem = std::to_string(h.records) + " records";
    return false;
  }
  auto& arena = sink.batch().arena();
  wire::Reader reader(bytes.substr(kHeaderBytes, size - kHeaderBytes));
  for (size_t i = 0; i < h.records; ++i) {
    auto* flow = Object::make(arena, kColumnCount + 7);
    put_header(h, *flow, arena);
    for (size_t c = 0; c < kColumnCount; ++c) {
      const Column& column = columns()[c];
      const auto value = reader.take(column.width);
      if (column.form != Form::skip) flow->append(arena, column.key, column_value(column, value, h, arena));
    }
    Event& event = sink.make();
    event.set_timestamp(int64_t{h.seconds} * match::kNanosPerSecond + h.nanos / 1000 * 1000);
    event.set(target, Value::object(flow));
    sink.add(event);
  }
  return true;
}

}  // namespace sluice::plugins::netflow
