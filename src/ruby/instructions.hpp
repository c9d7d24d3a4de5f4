// mruby's bytecode, one instruction after the other.
#pragma once

#include <mruby.h>
#include <mruby/irep.h>
#include <mruby/opcode.h>

#include <cstdint>
#include <vector>

namespace sluice::ruby {

/// One instruction with its operands.
struct Step {
  mrb_insn op;
  uint32_t a = 0, b = 0, c = 0;
  uint32_t at = 0;  // offset of the instruction
};

/// The instructions of one body of code, without those of the blocks in it.
std::vector<Step> decode(const mrb_irep& irep);

}  // namespace sluice::ruby
