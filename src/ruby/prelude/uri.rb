# What `require` of uri, cgi and erb brings.

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
