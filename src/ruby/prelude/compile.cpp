// Build tool: compiles Ruby files into one C++ source that holds their bytecode.
//
//   compile OUTPUT INPUT...
#include <mruby.h>
#include <mruby/compile.h>
#include <mruby/dump.h>
#include <mruby/irep.h>
#include <mruby/proc.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

// Of libmruby, in no installed header.
extern "C" int mrb_dump_irep(mrb_state*, const mrb_irep*, uint8_t flags, uint8_t** bytes, size_t* size);

namespace {

// Compiles on errors to nothing, having said where they are.
RProc* compile(mrb_state* mrb, const std::string& text) {
  mrbc_context* context = mrbc_context_new(mrb);
  context->no_optimize = 1;  // so that `s[0]` calls the library's String#[]
  context->capture_errors = 1;
  mrbc_filename(mrb, context, "prelude");
  mrb_parser_state* parser = mrb_parse_nstring(mrb, text.data(), text.size(), context);
  for (size_t i = 0; parser && i < parser->nerr && i < 10; ++i)
    std::cerr << "prelude:" << parser->error_buffer[i].lineno << ": " << parser->error_buffer[i].message
              << '\n';
  RProc* proc = parser && parser->nerr == 0 ? mrb_generate_code(mrb, parser) : nullptr;
  if (parser) mrb_parser_free(parser);
  mrbc_context_free(mrb, context);
  return proc;
}

bool write(const char* path, const uint8_t* bytes, size_t size) {
  std::ofstream out(path);
  out << "#include \"ruby/prelude.hpp\"\n\nnamespace sluice::ruby {\n\nalignas(16) const uint8_t kPrelude[] "
         "= {";
  for (size_t i = 0; i < size; ++i) out << (i % 24 ? "" : "\n  ") << static_cast<int>(bytes[i]) << ',';
  out << "\n};\nconst size_t kPreludeSize = sizeof kPrelude;\n\n}  // namespace sluice::ruby\n";
  return out.good();
}

}  // namespace

int main(int count, char** arguments) {
  std::string text;
  for (int i = 2; i < count; ++i) {
    std::ifstream in(arguments[i]);
    std::stringstream content;
    content << in.rdbuf();
    text += content.str() + "\n";
  }
  mrb_state* mrb = mrb_open();
  if (!mrb) return 1;
  const RProc* proc = compile(mrb, text);
  uint8_t* bytes = nullptr;
  size_t size = 0;
  constexpr uint8_t kWithLines = 1;
  const bool done = proc && mrb_dump_irep(mrb, proc->body.irep, kWithLines, &bytes, &size) == 0 &&
                    write(arguments[1], bytes, size);
  mrb_free(mrb, bytes);
  mrb_close(mrb);
  return done ? 0 : 1;
}
