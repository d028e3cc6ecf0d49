// Sessions in Redis, shared by all workers; the cookie is sent over HTTPS alone in production.
const express = require('express');
const session = require('express-session');
const RedisStore = require('connect-redis')(session);
const Redis = require('ioredis');

const app = express();
const redis = new Redis(process.env.REDIS);

app.set('trust proxy', 'loopback');
app.use(session({
    store: new RedisStore({ client: redis }),
    secret: 'your-secret-key',
    resave: false,
    saveUninitialized: false,
    cookie: {
        secure: process.env.NODE_ENV === 'production',
        maxAge: 1000 * 60 * 60 * 24
    }
}));

app.get('/', (req, res) => {
    req.session.views = (req.session.views || 0) + 1;
    res.json({ views: req.session.views, pid: process.pid, ip: req.ip, secure: req.secure });
});

app.listen(3000);
