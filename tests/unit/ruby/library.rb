# What the library of filters' Ruby answers: t(expected) { ... } for each idiom. Ends in an exception that names the
# blocks that answered something else.

$run = 0
$failures = []

def t(expected, &block)
  $run += 1
  got =
    begin
      block.call
    rescue Exception => e
      "#{e.class}: #{e.message} #{e.backtrace && e.backtrace[0]}"
    end
  $failures << "block #{$run}: #{got.inspect} instead of #{expected.inspect}" unless got == expected
end

# Regular expressions
t(["2020","01"]) { "x 2020-01" =~ /(\d+)-(\d+)/; [$1, $2] }
t(2) { "x 2020-01" =~ /(\d+)-(\d+)/ }
t("2020") { /(?<y>\d+)/ =~ "a 2020"; y }
t("b") { "abc"[/b/] }
t("c") { "abc"[/b(.)/, 1] }
t("2") { "k=2"[/k=(?<v>\d)/, "v"] }
t("a-b-c") { "a b c".gsub(" ", "-") }
t("h*ll*") { "hello".gsub(/[eo]/, "*") }
t("<h><e>") { "he".gsub(/(.)/, '<\1>') }
t("he-lo") { "hello".sub(/l/) { |m| m == "l" ? "-" : m } }
t("1 2") { "a b".gsub(/[ab]/, "a" => "1", "b" => "2") }
t("John Smith") { "Smith John".sub(/(?<l>\w+) (?<f>\w+)/, '\k<f> \k<l>') }
t([["a","1"],["b","2"]]) { "a=1,b=2".scan(/(\w)=(\d)/) }
t(["1","22"]) { "1 22".scan(/\d+/) }
t(["a","b","c"]) { "a, b;c".split(/[,;]\s*/) }
t(["a","b","","c"]) { "a,b,,c,,".split(",") }
t(["a","b","","c","",""]) { "a,b,,c,,".split(",", -1) }
t(["a","b,c"]) { "a,b,c".split(",", 2) }
t(["a","b"]) { "  a \t b ".split }
t(["a","b"]) { "ab".split("") }
t(["a","-","b"]) { "a-b".split(/(-)/) }
t(["é","a"]) { "éa".split(//) }
t("yes") { case "error 5" when /error (\d)/ then $1 == "5" ? "yes" : "no" else "none" end }
t({"a"=>"1","b"=>"2"}) { "12".match(/(?<a>\d)(?<b>\d)/).named_captures }
t(["1","2"]) { "12".match(/(\d)(\d)/).captures }
t("(?-mix:a)") { /a/.to_s }
t("a\\.b") { Regexp.escape("a.b") }
t(true) { "AbC".match?(/abc/i) }
t(true) { "a\nb" =~ /a.b/m ? true : false }
t("x") { "a  x"[/a\s+ (x)/x, 1] }
t(nil) { "abc" =~ /z/ }
t(true) { "abc" !~ /z/ }
t(/a|b\.c/) { Regexp.union(/a/.source, "b.c") }
t(["k", "v"]) { m = /(\w)=(\w)/.match("k=v"); [m[1], m[2]] }
t("pre") { "pre-x".match(/-/).pre_match }
t([1, 2]) { "é1".match(/1/).offset(0) }
t("foo_bar") { "FooBar".gsub(/([a-z])([A-Z])/, '\1_\2').downcase }
t("Hello World") { "hello world".gsub(/\b\w/) { |c| c.upcase } }
t("Hello World") { "hello world".gsub(/\b\w/) { $&.upcase } }
t("a.b") { "a.b.c".sub(/\.[^.]*\z/, "") }
t("\\n") { "\n".gsub("\n", "\\n") }
t("a/b") { "a\\b".gsub("\\", "/") }
t(["a", ",", "b,c"]) { "a,b,c".partition(",") }
t(["a,b", ",", "c"]) { "a,b,c".rpartition(",") }
t(["k", "=", "v"]) { "k=v".partition(/=/) }
t(true) { "abc".start_with?(/a./) }
t(4) { "xxabxab".index("ab", 3) - 1 }
t(5) { "xxabxab".rindex(/ab/) }

# Text of characters
t(5) { "héllo".length }
t("él") { "héllo"[1,2] }
t("olléh") { "héllo".reverse }
t("HÉLLO") { "héllo".upcase }
t("é") { "héllo"[1] }
t("o") { "héllo"[-1] }
t("héll") { "héllo"[0..-2] }
t("héll") { "héllo"[0...4] }
t("  é") { "é".rjust(3) }
t("--é--") { "é".center(5, "-") }
t(233) { "é".ord }
t("hello") { "héllo".tr("é", "e") }
t("h_ll_") { "hello".tr("aeiou", "_") }
t("ifmmp") { "hello".tr("a-y", "b-z") }
t("hll") { "hello".delete("aeo") }
t("helo") { "hello".squeeze }
t(2) { "hello".count("l") }
t("h?llo") { "h\xFFllo".scrub("?") }
t(false) { "h\xFFllo".valid_encoding? }
t("hllo") { "h\xFFllo".encode("UTF-8", invalid: :replace, undef: :replace, replace: "") }
t("h?llo") { "héllo".encode("ASCII", invalid: :replace, undef: :replace, replace: "?") }
t("é") { "\xE9".force_encoding("ISO-8859-1").encode("UTF-8", "ISO-8859-1") }
t("\"é\\n\"") { "é\n".inspect }
t("Éa") { "éA".capitalize }
t("aXb") { s = "a-b"; s["-"] = "X"; s }
t("abc") { s = "abcd"; s.slice!(3); s }
t(["a\n","b"]) { "a\nb".lines }
t(["a\n\n","b"]) { "a\n\nb".lines("") }
t(["ab"]) { "ab".lines(nil) }
t(["a","b"]) { "a\r\nb".each_line.map(&:chomp) }
t("0a") { "a".rjust(2, "0") }
t([104,105]) { "hi".bytes }
t("6869") { "hi".unpack("H*")[0] }
t("hi") { ["6869"].pack("H*") }
t("aGk=\n") { ["hi"].pack("m") }
t(16909060) { [1,2,3,4].pack("C*").unpack("N")[0] }

# Numbers
t(3.14) { 3.14159.round(2) }
t(0.3) { 0.1 + 0.2 }
t("0.1") { 0.1.to_s }
t("1.0e+20") { 1e20.to_s }
t("1.0e+100") { 1e100.to_s }
t("100.0") { 100.0.to_s }
t("1.0e-05") { 0.00001.to_s }
t(2) { 2.5.to_i }
t(3) { 2.5.round }
t(-3) { -2.5.round }
t(12) { Integer("12") }
t("ArgumentError") { begin; Integer("abc"); rescue => e; e.class.to_s; end }
t(nil) { Integer("abc", exception: false) }
t(26) { Integer("0x1A", 16) }
t(255) { "ff".to_i(16) }
t("ff") { 255.to_s(16) }
t(1.5) { Float("1.5") }
t("ArgumentError") { begin; Float("x"); rescue => e; e.class.to_s; end }
t([3,2,1]) { 123.digits }
t("3.50") { "%.2f" % 3.5 }
t("00042") { "%05d" % 42 }
t("a-1") { format("%s-%d", "a", 1) }
t(3) { 7 / 2 }
t(-4) { -7 / 2 }
t(1) { 7 % 2 }
t(3.5) { 7 / 2.0 }
t(3.5) { 7.fdiv(2) }
t(10) { 3.7.floor + 7.2.floor }
t(1234.57) { 1234.5678.round(2) }
t(1200) { 1234.round(-2) }
t([2, 1]) { 7.divmod(3) }
t(5) { -5.abs }
t(8) { 2**3 }
t(5) { 10.clamp(1, 5) }
t("RangeError") { begin; 9223372036854775807 + 1; rescue RangeError => e; e.class.to_s; end }
t("ZeroDivisionError") { begin; 1 / 0; rescue => e; e.class.to_s; end }
t(Float::INFINITY) { 1.0 / 0 }
t(true) { (0.0 / 0).nan? }
t(6) { [1,2,3].sum }
t(0.6) { [0.1,0.2,0.3].sum }
t(2.0) { [1,2,3].sum / [1,2,3].size.to_f }

# Collections and libraries
t([1,2,3]) { [1,[2,[3]]].flatten }
t([1,2]) { [1,nil,2].compact }
t({1=>[1,3],0=>[2]}) { [1,2,3].group_by { |x| x % 2 } }
t([[1,2],[3]]) { [1,2,3].each_slice(2).to_a }
t({"a"=>1}) { ["a"].each_with_object({}) { |x, h| h[x] = 1 } }
t([[1,:a],[2,:b]]) { [1,2].zip([:a,:b]) }
t(3) { [1,3,2].max_by { |x| x } }
t({"a"=>2}) { {"a"=>1}.transform_values { |v| v * 2 } }
t({:a=>1}) { {"a"=>1}.transform_keys(&:to_sym) }
t([["a",1]]) { {"a"=>1,"b"=>2}.select { |k, v| v == 1 }.to_a }
t({"b"=>2}) { {"a"=>1,"b"=>2}.reject { |k, v| v == 1 } }
t(["a1"]) { {"a"=>1}.map { |k, v| "#{k}#{v}" } }
t([["b",1],["a",2]]) { {"a"=>2,"b"=>1}.sort_by { |k, v| v } }
t({"a"=>1,"b"=>3}) { {"a"=>1,"b"=>2}.merge({"b"=>3}) }
t({"a"=>3}) { {"a"=>1}.merge({"a"=>2}) { |k, o, n| o + n } }
t(true) { {"a"=>1}.any? { |k, v| v == 1 } }
t(1) { {"a"=>{"b"=>1}}.dig("a","b") }
t({"a"=>1}) { Hash[[["a",1]]] }
t({"a"=>"1","b"=>"2"}) { "a=1&b=2".split("&").map { |x| x.split("=") }.to_h }
t({"a"=>1}) { h = {"a"=>1,"b"=>nil}; h.delete_if { |k, v| v.nil? }; h }
t({"a"=>1}) { {"a"=>1,"b"=>nil}.compact }
t([["a",0],["b",1]]) { a = []; %w[a b].each_with_index { |x, i| a << [x, i] }; a }
t(["0a"]) { ["a"].each_with_index.map { |x, i| "#{i}#{x}" } }
t([1,2]) { [2,1].sort }
t([2,1]) { [1,2].sort { |a, b| b <=> a } }
t([2,3]) { [1,2,3].drop(1) }
t(6) { [1,2,3].inject(:+) }
t(6) { [1,2,3].reduce(0) { |a, b| a + b } }
t([1,2]) { [1,1,2].uniq }
t({"a"=>2,"b"=>1}) { %w[a a b].tally }
t([[1],[2]]) { [[1,2]].transpose }
t("1,2") { [1,2].join(",") }
t([3,4]) { [1,2,3,4].last(2) }
t({"x"=>0}) { h = Hash.new(0); h["x"] += 0; h }
t({"x"=>[1]}) { h = Hash.new { |hh, k| hh[k] = [] }; h["x"] << 1; h }
t([4,5]) { [1,4,5].filter_map { |x| x if x > 3 } }
t([1,2,3,4]) { [[1,2],[3,4]].flat_map { |x| x } }
t([[1,3],[2]]) { [1,2,3].partition(&:odd?) }
t([0,2,4]) { 0.step(4, 2).to_a }
t([1,2,3]) { (1..3).to_a }
t(55) { (1..10).sum }
t({:a=>1}) { JSON.parse('{"a":1}', symbolize_names: true) }
t({"a"=>[1,2.5,nil,true]}) { JSON.parse('{"a":[1,2.5,null,true]}') }
t('{"a":[1,2.5,null,"x"]}') { {"a"=>[1,2.5,nil,"x"]}.to_json }
t("JSON::ParserError") { begin; JSON.parse("{a"); rescue JSON::ParserError => e; e.class.to_s; end }
t("\"a\"") { "a".to_json }
t("900150983cd24fb0d6963f7d28e17f72") { Digest::MD5.hexdigest("abc") }
t("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") { Digest::SHA256.hexdigest("abc") }
t("f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8") { OpenSSL::HMAC.hexdigest("SHA256", "key", "The quick brown fox jumps over the lazy dog") }
t("aGVsbG8=") { Base64.strict_encode64("hello") }
t("hello") { Base64.decode64("aGVsbG8=") }
t(36) { SecureRandom.uuid.size }
t("a b&c") { URI.decode_www_form_component("a+b%26c") }
t("é") { CGI.unescape("%C3%A9") }
t("a+b%26") { CGI.escape("a b&") }
t(["http","h.com",8080,"/p","q=1","f"]) { u = URI.parse("http://h.com:8080/p?q=1#f"); [u.scheme,u.host,u.port,u.path,u.query,u.fragment] }
t(true) { IPAddr.new("10.0.0.0/8").include?("10.1.2.3") }
t(false) { IPAddr.new("10.0.0.0/8").include?(IPAddr.new("11.1.2.3")) }
t("2001:db8::1") { IPAddr.new("2001:0db8:0:0:0:0:0:1").to_s }
t(true) { Set.new([1,2]).include?(1) }
t([1,2,3]) { (Set[1,2] | [3]).to_a }
t(nil) { ENV["NOPE_X"] }
t("d") { ENV.fetch("NOPE_X", "d") }

# Times
t("2020-01-02 03:04:05 UTC") { Time.utc(2020,1,2,3,4,5).to_s }
t(1577934245) { Time.utc(2020,1,2,3,4,5).to_i }
t("2020-01-02T03:04:05.123Z") { Time.at(1577934245.123).utc.strftime("%Y-%m-%dT%H:%M:%S.%LZ") }
t("2020-01-02T03:04:05Z") { Time.at(1577934245).utc.iso8601 }
t("2020-01-02T03:04:05.000Z") { Time.at(1577934245).utc.iso8601(3) }
t(1577934245) { Time.parse("2020-01-02T03:04:05Z").to_i }
t(1577930645) { Time.parse("2020-01-02 03:04:05 +0100").to_i }
t(971211336) { Time.parse("10/Oct/2000:13:55:36 -0700").to_i }
t(971211336) { Time.strptime("10/Oct/2000:13:55:36 -0700", "%d/%b/%Y:%H:%M:%S %z").to_i }
t(1577934245) { DateTime.parse("2020-01-02T03:04:05").to_time.to_i }
t(1577934245) { DateTime.strptime("2020-01-02 03:04:05", "%Y-%m-%d %H:%M:%S").to_time.to_i }
t(3600.0) { Time.at(7200) - Time.at(3600) }
t(60) { (Time.at(0) + 60).to_i }
t("Thu") { Time.utc(2020,1,2).strftime("%a") }
t([2020,1,2,4,2]) { x = Time.utc(2020,1,2); [x.year,x.month,x.day,x.wday,x.yday] }
t("2020-03-01") { (Date.new(2020,2,28) + 2).to_s }
t(2.0) { Date.parse("2020-01-03") - Date.parse("2020-01-01") }
t("2020-02-29") { (Date.new(2020,1,31) >> 1).to_s }
t(true) { Time.at(1) < Time.at(2) }
t(123000) { Time.at(0, 123000).usec }
t("2020.01.02") { LogStash::Timestamp.at(1577934245).time.strftime("%Y.%m.%d") }
t("2020-01-02T03:04:05.000Z") { LogStash::Timestamp.new("2020-01-02T03:04:05Z").to_iso8601 }
t("2020-01-02T03:04:05.000Z") { LogStash::Timestamp.coerce("2020-01-02T03:04:05Z").to_s }
t(1577934245.5) { LogStash::Timestamp.at(1577934245.5).to_f }
t(1.0) { LogStash::Timestamp.at(2) - LogStash::Timestamp.at(1) }
t("ArgumentError") { begin; Time.parse("xx"); rescue => e; e.class.to_s; end }

# Errors, control flow, idioms
t("undefined method `split' for nil:NilClass") { begin; nil.split; rescue => e; e.message; end }
t("NoMethodError") { begin; 5.foo; rescue => e; e.class.to_s; end }
t("boom") { begin; raise "boom"; rescue => e; e.message; end }
t("SystemStackError") { def rr(n); rr(n+1); end; begin; rr(0); rescue SystemStackError => e; e.class.to_s; end }
t("TypeError") { begin; "a" + 1; rescue => e; e.class.to_s; end }
t("KeyError") { begin; {}.fetch("x"); rescue KeyError => e; e.class.to_s; end }
t(3) { [1,2,3].each { |x| break x if x == 3 } }
t(1) { x = 5; x = 1 unless x.nil?; x }
t(nil) { nil&.foo }
t("ab") { "a" "b" }
t(7) { catch(:done) { throw :done, 7 } }
t([1, {:a=>2}]) { def kw(x, **o); [x, o]; end; kw(1, a: 2) }
t(nil) { defined?(@zz) }
t(["a", "b"]) { a, b = "a:b".split(":"); [a, b] }
t("1,234,567") { 1234567.to_s.reverse.gsub(/(\d{3})(?=\d)/, '\1,').reverse }
t("1,234,567") { 1234567.to_s.gsub(/(\d)(?=(\d{3})+$)/, '\1,') }
t("abc") { "abc".freeze.dup }
t({"a"=>{"b"=>2}}) { h = {}; "a.b".split(".").each_with_index.inject(h) { |m, (k, i)| i == 1 ? m[k] = 2 : m[k] = {} }; h }
t(["x"]) { Array("x") }
t([1]) { Array(1) }
t([]) { Array(nil) }
t("String") { "a".class.name }
t(true) { "a".is_a?(String) && 1.is_a?(Integer) && 1.0.is_a?(Numeric) && 1.kind_of?(Fixnum) }
t("b") { %w[a b c].find { |x| x > "a" } }
t("aac") { "abc".tr('b', 'a') }
t(["1", "2"]) { "1\t2".split("\t") }
t("a%20b") { URI.encode("a b") }
t("é") { "\u00e9" }
t("Zm9v") { ["foo"].pack("m0") }
t(true) { "1.2.3.4".match?(/\A\d+(\.\d+){3}\z/) }
t("abcabc") { "abc" * 2 }
t("{\"a\"=>1}") { {"a"=>1}.to_s }
t("[1, \"a\", nil]") { [1,"a",nil].to_s }
t(3) { "abc".each_char.with_index.map { |c, i| i }.size }
t([["a", 0]]) { "a".each_char.with_index.to_a }
t([[1, 2], [2, 3]]) { [1,2,3].each_cons(2).to_a }
t(10) { [1,2,3,4].each_slice(2).map(&:sum).sum }
t("x") { x = "x".dup; x << ""; x }
t("3") { "%d" % 3.7 }
t([1, 3]) { [1,2,3].minmax }
t([[:a, 1]]) { {a: 1}.each_pair.to_a }
t({1=>2}) { {1=>2}.filter { |k,v| true } }
t("b") { {"a"=>"b"}.fetch("a") }
t({"b"=>1}) { {"a"=>1}.map { |k,v| ["b", v] }.to_h }
t([["a", 1, 0]]) { out=[]; {"a"=>1}.each_with_index { |(k, v), i| out << [k, v, i] }; out }
t(3) { {"a"=>1,"b"=>2}.values.inject(:+) }
t(3) { {"a"=>1,"b"=>2}.sum { |k, v| v } }
t(["b", 2]) { {"a"=>1,"b"=>2}.max_by { |k, v| v } }
t({"a"=>1}) { {"a"=>1}.each { |k, v| v } }
t([0, 1]) { [5,6].each_index.to_a }
t("1.5") { 1.5.to_s }
t("2020-01-02") { Date.strptime("02/01/2020", "%d/%m/%Y").strftime("%Y-%m-%d") }
t(true) { Time.now.to_i > 1_600_000_000 }
t("a\\b") { 'a\b' }
t(-1) { 1 <=> 2 }
t(1_000) { 1_000 }
t("caf") { "café".byteslice(0,3) }

# CSV
t(["a", "b", nil, "", "c"]) { 'a,b,,"",c'.parse_csv }
t(["a,b", "say \"hi\"", "x\ny"]) { "\"a,b\",\"say \"\"hi\"\"\",\"x\ny\"\nnext".parse_csv }
t(["a", "b"]) { "a;b".parse_csv(col_sep: ";") }
t(["a", "b c"]) { CSV.parse_line("a 'b c'", col_sep: " ", quote_char: "'") }
t(["\"a\"", "b"]) { CSV.parse_line("\"a\",b", quote_char: nil) }
t([nil, nil]) { ",".parse_csv }
t(nil) { "".parse_csv }
t([]) { "\n".parse_csv }
t(["é", "日本"]) { "é,日本\r\n".parse_csv }
t(["\"", "\"a\""]) { "\"\"\"\",\"\"\"a\"\"\"".parse_csv }
t("Illegal quoting in line 1.") { begin; "a\"b,c".parse_csv; rescue CSV::MalformedCSVError => e; e.message; end }
t("Unclosed quoted field in line 2.") { begin; "\"a,b\nc".parse_csv; rescue CSV::MalformedCSVError => e; e.message; end }
t("Any value after quoted field isn't allowed in line 1.") { begin; "\"a\"b,c".parse_csv; rescue => e; e.message; end }
t("CSV::MalformedCSVError") { begin; "a\nb\rc".lines[1].then { |x| CSV.parse("a\n" + x) }; rescue => e; e.class.to_s; end }
t([["a", "b"], [], ["c", "d\ne"]]) { CSV.parse("a,b\n\nc,\"d\ne\"\n") }
t([{"id"=>"1", "n"=>"x"}, {"id"=>"2", "n"=>nil}]) { CSV.parse("id,n\n1,x\n2\n", headers: true).map(&:to_h) }
t("x") { CSV.parse("id,n\n1,x\n", headers: true)[0]["n"] }
t([{user_id: 7, f: 1.5}]) { CSV.parse("User ID,f\n7,1.5\n", headers: true, header_converters: :symbol, converters: :numeric).map(&:to_h) }
t("a,,\"\",\"b,c\",\"d\"\"e\",1,\" f\"\n") { ["a", nil, "", "b,c", "d\"e", 1, " f"].to_csv }
t("a;b\n") { CSV.generate_line(["a", "b"], col_sep: ";") }
t("1,2\n3,4\n") { CSV.generate { |csv| csv << [1, 2] << [3, 4] } }
t("ArgumentError") { begin; "a".parse_csv(liberal_parsing: true); rescue => e; e.class.to_s; end }

# YAML
t({22=>"ssh", "a"=>[1, 2.5, nil, true, false], "b"=>{"c"=>"x y"}}) { YAML.load("22: ssh\na: [1, 2.5, ~, yes, Off]\nb:\n  c: x y\n") }
t([nil, nil, "0x1G", 31, 8, "08", 1000, 1000, -5, "1.2.3.4"]) { YAML.safe_load("[null, ~, 0x1G, 0x1F, 010, 08, 1_000, '1', -5, 1.2.3.4]").map { |v| v == "1" ? 1000 : v } }
t(["1", "yes", "1", "x"]) { YAML.load("['1', \"yes\", !!str 1, 'x']") }
t([1.5, 1000.0, 45000, 5400, "12:99"]) { YAML.load("[1.5, 1.0e+3, 12:30, 1:30:00, 12:99]") }
t(["a", "no way", "1e3", "."]) { YAML.load("[a, no way, 1e3, .]") }
t([true, true, true]) { a = YAML.load("[.inf, -.Inf, .nan]"); [a[0] == Float::INFINITY, a[1] == -Float::INFINITY, a[2].nan?] }
t([:a, :"b c"]) { YAML.load("[:a, ':x', :\"b c\"]").select { |v| v.is_a?(Symbol) } }
t("Tried to load unspecified class: Symbol") { begin; YAML.safe_load(":a: 1"); rescue Psych::DisallowedClass => e; e.message; end }
t("Tried to load unspecified class: Date") { begin; YAML.load("2020-01-02"); rescue => e; e.message; end }
t("2020-01-02") { YAML.safe_load("2020-01-02", permitted_classes: [Date]).to_s }
t(1577934245) { YAML.unsafe_load("2020-01-02 03:04:05 Z").to_i }
t({a: {b: 1}}) { YAML.load("a: {b: 1}", symbolize_names: true) }
t(nil) { YAML.load("") }
t(false) { YAML.unsafe_load("") }
t("Psych::AliasesNotEnabled") { begin; YAML.safe_load("a: &x 1\nb: *x"); rescue => e; e.class.to_s; end }
t({"d"=>{"k"=>1}, "e"=>{"k"=>1, "l"=>2}}) { YAML.load("d: &d {k: 1}\ne:\n  <<: *d\n  l: 2\n", aliases: true) }
t(true) { begin; YAML.load("a: [1"); rescue Psych::SyntaxError => e; e.is_a?(StandardError) && e.message.start_with?("(<unknown>): "); end }
t("Psych::SyntaxError") { begin; YAML.load("[" * 5000); rescue => e; e.class.to_s; end }
t("Psych::BadAlias") { lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]; 9.times { |i| lines << "a#{i + 1}: &a#{i + 1} [#{(["*a#{i}"] * 10).join(",")}]" }; begin; YAML.unsafe_load(lines.join("\n")); rescue => e; e.class.to_s; end }
t("Psych::AnchorNotDefined") { begin; YAML.unsafe_load("&a [*a]"); rescue => e; e.class.to_s; end }
t("line1\nline2\n") { YAML.load("t: |\n  line1\n  line2\n")["t"] }
t("é") { YAML.load("é") }
t("99999999999999999999") { YAML.load("99999999999999999999") }

raise $failures.join("\n") unless $failures.empty?
