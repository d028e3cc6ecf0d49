// The same in Node: the guide's express-session with its store in Redis.
const express = require('express');
const session = require('express-session');
const RedisStore = require('connect-redis')(session);
const Redis = require('ioredis');

const app = express();
app.use(session({
  name: 'connect.sid',
  store: new RedisStore({ client: new Redis(process.env.REDIS_URL) }),
  secret: process.env.SESSION_SECRET || 'only for this sample',
  resave: false,
  saveUninitialized: false,
  cookie: { maxAge: 1000 * 60 * 60 * 24 },
}));
app.get('*', (req, res) => {
  req.session.visits = (req.session.visits || 0) + 1;
  res.type('text').send(`${req.session.visits} Node ${process.pid}`);
});
app.listen(process.env.PORT || 3000);
