// Answers of a database, kept for a while.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "plugins/jdbc/connection.hpp"

namespace sluice::jdbc {

/// What a statement gave for one set of parameters, in one block that is no larger than it has to be.
/// Immutable.
class Answer {
 public:
  /// A failure.
  Answer() = default;
  /// A copy of `rows`.
  explicit Answer(const Rows& rows);

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool empty() const { return !rows_.is_array() || rows_.as_array()->size == 0; }
  /// A list of objects, or null.
  [[nodiscard]] const Value& rows() const { return rows_; }

 private:
  std::unique_ptr<char[]> block_;
  Value rows_;
  bool failed_ = true;
};

/// The least recently used answer goes first; an old one is as good as none. Thread-safe.
class RowCache {
 public:
  RowCache(size_t size, int64_t expires_nanos) : size_(size), expires_(expires_nanos) {}

  /// The answer for `key`, or null.
  std::shared_ptr<const Answer> find(const std::string& key);
  void put(const std::string& key, std::shared_ptr<const Answer> answer);

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const Answer> answer;
    int64_t since;  // steady nanoseconds
  };
  const size_t size_;
  const int64_t expires_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // the last used first
  std::unordered_map<std::string, std::list<Entry>::iterator> places_;
};

}  // namespace sluice::jdbc
