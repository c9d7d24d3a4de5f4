# Threads, the process, ENV, and the parts of LogStash that are no classes of C++.

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
  def initialize(*)
    raise NotImplementedError, "there are no threads for scripts here"
  end

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
