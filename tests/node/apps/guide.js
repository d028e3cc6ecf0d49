// Health, sessions, metrics, a graceful end and a circuit breaker in one app, as the programs of the guide have them. API is whom
// it calls, REDIS where sessions are.
const express = require('express');
const os = require('os');
const session = require('express-session');
const RedisStore = require('connect-redis')(session);
const Redis = require('ioredis');
const promClient = require('prom-client');
const CircuitBreaker = require('opossum');

const app = express();
const redis = new Redis(process.env.REDIS);
app.set('trust proxy', 'loopback');

const register = new promClient.Registry();
promClient.collectDefaultMetrics({ register });
const httpRequestDuration = new promClient.Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of HTTP requests in seconds',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.1, 0.5, 1, 2, 5]
});
register.registerMetric(httpRequestDuration);

app.get('/metrics', async (req, res) => {
    res.set('Content-Type', register.contentType);
    res.end(await register.metrics());
});

app.use((req, res, next) => {
    const end = httpRequestDuration.startTimer();
    res.on('finish', () => {
        end({ method: req.method, route: req.route?.path || req.path, status: res.statusCode });
    });
    next();
});

app.use(session({
    store: new RedisStore({ client: redis }),
    secret: 'your-secret-key',
    resave: false,
    saveUninitialized: false,
    cookie: {
        secure: process.env.NODE_ENV === 'production',
        maxAge: 1000 * 60 * 60 * 24 // 24 hours
    }
}));

app.get('/health', (req, res) => {
    res.send({
        uptime: process.uptime(),
        message: 'OK',
        timestamp: Date.now(),
        cpuLoad: os.loadavg(),
        memoryUsage: process.memoryUsage(),
        pid: process.pid
    });
});

const checkDatabaseConnection = async () => {
    const answer = await fetch(`${process.env.API}/database`);
    if (!answer.ok)
        throw new Error(`database: ${answer.status}`);
    return 'UP';
};
const checkCacheConnection = () => redis.ping();
const checkDiskSpace = async () => 'UP';

app.get('/health/detailed', async (req, res) => {
    try {
        const dbHealth = await checkDatabaseConnection();
        const cacheHealth = await checkCacheConnection();
        const diskSpace = await checkDiskSpace();
        res.json({ status: 'UP', components: { database: dbHealth, cache: cacheHealth, diskSpace: diskSpace } });
    } catch (error) {
        res.status(503).json({ status: 'DOWN', error: error.message });
    }
});

app.get('/', (req, res) => {
    req.session.views = (req.session.views || 0) + 1;
    res.json({ views: req.session.views });
});

app.get('/slow', (req, res) => setTimeout(() => res.send('done'), Number(req.query.after)));

const breaker = new CircuitBreaker(async () => {
    const answer = await fetch(`${process.env.API}/data`);
    if (!answer.ok)
        throw new Error(`${answer.status}`);
    return answer.json();
}, { timeout: 3000, errorThresholdPercentage: 50, resetTimeout: 30000 });
breaker.fallback(() => ({ data: 'fallback data' }));
app.get('/call', async (req, res) => res.json(await breaker.fire()));

const server = app.listen(process.env.PORT, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));

process.on('SIGTERM', () => {
    console.log('Received SIGTERM. Starting graceful shutdown...');
    server.close(() => {
        console.log('Server closed');
        redis.quit(() => process.exit(0));
    });
    setTimeout(() => {
        console.error('Could not close connections in time, forcefully shutting down');
        process.exit(1);
    }, 10000);
});
