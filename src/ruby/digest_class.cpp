// Digests, HMACs, random bytes and CRC-32, through OpenSSL and zlib.
#include <mruby.h>
#include <mruby/string.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <zlib.h>

#include "ruby/interpreter.hpp"
#include "ruby/method.hpp"

namespace sluice::ruby {
namespace {

const EVP_MD* algorithm(mrb_state* mrb, mrb_value name) {
  const EVP_MD* found = EVP_get_digestbyname(mrb_string_value_cstr(mrb, &name));
  if (!found) raise(mrb, "RuntimeError", "Unsupported digest algorithm (%v).", name);
  return found;
}

mrb_value digest(mrb_state* mrb, mrb_value) {
  mrb_value name, data;
  mrb_get_args(mrb, "SS", &name, &data);
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!EVP_Digest(RSTRING_PTR(data), static_cast<size_t>(RSTRING_LEN(data)), out, &size, algorithm(mrb, name),
                  nullptr))
    raise(mrb, "RuntimeError", "the digest could not be computed");
  return mrb_str_new(mrb, reinterpret_cast<const char*>(out), size);
}

mrb_value hmac(mrb_state* mrb, mrb_value) {
  mrb_value name, key, data;
  mrb_get_args(mrb, "SSS", &name, &key, &data);
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!HMAC(algorithm(mrb, name), RSTRING_PTR(key), static_cast<int>(RSTRING_LEN(key)),
            reinterpret_cast<const unsigned char*>(RSTRING_PTR(data)), static_cast<size_t>(RSTRING_LEN(data)),
            out, &size))
    raise(mrb, "RuntimeError", "the HMAC could not be computed");
  return mrb_str_new(mrb, reinterpret_cast<const char*>(out), size);
}

mrb_value random_bytes(mrb_state* mrb, mrb_value) {
  mrb_int count = 16;
  mrb_get_args(mrb, "|i", &count);
  if (count < 0 || count > 1 << 20) raise(mrb, "ArgumentError", "argument out of range");
  const mrb_value out = mrb_str_new(mrb, nullptr, static_cast<size_t>(count));
  if (RAND_bytes(reinterpret_cast<unsigned char*>(RSTRING_PTR(out)), static_cast<int>(count)) != 1)
    raise(mrb, "RuntimeError", "no random bytes");
  return out;
}

mrb_value crc(mrb_state* mrb, mrb_value) {
  mrb_value data;
  mrb_get_args(mrb, "S", &data);
  const uLong value =
      crc32_z(0, reinterpret_cast<const Bytef*>(RSTRING_PTR(data)), static_cast<size_t>(RSTRING_LEN(data)));
  return mrb_int_value(mrb, static_cast<mrb_int>(value));
}

}  // namespace

void define_digests(mrb_state* mrb) {
  class_method<digest>(mrb, mrb_define_module(mrb, "Digest"), "__digest");
  class_method<hmac>(mrb, mrb_define_module(mrb, "OpenSSL"), "__hmac");
  class_method<random_bytes>(mrb, mrb_define_module(mrb, "SecureRandom"), "__bytes");
  class_method<crc>(mrb, mrb_define_module(mrb, "Zlib"), "crc32");
}

}  // namespace sluice::ruby
