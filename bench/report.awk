# Tables from a results file of compare.sh: -v format=text or markdown. Any awk will do.
BEGIN { FS = "\t"; if (format == "") format = "text" }

/^#/ { head[++heads] = substr($0, 3); next }

$1 == "title" { order[++workloads] = $2; title[$2] = $3; next }

$1 == "run" || $1 == "idle" {
  if ($1 == "run") { work = $2; peer = $4; ok = $5 == "ok" } else { work = "idle"; peer = $3; ok = $4 == "ok" }
  if (!((work, peer) in seen)) { seen[work, peer] = 1; peers[work, ++count[work]] = peer }
  if (!ok) { failed[work, peer]++; next }
  n = ++runs[work, peer]
  if ($1 == "run") {
    put(work, peer, "rate", n, $6 / $7 * 1e6)
    put(work, peer, "p50", n, $8 / 1000)
    put(work, peer, "p99", n, $9 / 1000)
    put(work, peer, "user", n, $10)
    put(work, peer, "kernel", n, $11)
    put(work, peer, "cpu", n, $12)
    put(work, peer, "rss", n, $14 / 1024)
    others[work, ++noise[work]] = $13
    byround[work, peer, $3] = $12
    if ($3 > last[work]) last[work] = $3
  } else {
    put(work, peer, "open", n, ($8 - $6) / $5)
    put(work, peer, "openpss", n, $9 == "-" || $7 == "-" ? -1 : ($9 - $7) / $5)
    put(work, peer, "before", n, $6 / 1024)
    put(work, peer, "full", n, $8 / 1024)
    put(work, peer, "closed", n, $10 / 1024)
  }
  next
}

$1 == "memory" {
  if (!($3 in listed)) { listed[$3] = 1; resident[++residents] = $3 }
  rss[$3, $4] = $5 / 1024
  pss[$3, $4] = $6 == "-" ? "-" : sprintf("%.1f", $6 / 1024)
  processes[$3] = $7
}

END {
  if (format == "markdown") { for (i = 1; i <= heads; i++) print "- " head[i] }
  else for (i = 1; i <= heads; i++) print head[i]
  for (w = 1; w <= workloads; w++) if (order[w] == "idle") idle_table(); else load_table(order[w])
  if (residents) memory_table()
}

function put(work, peer, what, n, value) { values[work, peer, what, n] = value }

function median(work, peer, what,    n, i, j, v, s) {
  n = runs[work, peer]
  for (i = 1; i <= n; i++) {
    v = values[work, peer, what, i]
    for (j = i; j > 1 && s[j - 1] > v; j--) s[j] = s[j - 1]
    s[j] = v
  }
  return n % 2 ? s[(n + 1) / 2] : (s[n / 2] + s[n / 2 + 1]) / 2
}

# (largest - smallest) / median, in percent
function spread(work, peer, what,    n, i, v, least, most) {
  n = runs[work, peer]
  least = most = values[work, peer, what, 1]
  for (i = 2; i <= n; i++) {
    v = values[work, peer, what, i]
    if (v < least) least = v
    if (v > most) most = v
  }
  v = median(work, peer, what)
  return v ? 100 * (most - least) / v : 0
}

# Ratio of the medians, and the least and most of the ratios within one round.
function ratio(work, peer, base,    r, q, least, most, any) {
  if (base == "" || !runs[work, base]) return "-"
  for (r = 1; r <= last[work]; r++) {
    if (!((work, peer, r) in byround) || !((work, base, r) in byround)) continue
    q = byround[work, peer, r] / byround[work, base, r]
    if (!any++ || q < least) least = q
    if (any == 1 || q > most) most = q
  }
  if (peer == base || !any) return sprintf("%.2f", median(work, peer, "cpu") / median(work, base, "cpu"))
  return sprintf("%.2f (%.2f-%.2f)", median(work, peer, "cpu") / median(work, base, "cpu"), least, most)
}

function load_table(work,    i, peer, base, splice, line, header, sum) {
  base = ""
  if (runs[work, "nginx"]) base = "nginx"
  if (runs[work, "haproxy"] && (base == "" || median(work, "haproxy", "cpu") < median(work, "nginx", "cpu"))) base = "haproxy"
  splice = runs[work, "haproxy-splice"] > 0
  caption(work, title[work])
  header = "proxy|requests/s|p50 ms|p99 ms|user us|kernel us|CPU us/request|spread|to " (base == "" ? "-" : base)
  if (splice) header = header "|to haproxy-splice"
  start_table(header "|RSS MB")
  for (i = 1; i <= count[work]; i++) {
    peer = peers[work, i]
    if (failed[work, peer]) { row(peer "|FAILED in " failed[work, peer] " of " failed[work, peer] + runs[work, peer] " runs: no figures"); continue }
    line = sprintf("%s|%.0f|%.2f|%.2f|%.1f|%.1f|%.1f|%.0f%%|%s", peer, median(work, peer, "rate"), median(work, peer, "p50"), median(work, peer, "p99"), \
      median(work, peer, "user"), median(work, peer, "kernel"), median(work, peer, "cpu"), spread(work, peer, "cpu"), ratio(work, peer, base))
    if (splice) line = line "|" ratio(work, peer, "haproxy-splice")
    row(line sprintf("|%.1f", median(work, peer, "rss")))
  }
  end_table()
  for (i = 1; i <= noise[work]; i++) sum += others[work, i]
  if (noise[work] && sum / noise[work] >= 5)
    print (format == "markdown" ? "\n" : "") "Others used " sprintf("%.0f", sum / noise[work]) "% of the proxies' core meanwhile."
}

function idle_table(    i, peer, kib) {
  caption("idle", title["idle"])
  start_table("proxy|KiB per connection (RSS)|(PSS)|MB before|MB with all open|MB after closing")
  for (i = 1; i <= count["idle"]; i++) {
    peer = peers["idle", i]
    if (failed["idle", peer]) { row(peer "|FAILED: no figures"); continue }
    kib = median("idle", peer, "openpss")
    row(sprintf("%s|%.2f|%s|%.1f|%.1f|%.1f", peer, median("idle", peer, "open"), kib == -1 ? "-" : sprintf("%.2f", kib), \
      median("idle", peer, "before"), median("idle", peer, "full"), median("idle", peer, "closed")))
  }
  end_table()
}

function memory_table(    i, peer) {
  caption("memory", "the instances that served all of the above")
  start_table("proxy|processes|RSS MB at the start|PSS|RSS MB at the end|PSS")
  for (i = 1; i <= residents; i++) {
    peer = resident[i]
    row(sprintf("%s|%d|%.1f|%s|%.1f|%s", peer, processes[peer], rss[peer, "start"], pss[peer, "start"], rss[peer, "end"], pss[peer, "end"]))
  }
  end_table()
}

function caption(name, text) { print ""; print (format == "markdown" ? "**" name "**: " : name ": ") text; if (format == "markdown") print "" }

function start_table(header) { rows = 0; row(header) }

function row(line) { table[++rows] = line }

function end_table(    i, j, n, m, cell, width, rule, pad) {
  for (i = 1; i <= rows; i++) {
    n = split(table[i], cell, "|")
    if (i == 1) m = n
    if (n == m) for (j = 1; j <= n; j++) if (length(cell[j]) > width[j]) width[j] = length(cell[j])
  }
  for (i = 1; i <= rows; i++) {
    n = split(table[i], cell, "|")
    line = ""
    for (j = 1; j <= n; j++) {
      if (format == "markdown") { line = line "| " cell[j] " "; continue }
      pad = j == 1 ? "-" : ""
      line = line (j == 1 ? "" : "  ") sprintf("%" pad width[j] "s", cell[j])
    }
    if (format == "markdown") {
      for (; j <= m; j++) line = line "| "
      print line "|"
      if (i == 1) { rule = "|---"; for (j = 2; j <= m; j++) rule = rule "|--:"; print rule "|" }
    } else print line
  }
}
