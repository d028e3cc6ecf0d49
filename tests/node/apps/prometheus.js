// Metrics of each worker with prom-client.
const express = require('express');
const promClient = require('prom-client');
const app = express();

const register = new promClient.Registry();
promClient.collectDefaultMetrics({ register });

const duration = new promClient.Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of HTTP requests in seconds',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.1, 0.5, 1, 2, 5]
});
register.registerMetric(duration);

app.get('/metrics', async (req, res) => {
    res.set('Content-Type', register.contentType);
    res.end(await register.metrics());
});

app.use((req, res, next) => {
    const end = duration.startTimer();
    res.on('finish', () => {
        end({ method: req.method, route: req.route?.path || req.path, status: res.statusCode });
    });
    next();
});

app.get('/', (req, res) => res.send(String(process.pid)));

app.listen(3000);
