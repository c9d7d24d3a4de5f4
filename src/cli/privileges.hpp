// Giving root up (`--user NAME[:GROUP]`), in two steps.
//
// As the user's files and folders are made from the start, the process works as that user at once and keeps
// of root only the right to open ports under 1024; once they are open, it loses that and the way back.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/status.hpp"

namespace sluice::cli {

struct Account {
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;  // all of the user's, `group` among them
};

/// The account of NAME, NAME:GROUP, or their numbers. An error names what is not known, and root.
Result<Account> find_account(const std::string& text);

/// Works as `account` from now on, with the right to open low ports. Before the process has threads, as root.
Status begin_as(const Account& account);
/// Gives the rest of root up, in every thread, and makes sure that there is no way back. Does nothing in a
/// process that no begin_as() was for.
Status give_up_root();

/// Files and folders in `folder` and below that the process may not write, a few of them; none for a folder
/// that is not there. Looks at a bounded number of files.
std::vector<std::string> not_writable(const std::string& folder);

}  // namespace sluice::cli
