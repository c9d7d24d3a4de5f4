// The graph of steps over bytes that a regular expression becomes: ByteProgram walks it, NativeRegex turns it
// into machine code.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "match/byte_syntax.hpp"

namespace sluice::match {

/// Nodes by index. The texts that it is for are ASCII without a line end. Branches are tried in order, as
/// Oniguruma does, so that the first way through is the same one.
struct ByteGraph {
  using Set = std::bitset<256>;
  /// Member of sets of what may come (or has been): the end (or beginning) of the text. No text has this
  /// byte.
  static constexpr size_t kEdge = 255;
  /// How many bytes ahead the sets of what may come reach.
  static constexpr size_t kAhead = 4;

  enum class Op : uint8_t {
    accept,      // the end of the pattern, of an atomic group or of a lookaround
    literal,     // text
    set,         // one byte
    span,        // min to max bytes of a set
    fork,        // branches in order
    store,       // the position into a slot
    clear,       // groups [min, max) took no part
    loop_start,  // a loop's counter to zero
    loop,        // a loop's body again, or on
    atomic,
    look,  // lookahead, and lookbehind of a fixed width
    line_begin,
    line_end,
    word_edge,
    no_word_edge,
  };
  struct Node {
    Op op = Op::accept;
    bool greedy = true;
    bool sole = false;    // span: one length only can lead on
    bool negate = false;  // look
    // store: of a group that comes more than once. What it held must be put back when this way fails; other
    // groups are stored or cleared on every way.
    bool undo = false;
    uint32_t next = 0;  // accept: where an atomic group goes on, else the node itself
    uint32_t body = 0;  // loop, atomic, look; accept: whose end it is
    uint32_t data =
        0;            // set, literal or list of branches; slot; the atomic group around an atomic group, or 0
    int32_t min = 0;  // look: width of a lookbehind, or -1
    int32_t max = -1;  // -1: without end
  };
  /// What each of the next bytes can be on every way from a node to the end of the pattern.
  using Ahead = std::array<Set, kAhead>;

  std::vector<Node> nodes;   // the first one is the end of the pattern
  std::vector<Ahead> ahead;  // of each node
  std::vector<Set> sets;     // members of ASCII
  std::vector<std::string> literals;
  std::vector<std::vector<uint32_t>> branches;
  uint32_t start = 0;
  uint32_t groups = 1;
  uint32_t slots = 2;     // begin and end of each group, then counters of loops
  bool anchored = false;  // matches at the beginning of the text only

  [[nodiscard]] bool may_begin(uint32_t node, size_t byte) const { return ahead[node][0][byte]; }
};

/// The graph of an expression with that many groups; `ahead` filled, what is certain left out. Empty when it
/// would be too large.
ByteGraph build_byte_graph(const ByteTree& tree, uint32_t groups);

/// The second half of build_byte_graph: finds out what may come after each node and what has come before it,
/// and simplifies by that.
void simplify(ByteGraph& graph);

/// Fills `ahead`. Behind the end of an atomic group anything may come, as far as that group goes: what
/// follows has no say in which way it takes.
void look_ahead(ByteGraph& graph);
/// The same for the first `depth` bytes, where what follows the atomic groups that are marked in `open` is
/// taken in.
void look_ahead(ByteGraph& graph, size_t depth, const std::vector<bool>& open);
/// What the byte before each node can be, on every way to it; nothing for a node that is never reached.
std::vector<ByteGraph::Set> look_back(const ByteGraph& graph);

}  // namespace sluice::match
