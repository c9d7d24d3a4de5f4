# Kernel and numbers: what Ruby has and mruby has not.

class LoadError < ScriptError; end
class EncodingError < StandardError; end

module Kernel
  KNOWN_LIBRARIES = %w[
    json time date digest digest/md5 digest/sha1 digest/sha2 digest/sha256 base64 securerandom openssl set cgi uri erb
    csv yaml psych logger ipaddr zlib pp English rubygems socket thread monitor singleton comparable enumerator
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
