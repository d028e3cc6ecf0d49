// What is measured: an app of plain node without any handler of signals, ready when it says so, as PM2's own example is.
// /grow lets its worker hold 200 MiB more; /slow keeps its worker busy for a second, as a long computation would; DELAY lets every other answer take so long.
const http = require('http');
const wait = new Int32Array(new SharedArrayBuffer(4));
const held = [];
const delay = Number(process.env.DELAY || 0);

http.createServer((req, res) => {
    if (req.url === '/slow')
        Atomics.wait(wait, 0, 0, 1000);
    if (req.url === '/grow')
        held.push(Buffer.alloc(200 * 1024 * 1024, 1));
    if (delay === 0)
        res.end(`${process.pid}\n`);
    else
        setTimeout(() => res.end(`${process.pid}\n`), delay);
}).listen(Number(process.env.APP_PORT), () => process.send && process.send('ready'));
