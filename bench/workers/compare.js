// Starts each of the three with the same app on a port of its own, loads it from here, and prints tables in Markdown.
const { spawn, spawnSync } = require('child_process');
const fs = require('fs'), http = require('http'), net = require('net'), os = require('os'), path = require('path');

const WORKERS = 4;
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'steelyard-bench-'));
const pm2 = path.join(__dirname, 'node_modules', 'pm2', 'bin', 'pm2');
// PM2 looks at memory every 30 s unless it is told otherwise; Steelyard every 5 s.
const pm2Environment = { ...process.env, PM2_HOME: path.join(work, 'pm2'), PM2_WORKER_INTERVAL: '5000' };
const sleep = ms => new Promise(done => setTimeout(done, ms));

const freePort = () => new Promise(done => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => done(port));
    });
});

async function untilAnswers(port) {
    for (let i = 0; i < 300; i++) {
        if (await ask(port, '/').then(() => true, () => false))
            return;
        await sleep(100);
    }
    throw new Error(`nobody answers on port ${port}`);
}

/** One request on a connection of its own, or on one of an agent's; ends with its body. */
const ask = (port, target, agent = false) => new Promise((done, fail) => {
    http.get({ host: '127.0.0.1', port, path: target, agent, timeout: 20000 }, res => {
        let text = '';
        res.on('data', data => text += data).on('end', () => res.statusCode === 200 ? done(text) : fail(new Error(`status ${res.statusCode}`))).on('error', fail);
    }).on('error', fail).on('timeout', function () { this.destroy(new Error('timed out')); });
});

/** A command to its end; its output. */
const run = (command, args, options = {}) => new Promise(done => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    child.stdout.on('data', data => output += data);
    child.stderr.on('data', data => output += data);
    child.on('close', status => done({ status, output }));
});

const systems = {
    async steelyard(environment) {
        const port = await freePort(), file = path.join(work, `steelyard-${port}.yaml`);
        fs.writeFileSync(file, `
listen:
  - { bind: "127.0.0.1:${port}", routes: [ { to: app } ] }
pools:
  app:
    balance: least-connections
    app:
      command: [ node, ${JSON.stringify(path.join(__dirname, 'app.js'))} ]
      instances: ${WORKERS}
      ready: signal
      most-memory: 150MiB
      rolling: { monitor: 0s, parallel: 2 }
`);
        const child = spawn(process.env.STEELYARD, ['up', file], { env: { ...process.env, ...environment, APP_PORT: '3000' }, stdio: ['ignore', 'ignore', 'inherit'] });
        await untilAnswers(port);
        return {
            port,
            reload: () => run(process.env.STEELYARD, ['restart', 'app', '-c', file]),
            scale: () => run(process.env.STEELYARD, ['scale', 'app=2', '-c', file]),
            stop: () => child.exitCode !== null ? Promise.resolve({ status: child.exitCode }) : new Promise(done => {
                child.on('exit', status => done({ status }));
                child.kill('SIGTERM');
            }),
            end() { return this.stop(); },
        };
    },

    async pm2(environment) {
        const port = await freePort(), file = path.join(work, 'ecosystem.config.js');
        fs.writeFileSync(file, 'module.exports = ' + JSON.stringify({
            apps: [{
                name: 'app', script: path.join(__dirname, 'app.js'), instances: WORKERS, exec_mode: 'cluster', wait_ready: true, listen_timeout: 3000, kill_timeout: 5000, max_memory_restart: '150M',
                env: { ...environment, APP_PORT: String(port) }, out_file: '/dev/null', error_file: '/dev/null',
            }],
        }));
        const started = await run(pm2, ['start', file], { env: pm2Environment });
        if (started.status !== 0)
            throw new Error(started.output);
        await untilAnswers(port);
        return {
            port,
            reload: () => run(pm2, ['reload', 'app'], { env: pm2Environment }),
            scale: () => run(pm2, ['scale', 'app', '2'], { env: pm2Environment }),
            stop: () => run(pm2, ['stop', 'app'], { env: pm2Environment }),
            end: () => run(pm2, ['kill'], { env: pm2Environment }),
        };
    },

    async cluster(environment) {
        const port = await freePort();
        const child = spawn(process.execPath, [path.join(__dirname, 'cluster.js')], { env: { ...process.env, ...environment, APP_PORT: String(port), WORKERS: String(WORKERS) }, stdio: ['ignore', 'ignore', 'inherit'] });
        await untilAnswers(port);
        await sleep(1000);
        return { port, end: () => new Promise(done => { child.on('exit', done); child.kill('SIGTERM'); }) };
    },
};

/**
 * 16 requests a second, each on a connection of its own and eight at most at a time, every tenth of which is slow. Latency
 * counts from when a request is due, so that one that has to wait for one of the eight does not look fast.
 */
async function spread(port, seconds) {
    const latencies = [], failures = [], all = [], waiting = [];
    let free = 8;
    const begin = Date.now();
    for (let i = 0; i < seconds * 16; i++) {
        const due = begin + i * 1000 / 16, slow = i % 10 === 9;
        await sleep(Math.max(0, due - Date.now()));
        if (free > 0)
            free--;
        else
            await new Promise(done => waiting.push(done));
        all.push(ask(port, slow ? '/slow' : '/fast').then(
            () => slow || latencies.push(Date.now() - due),
            error => failures.push(error.message)).then(() => waiting.length > 0 ? waiting.shift()() : free++));
    }
    await Promise.all(all);
    latencies.sort((a, b) => a - b);
    const at = share => Math.round(latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))]);
    return { p50: at(0.5), p90: at(0.9), p99: at(0.99), most: at(1), failures: failures.length };
}

const loads = {
    /** One request after the other, each on a connection of its own. */
    async sequential(port, over) {
        let sent = 0, lost = 0;
        while (!over.now) {
            sent++;
            await ask(port, '/').catch(() => lost++);
        }
        return { sent, lost, note: '' };
    },

    /** wrk with 16 kept connections. */
    async 'wrk -c16'(port, over) {
        const { output } = await run('wrk', ['-t1', '-c16', `-d${over.seconds}s`, '--timeout', '10s', `http://127.0.0.1:${port}/`]);
        const count = pattern => Number((output.match(pattern) || [0, 0])[1]);
        return {
            sent: count(/(\d+) requests in/),
            lost: count(/connect (\d+)/) + count(/read (\d+)/) + count(/write (\d+)/) + count(/timeout (\d+)/) + count(/Non-2xx or 3xx responses: (\d+)/),
            note: '',
        };
    },

    /** ab with 4 at a time, a connection for each request. */
    async 'ab -c4'(port, over) {
        const { output, status } = await run('ab', ['-q', '-r', '-l', '-s', '3', '-c', '4', '-t', String(over.seconds), '-n', '1000000', `http://127.0.0.1:${port}/`]);
        const count = pattern => Number((output.match(pattern) || [0, 0])[1]);
        return { sent: count(/Complete requests:\s+(\d+)/), lost: count(/Failed requests:\s+(\d+)/) + count(/Non-2xx responses:\s+(\d+)/), note: status === 0 ? '' : ' (ab gave up)' };
    },
};

// For a stop, after which connections are refused as they should be: a client ends with the first of these, and it is no loss.
const untilRefused = (clients, kept) => async (port, over) => {
    let sent = 0, lost = 0;
    const agent = kept ? new http.Agent({ keepAlive: true, maxSockets: clients }) : false;
    await Promise.all(Array.from({ length: clients }, async () => {
        while (!over.now) {
            try {
                sent++;
                await ask(port, '/', agent);
            } catch (error) {
                if (error.code === 'ECONNREFUSED') {
                    sent--;
                    return;
                }
                lost++;
            }
        }
    }));
    if (agent)
        agent.destroy();
    return { sent, lost, note: '' };
};

const stopLoads = {
    'one after the other': untilRefused(1, false),
    '16 kept connections': untilRefused(16, true),
    '4 at a time': untilRefused(4, false),
};

const operations = {
    reload: { title: 'all workers are replaced', columns: ['steelyard restart', 'pm2 reload'], run: one => one.reload(), loads },
    scale: { title: '4 workers become 2', columns: ['steelyard scale app=2', 'pm2 scale app 2'], run: one => one.scale(), loads },
    memory: {
        title: 'a worker is replaced that holds more than 150 MiB', columns: ['Steelyard, most-memory', 'PM2, max_memory_restart'], loads, longer: 12,
        async run(one) {
            // PM2 may end the worker before it has answered.
            const large = Number(await ask(one.port, '/grow').catch(() => 0));
            if (large === 0)
                return { status: 1 };
            for (let i = 0; i < 150; i++) {
                await sleep(100);
                try {
                    process.kill(large, 0);
                } catch {
                    return { status: 0 };
                }
            }
            return { status: 1 };
        },
    },
    kill: {
        title: 'a worker is killed by kill -9', columns: ['Steelyard', 'PM2'], loads,
        async run(one) {
            process.kill(Number(await ask(one.port, '/')), 'SIGKILL');
            return { status: 0 };
        },
    },
    stop: { title: 'everything is stopped', columns: ['SIGTERM to steelyard', 'pm2 stop app'], run: one => one.stop(), loads: stopLoads },
};

async function lossesUnder(operation, system, load, delay, seconds) {
    const one = await systems[system]({ DELAY: String(delay) });
    try {
        const over = { now: false, seconds };
        const loaded = operation.loads[load](one.port, over);
        await sleep(1000);
        const begun = Date.now();
        const { status } = await operation.run(one);
        await sleep(Math.max(0, (seconds - 1) * 1000 - (operation.longer ? Date.now() - begun : 0)));
        over.now = true;
        return { ...await loaded, status };
    } finally {
        await one.end();
    }
}

const median = values => values.sort((a, b) => a - b)[values.length >> 1];

/** How long the app takes until it is ready, started by itself. */
const startUp = () => new Promise(done => {
    const begun = performance.now();
    const child = spawn(process.execPath, [path.join(__dirname, 'app.js')], { env: { ...process.env, APP_PORT: '0' }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('message', () => {
        done(performance.now() - begun);
        child.kill('SIGKILL');
    });
});

/** The workers that serve, by their process numbers. */
async function workersOf(port) {
    const known = new Set();
    while (known.size < WORKERS)
        known.add(await ask(port, '/'));
    return known;
}

/** How long it takes after kill -9 of a worker until one answers that did not before. */
async function untilBack(port, worker) {
    const known = await workersOf(port), begun = performance.now();
    process.kill(Number(worker), 'SIGKILL');
    for (;;) {
        if (!known.has(await ask(port, '/').catch(() => worker)))
            return performance.now() - begun;
        await sleep(1);
    }
}

const printers = {
    /** By itself, with nobody to read. */
    '`/dev/null`, by itself': environment => new Promise(done => {
        const report = path.join(work, 'report.json');
        spawn(process.execPath, [path.join(__dirname, 'output.js')], { env: { ...process.env, ...environment, APP_PORT: '0', REPORT: report }, stdio: ['ignore', 'ignore', 'inherit'] });
        const look = setInterval(() => {
            if (!fs.existsSync(report))
                return;
            clearInterval(look);
            setTimeout(() => done(JSON.parse(fs.readFileSync(report, 'utf8'))), 100);
        }, 100);
    }),
    'Steelyard, its own output to `/dev/null`': environment => underSteelyard(environment, '', 'ignore'),
    'Steelyard, a pipe that nobody reads': environment => underSteelyard(environment, '', 'pipe'),
    'Steelyard, a file with rotation': environment => underSteelyard(environment, 'log: { file: output.log, terminal: false }', 'ignore'),
};

/** What a worker of output.js says in the end. */
async function underSteelyard(environment, more, output) {
    const port = await freePort(), file = path.join(work, `output-${port}.yaml`);
    fs.writeFileSync(file, `
listen: [ { bind: "127.0.0.1:${port}", to: app } ]
pools:
  app:
    app:
      command: [ node, ${JSON.stringify(path.join(__dirname, 'output.js'))} ]
      instances: 1
      ready: signal
      ${more}
`);
    const child = spawn(process.env.STEELYARD, ['up', file], { env: { ...process.env, ...environment, APP_PORT: '3000' }, stdio: ['ignore', output, 'ignore'] });
    try {
        for (;;) {
            const said = await ask(port, '/').catch(() => null);
            if (said !== null)
                return JSON.parse(said);
            await sleep(100);
        }
    } finally {
        await new Promise(done => child.on('exit', done) && child.kill('SIGKILL'));
        await sleep(1500);
    }
}

async function main() {
    const quick = process.argv.includes('--quick'), only = process.argv.find(word => word.startsWith('--only='))?.slice(7);
    const versions = [
        run(process.env.STEELYARD, ['--version']).then(({ output }) => `Steelyard ${output.trim().split('+')[0]}`),
        `PM2 ${require('pm2/package.json').version}`, `node ${process.version}`,
    ];
    console.log(`${(await Promise.all(versions)).join(', ')}, ${os.cpus().length} cores\n`);

    if (!only || only === 'spread') {
        console.log(`${WORKERS} workers, 16 requests a second and 8 at most at a time, every tenth keeps its worker busy for a second; the others' latency in ms:\n`);
        console.log('| | p50 | p90 | p99 | longest | failed |\n|---|---|---|---|---|---|');
        for (const system of ['steelyard', 'pm2', 'cluster']) {
            const one = await systems[system]({});
            try {
                const { p50, p90, p99, most, failures } = await spread(one.port, quick ? 10 : 30);
                console.log(`| ${system} | ${p50} | ${p90} | ${p99} | ${most} | ${failures} |`);
            } finally {
                await one.end();
            }
        }
    }

    if (!only || only === 'back') {
        const [times, alone] = [quick ? WORKERS : 4 * WORKERS, []];
        for (let i = 0; i < times; i++)
            alone.push(await startUp());
        console.log(`\nFrom kill -9 of a worker to the first answer of the next one, ${times} times; started by itself the app is ready after ${Math.round(median(alone))} ms:\n`);
        console.log('| | median | longest |\n|---|---|---|');
        for (const system of ['steelyard', 'pm2']) {
            const back = [];
            while (back.length < times) {
                const one = await systems[system]({});
                try {
                    // Each of them once: of one that dies again and again the next is started later and later.
                    for (const worker of await workersOf(one.port)) {
                        back.push(await untilBack(one.port, worker));
                        await sleep(1000);
                    }
                } finally {
                    await one.end();
                }
            }
            console.log(`| ${system} | ${Math.round(median(back))} ms | ${Math.round(Math.max(...back))} ms |`);
        }
    }

    if (!only || only === 'output') {
        const seconds = quick ? 3 : 10;
        console.log(`\nA worker prints 100 MB a second for ${seconds} s, a megabyte every 10 ms; how long its thread was held by each, in ms, and how much it got rid of:\n`);
        console.log('| its output goes to | median | p99 | longest | MB a second |\n|---|---|---|---|---|');
        for (const [name, measured] of Object.entries(printers)) {
            const { held, took } = await measured({ SECONDS: String(seconds) });
            held.sort((a, b) => a - b);
            console.log(`| ${name} | ${held[held.length >> 1].toFixed(1)} | ${held[Math.floor(held.length * 0.99)].toFixed(1)} | ${held.at(-1).toFixed(1)} | ${Math.round(held.length * 1000 / took)} |`);
        }
    }

    for (const [name, operation] of Object.entries(operations)) {
        if (only && only !== name)
            continue;
        console.log(`\nRequests lost of those sent while ${operation.title}:\n`);
        console.log(`| answers take | load | ${operation.columns.join(' | ')} |\n|---|---|---|---|`);
        for (const delay of [0, 800]) {
            for (const load of Object.keys(operation.loads)) {
                const row = [];
                for (const system of ['steelyard', 'pm2']) {
                    const { sent, lost, note, status } = await lossesUnder(operation, system, load, delay, operation.longer || (quick ? 6 : 10));
                    row.push(`${lost} of ${sent}${note}${status === 0 ? '' : ` (exit status ${status})`}`);
                }
                console.log(`| ${delay} ms | ${load} | ${row.join(' | ')} |`);
            }
        }
    }
}

main().then(() => 0, error => { console.error(error); return 1; }).then(status => {
    spawnSync(pm2, ['kill'], { env: pm2Environment, stdio: 'ignore' });
    fs.rmSync(work, { recursive: true, force: true });
    process.exit(status);
});
