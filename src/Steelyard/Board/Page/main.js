// Puts the views together: which one is shown, keys, light and dark, and whether what is shown is what is.
import { byId, el, mark, write } from './dom.js';
import { state, onLook, watch, isFresh } from './live.js';
import * as servers from './servers.js';
import * as map from './map.js';
import * as workers from './workers.js';
import * as errors from './errors.js';
import * as explain from './explain.js';
import * as configuration from './configuration.js';

const views = { servers, map, workers, errors, explain, configuration };
let shown = null;
let errorsSeen = null;

function show() {
  const name = location.hash.slice(1) in views ? location.hash.slice(1) : 'servers';
  if (name === shown) return;
  views[shown]?.leave?.();
  shown = name;
  for (const other of Object.keys(views)) byId(`view-${other}`).hidden = other !== name;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.dataset.view === name) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.querySelector('nav a[aria-current]').scrollIntoView({ block: 'nearest', inline: 'nearest' });
  scrollTo(0, 0);
  if (!state.look) return;
  views[name].show(state.look);
  countErrors();
}

/** How many errors have come since somebody looked at them. */
function countErrors() {
  if (shown === 'errors' || errorsSeen === null) errorsSeen = state.errors[0]?.at ?? 0;
  const fresh = state.errors.filter(error => error.at > errorsSeen).length;
  byId('error-count').hidden = fresh === 0;
  write(byId('error-count'), String(fresh));
}

onLook(look => {
  if (!look) return;
  views[shown].show(look);
  countErrors();
  pulse();
});

function pulse() {
  const fresh = isFresh();
  const part = byId('pulse');
  mark(part, 'live', fresh);
  mark(part, 'lost', !fresh && state.heard > 0);
  mark(document.body, 'stale', !fresh && state.heard > 0);
  if (!fresh && state.heard > 0) {
    write(byId('verdict-text'), 'Nobody answers here: this is how it was');
    byId('verdict').className = 'verdict bad';
  }
  write(part, fresh ? 'live' : state.heard > 0 ? `no news for ${Math.round((performance.now() - state.heard) / 1000)} s` : 'connecting');
}
setInterval(pulse, 1000);

// --- Light and dark

const theme = localStorage.getItem('steelyard-theme');
if (theme) document.documentElement.dataset.theme = theme;

function switchTheme() {
  const dark = getComputedStyle(document.documentElement).colorScheme === 'dark' || (!document.documentElement.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'light' : 'dark';
  localStorage.setItem('steelyard-theme', document.documentElement.dataset.theme);
  if (state.look) views[shown].show(state.look);
}
byId('theme').onclick = switchTheme;

// --- Keys

const keys = [
  ['1 … 6', 'the views'], ['/', 'find a pool or a server'], ['j k', 'next and previous server'], ['Enter', 'all about a server'],
  ['d r m', 'drain it, make it ready, take it out'], ['w', 'set its weight'], ['t', 'light or dark'], ['?', 'these keys'],
];

function help() {
  const dialog = byId('dialog');
  dialog.replaceChildren(el('form', { method: 'dialog' }, el('h2', { id: 'dialog-title' }, 'Keys'),
    el('dl', {}, keys.map(([key, text]) => [el('dt', {}, key.split(' ').map(one => [el('kbd', {}, one), ' '])), el('dd', {}, text)])),
    el('div', { class: 'buttons' }, el('button', { class: 'first', autofocus: true }, 'Close'))));
  dialog.showModal();
}
byId('help').onclick = help;

document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || byId('dialog').open || event.target.closest('input, textarea, select')) return;
  const view = Object.keys(views)[Number(event.key) - 1];
  if (view) location.hash = view;
  else if (event.key === '/') {
    location.hash = 'servers';
    show();
    byId('filter').search.focus();
  } else if (event.key === 'j' && !event.target.closest('tr.server')) document.querySelector('tr.server')?.focus();
  else if (event.key === 't') switchTheme();
  else if (event.key === '?') help();
  else return;
  event.preventDefault();
});

addEventListener('hashchange', show);
servers.begin();
show();
watch();
