# What `require` of json, digest, base64, securerandom and openssl brings.

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
