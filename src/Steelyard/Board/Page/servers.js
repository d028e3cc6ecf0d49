// The first view: how it is in a sentence, traffic, listeners, and the pools with their servers.
import { state, view, watch } from './live.js';
import { el, byId, called, write, mark, count, rate, bytes, time, span, clock, plural, whole, pluralOf } from './dom.js';
import { chart, spark, pointAt, colour } from './chart.js';
import { confirm, notice, setState, setWeight, restart, scale } from './actions.js';
import { ask, path } from './api.js';

const words = { down: 'down', ejected: 'left out', drain: 'draining', maintenance: 'in maintenance', up: 'up' };
const StripSeconds = [600, 3600];
const cards = new Map();
const visible = new WeakSet();
const watcher = new IntersectionObserver(entries => entries.forEach(entry => entry.isIntersecting ? visible.add(entry.target) : visible.delete(entry.target)), { rootMargin: '200px' });

export function begin() {
  const form = byId('filter');
  form.onsubmit = event => event.preventDefault();
  let typing = 0;
  form.oninput = () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      Object.assign(view, { search: form.search.value.trim(), troubled: form.troubled.checked, sort: form.sort.value, page: 0 });
      view.from.clear();
      watch();
    }, 200);
  };
  byId('pools').addEventListener('keydown', onKey);
}

export function show(look) {
  verdict(look);
  tiles(look);
  listeners(look);
  pools(look);
}

// --- In a sentence

/** How many of the requests of the last ten seconds failed, in percent; nothing for less than one in twenty. Servers that nobody checks are up, whatever becomes of their requests. */
function failing() {
  const last = state.totals.slice(-10);
  const sum = of => last.reduce((all, totals) => all + of(totals), 0);
  const share = sum(totals => totals.failedRate) / sum(totals => totals.requestRate);
  return share >= 0.05 ? `${Math.round(Math.min(share, 1) * 100)} %` : '';
}

function verdict(look) {
  const { down = 0, ejected = 0, drain = 0, maintenance = 0 } = look.states;
  const out = drain + maintenance;
  const { dead, deadCount } = look;
  const open = look.pools.filter(pool => pool.breaker && pool.breaker.state !== 'closed');
  const all = look.serverCount;
  const fails = failing();
  const text = dead.length ? `${dead.join(', ')}${deadCount > dead.length ? ` and ${deadCount - dead.length} more` : ''} ${deadCount === 1 ? 'has' : 'have'} no server left`
    : down ? `${whole(down)} of ${pluralOf(all, 'server')} ${down === 1 ? 'is' : 'are'} down`
    : open.length ? `The breaker of ${open.map(pool => pool.name).join(', ')} is ${open[0].breaker.state}`
    : ejected ? `${plural(ejected, 'server')} left out for failing`
    : out ? `${plural(out, 'server')} taken out`
    : all === 0 ? 'There are no servers'
    : fails ? `${all === 1 ? 'The one server is' : `All ${whole(all)} servers are`} up, but ${fails} of requests fail`
    : all === 1 ? 'The one server is well' : `All ${whole(all)} servers are well`;
  write(byId('verdict-text'), text);
  byId('verdict').className = `verdict ${dead.length || down ? 'bad' : open.length || ejected || out || fails || look.troubles.length ? 'warn' : ''}`;
  document.title = `${dead.length || down ? '● ' : ''}${text} – Steelyard`;

  const lines = [];
  for (const pool of state.shown)
    for (const row of [...pool.rows.values()])
      if (row.state !== 'up' && pool.now.order.includes(row.number)) lines.push([pool, row]);
  const list = byId('troubles');
  const shownLines = lines.slice(0, 6).map(([pool, row]) => {
    const [since, , why] = row.history.at(-1) ?? [];
    return [called(row), ` of ${pool.name} is ${words[row.state]}${since ? ` since ${clock(since)} (${span((Date.now() - since) / 1000)})` : ''}${why ? `: ${why}` : ''}`, rowId(pool.name, row.number)];
  });
  shownLines.unshift(...look.troubles.map(trouble => ['', trouble, '']));
  if (lines.length > 6) shownLines.push(['', `and ${lines.length - 6} more below`, '']);
  const key = JSON.stringify(shownLines);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(...shownLines.map(([name, rest, id]) => el('li', {}, id ? el('strong', {}, name) : '', rest)));
}

// --- Tiles

const tileKinds = [
  ['Requests', totals => totals.requestRate + totals.sessionRate, value => [rate(value), '/s']],
  ['Failed with 5xx', totals => totals.failedRate, value => [rate(value), '/s'], 'bad'],
  ['In flight', totals => totals.active, value => [count(value), '']],
  ['Waiting for a server', totals => totals.waiting, value => [count(value), ''], 'warn'],
  ['Open connections', totals => totals.open, value => [count(value), '']],
  ['Sent to clients', totals => totals.outRate, value => [bytes(value), '/s']],
];
const tileParts = [];

function tiles() {
  const now = state.totals.at(-1);
  if (!now) return;
  if (tileParts.length === 0) {
    for (const [title, value, format, name] of tileKinds) {
      const part = { value, format, name, number: el('span'), unit: el('small'), canvas: el('canvas', { 'aria-hidden': 'true' }) };
      part.box = el('div', { class: 'tile' }, el('h2', {}, title), el('p', {}, part.number, part.unit), part.canvas);
      tileParts.push(part);
    }
    byId('tiles').replaceChildren(...tileParts.map(part => part.box));
  }
  for (const { value, format, name, number, unit, canvas, box } of tileParts) {
    const [text, suffix] = format(value(now));
    write(number, text);
    write(unit, suffix);
    mark(box, 'bad', name === 'bad' && value(now) > 0);
    spark(canvas, state.totals, value, name ?? 'accent');
  }
}

// --- Listeners

const listenerHeads = [['Listener'], ['Speaks'], ['Open', 1], ['Most', 1], ['Connections/s', 1], ['Requests/s', 1], ['1xx–3xx', 1], ['4xx', 1], ['5xx', 1], ['In', 1], ['Out', 1], ['Refused', 1], ['TLS failed', 1]];

function listeners(look) {
  const table = byId('listeners');
  if (!table.tHead) table.append(el('thead', {}, el('tr', {}, listenerHeads.map(([head, number]) => el('th', { scope: 'col', class: number && 'n' }, head)))), el('tbody'));
  const body = table.tBodies[0];
  for (const [i, listener] of look.listeners.entries()) {
    const tr = body.rows[i] ?? body.appendChild(el('tr', {}, listenerHeads.map(([, number], column) => el(column ? 'td' : 'td', { class: number ? 'n' : column ? null : 'address' }))));
    const [, informed, ok, moved, client, server] = listener.answers;
    const cells = [listener.address, listener.speaks, count(listener.open), listener.most ? count(listener.most) : '', rate(listener.connectionRate), listener.speaks === 'tcp' ? '' : rate(listener.requestRate),
      count(informed + ok + moved), count(client), count(server), bytes(listener.in), bytes(listener.out), count(listener.refused), listener.speaks === 'https' ? count(listener.handshakesFailed) : ''];
    cells.forEach((text, column) => write(tr.cells[column], text));
  }
  while (body.rows.length > look.listeners.length) body.lastChild.remove();
}

// --- Pools

function pools(look) {
  const place = byId('pools');
  const names = new Set(state.shown.map(pool => pool.name));
  for (const [name, card] of cards) {
    if (names.has(name)) continue;
    watcher.unobserve(card.box);
    card.box.remove();
    cards.delete(name);
  }
  let before = null;
  for (const pool of state.shown) {
    let card = cards.get(pool.name);
    if (!card) {
      cards.set(pool.name, card = makeCard(pool));
      watcher.observe(card.box);
    }
    if ((before ? before.nextSibling : place.firstChild) !== card.box) place.insertBefore(card.box, before ? before.nextSibling : place.firstChild);
    before = card.box;
    fill(card, pool);
  }
  pager(byId('pool-pager'), look.pages > 1 && `page ${view.page + 1} of ${look.pages}, ${plural(look.poolCount, 'pool')}`, view.page, look.pages, page => {
    view.page = page;
    watch();
  });
  let empty = byId('no-pools');
  if (state.shown.length === 0 && !empty) place.append(empty = el('p', { class: 'empty', id: 'no-pools' }));
  if (state.shown.length > 0) empty?.remove();
  else write(empty, view.troubled && !view.search ? 'All of them are up.' : view.search ? `Nothing is called like “${view.search}”.` : 'There are no pools.');
}

function pager(place, text, at, pages, go) {
  const key = `${text} ${at} ${pages}`;
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  place.replaceChildren(...text ? [
    el('button', { type: 'button', 'aria-label': 'Back', disabled: at === 0, onclick: () => go(at - 1) }, '‹'),
    el('span', {}, text),
    el('button', { type: 'button', 'aria-label': 'Further', disabled: at >= pages - 1, onclick: () => go(at + 1) }, '›')] : []);
}

const answerLayers = [
  { name: 'accent', label: '2xx, 3xx', value: point => sumOf(point.rates, 1, 2, 3) },
  { name: 'quiet', label: '4xx', value: point => point.rates[4] },
  { name: 'bad', label: '5xx and none', value: point => sumOf(point.rates, 0, 5) },
];
const sessionLayers = [{ name: 'accent', label: 'sessions', value: point => point.openRate }];
const timeLayers = [
  { name: 'accent', label: 'median', value: point => point.times.p50 },
  { name: 'warn', label: '95 %', value: point => point.times.p95 },
  { name: 'bad', label: '99 %', value: point => point.times.p99 },
];
const dots = { accent: 'c-ok', quiet: 'c-client', bad: 'c-error', warn: 'c-slow' };
const sumOf = (numbers, ...which) => which.reduce((sum, i) => sum + numbers[i], 0);

const heads = [['Server'], ['State'], ['Health', 'optional'], ['In flight'], ['Requests/s', 'n'], ['Failed/s', 'n optional'], ['Time', 'n optional'], ['Weight', 'n optional'], ['Check', 'optional'], ['', 'acts']];

function makeCard(pool) {
  const card = { name: pool.name, rows: new Map(), facts: el('span', { class: 'facts' }), chips: el('span'), buttons: el('span', { class: 'buttons' }), more: el('div', { class: 'more pager', hidden: true }), open: new Set() };
  card.traffic = makeChart('Traffic');
  card.latency = makeChart('Time of an attempt');
  card.body = el('tbody');
  const id = `pool ${pool.name}`;
  card.box = el('article', { class: 'card pool', 'aria-labelledby': id },
    el('header', {}, el('h2', { id }, pool.name), card.facts, card.chips, card.buttons),
    el('div', { class: 'charts' }, card.traffic.box, card.latency.box),
    el('div', { class: 'scroll' }, el('table', { class: 'servers' },
      el('thead', {}, el('tr', {}, heads.map(([head, name]) => head ? el('th', { scope: 'col', class: name }, head) : el('td', {}, '')))), card.body)),
    card.more);
  return card;
}

function makeChart(title) {
  const part = { title, caption: el('figcaption'), canvas: el('canvas', { role: 'img', 'aria-label': title }), pointer: null };
  part.box = el('figure', { class: 'chart' }, part.caption, part.canvas);
  part.canvas.onpointermove = event => { part.pointer = event.clientX; };
  part.canvas.onpointerleave = () => { part.pointer = null; };
  return part;
}

function fill(card, pool) {
  const now = pool.now;
  write(card.facts, `${now.balance} · ${whole(now.usable)} of ${pluralOf(now.servers, 'server')} usable · ${count(now.active)} in flight${now.waiting ? ` · ${count(now.waiting)} waiting` : ''}`);
  buttons(card, now);
  if (visible.has(card.box)) draw(card, pool);
  servers(card, pool);
  const step = now.order.length || 1;
  const shownAll = now.order.length >= now.matching;
  card.more.hidden = shownAll;
  if (!shownAll)
    pager(card.more, `${count(now.from + 1)} to ${count(now.from + now.order.length)} of ${count(now.matching)}`, Math.floor(now.from / step), Math.ceil(now.matching / step), page => {
      view.from.set(pool.name, page * step);
      watch();
    });
}

function buttons(card, now) {
  const app = state.apps.find(one => one.pool === now.name);
  const key = JSON.stringify([now.breaker?.state, now.breaker?.hold, !!app, now.app]);
  if (card.buttonKey === key) return;
  card.buttonKey = key;
  card.chips.replaceChildren(...now.breaker ? [el('span', { class: `chip ${now.breaker.state === 'closed' ? '' : now.breaker.state === 'open' ? 'bad' : 'warn'}` },
    `breaker ${now.breaker.state}${now.breaker.hold === 'none' ? '' : ', held by hand'}`)] : []);
  card.buttons.replaceChildren(
    ...now.breaker ? [el('button', { type: 'button', onclick: () => holdBreaker(now.name, now.breaker) }, 'Breaker …')] : [],
    ...now.app && app ? [el('button', { type: 'button', onclick: () => restart(app) }, 'Restart workers'), el('button', { type: 'button', onclick: () => scale(app) }, 'Scale')] : [],
    ...now.app ? [] : [el('button', { type: 'button', onclick: () => addServer(now.name) }, 'Add a server')]);
}

async function holdBreaker(pool, breaker) {
  const hold = breaker.hold === 'none' ? (breaker.state === 'closed' ? 'open' : 'closed') : 'none';
  const texts = {
    open: 'Held open it lets nothing through: clients get the fallback, or 503, at once.',
    closed: 'Held closed it lets everything through, however many calls fail.',
    none: 'It opens and closes by itself again.',
  };
  const done = await confirm({ title: hold === 'none' ? `Let the breaker of ${pool} do its work?` : `Hold the breaker of ${pool} ${hold}?`, verb: hold === 'none' ? 'Let go' : `Hold ${hold}`, danger: hold === 'open', text: texts[hold], act: () => ask('PUT', path('pools', pool, 'breaker'), { hold }) });
  if (done) notice(hold === 'none' ? `the breaker of ${pool} does its work` : `the breaker of ${pool} is held ${hold}`);
}

async function addServer(pool) {
  const server = await confirm({
    title: `Add a server to ${pool}`, verb: 'Add', text: 'It stays over reloads, until this steelyard ends: write it into the file too.',
    fields: [{ name: 'address', label: 'Address, host:port or unix:/path', required: true, autofocus: true, spellcheck: 'false' }],
    act: ({ address }) => ask('POST', path('pools', pool, 'servers'), { address: address.trim() }),
  });
  if (server) notice(`${server.address} is in ${pool}`);
}

function draw(card, pool) {
  const tcp = pool.now.answers.every(number => number === 0) && pool.now.opened > 0;
  drawOne(card.traffic, pool.past, tcp ? sessionLayers : answerLayers, { stacked: true, format: value => `${rate(value)}/s` }, '/s');
  if (!tcp) drawOne(card.latency, pool.past, timeLayers, { stacked: false, format: time }, '');
}

function drawOne(part, points, layers, options, suffix) {
  const point = (part.pointer !== null && pointAt(part.canvas, points, part.pointer)) || points.at(-1);
  if (!point) return;
  const shown = layers.map(layer => `${layer.label} ${layer.value(point) === undefined ? '–' : suffix ? rate(layer.value(point)) + suffix : time(layer.value(point))}`);
  const old = part.pointer !== null && point !== points.at(-1) ? ` at ${clock(point.at)}` : '';
  const key = part.title + old + shown.join();
  if (part.key !== key) {
    part.key = key;
    part.caption.replaceChildren(el('span', {}, part.title + old), ...layers.map((layer, i) => el('span', {}, el('i', { class: dots[layer.name] }), layer.label + ' ', el('b', {}, shown[i].slice(layer.label.length + 1)))));
    part.canvas.setAttribute('aria-label', `${part.title} of the last five minutes; now ${shown.join(', ')}`);
  }
  chart(part.canvas, points, layers, options);
}

// --- Servers

const rowId = (pool, number) => `server ${pool} ${number}`;

function servers(card, pool) {
  const order = pool.now.order;
  const wanted = new Set(order);
  for (const [number, part] of card.rows) {
    if (wanted.has(number)) continue;
    part.detail?.remove();
    part.tr.remove();
    card.rows.delete(number);
  }
  let before = null;
  for (const number of order) {
    const row = pool.rows.get(number);
    if (!row) continue;
    let part = card.rows.get(number);
    if (!part) card.rows.set(number, part = makeRow(card, pool.name, number));
    const next = before ? before.nextSibling : card.body.firstChild;
    if (next !== part.tr) card.body.insertBefore(part.tr, next);
    before = part.tr;
    if (part.detail) {
      if (before.nextSibling !== part.detail) before.after(part.detail);
      before = part.detail;
    }
    if (part.row !== row) fillRow(part, pool, row);
    if (part.row !== row || Date.now() - part.drawn > 10_000) strip(part, row);
    part.row = row;
  }
}

function makeRow(card, pool, number) {
  const part = { drawn: 0, name: el('strong', {}), address: el('span', { class: 'address' }), tags: el('span'), state: el('span', { class: 'state' }), strip: el('span', { class: 'strip', role: 'img' }) };
  part.fill = el('span');
  part.active = el('span');
  part.bar = el('span', { class: 'bar' }, el('span', { 'aria-hidden': 'true' }, part.fill), part.active);
  part.cells = heads.slice(4, 9).map(([, name]) => el('td', { class: name }));
  part.acts = el('span', { class: 'actions' });
  part.tr = el('tr', { class: 'server', id: rowId(pool, number), tabindex: 0, data: { pool, number } },
    el('td', {}, part.name, part.address, part.tags), el('td', {}, part.state), el('td', { class: 'optional' }, part.strip), el('td', {}, part.bar), part.cells, el('td', { class: 'acts' }, part.acts));
  part.tr.onclick = event => { if (!event.target.closest('button')) toggle(card, number); };
  return part;
}

function fillRow(part, pool, row) {
  if (part.row?.state !== row.state || part.row?.wanted !== row.wanted || !part.row) {
    part.tr.className = `server ${row.state}`;
    const button = (label, act) => el('button', { type: 'button', 'aria-label': `${label} ${called(row)}`, onclick: act }, label);
    part.acts.replaceChildren(
      ...row.wanted === 'ready' ? [button('Drain', () => setState(pool.name, current(pool, row), 'drain')), button('Out', () => setState(pool.name, current(pool, row), 'maintenance'))]
        : [button('Ready', () => setState(pool.name, current(pool, row), 'ready'))]);
  }
  write(part.name, row.name ? `${row.name} ` : '');
  write(part.address, row.address);
  part.address.className = row.name ? 'address quiet-text' : 'address';
  const tags = `${row.backup ? ' backup' : ''}${row.share < 100 ? ` ${row.share} %` : ''}${row.breaker && row.breaker !== 'closed' ? ` breaker ${row.breaker}` : ''}`;
  write(part.tags, tags ? ` ${tags.trim()}` : '');
  part.tags.className = tags ? 'quiet-text' : '';
  write(part.state, words[row.state]);
  const most = row.limit ?? Math.max(10, ...[...pool.rows.values()].map(other => Math.max(other.active, other.peak)));
  part.fill.style.width = `${Math.min(100, row.active / most * 100)}%`;
  mark(part.bar, 'full', row.limit && row.active >= row.limit);
  write(part.active, row.limit ? `${count(row.active)} of ${count(row.limit)}` : count(row.active));
  const texts = [rate(row.rate ?? 0), row.failedRate ? rate(row.failedRate) : '', row.time === undefined ? '' : time(row.time),
    row.weight === row.configuredWeight ? String(row.weight) : `${row.weight} (file ${row.configuredWeight})`, row.check ?? ''];
  texts.forEach((text, i) => write(part.cells[i], text));
  mark(part.cells[1], 'failed', row.failedRate > 0);
  if (part.detail) part.detail.firstChild.replaceChildren(...detail(pool, row));
}

const current = (pool, row) => pool.rows.get(row.number) ?? row;

/** What it was in the last hour, or in as much of it as it has been looked at, as stripes of one picture. */
function strip(part, row) {
  part.drawn = Date.now();
  const now = Date.now();
  const seconds = Math.min(Math.max((now - (row.history[0]?.[0] ?? now)) / 1000, StripSeconds[0]), StripSeconds[1]);
  const from = now - seconds * 1000;
  const paint = { up: 'ok-mark', down: 'bad', ejected: 'warn', drain: 'warn', maintenance: 'quiet' };
  const stops = [];
  row.history.forEach(([at, what], i) => {
    const end = row.history[i + 1]?.[0] ?? now;
    if (end < from) return;
    const [a, b] = [Math.max(0, (at - from) / (now - from) * 100), Math.max(0, (end - from) / (now - from) * 100)];
    // What was short is to be seen all the same.
    stops.push(`${colour(paint[what])} ${a.toFixed(2)}% ${Math.min(100, Math.max(b, a + (what === 'up' ? 0 : 1.5))).toFixed(2)}%`);
  });
  const first = row.history[0] ? Math.max(0, (row.history[0][0] - from) / (now - from) * 100) : 100;
  part.strip.style.backgroundImage = stops.length ? `linear-gradient(to right, transparent ${first.toFixed(2)}%, ${stops.join(', ')})` : '';
  const last = row.history.at(-1);
  part.strip.setAttribute('aria-label', last ? `${words[last[1]]} for ${span((now - last[0]) / 1000)}, went down ${row.downs === 1 ? 'once' : `${row.downs} times`}` : 'no history');
  part.strip.title = `The last ${span(seconds)}\n` + row.history.slice(-8).map(([at, what, why]) => `${clock(at)} ${words[what]}${why ? `: ${why}` : ''}`).join('\n');
}

function toggle(card, number) {
  const part = card.rows.get(number);
  const pool = state.pools.get(card.name);
  if (part.detail) {
    part.detail.remove();
    part.detail = null;
  } else {
    part.detail = el('tr', { class: 'detail' }, el('td', { colspan: heads.length }, ...detail(pool, pool.rows.get(number))));
    part.tr.after(part.detail);
  }
  part.tr.setAttribute('aria-expanded', String(!!part.detail));
}

/** All that is known of a server: what HAProxy's statistics have of one is here. */
function detail(pool, row) {
  const answers = row.answers ?? [0, 0, 0, 0, 0, 0];
  const last = row.history.at(-1);
  const down = row.downFor + (row.state === 'down' && last ? (Date.now() - last[0]) / 1000 : 0);
  const facts = [
    ['State', `${words[row.state]}${last ? ` for ${span((Date.now() - last[0]) / 1000)}` : ''}`],
    ['Last check', row.check ?? 'nobody asks it'],
    ['Weight', `${row.weight}${row.weight === row.configuredWeight ? '' : ` (the file says ${row.configuredWeight})`}, ${row.backup ? 'backup' : 'active'}`],
    ['Share while it comes back', `${row.share} %`],
    ['In flight now, most seen, limit', `${count(row.active)}, ${count(row.peak)}, ${row.limit ? count(row.limit) : 'none'}`],
    ['Attempts in all', count(answers.reduce((sum, number) => sum + number, 0))],
    ['1xx, 2xx, 3xx, 4xx, 5xx', answers.slice(1).map(count).join(', ')],
    ['Without an answer', count(answers[0])],
    ['Failures', `${count(row.failures)}${row.lastFailure ? `, the last: ${row.lastFailure}` : ''}`],
    ['Retries, sent elsewhere', `${count(row.retried ?? 0)}, ${count(row.redispatched ?? 0)}`],
    ['Connections opened, reused', `${count(row.opened ?? 0)}, ${count(row.reused ?? 0)}`],
    ['Bytes to it, from it', `${bytes(row.in ?? 0)}, ${bytes(row.out ?? 0)}`],
    ['Went down, left out', `${count(row.downs)}, ${count(row.ejections)}`],
    ['Down in all', span(down)],
  ];
  const weight = el('button', { type: 'button', onclick: () => setWeight(pool.name, current(pool, row)) }, 'Set its weight');
  const remove = el('button', { type: 'button', onclick: () => removeServer(pool.name, row) }, 'Remove it');
  return [
    el('dl', { class: 'facts-grid' }, facts.map(([name, text]) => el('div', {}, el('dt', {}, name), el('dd', {}, text)))),
    el('ul', { class: 'past' }, row.history.slice(-10).reverse().map(([at, what, why]) => el('li', {}, `${new Date(at).toLocaleString('en-GB')}  ${words[what]}${why ? `: ${why}` : ''}`))),
    el('p', { class: 'pager' }, weight, pool.now.app ? '' : remove)];
}

async function removeServer(pool, row) {
  const done = await confirm({ title: `Remove ${called(row)} from ${pool}?`, verb: 'Remove', danger: true, text: 'What it has in flight ends. It stays out over reloads, until this steelyard ends.', act: () => ask('DELETE', path('pools', pool, 'servers', row.address)) });
  if (done) notice(`${called(row)} is not in ${pool} any more`);
}

function onKey(event) {
  const tr = event.target.closest?.('tr.server');
  if (!tr || event.target !== tr || event.ctrlKey || event.metaKey || event.altKey) return;
  const pool = state.pools.get(tr.dataset.pool);
  const row = pool.rows.get(Number(tr.dataset.number));
  const rows = [...byId('pools').querySelectorAll('tr.server')];
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  const wanted = { d: 'drain', r: 'ready', m: 'maintenance' }[event.key];
  if (step) rows[rows.indexOf(tr) + step]?.focus();
  else if (event.key === 'Enter' || event.key === ' ') toggle(cards.get(tr.dataset.pool), row.number);
  else if (wanted) setState(pool.name, row, wanted);
  else if (event.key === 'w') setWeight(pool.name, row);
  else return;
  event.preventDefault();
}
