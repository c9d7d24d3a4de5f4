// What becomes of a bulk request's items once it is answered, or is not.
#include <algorithm>

#include "base/backoff.hpp"
#include "plugins/elastic/bulk.hpp"

namespace sluice::elastic {
namespace {

bool lists(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// {"index":{"_index":"logs-a",...}} -> action and its parameters
std::pair<std::string_view, std::string_view> action_of(std::string_view line) {
  const size_t name_end = line.find('"', 2);
  if (name_end == std::string_view::npos || line.size() < name_end + 3) return {"index", line};
  return {line.substr(2, name_end - 2), line.substr(name_end + 2, line.size() - name_end - 3)};
}

std::string_view index_of(std::string_view line) {
  constexpr std::string_view kMark = "\"_index\":\"";
  const size_t at = line.find(kMark);
  if (at == std::string_view::npos) return {};
  const auto rest = line.substr(at + kMark.size());
  return rest.substr(0, rest.find('"'));
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

}  // namespace

void Bulk::answered(const HostPtr& host, uint32_t round, BodyPtr body, const Response& response) {
  if (response.answered())
    metrics_->all.counter("bulk_requests.responses." + std::to_string(response.status)).add();
  if (!response.answered()) {
    metrics_->failures.add();
    if (response.error == Response::Error::timeout) host->pace.too_much(round);
    pool_->failed(host, response);
    ready_.push_front(std::move(body));  // another host takes it, or this one when it is back
  } else if (response.status >= 200 && response.status < 300) {
    accepted(host, round, std::move(body), response);
  } else if (response.status == 413) {
    pool_->worked(host);
    too_large(std::move(body), response);
  } else if (response.status == 400) {
    pool_->worked(host);
    malformed(std::move(body), response);
  } else {
    whole_failure(host, round, std::move(body), response);
  }
  host->pace.end();
  pool_->publish(*host);
  body_bytes_ = pool_->body_bytes();
  pump();
}

void Bulk::accepted(const HostPtr& host, uint32_t round, BodyPtr body, const Response& response) {
  const auto answer = look(response.body);
  if (answer == BulkAnswer::unreadable) return whole_failure(host, round, std::move(body), response);
  ++requests_delivered_;
  pool_->worked(host);
  if (answer == BulkAnswer::some_failed) return judge(host, round, std::move(body), response);
  host->pace.answered(round, response.millis);
  metrics_->successes.add();
  metrics_->delivered.add(body->items.size());
  bodies_.give(std::move(body));
  hurry_overloaded();
}

void Bulk::judge(const HostPtr& host, uint32_t round, BodyPtr body, const Response& response) {
  Arena arena;
  std::vector<ItemResult> results;
  if (!parse_items(response.body, arena, results) || results.size() != body->items.size()) {
    metrics_->failures.add();
    log_.write(log::Level::error, "unreadable",
               "The answer to a bulk request does not fit it; it is sent again",
               {{"items_sent", body->items.size()}, {"items_answered", results.size()}});
    return again_later(std::move(body));
  }
  const auto& document = settings_.document;
  BodyPtr retry;
  size_t delivered = 0, failed = 0, overloaded = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    const auto& result = results[i];
    // An automatic id that is there already: the same event came through before.
    if ((result.status >= 200 && result.status < 300) || (result.status == 409 && document.auto_id)) {
      ++delivered;
      continue;
    }
    ++failed;
    const auto index = index_of(first_line(body->text(i)));
    const bool silent = lists(document.silent_error_types, result.error_type);
    const auto say = [&](log::Level level, std::string_view message) {
      if (silent) return;
      log_.write(level, std::to_string(result.status) + std::string(result.error_type) + std::string(index),
                 message,
                 {{"status", result.status},
                  {"index", index},
                  {"type", result.error_type},
                  {"reason", result.reason}});
    };
    const bool listed = std::find(document.dlq_codes.begin(), document.dlq_codes.end(), result.status) !=
                        document.dlq_codes.end();
    if (result.status == 409 || lists(document.drop_error_types, result.error_type)) {
      metrics_->refused.add();
      if (result.status == 409) metrics_->conflicts.add();
      say(log::Level::warn, result.status == 409
                                ? "A document was there already, or in another version: dropped"
                                : "A document was refused with a type of `drop_error_types`: dropped");
    } else if (result.status == 400 || result.status == 404 || listed) {
      dead_letter(*body, i, result);
    } else {
      metrics_->retryable.add();
      overloaded += result.status == 429 ? 1 : 0;
      if (!retry) retry = bodies_.take();
      retry->take(*body, i);
      say(log::Level::warn, "Documents were refused for now; they are sent again");
    }
  }
  host->pace.answered(round, response.millis,
                      static_cast<double>(overloaded) / static_cast<double>(results.size()));
  if (overloaded > results.size() / 2) pool_->spare(*host);
  metrics_->delivered.add(delivered);
  (failed != 0 ? metrics_->with_errors : metrics_->successes).add();
  if (retry) {
    // What got through shows that waiting helps: the wait for the rest starts small again.
    retry->attempts = delivered != 0 ? 0 : body->attempts;
    again_later(std::move(retry), overloaded != 0);
  }
  bodies_.give(std::move(body));
}

void Bulk::dead_letter(const Body& body, size_t item, const ItemResult& result) {
  const auto [action, parameters] = action_of(first_line(body.text(item)));
  std::string reason =
      "Could not index event to Elasticsearch. status: " + std::to_string(result.status) + ", action: [\"";
  reason += std::string(action) + "\", " + std::string(parameters) + "], response: ";
  reason += result.json.empty() ? std::string(result.reason) : std::string(result.json);
  metrics_->refused.add();
  const bool kept = refuser_->refuse(*body.items[item].event, reason);
  if (kept) metrics_->dead_letters.add();
  if (kept || lists(settings_.document.silent_error_types, result.error_type)) return;
  const auto index = index_of(first_line(body.text(item)));
  log_.write(
      log::Level::warn, std::to_string(result.status) + std::string(result.error_type) + std::string(index),
      "Could not index event to Elasticsearch; it is dropped (no dead letter queue is enabled, or it is "
      "full)",
      {{"status", result.status}, {"index", index}, {"type", result.error_type}, {"reason", result.reason}});
}

void Bulk::refuse(const Event& event, const std::string& reason, bool to_dead_letters) {
  metrics_->refused.add();
  const bool kept = to_dead_letters && refuser_->refuse(event, reason);
  if (kept) metrics_->dead_letters.add();
  if (kept) return;
  thread_local LogLimit log("logstash.outputs.elasticsearch");
  log.write(log::Level::warn, reason.substr(0, 60), "An event cannot be sent to Elasticsearch; it is dropped",
            {{"reason", reason}});
}

// The server takes no request of this size: two halves, or for a single document the end.
void Bulk::too_large(BodyPtr body, const Response& response) {
  metrics_->failures.add();
  if (body->items.size() > 1) return split(std::move(body));
  log_.write(log::Level::error, "413",
             "A single event is larger than the server takes (http.max_content_length)",
             {{"bytes", body->size()}, {"reason", error_text(response.body)}});
  ItemResult result;
  result.status = 413;
  const std::string text = error_text(response.body);
  result.reason = text;
  dead_letter(*body, 0, result);
  bodies_.give(std::move(body));
}

// A 400 for the whole request: one item that the server cannot even read spoils the others. It is looked for
// by halving; alone, and only when other requests pass meanwhile, it is the event's fault and not that of the
// configuration.
void Bulk::malformed(BodyPtr body, const Response& response) {
  metrics_->failures.add();
  if (body->items.size() > 1) {
    if (!body->malformed) {
      log_.write(log::Level::error, "400",
                 "Elasticsearch cannot read a bulk request; the item that spoils it is looked for",
                 {{"reason", error_text(response.body)}});
      body->malformed = true;
      body->delivered_then = requests_delivered_;
    }
    return split(std::move(body));
  }
  if (!body->malformed) {
    body->malformed = true;
    body->delivered_then = requests_delivered_;
  }
  if (requests_delivered_ > body->delivered_then) {
    ItemResult result;
    result.status = 400;
    const std::string text = error_text(response.body);
    result.reason = text;
    dead_letter(*body, 0, result);
    return bodies_.give(std::move(body));
  }
  log_.write(log::Level::error, "400 alone",
             "Elasticsearch cannot read bulk requests; they are sent again: check the options of this output",
             {{"reason", error_text(response.body)}});
  again_later(std::move(body));
}

void Bulk::split(BodyPtr body) {
  const size_t half = body->items.size() / 2;
  BodyPtr parts[2] = {bodies_.take(), bodies_.take()};
  for (size_t i = 0; i < body->items.size(); ++i) parts[i < half ? 0 : 1]->take(*body, i);
  for (auto& part : parts) {
    part->attempts = body->attempts;
    part->malformed = body->malformed;
    part->delivered_then = body->delivered_then;
    // Merging would undo the work.
    if (part->attempts == 0) part->attempts = 1;
  }
  ready_.push_front(std::move(parts[1]));
  ready_.push_front(std::move(parts[0]));
  bodies_.give(std::move(body));
}

void Bulk::whole_failure(const HostPtr& host, uint32_t round, BodyPtr body, const Response& response) {
  metrics_->failures.add();
  const int status = response.status;
  const bool refused = status == 401 || status == 403;
  if (!refused) host->pace.too_much(round);
  pool_->spare(*host);
  if (status < 300 || status >= 500)
    pool_->failed(host, response);
  else
    pool_->worked(host);
  const auto& credential = settings_.connection.credential;
  std::string message = "A bulk request failed and is sent again";
  if (refused && credential.empty())
    message = "Elasticsearch wants credentials and none are set: add `user` and `password`, or `api_key`";
  else if (refused)
    message =
        "Elasticsearch refuses the credentials or they lack a privilege for writing: check " + credential;
  else if (status < 300)
    message = "What answers is no Elasticsearch; the bulk request is sent again";
  log_.write(status == 429 ? log::Level::warn : log::Level::error, "whole " + std::to_string(status), message,
             {{"url", host->base},
              {"status", status},
              {"reason", error_text(response.body)},
              {"events", body->items.size()}});
  // Too much at a time may also mean: too much in one request. Smaller ones pass where a big one never would.
  if (status == 429 && body->attempts > 0 && body->items.size() > 1) {
    split(std::move(body));
    for (int half = 0; half < 2; ++half) {
      BodyPtr part = std::move(ready_.front());
      ready_.pop_front();
      again_later(std::move(part), true);
    }
    return;
  }
  again_later(std::move(body), status == 429);
}

void Bulk::again_later(BodyPtr body, bool overloaded) {
  const auto& connection = settings_.connection;
  const uint64_t delay =
      full_jitter(connection.retry_initial_millis, body->attempts, connection.retry_max_millis, random_);
  ++body->attempts;
  body->overloaded = overloaded;
  delayed_.emplace(loop_->now_millis() + delay, std::move(body));
  wake_delayed();
}

// A request that passed whole shows that there is room again: what was refused for want of it has waited long
// enough, and comes after a first wait instead of one that many refusals have doubled.
void Bulk::hurry_overloaded() {
  const uint64_t now = loop_->now_millis(), wait = settings_.connection.retry_initial_millis;
  bool hurried = false;
  for (auto at = delayed_.upper_bound(now + wait); at != delayed_.end();) {
    const auto late = at++;
    if (!late->second->overloaded) continue;
    auto node = delayed_.extract(late);
    node.key() = now + full_jitter(wait, 0, wait, random_);
    delayed_.insert(std::move(node));
    hurried = true;
  }
  if (hurried) wake_delayed();
}

void Bulk::wake_delayed() {
  const uint64_t now = loop_->now_millis();
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    ready_.push_back(std::move(delayed_.begin()->second));
    delayed_.erase(delayed_.begin());
  }
  if (delayed_.empty()) return;
  delay_timer_->start(delayed_.begin()->first - now, [this] {
    wake_delayed();
    pump();
  });
}

}  // namespace sluice::elastic
