// Dead letters through another config, and out of the queue.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/arguments.hpp"
#include "cli/dlq_letters.hpp"

namespace sluice::cli {

/// pipeline dlq replay
int replay_letters(const Arguments& args, const settings::Settings& settings,
                   const settings::Variables& variables);

/// Takes the queue's lock and seals what a killed process left open. Null while an engine uses the queue,
/// whose sealed segments are all that others may touch.
std::unique_ptr<Env::Lock> settle_folder(const std::string& folder);

struct Removed {
  uint64_t removed = 0, left = 0;
};
/// Takes the letters of sealed segments that `chosen` names out of the queue, a segment at a time, each in
/// one step.
Result<Removed> remove_letters(const std::string& folder,
                               const std::function<bool(const ShownLetter&)>& chosen);

}  // namespace sluice::cli
