// Errors as values: whose fault it is and whether a retry can help. An OK status is one null pointer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace sluice {

/// The party that has to act for an error to go away.
enum class Fault : unsigned char { config, input, filter, output, queue, system };

/// Success, or an error with a message for a person, whose fault it is, and whether a retry can help.
class [[nodiscard]] Status {
 public:
  Status() = default;
  static Status error(Fault fault, std::string message, bool retriable = false) {
    Status status;
    status.state_ = std::make_unique<State>(State{fault, retriable, std::move(message)});
    return status;
  }
  static Status config(std::string message) { return error(Fault::config, std::move(message)); }
  static Status system(std::string message) { return error(Fault::system, std::move(message)); }

  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;
  Status(const Status& other) : state_(other.state_ ? std::make_unique<State>(*other.state_) : nullptr) {}
  Status& operator=(const Status& other) {
    if (this != &other) state_ = other.state_ ? std::make_unique<State>(*other.state_) : nullptr;
    return *this;
  }

  [[nodiscard]] bool ok() const { return state_ == nullptr; }
  /// Empty when ok.
  [[nodiscard]] const std::string& message() const {
    static const std::string kNone;
    return state_ ? state_->message : kNone;
  }
  [[nodiscard]] Fault fault() const { return state_ ? state_->fault : Fault::system; }
  [[nodiscard]] bool retriable() const { return state_ && state_->retriable; }

 private:
  struct State {
    Fault fault;
    bool retriable;
    std::string message;
  };
  std::unique_ptr<State> state_;
};

/// A value, or the Status that says why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : v_(std::in_place_index<1>, std::move(value)) {}         // NOLINT: implicit by intent
  Result(Status status) : v_(std::in_place_index<0>, std::move(status)) {}  // NOLINT: implicit by intent

  [[nodiscard]] bool ok() const { return v_.index() == 1; }
  [[nodiscard]] T& value() & { return std::get<1>(v_); }
  [[nodiscard]] const T& value() const& { return std::get<1>(v_); }
  [[nodiscard]] T&& value() && { return std::get<1>(std::move(v_)); }
  /// Ok when there is a value.
  [[nodiscard]] Status status() const { return ok() ? Status{} : std::get<0>(v_); }
  [[nodiscard]] const std::string& message() const {
    static const std::string kNone;
    return ok() ? kNone : std::get<0>(v_).message();
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<Status, T> v_;
};

}  // namespace sluice
