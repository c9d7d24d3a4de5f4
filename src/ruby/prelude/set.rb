# What `require` of set and ipaddr brings.

class Set
  include Enumerable

  def self.[](*items)
    new(items)
  end

  def initialize(items = nil, &block)
    @hash = {}
    items.each { |x| add(block ? block.call(x) : x) } if items
  end

  def add(item)
    @hash[item] = true
    self
  end
  alias << add

  def add?(item)
    include?(item) ? nil : add(item)
  end

  def delete(item)
    @hash.delete(item)
    self
  end

  def include?(item)
    @hash.key?(item)
  end
  alias member? include?
  alias === include?

  def each(&block)
    return to_enum(:each) unless block
    @hash.keys.each(&block)
    self
  end

  def size
    @hash.size
  end
  alias length size

  def count(&block)
    block ? super : size
  end

  def empty?
    @hash.empty?
  end

  def clear
    @hash.clear
    self
  end

  def to_a
    @hash.keys
  end

  def to_set
    self
  end

  def dup
    Set.new(to_a)
  end

  def merge(*others)
    others.each { |items| items.each { |x| add(x) } }
    self
  end

  def |(other)
    dup.merge(other)
  end
  alias union |
  alias + |

  def &(other)
    other = Set.new(other)
    Set.new(to_a.select { |x| other.include?(x) })
  end
  alias intersection &

  def -(other)
    other = Set.new(other)
    Set.new(to_a.reject { |x| other.include?(x) })
  end
  alias difference -

  def ^(other)
    (self | other) - (self & other)
  end

  def subset?(other)
    all? { |x| other.include?(x) }
  end
  alias <= subset?

  def superset?(other)
    other.all? { |x| include?(x) }
  end
  alias >= superset?

  def disjoint?(other)
    none? { |x| other.include?(x) }
  end

  def intersect?(other)
    !disjoint?(other)
  end

  def delete_if
    to_a.each { |x| delete(x) if yield(x) }
    self
  end
  alias reject! delete_if

  def ==(other)
    other.is_a?(Set) && size == other.size && subset?(other)
  end
  alias eql? ==

  def hash
    to_a.map(&:hash).sort.hash
  end

  def inspect
    "#<Set: {#{to_a.map(&:inspect).join(", ")}}>"
  end
  alias to_s inspect
end

# Addresses as lists of bytes; IPv4 and IPv6.
class IPAddr
  include Comparable

  class Error < ArgumentError; end
  class InvalidAddressError < Error; end
  class InvalidPrefixError < InvalidAddressError; end
  class AddressFamilyError < Error; end

  attr_reader :bytes, :prefix

  def initialize(text = "::")
    address, prefix = text.split("/", 2)
    @bytes = IPAddr.__parse(address)
    bits = @bytes.size * 8
    if prefix && prefix.include?(".")
      prefix = IPAddr.__parse(prefix).map { |b| "%08b" % b }.join.count("1")
    end
    @prefix = prefix ? Integer(prefix) : bits
    raise InvalidPrefixError, "invalid length: #{text}" unless @prefix.between?(0, bits)
    @bytes = IPAddr.__masked(@bytes, @prefix)
  end

  def self.__parse(text)
    raise InvalidAddressError, "invalid address: #{text}" unless text
    return __parse4(text) || raise(InvalidAddressError, "invalid address: #{text}") unless text.include?(":")
    text = text.delete("[]").split("%")[0]
    if (last = text.split(":")[-1]) && last.include?(".")
      four = __parse4(last) || raise(InvalidAddressError, "invalid address: #{text}")
      text = text[0, text.size - last.size] + "%x:%x" % [four[0] * 256 + four[1], four[2] * 256 + four[3]]
    end
    head, tail = text.split("::", 2)
    left = (head || "").split(":")
    right = (tail || "").split(":")
    missing = 8 - left.size - right.size
    ok = text.include?("::") ? missing >= 0 : missing == 0
    groups = left + ["0"] * (missing < 0 ? 0 : missing) + right
    raise InvalidAddressError, "invalid address: #{text}" unless ok && groups.all? { |g| g.match?(/\A[0-9A-Fa-f]{1,4}\z/) }
    groups.flat_map { |g| [g.hex >> 8, g.hex & 255] }
  end

  def self.__parse4(text)
    parts = text.split(".", -1)
    return nil unless parts.size == 4 && parts.all? { |x| x.match?(/\A\d{1,3}\z/) && x.to_i < 256 }
    parts.map(&:to_i)
  end

  def self.__masked(bytes, prefix)
    bytes.each_with_index.map do |b, i|
      keep = [[prefix - i * 8, 0].max, 8].min
      b & (0xff << (8 - keep)) & 0xff
    end
  end

  def ipv4?
    @bytes.size == 4
  end

  def ipv6?
    @bytes.size == 16
  end

  def include?(other)
    other = IPAddr.new(other) if other.is_a?(String)
    return false unless other.bytes.size == @bytes.size && other.prefix >= @prefix
    IPAddr.__masked(other.bytes, @prefix) == @bytes
  end
  alias === include?

  def mask(prefix)
    IPAddr.new("#{self}/#{prefix}")
  end

  def to_i
    @bytes.reduce(0) { |n, b| n * 256 + b }
  end

  def to_range
    first = self
    bytes = @bytes.each_with_index.map { |b, i| keep = [[@prefix - i * 8, 0].max, 8].min; b | (0xff >> keep) }
    first..IPAddr.__from(bytes)
  end

  def self.__from(bytes)
    new(bytes.size == 4 ? bytes.join(".") : bytes.each_slice(2).map { |a, b| "%x" % (a * 256 + b) }.join(":"))
  end

  def <=>(other)
    other.is_a?(IPAddr) ? @bytes <=> other.bytes : nil
  end

  def ==(other)
    other = (IPAddr.new(other) rescue nil) if other.is_a?(String)
    other.is_a?(IPAddr) && @bytes == other.bytes && @prefix == other.prefix
  end
  alias eql? ==

  def hash
    @bytes.hash
  end

  def private?
    if ipv4?
      @bytes[0] == 10 || @bytes[0] == 172 && @bytes[1].between?(16, 31) || @bytes[0] == 192 && @bytes[1] == 168
    else
      @bytes[0] & 0xfe == 0xfc
    end
  end

  def loopback?
    ipv4? ? @bytes[0] == 127 : @bytes == [0] * 15 + [1]
  end

  def link_local?
    ipv4? ? @bytes[0] == 169 && @bytes[1] == 254 : @bytes[0] == 0xfe && @bytes[1] & 0xc0 == 0x80
  end

  def to_s
    return @bytes.join(".") if ipv4?
    groups = @bytes.each_slice(2).map { |a, b| "%x" % (a * 256 + b) }
    text = groups.join(":")
    zeros = text.scan(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/).max_by(&:size)
    return text unless zeros
    left, right = text.split(zeros, 2)
    "#{left.chomp(":")}::#{right.delete_prefix(":")}"
  end

  def to_string
    ipv4? ? to_s : @bytes.each_slice(2).map { |a, b| "%04x" % (a * 256 + b) }.join(":")
  end

  def inspect
    "#<IPAddr: #{ipv4? ? "IPv4" : "IPv6"}:#{self}/#{@prefix}>"
  end

  def hton
    @bytes.pack("C*")
  end
end
