// PostgreSQL, through libpq.
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>

#include "event/event.hpp"
#include "plugins/jdbc/connection.hpp"

namespace sluice::jdbc {
namespace {

constexpr int kLookMillis = 100;
constexpr int64_t kRetryAfter = 1'000'000'000;  // nanoseconds between two attempts to connect
constexpr std::string_view kConnectSeconds = "10";

// Types of the server's catalogue.
constexpr Oid kBool = 16, kInt8 = 20, kInt2 = 21, kInt4 = 23, kOid = 26, kFloat4 = 700, kFloat8 = 701,
              kDate = 1082, kTimestamp = 1114, kTimestampZone = 1184, kNumeric = 1700;

struct Free {
  void operator()(PGconn* p) const { PQfinish(p); }
  void operator()(PGresult* p) const { PQclear(p); }
  void operator()(PGcancel* p) const { PQfreeCancel(p); }
};
using Answer = std::unique_ptr<PGresult, Free>;

// The server finds out what a text is meant to be; a number or boolean says it.
Oid type_of(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::boolean:
      return kBool;
    case Value::Kind::integer:
      return kInt8;
    case Value::Kind::real:
    case Value::Kind::decimal:
      return kNumeric;
    default:
      return 0;
  }
}

Value column(const PGresult* result, int row, int index, Oid type, Rows& rows) {
  if (PQgetisnull(result, row, index)) return {};
  const std::string_view text(PQgetvalue(result, row, index),
                              static_cast<size_t>(PQgetlength(result, row, index)));
  int64_t nanos = 0;
  switch (type) {
    case kBool:
      return Value::boolean(text == "t");
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid:
    case kFloat4:
    case kFloat8:
    case kNumeric:
      return sql_number(text, rows.arena);
    case kDate:
    case kTimestamp:
    case kTimestampZone:
      if (parse_sql_time(text, nanos)) return Value::timestamp(nanos);
      break;
    default:
      break;
  }
  rows.bytes += text.size();
  return Value::string(rows.arena.copy(text));
}

class Postgresql : public Connection {
 public:
  explicit Postgresql(const Settings& settings) : settings_(settings) {}

  Status connect() override {
    if (connection_ && PQstatus(connection_.get()) == CONNECTION_OK) return {};
    const int64_t now = steady_nanos();
    if (now < retry_at_) return Status::error(Fault::output, problem_);
    connection_.reset();
    std::vector<const char*> names, values;
    const auto add = [&](const char* name, const std::string& value) {
      if (!value.empty()) names.push_back(name), values.push_back(value.c_str());
    };
    static const std::string kSeconds(kConnectSeconds), kEncoding("UTF8");
    add("connect_timeout", kSeconds);  // a later one of the same name counts
    for (const auto& [name, value] : settings_.target.keywords) add(name.c_str(), value);
    add("user", settings_.user);
    add("password", settings_.password);
    add("client_encoding", kEncoding);
    names.push_back(nullptr), values.push_back(nullptr);
    connection_.reset(PQconnectdbParams(names.data(), values.data(), 0));
    if (PQstatus(connection_.get()) != CONNECTION_OK) return lost();
    PQsetnonblocking(connection_.get(), 0);
    if (auto status = run("SET TimeZone='UTC'; SET DateStyle='ISO'"); !status.ok()) return status;
    retry_at_ = 0;
    used_ = steady_nanos();
    return {};
  }

  Status query(const Statement& statement, std::span<const Value> parameters, Rows& rows) override {
    if (auto status = validate(); !status.ok()) return status;
    statement.render(parameters, '$', sql_, bound_);
    Answer answer;
    if (auto status = ask(answer); !status.ok()) return status;
    used_ = steady_nanos();
    const auto state = PQresultStatus(answer.get());
    if (state == PGRES_COMMAND_OK) return {};
    if (state != PGRES_TUPLES_OK) {
      const auto problem = without_end(PQresultErrorMessage(answer.get()));
      if (PQstatus(connection_.get()) != CONNECTION_OK) connection_.reset();
      return Status::error(Fault::output, problem);
    }
    return take(answer.get(), rows);
  }

 private:
  static std::string without_end(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
  }

  Status lost() {
    problem_ = without_end(PQerrorMessage(connection_.get()));
    connection_.reset();
    retry_at_ = steady_nanos() + kRetryAfter;
    return Status::error(Fault::output, problem_);
  }

  Status validate() {
    const bool idle = settings_.validate && connection_ &&
                      steady_nanos() - used_ > settings_.validate_after_millis * 1'000'000;
    if (idle && !run("SELECT NULL").ok()) retry_at_ = 0;  // a new connection, at once
    return connect();
  }

  Status run(const char* statement) {
    Answer answer;
    if (!PQsendQuery(connection_.get(), statement)) return lost();
    if (auto status = await(answer, settings_.alive_millis); !status.ok()) return status;
    const auto state = PQresultStatus(answer.get());
    return state == PGRES_COMMAND_OK || state == PGRES_TUPLES_OK ? Status() : lost();
  }

  // The last of the answers to what was sent. A server that is silent for `millis` is given up.
  Status await(Answer& answer, int64_t millis) {
    const int64_t until = steady_nanos() + millis * 1'000'000;
    for (;;) {
      while (PQisBusy(connection_.get())) {
        if (settings_.patience->over()) return cancel();
        if (steady_nanos() >= until) return silent(millis);
        pollfd socket{PQsocket(connection_.get()), POLLIN, 0};
        (void)::poll(&socket, 1, kLookMillis);
        if (socket.revents != 0 && !PQconsumeInput(connection_.get())) return lost();
      }
      Answer more{PQgetResult(connection_.get())};
      if (!more) return answer ? Status() : lost();
      answer = std::move(more);
    }
  }

  Status silent(int64_t millis) {
    problem_ = "the database has not answered for " + std::to_string(millis / 1000) + " seconds";
    connection_.reset();
    retry_at_ = steady_nanos() + kRetryAfter;
    return Status::error(Fault::output, problem_);
  }

  Status ask(Answer& answer) {
    std::vector<std::string> texts(bound_.size());
    std::vector<const char*> values(bound_.size());
    std::vector<Oid> types(bound_.size());
    for (size_t i = 0; i < bound_.size(); ++i) {
      types[i] = type_of(bound_[i]);
      if (bound_[i].is_null()) continue;
      if (bound_[i].kind() == Value::Kind::timestamp)
        texts[i] = sql_time(bound_[i].as_nanos());
      else
        append_text(bound_[i], texts[i]);
      if (texts[i].find('\0') != std::string::npos)
        return Status::error(Fault::filter, "a parameter holds a zero byte, which PostgreSQL does not take");
      values[i] = texts[i].c_str();
    }
    if (!PQsendQueryParams(connection_.get(), sql_.c_str(), static_cast<int>(values.size()), types.data(),
                           values.data(), nullptr, nullptr, 0))
      return lost();
    return await(answer, settings_.answer_millis);
  }

  Status cancel() {
    char why[256];
    const std::unique_ptr<PGcancel, Free> cancel(PQgetCancel(connection_.get()));
    if (cancel) PQcancel(cancel.get(), why, sizeof why);
    connection_.reset();
    return Status::error(Fault::output, "the pipeline is stopping");
  }

  static Status take(const PGresult* result, Rows& rows) {
    const int columns = PQnfields(result), count = PQntuples(result);
    auto* list = Array::make(rows.arena, static_cast<uint32_t>(count));
    rows.list = Value::array(list);
    std::vector<Key> names;
    for (int i = 0; i < columns; ++i) names.push_back(Key::intern(PQfname(result, i)));
    for (int row = 0; row < count; ++row) {
      auto* object = Object::make(rows.arena, static_cast<uint32_t>(columns));
      for (int i = 0; i < columns; ++i)
        object->set(rows.arena, names[static_cast<size_t>(i)],
                    column(result, row, i, PQftype(result, i), rows));
      list->push(rows.arena, Value::object(object));
      if ((rows.bytes += 64) > kMostBytes) return Status::error(Fault::output, "the answer is too large");
    }
    return {};
  }

  const Settings& settings_;
  std::unique_ptr<PGconn, Free> connection_;
  std::string sql_, problem_;
  std::vector<Value> bound_;
  int64_t used_ = 0, retry_at_ = 0;  // steady nanoseconds
};

}  // namespace

std::unique_ptr<Connection> make_postgresql(const Settings& settings) {
  return std::make_unique<Postgresql>(settings);
}

}  // namespace sluice::jdbc
