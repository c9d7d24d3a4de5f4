# Kernel, numbers, collections: what Ruby has and mruby has not.

class LoadError < ScriptError; end
class EncodingError < StandardError; end

module Kernel
  KNOWN_LIBRARIES = %w[
    json time date digest digest/md5 digest/sha1 digest/sha2 digest/sha256 base64 securerandom openssl set cgi uri erb
    logger ipaddr zlib pp English rubygems socket thread monitor singleton comparable enumerator
    logstash/event logstash/timestamp logstash/util logstash/json logstash/namespace logstash/filters/base
  ]

  def self.__library?(name)
    KNOWN_LIBRARIES.include?(name.delete_suffix(".rb"))
  end

  def require(name)
    name = name.to_s
    return true if Kernel.__library?(name)
    raise LoadError, "no such file to load -- #{name}"
  end
  alias require_relative require
  alias load require

  def method_missing(name, *args)
    named = $__named_captures
    return named[name] if named && args.empty? && named.key?(name)
    what =
      case self
      when nil then "nil:NilClass"
      when true, false then "#{inspect}:#{self.class}"
      when String, Numeric, Symbol, Array, Hash
        text = inspect
        "#{text.size > 65 ? text[0, 62] + "..." : text}:#{self.class}"
      when Module then "#{inspect}:#{self.class}"
      else "an instance of #{self.class}"
      end
    raise NoMethodError, "undefined method `#{name}' for #{what}"
  end

  alias __mruby_integer Integer
  def Integer(value, base = nil, exception: true)
    return base ? __mruby_integer(value.strip.delete("_"), base) : __mruby_integer(value) unless exception == false
    begin
      base ? __mruby_integer(value, base) : __mruby_integer(value)
    rescue ArgumentError, TypeError, FloatDomainError
      nil
    end
  end

  alias __mruby_float Float
  def Float(value, exception: true)
    if value.is_a?(String)
      text = value.strip
      ok = text.match?(/\A[+-]?(\d+(_\d+)*)(\.\d+(_\d+)*)?([eE][+-]?\d+)?\z/)
      return text.delete("_").to_f if ok
      return nil if exception == false
      raise ArgumentError, "invalid value for Float(): #{value.inspect}"
    end
    return __mruby_float(value) unless exception == false
    begin
      __mruby_float(value)
    rescue ArgumentError, TypeError
      nil
    end
  end

  def pp(*values)
    p(*values)
  end

  def sleep(seconds = 0)
    LogStash.__sleep(seconds)
    seconds.to_i
  end

  def catch(tag = Object.new)
    yield tag
  rescue UncaughtThrowError => e
    raise unless e.tag.equal?(tag) || e.tag == tag
    e.value
  end

  def throw(tag, value = nil)
    raise UncaughtThrowError.new(tag, value)
  end

  # The language has no defined?: what has a value is defined.
  def defined?(value)
    value.nil? ? nil : "expression"
  end

  def binding
    raise NotImplementedError, "binding is not supported"
  end

  def instance_variable_names
    instance_variables.map(&:to_s)
  end

  def public_send(name, *args, &block)
    __send__(name, *args, &block)
  end

  def display
    print to_s
  end

  def =~(_other)
    nil
  end
end

class UncaughtThrowError < ArgumentError
  attr_reader :tag, :value

  def initialize(tag, value)
    @tag = tag
    @value = value
    super("uncaught throw #{tag.inspect}")
  end
end

class Exception
  def full_message(*)
    "#{message} (#{self.class})"
  end

  def cause
    nil
  end

  def backtrace_locations
    nil
  end
end

class NilClass
  def to_s
    ""
  end

  def dup
    self
  end

  def =~(_other)
    nil
  end
end

class Module
  def const_source_location(*)
    nil
  end

  def private_class_method(*)
    nil
  end

  def public_class_method(*)
    nil
  end

  def private_constant(*)
    nil
  end

  def public_instance_methods(*args)
    instance_methods(*args)
  end
end

module Comparable
  def clamp(low, high = nil)
    if low.is_a?(Range)
      high = low.end
      low = low.begin
    end
    return low if low && (self <=> low) < 0
    return high if high && (self <=> high) > 0
    self
  end
end

class Numeric
  def zero?
    self == 0
  end

  def nonzero?
    zero? ? nil : self
  end

  def positive?
    self > 0
  end

  def negative?
    self < 0
  end

  def integer?
    is_a?(Integer)
  end

  def finite?
    true
  end

  def infinite?
    nil
  end

  def abs
    self < 0 ? -self : self
  end
  alias magnitude abs

  def fdiv(other)
    to_f / other
  end

  def div(other)
    raise ZeroDivisionError, "divided by 0" if other == 0
    (self / other).floor
  end

  def to_c
    raise NotImplementedError, "complex numbers are not supported"
  end

  def +@
    self
  end

  def step(limit = nil, step = 1, by: nil, to: nil)
    step = by if by
    limit = to if to
    return to_enum(:step, limit, step) unless block_given?
    raise ArgumentError, "step can't be 0" if step == 0
    i = 0
    value = self
    while limit.nil? || (step > 0 ? value <= limit : value >= limit)
      yield value
      i += 1
      value = self + i * step
    end
    self
  end

  def between?(low, high)
    self >= low && self <= high
  end

  def clamp(low, high = nil)
    if low.is_a?(Range)
      high = low.end
      low = low.begin
    end
    return low if low && self < low
    return high if high && self > high
    self
  end

  def dup
    self
  end
end

class Integer
  def even?
    self & 1 == 0
  end

  def odd?
    self & 1 == 1
  end

  def pred
    self - 1
  end

  def succ
    self + 1
  end

  def ord
    self
  end

  def digits(base = 10)
    raise Math::DomainError, "out of domain" if self < 0
    return [0] if self == 0
    out = []
    rest = self
    while rest > 0
      out << rest % base
      rest /= base
    end
    out
  end

  def bit_length
    n = self < 0 ? ~self : self
    bits = 0
    while n > 0
      bits += 1
      n >>= 1
    end
    bits
  end

  def gcd(other)
    a = abs
    b = other.abs
    a, b = b, a % b while b > 0
    a
  end

  def lcm(other)
    self == 0 || other == 0 ? 0 : (self / gcd(other) * other).abs
  end

  def pow(other, modulus = nil)
    return self**other unless modulus
    result = 1
    base = self % modulus
    while other > 0
      result = result * base % modulus if other & 1 == 1
      base = base * base % modulus
      other >>= 1
    end
    result
  end

  def [](bit)
    (self >> bit) & 1
  end

  def round(digits = 0, **)
    return self if digits >= 0
    unit = 10**-digits
    half = unit / 2
    self < 0 ? -((-self + half) / unit * unit) : (self + half) / unit * unit
  end

  def floor(digits = 0)
    digits >= 0 ? self : self / 10**-digits * 10**-digits
  end

  def ceil(digits = 0)
    digits >= 0 ? self : -(-self / 10**-digits * 10**-digits)
  end

  def truncate(digits = 0)
    self < 0 ? ceil(digits) : floor(digits)
  end

  def rationalize(*)
    to_r
  end

  def size
    8
  end

  def self.sqrt(n)
    Math.sqrt(n).floor
  end
end

class Float
  def next_float
    self + EPSILON * abs
  end

  def coerce(other)
    [other.to_f, self]
  end
end

module Math
  class DomainError < ArgumentError; end unless const_defined?(:DomainError)
end

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

class Symbol
  def <=>(other)
    other.is_a?(Symbol) ? to_s <=> other.to_s : nil
  end

  def [](*args)
    to_s[*args]
  end

  def start_with?(*args)
    to_s.start_with?(*args)
  end

  def end_with?(*args)
    to_s.end_with?(*args)
  end

  def =~(other)
    to_s =~ other
  end

  def match?(other)
    to_s.match?(other)
  end
end

class Proc
  def ruby2_keywords
    self
  end
end
