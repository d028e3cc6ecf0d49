// What would become of a request: listener, route, pool, candidates, choice. Nothing is sent.
import { el, byId, count } from './dom.js';
import { ask } from './api.js';

let made = false;

export function show() {
  if (made) return;
  made = true;
  const [request, headers, from, repeat] = [
    el('input', { name: 'request', required: true, value: 'GET http://localhost/', spellcheck: 'false', autocomplete: 'off' }),
    el('textarea', { name: 'headers', placeholder: 'Cookie: a=b', spellcheck: 'false' }),
    el('input', { name: 'from', value: '127.0.0.1', spellcheck: 'false' }),
    el('input', { name: 'repeat', type: 'number', min: 1, max: 1000000, value: 100 })];
  const answer = el('div', { class: 'answer', 'aria-live': 'polite' });
  const form = el('form', { class: 'card pad ask' },
    el('label', {}, 'Method and URL', request), el('label', {}, 'From the address', from),
    el('label', {}, 'Header fields, one a line', headers), el('label', {}, 'How many times', repeat),
    el('div', { class: 'row' }, el('button', { class: 'first' }, 'Explain'), el('span', { class: 'quiet-text' }, '  Nothing is sent, and nobody’s turn is taken.')));
  form.onsubmit = async event => {
    event.preventDefault();
    try {
      const report = await ask('POST', '/api/explain', {
        request: request.value.trim(), headers: headers.value.split('\n').map(line => line.trim()).filter(Boolean), from: from.value.trim() || null, repeat: Number(repeat.value) || 1,
      });
      answer.replaceChildren(...tell(report));
    } catch (error) {
      answer.replaceChildren(el('p', { class: 'card pad failed', role: 'alert' }, error.message));
    }
  };
  byId('view-explain').replaceChildren(form, answer);
}

function tell(report) {
  const facts = [['Listener', report.listener], ['Host and path', `${report.host} ${report.path}`]];
  if (report.note) facts.push(['Note', report.note]);
  if (report.route) facts.push(['Route', `${conditions(report.route)} → ${report.route.leadsTo}`]);
  if (report.refusal) facts.push(['Refused', `${report.refusal.status || 'closed'}: ${report.refusal.reason}`]);
  return [
    el('dl', { class: 'card pad facts-grid' }, facts.map(([name, text]) => el('div', {}, el('dt', {}, name), el('dd', {}, text)))),
    ...report.pools.map(pool),
    ...others('Asks for something else, and would go before', report.moreSpecific),
    ...others('Would take it too, but comes after', report.lessSpecific)];
}

const conditions = route => route.conditions.map(condition => `${condition.what} ${condition.asked}`).join(', ') || 'everything';

function others(title, routes) {
  return routes.length === 0 ? [] : [el('div', { class: 'card pad' }, el('h2', {}, title), el('ul', {}, routes.map(route => el('li', { class: 'quiet-text' },
    `${route.conditions.map(condition => `${condition.holds ? '' : 'not '}${condition.what} ${condition.asked}`).join(', ') || 'everything'} → ${route.leadsTo}`))))];
}

function pool(report) {
  const all = Math.max(1, report.requests);
  return el('article', { class: 'card' },
    el('div', { class: 'head' }, el('h2', {}, report.name), el('span', { class: 'quiet-text' }, `${report.policy}; ${report.chosen ? `the first goes to ${report.chosen}: ` : ''}${report.because}`)),
    el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `Candidates of ${report.name}` }, el('table', {},
      el('thead', {}, el('tr', {}, ['Server', 'State', 'Weight', 'In flight', 'Score', 'Of the requests'].map(head => el('th', { scope: 'col' }, head)))),
      el('tbody', {}, report.candidates.map(candidate => el('tr', {},
        el('td', { class: 'address' }, candidate.server), el('td', {}, candidate.because ? `${candidate.state}: ${candidate.because}` : candidate.state), el('td', {}, String(candidate.weight)), el('td', {}, count(candidate.active)),
        el('td', {}, candidate.score === null || candidate.score === undefined ? '' : String(Number(candidate.score.toPrecision(4)))),
        el('td', {}, el('span', { class: 'bar' }, el('span', { 'aria-hidden': 'true' }, share(candidate.requests / all)), `${count(candidate.requests)} (${(candidate.requests / all * 100).toFixed(1)} %)`))))))),
    report.withoutServer ? el('p', { class: 'more failed' }, `${count(report.withoutServer)} found no server.`) : '');
}

function share(part) {
  const fill = el('span');
  fill.style.width = `${part * 100}%`;
  return fill;
}
