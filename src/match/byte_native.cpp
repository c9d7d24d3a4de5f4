#include "match/byte_native.hpp"

#include <algorithm>
#include <cstring>

#include "match/byte_graph.hpp"

#if SLUICE_NATIVE_REGEX
#include <sys/mman.h>

#include "match/byte_assembler.hpp"
#include "match/byte_codegen.hpp"
#endif

namespace sluice::match {

void NativeScratch::hold(std::string_view bytes, uint64_t number) {
  if (number != 0 && number == serial) return;
  serial = number;
  const size_t needed = kBefore + bytes.size() + kBehind;
  if (buffer.size() < needed) {
    buffer.resize(2 * needed);
    std::fill_n(buffer.begin(), kBefore, 0xff);
  }
  if (!bytes.empty()) std::memcpy(buffer.data() + kBefore, bytes.data(), bytes.size());
  std::memset(buffer.data() + kBefore + bytes.size(), 0xff, kBehind);
}

#if SLUICE_NATIVE_REGEX

namespace {

constexpr size_t kFirstFrames = 256;
constexpr size_t kMostFrames = 1 << 15;
constexpr int64_t kMostSteps = 1 << 20;
constexpr size_t kMostCode = 1 << 20;

class Errors : public asmjit::ErrorHandler {
 public:
  void handleError(asmjit::Error, const char* message, asmjit::BaseEmitter*) override { first = message; }
  const char* first = nullptr;
};

// Pages that are written first and executable afterwards, never both. Null where the system forbids it.
void* executable(asmjit::CodeHolder& code, size_t size) {
  void* pages = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return nullptr;
  const bool written = code.relocateToBase(reinterpret_cast<uint64_t>(pages)) == asmjit::kErrorOk &&
                       code.copyFlattenedData(pages, size) == asmjit::kErrorOk;
  if (written && ::mprotect(pages, size, PROT_READ | PROT_EXEC) == 0) return pages;
  ::munmap(pages, size);
  return nullptr;
}

}  // namespace

std::unique_ptr<NativeRegex> NativeRegex::compile(const ByteGraph& graph, std::string& why_not) {
  const auto refuse = [&why_not](const char* reason) {
    why_not = reason;
    return nullptr;
  };
  if (!asmjit::CpuInfo::host().features().x86().hasSSSE3()) return refuse("the processor has no SSSE3");
  asmjit::CodeHolder code;
  Errors errors;
  if (code.init(asmjit::Environment::host()) != asmjit::kErrorOk) return refuse("out of memory");
  code.setErrorHandler(&errors);
  ByteAssembler assembler(code);
  ByteCodegen generator(graph, assembler);
  if (const char* reason = generator.refusal(); *reason) return refuse(reason);
  generator.generate();
  if (errors.first) return refuse(errors.first);
  if (code.flatten() != asmjit::kErrorOk || code.resolveUnresolvedLinks() != asmjit::kErrorOk)
    return refuse("the code cannot be linked");
  std::unique_ptr<NativeRegex> regex(new NativeRegex);
  regex->size_ = code.codeSize();
  if (regex->size_ > kMostCode) return refuse("the pattern is too large");
  regex->mapped_ = (regex->size_ + 4095) / 4096 * 4096;
  regex->code_ = executable(code, regex->mapped_);
  if (!regex->code_) return refuse("the system allows no executable memory");
  regex->slots_ = generator.slots();
  regex->first_place_ = generator.first_place();
  return regex;
}

NativeRegex::~NativeRegex() {
  if (code_) ::munmap(code_, mapped_);
}

NativeExit NativeRegex::search(size_t from, bool first_place, std::vector<int32_t>& slots,
                               NativeScratch& scratch) const {
  if (scratch.stack.empty()) scratch.stack.resize(kFirstFrames);
  int (*run)(const NativeCall*);
  std::memcpy(&run, &code_, sizeof run);
  for (;;) {
    slots.assign(slots_, -1);
    slots[first_place_] = first_place ? 1 : 0;
    const NativeCall call{scratch.text(),       slots.data(),
                          scratch.stack.data(), scratch.stack.data() + scratch.stack.size(),
                          kMostSteps,           static_cast<uint32_t>(from)};
    const auto result = static_cast<NativeExit>(run(&call));
    if (result != NativeExit::stack_full) return result;
    // From the beginning, with more room.
    if (scratch.stack.size() >= kMostFrames) return NativeExit::gave_up;
    scratch.stack.resize(2 * scratch.stack.size());
  }
}

#else

std::unique_ptr<NativeRegex> NativeRegex::compile(const ByteGraph&, std::string& why_not) {
  why_not = "there is no code generator for this processor";
  return nullptr;
}

NativeRegex::~NativeRegex() = default;

NativeExit NativeRegex::search(size_t, bool, std::vector<int32_t>&, NativeScratch&) const {
  return NativeExit::gave_up;
}

#endif

}  // namespace sluice::match
