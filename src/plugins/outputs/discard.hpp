// What null and sink share: events count as delivered when they arrive.
#pragma once

#include <memory>

#include "plugin/output.hpp"

namespace sluice::plugins {

/// An output that keeps nothing.
class Discard : public plugin::Output {
 public:
  std::unique_ptr<plugin::OutputWorker> worker() override { return std::make_unique<Worker>(); }

 private:
  class Worker : public plugin::OutputWorker {
   public:
    void write(std::span<Event* const>, const BatchRef&) override {}
  };
};

}  // namespace sluice::plugins
