#include "cli/privileges.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>

namespace sluice::cli {
namespace {

constexpr size_t kMostLookedAt = 10'000;  // files of a state folder, some of which nobody writes again
constexpr size_t kMostNamed = 5;

Status failed(std::string_view what) {
  return Status::system(fmt::format("root cannot be given up (--user): {}: {}", what, std::strerror(errno)));
}

std::optional<unsigned> number_of(std::string_view text) {
  unsigned number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<gid_t> groups_of(const char* name, gid_t group) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<size_t>(count));
  while (getgrouplist(name, group, groups.data(), &count) < 0) groups.resize(static_cast<size_t>(count));
  groups.resize(static_cast<size_t>(count));
  return groups;
}

// Of what root may do in this thread, and in those that it starts, the one thing that is needed.
bool keep_low_ports_alone() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, data) != 0) return false;
  data[0].effective = data[0].permitted & (1u << CAP_NET_BIND_SERVICE);
  data[1].effective = 0;
  data[0].inheritable = data[1].inheritable = 0;
  return syscall(SYS_capset, &header, data) == 0;
}

}  // namespace

Result<Account> find_account(const std::string& text) {
  const auto colon = text.find(':');
  Account account;
  const std::string user = text.substr(0, colon);
  const auto number = number_of(user);
  const passwd* known = number ? getpwuid(*number) : getpwnam(user.c_str());
  if (!known && (!number || colon == std::string::npos))
    return Status::config(fmt::format("--user {}: there is no user {}", text, user));
  account.user = known ? known->pw_uid : *number;
  account.group = known ? known->pw_gid : 0;
  const std::string name = known ? known->pw_name : "";
  if (colon != std::string::npos) {
    const std::string group = text.substr(colon + 1);
    const auto group_number = number_of(group);
    const ::group* found = group_number ? nullptr : getgrnam(group.c_str());
    if (!group_number && !found)
      return Status::config(fmt::format("--user {}: there is no group {}", text, group));
    account.group = found ? found->gr_gid : *group_number;
  }
  if (account.user == 0)
    return Status::config(fmt::format("--user {} is root: name the user that the engine shall become", text));
  account.groups = name.empty() ? std::vector<gid_t>{account.group} : groups_of(name.c_str(), account.group);
  return account;
}

Status begin_as(const Account& account) {
  if (setgroups(account.groups.size(), account.groups.data()) != 0) return failed("setgroups");
  if (setegid(account.group) != 0) return failed("setegid");
  if (seteuid(account.user) != 0) return failed("seteuid");
  if (!keep_low_ports_alone()) return failed("capset");
  // Here, for it is a thread's own: those that it starts have it as well.
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no_new_privs");
  return {};
}

Status give_up_root() {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (user == 0 || getuid() != 0) return {};
  if (setresgid(group, group, group) != 0) return failed("setresgid");
  if (setresuid(user, user, user) != 0) return failed("setresuid");
  uid_t real = 0, effective = 0, saved = 0;
  gid_t real_group = 0, effective_group = 0, saved_group = 0;
  if (getresuid(&real, &effective, &saved) != 0 ||
      getresgid(&real_group, &effective_group, &saved_group) != 0)
    return failed("getresuid");
  const bool one_user = real == user && effective == user && saved == user;
  const bool one_group = real_group == group && effective_group == group && saved_group == group;
  if (!one_user || !one_group || seteuid(0) == 0)
    return Status::system("root cannot be given up (--user): the process can still become root");
  return {};
}

std::vector<std::string> not_writable(const std::string& folder) {
  std::vector<std::string> found;
  const auto look_at = [&found](const std::string& path) {
    if (faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0 && (errno == EACCES || errno == EROFS))
      found.push_back(path);
  };
  std::error_code error;
  if (folder.empty() || !std::filesystem::exists(folder, error)) return found;
  look_at(folder);
  using Walk = std::filesystem::recursive_directory_iterator;
  size_t looked_at = 0;
  for (Walk at(folder, std::filesystem::directory_options::skip_permission_denied, error), end;
       !error && at != end && found.size() < kMostNamed && ++looked_at < kMostLookedAt; at.increment(error))
    if (!at->is_symlink(error)) look_at(at->path().string());
  return found;
}

}  // namespace sluice::cli
