# What `require 'csv'` brings, and reading a file by lines.

class IO
  def self.readlines(path, chomp: false)
    lines = read(path).lines
    chomp ? lines.map(&:chomp) : lines
  end

  def self.foreach(path, chomp: false, &block)
    lines = readlines(path, chomp: chomp)
    return lines.each unless block
    lines.each(&block)
    nil
  end
end

class CSV
  class MalformedCSVError < RuntimeError
    attr_reader :line_number

    def initialize(reason, line_number)
      @line_number = line_number
      super("#{reason} in line #{line_number}.")
    end
  end

  # Takes the rows off a text. A line is split at every separator, and the parts of a quoted field are put
  # together again: each character is looked at a fixed number of times.
  class Reader
    def initialize(text, col_sep: ",", quote_char: '"', row_sep: :auto)
      raise ArgumentError, ":col_sep must be 1 or more characters: #{col_sep.inspect}" if col_sep.to_s.empty?
      raise ArgumentError, ":quote_char has to be nil or a single character String" if quote_char && quote_char.length != 1
      row_sep = text[/\r\n|\n|\r/] || "\n" if row_sep == :auto
      @lines = text.split(row_sep, -1)
      @lines.pop if @lines[-1] == ""
      @number = 0
      @row_sep = row_sep
      @col_sep = col_sep
      @separator = col_sep == " " ? / / : col_sep
      @quote = quote_char
    end

    # The next row, or nil.
    def row
      line = @lines[@number]
      return nil unless line
      @number += 1
      return [] if line.empty?
      @fields = []
      @open = nil
      parts(line)
      while @open
        line = @lines[@number]
        malformed("Unclosed quoted field") unless line
        @number += 1
        @between = @row_sep
        parts(line)
      end
      @fields
    end

    def parts(line)
      list = line.empty? ? [line] : line.split(@separator, -1)
      list.each do |part|
        if @open || (@quote && part.start_with?(@quote))
          quoted(part)
        else
          malformed("Illegal quoting") if @quote && part.include?(@quote)
          malformed("Unquoted fields do not allow new line <#{part[/[\r\n]/].inspect}>") if part.match?(/[\r\n]/)
          @fields << (part.empty? ? nil : part)
        end
        @between = @col_sep
      end
    end

    def quoted(part)
      if @open
        @open << @between << part
      else
        @open = [part]
        @quotes = 0
      end
      @quotes += part.count(@quote)
      return if @quotes.odd?
      field = @open.join
      @open = nil
      inner = field[1, field.length - 2]
      if !field.end_with?(@quote) || inner.gsub(@quote * 2, "").include?(@quote)
        malformed("Any value after quoted field isn't allowed")
      end
      @fields << inner.gsub(@quote * 2) { @quote }
    end

    def malformed(reason)
      raise MalformedCSVError.new(reason, @number)
    end
  end

  # A row with the names of its columns.
  class Row
    include Enumerable
    attr_reader :headers, :fields

    def initialize(headers, fields)
      missing = fields.size - headers.size
      @headers = missing > 0 ? headers + [nil] * missing : headers
      @fields = missing < 0 ? fields + [nil] * -missing : fields
    end

    def [](column)
      at = column.is_a?(Integer) ? column : @headers.index(column)
      at && @fields[at]
    end
    alias field []
    alias dig []

    def fetch(column, *default)
      return self[column] if key?(column)
      return yield(column) if block_given?
      raise KeyError, "key not found: #{column}" if default.empty?
      default[0]
    end

    def key?(column)
      @headers.include?(column)
    end
    alias has_key? key?
    alias header? key?
    alias include? key?

    def values_at(*columns)
      columns.map { |column| self[column] }
    end

    def to_h
      out = {}
      @headers.each_with_index { |header, i| out[header] = @fields[i] unless out.key?(header) }
      out
    end
    alias to_hash to_h

    def each(&block)
      @headers.zip(@fields).each(&block)
      self
    end

    def size
      @fields.size
    end
    alias length size

    def to_csv(**options)
      CSV.generate_line(@fields, **options)
    end
    alias to_s to_csv

    def inspect
      "#<CSV::Row #{@headers.zip(@fields).map { |name, value| "#{name}:#{value.inspect}" }.join(" ")}>"
    end
  end

  # What CSV.generate yields.
  class Writer
    def initialize(text, options)
      @text = text
      @options = options
    end

    def <<(row)
      @text << CSV.generate_line(row.is_a?(Row) ? row.fields : row, **@options)
      self
    end
    alias add_row <<
    alias puts <<
  end

  READ_OPTIONS = [:col_sep, :quote_char, :row_sep]

  def self.parse_line(text, **options)
    each_row(text, **options) { |row| return row }
    nil
  end

  def self.parse(text, **options, &block)
    return each_row(text, **options, &block) if block
    rows = []
    each_row(text, **options) { |row| rows << row }
    rows
  end

  def self.read(path, **options)
    parse(File.read(path), **options)
  end

  def self.foreach(path, **options, &block)
    return read(path, **options).each unless block
    each_row(File.read(path), **options, &block)
  end

  class << self
    alias readlines read
  end

  def self.each_row(text, headers: false, skip_blanks: false, header_converters: nil, converters: nil, **options)
    unknown = options.keys - READ_OPTIONS
    raise ArgumentError, "unknown keyword: #{unknown[0].inspect} (CSV has no such option here)" unless unknown.empty?
    raise TypeError, "no implicit conversion of #{text.nil? ? "nil" : text.class} into String" unless text.is_a?(String)
    reader = Reader.new(text, **options)
    names = headers.is_a?(Array) ? headers : nil
    while (row = reader.row)
      next if row.empty? && (skip_blanks || (headers && !names))
      if headers && !names
        names = row.map { |name| convert_header(name, header_converters) }
        next
      end
      row = row.map { |field| convert(field, converters) } if converters
      yield headers ? Row.new(names, row) : row
    end
    nil
  end

  def self.convert_header(name, converter)
    return name if converter.nil? || name.nil?
    case converter
    when :downcase then name.downcase
    when :symbol then name.strip.downcase.gsub(/[^\s\w]+/, "").gsub(/\s+/, "_").to_sym
    when Proc then converter.call(name)
    else raise ArgumentError, "CSV has no header converter #{converter.inspect} here"
    end
  end

  def self.convert(field, converter)
    return field if field.nil?
    case converter
    when :integer then Integer(field, exception: false) || field
    when :float then Float(field, exception: false) || field
    when :numeric then Integer(field, exception: false) || Float(field, exception: false) || field
    when Proc then converter.call(field)
    else raise ArgumentError, "CSV has no converter #{converter.inspect} here"
    end
  end

  def self.generate_line(row, col_sep: ",", row_sep: "\n", quote_char: '"', force_quotes: false)
    fields = row.map do |value|
      next force_quotes ? quote_char * 2 : "" if value.nil?
      field = value.to_s
      quoted = force_quotes || field.empty? || field.include?(col_sep) || field.include?(quote_char) ||
               field.match?(/\A[ \t]|[\r\n]/)
      quoted ? quote_char + field.gsub(quote_char) { quote_char * 2 } + quote_char : field
    end
    fields.join(col_sep) + row_sep
  end

  def self.generate(text = "", **options)
    text = text.dup
    yield Writer.new(text, options)
    text
  end
end

class String
  def parse_csv(**options)
    CSV.parse_line(self, **options)
  end
end

class Array
  def to_csv(**options)
    CSV.generate_line(self, **options)
  end
end
