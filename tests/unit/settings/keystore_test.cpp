#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "settings/keystore.hpp"

using namespace sluice;
using settings::Keystore;

namespace {

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/sluice-keystore-XXXXXX";
    REQUIRE(mkdtemp(name));
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file() const { return settings::keystore_path(path_); }
  void write(std::string_view content) const { std::ofstream(file(), std::ios::binary) << content; }
  [[nodiscard]] std::string read() const {
    std::ifstream in(file(), std::ios::binary);
    std::stringstream all;
    all << in.rdbuf();
    return all.str();
  }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("what is saved is found again, with the same password only") {
  const Folder folder;
  Keystore store(folder.file(), "p\xC3\xA4ss");
  const std::string odd("\0 \xFF\n", 4);
  store.put("ES_PW", "secret value");
  store.put("odd", odd);
  store.put("es_pw", "another");  // names have no case
  REQUIRE(store.save().ok());
  const auto perms = std::filesystem::status(folder.file()).permissions();
  CHECK(perms == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  const auto opened = Keystore::open(folder.file(), "p\xC3\xA4ss");
  REQUIRE_MESSAGE(opened.ok(), opened.message());
  CHECK(opened.value().find("Es_Pw") == "another");
  CHECK(opened.value().find("odd") == odd);
  CHECK_FALSE(opened.value().find("none"));
  CHECK(opened.value().entries().size() == 2);
  for (const auto* wrong : {"", "pass", "p\xC3\xA4ss "})
    CHECK(Keystore::open(folder.file(), wrong).message().find("password is wrong") != std::string::npos);
  CHECK(folder.read().find("another") == std::string::npos);
}

TEST_CASE("equal contents make different files") {
  const Folder folder;
  Keystore store(folder.file(), "x");
  store.put("a", "b");
  REQUIRE(store.save().ok());
  const auto first = folder.read();
  REQUIRE(store.save().ok());
  CHECK(first != folder.read());
}

TEST_CASE("no bytes of a file make more than an error") {
  const Folder folder;
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string content("SLUICEKS\1\1\1\1", 12);  // the cheapest scrypt, so that the entries are reached
    for (size_t i = random() % 100; i > 0; --i) content += static_cast<char>(random());
    folder.write(content);
    CHECK_FALSE(Keystore::open(folder.file(), "x").ok());
  }
  for (const auto* head : {"SLUICEKS\1\x40\x08\x01", "SLUICEKS\1\x0f\xff\x01", "SLUICEKS\1\x0f\x08\xff"}) {
    folder.write(head + std::string(100, 'x'));  // asks for more memory than there is
    CHECK_FALSE(Keystore::open(folder.file(), "x").ok());
  }
  std::filesystem::remove(folder.file());
  std::filesystem::create_directory(folder.file());
  CHECK_FALSE(Keystore::open(folder.file(), "x").ok());
  CHECK_FALSE(Keystore(folder.file(), "x").save().ok());
  CHECK(std::distance(std::filesystem::directory_iterator(folder.file()), {}) == 0);
}

TEST_CASE("names are what a placeholder can hold") {
  for (const auto* name : {"a", "A_1", "_x", ".y", "es.pw"}) CHECK(Keystore::name_ok(name));
  for (const auto* name : {"", "1a", "a-b", "a b", "a}", "a:b", "\xC3\xA4"})
    CHECK_FALSE(Keystore::name_ok(name));
}
