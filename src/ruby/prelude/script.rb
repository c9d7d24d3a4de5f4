# Script files of the ruby filter: what `self` is in them, and their tests.

class LogStash::Filters::Ruby::Script
  # A blank object that the file is evaluated in, once for its work and once for each of its tests.
  class ExecutionContext
    def initialize(name, logger)
      @__name__ = name
      @__logger__ = logger
    end

    def logger
      @__logger__
    end

    def register(_params)
      nil
    end

    def concurrency(_type)
      nil
    end

    def to_s
      "<ExecutionContext #{@__name__}>"
    end
    alias inspect to_s
  end

  # A `test "..." do ... end` block.
  class TestContext
    attr_reader :name

    def initialize(name, context)
      @name = name
      @context = context
      @expectations = []
      @parameters = {}
    end

    def parameters
      return @parameters unless block_given?
      @parameters = yield
      raise ArgumentError, "Test parameters must be a hash in #{@name}!" unless @parameters.is_a?(Hash)
      @context.register(@parameters)
    end

    def in_event
      return @in_events unless block_given?
      events = yield
      events = [events] if events.is_a?(Hash)
      unless events.is_a?(Array) && events.all? { |e| e.is_a?(Hash) }
        raise ArgumentError, "In event for #{@name} must receive either a hash or an array of hashes!"
      end
      @in_events = events.map { |e| LogStash::Event.new(e) }
    end
    alias in_events in_event

    def expect(name, &block)
      @expectations << [name, block]
    end

    # Texts of what went wrong; empty when all is well.
    def __run
      raise "You must declare an `in_event` to run tests!" unless @in_events
      results = []
      @in_events.each do |event|
        one = @context.filter(event)
        LogStash::Filters::Ruby::Script.check(one)
        results += one
      end
      @expectations.map { |name, block| __judge(name, block, results) }.compact
    end

    def __judge(name, block, results)
      return nil if block.call(results)
      "#{@name} #{name}: the block is false for #{results.map(&:to_hash_with_metadata).inspect}"
    rescue StandardError => e
      "#{@name} #{name}: #{e.class}: #{e.message}"
    end
  end

  def self.check(results)
    unless results.is_a?(Array)
      raise "Custom script did not return an array from 'filter'. Only arrays may be returned!"
    end
    results.each do |event|
      next if event.is_a?(LogStash::Event)
      raise "Custom script returned a non event object '#{event.inspect}'! You must an array of events from this function! To drop an event simply return nil."
    end
  end

  # `load` evaluates the file in the object that it is given.
  def initialize(name, params, load)
    @params = params
    @load = load
    @logger = LogStash::Logger.new("logstash.filters.ruby")
    @tests = []
    @context = ExecutionContext.new(:main, @logger)
    tests = @tests
    @context.define_singleton_method(:test) { |test, &block| tests << [test, block] }
    load.call(@context)
    return if @context.respond_to?(:filter)
    raise "Script does not define a filter! Please ensure that you have defined a filter method!"
  end

  def register
    @context.register(@params)
  end

  def filter(event)
    results = @context.filter(event)
    LogStash::Filters::Ruby::Script.check(results)
    results
  end

  def failures
    @tests.flat_map do |name, block|
      context = ExecutionContext.new("Test/#{name}", @logger)
      context.define_singleton_method(:test) { |*| nil }
      @load.call(context)
      test = TestContext.new(name, context)
      begin
        test.instance_eval(&block)
        test.__run
      rescue StandardError => e
        ["#{name}: #{e.class}: #{e.message}"]
      end
    end
  end

  def test_count
    @tests.size
  end
end
