// The commands, one file each. Each returns the exit status.
#pragma once

#include "cli/arguments.hpp"
#include "plugin/setup.hpp"
#include "queue/letter_writer.hpp"
#include "runtime/load.hpp"
#include "runtime/pipeline.hpp"
#include "settings/keystore.hpp"

namespace sluice::cli {

/// pipeline --test
int check(const Arguments& args, const settings::Settings& settings, const settings::Variables& variables);
/// pipeline explain
int explain(const Arguments& args, const settings::Settings& settings, const settings::Variables& variables);
/// pipeline diff CONFIG CONFIG: 0 when they say the same, 1 when they differ, 2 after an error.
int diff(const Arguments& args, const settings::Settings& settings, const settings::Variables& variables);
/// pipeline verify FILE...: 0 when all test cases pass, 1 when one fails, 2 when they cannot be run.
int verify_filters(const Arguments& args, const settings::Settings& settings, const settings::Variables& variables);
/// pipeline keystore
int keystore(const Arguments& args);
/// pipeline plugins
int plugins(const Arguments& args);
/// pipeline queue inspect | verify | repair | export [FOLDER] | drain
int queue(const Arguments& args, const settings::Settings& settings, const settings::Variables& variables);
/// pipeline -f, -e, or pipelines.yml. As the command `queue drain`: without the inputs, and it ends when the
/// persistent queues are empty.
int run(const Arguments& args, const settings::Settings& settings, const settings::Variables& variables);

/// pipeline dlq list|top|show|replay|purge
int dlq(const Arguments& args, const settings::Settings& settings, const settings::Variables& variables);

/// The dead letter queue that the settings of a pipeline describe, enabled or not.
queue::LetterSettings letter_settings(const settings::Settings& settings);
/// What plugins see of the settings.
plugin::Environment environment_of(const settings::Settings& settings);
/// The directory of logstash.yml: --path.settings, LS_SETTINGS_DIR, $LS_HOME/config, or empty.
std::string settings_directory(const Arguments& args);
/// The folder of a pipeline's persistent queue.
std::string queue_folder(const settings::Settings& settings);
/// The persistent queue that the settings ask for, or none; an error when they contradict each other.
Result<std::optional<queue::PersistentQueueSettings>> persistent_queue_of(const settings::Settings& settings);
/// The host's name.
std::string host_name();
/// Prints `error: TEXT` on standard error; returns 1.
int fail(const std::string& text);

}  // namespace sluice::cli
