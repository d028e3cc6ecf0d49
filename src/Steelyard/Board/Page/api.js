// The admin API, with the token where one is asked for. The token stays in this tab.
import { el, byId } from './dom.js';

let token = sessionStorage.getItem('steelyard-token');
let asking = null;

const headers = () => token ? { authorization: `Bearer ${token}` } : {};

/** Asks for the token, once for all who need it. */
function askForToken(wrong) {
  asking ??= new Promise(resolve => {
    const dialog = byId('dialog');
    const input = el('input', { type: 'password', name: 'token', autocomplete: 'current-password', required: true, autofocus: true });
    const form = el('form', { method: 'dialog' },
      el('h2', { id: 'dialog-title' }, 'Who are you?'),
      el('p', {}, 'This steelyard is asked with a token: the first line of the file that ', el('code', {}, 'admin: token-file'), ' names.'),
      wrong && el('p', { class: 'wrong', role: 'alert' }, 'That was not the token.'),
      el('label', {}, 'Token', input),
      el('div', { class: 'buttons' }, el('button', { class: 'first' }, 'Enter')));
    dialog.replaceChildren(form);
    dialog.oncancel = event => event.preventDefault();
    form.onsubmit = event => {
      event.preventDefault();
      token = input.value.trim();
      sessionStorage.setItem('steelyard-token', token);
      dialog.oncancel = null;
      dialog.close();
      asking = null;
      resolve();
    };
    if (dialog.open) dialog.close();
    dialog.showModal();
  });
  return asking;
}

async function send(path, options) {
  while (true) {
    const answer = await fetch(path, { ...options, headers: { ...headers(), ...options.headers }, cache: 'no-store', credentials: 'omit' });
    if (answer.status !== 401) return answer;
    await askForToken(token !== null);
  }
}

/** Asks, and reads the answer; an error is thrown in the words of the API. */
export async function ask(method, path, body) {
  const answer = await send(path, body === undefined ? { method } : { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  const value = await answer.json().catch(() => ({}));
  if (answer.ok) return value;
  throw new Error([value.detail ?? `status ${answer.status}`, ...value.lines ?? []].join('\n'));
}

/** Whether a token is needed here: then what is asked without it is refused. */
export const hasToken = () => token !== null;

export const path = (...parts) => '/api/' + parts.map(encodeURIComponent).join('/');

/** Follows the server-sent events of a path until it is called off: fetch, for EventSource brings no token. */
export async function follow(path, signal, take) {
  const answer = await send(path, { signal });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ''; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const data = text.slice(0, end).split('\n').filter(line => line.startsWith('data: ')).map(line => line.slice(6)).join('\n');
      text = text.slice(end + 2);
      if (data) take(JSON.parse(data));
    }
  }
}
