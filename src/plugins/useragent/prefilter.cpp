#include "plugins/useragent/prefilter.hpp"

#include <algorithm>
#include <bit>
#include <unordered_map>

namespace sluice::plugins::useragent {
namespace {

// Longer words are looked for by their beginning: the automaton stays small.
constexpr size_t kLongestWord = 8;

// Agents as they come most: a word that many of them hold makes a poor trigger.
constexpr std::string_view kOrdinary[] = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.130 "
    "Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 "
    "Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.2 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 13; SM-G991B Build/TP1A) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.6099.144 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; U; Android 4.1.2; en-us; LG-P880 Build/JZO54K) AppleWebKit/534.30 (KHTML, like "
    "Gecko) "
    "Version/4.0 Mobile Safari/534.30",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
    "Safari/537.36 Edg/120.0.2210.121",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; SLCC2; .NET CLR 2.0.50727)",
    "NokiaN70-1/5.0 Series60/2.8 Profile/MIDP-2.0 Configuration/CLDC-1.1 UP.Link/6.3",
};

std::vector<std::string> folded_agents() {
  std::vector<std::string> agents;
  for (const auto agent : kOrdinary) {
    agents.emplace_back(1, kBegin);
    for (const char c : agent) agents.back() += fold(c);
  }
  return agents;
}

size_t commonness(const Clause& clause) {
  static const std::vector<std::string> agents = folded_agents();
  size_t sum = 0;
  for (const auto& agent : agents)
    for (const auto& word : clause) sum += agent.find(word) != std::string::npos ? 1 : 0;
  return sum;
}

size_t shortest(const Clause& clause) {
  size_t least = SIZE_MAX;
  for (const auto& word : clause) least = std::min(least, word.size());
  return least;
}

// The clause that the fewest texts fulfil, as far as one can tell.
size_t rarest(const std::vector<Clause>& clauses) {
  size_t best = 0;
  size_t least = SIZE_MAX;
  for (size_t i = 0; i < clauses.size(); ++i) {
    const size_t common = commonness(clauses[i]);
    if (common > least || (common == least && shortest(clauses[i]) <= shortest(clauses[best]))) continue;
    best = i;
    least = common;
  }
  return best;
}

}  // namespace

size_t Candidates::next(size_t from, size_t end) const {
  while (from < end) {
    const uint64_t rest = bits_[from / 64] >> (from % 64);
    if (rest) {
      from += static_cast<size_t>(std::countr_zero(rest));
      return std::min(from, end);
    }
    from = (from / 64 + 1) * 64;
  }
  return end;
}

// Gathers the words, then lays the automaton out.
class Prefilter::Builder {
 public:
  explicit Builder(Prefilter& filter) : filter_(filter) { nodes_.emplace_back(); }

  std::vector<uint32_t> words_of(const Clause& clause) {
    std::vector<uint32_t> numbers;
    for (const auto& text : clause) numbers.push_back(word(text.substr(0, kLongestWord)));
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    return numbers;
  }

  void finish() {
    std::vector<uint32_t> order = link();
    const uint32_t width = filter_.class_count_;
    filter_.next_.assign(nodes_.size() * width, 0);
    // A state's failure state is nearer to the root, hence laid out before it.
    for (const uint32_t at : order) {
      uint32_t* row = &filter_.next_[size_t{at} * width];
      if (at != 0) std::copy_n(&filter_.next_[size_t{nodes_[at].failure} * width], width, row);
      for (const auto& [c, child] : nodes_[at].children)
        row[filter_.classes_[c]] = child | (nodes_[child].outputs.empty() ? 0 : kOutput);
    }
    filter_.outputs_begin_.push_back(0);
    for (const auto& node : nodes_) {
      filter_.outputs_.insert(filter_.outputs_.end(), node.outputs.begin(), node.outputs.end());
      filter_.outputs_begin_.push_back(static_cast<uint32_t>(filter_.outputs_.size()));
    }
    filter_.triggers_.resize(words_.size());
  }

 private:
  struct Node {
    std::vector<std::pair<uint8_t, uint32_t>> children;
    uint32_t failure = 0;
    std::vector<uint32_t> outputs;
  };

  uint32_t* child(uint32_t at, uint8_t c) {
    for (auto& [known, next] : nodes_[at].children)
      if (known == c) return &next;
    return nullptr;
  }

  uint32_t word(const std::string& text) {
    const auto [it, added] = words_.emplace(text, static_cast<uint32_t>(words_.size()));
    if (!added) return it->second;
    uint32_t at = 0;
    for (const char letter : text) {
      const auto c = static_cast<uint8_t>(letter);
      if (!filter_.classes_[c]) filter_.classes_[c] = static_cast<uint8_t>(filter_.class_count_++);
      if (const uint32_t* known = child(at, c)) {
        at = *known;
        continue;
      }
      const auto made = static_cast<uint32_t>(nodes_.size());
      nodes_[at].children.emplace_back(c, made);
      nodes_.emplace_back();
      at = made;
    }
    nodes_[at].outputs.push_back(it->second);
    return it->second;
  }

  // Failure states and the words that end with them, breadth first; returns that order.
  std::vector<uint32_t> link() {
    std::vector<uint32_t> order{0};
    for (size_t i = 0; i < order.size(); ++i) {
      const uint32_t at = order[i];
      for (const auto& [c, next] : nodes_[at].children) {
        order.push_back(next);
        if (at == 0) continue;
        uint32_t back = nodes_[at].failure;
        while (back != 0 && !child(back, c)) back = nodes_[back].failure;
        const uint32_t* known = child(back, c);
        nodes_[next].failure = known ? *known : 0;
        const auto& inherited = nodes_[nodes_[next].failure].outputs;
        nodes_[next].outputs.insert(nodes_[next].outputs.end(), inherited.begin(), inherited.end());
      }
    }
    return order;
  }

  Prefilter& filter_;
  std::vector<Node> nodes_;
  std::unordered_map<std::string, uint32_t> words_;
};

Prefilter::Prefilter(const std::vector<std::vector<Clause>>& expressions) {
  Builder builder(*this);
  always_.resize((expressions.size() + 63) / 64);
  conditions_.resize(expressions.size());
  std::vector<std::vector<uint32_t>> triggers(expressions.size());
  for (size_t i = 0; i < expressions.size(); ++i) {
    const auto& clauses = expressions[i];
    if (clauses.empty()) {
      always_[i / 64] |= uint64_t{1} << (i % 64);
      continue;
    }
    const size_t trigger = rarest(clauses);
    triggers[i] = builder.words_of(clauses[trigger]);
    for (size_t other = 0; other < clauses.size(); ++other)
      if (other != trigger) conditions_[i].push_back(builder.words_of(clauses[other]));
  }
  builder.finish();
  for (size_t i = 0; i < expressions.size(); ++i)
    for (const uint32_t word : triggers[i]) triggers_[word].push_back(static_cast<uint32_t>(i));
}

void Prefilter::scan(std::string_view text, Candidates& candidates) const {
  candidates.bits_ = always_;
  candidates.seen_.resize(triggers_.size());
  if (++candidates.scan_ == 0) {
    std::fill(candidates.seen_.begin(), candidates.seen_.end(), 0);
    candidates.scan_ = 1;
  }
  uint32_t state = 0;
  feed(kBegin, state, candidates);
  for (const char c : text) feed(fold(c), state, candidates);
  for (size_t i = candidates.next(0, conditions_.size()); i < conditions_.size();
       i = candidates.next(i + 1, conditions_.size()))
    if (!fulfilled(i, candidates)) candidates.bits_[i / 64] &= ~(uint64_t{1} << (i % 64));
}

inline void Prefilter::feed(char c, uint32_t& state, Candidates& candidates) const {
  const uint32_t next = next_[size_t{state} * class_count_ + classes_[static_cast<uint8_t>(c)]];
  state = next & ~kOutput;
  if (!(next & kOutput)) return;
  for (uint32_t i = outputs_begin_[state]; i < outputs_begin_[state + 1]; ++i) {
    const uint32_t word = outputs_[i];
    if (candidates.seen_[word] == candidates.scan_) continue;
    candidates.seen_[word] = candidates.scan_;
    for (const uint32_t expression : triggers_[word])
      candidates.bits_[expression / 64] |= uint64_t{1} << (expression % 64);
  }
}

bool Prefilter::fulfilled(size_t expression, const Candidates& candidates) const {
  const auto& conditions = conditions_[expression];
  return std::all_of(conditions.begin(), conditions.end(), [&](const auto& words) {
    return std::any_of(words.begin(), words.end(),
                       [&](uint32_t word) { return candidates.seen_[word] == candidates.scan_; });
  });
}

}  // namespace sluice::plugins::useragent
