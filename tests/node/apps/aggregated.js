// Metrics of all workers by prom-client's AggregatorRegistry, which the primary asks.
const http = require('http');
const promClient = require('prom-client');

new promClient.AggregatorRegistry();
const answers = new promClient.Counter({ name: 'answers_total', help: 'Requests answered.' });

http.createServer((req, res) => {
    answers.inc();
    res.end(String(process.pid));
}).listen(3000);
