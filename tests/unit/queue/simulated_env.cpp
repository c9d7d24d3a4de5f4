#include "simulated_env.hpp"

#include <algorithm>
#include <cstring>

namespace sluice::test {
namespace {

constexpr size_t kSector = 512;

Status dead() { return Status::system("the process has been stopped"); }
Status missing() { return Status::system("No such file or directory"); }

}  // namespace

class SimulatedEnv::OpenFile : public Env::File {
 public:
  OpenFile(SimulatedEnv& env, std::shared_ptr<Inode> inode) : env_(env), inode_(std::move(inode)) {}

  Status write(uint64_t offset, std::string_view bytes) override {
    if (env_.full) return Status::error(Fault::system, "No space left on device", true);
    bool complete = false;
    if (!env_.begin(complete)) return dead();
    const Write write{offset, std::string(bytes.substr(0, complete ? bytes.size() : bytes.size() / 2))};
    apply(write, inode_->now);
    inode_->unsynced.push_back(write);
    return env_.stopped_ ? dead() : Status{};
  }
  Result<size_t> read(uint64_t offset, char* to, size_t size) override {
    if (env_.stopped_) return dead();
    if (offset >= inode_->now.size()) return size_t{0};
    const size_t n = std::min<uint64_t>(size, inode_->now.size() - offset);
    if (auto& broken = inode_->broken; offset < broken.to && offset + n > broken.from && broken.times > 0) {
      --broken.times;
      return Status::system("Input/output error");
    }
    std::memcpy(to, inode_->now.data() + offset, n);
    return n;
  }
  Status sync() override {
    bool complete = false;
    if (!env_.begin(complete)) return dead();
    if (complete) {
      inode_->synced = inode_->now;
      inode_->unsynced.clear();
    }
    return env_.stopped_ ? dead() : Status{};
  }
  Result<uint64_t> size() override { return uint64_t{inode_->now.size()}; }

 private:
  SimulatedEnv& env_;
  std::shared_ptr<Inode> inode_;
};

class SimulatedEnv::Held : public Env::Lock {
 public:
  Held(std::set<std::string>& locks, std::string path) : locks_(locks), path_(std::move(path)) {
    locks_.insert(path_);
  }
  ~Held() override { locks_.erase(path_); }

 private:
  std::set<std::string>& locks_;
  std::string path_;
};

bool SimulatedEnv::begin(bool& complete) {
  if (stopped_) return false;
  complete = true;
  if (++operations_ != stop_at_) return true;
  stopped_ = true;
  complete = moment_ == Moment::after;
  return moment_ != Moment::before;
}

void SimulatedEnv::apply(const Write& write, std::string& to) {
  if (to.size() < write.offset + write.bytes.size()) to.resize(write.offset + write.bytes.size());
  std::copy(write.bytes.begin(), write.bytes.end(), to.begin() + static_cast<std::ptrdiff_t>(write.offset));
}

std::string SimulatedEnv::left_of(const Inode& inode, Loss loss, std::mt19937& random) {
  if (loss == Loss::none) return inode.now;
  std::string left = inode.synced;
  if (loss == Loss::unsynced) return left;
  for (const auto& write : inode.unsynced) {
    for (size_t at = 0; at < write.bytes.size(); at += kSector)
      if (random() % 2) apply({write.offset + at, write.bytes.substr(at, kSector)}, left);
  }
  return left;
}

std::unique_ptr<SimulatedEnv> SimulatedEnv::after_stop(Loss loss, uint32_t seed) const {
  std::mt19937 random(seed);
  const Names* names = loss == Loss::none ? &names_ : &synced_names_;
  if (loss == Loss::some_sectors && !unsynced_names_.empty() && random() % 2)
    names = &unsynced_names_[random() % unsynced_names_.size()];
  auto next = std::make_unique<SimulatedEnv>();
  for (const auto& [path, inode] : *names) {
    auto fresh = std::make_shared<Inode>();
    fresh->now = fresh->synced = left_of(*inode, loss, random);
    next->names_[path] = std::move(fresh);
  }
  next->synced_names_ = next->names_;
  return next;
}

std::vector<std::string> SimulatedEnv::paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, inode] : names_) paths.push_back(path);
  return paths;
}

Result<std::unique_ptr<Env::File>> SimulatedEnv::create(const std::string& path) {
  if (names_.count(path)) return Status::system("File exists");
  if (full) return Status::error(Fault::system, "No space left on device", true);
  bool complete = false;
  if (!begin(complete)) return dead();
  if (complete) {
    names_[path] = std::make_shared<Inode>();
    unsynced_names_.push_back(names_);
  }
  if (stopped_) return dead();
  return std::unique_ptr<File>(std::make_unique<OpenFile>(*this, names_[path]));
}

Result<std::unique_ptr<Env::File>> SimulatedEnv::open(const std::string& path) {
  if (stopped_) return dead();
  const auto found = names_.find(path);
  if (found == names_.end()) return missing();
  return std::unique_ptr<File>(std::make_unique<OpenFile>(*this, found->second));
}

Status SimulatedEnv::rename(const std::string& from, const std::string& to) {
  bool complete = false;
  if (!begin(complete)) return dead();
  const auto found = names_.find(from);
  if (found == names_.end()) return missing();
  if (complete) {
    names_[to] = found->second;
    names_.erase(from);
    unsynced_names_.push_back(names_);
  }
  return stopped_ ? dead() : Status{};
}

Status SimulatedEnv::remove(const std::string& path) {
  if (!names_.count(path)) return missing();
  bool complete = false;
  if (!begin(complete)) return dead();
  if (complete) {
    names_.erase(path);
    unsynced_names_.push_back(names_);
  }
  return stopped_ ? dead() : Status{};
}

Result<std::vector<std::string>> SimulatedEnv::list(const std::string& folder) {
  if (stopped_) return dead();
  std::vector<std::string> names;
  for (const auto& [path, inode] : names_)
    if (path.rfind(folder + "/", 0) == 0 && path.find('/', folder.size() + 1) == std::string::npos)
      names.push_back(path.substr(folder.size() + 1));
  return names;
}

Status SimulatedEnv::sync_folder(const std::string&) {
  bool complete = false;
  if (!begin(complete)) return dead();
  if (complete) {
    synced_names_ = names_;
    unsynced_names_.clear();
  }
  return stopped_ ? dead() : Status{};
}

Result<std::unique_ptr<Env::Lock>> SimulatedEnv::lock(const std::string& path) {
  if (locks_.count(path)) return Status::system("Resource temporarily unavailable");
  return std::unique_ptr<Lock>(std::make_unique<Held>(locks_, path));
}

}  // namespace sluice::test
