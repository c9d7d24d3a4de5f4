# What `require 'yaml'` brings: the values of a document, as Psych reads them.

module Psych
  class Exception < ::RuntimeError; end
  class SyntaxError < Exception; end
  class BadAlias < Exception; end
  class AliasesNotEnabled < BadAlias
    def initialize(message = "Alias parsing was not enabled. To enable it, pass `aliases: true` to `Psych::load` or `Psych::safe_load`.")
      super
    end
  end
  class AnchorNotDefined < BadAlias; end
  class DisallowedClass < Exception
    def initialize(name)
      super("Tried to load unspecified class: #{name}")
    end
  end

  # Values from the parser's steps: a flat list of kind, anchor, tag, text.
  class Builder
    MOST_NODES = 1_000_000 # of one document, what aliases stand for included
    TIME = /\A-?\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|\s+)\d{1,2}:\d\d:\d\d(?:\.\d*)?(?:\s*(?:Z|[-+]\d{1,2}:?(?:\d\d)?))?\z/
    DATE = /\A\d{4}-(?:1[012]|0?\d)-(?:[12]\d|3[01]|0?\d)\z/
    INTEGER = /\A[-+]?(?:0b[01_,]+|0x[0-9a-fA-F_,]+|0[0-7_,]+|0|[1-9](?:[0-9]|[,_][0-9])*)\z/
    REAL = /\A[-+]?(?:[0-9][0-9_,]*)?\.[0-9]*(?:[eE][+-][0-9]+)?\z/
    SIXTIES = /\A[-+]?[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}(\.[0-9_]*)?\z/

    def initialize(steps, permitted, aliases, symbols)
      @steps = steps
      @permitted = permitted && permitted.map(&:to_s)
      @aliases = aliases
      @symbols = symbols
      @at = 0
      @nodes = 0
      @anchors = {}
      @sizes = {}
    end

    # The value that begins here; :__end where a list or mapping ends.
    def value
      kind, anchor, @tag, text = @steps[@at, 4]
      @at += 4
      before = @nodes
      @nodes += 1
      out =
        case kind
        when :plain then plain(text)
        when :text then @tag == "!binary" || @tag == "tag:yaml.org,2002:binary" ? text.unpack("m")[0] : text
        when :list then list(anchor)
        when :mapping then mapping(anchor)
        when :alias then return known(anchor)
        when :end then return :__end
        end
      if anchor != 0
        @anchors[anchor] = out
        @sizes[anchor] = @nodes - before
      end
      out
    end

    def known(anchor)
      raise AliasesNotEnabled unless @aliases
      # An alias within its own value is refused: an event cannot hold such a value.
      raise AnchorNotDefined, "An alias referenced an unknown anchor" unless @sizes.key?(anchor)
      @nodes += @sizes[anchor]
      raise BadAlias, "The document is too big with what its aliases stand for" if @nodes > MOST_NODES
      @anchors[anchor]
    end

    def list(_anchor)
      out = []
      until (item = value).equal?(:__end)
        out << item
      end
      out
    end

    def mapping(_anchor)
      refuse(@tag.sub(/\A!ruby\/[a-z]+:?/, "")) if @tag.start_with?("!ruby/")
      out = {}
      loop do
        merge = @steps[@at] == :plain && @steps[@at + 3] == "<<"
        key = value
        break if key.equal?(:__end)
        item = value
        if merge && (item.is_a?(Hash) || (item.is_a?(Array) && item.all?(Hash)))
          [item].flatten.reverse.each { |other| out.merge!(other) }
        else
          out[@symbols && key.is_a?(String) ? key.to_sym : key] = item
        end
      end
      out
    end

    def refuse(name)
      raise DisallowedClass, name
    end

    def permit(name)
      refuse(name) unless @permitted.nil? || @permitted.include?(name)
    end

    def plain(text)
      case text
      when "", "~" then nil
      when /\A[[:alpha:]]/
        return text if text.length > 5
        case text
        when /\A(?:yes|true|on)\z/i then true
        when /\A(?:no|false|off)\z/i then false
        when /\Anull\z/i then nil
        else text
        end
      when INTEGER then integer(text)
      when REAL then text.match?(/\A[-+]?\.\z/) ? text : text.delete(",_").sub(/\.(?=[eE]|\z)/, "").to_f
      when TIME then time(text)
      when DATE then date(text)
      when /\A:./ then symbol(text[1..-1])
      when SIXTIES then sixties(text)
      when /\A\+?\.inf\z/i then Float::INFINITY
      when /\A-\.inf\z/i then -Float::INFINITY
      when /\A\.nan\z/i then Float::NAN
      else text
      end
    end

    # A number beyond 64 bits stays a text.
    def integer(text)
      Integer(text.delete(",_"))
    rescue ArgumentError, RangeError
      text
    end

    def time(text)
      permit("Time")
      Time.parse(text)
    rescue ArgumentError
      text
    end

    def date(text)
      permit("Date")
      Date.strptime(text, "%Y-%m-%d")
    rescue ArgumentError
      text
    end

    def symbol(name)
      permit("Symbol")
      name = name[1..-2] if name.length > 1 && name.match?(/\A(["']).*\1\z/m)
      name.to_sym
    end

    def sixties(text)
      real = text.include?(".")
      parts = text.delete("_").split(":")
      seconds = 0
      parts.each_with_index { |part, i| seconds += (real ? part.to_f : part.to_i) * [3600, 60, 1][i] }
      seconds
    end
  end

  def self.__load(text, permitted, aliases, symbols, fallback, filename)
    text = text.read if text.respond_to?(:read)
    raise TypeError, "no implicit conversion of #{text.nil? ? "nil" : text.class} into String" unless text.is_a?(String)
    steps = __steps(text, filename || "<unknown>")
    steps.empty? ? fallback : Builder.new(steps, permitted, aliases, symbols).value
  end

  def self.safe_load(text, permitted_classes: [], permitted_symbols: [], aliases: false, symbolize_names: false, fallback: nil, filename: nil)
    raise ArgumentError, "permitted_symbols do not exist here: use permitted_classes" unless permitted_symbols.empty?
    __load(text, permitted_classes, aliases, symbolize_names, fallback, filename)
  end

  def self.load(text, permitted_classes: [Symbol], aliases: false, symbolize_names: false, fallback: nil, filename: nil)
    __load(text, permitted_classes, aliases, symbolize_names, fallback, filename)
  end

  def self.unsafe_load(text, symbolize_names: false, fallback: false, filename: nil)
    __load(text, nil, true, symbolize_names, fallback, filename)
  end

  def self.load_file(path, **options)
    load(File.read(path), filename: path, **options)
  end

  def self.safe_load_file(path, **options)
    safe_load(File.read(path), filename: path, **options)
  end

  def self.unsafe_load_file(path, **options)
    unsafe_load(File.read(path), filename: path, **options)
  end
end
YAML = Psych
