# The aggregate filter's maps.

class LogStash::Filters::Aggregate
  # One task: `map` and `map_meta` in the filter's code.
  class Element
    attr_accessor :creation_timestamp, :lastevent_timestamp, :difference_from_creation_to_now,
                  :difference_from_lastevent_to_now, :timeout, :inactivity_timeout, :task_id, :map

    def initialize(task_id, map = {})
      @task_id = task_id
      @map = map
      @timeout = nil
      @inactivity_timeout = nil
    end
  end

  # A value as JSON can hold it. What JSON has no form for becomes a hash with one key that starts with $.
  def self.pack(value)
    case value
    when nil, true, false, Integer, Float then value
    when String then value.valid_encoding? ? value : { "$bytes" => Base64.strict_encode64(value) }
    when Symbol then { "$symbol" => value.to_s }
    when Array then value.map { |x| pack(x) }
    when Hash
      plain = value.keys.all? { |k| k.is_a?(String) && !k.start_with?("$") && k.valid_encoding? }
      return value.transform_values { |v| pack(v) } if plain
      { "$hash" => value.map { |k, v| [pack(k), pack(v)] } }
    when LogStash::Timestamp then { "$timestamp" => value.time.__nanos }
    when Time then { "$time" => value.__nanos }
    when Set then { "$set" => value.to_a.map { |x| pack(x) } }
    else raise TypeError, "a map holds a #{value.class}, which cannot be stored"
    end
  end

  def self.unpack(value)
    return value.map { |x| unpack(x) } if value.is_a?(Array)
    return value unless value.is_a?(Hash)
    kind, content = value.first
    return value.transform_values { |v| unpack(v) } unless value.size == 1 && kind.start_with?("$")
    case kind
    when "$bytes" then Base64.strict_decode64(content)
    when "$symbol" then content.to_sym
    when "$hash" then content.each_with_object({}) { |pair, h| h[unpack(pair[0])] = unpack(pair[1]) }
    when "$timestamp" then LogStash::Timestamp.at(content / 1_000_000_000, content % 1_000_000_000 / 1000)
    when "$time" then Time.at(content / 1_000_000_000, content % 1_000_000_000, :nsec)
    when "$set" then Set.new(content.map { |x| unpack(x) })
    else raise TypeError, "unknown kind of value #{kind}"
    end
  end

  FIELDS = %w[creation_timestamp lastevent_timestamp difference_from_creation_to_now difference_from_lastevent_to_now
              timeout inactivity_timeout map]

  # The text for hashes of elements by task pattern.
  def self.store(tasks)
    all = {}
    tasks.each do |pattern, elements|
      next if elements.empty?
      all[pattern] = elements.transform_values { |e| FIELDS.map { |f| pack(e.__send__(f)) } }
    end
    all.empty? ? nil : JSON.generate("version" => 1, "tasks" => all)
  end

  def self.restore(text)
    content = JSON.parse(text)
    raise TypeError, "not a file of aggregate maps" unless content.is_a?(Hash) && content["version"] == 1
    content["tasks"].transform_values do |elements|
      out = {}
      elements.each do |task_id, values|
        element = Element.new(task_id)
        FIELDS.each_with_index { |f, i| element.__send__("#{f}=", unpack(values[i])) }
        out[task_id] = element
      end
      out
    end
  end
end
