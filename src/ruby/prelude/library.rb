# What `require` brings: json, digest, base64, securerandom, openssl, uri, cgi, set, ipaddr.

module JSON
  def self.parse(text, options = {})
    raise TypeError, "no implicit conversion of #{text.nil? ? "nil" : text.class} into String" unless text.respond_to?(:to_str)
    __parse(text.to_str, options && options[:symbolize_names] ? true : false)
  end

  def self.load(text, *)
    text.nil? || text == "" ? nil : __parse(text, false)
  end

  def self.generate(value, *)
    __generate(value, false)
  end

  def self.pretty_generate(value, *)
    __generate(value, true)
  end

  class << self
    alias parse! parse
    alias dump generate
  end
end

[Hash, Array, String, Symbol, Integer, Float, TrueClass, FalseClass, NilClass].each do |type|
  type.define_method(:to_json) { |*| JSON.__generate(self, false) }
end
module Kernel
  def to_json(*)
    JSON.__generate(self, false)
  end

  def JSON(value)
    value.is_a?(String) ? JSON.parse(value) : JSON.generate(value)
  end
end

module Base64
  def self.encode64(text)
    [text].pack("m")
  end

  def self.strict_encode64(text)
    [text].pack("m").delete("\n")
  end

  def self.decode64(text)
    text.unpack("m")[0]
  end

  def self.strict_decode64(text)
    unless text.bytesize % 4 == 0 && text.match?(/\A[A-Za-z0-9+\/]*={0,2}\z/)
      raise ArgumentError, "invalid base64"
    end
    text.unpack("m")[0]
  end

  def self.urlsafe_encode64(text, padding: true)
    out = strict_encode64(text).tr("+/", "-_")
    padding ? out : out.delete("=")
  end

  def self.urlsafe_decode64(text)
    text = text.tr("-_", "+/")
    text += "=" * (-text.bytesize % 4)
    strict_decode64(text)
  end
end

module Digest
  class Base
    def self.digest(text)
      Digest.__digest(self::ALGORITHM, text)
    end

    def self.hexdigest(text)
      digest(text).unpack("H*")[0]
    end

    def self.base64digest(text)
      Base64.strict_encode64(digest(text))
    end

    def initialize
      @text = ""
    end

    def update(text)
      @text += text
      self
    end
    alias << update

    def digest
      self.class.digest(@text)
    end

    def hexdigest(text = nil)
      self.class.hexdigest(text || @text)
    end
    alias to_s hexdigest

    def base64digest
      self.class.base64digest(@text)
    end

    def reset
      @text = ""
      self
    end

    def name
      self.class::ALGORITHM
    end
  end

  { MD5: "MD5", SHA1: "SHA1", SHA224: "SHA224", SHA256: "SHA256", SHA384: "SHA384", SHA512: "SHA512" }.each do |name, algorithm|
    type = Class.new(Base)
    type.const_set(:ALGORITHM, algorithm)
    const_set(name, type)
  end

  class SHA2 < Base
    ALGORITHM = "SHA256"

    def initialize(bits = 256)
      @bits = bits
      super()
    end

    def digest
      Digest.__digest("SHA#{@bits}", @text)
    end

    def hexdigest(text = nil)
      Digest.__digest("SHA#{@bits}", text || @text).unpack("H*")[0]
    end
  end

  def self.hexencode(text)
    text.unpack("H*")[0]
  end
end

module OpenSSL
  class Digest < ::Digest::Base
    def initialize(name, text = "")
      @name = name.delete("-")
      @text = text
    end

    def name
      @name
    end

    def digest(text = nil)
      ::Digest.__digest(@name, text || @text)
    end

    def hexdigest(text = nil)
      digest(text).unpack("H*")[0]
    end

    def self.digest(name, text)
      ::Digest.__digest(name.delete("-"), text)
    end

    def self.hexdigest(name, text)
      digest(name, text).unpack("H*")[0]
    end

    MD5 = ::Digest::MD5
    SHA1 = ::Digest::SHA1
    SHA256 = ::Digest::SHA256
    SHA384 = ::Digest::SHA384
    SHA512 = ::Digest::SHA512
  end

  module HMAC
    def self.digest(algorithm, key, text)
      OpenSSL.__hmac(algorithm.is_a?(String) ? algorithm.delete("-") : algorithm.name, key, text)
    end

    def self.hexdigest(algorithm, key, text)
      digest(algorithm, key, text).unpack("H*")[0]
    end

    def self.base64digest(algorithm, key, text)
      Base64.strict_encode64(digest(algorithm, key, text))
    end
  end
end

module SecureRandom
  def self.random_bytes(n = 16)
    __bytes(n || 16)
  end

  def self.bytes(n)
    __bytes(n)
  end

  def self.hex(n = 16)
    __bytes(n || 16).unpack("H*")[0]
  end

  def self.uuid
    b = __bytes(16).bytes
    b[6] = (b[6] & 0x0f) | 0x40
    b[8] = (b[8] & 0x3f) | 0x80
    h = b.map { |x| "%02x" % x }.join
    "#{h[0, 8]}-#{h[8, 4]}-#{h[12, 4]}-#{h[16, 4]}-#{h[20, 12]}"
  end

  def self.base64(n = 16)
    Base64.strict_encode64(__bytes(n || 16))
  end

  def self.urlsafe_base64(n = 16)
    Base64.urlsafe_encode64(__bytes(n || 16), padding: false)
  end

  def self.alphanumeric(n = 16)
    set = [*"A".."Z", *"a".."z", *"0".."9"]
    __bytes(n).bytes.map { |x| set[x % 62] }.join
  end

  def self.random_number(n = 0)
    n.is_a?(Float) || n == 0 ? rand : rand(n)
  end
end

module URI
  class Error < StandardError; end
  class InvalidURIError < Error; end

  def self.__escape(text, keep)
    text.to_s.gsub(keep) { |bytes| bytes.bytes.map { |b| "%%%02X" % b }.join }
  end

  def self.__unescape(text)
    text.gsub(/(?:%[0-9A-Fa-f]{2})+/) { |m| [m.delete("%")].pack("H*") }
  end

  def self.encode_www_form_component(text)
    __escape(text, /[^*\-.0-9A-Z_a-z ]/).tr(" ", "+")
  end

  def self.decode_www_form_component(text)
    raise ArgumentError, "invalid %-encoding (#{text})" if text.match?(/%(?![0-9A-Fa-f]{2})/)
    __unescape(text.tr("+", " "))
  end

  def self.encode_uri_component(text)
    __escape(text, /[^*\-.0-9A-Z_a-z]/)
  end

  def self.decode_uri_component(text)
    __unescape(text)
  end

  def self.escape(text)
    __escape(text, /[^\-_.!~*'()a-zA-Z\d;\/?:@&=+$,\[\]]/)
  end

  def self.unescape(text)
    __unescape(text)
  end

  class << self
    alias encode escape
    alias decode unescape
  end

  def self.encode_www_form(pairs)
    pairs.map { |k, v| "#{encode_www_form_component(k)}=#{encode_www_form_component(v)}" }.join("&")
  end

  def self.decode_www_form(text)
    text.split("&").map { |pair| k, v = pair.split("=", 2); [decode_www_form_component(k || ""), decode_www_form_component(v || "")] }
  end

  def self.parse(text)
    Generic.new(text)
  end

  def self.extract(text, schemes = nil)
    text.scan(/[a-z][a-z0-9+.-]*:\/\/[^\s<>"]+/i)
  end

  def self.regexp(*)
    /[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^\s]+/
  end

  class Generic
    PORTS = { "http" => 80, "https" => 443, "ftp" => 21, "ws" => 80, "wss" => 443, "ldap" => 389 }
    attr_accessor :scheme, :userinfo, :host, :port, :path, :query, :fragment, :opaque

    def initialize(text)
      raise InvalidURIError, "bad URI(is not URI?): #{text.inspect}" unless text.is_a?(String) && text.match?(/\A[!-~]*\z/)
      m = text.match(/\A(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:([^@\/?#]*)@)?(\[[^\]]*\]|[^:\/?#]*)(?::(\d*))?)?([^?#]*)(?:\?([^#]*))?(?:#(.*))?\z/)
      raise InvalidURIError, "bad URI(is not URI?): #{text.inspect}" unless m && !text.match?(/[<>\\^`{|}"]|%(?![0-9A-Fa-f]{2})/)
      @scheme, @userinfo, @host, port, @path, @query, @fragment = m.captures
      @scheme = @scheme.downcase if @scheme
      @port = port && !port.empty? ? port.to_i : PORTS[@scheme]
    end

    def user
      @userinfo && @userinfo.split(":", 2)[0]
    end

    def password
      @userinfo && @userinfo.split(":", 2)[1]
    end

    def hostname
      @host && @host.delete("[]")
    end

    def request_uri
      (@path.empty? ? "/" : @path) + (@query ? "?#{@query}" : "")
    end

    def absolute?
      !@scheme.nil?
    end

    def to_s
      out = ""
      out += "#{@scheme}:" if @scheme
      out += "//#{@userinfo ? "#{@userinfo}@" : ""}#{@host}" if @host
      out += ":#{@port}" if @host && @port && @port != PORTS[@scheme]
      out += @path
      out += "?#{@query}" if @query
      out += "##{@fragment}" if @fragment
      out
    end

    def inspect
      "#<URI::Generic #{self}>"
    end

    def ==(other)
      other.is_a?(Generic) && to_s == other.to_s
    end
  end
  HTTP = Generic
  HTTPS = Generic
end

module Kernel
  def URI(text)
    URI.parse(text)
  end
end

module CGI
  ENTITIES = { "&" => "&amp;", "<" => "&lt;", ">" => "&gt;", "\"" => "&quot;", "'" => "&#39;" }

  def self.escape(text)
    URI.__escape(text, /[^*\-.0-9A-Z_a-z ~]/).tr(" ", "+")
  end

  def self.unescape(text)
    URI.__unescape(text.tr("+", " "))
  end

  def self.escapeHTML(text)
    text.gsub(/[&<>"']/, ENTITIES)
  end

  def self.unescapeHTML(text)
    names = { "amp" => "&", "lt" => "<", "gt" => ">", "quot" => "\"", "apos" => "'", "nbsp" => "\u00a0" }
    text.gsub(/&(?:(amp|lt|gt|quot|apos|nbsp)|#(\d+)|#[xX]([0-9A-Fa-f]+));/) do
      whole = $~[0]
      code = $2 ? $2.to_i : $3 ? $3.hex : nil
      next names[$1] if $1
      code <= 0x10ffff ? code.chr("UTF-8") : whole
    end
  end

  def self.parse(query)
    query.split(/[&;]/).each_with_object({}) do |pair, h|
      k, v = pair.split("=", 2)
      (h[unescape(k || "")] ||= []) << (v ? unescape(v) : nil)
    end
  end

  class << self
    alias escape_html escapeHTML
    alias unescape_html unescapeHTML
  end
end

module ERB
  module Util
    def self.url_encode(text)
      URI.__escape(text, /[^a-zA-Z0-9_\-.~]/)
    end

    def self.html_escape(text)
      CGI.escapeHTML(text)
    end
  end
end

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

class Mutex
  def synchronize
    yield
  end

  def lock
    self
  end

  def unlock
    self
  end

  def try_lock
    true
  end

  def locked?
    false
  end

  def owned?
    false
  end
end
class Monitor < Mutex
  alias mon_synchronize synchronize
end
class Thread
  def self.current
    @current ||= {}
  end
  Mutex = ::Mutex
end

module Process
  CLOCK_REALTIME = 0
  CLOCK_MONOTONIC = 1

  def self.pid
    LogStash.__pid
  end

  def self.clock_gettime(_clock = CLOCK_REALTIME, unit = :float_second)
    nanos = Time.now.__nanos
    case unit
    when :millisecond then nanos / 1_000_000
    when :microsecond then nanos / 1_000
    when :nanosecond then nanos
    when :second then nanos / 1_000_000_000
    when :float_millisecond then nanos / 1_000_000.0
    else nanos / 1_000_000_000.0
    end
  end
end

# The variables of the process. What a script sets, it alone sees.
class EnvironmentVariables
  def [](name)
    changed = (@changed ||= {})
    changed.key?(name) ? changed[name] : LogStash.__env(name.to_s)
  end

  def []=(name, value)
    (@changed ||= {})[name] = value
  end

  def fetch(name, *default)
    value = self[name]
    return value unless value.nil?
    return yield(name) if block_given?
    raise KeyError, "key not found: #{name.inspect}" if default.empty?
    default[0]
  end

  def key?(name)
    !self[name].nil?
  end
  alias has_key? key?
  alias include? key?

  def dig(name)
    self[name]
  end

  def inspect
    "ENV"
  end
  alias to_s inspect
end
ENV = EnvironmentVariables.new

class Socket
  def self.gethostname
    LogStash.__hostname
  end
end

module LogStash
  module Json
    class ParserError < LogStash::Error; end
    class GeneratorError < LogStash::Error; end

    def self.load(text, *)
      text.nil? || text.strip.empty? ? nil : JSON.parse(text)
    rescue JSON::ParserError => e
      raise ParserError, e.message
    end

    def self.dump(value, *)
      JSON.generate(value)
    end

    class << self
      alias jruby_load load
      alias jruby_dump dump
    end
  end

  module Util
    def self.hash_merge(into, from)
      into.merge(from)
    end
  end

  class ConfigurationError < Error; end
  class EnvironmentError < Error; end

  VERSION = "9.0.0"
  LOGSTASH_VERSION = VERSION

  # What `@logger` and `logger` are.
  class Logger
    def initialize(name)
      @name = name
    end

    %w[trace debug info warn error fatal].each_with_index do |level, number|
      define_method(level) do |message = nil, params = nil, &block|
        message = block.call if message.nil? && block
        LogStash.__log(number, @name, message.to_s, (params.is_a?(Hash) ? params : {}).map { |k, v| [k.to_s, v.is_a?(String) ? v : v.inspect] })
        nil
      end
      define_method("#{level}?") { LogStash.__log_enabled(number, @name) }
    end
  end

  module Filters
    # What `self` is in the code of a filter.
    class Base
      attr_reader :logger, :id

      def self.config_name(name = nil)
        @config_name ||= name
      end

      def initialize(id)
        @id = id
        @logger = Logger.new("logstash.filters.#{self.class.config_name}")
      end

      def inspect
        "#<#{self.class}>"
      end
    end

    class Ruby < Base
      config_name "ruby"
    end

    class Aggregate < Base
      config_name "aggregate"
    end
  end
end
