// NetFlow v5: a header and up to thirty records of one fixed form.
#pragma once

#include <string>
#include <string_view>

#include "event/field_ref.hpp"
#include "plugin/codec.hpp"

namespace sluice::plugins::netflow {

/// Reads the packet at the begin of `bytes` and adds an event for each of its records, with the
/// fields below `target`. False when it is none, with the reason in `problem` and no event made.
bool read_v5(std::string_view bytes, const FieldRef& target, plugin::EventSink& sink, std::string& problem);

}  // namespace sluice::plugins::netflow
