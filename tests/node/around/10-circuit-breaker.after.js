// The call that the guide's program makes, which fails, and who asks for it.
const axios = { get: async (url) => { throw new Error(`${url} is down`); } };
const app = require('express')();
app.get('/', async (req, res) => res.json({ ...await breaker.fire(), open: breaker.opened, pid: process.pid }));
app.listen(3000);
