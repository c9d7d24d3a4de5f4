# Time, Date and DateTime.

class Time
  def self.new(year = nil, month = nil, day = nil, hour = nil, minute = nil, second = nil, zone = nil, in: nil)
    return now unless year
    __civil(zone, year, month, day, hour, minute, second)
  end

  def self.utc(*fields)
    __civil(:utc, *fields)
  end

  def self.local(*fields)
    __civil(nil, *fields)
  end

  class << self
    alias gm utc
    alias mktime local
  end

  def self.parse(text, _now = nil)
    raise TypeError, "no implicit conversion of #{text.nil? ? "nil" : text.class} into String" unless text.is_a?(String)
    __parse(text) || raise(ArgumentError, "no time information in #{text.inspect}")
  end

  def self.strptime(text, format)
    __strptime(text, format) || raise(ArgumentError, "invalid date or strptime format - `#{text}' `#{format}'")
  end

  def self.iso8601(text)
    __iso8601(text) || raise(ArgumentError, "invalid xmlschema date: #{text.inspect}")
  end

  class << self
    alias xmlschema iso8601
    alias rfc2822 parse
    alias httpdate parse
  end

  %w[sunday monday tuesday wednesday thursday friday saturday].each_with_index do |name, number|
    define_method("#{name}?") { wday == number }
  end

  def hash
    __nanos
  end

  def to_r
    Rational(__nanos, 1_000_000_000)
  end

  def subsec
    nsec / 1_000_000_000.0
  end

  def dst?
    false
  end
  alias isdst dst?

  def ctime
    strftime("%a %b %e %H:%M:%S %Y")
  end
  alias asctime ctime

  def rfc2822
    strftime("%a, %d %b %Y %H:%M:%S ") + (utc? ? "-0000" : strftime("%z"))
  end
  alias rfc822 rfc2822

  def httpdate
    getutc.strftime("%a, %d %b %Y %H:%M:%S GMT")
  end

  def to_a
    [sec, min, hour, day, month, year, wday, yday, dst?, zone]
  end

  def to_time
    self
  end

  def to_date
    Date.new(year, month, day)
  end

  def to_datetime
    DateTime.__of(self)
  end

  def between?(low, high)
    self >= low && self <= high
  end

  def to_json(*)
    "\"#{self}\""
  end
end

# A day. It holds the midnight that it begins with, in UTC.
class Date
  include Comparable

  class Error < ArgumentError; end

  MONTHNAMES = [nil, "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
  ABBR_MONTHNAMES = [nil] + MONTHNAMES[1..-1].map { |name| name[0, 3] }
  DAYNAMES = %w[Sunday Monday Tuesday Wednesday Thursday Friday Saturday]
  ABBR_DAYNAMES = DAYNAMES.map { |name| name[0, 3] }

  attr_reader :__time

  def self.__of(time)
    date = new(nil)
    date.__take(time)
    date
  end

  def initialize(year = -4712, month = 1, day = 1)
    return if year.nil?
    raise Error, "invalid date" unless Date.valid_date?(year, month, day)
    @__time = Time.utc(year, month, day < 0 ? Date.__days(year, month) + 1 + day : day)
  end

  def __take(time)
    @__time = Time.utc(time.year, time.month, time.day)
  end

  def self.__days(year, month)
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 if month == 2
    [4, 6, 9, 11].include?(month) ? 30 : 31
  end

  def self.valid_date?(year, month, day)
    return false unless year.is_a?(Integer) && month.is_a?(Integer) && day.is_a?(Integer)
    return false unless month.between?(1, 12)
    days = __days(year, month)
    day.between?(1, days) || day.between?(-days, -1)
  end

  class << self
    alias civil new
    alias valid_civil? valid_date?
  end

  def self.leap?(year)
    __days(year, 2) == 29
  end

  def self.today
    __of(Time.now)
  end

  def self.parse(text, _complete = true)
    time = Time.__parse(text, true)
    raise Error, "invalid date" unless time
    __of(time)
  end

  def self.strptime(text, format = "%F")
    time = Time.__strptime(text, format, true)
    raise Error, "invalid date" unless time
    __of(time)
  end

  def self.iso8601(text)
    parse(text)
  end

  %w[year month mon day mday wday yday sunday? monday? tuesday? wednesday? thursday? friday? saturday?].each do |name|
    define_method(name) { @__time.__send__(name) }
  end

  def cwday
    wday == 0 ? 7 : wday
  end

  def cweek
    strftime("%V").to_i
  end

  def cwyear
    strftime("%G").to_i
  end

  def strftime(format = "%F")
    @__time.strftime(format)
  end

  def __shifted(time)
    self.class.__of(time)
  end

  def +(days)
    raise TypeError, "expected numeric" unless days.is_a?(Numeric)
    __shifted(@__time + days * 86400)
  end

  def -(other)
    return (@__time - other.__time) / 86400 if other.is_a?(Date)
    self + -other
  end

  def >>(months)
    at = year * 12 + month - 1 + months
    y = at.div(12)
    m = at % 12 + 1
    d = [day, Date.__days(y, m)].min
    __shifted(Time.utc(y, m, d) + (@__time - Time.utc(year, month, day)))
  end

  def <<(months)
    self >> -months
  end

  def next_day(n = 1)
    self + n
  end

  def prev_day(n = 1)
    self - n
  end

  def next_month(n = 1)
    self >> n
  end

  def prev_month(n = 1)
    self << n
  end

  def next_year(n = 1)
    self >> n * 12
  end

  def prev_year(n = 1)
    self << n * 12
  end

  def next
    self + 1
  end
  alias succ next

  def <=>(other)
    other.respond_to?(:__time) ? @__time <=> other.__time : nil
  end

  def ==(other)
    (self <=> other) == 0
  end

  def eql?(other)
    self == other
  end

  def hash
    @__time.hash
  end

  def leap?
    Date.leap?(year)
  end

  def jd
    @__time.to_i / 86400 + 2440588
  end

  def ajd
    jd
  end

  def to_s
    strftime("%Y-%m-%d")
  end
  alias iso8601 to_s
  alias xmlschema to_s

  def inspect
    "#<#{self.class}: #{self}>"
  end

  def to_date
    Date.new(year, month, day)
  end

  def to_time
    Time.local(year, month, day)
  end

  def to_datetime
    DateTime.__of(@__time)
  end

  def to_json(*)
    "\"#{self}\""
  end
end

class DateTime < Date
  def initialize(year = -4712, month = 1, day = 1, hour = 0, minute = 0, second = 0, zone = "+00:00")
    return if year.nil?
    raise Date::Error, "invalid date" unless Date.valid_date?(year, month, day)
    @__time = Time.__civil(zone, year, month, day, hour, minute, second)
  end

  def __take(time)
    @__time = time
  end

  def self.now
    __of(Time.now)
  end

  def self.parse(text, _complete = true)
    time = Time.__parse(text, true)
    raise Date::Error, "invalid date" unless time
    __of(time)
  end

  def self.strptime(text, format = "%FT%T%z")
    time = Time.__strptime(text, format, true)
    raise Date::Error, "invalid date" unless time
    __of(time)
  end

  def self.iso8601(text)
    parse(text)
  end

  %w[hour min minute sec second].each do |name|
    define_method(name) { @__time.__send__(name) }
  end

  def __shifted(time)
    self.class.__of(time)
  end

  def >>(months)
    at = year * 12 + month - 1 + months
    y = at.div(12)
    m = at % 12 + 1
    d = [day, Date.__days(y, m)].min
    __shifted(Time.__civil(@__time.utc_offset, y, m, d, hour, min, sec))
  end

  def zone
    @__time.strftime("%:z")
  end

  def offset
    @__time.utc_offset / 86400.0
  end

  def new_offset(zone = "+00:00")
    zone = (zone * 86400).to_i if zone.is_a?(Numeric)
    self.class.__of(@__time.getlocal(zone))
  end

  def sec_fraction
    @__time.nsec / 1_000_000_000.0
  end

  def strftime(format = "%FT%T%:z")
    @__time.strftime(format)
  end

  def iso8601(digits = 0)
    strftime(digits > 0 ? "%FT%T.%#{digits}N%:z" : "%FT%T%:z")
  end
  alias xmlschema iso8601

  def to_s
    strftime("%FT%T%:z")
  end

  def to_time
    @__time.dup
  end

  def to_datetime
    self
  end
end

class LogStash::Timestamp
  def year
    time.year
  end

  def +(other)
    time + other
  end

  def -(other)
    time - (other.is_a?(LogStash::Timestamp) ? other.time : other)
  end

  def dup
    self
  end
  alias clone dup

  UTC = "UTC"
end
