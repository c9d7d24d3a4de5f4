#include "index/writer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <random>

#include "base/time.hpp"

namespace sluice::index {
namespace {

simdjson::dom::parser& parser() {
  thread_local simdjson::dom::parser instance;
  return instance;
}

/// A version conflict as Elasticsearch words it.
Error version_conflict(std::string_view id, const std::string& why) {
  return {409,
          "version_conflict_engine_exception",
          fmt::format("[{}]: version conflict, {}", id, why),
          {},
          {},
          {},
          false};
}

bool same(const Json& a, const Json& b) {
  if (a.is_object() && b.is_object()) {
    if (a.members.size() != b.members.size()) return false;
    for (const auto& [key, value] : a.members) {
      const Json* other = b.find(key);
      if (other == nullptr || !same(value, *other)) return false;
    }
    return true;
  }
  return a.dump() == b.dump();
}

}  // namespace

std::string new_document_id() {
  static constexpr char kLetters[] = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
  // Six bytes of time and three of a counter come first, so that ids rise and their index grows at one end;
  // six random bytes of this process keep the ids of two runs apart.
  static std::atomic<uint32_t> counter{std::random_device{}()};
  static const uint64_t process =
      (uint64_t{std::random_device{}()} << 32 | std::random_device{}()) ^ static_cast<uint64_t>(getpid());
  static std::atomic<uint64_t> last_time{0};
  auto now = static_cast<uint64_t>(wall_nanos() / 1000000);
  uint64_t last = last_time.load(std::memory_order_relaxed);
  while (now > last && !last_time.compare_exchange_weak(last, now, std::memory_order_relaxed)) {
  }
  if (now < last) now = last;  // a clock set back gives no id twice
  const uint32_t n = counter.fetch_add(1, std::memory_order_relaxed);
  std::array<unsigned char, 15> bytes{};
  for (size_t i = 0; i < 6; ++i) bytes[i] = static_cast<unsigned char>(now >> (40 - 8 * i));
  for (size_t i = 0; i < 3; ++i) bytes[6 + i] = static_cast<unsigned char>(n >> (16 - 8 * i));
  for (size_t i = 0; i < 6; ++i) bytes[9 + i] = static_cast<unsigned char>(process >> (8 * i));
  std::string out(20, '-');
  for (size_t i = 0; i < 5; ++i) {
    const uint32_t v = static_cast<uint32_t>(bytes[3 * i]) << 16 |
                       static_cast<uint32_t>(bytes[3 * i + 1]) << 8 | bytes[3 * i + 2];
    for (size_t k = 0; k < 4; ++k) out[4 * i + k] = kLetters[v >> (18 - 6 * k) & 63];
  }
  if (out[0] == '_' || out[0] == '-') out[0] = '0';  // ids that begin so are awkward on command lines
  return out;
}

void Writer::refuse(WriteResult& result, Error error) {
  result.status = error.status;
  result.error = std::move(error);
}

bool Writer::conflict(const WriteOp& op, const Store::Found& found, WriteResult& result) const {
  if (op.if_seq_no || op.if_primary_term) {
    const int64_t wanted = op.if_seq_no.value_or(-2), term = op.if_primary_term.value_or(1);
    if (!found.found) {
      refuse(result,
             version_conflict(result.id,
                              fmt::format("required seqNo [{}], primary term [{}]. but no document was found",
                                          wanted, term)));
      return true;
    }
    if (found.seq != wanted || term != 1) {
      refuse(result,
             version_conflict(result.id, fmt::format("required seqNo [{}], primary term [{}]. current "
                                                     "document has seqNo [{}] and primary term [1]",
                                                     wanted, term, found.seq)));
      return true;
    }
  }
  if (op.version_type != WriteOp::VersionType::internal && op.version && found.found) {
    const bool gte = op.version_type == WriteOp::VersionType::external_gte;
    if (found.version > *op.version || (!gte && found.version == *op.version)) {
      refuse(result, version_conflict(result.id,
                                      fmt::format("current version [{}] is higher {} the one provided [{}]",
                                                  found.version, gte ? "than" : "or equal to", *op.version)));
      return true;
    }
  }
  return false;
}

Status Writer::put(const WriteOp& op, std::string_view source, bool padded, const Store::Found& found,
                   WriteResult& result) {
  simdjson::dom::element root;
  const auto problem = parser().parse(source.data(), source.size(), !padded).get(root);
  if (problem || root.type() != simdjson::dom::element_type::OBJECT) {
    Error error = Error::bad("document_parsing_exception", "failed to parse");
    error.cause_type = "x_content_parse_exception";
    error.cause_reason = problem ? simdjson::error_message(problem) : "a JSON object is expected";
    refuse(result, std::move(error));
    return {};
  }
  if (auto error = analyser_.analyse(root, result.id, analysed_)) {
    refuse(result, std::move(error));
    return {};
  }
  if (analyser_.changed()) store_.mapping_changed();
  if (found.found)
    if (auto status = store_.remove_replaced(found.seq); !status.ok()) return status;
  result.version =
      op.version_type != WriteOp::VersionType::internal && op.version ? *op.version : found.version + 1;
  result.result = found.found ? "updated" : "created";
  result.status = found.found ? 200 : 201;
  return store_.insert(result.id, result.version, source, analysed_, result.seq);
}

Status Writer::apply(const WriteOp& op, WriteResult& result) {
  Store::Found found;
  const bool made = op.id.empty();
  result.id = made ? new_document_id() : std::string(op.id);
  if (result.id.size() > 512) {
    refuse(result, Error::illegal(fmt::format("id is too long, must be no longer than 512 bytes but was: {}",
                                              result.id.size())));
    return {};
  }
  if (op.kind == WriteOp::Kind::update) return update(op, result);
  if (op.kind == WriteOp::Kind::remove) return remove(op, result);
  if (!made)
    if (auto status = store_.find_for_update(op.id, false, found); !status.ok()) return status;
  if (op.kind == WriteOp::Kind::create && found.found) {
    refuse(result, version_conflict(result.id, fmt::format("document already exists (current version [{}])",
                                                           found.version)));
    return {};
  }
  if (conflict(op, found, result)) return {};
  return put(op, op.source, op.padded, found, result);
}

Status Writer::remove(const WriteOp& op, WriteResult& result) {
  Store::Found found;
  if (auto status = store_.find_for_update(op.id, false, found); !status.ok()) return status;
  if (conflict(op, found, result)) return {};
  result.version =
      op.version_type != WriteOp::VersionType::internal && op.version ? *op.version : found.version + 1;
  if (!found.found) {
    result.status = 404;
    result.result = "not_found";
    result.seq = store_.skip_number();
    return {};
  }
  result.status = 200;
  result.result = "deleted";
  return store_.remove(found.seq, result.seq);
}

Status Writer::update(const WriteOp& op, WriteResult& result) {
  auto body = parse_json(op.source);
  if (!body.ok() || !body->is_object()) {
    refuse(result, Error::bad("x_content_parse_exception",
                              "failed to parse the update: " +
                                  (body.ok() ? "a JSON object is expected" : body.message())));
    return {};
  }
  bool doc_as_upsert = op.doc_as_upsert, detect_noop = true;
  for (const auto& [key, value] : body->members) {
    if (key == "doc_as_upsert")
      doc_as_upsert = value.boolean;
    else if (key == "detect_noop")
      detect_noop = value.boolean;
    else if (key == "script" || key == "scripted_upsert" || key == "_source") {
      refuse(result, Error::unsupported("[" + key + "] of an update"));
      return {};
    } else if (key != "doc" && key != "upsert") {
      refuse(result, Error::bad("x_content_parse_exception", "[UpdateRequest] unknown field [" + key + "]"));
      return {};
    }
  }
  const Json* doc = body->find("doc");
  const Json* upsert = body->find("upsert");
  if (doc == nullptr) {
    refuse(result, Error::bad("action_request_validation_exception",
                              "Validation Failed: 1: script or doc is missing;"));
    return {};
  }
  Store::Found found;
  if (auto status = store_.find_for_update(op.id, true, found); !status.ok()) return status;
  if (!found.found) {
    const Json* first = upsert != nullptr ? upsert : doc_as_upsert ? doc : nullptr;
    if (first == nullptr) {
      refuse(result, {404,
                      "document_missing_exception",
                      fmt::format("[{}]: document missing", result.id),
                      {},
                      {},
                      {},
                      false});
      return {};
    }
    if (conflict(op, found, result)) return {};
    return put(op, first->dump(), false, found, result);
  }
  if (conflict(op, found, result)) return {};
  auto current = parse_json(found.source);
  if (!current.ok()) return Status::system("a stored document is not JSON");
  Json merged = *current;
  merged.merge(*doc);
  if (detect_noop && same(merged, *current)) {
    result.status = 200;
    result.result = "noop";
    result.version = found.version;
    result.seq = found.seq;
    return {};
  }
  return put(op, merged.dump(), false, found, result);
}

}  // namespace sluice::index
