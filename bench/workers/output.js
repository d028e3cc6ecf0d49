// Prints 100 MB a second for SECONDS in lines of 100 characters, a megabyte every ten milliseconds, and answers then with how
// long its thread was held by the writing of each, in ms: by write(2), as programs of most runtimes print. What node itself
// prints to a pipe it would keep in memory while the pipe is full.
const http = require('http'), fs = require('fs');
const piece = Buffer.from(('x'.repeat(99) + '\n').repeat(10000));
const held = [];
let answer = null;

http.createServer((req, res) => answer = res).listen(Number(process.env.APP_PORT), () => {
    process.send && process.send('ready');
    const begun = performance.now();
    let at = begun;
    const print = () => {
        if (held.length === Number(process.env.SECONDS) * 100) {
            const said = JSON.stringify({ held, took: performance.now() - begun });
            if (!process.env.REPORT)
                return tell(said);
            fs.writeFileSync(process.env.REPORT, said);
            process.exit();
        }
        const before = performance.now();
        for (let done = 0; done < piece.length;)
            done += fs.writeSync(1, piece, done);
        held.push(performance.now() - before);
        at += 10;
        setTimeout(print, Math.max(0, at - performance.now()));
    };
    print();
});

const tell = said => answer ? answer.end(said) : setTimeout(tell, 10, said);
