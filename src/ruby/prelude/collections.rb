# Enumerable, Array, Hash and Range: what Ruby has and mruby has not.

module Enumerable
  def sum(start = 0, &block)
    total = start
    each { |*item| value = item.size == 1 ? item[0] : item; total += block ? block.call(value) : value }
    total
  end

  def each_entry(&block)
    each(&block)
  end

  def to_set
    Set.new(self)
  end

  def chunk_while
    return to_enum(:chunk_while) unless block_given?
    chunks = []
    previous = nil
    each_with_index do |item, i|
      if i > 0 && yield(previous, item)
        chunks[-1] << item
      else
        chunks << [item]
      end
      previous = item
    end
    chunks
  end

  def slice_when
    chunk_while { |a, b| !yield(a, b) }
  end

  def chunk
    chunks = []
    each do |item|
      key = yield(item)
      if chunks[-1] && chunks[-1][0] == key
        chunks[-1][1] << item
      else
        chunks << [key, [item]]
      end
    end
    chunks
  end

  def each_with_index(&block)
    return to_enum(:each_with_index) unless block
    i = 0
    each do |*item|
      block.call(item.size == 1 ? item[0] : item, i)
      i += 1
    end
    self
  end

  def compact
    to_a.compact
  end

  def minmax(&block)
    [min(&block), max(&block)]
  end
end

class Array
  def sum(start = 0)
    total = start
    i = 0
    while i < size
      total += block_given? ? yield(self[i]) : self[i]
      i += 1
    end
    total
  end

  def each_with_index
    return to_enum(:each_with_index) unless block_given?
    i = 0
    while i < size
      yield self[i], i
      i += 1
    end
    self
  end

  def take(n)
    self[0, n] || []
  end

  def drop(n)
    self[n..-1] || []
  end

  def none?(pattern = (plain = true), &block)
    !(plain ? any?(&block) : any?(pattern))
  end

  def sort_by!(&block)
    replace(sort_by(&block))
  end

  def filter_map
    return to_enum(:filter_map) unless block_given?
    out = []
    each { |item| value = yield(item); out << value if value }
    out
  end

  def each_entry(&block)
    each(&block)
  end

  def cycle(n = nil)
    return to_enum(:cycle, n) unless block_given?
    return nil if empty?
    if n
      n.times { each { |x| yield x } }
    else
      loop { each { |x| yield x } }
    end
    nil
  end

  def to_h(&block)
    h = {}
    each do |item|
      pair = block ? block.call(item) : item
      raise TypeError, "wrong element type #{pair.class} (expected array)" unless pair.is_a?(Array)
      raise ArgumentError, "wrong array length (expected 2, was #{pair.size})" unless pair.size == 2
      h[pair[0]] = pair[1]
    end
    h
  end

  def deconstruct
    self
  end
end

class Hash
  def each_with_index
    return to_enum(:each_with_index) unless block_given?
    i = 0
    each do |k, v|
      yield [k, v], i
      i += 1
    end
    self
  end

  def any?(pattern = (plain = true), &block)
    return to_a.any?(pattern) unless plain
    return !empty? unless block
    each { |k, v| return true if block.call(k, v) }
    false
  end

  def all?(&block)
    each { |k, v| return false unless block.call(k, v) }
    true
  end

  def none?(&block)
    !any?(&block)
  end

  def sum(start = 0)
    total = start
    each { |k, v| total += yield(k, v) }
    total
  end

  def count(&block)
    return size unless block
    n = 0
    each { |k, v| n += 1 if block.call(k, v) }
    n
  end

  def find(&block)
    each { |k, v| return [k, v] if block.call(k, v) }
    nil
  end
  alias detect find

  def map(&block)
    return to_enum(:map) unless block
    out = []
    each { |k, v| out << block.call(k, v) }
    out
  end
  alias collect map

  def flat_map(&block)
    out = []
    each { |k, v| value = block.call(k, v); value.is_a?(Array) ? out.concat(value) : out << value }
    out
  end

  def filter_map(&block)
    out = []
    each { |k, v| value = block.call(k, v); out << value if value }
    out
  end

  def partition(&block)
    yes = []
    no = []
    each { |k, v| (block.call(k, v) ? yes : no) << [k, v] }
    [yes, no]
  end

  def group_by(&block)
    out = {}
    each { |k, v| (out[block.call(k, v)] ||= []) << [k, v] }
    out
  end

  def sort_by(&block)
    to_a.sort_by { |pair| block.call(pair[0], pair[1]) }
  end

  def min_by(&block)
    to_a.min_by { |pair| block.call(pair[0], pair[1]) }
  end

  def max_by(&block)
    to_a.max_by { |pair| block.call(pair[0], pair[1]) }
  end

  def each_with_object(memo)
    each { |k, v| yield [k, v], memo }
    memo
  end

  def reduce(*args, &block)
    to_a.reduce(*args, &block)
  end
  alias inject reduce

  def sort(&block)
    to_a.sort(&block)
  end

  def first(n = nil)
    n ? to_a.first(n) : to_a.first
  end

  def to_h(&block)
    return dup unless block
    out = {}
    each { |k, v| pair = block.call(k, v); out[pair[0]] = pair[1] }
    out
  end

  def slice(*keys)
    keys.each_with_object({}) { |k, h| h[k] = self[k] if key?(k) }
  end

  def except(*keys)
    out = dup
    keys.each { |k| out.delete(k) }
    out
  end

  def transform_keys(mapping = nil, &block)
    out = {}
    each do |k, v|
      key = mapping && mapping.key?(k) ? mapping[k] : block ? block.call(k) : k
      out[key] = v
    end
    out
  end

  def transform_keys!(mapping = nil, &block)
    replace(transform_keys(mapping, &block))
  end

  def assoc(key)
    key?(key) ? [key, self[key]] : nil
  end

  def compare_by_identity
    raise NotImplementedError, "compare_by_identity is not supported"
  end

  def merge(*others, &block)
    out = dup
    others.each do |other|
      other.each { |k, v| out[k] = block && out.key?(k) ? block.call(k, out[k], v) : v }
    end
    out
  end

  def merge!(*others, &block)
    others.each do |other|
      other.each { |k, v| self[k] = block && key?(k) ? block.call(k, self[k], v) : v }
    end
    self
  end
  alias update merge!

  def dig(key, *rest)
    value = self[key]
    return value if rest.empty? || value.nil?
    value.dig(*rest)
  end

  def delete_if(&block)
    keys.each { |k| delete(k) if block.call(k, self[k]) }
    self
  end

  def reject!(&block)
    before = size
    delete_if(&block)
    size == before ? nil : self
  end

  def keep_if(&block)
    keys.each { |k| delete(k) unless block.call(k, self[k]) }
    self
  end

  def select!(&block)
    before = size
    keep_if(&block)
    size == before ? nil : self
  end
  alias filter! select!

  def deconstruct_keys(_)
    self
  end
end

class Range
  def sum(start = 0, &block)
    return super if block || !self.begin.is_a?(Integer) || !self.end.is_a?(Integer)
    low = self.begin
    high = exclude_end? ? self.end - 1 : self.end
    high < low ? start : start + (low + high) * (high - low + 1) / 2
  end

  def step(n = 1)
    return to_enum(:step, n) unless block_given?
    value = self.begin
    until exclude_end? ? value >= self.end : value > self.end
      yield value
      value += n
    end
    self
  end
  alias % step

  def count(*args, &block)
    args.empty? && !block ? to_a.size : super
  end
end
