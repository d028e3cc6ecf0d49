// What an operator can do, each asked once more before it is done.
import { ask, path } from './api.js';
import { el, byId, called } from './dom.js';

/** Says something for a while. */
export function notice(text, bad) {
  const note = el('div', { class: bad ? 'notice bad' : 'notice' }, text);
  byId('notices').append(note);
  setTimeout(() => note.remove(), bad ? 12_000 : 5000);
}

/**
 * Asks whether something is meant, and does it.
 * @param fields [{ name, label, value, type, ... }], asked for beside
 * @returns what came of it; undefined where it was not meant or not done
 */
export function confirm({ title, text, verb, danger, fields = [], act }) {
  return new Promise(resolve => {
    const dialog = byId('dialog');
    const inputs = fields.map(({ name, label, ...rest }) => [label, el('input', { name, autocomplete: 'off', ...rest })]);
    const wrong = el('p', { class: 'wrong', role: 'alert', hidden: true });
    const button = el('button', { class: danger ? 'danger' : 'first', autofocus: fields.length === 0 }, verb);
    const form = el('form', { method: 'dialog' },
      el('h2', { id: 'dialog-title' }, title),
      text && el('p', {}, text),
      inputs.map(([label, input]) => el('label', {}, label, input)),
      wrong,
      el('div', { class: 'buttons' }, el('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'), button));
    let result;
    form.onsubmit = async event => {
      event.preventDefault();
      button.disabled = true;
      button.textContent = '…';
      try {
        result = await act(Object.fromEntries(inputs.map(([, input]) => [input.name, input.value]))) ?? true;
        dialog.close();
      } catch (error) {
        wrong.hidden = false;
        wrong.textContent = error.message;
        button.disabled = false;
        button.textContent = verb;
      }
    };
    dialog.replaceChildren(form);
    dialog.onclose = () => {
      dialog.onclose = null;
      resolve(result);
    };
    dialog.showModal();
  });
}

const server = (pool, row) => ['pools', pool, 'servers', row.address];

const states = {
  drain: { verb: 'Drain', text: 'It gets no new requests. Those it has may end.' },
  maintenance: { verb: 'Take out', danger: true, text: 'It is taken out of use: no new requests, and none are counted on.' },
  ready: { verb: 'Ready', text: 'It gets requests again.' },
};

export async function setState(pool, row, state) {
  const { verb, text, danger } = states[state];
  const now = await confirm({
    title: `${verb} ${called(row)} of ${pool}?`, text, verb, danger,
    act: () => ask('PUT', path(...server(pool, row), 'state'), { state }),
  });
  if (now) notice(`${called(now)} of ${pool} is ${now.state}`);
}

export async function setWeight(pool, row) {
  const now = await confirm({
    title: `Weight of ${called(row)}`, verb: 'Set', text: `The file says ${row.configuredWeight}. Empty: what the file says.`,
    fields: [{ name: 'weight', label: 'Weight, 0 to 256', type: 'number', min: 0, max: 256, value: row.weight, autofocus: true }],
    act: ({ weight }) => ask('PUT', path(...server(pool, row), 'weight'), { weight: weight === '' ? null : Number(weight) }),
  });
  if (now) notice(`${called(now)} of ${pool} has weight ${now.weight}`);
}

export async function reload() {
  const report = await confirm({ title: 'Reload the configuration?', verb: 'Reload', text: 'What the file says now is taken up, if it is right. No request is lost.', act: () => ask('POST', '/api/reload') });
  if (report) notice(report.lines.join('\n'));
}

export async function scale(app) {
  const report = await confirm({
    title: `Workers of ${app.pool}`, verb: 'Scale', text: 'Ends when there are so many.',
    fields: [{ name: 'workers', label: 'How many, 1 to 1024', type: 'number', min: 1, max: 1024, required: true, value: app.workers.length, autofocus: true }],
    act: ({ workers }) => ask('PUT', path('apps', app.pool, 'scale'), { workers: Number(workers) }),
  });
  if (report) notice(report.lines.join('\n'));
}

export async function restart(app) {
  const report = await confirm({
    title: `Restart the workers of ${app.pool}?`, verb: 'Restart', text: 'New ones are started and take over, a few at a time, without losing a request.',
    act: () => ask('POST', path('apps', app.pool, 'restart')),
  });
  if (report) notice(report.lines.join('\n'));
}
