#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"

/// The sending side of the benchmarks: each kind of load is one function, which sends, waits as its protocol
/// asks, and prints one line of JSON.
namespace bench {

using Clock = std::chrono::steady_clock;

/// port= file= [rounds=1] [connections=1]: the file's lines, split over the connections, as fast as they are
/// taken.
void load_tcp(const Options& options);

/// port= file= [rounds=1] [connections=1] [window=2048] [ahead=2] [level=3]: the file's lines as compressed
/// Lumberjack v2 windows. Windows are made before the clock starts. Ends when every window was acknowledged;
/// prints the times from sending a window to its last acknowledgement.
void load_beats(const Options& options);

/// port= out= rate= count=: JSON lines with the time at which they were due, `rate` a second, to `port`;
/// the engine sends them back to `out` over TCP. Prints percentiles of the time from due to back.
void load_latency(const Options& options);

/// A TCP connection to `port` of this machine.
int connect_to(long port);

/// Writes all of `data`, or ends the program.
void send_all(int fd, std::string_view data);

/// The file's whole content, closed by a line end.
std::string read_lines(const std::string& path);

/// `count` parts of about the same size that end at line ends.
std::vector<std::string_view> split_lines(std::string_view text, size_t count);

double seconds_since(Clock::time_point start);

/// "p50_ms": .., "p99_ms": .., "max_ms": .. of times in seconds; sorts them.
std::string percentiles(std::vector<double>& times);

}  // namespace bench
