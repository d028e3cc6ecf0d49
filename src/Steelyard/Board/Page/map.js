// The map: which listener leads through which route to which pool, and how much goes there now.
import { state } from './live.js';
import { el, byId, rate, plural, whole, pluralOf } from './dom.js';
import { ask } from './api.js';

// More would be a wall; the table has all of them.
const MostRoutes = 60;

let routes = null;
let generation = -1;
let parts = null;
let lines = [];

export async function show(look) {
  if (generation !== look.engine.generation) {
    generation = look.engine.generation;
    routes = await ask('GET', '/api/routes');
    make(look);
  }
  if (parts) fill(look);
}

const targets = route => route.action === 'to' ? [route.target]
  : route.action === 'split' ? route.target.split(', ').map(share => share.slice(0, share.lastIndexOf(' ')))
  : [leads(route)];

const leads = route => route.action === 'to' ? route.target : route.action === 'to-named' ? `pool ${route.target}` : [route.action, route.target].filter(Boolean).join(' ');

const asked = route => [route.methods?.join(' '), (route.host ?? '') + (route.path ?? (route.host ? '/*' : '')) || 'everything', ...route.headers ?? [], ...route.query ?? [], route.internal && '(by rules and error pages alone)'].filter(Boolean).join(' ');

/** What a route asks for: where it has no host and path, its condition says it all. */
const named = route => route.when ? `${asked(route) === 'everything' ? '' : asked(route) + ' '}when ${route.when}` : asked(route);

function make(look) {
  const place = byId('view-map');
  parts = { listeners: new Map(), routes: [], targets: new Map(), svg: document.createElementNS('http://www.w3.org/2000/svg', 'svg') };
  parts.svg.setAttribute('aria-hidden', 'true');
  for (const listener of look.listeners) parts.listeners.set(listener.name, node(listener.address));
  const some = routes.slice(0, MostRoutes);
  for (const route of some) {
    const part = { ...route, route, node: node(named(route)), to: targets(route) };
    parts.routes.push(part);
    for (const to of part.to) if (!parts.targets.has(to)) parts.targets.set(to, node(to));
  }
  const map = el('div', { class: 'card map' },
    el('div', {}, el('h2', {}, 'Listeners'), [...parts.listeners.values()].map(part => part.box)),
    el('div', {}, el('h2', {}, 'Routes'), parts.routes.map(part => part.node.box)),
    el('div', {}, el('h2', {}, 'Pools and answers'), [...parts.targets.values()].map(part => part.box)));
  map.prepend(parts.svg);
  place.replaceChildren(map, ...routes.length > MostRoutes ? [el('p', { class: 'quiet-text' }, `The map shows ${MostRoutes} of ${routes.length} routes; the table has all.`)] : [], table());
  new ResizeObserver(connect).observe(map);
}

function node(text) {
  const small = el('small');
  return { box: el('div', { class: 'node' }, text, small), small };
}

function table() {
  return el('details', { class: 'card', open: routes.length <= 20 }, el('summary', {}, el('h2', {}, 'Routes')), el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Routes' }, el('table', {},
    el('thead', {}, el('tr', {}, ['Listener', 'Name', 'Asks for', 'Leads to'].map(head => el('th', { scope: 'col' }, head)))),
    el('tbody', {}, routes.map(route => el('tr', {}, el('td', { class: 'address' }, route.listener), el('td', {}, route.name), el('td', { class: 'address' }, named(route)), el('td', {}, leads(route))))))));
}

function fill(look) {
  for (const listener of look.listeners) {
    const part = parts.listeners.get(listener.name);
    if (part) part.small.textContent = `${rate(listener.requestRate + (listener.speaks === 'tcp' ? listener.connectionRate : 0))}/s, ${plural(listener.open, 'connection')}`;
  }
  for (const part of parts.routes) {
    part.rate = look.routes[part.route.name] ?? 0;
    part.node.small.textContent = `${part.route.name === named(part.route) ? '' : part.route.name + ' '}${rate(part.rate)}/s`;
  }
  for (const [name, part] of parts.targets) {
    const pool = look.pools.find(one => one.name === name);
    if (!pool) continue;
    part.small.textContent = `${whole(pool.usable)} of ${pluralOf(pool.servers, 'server')}, ${rate(pool.rates.reduce((sum, number) => sum + number, 0) + (pool.answers.some(number => number) ? 0 : pool.openRate))}/s`;
    part.box.className = `node ${pool.dead ? 'dead' : pool.usable < pool.servers ? 'hurt' : ''}`;
  }
  for (const { path, route, target } of lines) {
    const dead = target && parts.targets.get(target).box.classList.contains('dead');
    path.setAttribute('class', dead ? 'dead' : route.rate > 0 ? '' : 'idle');
    path.setAttribute('stroke-width', route.rate > 0 ? Math.min(9, 1.5 + Math.log10(1 + route.rate) * 2) : 1.2);
  }
}

/** Draws the lines between the nodes, where they stand now. */
function connect() {
  const map = parts.svg.parentElement.getBoundingClientRect();
  if (map.width === 0) return;
  parts.svg.setAttribute('viewBox', `0 0 ${map.width} ${map.height}`);
  parts.svg.replaceChildren();
  lines = [];
  const line = (from, to, route, target) => {
    const [a, b] = [from.getBoundingClientRect(), to.getBoundingClientRect()];
    const [x1, y1, x2, y2] = [a.right - map.left, a.top + a.height / 2 - map.top, b.left - map.left, b.top + b.height / 2 - map.top];
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    path.setAttribute('d', `M${x1} ${y1} C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`);
    parts.svg.append(path);
    lines.push({ path, route, target });
  };
  for (const route of parts.routes) {
    const listener = parts.listeners.get(route.configured);
    if (listener) line(listener.box, route.node.box, route);
    for (const to of route.to) line(route.node.box, parts.targets.get(to).box, route, to);
  }
  if (state.look) fill(state.look);
}
