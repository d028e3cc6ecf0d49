// What is served, how long, and where it differs from its file.
import { state } from './live.js';
import { el, byId, span } from './dom.js';
import { reload } from './actions.js';
import { hasToken } from './api.js';

export function show(look) {
  const { engine, totals } = look;
  const facts = [
    ['File', engine.file], ['Generation', String(engine.generation)], ['Read', `${new Date(engine.readAt).toLocaleString('en-GB')}, ${span((look.at - engine.readAt) / 1000)} ago`], ['SHA-256', engine.hash],
    ['Reloads that failed', String(engine.reloadsFailed)], ['Program', `steelyard ${engine.version}`], ['Engine', `process ${engine.pid}, up for ${span((look.at - engine.since) / 1000)}`],
    ['Engines started', String(engine.engines)], ['Requests since', totals.requests.toLocaleString('en')], ['Answered with an error of ours', totals.refused.toLocaleString('en')], ['Answers cut', totals.cut.toLocaleString('en')],
    ['Retries, denied by the budget', `${totals.retries.toLocaleString('en')}, ${totals.retriesDenied.toLocaleString('en')}`], ['Refused by limits', totals.limited.toLocaleString('en')], ['Refused by breakers', totals.breakerRejects.toLocaleString('en')],
    ['Refused after waiting', totals.queueTimeouts.toLocaleString('en')], ['Faults of this program', totals.faults.toLocaleString('en')]];
  const place = byId('view-configuration');
  if (!place.firstChild)
    place.append(
      el('div', { class: 'card' }, el('div', { class: 'head' }, el('h2', {}, 'Configuration'), el('span', { class: 'buttons' }, el('button', { type: 'button', onclick: reload }, 'Reload'))), el('dl', { class: 'pad facts-grid' })),
      el('div', { class: 'card pad' }, el('h2', {}, 'Not as in the file'), el('ul')),
      hasToken() ? '' : el('p', { class: 'quiet-text' }, 'The same for programs: ', el('a', { href: '/openapi.json' }, 'openapi.json'), ', ', el('a', { href: '/metrics' }, 'metrics'), ', ', el('a', { href: '/api/status' }, 'status'), '.'));
  const list = place.querySelector('dl');
  if (!list.firstChild) list.append(...facts.map(([name]) => el('div', {}, el('dt', {}, name), el('dd'))));
  facts.forEach(([, text], i) => {
    const dd = list.children[i].lastChild;
    if (dd.textContent !== text) dd.textContent = text;
  });
  const differences = state.differences.length ? state.differences : ['Everything is as the file says.'];
  const ul = place.querySelector('ul');
  if (ul.dataset.key !== differences.join()) {
    ul.dataset.key = differences.join();
    ul.replaceChildren(...differences.map(text => el('li', {}, text)));
  }
}
