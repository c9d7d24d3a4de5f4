# String, Regexp and MatchData on top of what C++ does.

class Encoding
  attr_reader :name

  def initialize(name)
    @name = name
  end

  def to_s
    @name
  end

  def inspect
    "#<Encoding:#{@name}>"
  end

  def ==(other)
    other.is_a?(Encoding) && other.name == @name
  end

  UTF_8 = new("UTF-8")
  ASCII_8BIT = new("ASCII-8BIT")
  BINARY = ASCII_8BIT
  US_ASCII = new("US-ASCII")
  ISO_8859_1 = new("ISO-8859-1")
  WINDOWS_1252 = new("Windows-1252")

  class CompatibilityError < EncodingError; end
  class UndefinedConversionError < EncodingError; end
  class InvalidByteSequenceError < EncodingError; end
  class ConverterNotFoundError < EncodingError; end

  def self.default_external
    UTF_8
  end

  def self.default_internal
    nil
  end

  def self.default_external=(_)
    nil
  end
end

class String
  def each_char(&block)
    return to_enum(:each_char) unless block
    __chars.each(&block)
    self
  end

  def chars(&block)
    block ? each_char(&block) : __chars
  end

  def grapheme_clusters
    __chars
  end

  def each_codepoint(&block)
    codepoints.each(&block)
    self
  end

  def chr
    self[0] || ""
  end

  def reverse!
    replace(reverse)
  end

  def chop!
    empty? ? nil : replace(chop)
  end

  def tr!(from, to)
    __changed(tr(from, to))
  end

  def tr_s!(from, to)
    __changed(tr_s(from, to))
  end

  def delete!(*sets)
    __changed(delete(*sets))
  end

  def squeeze!(*sets)
    __changed(squeeze(*sets))
  end

  def upcase!(*)
    __changed(upcase)
  end

  def downcase!(*)
    __changed(downcase)
  end

  def capitalize!(*)
    __changed(capitalize)
  end

  def swapcase!(*)
    __changed(swapcase)
  end

  def __changed(text)
    text == self ? nil : replace(text)
  end

  def casecmp(other)
    return nil unless other.is_a?(String)
    downcase <=> other.downcase
  end

  def casecmp?(other)
    other.is_a?(String) ? downcase == other.downcase : nil
  end

  def match(pattern, *args, &block)
    pattern = Regexp.new(pattern) if pattern.is_a?(String)
    pattern.match(self, *args, &block)
  end

  def match?(pattern, *args)
    pattern = Regexp.new(pattern) if pattern.is_a?(String)
    pattern.match?(self, *args)
  end

  def =~(pattern)
    raise TypeError, "type mismatch: String given" if pattern.is_a?(String)
    pattern =~ self
  end

  def start_with?(*prefixes)
    prefixes.each do |prefix|
      if prefix.is_a?(Regexp)
        return true if __starts_with_match(prefix)
      elsif byteslice(0, prefix.bytesize) == prefix
        return true
      end
    end
    false
  end

  def partition(separator)
    if separator.is_a?(Regexp)
      m = separator.match(self)
      return m ? [m.pre_match, m[0], m.post_match] : [dup, "", ""]
    end
    at = index(separator)
    at ? [self[0, at], separator.dup, self[at + separator.size..-1]] : [dup, "", ""]
  end

  def rpartition(separator)
    at = rindex(separator)
    return ["", "", dup] unless at
    found = separator.is_a?(Regexp) ? $~[0] : separator.dup
    [self[0, at], found, self[at + found.size..-1]]
  end

  def each_line(separator = "\n", chomp: false, &block)
    found = lines(separator, chomp: chomp)
    return found.each unless block
    found.each(&block)
    self
  end

  def lines(separator = "\n", chomp: false)
    return empty? ? [] : [dup] if separator.nil?
    separator = "\n\n" if separator.empty?
    out = []
    at = 0
    while at < bytesize
      stop = byteindex(separator, at)
      last = stop ? stop + separator.bytesize : bytesize
      line = byteslice(at, last - at)
      out << (chomp ? line.chomp(separator) : line)
      at = last
    end
    out
  end

  def force_encoding(_encoding)
    self
  end

  def encoding
    Encoding::UTF_8
  end

  def b
    dup
  end

  def unicode_normalized?(*)
    raise NotImplementedError, "unicode_normalize is not supported"  unless ascii_only?
    true
  end

  def unicode_normalize(*)
    raise NotImplementedError, "unicode_normalize is not supported for text beyond ASCII" unless ascii_only?
    dup
  end

  def scrub(replacement = nil, &block)
    __scrub(block ? block.call("") : replacement)
  end

  def scrub!(replacement = nil, &block)
    replace(scrub(replacement, &block))
  end

  # Texts are UTF-8 here: what can be done is to make one from Latin-1 and to replace what is invalid.
  def encode(target = "UTF-8", source = nil, **options)
    invalid = options[:invalid]
    replacement = options[:replace]
    source = source.to_s.upcase if source
    target = target.to_s.upcase
    text = self
    if %w[ISO-8859-1 LATIN1 WINDOWS-1252 CP1252 ISO8859-1].include?(source) && %w[UTF-8 UTF8].include?(target)
      text = __from_latin1
    elsif %w[ASCII US-ASCII].include?(target) || (source == "ASCII-8BIT" || source == "BINARY") && %w[UTF-8 UTF8].include?(target)
      with = replacement || (%w[ASCII US-ASCII].include?(target) ? "?" : "\uFFFD")
      bad = __chars.any? { |c| !c.ascii_only? }
      if bad && !(options[:undef] == :replace || invalid == :replace)
        raise Encoding::UndefinedConversionError, "a character cannot be converted to #{target}"
      end
      text = bad ? __chars.map { |c| c.ascii_only? ? c : with }.join : dup
    elsif !%w[UTF-8 UTF8 UTF-16 UTF-16LE UTF-16BE ASCII-8BIT BINARY ISO-8859-1].include?(target)
      raise Encoding::ConverterNotFoundError, "code converter not found (UTF-8 to #{target})"
    elsif %w[UTF-16 UTF-16LE UTF-16BE ISO-8859-1].include?(target)
      raise Encoding::ConverterNotFoundError, "texts are UTF-8 here: there is no converter to #{target}" unless invalid == :replace
      text = __scrub(replacement)
    elsif !valid_encoding?
      raise Encoding::InvalidByteSequenceError, "invalid byte sequence in UTF-8" unless invalid == :replace
      text = __scrub(replacement)
    else
      text = dup
    end
    text = text.gsub(/\r\n?/, "\n") if options[:universal_newline]
    text
  end

  def encode!(*args, **options)
    replace(encode(*args, **options))
  end

  def delete_prefix(prefix)
    start_with?(prefix) ? byteslice(prefix.bytesize, bytesize) : dup
  end

  def delete_suffix(suffix)
    end_with?(suffix) ? byteslice(0, bytesize - suffix.bytesize) : dup
  end

  def strip
    lstrip.rstrip
  end

  def to_c
    raise NotImplementedError, "complex numbers are not supported"
  end

  def unpack1(format)
    unpack(format)[0]
  end

  def crypt(*)
    raise NotImplementedError, "crypt is not supported"
  end

  def +@
    frozen? ? dup : self
  end

  def -@
    self
  end

  def sum(bits = 16)
    bytes.sum & ((1 << bits) - 1)
  end

  def undump
    raise NotImplementedError, "undump is not supported"
  end

  def to_str
    self
  end

  def %(args)
    args.is_a?(Array) ? format(self, *args) : format(self, args)
  end
end

class Regexp
  class TimeoutError < RegexpError; end

  def self.union(*patterns)
    patterns = patterns[0] if patterns.size == 1 && patterns[0].is_a?(Array)
    return Regexp.new("(?!)") if patterns.empty?
    return patterns[0].is_a?(Regexp) ? patterns[0] : Regexp.new(Regexp.escape(patterns[0])) if patterns.size == 1
    Regexp.new(patterns.map { |x| x.is_a?(Regexp) ? x.to_s : Regexp.escape(x) }.join("|"))
  end

  def self.last_match(group = nil)
    group && $~ ? $~[group] : $~
  end

  def hash
    inspect.hash
  end

  def eql?(other)
    self == other
  end

  def casefold?
    options & IGNORECASE != 0
  end

  def named_captures
    names.each_with_object({}) { |name, h| h[name] = [names.index(name) + 1] }
  end

  def freeze
    self
  end

  def ~
    self =~ $_
  end
end

class MatchData
  def captures
    to_a[1..-1]
  end

  def names
    regexp.names
  end

  def named_captures(symbolize_names: false)
    names.each_with_object({}) { |name, h| h[symbolize_names ? name.to_sym : name] = self[name] }
  end

  def offset(group)
    [self.begin(group), self.end(group)]
  end

  def values_at(*groups)
    groups.map { |g| self[g] }
  end

  def inspect
    parts = names.empty? ? captures.each_with_index.map { |c, i| "#{i + 1}:#{c.inspect}" } : names.map { |n| "#{n}:#{self[n].inspect}" }
    "#<MatchData #{([to_s.inspect] + parts).join(" ")}>"
  end

  def ==(other)
    other.is_a?(MatchData) && string == other.string && regexp == other.regexp && to_a == other.to_a
  end

  def deconstruct_keys(_)
    named_captures(symbolize_names: true)
  end
end
