// Drives the page in a real browser: node board.mjs PROGRAM [CHROMIUM [FOLDER FOR PICTURES]]
// Prints a line for each check; the exit status says whether all held.
import { chromium } from 'playwright-core';
import { spawn } from 'node:child_process';
import http from 'node:http';
import { mkdtempSync, writeFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';

const [program, browserPath = '/usr/bin/chromium', pictures] = process.argv.slice(2);
const patience = 30_000;
const folder = mkdtempSync(join(tmpdir(), 'board-'));
const running = [];
let failed = 0;

async function check(name, act) {
  try {
    await act();
    console.log(`ok    ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}\n${error.stack}`);
  }
}

/** A server that can die and come back. */
class Origin {
  sockets = new Set();

  async start(port = 0) {
    this.server = http.createServer((request, response) => response.end('ok')).listen(port, '127.0.0.1');
    this.server.on('connection', socket => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    await new Promise((resolve, reject) => this.server.on('listening', resolve).on('error', reject));
    this.port = this.server.address().port;
    return this;
  }

  die() {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

/** Starts the program; where it listens, and its admin API. */
async function up(name, text) {
  const file = join(folder, name);
  writeFileSync(file, text);
  const child = spawn(program, ['up', file], { cwd: folder, env: { ...process.env, XDG_RUNTIME_DIR: folder } });
  running.push(child);
  let said = '';
  return new Promise((resolve, reject) => {
    child.stderr.on('data', data => { said += data; });
    child.stdout.on('data', data => {
      said += data;
      if (!/^ready$/m.test(said)) return;
      resolve({ admin: said.match(/admin API on (\S+)/)[1], url: said.match(/listening on (http\S+)/)[1] });
    });
    child.on('exit', status => reject(new Error(`the program ended with ${status}:\n${said}`)));
  });
}

const origins = [await new Origin().start(), await new Origin().start(), await new Origin().start()];
writeFileSync(join(folder, 'worker.js'), "require('http').createServer((q, r) => r.end('w')).listen(process.env.PORT, () => console.log('worker says hello'));");
writeFileSync(join(folder, 'token'), '0123456789abcdef0123456789abcdef\n');
const site = await up('site.yaml', `
admin: 127.0.0.1:0
listen: [ { bind: "127.0.0.1:0", routes: [ { path: /shop/*, to: web }, { path: /app/*, to: app }, { path: /ping, respond: 204 }, { when: "header('X-Beta') is '1'", files: { root: . } } ] } ]
pools:
  web:
    breaker: { errors: 90% }
    health: { http: /, interval: 100ms, rise: 1, fall: 1 }
    servers: [ ${origins.map(origin => `127.0.0.1:${origin.port}`).join(', ')} ]
  app: { app: { command: node worker.js, instances: 1 } }
`);

const browser = await chromium.launch({
  executablePath: browserPath,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const complaints = [];

async function open(url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, ...options });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  page.on('console', message => ['error', 'warning'].includes(message.type()) && complaints.push(`console: ${message.text()}`));
  page.on('pageerror', error => complaints.push(`page: ${error.stack}`));
  page.on('request', request => request.url().startsWith(url) || complaints.push(`request to ${request.url()}`));
  await page.goto(url);
  return page;
}

const text = (page, selector) => page.locator(selector).innerText();
const verdict = (page, wanted) => page.waitForFunction(words => document.getElementById('verdict-text').textContent.includes(words), wanted, { timeout: patience });
const goTo = async (page, view) => {
  await page.locator(`nav a[data-view=${view}]`).click();
  // What is hidden yet takes no focus, and a browser under load shows a view long after the click.
  await page.locator(`#view-${view}`).waitFor();
};
const rowOf = (page, pool, number) => page.locator(`[id="server ${pool} ${number}"]`);

const page = await open(site.admin);

await check('the page is live, and says in a sentence how it is', async () => {
  await verdict(page, 'All 4 servers are well');
  assert.equal(await text(page, '#pulse'), 'live');
  assert.deepEqual(await page.locator('#pools h2').allInnerTexts(), ['web', 'app']);
  assert.equal(await page.locator('[id="pools"] article:first-child tr.server').count(), 3);
});

await check('a server that dies is shown within a second', async () => {
  const times = [];
  for (let attempt = 0; attempt < 5 && !(Math.min(...times) < 1000); attempt++) {
    const { port } = origins[0];
    const shown = page.waitForFunction(() => document.getElementById('server web 1').classList.contains('down'), null, { polling: 'raf' });
    const died = performance.now();
    origins[0].die();
    await shown;
    times.push(performance.now() - died);
    const said = await text(page, '#verdict');
    await origins[0].start(port);
    // A check that is under way at its death has a connection, and gets no answer.
    assert.match(said, /1 of 4 servers is down[^]*it (refuses the connection|closes the connection without an answer)/);
    await verdict(page, 'All 4 servers are well');
  }
  console.log(`      after ${times.map(Math.round).join(', ')} ms`);
  assert.ok(Math.min(...times) < 1000, `${times} ms`);
  assert.match(await rowOf(page, 'web', 1).locator('.strip').getAttribute('aria-label'), /went down (once|\d times)/);
});

await check('a server is drained by its button, once that is confirmed, and made ready by a key', async () => {
  const row = rowOf(page, 'web', 2);
  await row.getByRole('button', { name: /^Drain/ }).click();
  await page.getByRole('dialog', { name: /Drain 127\.0\.0\.1/ }).getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await row.locator('.state').innerText(), 'up');
  await row.getByRole('button', { name: /^Drain/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Drain' }).click();
  await verdict(page, '1 server taken out');
  assert.equal(await row.locator('.state').innerText(), 'draining');
  const server = await (await fetch(`${site.admin}/api/pools/web/servers/2`)).json();
  assert.equal(server.wanted, 'drain');
  await goTo(page, 'configuration');
  await page.getByText('has state drain, the file says ready').waitFor();
  await goTo(page, 'servers');
  await row.focus();
  await page.keyboard.press('r');
  await page.getByRole('dialog').getByRole('button', { name: 'Ready' }).press('Enter');
  await verdict(page, 'All 4 servers are well');
});

await check('all about a server is told, and its weight set', async () => {
  const row = rowOf(page, 'web', 3);
  await row.focus();
  await page.keyboard.press('Enter');
  const detail = page.locator('tr.detail');
  for (const fact of ['Last check', 'In flight now, most seen, limit', 'Attempts in all', '1xx, 2xx, 3xx, 4xx, 5xx', 'Retries, sent elsewhere', 'Bytes to it, from it', 'Went down, left out', 'Down in all'])
    await detail.getByText(fact, { exact: true }).waitFor();
  await detail.getByRole('button', { name: 'Set its weight' }).click();
  await page.getByLabel('Weight, 0 to 256').fill('7');
  await page.keyboard.press('Enter');
  await row.getByText('7 (file 1)').waitFor();
  await fetch(`${site.admin}/api/pools/web/servers/3/weight`, { method: 'PUT', body: '{"weight":null}', headers: { 'content-type': 'application/json' } });
  await row.focus();
  await page.keyboard.press('Enter');
  assert.equal(await detail.count(), 0);
});

await check('servers come and go by hand, and a breaker is held', async () => {
  const extra = await new Origin().start();
  const card = page.locator('article', { has: page.getByRole('heading', { name: 'web' }) });
  await card.getByRole('button', { name: 'Add a server' }).click();
  await page.getByLabel('Address, host:port or unix:/path').fill('nonsense');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('is not an address').waitFor();
  await page.getByLabel('Address, host:port or unix:/path').fill(`127.0.0.1:${extra.port}`);
  await page.keyboard.press('Enter');
  await verdict(page, 'All 5 servers are well');
  // The pool is drawn anew when servers come, which closes what was open.
  const removal = page.getByRole('button', { name: 'Remove it' });
  for (let tries = 0; tries < 10 && !(await removal.isVisible()); tries++) {
    await rowOf(page, 'web', 4).press('Enter');
    await removal.waitFor({ timeout: 1000 }).catch(() => {});
  }
  await removal.click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await verdict(page, 'All 4 servers are well');
  extra.die();
  await card.getByRole('button', { name: 'Breaker' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Hold open' }).click();
  await verdict(page, 'The breaker of web is open');
  assert.equal((await fetch(`${site.url}/shop/x`)).status, 503);
  await card.getByRole('button', { name: 'Breaker' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Let go' }).click();
  await verdict(page, 'All 4 servers are well');
  complaints.splice(0, complaints.length, ...complaints.filter(line => !line.includes('400')));
});

await check('what cannot be done is said where it was asked for', async () => {
  await page.route('**/state', route => route.fulfill({ status: 409, contentType: 'application/problem+json', body: '{"detail":"a reload has taken the server out meanwhile"}' }));
  await rowOf(page, 'web', 1).getByRole('button', { name: /^Drain/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Drain' }).click();
  assert.equal(await page.getByRole('alert').innerText(), 'a reload has taken the server out meanwhile');
  await page.keyboard.press('Escape');
  await page.unroute('**/state');
  complaints.splice(0, complaints.length, ...complaints.filter(line => !line.includes('409')));
});

await check('traffic is drawn, and errors come with what they mean', async () => {
  for (let i = 0; i < 20; i++) assert.equal((await fetch(`${site.url}/shop/${i}`)).status, 200);
  assert.equal((await fetch(`${site.url}/nowhere`)).status, 404);
  await page.waitForFunction(() => /now .*median (<1|\d+) ms/.test([...document.querySelectorAll('.chart canvas')].map(canvas => canvas.ariaLabel).join()));
  await page.getByText(/^2$/).and(page.locator('#error-count')).waitFor();
  await goTo(page, 'errors');
  await page.getByRole('cell', { name: '404.no-route' }).waitFor();
  await page.getByText('No route', { exact: false }).first().waitFor();
  assert.match(await page.locator('#view-errors details').first().evaluate(details => details.textContent), /What it means.+What to do/);
  assert.ok(await page.locator('#view-errors dd code', { hasText: 'steelyard explain' }).count() > 0);
  assert.equal(await page.locator('#error-count').isVisible(), false);
});

await check('the map leads from the listener through routes to pools', async () => {
  await goTo(page, 'map');
  await page.getByText('/shop/*').first().waitFor();
  assert.deepEqual(await page.locator('.map > div').allInnerTexts().then(all => all.map(one => one.split('\n')[0])), ['Listeners', 'Routes', 'Pools and answers']);
  await page.waitForFunction(() => document.querySelectorAll('.map path').length === 8);
  for (const said of ["when header('X-Beta') is '1'", 'files .']) await page.locator('.map .node', { hasText: said }).waitFor();
});

await check('a request is explained', async () => {
  await goTo(page, 'explain');
  await page.getByLabel('Method and URL').fill('GET http://x/shop/1');
  await page.getByLabel('How many times').fill('30');
  await page.keyboard.press('Enter');
  await page.getByText('10 (33.3 %)').first().waitFor();
  await page.getByLabel('Method and URL').fill('nonsense here');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  complaints.splice(0, complaints.length, ...complaints.filter(line => !line.includes('400')));
});

await check('workers are shown with what they print, and restarted', async () => {
  await goTo(page, 'workers');
  const table = page.getByRole('table');
  await table.getByText('serving').waitFor();
  const before = await table.locator('tbody td').nth(2).innerText();
  await page.getByRole('log', { name: /workers of app/ }).getByText('worker says hello').waitFor();
  await page.getByRole('button', { name: 'Restart all' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click();
  await page.getByText('restarted: app has 1 worker').waitFor();
  await page.waitForFunction(pid => document.querySelectorAll('#view-workers tbody td')[2].textContent !== pid, before);
});

await check('the keyboard reaches everything', async () => {
  await page.keyboard.press('1');
  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'search');
  await page.keyboard.type(String(origins[1].port));
  await page.waitForFunction(() => document.querySelectorAll('tr.server').length === 1);
  await page.locator('[name=search]').fill('');
  await page.waitForFunction(() => document.querySelectorAll('tr.server').length === 4);
  await page.locator('#main').focus();
  await page.keyboard.press('j');
  await page.keyboard.press('ArrowDown');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'server web 2');
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).getByText('next and previous server').waitFor();
  await page.keyboard.press('Escape');
});

/** What somebody who cannot see the page well would miss. */
function audit() {
  const wrong = [];
  for (const details of document.querySelectorAll('details')) details.open = true;
  const broken = document.body.innerText.match(/.*(\[object |undefined|NaN).*/);
  if (broken) wrong.push(`no text: ${broken[0]}`);
  const channel = value => (value /= 255) <= .03928 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4;
  const pen = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
  const read = (colour, over) => {
    pen.fillStyle = over ? `rgb(${over.join()})` : 'white';
    pen.fillRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = rgb => .2126 * channel(rgb[0]) + .7152 * channel(rgb[1]) + .0722 * channel(rgb[2]);
  const behind = element => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(getComputedStyle(at).backgroundColor);
    return layers.reverse().reduce((under, colour) => read(colour, under), [255, 255, 255]);
  };
  for (const element of document.querySelectorAll('body *')) {
    if (!element.checkVisibility({ visibilityProperty: true }) || element.closest('svg, noscript, .skip, :disabled')) continue;
    if ([...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())) {
      const under = behind(element);
      const [a, b] = [light(read(getComputedStyle(element).color, under)), light(under)].sort((one, other) => other - one);
      const ratio = (a + .05) / (b + .05);
      if (ratio < 4.5) wrong.push(`contrast ${ratio.toFixed(2)}: ${element.tagName} ${element.className} "${element.textContent.trim().slice(0, 30)}"`);
    }
    const named = element.getAttribute('aria-label') || element.getAttribute('aria-labelledby') || element.labels?.length || (element.matches('a, button, summary') && element.textContent.trim());
    if (element.matches('a, button, summary, input, select, textarea, [role=img], [role=region], [role=log], nav, dialog') && !named) wrong.push(`no name: ${element.outerHTML.slice(0, 100)}`);
    if (element.matches('td') && element.textContent.trim().length > 4 && element.clientWidth < 50) wrong.push(`squeezed to ${element.clientWidth} px: ${element.textContent}`);
    if (element.matches('th') && !element.scope) wrong.push(`no scope: ${element.textContent}`);
    if (element.matches('img') && !element.hasAttribute('alt')) wrong.push('img without alt');
    if (element.matches('.scroll') && element.scrollWidth > element.clientWidth + 1 && element.tabIndex < 0 && !element.querySelector('button, [tabindex]')) wrong.push(`scrolls by mouse alone: ${element.className}`);
  }
  const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
  wrong.push(...ids.filter((id, i) => ids.indexOf(id) !== i).map(id => `id twice: ${id}`));
  if (!document.documentElement.lang || !document.querySelector('h1') || !document.querySelector('main') || !document.title) wrong.push('no language, heading, main or title');
  if (document.documentElement.scrollWidth > innerWidth) wrong.push(`wider than the window by ${document.documentElement.scrollWidth - innerWidth}`);
  return wrong;
}

origins[2].die();
await rowOf(page, 'web', 3).and(page.locator('.down')).waitFor();
for (const [name, options] of Object.entries({
  light: { colorScheme: 'light' }, dark: { colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, colorScheme: 'dark' },
})) {
  await check(`every view is readable and has its names: ${name}`, async () => {
    const own = await open(site.admin, options);
    await verdict(own, '1 of 4 servers is down');
    for (const view of ['servers', 'map', 'workers', 'errors', 'explain', 'configuration']) {
      await goTo(own, view);
      await own.waitForFunction(name => document.getElementById(`view-${name}`).childElementCount > 0, view);
      assert.deepEqual(await own.evaluate(audit), [], view);
      if (pictures) {
        await own.waitForTimeout(2500);
        await own.screenshot({ path: join(pictures, `${name}-${view}.png`), fullPage: name === 'phone' });
      }
    }
    await own.context().close();
  });
}

await check('an engine that dies is followed by the next one', async () => {
  const { enginePid } = await (await fetch(`${site.admin}/api/version`)).json();
  process.kill(enginePid, 'SIGKILL');
  await page.keyboard.press('6');
  await page.waitForFunction(pid => /process \d+/.test(document.getElementById('view-configuration').textContent) && !document.getElementById('view-configuration').textContent.includes(`process ${pid},`), enginePid);
  assert.equal(await text(page, '#pulse'), 'live');
  complaints.splice(0, complaints.length, ...complaints.filter(line => !/ERR_(CONNECTION|INCOMPLETE|EMPTY)/.test(line)));
});

await check('a balancer that is gone is not called well', async () => {
  const gone = await up('gone.yaml', `
admin: 127.0.0.1:0
listen: [ { bind: "127.0.0.1:0", to: web } ]
pools: { web: { servers: [ 127.0.0.1:${origins[0].port} ] } }
`);
  const own = await open(gone.admin);
  await verdict(own, 'The one server is well');
  const child = running.pop();
  child.removeAllListeners('exit');
  child.kill();
  await verdict(own, 'Nobody answers');
  await own.context().close();
  complaints.splice(0, complaints.length, ...complaints.filter(line => !/ERR_(CONNECTION|INCOMPLETE|EMPTY)/.test(line)));
});

await check('a pool that has lost its servers is not called well, nor a source that finds none', async () => {
  writeFileSync(join(folder, 'found.json'), '[]');
  const lost = await up('lost.yaml', `
admin: 127.0.0.1:0
listen: [ { bind: "127.0.0.1:0", routes: [ { path: /found, to: found }, { to: web } ] } ]
pools:
  web: { servers: [ 127.0.0.1:${origins[0].port} ] }
  found: { discover: { file: found.json } }
`);
  const own = await open(lost.admin);
  await verdict(own, 'found has no server left');
  assert.match(await own.locator('#verdict').getAttribute('class'), /bad/);
  await goTo(own, 'map');
  await own.locator('.map .node.dead', { hasText: 'found' }).waitFor();
  writeFileSync(join(folder, 'found.json'), 'nonsense: [');
  await goTo(own, 'servers');
  await own.getByText(/^file found\.json of found: /).waitFor();
  await own.context().close();
});

await check('10,000 servers do not kill the browser, and 200 are all there', async () => {
  const many = Array.from({ length: 10_000 }, (_, i) => `127.${i >> 16 & 255}.${i >> 8 & 255}.${i & 255}:9`);
  const large = await up('large.yaml', `
admin: 127.0.0.1:0
listen: [ { bind: "127.0.0.1:0", routes: [ { path: /a, to: some }, { to: many } ] } ]
pools:
  some: { servers: [ ${many.slice(0, 200).join(', ')} ] }
  many: { servers: [ ${many.join(', ')} ] }
`);
  const own = await open(large.admin);
  await verdict(own, 'All 10,200 servers are well');
  assert.ok(await own.locator('tr.server').count() <= 240);
  await own.getByText(/^1 to \d+ of 10k$/).waitFor();
  assert.ok(await own.evaluate(() => document.querySelectorAll('*').length) < 10_000);
  await own.getByLabel('Find').fill('some');
  await own.waitForFunction(() => document.querySelectorAll('tr.server').length === 200);
  await own.getByLabel('Find').fill('127.0.39.15:9');
  await own.waitForFunction(() => document.querySelectorAll('tr.server').length === 1 && document.querySelector('tr.server').id === 'server many 10000');
  await own.getByLabel('Find').fill('many');
  await own.getByText('1 to 240 of 10k').waitFor();
  await own.locator('.more').getByRole('button', { name: 'Further' }).click();
  await own.locator('[id="server many 480"]').waitFor();
  await own.context().close();
});

await check('with a token the page asks who you are, and keeps it in the tab alone', async () => {
  const guarded = await up('guarded.yaml', `
admin: { address: "127.0.0.1:0", token-file: token }
listen: [ { bind: "127.0.0.1:0", to: web } ]
pools: { web: { servers: [ { address: 127.0.0.1:${origins[0].port}, name: shop-1 } ] } }
`);
  assert.equal((await fetch(`${guarded.admin}/api/status`)).status, 401);
  assert.equal((await fetch(`${guarded.admin}/api/live`)).status, 401);
  const own = await open(guarded.admin);
  await own.getByLabel('Token').fill('not the token');
  await own.keyboard.press('Enter');
  await own.getByText('That was not the token.').waitFor();
  await own.getByLabel('Token').fill('0123456789abcdef0123456789abcdef');
  await own.keyboard.press('Enter');
  await verdict(own, 'The one server is well');
  await own.reload();
  await verdict(own, 'The one server is well');
  // A server that has a name is called by it, and found by it.
  await own.getByRole('button', { name: `Drain shop-1 (127.0.0.1:${origins[0].port})` }).waitFor();
  await own.getByLabel('Find').fill('nothing');
  await own.waitForFunction(() => document.querySelectorAll('tr.server').length === 0);
  await own.getByLabel('Find').fill('SHOP-1');
  await own.waitForFunction(() => document.querySelectorAll('tr.server').length === 1);
  assert.equal(await own.evaluate(() => JSON.stringify(localStorage).includes('0123456789') || document.cookie !== ''), false);
  await own.context().close();
  complaints.splice(0, complaints.length, ...complaints.filter(line => !line.includes('401')));
});

await check('nothing is loaded from elsewhere, and the policy forbids it', async () => {
  const answer = await fetch(`${site.admin}/`);
  assert.match(answer.headers.get('content-security-policy'), /^default-src 'none'; script-src 'self'; style-src 'self'; /);
  assert.equal((await fetch(`${site.admin}/`, { headers: { 'if-none-match': answer.headers.get('etag') } })).status, 304);
  assert.equal((await fetch(`${site.admin}/`, { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' } })).status, 403);
});

await check('no complaint in the console, no request to elsewhere', () => assert.deepEqual(complaints, []));

await browser.close();
for (const child of running) {
  child.removeAllListeners('exit');
  const ended = new Promise(resolve => child.on('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}
for (const origin of origins) origin.die();
rmSync(folder, { recursive: true, force: true });
process.exit(failed === 0 ? 0 : 1);
