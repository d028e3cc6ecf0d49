// The last requests that were answered with an error or broken off, and what that means.
import { state } from './live.js';
import { el, byId, clock, plural } from './dom.js';
import { ask } from './api.js';

const Most = 200;
let key = null;
let cause = '';
let known = null;

/** What each cause means, as 'steelyard why' has it; asked for once. */
async function learn() {
  known = new Map();
  known = new Map((await ask('GET', '/api/causes')).map(one => [one.code, one]));
  key = null;
  show();
}

export function show() {
  if (!known) learn();
  const now = `${state.errors.length} ${state.errors[0]?.at} ${cause}`;
  if (now === key) return;
  key = now;
  const place = byId('view-errors');
  if (state.errors.length === 0) {
    place.replaceChildren(el('p', { class: 'card empty' }, 'No request has failed since this engine began to serve.'));
    return;
  }
  const causes = Map.groupBy(state.errors, error => error.cause);
  const select = el('select', {}, el('option', { value: '' }, 'all causes'), [...causes].map(([name, errors]) => el('option', { value: name }, `${name} (${errors.length})`)));
  select.value = causes.has(cause) ? cause : '';
  select.onchange = () => {
    cause = select.value;
    show();
  };
  const shown = state.errors.filter(error => !cause || error.cause === cause);
  place.replaceChildren(
    el('div', { class: 'filter' }, el('label', {}, 'Cause ', select), el('span', {}, `${plural(shown.length, 'error')}, the newest first`)),
    el('div', { class: 'card' }, [...causes].filter(([name]) => !cause || name === cause).map(([name, errors]) => el('details', { class: 'why', open: causes.size === 1 || name === cause },
      el('summary', {}, el('span', { class: 'cause' }, name), ` × ${errors.length} `, el('span', { class: 'quiet-text' }, errors[0].sentence)), explanation(known.get(name))))),
    el('div', { class: 'card scroll', tabindex: 0, role: 'region', 'aria-label': 'Errors' }, el('table', { class: 'wrap errors' },
      el('thead', {}, el('tr', {}, ['Time', 'Cause', 'Client', 'Request', 'Server'].map(head => el('th', { scope: 'col' }, head)))),
      el('tbody', {}, shown.slice(0, Most).map(error => el('tr', {},
        el('td', { class: 'whole' }, clock(error.at)), el('td', { class: 'cause whole' }, error.cause), el('td', { class: 'whole' }, error.client), el('td', { class: 'address' }, error.request, el('div', { class: 'quiet-text' }, error.requestId, error.traceId ? `, trace ${error.traceId}` : '')),
        el('td', { class: 'address whole' }, error.server ? `${error.pool}/${error.serverName ?? error.server}` : error.pool)))))));
}

// Between backticks is what one types or reads in a file.
const marked = text => text.split('`').map((part, i) => i % 2 ? el('code', {}, part) : part);
const explanation = why => why ? el('dl', {}, [['What it means', why.means], ['How to see it', why.look], ['What to do', why.remedy]].map(([title, text]) => [el('dt', {}, title), el('dd', {}, marked(text))])) : el('p', {}, '…');
