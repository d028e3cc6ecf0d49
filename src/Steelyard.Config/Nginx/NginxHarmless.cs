using Steelyard.Config.Dialects;

namespace Steelyard.Config.Nginx;

/// <summary>The directives that are accepted without effect: nothing that a client or a server sees depends on them.</summary>
internal static class NginxHarmless
{
    private static readonly (string Why, string Contexts, string Names)[] s_all =
    [
        ("There is an event loop for each core, and one engine whose state all share.", "M", "worker_processes worker_cpu_affinity worker_priority worker_rlimit_nofile worker_rlimit_core worker_aio_requests master_process thread_pool timer_resolution lock_file working_directory env pcre_jit debug_points ssl_engine ssl_object_cache_inheritable google_perftools_profiles quic_bpf load_module"),
        ("The engine becomes another user only by `user` in Steelyard's YAML.", "M", "user"),
        ("Events are Steelyard's own.", "E", "worker_connections use multi_accept accept_mutex accept_mutex_delay epoll_events debug_connection"),
        ("What goes wrong is said on standard error and by the admin API; a daemon under the name `nginx` says it in the file that the outermost line names.", "MHSLTV", "error_log"),
        ("What goes wrong is said on standard error and by the admin API.", "MHSLTV", "log_not_found rewrite_log limit_req_log_level limit_conn_log_level uninitialized_variable_warn open_log_file_cache"),
        ("How bytes are moved is Steelyard's own.", "HSLITV", "sendfile sendfile_max_chunk tcp_nopush tcp_nodelay aio aio_write directio directio_alignment output_buffers postpone_output read_ahead open_file_cache open_file_cache_valid open_file_cache_min_uses open_file_cache_errors open_file_cache_events reset_timedout_connection lingering_close lingering_time lingering_timeout send_lowat preread_buffer_size preread_timeout proxy_protocol_timeout"),
        ("Heads have room for 16 KiB, and bodies are streamed.", "HSL", "client_header_buffer_size client_body_buffer_size client_body_temp_path client_body_in_single_buffer connection_pool_size request_pool_size subrequest_output_buffer_size"),
        ("Nothing is buffered: answers and bodies pass as they come, and what is slow waits.", "HSLTV", "proxy_buffering proxy_request_buffering proxy_buffers proxy_buffer_size proxy_busy_buffers_size proxy_max_temp_file_size proxy_temp_file_write_size proxy_temp_path proxy_socket_keepalive proxy_headers_hash_max_size proxy_headers_hash_bucket_size proxy_downstream_buffer proxy_upstream_buffer proxy_requests proxy_responses proxy_allow_upstream proxy_send_lowat"),
        ("There is no cache here: every request goes to a server.", "HSLI", "proxy_cache proxy_cache_path proxy_cache_valid proxy_cache_key proxy_cache_bypass proxy_no_cache proxy_cache_methods proxy_cache_lock proxy_cache_lock_timeout proxy_cache_lock_age proxy_cache_use_stale proxy_cache_min_uses proxy_cache_revalidate proxy_cache_background_update proxy_cache_convert_head proxy_cache_max_range_offset proxy_cache_purge"),
        ("A connection over which a client logs in by NTLM or Negotiate is kept for it in any case.", "U", "ntlm"),
        ("Tables have the size they need.", "HSLTV", "types_hash_max_size types_hash_bucket_size server_names_hash_max_size server_names_hash_bucket_size variables_hash_max_size variables_hash_bucket_size map_hash_max_size map_hash_bucket_size referer_hash_max_size referer_hash_bucket_size"),
        ("How gzip does its work is Steelyard's own.", "HSL", "gzip_buffers gzip_hash gzip_window gzip_no_buffer postpone_gzipping gunzip_buffers"),
        ("Answers are compressed by gzip alone; what servers compress passes.", "HSLI", "brotli brotli_types brotli_comp_level brotli_static brotli_min_length brotli_buffers brotli_window zstd zstd_types zstd_comp_level zstd_static zstd_min_length zstd_buffers"),
        ("Steelyard does not name itself.", "HSL", "server_tokens"),
        ("HTTP is strict here, see docs/http.md.", "HSL", "msie_padding keepalive_disable keepalive_min_timeout"),
        ("The system's OpenSSL chooses, sessions are resumed, and certificates are read again when they change.", "HSTV", "ssl_ciphers ssl_prefer_server_ciphers ssl_session_cache ssl_session_timeout ssl_session_tickets ssl_session_ticket_key ssl_ecdh_curve ssl_dhparam ssl_buffer_size ssl_stapling ssl_stapling_verify ssl_stapling_file ssl_stapling_responder ssl_trusted_certificate ssl_ocsp_cache ssl_ocsp_responder ssl_handshake_timeout ssl_alpn ssl_certificate_cache ssl_certificate_compression"),
        ("The system's OpenSSL chooses.", "HSLTV", "proxy_ssl_ciphers proxy_ssl_protocols proxy_ssl_session_reuse proxy_ssl_verify_depth proxy_ssl_certificate_cache proxy_ssl_alpn"),
        ("HTTP/1.1 is spoken.", "HS", "http2 http2_max_concurrent_streams http2_idle_timeout http2_recv_timeout http2_chunk_size http2_max_field_size http2_max_header_size http2_body_preread_size http2_max_requests http2_max_concurrent_pushes http2_pool_size http2_recv_buffer_size http2_streams_index_size http3 http3_hq http3_max_concurrent_streams http3_stream_buffer_size quic_retry quic_gso quic_active_connection_id_limit quic_host_key"),
        ("HTTP/1.1 is spoken, and nothing is pushed.", "HSL", "http2_push http2_push_preload"),
        ("Connections to servers are kept, as many as are used.", "UP", "keepalive"),
        ("Connections are kept while they are used.", "HSLUP", "keepalive_time"),
        ("All loops share the state of servers.", "UP", "zone"),
        ("All is counted, see docs/metrics.md.", "SLV", "status_zone"),
        ("They are for `dav_methods`, any word of which but `off` is an error.", "HSL", "dav_access create_full_put_path min_delete_depth"),
        ("`ssl` behind `listen` counts.", "HS", "ssl"),
    ];

    // What they say by default changes nothing; what else they may say is warned of, where somebody may count on it.
    private static readonly (string Name, string Contexts, string Harmless, string Otherwise, string Instead)[] s_byDefault =
    [
        ("log_subrequest", "HSL", "off", "there are no subrequests to write", "off"),
        ("chunked_transfer_encoding", "HSL", "on", "answers of no known length are sent in chunks to clients of HTTP/1.1", "on"),
        ("max_headers", "HS", "", "up to 128 fields are taken", "no \"max_headers\""),
        ("client_body_in_file_only", "HSL", "off", "bodies pass, and are kept nowhere", "off"),
        ("proxy_ignore_client_abort", "HSL", "off", "a server's answer is given up when the client leaves", "off"),
        ("proxy_force_ranges", "HSLI", "off", "ranges are what the server makes of them", "off"),
        ("proxy_half_close", "TV", "on", "each side of a connection is closed when its own peer closes it, as with \"on\"", "on"),
        ("msie_refresh", "HSL", "off", "redirects are redirects to every client", "off"),
        ("source_charset", "HSLI", "off", "nothing is converted", "off"),
        ("override_charset", "HSLI", "off", "what says a charset keeps it", "off"),
        ("proxy_upload_rate", "TV", "0", "bytes pass as fast as they are taken", "0"),
        ("proxy_download_rate", "TV", "0", "bytes pass as fast as they are taken", "0"),
        ("ssl_verify_depth", "HS" + "TV", "", "the system's OpenSSL decides how long a chain may be", "no \"ssl_verify_depth\""),
        ("ssl_ocsp", "HS", "off", "whether clients' certificates were revoked is not asked", "off, and certificates of short life"),
        ("early_hints", "HSL", "", "103 of servers passes to all clients of HTTP/1.1", "no \"early_hints\""),
        ("proxy_pass_trailers", "HSL", "on", "trailers of servers pass to clients that say \"TE: trailers\"", "on"),
        ("proxy_session_drop", "TV", "off", "sessions go on when their server is taken out", "off"),
        ("ssl_key_log", "HSTV", "", "keys of connections are written nowhere", "no \"ssl_key_log\""),
        ("proxy_ssl_key_log", "HSLTV", "", "keys of connections are written nowhere", "no \"proxy_ssl_key_log\""),
        ("ssl_ech_file", "HSTV", "", "names in a TLS hello are read as they are", "no \"ssl_ech_file\""),
        ("ssl_early_data", "HS", "off", "early data is not taken", "off"),
        ("ssl_conf_command", "HSTV", "", "OpenSSL is not configured by Steelyard", "the system's openssl.cnf"),
        ("proxy_ssl_conf_command", "HSLTV", "", "OpenSSL is not configured by Steelyard", "the system's openssl.cnf"),
    ];

    // To pass over these would let somebody in, or leave a key unread.
    private static readonly (string Names, string Contexts, string Instead)[] s_refused =
    [
        ("ssl_crl proxy_ssl_crl", "HSLTV", "certificates of short life: lists of revoked ones are not read here"),
    ];

    private static readonly string[] s_logLevels = ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug", "debug_core", "debug_alloc", "debug_mutex", "debug_event", "debug_http", "debug_mail", "debug_stream"];

    private static readonly HashSet<string> s_switches = new(
        "sendfile tcp_nopush tcp_nodelay multi_accept accept_mutex log_not_found rewrite_log uninitialized_variable_warn reset_timedout_connection proxy_buffering proxy_request_buffering proxy_socket_keepalive ssl_prefer_server_ciphers ssl_session_tickets ssl_stapling ssl_stapling_verify proxy_ssl_session_reuse http2 master_process pcre_jit open_file_cache_errors client_body_in_single_buffer msie_padding".Split(' '),
        StringComparer.Ordinal);

    /// <summary>Reports what a directive without effect says that nginx does not take.</summary>
    public static void Check(NginxUse use)
    {
        if (use.Directive is { Count: 0, Name: not "ntlm" })
            use.Problems.Error(use.Directive.Place, $"invalid number of arguments in \"{use.Directive.Name}\" directive");
        else if (use.Directive is { Name: "error_log", Count: > 1 } && Array.IndexOf(s_logLevels, use.Directive[2]) < 0)
            use.Error(2, $"invalid log level \"{use.Directive[2]}\"", Text.Shown.OneOf(s_logLevels));
        if (!s_switches.Contains(use.Directive.Name) || use.Directive.Count == 0)
            return;
        if (use.Directive.Count != 1)
            use.Problems.Error(use.Directive.Place, $"invalid number of arguments in \"{use.Directive.Name}\" directive", "on or off");
        else
            NginxArguments.Flag(use);
    }

    public static IEnumerable<DirectiveRow<NginxUse>> Rows { get; } =
    [
        .. s_all.SelectMany(row => row.Names.Split(' ').Distinct().Select(name => DirectiveRow<NginxUse>.Harmless(name, row.Contexts, "...", row.Why))).DistinctBy(row => row.Name),
        .. s_byDefault.Select(row => DirectiveRow<NginxUse>.Done(row.Name, row.Contexts, row.Harmless.Length == 0 ? "..." : row.Harmless, $"{char.ToUpperInvariant(row.Otherwise[0])}{row.Otherwise[1..]}, whatever it says; a warning says so where that is something else.", use => Warn(use, row.Harmless, row.Otherwise, row.Instead))),
        .. s_refused.SelectMany(row => row.Names.Split(' ').Select(name => DirectiveRow<NginxUse>.Refused(name, row.Contexts, "<file>", row.Instead))),
    ];

    private static void Warn(NginxUse use, string harmless, string otherwise, string instead)
    {
        if (harmless.Length > 0 && use.Directive[1] == harmless)
            use.Problems.Note(use.Directive.Words[0].Place, $"\"{use.Directive.Name} {harmless}\" is how it is here");
        else
            use.Problems.Warn(use.Directive.Place, $"\"{use.Directive.Name}\" has no effect here: {otherwise}", instead);
    }
}
