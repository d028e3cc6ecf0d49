// The workers of apps: what they do, how often they had to be started again, and what they print.
import { state } from './live.js';
import { el, byId, write, bytes, span, clock } from './dom.js';
import { ask, path } from './api.js';
import { restart, scale } from './actions.js';

const Every = 1500;
let key = null;
let following = null;
let asking = 0;

export function show() {
  const place = byId('view-workers');
  const now = JSON.stringify(state.apps.map(app => [app.pool, app.workers.length]));
  if (now !== key) {
    key = now;
    following = null;
    place.replaceChildren(...state.apps.length ? state.apps.map(make) : [el('p', { class: 'card empty' }, 'No pool has an app: Steelyard supervises nobody here.')]);
  }
  for (const app of state.apps) fill(app);
  if (following === null) place.querySelector('details[open]')?.follow();
}

/** Asks for what workers print only while somebody reads it. */
export function leave() {
  clearTimeout(asking);
  following = null;
}

const heads = ['Worker', 'State', 'Process', 'Up for', 'Memory', 'Restarts', 'Server'];
const tableId = pool => `workers ${pool}`;

function make(app) {
  const log = el('pre', { class: 'log', tabindex: 0, role: 'log', 'aria-label': `What the workers of ${app.pool} print` });
  const who = el('select', { 'aria-label': `Of which worker of ${app.pool}` }, el('option', { value: '' }, 'all workers'), app.workers.map(worker => el('option', { value: worker.number }, `${app.pool}/${worker.number}`)));

  // What the first ones print is seen without being asked for.
  const details = el('details', { open: app === state.apps[0] }, el('summary', { class: 'pad' }, 'What they print '), el('div', { class: 'head' }, who), log);
  details.follow = () => follow(app.pool, who.value, log);
  who.onchange = details.follow;
  details.ontoggle = () => details.open ? following !== log && details.follow() : following === log && leave();
  return el('article', { class: 'card' },
    el('div', { class: 'head' }, el('h2', {}, app.pool), el('span', { class: 'buttons' },
      el('button', { type: 'button', onclick: () => scale(state.apps.find(one => one.pool === app.pool)) }, 'Scale'), el('button', { type: 'button', onclick: () => restart(app) }, 'Restart all'))),
    el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `Workers of ${app.pool}` }, el('table', { id: tableId(app.pool) }, el('thead', {}, el('tr', {}, heads.map(head => el('th', { scope: 'col' }, head)))), el('tbody', {},
      app.workers.map(() => el('tr', {}, heads.map((_, i) => el('td', { class: i === 6 ? 'address' : null }, i === 1 ? el('span') : ''))))))),
    details);
}

function fill(app) {
  const body = byId(tableId(app.pool))?.tBodies[0];
  app.workers.forEach((worker, i) => {
    const cells = body.rows[i].cells;
    const texts = [`${app.pool}/${worker.number}`, null, worker.pid || '', worker.pid ? span(worker.uptime) : '', worker.pid ? bytes(worker.memory) : '', String(worker.restarts), worker.address];
    texts.forEach((text, column) => text !== null && write(cells[column], String(text)));
    write(cells[1].firstChild, worker.state);
    cells[1].firstChild.className = `state ${worker.state}`;
    cells[5].className = worker.restarts > 0 ? 'failed' : '';
  });
}

async function follow(pool, worker, log) {
  clearTimeout(asking);
  following = log;
  try {
    const lines = await ask('GET', `${path('apps', pool, 'logs')}?lines=200${worker ? `&worker=${worker}` : ''}`);
    if (following !== log) return;
    const last = `${lines.length} ${lines.at(-1)?.at} ${lines.at(-1)?.line} ${worker}`;
    if (log.dataset.last !== last) {
      log.dataset.last = last;
      const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
      log.replaceChildren(...lines.length ? lines.map(line => el('div', { class: line.error ? 'err' : null }, el('span', { class: 'who' }, `${clock(line.at)} ${line.worker}  `), line.line)) : ['nothing yet']);
      if (atEnd) log.scrollTop = log.scrollHeight;
    }
  } catch (error) {
    log.textContent = error.message;
  }
  if (following === log) asking = setTimeout(() => follow(pool, worker, log), Every);
}
