// What goes on, as the engine tells it once a second; kept here with the last minutes of each pool.
import { follow } from './api.js';

const KeptSeconds = 300;
const Patience = 3500;
const HiddenFor = 20_000;

/** Everything the page knows. */
export const state = { look: null, pools: new Map(), shown: [], errors: [], apps: [], differences: [], totals: [], heard: 0 };

/** What is wanted to be seen. */
export const view = { search: '', troubled: false, sort: 'file', page: 0, from: new Map() };

const listeners = new Set();
export const onLook = listener => listeners.add(listener);

let aborter = null;
let engine = null;

/** Watches from now on, with what is wanted now. */
export function watch() {
  aborter?.abort();
  aborter = new AbortController();
  run(aborter.signal);
}

/** The same without a view of it: nobody looks. */
export const rest = () => aborter?.abort();

function address() {
  const query = new URLSearchParams();
  if (view.search) query.set('search', view.search);
  if (view.troubled) query.set('troubled', 'true');
  if (view.sort !== 'file') query.set('sort', view.sort);
  if (view.page) query.set('page', view.page);
  for (const [pool, from] of view.from) if (from > 0) query.append('from', `${pool}:${from}`);
  const text = query.toString();
  return text ? `/api/live?${text}` : '/api/live';
}

async function run(signal) {
  for (let pause = 250; !signal.aborted; pause = Math.min(pause * 2, 4000)) {
    // Another stream tells everything anew.
    for (const pool of state.pools.values()) pool.rows.clear();
    try {
      await follow(address(), signal, look => {
        pause = 250;
        if (!signal.aborted) take(look);
      });
    } catch (error) {
      if (signal.aborted) return;
      tell();
    }
    await new Promise(resolve => setTimeout(resolve, pause));
  }
}

function take(look) {
  if (engine !== null && engine !== look.engine.pid) {
    // Another engine counts from the beginning, and knows nothing of errors before it.
    state.errors = [];
  }
  engine = look.engine.pid;
  state.look = look;
  state.heard = performance.now();
  if (look.differences) state.differences = look.differences;
  if (look.apps) state.apps = look.apps;
  state.errors = [...look.errors, ...state.errors].slice(0, 500);
  state.shown = look.pools.map(given => {
    let pool = state.pools.get(given.name);
    if (!pool) state.pools.set(given.name, pool = { name: given.name, rows: new Map(), past: [] });
    for (const row of given.rows) pool.rows.set(row.number, row);
    pool.now = given;
    if (look.whole) keep(pool.past, { at: look.at, rates: given.rates, openRate: given.openRate, times: given.times });
    return pool;
  });
  if (look.whole) keep(state.totals, { at: look.at, ...look.totals });
  tell();
}

function keep(past, sample) {
  if (past.at(-1)?.at === sample.at) return;
  past.push(sample);
  while (past.length > KeptSeconds) past.shift();
}

function tell() {
  for (const listener of listeners) listener(state.look);
}

/** Whether what is shown is what is now. */
export const isFresh = () => state.heard > 0 && performance.now() - state.heard < Patience;

let hiding = 0;
document.addEventListener('visibilitychange', () => {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(rest, HiddenFor);
  else if (aborter?.signal.aborted) watch();
});
