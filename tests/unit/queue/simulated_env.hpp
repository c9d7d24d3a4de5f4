// A disk in memory that forgets what was not synced, and a process that can be stopped at any operation.
#pragma once

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/env.hpp"

namespace sluice::test {

/// Strict: a name is safe only once its folder was synced, bytes only once their file was. Not thread-safe.
class SimulatedEnv : public Env {
 public:
  /// What a stop leaves behind.
  enum class Loss : uint8_t {
    none,         ///< the process was killed: the system still has everything
    unsynced,     ///< power was lost, and all that was not synced with it
    some_sectors  ///< power was lost, and any of what was not synced with it
  };
  /// How far the last operation came.
  enum class Moment : uint8_t { before, within, after };

  /// The operation number `at` (from 1) is the last; 0: none is.
  void stop_at(uint64_t at, Moment moment) {
    stop_at_ = at;
    moment_ = moment;
  }
  /// Writes fail from now on as on a full disk, while true.
  bool full = false;
  /// The bytes [from, to) of a file cannot be read, until `times` reads of some of them have failed.
  void break_sector(const std::string& path, uint64_t from, uint64_t to, uint64_t times = UINT64_MAX) {
    names_.at(path)->broken = {from, to, times};
  }
  /// Operations that changed the disk so far.
  [[nodiscard]] uint64_t operations() const { return operations_; }
  [[nodiscard]] bool stopped() const { return stopped_; }
  /// The disk that the next process finds.
  [[nodiscard]] std::unique_ptr<SimulatedEnv> after_stop(Loss loss, uint32_t seed) const;

  /// The bytes of a file, to look at and to damage.
  std::string& contents(const std::string& path) { return names_.at(path)->now; }
  [[nodiscard]] std::vector<std::string> paths() const;

  Result<std::unique_ptr<File>> create(const std::string& path) override;
  Result<std::unique_ptr<File>> open(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Status make_folders(const std::string&) override { return {}; }
  Status sync_folder(const std::string& folder) override;
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override;

 private:
  struct Write {
    uint64_t offset;
    std::string bytes;
  };
  struct Broken {
    uint64_t from = 0, to = 0, times = 0;
  };
  struct Inode {
    std::string now, synced;
    Broken broken;
    std::vector<Write> unsynced;
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;
  class OpenFile;
  class Held;

  // True: the operation takes place. `complete`: as a whole, and the caller learns of it.
  bool begin(bool& complete);
  static void apply(const Write& write, std::string& to);
  static std::string left_of(const Inode& inode, Loss loss, std::mt19937& random);

  Names names_, synced_names_;
  std::vector<Names> unsynced_names_;  // after each change of names since the last sync
  std::set<std::string> locks_;
  uint64_t operations_ = 0, stop_at_ = 0;
  Moment moment_ = Moment::before;
  bool stopped_ = false;
};

}  // namespace sluice::test
