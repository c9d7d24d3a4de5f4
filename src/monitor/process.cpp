#include "monitor/process.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace sluice::monitor {

ProcessFigures read_process() {
  ProcessFigures figures;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    unsigned long long n = 0;
    if (std::sscanf(line.c_str(), "VmRSS: %llu", &n) == 1) figures.resident_bytes = n * 1024;
    if (std::sscanf(line.c_str(), "VmSize: %llu", &n) == 1) figures.virtual_bytes = n * 1024;
    if (std::sscanf(line.c_str(), "Threads: %llu", &n) == 1) figures.threads = n;
  }
  std::error_code ec;
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", ec);
       it != std::filesystem::directory_iterator(); it.increment(ec)) {
    if (ec) break;
    ++figures.open_files;
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.max_files = limit.rlim_cur;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0)
    figures.cpu_millis = static_cast<uint64_t>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
                         static_cast<uint64_t>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
  (void)getloadavg(figures.load, 3);
  return figures;
}

}  // namespace sluice::monitor
