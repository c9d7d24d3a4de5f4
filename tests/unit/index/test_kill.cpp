// What was acknowledged survives the end of the process at any moment.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.hpp"

using namespace sluice::index;

TEST_CASE("after kill -9 every acknowledged document is there, and the index goes on") {
  Fixture f;
  f.index.reset();
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {  // writes until it is killed, telling of each acknowledged bulk
    auto opened = Index::open(f.options);
    if (!opened.ok()) _exit(1);
    for (int i = 0;; ++i) {
      std::string body;
      for (int k = 0; k < 10; ++k)
        body += "{\"index\":{\"_index\":\"t\",\"_id\":\"" + std::to_string(i * 10 + k) +
                "\"}}\n{\"message\":\"number " + std::to_string(i) + "\"}\n";
      Request request;
      request.method = "POST";
      request.path = "/_bulk";
      request.body = body;
      if ((*opened)->handle(request).body.find("\"errors\":false") == std::string::npos) _exit(1);
      if (write(ends[1], "x", 1) != 1) _exit(1);
    }
  }
  close(ends[1]);
  char byte = 0;
  int acknowledged = 0;
  while (acknowledged < 200 && read(ends[0], &byte, 1) == 1) ++acknowledged;
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  while (read(ends[0], &byte, 1) == 1) ++acknowledged;
  close(ends[0]);
  REQUIRE(acknowledged >= 200);
  f.reopen();
  const auto count = f.call("GET", "/t/_count").at("count").integer;
  CHECK(count >= acknowledged * 10);
  CHECK(count % 10 == 0);  // a bulk is there as a whole or not at all
  CHECK(f.found(R"({"bool":{"filter":[{"match":{"message":"199"}},{"prefix":{"message":"numb"}}]}})").size() >
        10);
  CHECK(f.call("PUT", "/t/_doc/new", R"({"message":"after"})").status == 201);
}
