#include "ruby/instructions.hpp"

namespace sluice::ruby {

std::vector<Step> decode(const mrb_irep& irep) {
  std::vector<Step> steps;
  const mrb_code* pc = irep.iseq;
  const mrb_code* end = irep.iseq + irep.ilen;
  while (pc < end) {
    const auto at = static_cast<uint32_t>(pc - irep.iseq);
    uint32_t a = 0, b = 0, c = 0;
    auto op = static_cast<mrb_insn>(*pc++);
    const int extended = op == OP_EXT1 ? 1 : op == OP_EXT2 ? 2 : op == OP_EXT3 ? 3 : 0;
    if (extended) op = static_cast<mrb_insn>(*pc++);
    switch (op) {
#define OPCODE(name, operands)  \
  case OP_##name:               \
    switch (extended) {         \
      case 1: {                 \
        FETCH_##operands##_1(); \
        break;                  \
      }                         \
      case 2: {                 \
        FETCH_##operands##_2(); \
        break;                  \
      }                         \
      case 3: {                 \
        FETCH_##operands##_3(); \
        break;                  \
      }                         \
      default: {                \
        FETCH_##operands();     \
        break;                  \
      }                         \
    }                           \
    break;
#include <mruby/ops.h>
#undef OPCODE
      default:
        return steps;
    }
    steps.push_back({op, a, b, c, at});
  }
  return steps;
}

}  // namespace sluice::ruby
