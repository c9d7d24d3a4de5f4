// One write to one document: what is asked, and what came of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "index/document.hpp"
#include "index/error.hpp"
#include "index/store.hpp"

namespace sluice::index {

struct WriteOp {
  enum class Kind : uint8_t { index, create, update, remove };
  Kind kind = Kind::index;
  std::string_view id;      // empty: one is made
  std::string_view source;  // the document, or the body of an update
  bool padded = false;      // SIMDJSON_PADDING readable bytes follow the source
  std::optional<int64_t> version;
  enum class VersionType : uint8_t { internal, external, external_gte } version_type = VersionType::internal;
  std::optional<int64_t> if_seq_no, if_primary_term;
  bool doc_as_upsert = false;
};

struct WriteResult {
  int status = 0;
  const char* result = "";  // created, updated, deleted, not_found, noop
  std::string id;
  int64_t version = 0;
  int64_t seq = 0;
  Error error;
};

/// Applies writes to a store, inside a transaction that the caller has begun. Status is not ok when the store
/// failed, and the transaction must be rolled back; refusals are in the result.
class Writer {
 public:
  explicit Writer(Store& store) : store_(store), analyser_(store.working_mapping()) {}
  Status apply(const WriteOp& op, WriteResult& result);

 private:
  Status put(const WriteOp& op, std::string_view source, bool padded, const Store::Found& found,
             WriteResult& result);
  Status update(const WriteOp& op, WriteResult& result);
  Status remove(const WriteOp& op, WriteResult& result);
  bool conflict(const WriteOp& op, const Store::Found& found, WriteResult& result) const;
  static void refuse(WriteResult& result, Error error);

  Store& store_;
  Analyser analyser_;
  Analysed analysed_;
};

/// A new document id: 20 characters, url-safe, rising with time.
std::string new_document_id();

}  // namespace sluice::index
