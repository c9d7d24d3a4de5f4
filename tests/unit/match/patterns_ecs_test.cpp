// What the patterns of the ECS set capture by themselves, topic by topic.
#include <doctest/doctest.h>

#include "pattern_fields.hpp"

namespace {

constexpr const char* kFields = R"(
# aws
ELB_URIPATHPARAM ELB_ACCESS_LOG
S3_REQUEST_LINE: [http][request][method] [url][original] [http][version]
S3_ACCESS_LOG: [aws][s3access][bucket_owner] [aws][s3access][bucket] timestamp [client][ip]
  [client][user][id] [aws][s3access][request_id] [aws][s3access][operation] [aws][s3access][key]
  [aws][s3access][request_uri] [http][response][status_code]:int [aws][s3access][error_code]
  [aws][s3access][bytes_sent]:int [aws][s3access][object_size]:int [aws][s3access][total_time]:int
  [aws][s3access][turn_around_time]:int [http][request][referrer] [user_agent][original]
  [aws][s3access][version_id] [aws][s3access][host_id] [aws][s3access][signature_version] [tls][cipher]
  [aws][s3access][authentication_type] [aws][s3access][host_header] [aws][s3access][tls_version]
ELB_URIHOST: [url][domain] [url][port]:int
ELB_URIPATHQUERY: [url][path] [url][query]
ELB_URI: [url][scheme] [url][username]
ELB_REQUEST_LINE: [http][request][method] [url][original] [http][version]
ELB_V1_HTTP_LOG: timestamp [aws][elb][name] [source][ip] [source][port]:int [aws][elb][backend][ip]
  [aws][elb][backend][port]:int [aws][elb][request_processing_time][sec]:float
  [aws][elb][backend_processing_time][sec]:float [aws][elb][response_processing_time][sec]:float
  [http][response][status_code]:int [aws][elb][backend][http][response][status_code]:int
  [http][request][body][bytes]:int [http][response][body][bytes]:int [user_agent][original]
  [tls][cipher] [aws][elb][ssl_protocol]
CLOUDFRONT_ACCESS_LOG: timestamp [aws][cloudfront][x_edge_location] [destination][bytes]:int
  [source][ip] [http][request][method] [url][domain] [url][path] [http][response][status_code]:int
  [http][request][referrer] [user_agent][original] [url][query] [aws][cloudfront][http][request][cookie]
  [aws][cloudfront][x_edge_result_type] [aws][cloudfront][x_edge_request_id]
  [aws][cloudfront][http][request][host] [network][protocol] [source][bytes]:int
  [aws][cloudfront][time_taken]:float [network][forwarded_ip] [aws][cloudfront][ssl_protocol]
  [tls][cipher] [aws][cloudfront][x_edge_response_result_type] [http][version]
  [aws][cloudfront][fle_status] [aws][cloudfront][fle_encrypted_fields] [source][port]:int
  [aws][cloudfront][time_to_first_byte]:float [aws][cloudfront][x_edge_detailed_result_type]
  [http][request][mime_type] [aws][cloudfront][http][request][size]:int
  [aws][cloudfront][http][request][range][start]:int [aws][cloudfront][http][request][range][end]:int
# bacula
BACULA_TIMESTAMP BACULA_HOST BACULA_VOLUME BACULA_DEVICE BACULA_DEVICEPATH BACULA_CAPACITY
BACULA_VERSION BACULA_JOB BACULA_LOG_BEGIN_PRUNE_JOBS BACULA_LOG_BEGIN_PRUNE_FILES BACULA_LOG_ENDPRUNE
BACULA_LOG_DIFF_FS BACULA_LOG_NOPRUNE_JOBS BACULA_LOG_NOPRUNE_FILES BACULA_LOG_VSS BACULA_LOG_MAXSTART
BACULA_LOG_NOJOBSTAT BACULA_LOG_NOSUIT BACULA_LOG_NOPRIOR BACULA_LOG_JOB BACULA_LOGLINE
BACULA_LOG_MAX_CAPACITY: [bacula][volume][max_capacity] [bacula][volume][device] [bacula][volume][path]
BACULA_LOG_END_VOLUME: [bacula][volume][name] [bacula][volume][bytes] [bacula][volume][blocks]
  [bacula][timestamp]
BACULA_LOG_NEW_VOLUME: [bacula][volume][name]
BACULA_LOG_NEW_LABEL: [bacula][volume][name] [bacula][volume][device] [bacula][volume][path]
BACULA_LOG_WROTE_LABEL: [bacula][volume][name] [bacula][volume][device] [bacula][volume][path]
BACULA_LOG_NEW_MOUNT: [bacula][volume][name] [bacula][volume][device] [bacula][volume][path]
  [bacula][timestamp]
BACULA_LOG_NOOPEN: [error][message]
BACULA_LOG_NOOPENDIR: [file][path] [error][message]
BACULA_LOG_NOSTAT: [file][path] [error][message]
BACULA_LOG_NOJOBS: [bacula][volume][name]
BACULA_LOG_ALL_RECORDS_PRUNED: [bacula][volume][name]
BACULA_LOG_PRUNED_JOBS: [bacula][client][name]
BACULA_LOG_PRUNED_FILES: [bacula][client][name]
BACULA_LOG_STARTJOB: [bacula][job][name]
BACULA_LOG_STARTRESTORE: [bacula][job][name]
BACULA_LOG_USEDEVICE: [bacula][volume][device]
BACULA_LOG_JOBEND: [bacula][job][elapsed_time]
BACULA_LOG_VOLUME_PREVWRITTEN: [bacula][volume][name]
BACULA_LOG_READYAPPEND: [bacula][volume][name] [bacula][volume][size]:int
BACULA_LOG_CANCELLING: [bacula][job][other_id]
BACULA_LOG_MARKCANCEL: [bacula][job][id] [bacula][job][name]
BACULA_LOG_CLIENT_RBJ: [bacula][job][client_run_before_command]
BACULA_LOG_DUPLICATE: [bacula][job][other_id]
BACULA_LOG_FATAL_CONN: [bacula][client][name] [client][address] [client][port]:int [error][message]
BACULA_LOG_NO_CONNECT: [bacula][client][name] [client][address] [client][port]:int [error][message]
BACULA_LOG_NO_AUTH: [client][address] [client][port]:int
BACULA_LOG: timestamp [host][hostname] [bacula][job][id]
# bind
BIND9_TIMESTAMP BIND9_DNSTYPE BIND9_CATEGORY BIND9
BIND9_QUERYLOGBASE: [client][ip] [client][port]:int [bind][log][question][name] [dns][question][name]
  [dns][question][class] [dns][question][type] [bind][log][question][flags] [server][ip]
BIND9_QUERYLOG: timestamp [bing][log][category] [log][level]
# bro
BRO_BOOL BRO_DATA
BRO_HTTP: timestamp [zeek][session_id] [source][ip] [source][port]:int [destination][ip]
  [destination][port]:int [zeek][http][trans_depth]:int [http][request][method] [url][domain]
  [url][original] [http][request][referrer] [user_agent][original] [http][request][body][bytes]:int
  [http][response][body][bytes]:int [http][response][status_code]:int [zeek][http][status_msg]
  [zeek][http][info_code]:int [zeek][http][info_msg] [zeek][http][filename] [zeek][http][tags]
  [url][username] [url][password] [zeek][http][proxied] [zeek][http][orig_fuids]
  [http][request][mime_type] [zeek][http][resp_fuids] [http][response][mime_type]
BRO_DNS: timestamp [zeek][session_id] [source][ip] [source][port]:int [destination][ip]
  [destination][port]:int [network][transport] [dns][id]:int [dns][question][name]
  [zeek][dns][qclass]:int [zeek][dns][qclass_name] [zeek][dns][qtype]:int [dns][question][type]
  [zeek][dns][rcode]:int [dns][response_code] [zeek][dns][AA] [zeek][dns][TC] [zeek][dns][RD]
  [zeek][dns][RA] [zeek][dns][Z]:int [zeek][dns][answers] [zeek][dns][TTLs] [zeek][dns][rejected]
BRO_CONN: timestamp [zeek][session_id] [source][ip] [source][port]:int [destination][ip]
  [destination][port]:int [network][transport] [network][protocol] [zeek][connection][duration]:float
  [zeek][connection][orig_bytes]:int [zeek][connection][resp_bytes]:int [zeek][connection][state]
  [zeek][connection][local_orig] [zeek][connection][local_resp] [zeek][connection][missed_bytes]:int
  [zeek][connection][history] [source][packets]:int [source][bytes]:int [destination][packets]:int
  [destination][bytes]:int [zeek][connection][tunnel_parents]
BRO_FILES: timestamp [zeek][files][fuid] [server][ip] [client][ip] [zeek][files][session_ids]
  [zeek][files][source] [zeek][files][depth]:int [zeek][files][analyzers] [file][mime_type] [file][name]
  [zeek][files][duration]:float [zeek][files][local_orig] [zeek][files][is_orig]
  [zeek][files][seen_bytes]:int [file][size]:int [zeek][files][missing_bytes]:int
  [zeek][files][overflow_bytes]:int [zeek][files][timedout] [zeek][files][parent_fuid] [file][hash][md5]
  [file][hash][sha1] [file][hash][sha256] [zeek][files][extracted]
# exim
EXIM_MSGID EXIM_FLAGS EXIM_DATE EXIM_QT EXIM_EXCLUDE_TERMS EXIM_QUOTED_CONTENT EXIM_UNKNOWN_FIELD
EXIM_NAMED_FIELDS EXIM
EXIM_PID: [process][pid]:int
EXIM_REMOTE_HOST: [source][address] [exim][log][remote_address] [source][ip] [source][port]:int
EXIM_INTERFACE: [destination][ip] [destination][port]:int
EXIM_PROTOCOL: [network][protocol]
EXIM_MSG_SIZE: [exim][log][message][size]:int
EXIM_HEADER_ID: [exim][log][header_id]
EXIM_SUBJECT: [exim][log][message][subject]
EXIM_MESSAGE_ARRIVAL: timestamp [exim][log][message][id] [exim][log][flags] [exim][log][status]
  [exim][log][sender][email] [exim][log][sender][original] [exim][log][recipient][email]
# firewalls
CISCOTIMESTAMP CISCOTAG CISCO_ACTION CISCO_REASON CISCO_DIRECTION CISCO_INTERVAL CISCO_XLATE_TYPE
CISCOFW104003 CISCOFW104004 IPTABLES_TCP_FLAGS IPTABLES4_FRAG
NETSCREENSESSIONLOG: timestamp [observer][hostname] [observer][name] [observer][product]
  [netscreen][device_id] [event][code] [netscreen][session][type] [netscreen][session][start_time]
  [netscreen][session][duration]:int [netscreen][policy_id] [netscreen][service]
  [netscreen][protocol_number]:int [observer][ingress][zone] [observer][egress][zone] [event][action]
  [source][bytes]:int [destination][bytes]:int [source][address] [destination][address]
  [source][port]:int [destination][port]:int [source][nat][ip] [source][nat][port]:int
  [destination][nat][ip] [destination][nat][port]:int [netscreen][session][id]
  [netscreen][session][reason]
CISCO_TAGGED_SYSLOG: [log][syslog][priority]:int timestamp [host][hostname] [cisco][asa][tag]
CISCO_HITCOUNT_INTERVAL: [cisco][asa][hit_count]:int [cisco][asa][interval]:int
CISCO_SRC_IP_USER: [observer][ingress][interface][name] [source][ip] [source][user][name]
CISCO_DST_IP_USER: [observer][egress][interface][name] [destination][ip] [destination][user][name]
CISCO_SRC_HOST_PORT_USER: [observer][ingress][interface][name] [source][ip] [source][address]
  [source][port]:int [source][user][name]
CISCO_DST_HOST_PORT_USER: [observer][egress][interface][name] [destination][ip] [destination][address]
  [destination][port]:int [destination][user][name]
CISCOFW104001: [event][reason]
CISCOFW104002: [event][reason]
CISCOFW105003: [network][interface][name]
CISCOFW105004: [network][interface][name]
CISCOFW105005: [network][interface][name]
CISCOFW105008: [network][interface][name]
CISCOFW105009: [network][interface][name]
CISCOFW106001: [cisco][asa][network][direction] [cisco][asa][network][transport] [cisco][asa][outcome]
  [source][ip] [source][port]:int [destination][ip] [destination][port]:int [cisco][asa][tcp_flags]
  [observer][egress][interface][name]
CISCOFW106006_106007_106010: [cisco][asa][outcome] [cisco][asa][network][direction]
  [cisco][asa][network][transport] [source][ip] [source][port]:int [source][user][name]
  [destination][ip] [destination][port]:int [destination][user][name]
  [observer][egress][interface][name] [event][reason]
CISCOFW106014: [cisco][asa][outcome] [cisco][asa][network][direction] [cisco][asa][network][transport]
  [cisco][asa][icmp_type]:int [cisco][asa][icmp_code]:int
CISCOFW106015: [cisco][asa][outcome] [cisco][asa][network][transport] [cisco][asa][rule_name]
  [source][ip] [source][port]:int [destination][ip] [destination][port]:int [cisco][asa][tcp_flags]
  [observer][egress][interface][name]
CISCOFW106021: [cisco][asa][outcome] [cisco][asa][network][transport] [source][ip] [destination][ip]
  [observer][egress][interface][name]
CISCOFW106023: [cisco][asa][outcome] [cisco][asa][network][transport] [cisco][asa][icmp_type]:int
  [cisco][asa][icmp_code]:int [cisco][asa][rule_name] [@metadata][cisco][asa][hashcode1]
  [@metadata][cisco][asa][hashcode2]
CISCOFW106100_2_3: [cisco][asa][rule_name] [cisco][asa][outcome] [cisco][asa][network][transport]
  [user][name] [observer][ingress][interface][name] [source][ip] [source][port]:int
  [observer][egress][interface][name] [destination][ip] [destination][port]:int
  [@metadata][cisco][asa][hashcode1] [@metadata][cisco][asa][hashcode2]
CISCOFW106100: [cisco][asa][rule_name] [cisco][asa][outcome] [cisco][asa][network][transport]
  [observer][ingress][interface][name] [source][ip] [source][port]:int [source][user][name]
  [observer][egress][interface][name] [destination][ip] [destination][port]:int
  [cisco][asa][hit_count]:int [@metadata][cisco][asa][hashcode1] [@metadata][cisco][asa][hashcode2]
CISCOFW304001: [source][ip] [source][user][name] [destination][ip] [url][original]
CISCOFW110002: [event][reason] [cisco][asa][network][transport] [observer][ingress][interface][name]
  [source][ip] [source][port]:int [destination][ip] [destination][port]:int
CISCOFW302010: [cisco][asa][connections][in_use]:int [cisco][asa][connections][most_used]:int
CISCOFW302013_302014_302015_302016: [cisco][asa][outcome] [cisco][asa][network][direction]
  [cisco][asa][network][transport] [cisco][asa][connection_id] [observer][ingress][interface][name]
  [source][ip] [source][port]:int [source][nat][ip] [source][nat][port]:int [source][user][name]
  [observer][egress][interface][name] [destination][ip] [destination][port]:int [destination][nat][ip]
  [destination][nat][port]:int [destination][user][name] [cisco][asa][duration] [network][bytes]:int
  [event][reason] [user][name]
CISCOFW302020_302021: [cisco][asa][outcome] [cisco][asa][network][direction]
  [cisco][asa][network][transport] [destination][ip] [cisco][asa][icmp_seq]:int
  [destination][user][name] [source][nat][ip] [cisco][asa][icmp_type]:int [source][ip]
  [source][user][name]
CISCOFW305011: [cisco][asa][outcome] [cisco][asa][network][transport]
  [observer][ingress][interface][name] [source][ip] [source][port]:int [source][user][name]
  [observer][egress][interface][name] [destination][ip] [destination][port]:int
CISCOFW313001_313004_313008: [cisco][asa][outcome] [cisco][asa][network][transport]
  [cisco][asa][icmp_type]:int [cisco][asa][icmp_code]:int [source][ip]
  [observer][egress][interface][name] [destination][ip]
CISCOFW313005: [event][reason] [cisco][asa][network][transport] [cisco][asa][icmp_type]:int
  [cisco][asa][icmp_code]:int [cisco][asa][original_ip_payload][network][transport]
  [cisco][asa][original_ip_payload][source][ip] [cisco][asa][original_ip_payload][source][port]:int
  [cisco][asa][original_ip_payload][source][user][name]
  [cisco][asa][original_ip_payload][destination][ip]
  [cisco][asa][original_ip_payload][destination][port]:int
  [cisco][asa][original_ip_payload][destination][user][name]
CISCOFW321001: [cisco][asa][resource][name] [cisco][asa][resource][limit]:int
CISCOFW402117: [cisco][asa][network][type] [cisco][asa][network][transport] [source][ip]
  [destination][ip]
CISCOFW402119: [cisco][asa][network][type] [cisco][asa][ipsec][protocol] [cisco][asa][ipsec][spi]
  [cisco][asa][ipsec][seq_num] [source][ip] [source][user][name] [destination][ip]
CISCOFW419001: [cisco][asa][outcome] [cisco][asa][network][transport]
  [observer][ingress][interface][name] [source][ip] [source][port]:int
  [observer][egress][interface][name] [destination][ip] [destination][port]:int [event][reason]
CISCOFW419002: [event][reason] [observer][ingress][interface][name] [source][ip] [source][port]:int
  [observer][egress][interface][name] [destination][ip] [destination][port]:int
CISCOFW500004: [event][reason] [cisco][asa][network][transport] [source][ip] [source][port]:int
  [destination][ip] [destination][port]:int
CISCOFW602303_602304: [cisco][asa][network][type] [cisco][asa][network][direction]
  [cisco][asa][ipsec][tunnel_type] [cisco][asa][ipsec][spi] [source][ip] [destination][ip]
  [source][user][name] [cisco][asa][outcome]
CISCOFW710001_710002_710003_710005_710006: [cisco][asa][network][transport] [cisco][asa][outcome]
  [source][ip] [source][port]:int [observer][egress][interface][name] [destination][ip]
  [destination][port]:int
CISCOFW713172: [cisco][asa][source][group] [source][ip] [@metadata][cisco][asa][remote_nat]
  [@metadata][cisco][asa][local_nat]
CISCOFW733100: [cisco][asa][burst][object] [cisco][asa][burst][id] [cisco][asa][burst][current_rate]:int
  [cisco][asa][burst][configured_rate]:int [cisco][asa][burst][avg_rate]:int
  [cisco][asa][burst][configured_avg_rate]:int [cisco][asa][burst][cumulative_count]:int
IPTABLES_TCP_PART: [iptables][tcp][seq]:int [iptables][tcp][ack]:int [iptables][tcp][window]:int
  [iptables][tcp_reserved_bits] [iptables][tcp][flags]
IPTABLES4_PART: [source][ip] [destination][ip] [iptables][length]:int [iptables][tos]
  [iptables][precedence_bits] [iptables][ttl]:int [iptables][id] [iptables][fragment_flags]
  [iptables][fragment_offset]:int
IPTABLES6_PART: [source][ip] [destination][ip] [iptables][length]:int [iptables][tos]
  [iptables][ttl]:int [iptables][flow_label]
IPTABLES: [observer][ingress][interface][name] [observer][egress][interface][name] [destination][mac]
  [source][mac] [network][transport] [source][port]:int [destination][port]:int
SHOREWALL: timestamp [observer][hostname] [shorewall][firewall][type] [shorewall][firewall][action]
SFW2_LOG_PREFIX: [suse][firewall][action]
SFW2: timestamp [observer][hostname] [suse][firewall][log_prefix]
# grok-patterns
USERNAME USER EMAILLOCALPART EMAILADDRESS INT BASE10NUM NUMBER BASE16NUM BASE16FLOAT POSINT NONNEGINT
WORD NOTSPACE SPACE DATA GREEDYDATA QUOTEDSTRING UUID URN MAC CISCOMAC WINDOWSMAC COMMONMAC IPV6 IPV4 IP
HOSTNAME IPORHOST HOSTPORT PATH UNIXPATH TTY WINPATH URIPROTO URIHOST URIPATH URIQUERY URIPARAM
URIPATHPARAM URI MONTH MONTHNUM MONTHNUM2 MONTHDAY DAY YEAR HOUR MINUTE SECOND TIME DATE_US DATE_EU
ISO8601_TIMEZONE ISO8601_SECOND TIMESTAMP_ISO8601 DATE DATESTAMP TZ DATESTAMP_RFC822 DATESTAMP_RFC2822
DATESTAMP_OTHER DATESTAMP_EVENTLOG SYSLOGTIMESTAMP PROG SYSLOGHOST HTTPDATE QS LOGLEVEL
SYSLOGPROG: [process][name] [process][pid]:int
SYSLOGFACILITY: [log][syslog][facility][code]:int [log][syslog][priority]:int
SYSLOGBASE: timestamp [host][hostname]
# haproxy
HAPROXYTIME HAPROXYDATE
HAPROXYCAPTUREDREQUESTHEADERS: [haproxy][http][request][captured_headers]
HAPROXYCAPTUREDRESPONSEHEADERS: [haproxy][http][response][captured_headers]
HAPROXYURI: [url][scheme] [url][username] [url][domain] [url][port]:int [url][path] [url][query]
HAPROXYHTTPREQUESTLINE: [http][request][method] [url][original] [http][version]
HAPROXYHTTPBASE: [source][address] [source][port]:int [haproxy][request_date] [haproxy][frontend_name]
  [haproxy][backend_name] [haproxy][server_name] [haproxy][http][request][time_wait_ms]:int
  [haproxy][total_waiting_time_ms]:int [haproxy][connection_wait_time_ms]:int
  [haproxy][http][request][time_wait_without_data_ms]:int [haproxy][total_time_ms]
  [http][response][status_code]:int [source][bytes]:int [haproxy][http][request][captured_cookie]
  [haproxy][http][response][captured_cookie] [haproxy][termination_state]
  [haproxy][connections][active]:int [haproxy][connections][frontend]:int
  [haproxy][connections][backend]:int [haproxy][connections][server]:int
  [haproxy][connections][retries]:int [haproxy][server_queue]:int [haproxy][backend_queue]:int
HAPROXYHTTP: timestamp [host][hostname]
HAPROXYTCP: timestamp [host][hostname] [source][address] [source][port]:int [haproxy][request_date]
  [haproxy][frontend_name] [haproxy][backend_name] [haproxy][server_name]
  [haproxy][total_waiting_time_ms]:int [haproxy][connection_wait_time_ms]:int [haproxy][total_time_ms]
  [source][bytes]:int [haproxy][termination_state] [haproxy][connections][active]:int
  [haproxy][connections][frontend]:int [haproxy][connections][backend]:int
  [haproxy][connections][server]:int [haproxy][connections][retries]:int [haproxy][server_queue]:int
  [haproxy][backend_queue]:int
# httpd
HTTPDUSER HTTPDERROR_DATE HTTPD_ERRORLOG COMMONAPACHELOG COMBINEDAPACHELOG
HTTPD_COMMONLOG: [source][address] [apache][access][user][identity] [user][name] timestamp
  [http][request][method] [url][original] [http][version] [http][response][status_code]:int
  [http][response][body][bytes]:int
HTTPD_COMBINEDLOG: [http][request][referrer] [user_agent][original]
HTTPD20_ERRORLOG: timestamp [log][level] [source][address] message
HTTPD24_ERRORLOG: timestamp [apache][error][module] [log][level] [process][pid]:int
  [process][thread][id]:int [apache][error][proxy][error][code] [apache][error][proxy][error][message]
  [source][address] [source][port]:int [error][code] message
# java
JAVACLASS JAVAFILE JAVAMETHOD JAVATHREAD JAVALOGMESSAGE CATALINA7_DATESTAMP CATALINA8_DATESTAMP
CATALINA_DATESTAMP CATALINALOG TOMCAT7_LOG TOMCAT8_LOG TOMCATLEGACY_DATESTAMP TOMCAT_DATESTAMP TOMCATLOG
JAVASTACKTRACEPART: [java][log][origin][class][name] [log][origin][function] [log][origin][file][name]
  [log][origin][file][line]:int
CATALINA7_LOG: timestamp [java][log][origin][class][name] [log][origin][function] [log][level] message
CATALINA8_LOG: timestamp [log][level] [java][log][origin][thread][name] [java][log][origin][class][name]
  [log][origin][function] message
TOMCATLEGACY_LOG: timestamp [log][level] [java][log][origin][class][name] message
# junos
RT_FLOW_TAG RT_FLOW_EVENT
RT_FLOW1: [juniper][srx][tag] [juniper][srx][reason] [source][ip] [source][port]:int [destination][ip]
  [destination][port]:int [juniper][srx][service_name] [source][nat][ip] [source][nat][port]:int
  [destination][nat][ip] [destination][nat][port]:int [juniper][srx][src_nat_rule_name]
  [juniper][srx][dst_nat_rule_name] [network][iana_number] [rule][name] [observer][ingress][zone]
  [observer][egress][zone] [juniper][srx][session_id] [source][bytes]:int [destination][bytes]:int
  [juniper][srx][elapsed_time]:int
RT_FLOW2: [juniper][srx][tag] [source][ip] [source][port]:int [destination][ip] [destination][port]:int
  [juniper][srx][service_name] [source][nat][ip] [source][nat][port]:int [destination][nat][ip]
  [destination][nat][port]:int [juniper][srx][src_nat_rule_name] [juniper][srx][dst_nat_rule_name]
  [network][iana_number] [rule][name] [observer][ingress][zone] [observer][egress][zone]
  [juniper][srx][session_id]
RT_FLOW3: [juniper][srx][tag] [source][ip] [source][port]:int [destination][ip] [destination][port]:int
  [juniper][srx][service_name] [network][iana_number] [rule][name] [observer][ingress][zone]
  [observer][egress][zone]
# linux-syslog
SYSLOG5424PRINTASCII CRON_ACTION SYSLOG5424SD
SYSLOGBASE2: timestamp [host][hostname]
SYSLOGPAMSESSION: message [system][auth][pam][module] [system][auth][pam][origin]
  [system][auth][pam][session_state] [user][name]
CRONLOG: [user][name] [system][cron][action] message
SYSLOGLINE: message
SYSLOG5424PRI: [log][syslog][priority]:int
SYSLOG5424BASE: [system][syslog][version] timestamp [host][hostname] [process][name] [process][pid]:int
  [event][code] [system][syslog][structured_data]
SYSLOG5424LINE: message
# maven
MAVEN_VERSION
# mcollective
MCOLLECTIVE: timestamp [process][pid]:int [log][level]
MCOLLECTIVEAUDIT: timestamp
# mongodb
MONGO_QUERY MONGO_WORDDASH MONGO3_SEVERITY MONGO3_COMPONENT
MONGO_LOG: timestamp [mongodb][component] message
MONGO_SLOWQUERY: [mongodb][profile][op] [mongodb][database] [mongodb][collection]
  [mongodb][query][original] [mongodb][profile][ntoreturn]:int [mongodb][profile][ntoskip]:int
  [mongodb][profile][nscanned]:int [mongodb][profile][nreturned]:int [mongodb][profile][duration]:int
MONGO3_LOG: timestamp [log][level] [mongodb][component] [mongodb][context] message
# nagios
NAGIOS_TYPE_CURRENT_SERVICE_STATE NAGIOS_TYPE_CURRENT_HOST_STATE NAGIOS_TYPE_SERVICE_NOTIFICATION
NAGIOS_TYPE_HOST_NOTIFICATION NAGIOS_TYPE_SERVICE_ALERT NAGIOS_TYPE_HOST_ALERT
NAGIOS_TYPE_SERVICE_FLAPPING_ALERT NAGIOS_TYPE_HOST_FLAPPING_ALERT NAGIOS_TYPE_SERVICE_DOWNTIME_ALERT
NAGIOS_TYPE_HOST_DOWNTIME_ALERT NAGIOS_TYPE_PASSIVE_SERVICE_CHECK NAGIOS_TYPE_PASSIVE_HOST_CHECK
NAGIOS_TYPE_SERVICE_EVENT_HANDLER NAGIOS_TYPE_HOST_EVENT_HANDLER NAGIOS_TYPE_EXTERNAL_COMMAND
NAGIOS_TYPE_TIMEPERIOD_TRANSITION NAGIOS_EC_DISABLE_SVC_CHECK NAGIOS_EC_ENABLE_SVC_CHECK
NAGIOS_EC_DISABLE_HOST_CHECK NAGIOS_EC_ENABLE_HOST_CHECK NAGIOS_EC_PROCESS_SERVICE_CHECK_RESULT
NAGIOS_EC_PROCESS_HOST_CHECK_RESULT NAGIOS_EC_SCHEDULE_SERVICE_DOWNTIME NAGIOS_EC_SCHEDULE_HOST_DOWNTIME
NAGIOS_EC_DISABLE_HOST_SVC_NOTIFICATIONS NAGIOS_EC_ENABLE_HOST_SVC_NOTIFICATIONS
NAGIOS_EC_DISABLE_HOST_NOTIFICATIONS NAGIOS_EC_ENABLE_HOST_NOTIFICATIONS
NAGIOS_EC_DISABLE_SVC_NOTIFICATIONS NAGIOS_EC_ENABLE_SVC_NOTIFICATIONS NAGIOSLOGLINE
NAGIOSTIME: timestamp
NAGIOS_WARNING: message
NAGIOS_CURRENT_SERVICE_STATE: [nagios][log][type] [host][hostname] [service][name] [service][state]
  [nagios][log][state_type] [nagios][log][attempt]:int message
NAGIOS_CURRENT_HOST_STATE: [nagios][log][type] [host][hostname] [service][state]
  [nagios][log][state_type] [nagios][log][attempt]:int message
NAGIOS_SERVICE_NOTIFICATION: [nagios][log][type] [user][name] [host][hostname] [service][name]
  [service][state] [nagios][log][notification_command] message
NAGIOS_HOST_NOTIFICATION: [nagios][log][type] [user][name] [host][hostname] [service][state]
  [nagios][log][notification_command] message
NAGIOS_SERVICE_ALERT: [nagios][log][type] [host][hostname] [service][name] [service][state]
  [nagios][log][state_type] [nagios][log][attempt]:int message
NAGIOS_HOST_ALERT: [nagios][log][type] [host][hostname] [service][state] [nagios][log][state_type]
  [nagios][log][attempt]:int message
NAGIOS_SERVICE_FLAPPING_ALERT: [nagios][log][type] [host][hostname] [service][name] [service][state]
  message
NAGIOS_HOST_FLAPPING_ALERT: [nagios][log][type] [host][hostname] [service][state] message
NAGIOS_SERVICE_DOWNTIME_ALERT: [nagios][log][type] [host][hostname] [service][name] [service][state]
  [nagios][log][comment]
NAGIOS_HOST_DOWNTIME_ALERT: [nagios][log][type] [host][hostname] [service][state] [nagios][log][comment]
NAGIOS_PASSIVE_SERVICE_CHECK: [nagios][log][type] [host][hostname] [service][name] [service][state]
  [nagios][log][comment]
NAGIOS_PASSIVE_HOST_CHECK: [nagios][log][type] [host][hostname] [service][state] [nagios][log][comment]
NAGIOS_SERVICE_EVENT_HANDLER: [nagios][log][type] [host][hostname] [service][name] [service][state]
  [nagios][log][state_type] [nagios][log][event_handler_name]
NAGIOS_HOST_EVENT_HANDLER: [nagios][log][type] [host][hostname] [service][state]
  [nagios][log][state_type] [nagios][log][event_handler_name]
NAGIOS_TIMEPERIOD_TRANSITION: [nagios][log][type] [service][name] [nagios][log][period_from]:int
  [nagios][log][period_to]:int
NAGIOS_EC_LINE_DISABLE_SVC_CHECK: [nagios][log][type] [nagios][log][command] [host][hostname]
  [service][name]
NAGIOS_EC_LINE_DISABLE_HOST_CHECK: [nagios][log][type] [nagios][log][command] [host][hostname]
NAGIOS_EC_LINE_ENABLE_SVC_CHECK: [nagios][log][type] [nagios][log][command] [host][hostname]
  [service][name]
NAGIOS_EC_LINE_ENABLE_HOST_CHECK: [nagios][log][type] [nagios][log][command] [host][hostname]
NAGIOS_EC_LINE_PROCESS_SERVICE_CHECK_RESULT: [nagios][log][type] [nagios][log][command] [host][hostname]
  [service][name] [service][state] [nagios][log][check_result]
NAGIOS_EC_LINE_PROCESS_HOST_CHECK_RESULT: [nagios][log][type] [nagios][log][command] [host][hostname]
  [service][state] [nagios][log][check_result]
NAGIOS_EC_LINE_DISABLE_HOST_SVC_NOTIFICATIONS: [nagios][log][type] [nagios][log][command]
  [host][hostname]
NAGIOS_EC_LINE_DISABLE_HOST_NOTIFICATIONS: [nagios][log][type] [nagios][log][command] [host][hostname]
NAGIOS_EC_LINE_DISABLE_SVC_NOTIFICATIONS: [nagios][log][type] [nagios][log][command] [host][hostname]
  [service][name]
NAGIOS_EC_LINE_ENABLE_HOST_SVC_NOTIFICATIONS: [nagios][log][type] [nagios][log][command]
  [host][hostname]
NAGIOS_EC_LINE_ENABLE_HOST_NOTIFICATIONS: [nagios][log][type] [nagios][log][command] [host][hostname]
NAGIOS_EC_LINE_ENABLE_SVC_NOTIFICATIONS: [nagios][log][type] [nagios][log][command] [host][hostname]
  [service][name]
NAGIOS_EC_LINE_SCHEDULE_HOST_DOWNTIME: [nagios][log][type] [nagios][log][command] [host][hostname]
  [nagios][log][start_time] [nagios][log][end_time] [nagios][log][fixed] [nagios][log][trigger_id]
  [nagios][log][duration]:int [user][name] [nagios][log][comment]
# postgresql
POSTGRESQL: timestamp [event][timezone] [user][name] [postgresql][log][connection_id] [process][pid]:int
# rails
RUUID
RCONTROLLER: [rails][controller][class] [rails][controller][action]
RAILS3HEAD: [http][request][method] [url][original] [source][address] timestamp
RPROCESSING: [rails][request][format] [rails][request][params]
RAILS3FOOT: [http][response][status_code]:int [rails][request][duration][total]:float
RAILS3PROFILE: [rails][request][duration][view]:float [rails][request][duration][active_record]:float
RAILS3: [rails][request][explain][original]
# redis
REDISTIMESTAMP
REDISLOG: [process][pid]:int timestamp
REDISMONLOG: timestamp [redis][database][id] [client][ip] [client][port]:int [redis][command][name]
  [redis][command][args]
# ruby
RUBY_LOGLEVEL
RUBY_LOGGER: timestamp [process][pid]:int [log][level] [process][name] message
# squid
SQUID3_STATUS: [http][response][status_code]:int
SQUID3: timestamp [squid][request][duration]:int [source][ip] [event][action]
  [http][response][bytes]:int [http][request][method] [url][original] [user][name]
  [squid][hierarchy_code] [destination][address] [http][response][mime_type]
# zeek
ZEEK_BOOL ZEEK_DATA
ZEEK_HTTP: timestamp [zeek][session_id] [source][ip] [source][port]:int [destination][ip]
  [destination][port]:int [zeek][http][trans_depth]:int [http][request][method] [url][domain]
  [url][original] [http][request][referrer] [http][version] [user_agent][original] [zeek][http][origin]
  [http][request][body][bytes]:int [http][response][body][bytes]:int [http][response][status_code]:int
  [zeek][http][status_msg] [zeek][http][info_code]:int [zeek][http][info_msg] [zeek][http][tags]
  [url][username] [url][password] [zeek][http][proxied] [zeek][http][orig_fuids]
  [zeek][http][orig_filenames] [http][request][mime_type] [zeek][http][resp_fuids]
  [zeek][http][resp_filenames] [http][response][mime_type]
ZEEK_DNS: timestamp [zeek][session_id] [source][ip] [source][port]:int [destination][ip]
  [destination][port]:int [network][transport] [dns][id]:int [zeek][dns][rtt]:float
  [dns][question][name] [zeek][dns][qclass]:int [zeek][dns][qclass_name] [zeek][dns][qtype]:int
  [dns][question][type] [zeek][dns][rcode]:int [dns][response_code] [zeek][dns][AA] [zeek][dns][TC]
  [zeek][dns][RD] [zeek][dns][RA] [zeek][dns][Z]:int [zeek][dns][answers] [zeek][dns][TTLs]
  [zeek][dns][rejected]
ZEEK_CONN: timestamp [zeek][session_id] [source][ip] [source][port]:int [destination][ip]
  [destination][port]:int [network][transport] [network][protocol] [zeek][connection][duration]:float
  [zeek][connection][orig_bytes]:int [zeek][connection][resp_bytes]:int [zeek][connection][state]
  [zeek][connection][local_orig] [zeek][connection][local_resp] [zeek][connection][missed_bytes]:int
  [zeek][connection][history] [source][packets]:int [source][bytes]:int [destination][packets]:int
  [destination][bytes]:int [zeek][connection][tunnel_parents] [source][mac] [destination][mac]
ZEEK_FILES_TX_HOSTS: [server][ip] [zeek][files][tx_hosts]
ZEEK_FILES_RX_HOSTS: [client][ip] [zeek][files][rx_hosts]
ZEEK_FILES: timestamp [zeek][files][fuid] [zeek][files][session_ids] [zeek][files][source]
  [zeek][files][depth]:int [zeek][files][analyzers] [file][mime_type] [file][name]
  [zeek][files][duration]:float [zeek][files][local_orig] [zeek][files][is_orig]
  [zeek][files][seen_bytes]:int [file][size]:int [zeek][files][missing_bytes]:int
  [zeek][files][overflow_bytes]:int [zeek][files][timedout] [zeek][files][parent_fuid] [file][hash][md5]
  [file][hash][sha1] [file][hash][sha256] [zeek][files][extracted] [zeek][files][extracted_cutoff]
  [zeek][files][extracted_size]:int
)";

}  // namespace

TEST_CASE("ECS patterns capture the fields they promise, and no others") {
  check_pattern_fields(sluice::match::BuiltinPatterns::ecs_v1, kFields);
}
