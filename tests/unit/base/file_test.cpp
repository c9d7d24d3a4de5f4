#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "base/file.hpp"

using sluice::read_file;

TEST_CASE("a whole file is read, or no more than its limit and one byte") {
  char folder[] = "/tmp/sluice-test-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const std::string path = std::string(folder) + "/file";
  const std::string text = "a\0b\n" + std::string(200'000, 'x');
  std::ofstream(path, std::ios::binary) << text;
  CHECK(*read_file(path) == text);
  CHECK(*read_file(path, text.size()) == text);
  CHECK(*read_file(path, 99'999) == text.substr(0, 100'000));
  std::ofstream(path, std::ios::trunc).flush();
  CHECK(read_file(path)->empty());
  CHECK(read_file(folder).message() == "Is a directory");
  unlink(path.c_str());
  CHECK(read_file(path).message() == "No such file or directory");
  rmdir(folder);
}
