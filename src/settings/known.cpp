// The table of settings: names, types, defaults, and what each does.
#include <iterator>

#include "settings/settings.hpp"

namespace sluice::settings {
namespace {

constexpr std::string_view kElastic = "it belongs to Elastic's commercial features";

constexpr Known kKnown[] = {
    {"node.name", Type::string, "", "The name of this node; the host's name by default."},
    {"path.data", Type::string, "", "Where the engine keeps its state (file positions, the embedded index)."},
    {"path.config", Type::string, "", "The config: a file, a directory or a glob.", true},
    {"config.string", Type::string, "", "The config as text.", true},
    {"config.test_and_exit", Type::boolean, "false", "Check the config and end."},
    {"config.reload.automatic", Type::boolean, "false",
     "Look at the configs at intervals, and reload what has changed."},
    {"config.reload.interval", Type::duration, "3s", "How often configs are looked at."},
    {"config.support_escapes", Type::boolean, "false",
     "Whether \\n, \\t and the like in strings are replaced.", true},
    {"config.field_reference.escape_style", Type::string, "none",
     "How brackets are written inside field names: none, percent or ampersand."},
    {"config.debug", Type::boolean, "false", "Log the config after variables were put in (log.level debug).",
     true},
    {"pipeline.id", Type::string, "main", "The name of the pipeline.", true},
    {"pipeline.workers", Type::number, "", "Worker threads; the number of CPU cores by default.", true},
    {"pipeline.batch.size", Type::number, "125",
     "Events after which a worker stops gathering and goes to work.", true},
    {"pipeline.batch.delay", Type::number, "0",
     "Milliseconds that a worker waits for a batch to fill; 0: it takes what is there.", true},
    {"pipeline.ordered", Type::string, "auto",
     "Keep the order of events: auto (with one worker), true or false.", true},
    {"pipeline.ecs_compatibility", Type::string, "v8", "The field layout of plugins: disabled, v1 or v8.",
     true},
    {"pipeline.unsafe_shutdown", Type::boolean, "false", "End on SIGTERM without waiting for deliveries.",
     true},
    {"pipeline.in_flight_bytes", Type::bytes, "16mb",
     "Input bytes between reading and confirmed delivery; inputs pause above it. Sluice only.", true},
    {"pipeline.stall_timeout", Type::duration, "30s",
     "After this time a worker that does not get on, events that an output does not confirm, and inputs that "
     "find "
     "no room are a problem in the health report, /healthz and /readyz; 0: never. Sluice only.",
     true},
    {"pipeline.drain_timeout", Type::duration, "30s",
     "The longest that a stop waits for deliveries. Sluice only.", true},
    {"pipeline.reloadable", Type::boolean, "true", "Whether the pipeline may be reloaded.", true},
    {"pipeline.separate_logs", Type::boolean, "false", "A log file per pipeline.", true,
     "all pipelines log to one place"},
    {"queue.type", Type::string, "memory", "Where events wait: memory, or persisted (on disk).", true},
    {"path.queue", Type::string, "",
     "The folder of persisted queues, one folder a pipeline; path.data/queue by default.", true},
    {"queue.page_capacity", Type::bytes, "64mb", "The size of one file of a persisted queue.", true},
    {"queue.max_bytes", Type::bytes, "1024mb",
     "The size of a persisted queue; inputs wait while it is full. 0: as large as the disk.", true},
    {"queue.max_events", Type::number, "0",
     "The most events in a persisted queue; 0: as many as fit queue.max_bytes.", true},
    {"queue.drain", Type::boolean, "false", "Deliver all of a persisted queue before a stop.", true},
    {"queue.checkpoint.acks", Type::number, "1024",
     "Delivered events after which a persisted queue notes them on disk; 0: by time alone.", true},
    {"queue.checkpoint.writes", Type::number, "1024",
     "Events after which a persisted queue syncs what was written; 0: by time alone.", true},
    {"queue.checkpoint.interval", Type::number, "1000",
     "Milliseconds after which a persisted queue does both at the latest.", true},
    {"queue.checkpoint.retry", Type::boolean, "true", "Try a checkpoint that failed again; always true.",
     true},
    {"queue.compression", Type::string, "none",
     "Compress the events of a persisted queue: none, speed, balanced or size.", true},
    {"queue.commit.interval", Type::number, "0",
     "Milliseconds that an acknowledgement waits for others, so that one sync of the disk serves more. "
     "Sluice only.",
     true},
    {"queue.commit.bytes", Type::bytes, "1mb", "Bytes that end this wait earlier. Sluice only.", true},
    {"dead_letter_queue.enable", Type::boolean, "false",
     "Keep events that outputs, filters or conditions refuse.", true},
    {"dead_letter_queue.max_bytes", Type::bytes, "1024mb", "The most bytes of a pipeline's dead letters.",
     true},
    {"dead_letter_queue.flush_interval", Type::number, "5000",
     "Milliseconds without a new dead letter after which readers get those that were written; at least 1000.",
     true},
    {"dead_letter_queue.flush_check_interval", Type::number, "1000",
     "Milliseconds between looks at flush_interval and retain.age.", true},
    {"dead_letter_queue.storage_policy", Type::string, "drop_newer",
     "What goes at max_bytes: drop_newer or drop_older.", true},
    {"dead_letter_queue.retain.age", Type::string, "",
     "How long dead letters are kept, such as 30d, 12h, 5m or 90s; without it they do not grow too old.",
     true},
    {"path.dead_letter_queue", Type::string, "",
     "Where dead letters are kept, a folder for each pipeline; by default in path.data/dead_letter_queue.",
     true},
    {"metric.collect", Type::boolean, "true",
     "Whether the monitoring API shows the figures of single plugins.", true},
    {"path.logs", Type::string, "", "A directory for log files, besides standard error."},
    {"path.plugins", Type::list, "", "", false, "plugins are part of the program"},
    {"regex.timeout", Type::duration, "10s",
     "How long one search with a regular expression may take in conditions, gsub and other places without an "
     "option for it. Sluice only."},
    {"log.level", Type::string, "info", "fatal, error, warn, info, debug or trace."},
    {"log.format", Type::string, "plain", "plain or json."},
    {"log.format.json.fix_duplicate_message_fields", Type::boolean, "true",
     "A parameter named message becomes message_1 in JSON lines."},
    {"allow_superuser", Type::boolean, "true", "Whether the engine may run as root."},
    {"user", Type::string, "",
     "NAME or NAME:GROUP (or their numbers) that the engine becomes when root starts it: files are its own "
     "from the "
     "start, and once all ports are open root is given up for good. Sluice only."},
    {"api.enabled", Type::boolean, "true", "Whether the monitoring API listens."},
    {"api.http.host", Type::string, "127.0.0.1", "The address of the monitoring API."},
    {"api.http.port", Type::port_range, "9600-9700",
     "Its port, or the range to take the first free one from."},
    {"api.allow_unauthenticated", Type::boolean, "false",
     "Whether the monitoring API may listen beyond this machine without authentication. Sluice only."},
    {"api.auth.type", Type::string, "none",
     "Whom the monitoring API answers: everybody (none), who has the password or an API key (basic), or who "
     "has an API "
     "key (api_key, Sluice only)."},
    {"api.auth.basic.username", Type::string, "", "The user that is let in."},
    {"api.auth.basic.password", Type::string, "", "The password; best ${KEY} from the keystore."},
    {"api.auth.basic.password_policy.mode", Type::string, "WARN",
     "What a weak password comes to: WARN, or ERROR, which ends the start."},
    {"api.auth.basic.password_policy.length.minimum", Type::number, "8", "The fewest characters of it."},
    {"api.auth.basic.password_policy.include.upper", Type::string, "REQUIRED",
     "An upper case letter: REQUIRED or OPTIONAL."},
    {"api.auth.basic.password_policy.include.lower", Type::string, "REQUIRED", "A lower case letter."},
    {"api.auth.basic.password_policy.include.digit", Type::string, "REQUIRED", "A digit."},
    {"api.auth.basic.password_policy.include.symbol", Type::string, "OPTIONAL",
     "Something that is neither letter nor digit."},
    {"api.auth.api_key.keys", Type::list, "",
     "Keys that are let in, each as ID:KEY with a KEY of at least 16 characters; best ${KEY} from the "
     "keystore. "
     "Clients send \"Authorization: ApiKey\" and ID:KEY in base64. Sluice only."},
    {"api.ssl.enabled", Type::boolean, "false", "Whether the monitoring API speaks TLS."},
    {"api.ssl.certificate", Type::string, "", "Its certificate, a PEM file. Sluice only."},
    {"api.ssl.key", Type::string, "", "The key of the certificate, a PEM file. Sluice only."},
    {"api.ssl.keystore.path", Type::string, "", "Certificate and key in one PKCS#12 file."},
    {"api.ssl.keystore.password", Type::string, "", "The password of that file."},
    {"api.ssl.supported_protocols", Type::list, "",
     "The TLS versions to speak; TLSv1.2 and TLSv1.3 by default."},
    {"ssl.reload.automatic", Type::boolean, "true",
     "Whether certificates (PEM files) of listeners are loaded anew when their files change."},
    {"api.environment", Type::string, "production", "A word that the API shows."},
    {"index.http.host", Type::string, "127.0.0.1", "The address of the embedded index. Sluice only."},
    {"index.http.port", Type::number, "9200", "Its port. Sluice only."},
    {"index.allow_unauthenticated", Type::boolean, "false",
     "Whether the embedded index, which asks nobody for a password, may listen beyond this machine. Sluice "
     "only."},
    {"index.retention", Type::list, "",
     "Retention of the embedded index: \"PATTERN AGE SIZE\", such as \"logs-* 30d 10gb\". Sluice only."},
    {"xpack.monitoring.enabled", Type::boolean, "", "", false, kElastic},
    {"xpack.management.enabled", Type::boolean, "", "", false, kElastic},
};

}  // namespace

std::span<const Known> known_settings() { return kKnown; }

const Known* find_setting(std::string_view name) {
  for (const auto& known : kKnown)
    if (known.name == name) return &known;
  return nullptr;
}

}  // namespace sluice::settings
